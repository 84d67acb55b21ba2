/* SPDX-License-Identifier: Apache-2.0
 * repeat.h - whether a request may be sent again, when, and what of its content is kept for that.
 *
 * Only while nothing has gone downstream, and only if the request can be sent again byte for byte.
 * Beyond that: nothing was written: any request. A pooled connection that turns out to be closed: a
 * request that is idempotent (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1). A reset, a time-out,
 * a status: one that is idempotent, where services[].retries says so and its budget has something
 * left.
 *
 * Content: what came with the head waits in d->in and is rewound there (body_at). Once more is read
 * all of it moves to x->kept, as it came, framing included, as long as that is not more than
 * retries.keep; after that, or when it was not worth keeping, it is lost (body_lost).
 */
#ifndef LN_GATEWAY_REPEAT_H
#define LN_GATEWAY_REPEAT_H

#include "gateway/exchange.h"

/* Does the route, or the service, say so of a request whose method does not? */
bool ln_repeat_is_allowed(const struct ln_exchange *x);

/* Does a second time do what the first has done? */
static inline bool ln_repeat_is_safe(const struct ln_exchange *x)
{
    return ln_method_is_idempotent(x->req.method) || ln_repeat_is_allowed(x);
}

/* After an attempt that ended so. True takes it out of the service's budget. */
bool ln_repeat_after(struct ln_exchange *x, enum ln_outcome outcome);

/* After the response whose head is in x->res. Likewise. */
bool ln_repeat_after_status(struct ln_exchange *x);

/* Nothing of the request has been sent: back to its beginning, and what is left of the attempt goes
 * away. */
void ln_repeat_rewind(struct ln_exchange *x);

/* Sets x->pausing when the next attempt is to wait, and x->deadline to its end. */
void ln_repeat_pause(struct ln_exchange *x);

/* n bytes of content at p, behind what is kept or still in d->in, have been sent. False: lost. */
bool ln_repeat_keep(struct ln_exchange *x, const char *p, size_t n);

/* Sends what is kept, behind the window's bytes. */
enum ln_flow_result ln_repeat_replay(struct ln_exchange *x, struct ln_window *w,
                                     enum ln_reject *why);

/* Parses what is kept and was not sent again, and throws it away. */
void ln_repeat_skip(struct ln_exchange *x);

/* There will be no other attempt: nothing is kept any more. */
void ln_repeat_forget(struct ln_exchange *x);

#endif
