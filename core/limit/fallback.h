/* SPDX-License-Identifier: Apache-2.0
 * fallback.h - a limit that is counted in this gateway's memory while Redis does not count: by the
 * gateway's share of it.
 *
 * It is counted in its own way where that can be done here (shm/plan.h), else as a bucket. What
 * shares differ in counts apart, so that no state of one is read as another's.
 *
 * Owner: the meter that embeds it. One thread.
 */
#ifndef LN_LIMIT_FALLBACK_H
#define LN_LIMIT_FALLBACK_H

#include "limit/tally.h"
#include "shm/windows.h"

struct ln_fallback {
    const struct ln_limit *limits; /* borrowed */
    unsigned count;
    uint64_t gateways; /* what the plans are made for; 0 = none yet */
    struct ln_limit_window windows[LN_TALLY_WINDOWS];
};

/* Notes the zones for so many clients: see ln_limiter_entries(). `name` has at most
 * LN_TALLY_RULE_MAX bytes. */
void ln_fallback_demand(const struct ln_limit *limits, unsigned count, struct ln_slice name,
                        size_t clients, bool is_said, struct ln_demand *demand);
/* False: they are not there. */
bool ln_fallback_open(struct ln_fallback *f, const struct ln_limit *limits, unsigned count,
                      struct ln_slice name, size_t clients, bool is_said, const struct ln_shm *shm);

/* From every window, or from none; the answer is that of the tightest, *which from 0. */
void ln_fallback_take(struct ln_fallback *f, uint64_t gateways, uint64_t hash, uint64_t cost,
                      enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out,
                      unsigned *which);

/* By another limit than those it was opened with, in the zone of the first window. */
void ln_fallback_take_as(const struct ln_fallback *f, const struct ln_limit *limit,
                         uint64_t gateways, uint64_t hash, uint64_t cost, enum ln_plan_mode mode,
                         ln_nsec now, struct ln_limit_answer *out);

#endif
