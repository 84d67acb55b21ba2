/* SPDX-License-Identifier: Apache-2.0
 * idle_age.h - the age at which an instance closes idle connections, learned from when it does.
 *
 * A request that meets such a close half-way fails or has to be repeated, so the pool drops
 * connections before. Nobody has to tell it when: ages that agree, three within a quarter of each
 * other, are a habit, and the limit lies a margin below them. One odd close is no habit. Nor is a
 * restart, which closes connections of all ages at one moment; and who closes at once means the
 * request before, not the time.
 *
 * A habit is unlearned when two connections have outlived it and none was closed by it meanwhile: a
 * pause of the instance, or of ours, does not make it forgotten. None is lent beyond the limit, so
 * now and then the pool keeps one as a scout (upstream/pool.h), and at once another when the first
 * has come back.
 *
 * Pure: ages and `now` in milliseconds, in; the limit, out. Zeroed = nothing is known. One worker,
 * one thread.
 */
#ifndef LN_UPSTREAM_IDLE_AGE_H
#define LN_UPSTREAM_IDLE_AGE_H

#include <stdbool.h>

#include "base/clock.h"

enum {
    LN_IDLE_AGES = 8,        /* are remembered */
    LN_IDLE_AGREE = 3,       /* of them are a habit */
    LN_IDLE_DOUBTS = 2,      /* connections that outlived a habit are its end */
    LN_IDLE_LEAST_MS = 200,  /* younger ones did not die of age */
    LN_IDLE_MOMENT_MS = 100, /* closes that are no further apart are one event */
    LN_IDLE_MARGIN_MS = 1000,
    LN_IDLE_SCOUT_MS = 60000, /* from one scout to the next */
};

struct ln_idle_age {
    ln_msec limit; /* drop connections that are older; 0 = nothing is known */
    /* Private. */
    ln_msec age[LN_IDLE_AGES]; /* at which connections were closed, the newest first */
    unsigned count, doubts;
    ln_msec habit;                   /* the youngest age of those that agree; 0 = none do */
    ln_msec moment_ends, moment_age; /* of the last event; age 0: it says nothing */
    ln_msec next_scout;
};

/* The instance has closed a connection that was idle for so long. */
void ln_idle_age_closed(struct ln_idle_age *a, ln_msec age, ln_msec now);

/* One was idle for so long and is still open. */
void ln_idle_age_outlived(struct ln_idle_age *a, ln_msec age);

/* Is it time to see whether the instance still closes what is older than the limit? True once in a
 * while. */
bool ln_idle_age_scouts(struct ln_idle_age *a, ln_msec now);

#endif
