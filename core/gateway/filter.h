/* SPDX-License-Identifier: Apache-2.0
 * filter.h - response content through the body handlers of plugins, piece by piece.
 *
 * Source -> decoder -> handlers (which may wait) -> framing -> client. One piece at a time: the
 * next is decoded when the one before it has been written or is pending, so memory is bounded as
 * without handlers. The length is not known beforehand: content goes out chunked, or to HTTP/1.0
 * until the close. Where the route says `buffer`, all of it is gathered first and is one piece.
 *
 * A handler that raises, or content larger than `buffer`, cuts the response off (LN_FLOW_BAD with
 * x->cut): its head has gone out, and the client must not take what it has got for the whole.
 */
#ifndef LN_GATEWAY_FILTER_H
#define LN_GATEWAY_FILTER_H

#include "gateway/exchange.h"

/* Will the content of this response go through handlers? Known once the response handlers have run.
 */
bool ln_filter_is_wanted(const struct ln_exchange *x);

/* Bytes from the source: kept, and pumped. */
enum ln_flow_result ln_filter_push(struct ln_exchange *x, const char *p, size_t n,
                                   struct ln_window *w);

/* Goes on: after a wait of a handler, or when the client has taken what was pending. */
enum ln_flow_result ln_filter_pump(struct ln_exchange *x, struct ln_window *w);

/* The source has been closed, and that is the end of the content. */
enum ln_flow_result ln_filter_close(struct ln_exchange *x, struct ln_window *w);

/* Gives back what is held. */
void ln_filter_fini(struct ln_exchange *x);

#endif
