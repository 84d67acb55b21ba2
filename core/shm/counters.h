/* SPDX-License-Identifier: Apache-2.0
 * counters.h - whole numbers by key that all workers add to.
 *
 * A key is its 64-bit keyed hash. What incr returned has been counted, exactly once, whatever dies
 * when; it is gone only when the counter expires or is deleted, and then delete returned it. A
 * counter that has not expired is never evicted: when there is no room, new keys are refused, and
 * counted. How: shm/table.h; a counter is one block whose value changes in place.
 *
 * Owner: the zone is memory of the region (zero = empty); the view belongs to one process.
 * Threads: one per view. Clock: the caller's `now`, monotonic nanoseconds, not 0.
 */
#ifndef LN_SHM_COUNTERS_H
#define LN_SHM_COUNTERS_H

#include "shm/table.h"

#define LN_COUNTERS_VALUE_MAX ((int64_t)1 << 53) /* a double holds them all */

enum ln_counters_rc {
    LN_COUNTERS_DONE,
    LN_COUNTERS_NOT,   /* there is none of this key */
    LN_COUNTERS_FULL,  /* no room for a new key */
    LN_COUNTERS_RANGE, /* the sum would be beyond VALUE_MAX: nothing was counted */
};

struct ln_counters {
    struct ln_table t; /* private */
};

/* Bytes of a zone for so many keys: about 136 for each. */
size_t ln_counters_size(size_t entries);

void ln_counters_init(struct ln_counters *c, void *zone, size_t size);

/* Adds `by` (at most VALUE_MAX either way). A new counter begins at 0 and ends at `expires` (0 =
 * never); one that is there keeps its end. DONE, FULL or RANGE. */
enum ln_counters_rc ln_counters_incr(struct ln_counters *c, uint64_t id, int64_t by,
                                     ln_nsec expires, ln_nsec now, int64_t *sum);

/* DONE or NOT. */
enum ln_counters_rc ln_counters_get(struct ln_counters *c, uint64_t id, ln_nsec now,
                                    int64_t *value);

/* DONE with the last value, or NOT. */
enum ln_counters_rc ln_counters_delete(struct ln_counters *c, uint64_t id, ln_nsec now,
                                       int64_t *value);

#endif
