/* SPDX-License-Identifier: Apache-2.0
 * dns.h - single DNS questions on the loop, by c-ares, which only this file's .c includes.
 *
 * One question, one answer: retries, several servers, the change to TCP for truncated answers and
 * matching answers with questions are c-ares'. No cache and no search domains here:
 * net/resolve.h. One thread.
 */
#ifndef LN_NET_DNS_H
#define LN_NET_DNS_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/err.h"
#include "net/loop.h"

struct ln_dns;

enum {
    LN_DNS_RECORDS = 256, /* of one answer; more are passed over */
    LN_DNS_NAME = 256     /* room for a name in text */
};

enum ln_dns_type { LN_DNS_A, LN_DNS_AAAA, LN_DNS_SRV };

enum ln_dns_status {
    LN_DNS_OK,
    LN_DNS_NONE,   /* the servers say: no such name, or none with such a record */
    LN_DNS_FAILED, /* the servers refuse or break down; another name may fare better */
    LN_DNS_SILENT, /* no server has answered in time */
    LN_DNS_BAD,    /* not a name that can be asked for */
};

struct ln_dns_record {
    uint32_t ttl; /* seconds, the least of the record and the aliases before it */
    union {
        struct in_addr a;
        struct in6_addr aaaa;
        struct {
            uint16_t priority, weight, port;
            char target[LN_DNS_NAME];
        } srv;
    };
};

struct ln_dns_answer {
    enum ln_dns_status status;
    unsigned count; /* at least 1 when OK */
    struct ln_dns_record records[LN_DNS_RECORDS];
};

struct ln_dns_options {
    const char *servers;     /* "192.0.2.1,[2001:db8::1]:5353"; NULL: those of resolv.conf */
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
    ln_msec timeout;         /* of the first try at each server; a later try gets twice as long */
    unsigned tries;          /* at each server */
};

/* NULL with a sentence when the options cannot be used. A resolv.conf that is missing is no error:
 * the server is then 127.0.0.1, as resolv.conf(5) has it. */
struct ln_dns *ln_dns_new(struct ln_loop *loop, const struct ln_dns_options *options,
                          struct ln_err *err);

/* Questions under way are answered FAILED first. */
void ln_dns_free(struct ln_dns *d);

/* Asks for one name, taken as it is. `on_answer` is called once, perhaps from inside; the answer is
 * good during the call. */
void ln_dns_ask(struct ln_dns *d, const char *name, enum ln_dns_type type,
                void (*on_answer)(void *arg, const struct ln_dns_answer *answer), void *arg);

/* The search domains of resolv.conf, and how many dots make a name that is first tried as it is. */
struct ln_dns_search {
    const char *const *domains;
    unsigned count, ndots;
};
struct ln_dns_search ln_dns_search(const struct ln_dns *d);

/* Takes over a resolv.conf that has changed, unless questions are under way or servers were given.
 * Costs a system call; to be asked every now and then. */
void ln_dns_refresh(struct ln_dns *d);

#endif
