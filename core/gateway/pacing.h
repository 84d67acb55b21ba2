/* SPDX-License-Identifier: Apache-2.0
 * pacing.h - content of an exchange that waits because of a bandwidth (limit/pace.h), not because
 * somebody is slow.
 *
 * What is held lies in the flow's `pending`, its source is not read, and no patience runs for
 * anybody but services[].timeouts.total.
 */
#ifndef LN_GATEWAY_PACING_H
#define LN_GATEWAY_PACING_H

#include "gateway/exchange.h"

/* A push or a flush has said HELD: goes on when the next piece is due. */
void ln_pacing_hold(struct ln_exchange *x, enum ln_pace_side side);

/* Is it holding now? */
bool ln_pacing_is_held(const struct ln_exchange *x, enum ln_pace_side side);

/* For how long it has held so far, all told. */
ln_nsec ln_pacing_held_for(const struct ln_exchange *x, enum ln_pace_side side);

/* Nothing is to be sent any more. */
void ln_pacing_end(struct ln_exchange *x);

#endif
