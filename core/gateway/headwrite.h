/* SPDX-License-Identifier: Apache-2.0
 * headwrite.h - heads as they go out: written anew from the parsed and judged head, never copied as
 * bytes.
 *
 * Order, case and duplicates of the fields that pass are kept; what the gateway adds stands behind
 * them.
 */
#ifndef LN_GATEWAY_HEADWRITE_H
#define LN_GATEWAY_HEADWRITE_H

#include "gateway/exchange.h"
#include "http/write.h"

/* What is taken off the request's path for the instance; empty = nothing. */
struct ln_slice ln_headwrite_prefix(const struct ln_exchange *x);

/* The request for x's present instance. False: it does not fit. */
bool ln_headwrite_request(struct ln_exchange *x, struct ln_writer *w);

/* The response for the client: x->req.status and x->req.res_fields, framed as x->down says. */
bool ln_headwrite_response(struct ln_exchange *x, struct ln_writer *w, struct ln_slice reason);

/* An interim response (1xx), passed on as it came. */
bool ln_headwrite_interim(const struct ln_res_head *h, struct ln_writer *w);

#endif
