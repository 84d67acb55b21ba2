/* SPDX-License-Identifier: Apache-2.0
 * resolve.h - names to addresses without blocking, remembered as long as the answer says.
 *
 * Numeric addresses, localhost (RFC 6761) and the hosts file answer at once; the rest is asked for
 * with net/dns.h. However many want a name, one question is under way. An answer that is still
 * being used is asked for again shortly before its end, and while the servers fail the last good
 * one goes on, marked stale (RFC 8767). Both families are asked for; addresses come in the order in
 * which to try them.
 *
 * Owner: one per worker, on its loop; one thread. Freed outside of its own callbacks.
 */
#ifndef LN_NET_RESOLVE_H
#define LN_NET_RESOLVE_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/dns.h"
#include "net/loop.h"

struct ln_resolver;

/* How a resolver behaves. A field that is NULL, or every number of a struct zeroed by the caller
 * who starts from ln_resolver_defaults(), has the meaning of net/dns.h or of the comment. */
struct ln_resolver_options {
    struct ln_dns_options dns;
    const char *hosts;    /* NULL: /etc/hosts */
    ln_msec ttl_min;      /* an answer holds at least so long ... */
    ln_msec ttl_max;      /* ... and at most so long, whatever its TTL */
    ln_msec negative;     /* so long, that a name does not exist */
    ln_msec pause;        /* after a failure nobody is asked about that name for so long */
    ln_msec stale_max;    /* so long after its end may an answer be used while servers fail */
    ln_msec patience;     /* who could have a stale answer waits so long for a fresh one */
    unsigned entries_max; /* names remembered; the longest unused go first */
    unsigned asking_max;  /* names asked for at once; more are answered LN_RESOLVE_BUSY */
};
struct ln_resolver_options ln_resolver_defaults(void);

enum ln_resolve_status {
    LN_RESOLVED,
    LN_RESOLVE_NO_NAME,  /* there is no such name, or it has no address (no service) */
    LN_RESOLVE_FAILED,   /* servers silent, unreachable or broken, and nothing is remembered */
    LN_RESOLVE_BAD_NAME, /* nothing that can be a host name */
    LN_RESOLVE_BUSY,     /* too many names are being asked for at once */
};

/* "no such name", "the name servers do not answer", ... */
const char *ln_resolve_status_text(enum ln_resolve_status status);

enum { LN_RESOLVE_MAX = 256 /* addresses or services of an answer; more are passed over */ };

struct ln_service_record { /* RFC 2782 */
    uint16_t priority, weight, port;
    const char *target; /* lower case, no dot at the end */
};

struct ln_answer; /* counted */

/* One lookup; embed it. From a lookup that gave its answer until ln_resolve_done() it holds that
 * answer, whatever becomes of the name meanwhile. */
struct ln_resolve_op {
    struct ln_list node; /* private: those who wait for a name */
    struct ln_answer *answer;
    uint16_t port;
    bool stale; /* past its time, because the servers fail */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } scratch; /* private */
    void (*on_resolved)(struct ln_resolve_op *op);
};

/* NULL with a sentence when the options cannot be used. */
struct ln_resolver *ln_resolver_new(struct ln_loop *loop, const struct ln_resolver_options *options,
                                    struct ln_err *err);
/* Takes other options (but for `hosts`): what is asked from now on is asked of these servers, and
 * what was remembered is asked for again. Questions under way are still answered by those that they
 * were put to. -1 with a sentence, and nothing has changed. Not from a callback. */
int ln_resolver_configure(struct ln_resolver *r, const struct ln_resolver_options *options,
                          struct ln_err *err);
/* Whoever still waits is answered LN_RESOLVE_FAILED first. */
void ln_resolver_free(struct ln_resolver *r);

/* True: the answer is in `op`, and on_resolved is not called. False: it will be, in a later turn.
 * `host`: a name or an address, an IPv6 address with or without brackets; copied. `family`:
 * AF_UNSPEC, AF_INET or AF_INET6. Every lookup ends with ln_resolve_done(). */
bool ln_resolve(struct ln_resolver *r, struct ln_slice host, uint16_t port, int family,
                struct ln_resolve_op *op, void (*on_resolved)(struct ln_resolve_op *op));

/* The services of a name such as "_http._tcp.example.com", least priority number first. */
bool ln_resolve_services(struct ln_resolver *r, struct ln_slice name, struct ln_resolve_op *op,
                         void (*on_resolved)(struct ln_resolve_op *op));

/* Lets go of the answer, or stops waiting for it; on_resolved is not called any more. Harmless on a
 * zeroed op, and twice. */
void ln_resolve_done(struct ln_resolve_op *op);

/* ---- what an op holds ---- */

enum ln_resolve_status ln_resolve_status(const struct ln_resolve_op *op);
unsigned ln_resolve_count(const struct ln_resolve_op *op); /* 0 unless LN_RESOLVED */

/* One of the two families could not be had: there may be more addresses. */
bool ln_resolve_is_partial(const struct ln_resolve_op *op);

/* The i-th address with the port; in `op`, until the next call. The form that ln_connect asks for.
 */
const struct sockaddr *ln_resolve_address(struct ln_resolve_op *op, unsigned i, socklen_t *len);
struct ln_service_record ln_resolve_service(const struct ln_resolve_op *op, unsigned i);

/* How long the answer holds from now on; 0 when it is stale. A wish to look again, not more. */
ln_msec ln_resolve_ttl(const struct ln_resolve_op *op, const struct ln_loop *loop);

#endif
