/* SPDX-License-Identifier: Apache-2.0
 * gradient.h - how many requests at once a service can bear, learned from how long it takes.
 *
 * A service that is given more than it can work on lets the rest wait inside: its latency grows
 * with what it is given, and nothing is served sooner. So the limit goes by the latency against the
 * one that is known without any waiting, the base:
 *
 *   latency / base      1        1 + tolerance/2     1 + tolerance      x MARGIN
 *                       |------- grow ------|---------- stay -----------|--- trial ---
 *
 * Grow: by the square root of the limit in each window, if it was used. Trial: the limit is halved
 * for two windows, one in which earlier requests end and one that is measured. If the latency falls
 * with it there was waiting, and it is halved again, until the latency stays or is that of a base
 * that is well known. What was measured last is the base, and the limit follows: where the latency
 * is (1 + tolerance) times that. If it did not fall the service has become slower without anybody
 * waiting, and the limit is what it was: the old base is forgotten at once, however long it was
 * true. A service that is held at its limit is tried now and then all the same, and soon after its
 * base has moved, or a base from a bad moment would be believed for ever.
 *
 * What is known of a window is the mean of its latencies, of which each counts for a few times the
 * base at most: one answer that took a hundred times as long is no news. Answers that say "too
 * much" lower the limit by half of their share.
 *
 * A limit of which less than half is used stays, and the base follows what is measured.
 *
 * All workers share one record. A sample is one atomic addition. Whoever finds that the window is
 * over and moves its beginning closes it, alone; a worker that is killed there loses one window's
 * samples. Pure: records, values and `now` in milliseconds. Zeroed memory has learned nothing.
 */
#ifndef LN_UPSTREAM_GRADIENT_H
#define LN_UPSTREAM_GRADIENT_H

#include "base/clock.h"
#include "conf/conf_service.h"
#include "shm/record.h"

/* The limit now, from conf->min to conf->max. */
unsigned ln_gradient_limit(const struct ln_gradient_record *r,
                           const struct ln_concurrency_conf *conf);

/* So many are in flight. */
static inline void ln_gradient_reach(struct ln_gradient_record *r, uint32_t in_flight)
{
    if (in_flight > atomic_load_explicit(&r->peak, memory_order_relaxed))
        atomic_store_explicit(&r->peak, in_flight, memory_order_relaxed);
}

/* An answer took so many microseconds. */
void ln_gradient_note(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                      uint64_t micros, ln_msec now);

/* A request has ended in a way that says "too much". */
void ln_gradient_note_overload(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                               ln_msec now);

#endif
