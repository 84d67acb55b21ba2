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

/* A path of the instance as the client knows it; the same slice when nothing is to be done. */
struct ln_slice ln_rewrite_path(struct ln_slice path, struct ln_slice base, struct ln_slice prefix,
                                struct ln_arena *arena);

/* A URI reference: "/x", or "http://authority/x" of this very instance; any other is returned as it
 * is. */
struct ln_slice ln_rewrite_reference(struct ln_slice reference, struct ln_slice authority,
                                     struct ln_slice base, struct ln_slice prefix,
                                     struct ln_arena *arena);

/* The Path attribute of a Set-Cookie value (RFC 6265 section 4.1.1). */
struct ln_slice ln_rewrite_cookie(struct ln_slice value, struct ln_slice base,
                                  struct ln_slice prefix, struct ln_arena *arena);

/* Location, Content-Location, Refresh and Set-Cookie of x->res, as the service wants it. */
void ln_rewrite_response(struct ln_exchange *x);

#endif
