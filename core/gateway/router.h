/* SPDX-License-Identifier: Apache-2.0
 * router.h - which route takes a request.
 *
 * A tree of path segments. At each node an exact segment is tried before a parameter, and that
 * before a prefix ("the rest"), so candidates come in the order of their specificity; among the
 * routes of one path gateway/precedence.h decides. The order of files plays no part, and two routes
 * that could take the very same requests are an error. A route whose host, listener, method or
 * conditions object gives way to the next candidate, also further up the tree. The cost depends on
 * the length of the path and on the routes of that path and host, not on the number of routes.
 */
#ifndef LN_GATEWAY_ROUTER_H
#define LN_GATEWAY_ROUTER_H

#include "base/text.h"
#include "conf/diag.h"
#include "script/vm.h"

struct ln_router;

struct ln_router_query {
    struct ln_slice method, host; /* host: without port */
    struct ln_slice path;         /* normalised */
    struct ln_slice listener;
    /* For conditions; with `req` NULL none holds. While functions are asked, the parameters and the
     * route of the candidate stand in the record. */
    struct ln_req *req;
    struct ln_vm *vm;
};

struct ln_router_match {
    const struct ln_route *route; /* NULL = none */
    struct ln_slice params[LN_PARAMS_MAX],
        names[LN_PARAMS_MAX]; /* as they stand in the path; "rest" for the prefix */
    unsigned count;
    uint32_t methods; /* none matched, but with one of these methods it would have: 1 << enum
                         ln_method, bit 0 = others */
    const struct ln_route *failed; /* a function of this route raised: the request must not go on */
};

/* Borrows the routes. NULL when some are equal or malformed: errors in diag. */
struct ln_router *ln_router_new(const struct ln_route *routes, unsigned count,
                                struct ln_diag *diag);
void ln_router_free(struct ln_router *r);

/* Is told of each candidate in the order of trial: `no` is why it was passed over, NULL = taken. */
struct ln_router_story {
    void (*tell)(void *arg, const struct ln_route *route, const char *no);
    void *arg;
};

/* `story` may be NULL. */
void ln_router_find(const struct ln_router *r, const struct ln_router_query *q,
                    struct ln_router_match *m, const struct ln_router_story *story);

/* Puts what was found into the record: route, service and parameters, decoded. */
void ln_router_apply(const struct ln_router_match *m, struct ln_req *r);

#endif
