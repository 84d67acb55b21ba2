/* SPDX-License-Identifier: Apache-2.0
 * limiter.h - how many requests a client may make: GCRA in shared memory, exact across workers.
 *
 * A client is a 64-bit keyed hash (ln_hash with ln_shm_hash_key), so nobody can aim at another's
 * entry. Per client there is one moment in time (its bucket is full again then); an entry whose
 * moment has passed equals an absent one, so forgetting it loses nothing, and an entry whose moment
 * has not passed is never forgotten. When no entry is free, newcomers of the same set share one
 * bucket: stricter for them, never laxer for anybody. What was taken from the shared bucket is not
 * forgotten either when a newcomer gets an entry of its own.
 *
 * Owner: the zone is memory of the region (zero = empty). Threads and processes: any; no locks; a
 * process that is killed at any instruction leaves nothing half done that the next one does not
 * finish. Clock: the caller's `now`, monotonic nanoseconds, not 0; it may differ between workers by
 * a turn of their loops.
 */
#ifndef LN_SHM_LIMITER_H
#define LN_SHM_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* A bucket of `burst` tokens that gets one more every `emission`. Made by ln_limit_plan_make(). */
struct ln_limit_plan {
    ln_nsec emission;
    ln_nsec burst_span; /* burst * emission */
    unsigned burst;
};

struct ln_limit_answer {
    bool ok;
    uint64_t left; /* tokens in the bucket after this answer */
    ln_nsec wait;  /* not ok: until the same request would pass if nobody else asked; 0 when ok */
    bool shared;   /* judged by the bucket that newcomers share: there was no room for its own */
};

/* `count` requests per `per` milliseconds, `burst` of them at once; each at least 1. Rounded so
 * that never more than `count` pass in the long run. Spans are cut at about nine years. */
struct ln_limit_plan ln_limit_plan_make(uint64_t count, ln_msec per, unsigned burst);

/* Bytes of a zone for this many clients at once that have taken a token lately: about 43 for each.
 */
size_t ln_limiter_size(size_t entries);

/* Takes `cost` tokens of the client's bucket if they are there. cost 0 only looks. A cost above the
 * burst never passes; `wait` is then the time in which an empty bucket fills. */
void ln_limiter_take(void *zone, size_t size, const struct ln_limit_plan *limit, uint64_t hash,
                     uint64_t cost, ln_nsec now, struct ln_limit_answer *out);

#endif
