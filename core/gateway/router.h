/* SPDX-License-Identifier: Apache-2.0
 * router.h - which route takes a request.
 *
 * A tree of path segments. At each node an exact segment is tried before a parameter, and that
 * before a prefix ("the rest"), so candidates come in the order of their specificity; among the
 * routes of one path: exact host before wildcard before any, then a named listener before any, a
 * named method before any. The order of files plays no part, and two routes that could take the
 * very same requests are an error. The cost depends on the length of the path, not on the number of
 * routes.
 */
#ifndef LN_GATEWAY_ROUTER_H
#define LN_GATEWAY_ROUTER_H

#include "base/text.h"
#include "conf/diag.h"
#include "script/vm.h"

struct ln_router;

struct ln_router_query {
    struct ln_slice method, host; /* host: lower case, without port */
    struct ln_slice path;         /* normalised */
    struct ln_slice listener;
};

struct ln_router_match {
    const struct ln_route *route; /* NULL = none */
    struct ln_slice params[LN_PARAMS_MAX],
        names[LN_PARAMS_MAX]; /* as they stand in the path; "rest" for the prefix */
    unsigned count;
    uint32_t methods; /* none matched, but with one of these methods it would have: 1 << enum
                         ln_method, bit 0 = others */
};

/* Borrows the routes. NULL when some are equal or malformed: errors in diag. */
struct ln_router *ln_router_new(const struct ln_route *routes, unsigned count,
                                struct ln_diag *diag);
void ln_router_free(struct ln_router *r);

/* `why` may be NULL; else it gets a line for each candidate: taken, or why not. */
void ln_router_find(const struct ln_router *r, const struct ln_router_query *q,
                    struct ln_router_match *m, struct ln_text *why);

#endif
