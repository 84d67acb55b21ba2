/* SPDX-License-Identifier: Apache-2.0
 * route.h - one route as C knows it: what it takes, where it goes, what runs.
 *
 * Made by load.c and take.c from what Lua has read; nobody writes to it afterwards. Owner: the
 * arena of the state. The router (core/gateway) compares, condition.c and split.c evaluate.
 */
#ifndef LN_SCRIPT_ROUTE_H
#define LN_SCRIPT_ROUTE_H

#include "conf/addr.h"
#include "conf/conf.h"
#include "shm/record.h"
#include "upstream/ring.h"

/* ---- `when`: what else a request must be like ---- */

struct ln_quarantine_record; /* shm/quarantine.h */

enum ln_condition_kind {
    LN_CONDITION_HEADER,
    LN_CONDITION_QUERY,
    LN_CONDITION_COOKIE,
    LN_CONDITION_SCHEME,
    LN_CONDITION_CLIENT,   /* its address is in one of `blocks` */
    LN_CONDITION_SHARE,    /* its key falls below `below` */
    LN_CONDITION_FUNCTION, /* of Lua's: ln_vm_when() */
};

/* Of the first value of that name. ONE_OF and those after it: any of `texts` will do. */
enum ln_condition_test {
    LN_TEST_PRESENT,
    LN_TEST_ABSENT,
    LN_TEST_ONE_OF,
    LN_TEST_PREFIX,
    LN_TEST_SUFFIX,
    LN_TEST_CONTAINS,
};

/* What decides on which side of a share a request falls. Absent: the client identity does. */
enum ln_key_kind { LN_KEY_CLIENT, LN_KEY_HEADER, LN_KEY_QUERY, LN_KEY_COOKIE };

struct ln_key {
    enum ln_key_kind kind;
    struct ln_slice name;
    struct ln_slice seed; /* shares with different seeds fall differently */
};

/* How a function among the conditions fares: when.c. */
struct ln_asked {
    unsigned number;                  /* the same in every worker */
    unsigned points;                  /* failures, less the times that it worked since */
    struct ln_quarantine_record *out; /* NULL: it may be asked */
};

struct ln_condition {
    enum ln_condition_kind kind;
    enum ln_condition_test test; /* HEADER to SCHEME */
    struct ln_slice name;
    const struct ln_slice *texts;
    unsigned text_count;
    const struct ln_cidr *blocks;
    unsigned block_count;
    struct ln_key key;
    double below;           /* 0 to 1 */
    int function;           /* reference in the registry */
    const void *identity;   /* of the function: the same address, the same function */
    struct ln_asked *asked; /* of a FUNCTION */
    const char *text;       /* for people: header X-Version is "2" */
};

/* ---- `to = split { ... }` ---- */

struct ln_split {
    const int *services;   /* indexes into conf->services */
    const uint64_t *below; /* sums of the weights up to each, for choosing by key */
    unsigned count;        /* those with a weight above 0, at least 1 */
    bool sticky;           /* by `key`; else in turns, by `cursor` */
    struct ln_key key;
    struct ln_ring ring;
    struct ln_cursor_record *cursor; /* NULL while checking */
    const char *text;                /* for people: a 90%, b 10% by client */
};

/* ---- the route ---- */

struct ln_route {
    const char *name;    /* "GET /users/:id", or what the route says */
    const char *methods; /* comma-separated upper case; NULL = any */
    const char
        *path; /* "/users/:id", "/users/x*" never: "/users/" + "*" for the rest, else exact */
    const char *host;     /* NULL = any; "*.example.com" = any one label in front */
    const char *listener; /* NULL = any listener */
    const struct ln_condition *conditions; /* all must hold; functions stand last */
    unsigned condition_count;
    const struct ln_split *split; /* chooses the service; NULL = `service` is it */
    int service;       /* index into conf->services; -1 = answered by a handler or reply */
    const char *strip; /* prefix taken off before proxying; NULL = none */
    ln_msec timeout;   /* first byte, 0 = the service's */
    int tries;         /* 0 = the service's */
    const struct ln_idempotent *idempotent; /* NULL = the service's */
    unsigned priority;                      /* enum ln_priority + 1; 0 = the service's */
    uint64_t buffer; /* body handlers see the content as one piece, at most this large; 0 = as it
                        comes */
    unsigned chain;  /* 0 = no plugins at all */
    bool has_request, has_balance, has_response, has_body,
        has_log;     /* whether the chain has such handlers: the call may be skipped if not */
    uint64_t bodies; /* bit n: plugin n of the chain, from 1, has a body handler */
    struct ln_place place;
    const char *chain_text; /* "client-id -> rate-limit -> function" */
};

#endif
