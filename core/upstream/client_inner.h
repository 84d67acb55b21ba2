/* SPDX-License-Identifier: Apache-2.0
 * client_inner.h - what the files of the client share: client.c and client_service.c. Nobody else
 * includes this.
 */
#ifndef LN_UPSTREAM_CLIENT_INNER_H
#define LN_UPSTREAM_CLIENT_INNER_H

#include "upstream/client.h"

/* ---- client.c ---- */

/* Ends the call: with the response, or with `error`. */
void ln_client_conclude(struct ln_client_call *c, enum ln_outcome outcome, bool reusable,
                        const char *error);
/* The attempt is over without a response: another one, or the end. `error` is an errno, or 0. */
void ln_client_fail(struct ln_client_call *c, enum ln_outcome outcome, int error);
/* The connection goes back, or away; the outcome is told. */
void ln_client_release(struct ln_client_call *c, enum ln_outcome outcome, bool reusable);
void ln_client_drop_content(struct ln_client_call *c);
/* Sends the request there. */
void ln_client_connected(struct ln_client_call *c, struct ln_upconn *conn);
/* The response that was held back is the answer after all. */
void ln_client_take_response(struct ln_client_call *c);
void ln_client_expect(struct ln_client_call *c, ln_msec within);
enum ln_attempt_want ln_client_want(const struct ln_client_call *c);
bool ln_client_is_sent(const struct ln_client_call *c);

/* ---- client_service.c ---- */

/* Does a second time do what the first has done? */
bool ln_client_is_safe(const struct ln_client_call *c);
/* After an attempt that ended so; after the response whose head is here. True takes it out of the
 * service's budget. */
bool ln_client_may_repeat(struct ln_client_call *c, enum ln_outcome outcome);
bool ln_client_may_repeat_status(struct ln_client_call *c);

/* Asks the next instance: now, in a while if all are full, or, with `pause`, after
 * services[].retries.backoff. */
void ln_client_pick(struct ln_client_call *c);
void ln_client_again(struct ln_client_call *c, bool pause);

/* Is it the turn of neither side of a connection? And when that time is over. */
static inline bool ln_client_is_waiting(const struct ln_client_call *c)
{
    return c->pausing || c->waiter.queue != NULL;
}
void ln_client_go_on(struct ln_client_call *c);

#endif
