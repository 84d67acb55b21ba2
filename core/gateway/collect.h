/* SPDX-License-Identifier: Apache-2.0
 * collect.h - a request's content as a whole, for a request handler that asked to read it.
 *
 * The handler is parked, the content is read into one buffer up to the bound that it named, then
 * the handler goes on. What was collected is what is forwarded, with its length; so it can be
 * repeated at will.
 */
#ifndef LN_GATEWAY_COLLECT_H
#define LN_GATEWAY_COLLECT_H

#include "gateway/exchange.h"

/* Does a parked request handler wait for content that is still to come? */
static inline bool ln_collect_is_on(const struct ln_exchange *x)
{
    return x->step == LN_STEP_ACCESS && x->req.body_wanted > 0 &&
           x->req.body_state == LN_BODY_UNREAD;
}

/* Begins, or goes on with what is in d->in. True when the handler has run to its end meanwhile (the
 * phase is over). */
bool ln_collect_pump(struct ln_exchange *x);

/* The content that Lua has read, or set, takes the place of the client's. */
void ln_collect_adopt(struct ln_exchange *x);

/* More bytes from the client. */
void ln_collect_read(struct ln_exchange *x);

#endif
