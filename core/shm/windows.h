/* SPDX-License-Identifier: Apache-2.0
 * windows.h - one limit, or several that must all let a request pass.
 *
 * None counts a request that another one refuses: all are looked at before any takes. A worker that
 * comes in between the two may use up what was seen; then windows that have taken already have
 * counted a request that is refused. Never is one let through that a window has not counted.
 *
 * Owner: whoever embeds them; a list by `also`. Zones are in shared memory: shm/limiter.h.
 */
#ifndef LN_SHM_WINDOWS_H
#define LN_SHM_WINDOWS_H

#include "base/arena.h"
#include "base/slice.h"
#include "shm/limiter.h"
#include "shm/region.h"

struct ln_limit_window {
    struct ln_limiter_zone zone;
    struct ln_plan plan;
    uint64_t salt; /* clients under different limits count apart in one zone */
    struct ln_limit_window *also;
};

/* Asks all, for a cost of a client. Returns which of them answers, from 1: the tightest, that is
 * who refuses for longest, or has the least left. */
unsigned ln_windows_take(const struct ln_limit_window *w, uint64_t hash, uint64_t cost,
                         enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out);

/* Under which name the zone of the n-th window (from 0) is kept: ways lie differently in memory,
 * and so do logs of different lengths; windows of different spans are free at different times. */
struct ln_slice ln_windows_name(struct ln_arena *a, struct ln_slice name,
                                const struct ln_plan *plan, unsigned n);

/* What a window needs of shared memory, for so many clients at once. */
void ln_windows_demand(const struct ln_plan *plan, size_t clients, struct ln_slice name,
                       struct ln_demand *demand);

/* False: it is not there. */
bool ln_windows_open(struct ln_limit_window *w, const struct ln_plan *plan, size_t clients,
                     struct ln_slice name, const struct ln_shm *shm);

#endif
