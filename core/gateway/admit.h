/* SPDX-License-Identifier: Apache-2.0
 * admit.h - who asks, whether they may now, and which route takes it.
 *
 * What an untrusted peer claims is thrown away here, before limits, routes or plugins can see it.
 */
#ifndef LN_GATEWAY_ADMIT_H
#define LN_GATEWAY_ADMIT_H

#include "gateway/exchange.h"

/* The step: fills x->req, counts it against the gateway-wide limit, finds its route. */
enum ln_step ln_admit_judge(struct ln_exchange *x);

/* Who of several has judged this request by the gateway-wide limit; empty = not to be told. */
struct ln_slice ln_admit_judge_name(const struct ln_exchange *x);

/* The exchange ends, whatever it was waiting for. */
void ln_admit_cancel(struct ln_exchange *x);

/* A random request id, 32 hex digits. */
void ln_admit_make_id(struct ln_exchange *x);

#endif
