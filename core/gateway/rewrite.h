/* SPDX-License-Identifier: Apache-2.0
 * rewrite.h - paths in responses, as the client must see them.
 *
 * An instance that is served under a prefix does not know of it: its Location and its cookies' Path
 * speak of its own paths. What was taken off the request (the stripped prefix) is put back, what
 * was added (the base path of the instance) is taken off.
 */
#ifndef LN_GATEWAY_REWRITE_H
#define LN_GATEWAY_REWRITE_H

#include "gateway/exchange.h"

struct ln_rewrite {
    struct ln_slice authority; /* of the instance */
    struct ln_slice host;      /* what the client calls us; empty = not known */
    struct ln_slice base;      /* was put in front of the path for the instance */
    struct ln_slice prefix;    /* was taken off it */
    struct ln_arena *arena;    /* for what changes */
};

/* A path of the instance as the client knows it; the same slice when nothing is to be done. */
struct ln_slice ln_rewrite_path(struct ln_slice path, struct ln_slice base, struct ln_slice prefix,
                                struct ln_arena *arena);

/* A URI reference: "/x", "http://authority/x" of this very instance (it becomes "/prefix/x"), or of
 * the host that the client asked for; any other is returned as it is. */
struct ln_slice ln_rewrite_reference(struct ln_slice reference, const struct ln_rewrite *w);

/* The Path attributes of a Set-Cookie value (RFC 6265 section 4.1.1). */
struct ln_slice ln_rewrite_cookie(struct ln_slice value, const struct ln_rewrite *w);

/* Location, Content-Location, Refresh and Set-Cookie of x->res, as the service wants it. */
void ln_rewrite_response(struct ln_exchange *x);

#endif
