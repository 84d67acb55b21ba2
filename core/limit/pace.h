/* SPDX-License-Identifier: Apache-2.0
 * pace.h - how fast bytes may go out: so many a second in the long run, and some at once.
 *
 * Bytes are asked for a piece at a time, before they go: a bucket (gcra, shm/plan.h) is charged
 * with the piece, and the piece is due when the bucket would have had it. So connections that share
 * a bucket take turns, and nobody asks again and again whether it is his turn. What was asked for
 * and never went stays charged: a piece at most.
 *
 * The bucket counts time, not bytes: nanoseconds that a piece takes at this rate. So those with
 * different rates can share a zone, and the rate of one may change.
 *
 * Owner: whoever embeds it; one thread. Buckets in a zone are shared by all workers.
 */
#ifndef LN_LIMIT_PACE_H
#define LN_LIMIT_PACE_H

#include "base/arena.h"
#include "shm/limiter.h"

/* Bytes a second, and bytes at once. */
#define LN_PACE_MAX 1000000000000u

enum { LN_PACES_MAX = 8 }; /* of one direction of a request */

/* Whose content. */
enum ln_pace_side { LN_PACE_REQUEST, LN_PACE_RESPONSE, LN_PACE_SIDES };

struct ln_pace {
    struct ln_pace *also;               /* another one that holds at the same time */
    const struct ln_limiter_zone *zone; /* borrowed; NULL: the bucket is its own */
    uint64_t hash;                      /* whose bucket it is in the zone */
    uint64_t rate;                      /* bytes a second */
    struct ln_plan plan;
    struct ln_plan_state own;
    uint64_t granted; /* bytes that were asked for and have not gone */
    ln_nsec due;      /* when they may */
};

/* What a zone of buckets is opened with. */
struct ln_plan ln_pace_plan(void);

/* One more for a list, in `arena`; NULL: there are LN_PACES_MAX. `rate` from 1, `burst` from 0,
 * both to LN_PACE_MAX. Its bucket is its own until the caller sets zone and hash. */
struct ln_pace *ln_pace_add(struct ln_pace **list, struct ln_arena *arena, uint64_t rate,
                            uint64_t burst);

/* How many of `want` bytes may go now, by all of the list. 0: none before ln_pace_due(). */
uint64_t ln_pace_room(struct ln_pace *p, uint64_t want, ln_nsec now);

/* So many have gone, no more than there was room for. */
void ln_pace_spend(struct ln_pace *p, uint64_t n);

/* When the next bytes of the list may go. */
ln_nsec ln_pace_due(const struct ln_pace *p);

#endif
