/* SPDX-License-Identifier: Apache-2.0
 * health.h - passive marking: leave an instance alone that has just failed, and try it again by and
 * by. It is quick to judge and quick to forgive; what an instance is like over a while is the
 * breaker's business (breaker.h).
 *
 * Strikes add up until a success; LN_STRIKES_DOWN of them mark the instance down for an interval
 * that doubles with every trip. When it is over, exactly one request of all workers is let through
 * as a trial: its success brings the instance back, its failure doubles the interval, whatever its
 * strikes. News of requests that were under way before, good or bad, is old.
 *
 * A trial that has not reported after the same interval is joined by another, and the interval
 * doubles as well: it takes long, or nobody is left who would report it. The first of them that
 * does decides.
 *
 * Pure: a shared record and `now` in, an answer out.
 */
#ifndef LN_UPSTREAM_HEALTH_H
#define LN_UPSTREAM_HEALTH_H

#include <stdbool.h>

#include "base/clock.h"
#include "shm/record.h"

enum { LN_STRIKES_DOWN = 3, LN_HEALTH_FIRST_MS = 200, LN_HEALTH_MAX_MS = 10000 };

/* May one more request go there? *door is for the report. */
bool ln_health_admits(struct ln_instance_record *r, ln_msec now, uint64_t *door);

/* Would it? Without taking the trial. */
bool ln_health_is_up(const struct ln_instance_record *r, ln_msec now);

/* Nobody else is left to ask: however long it would be left alone, once that has been for
 * LN_HEALTH_FIRST_MS its trial may come. True if that changes something. */
bool ln_health_hasten(struct ln_instance_record *r, ln_msec now);

/* Is what came in by that door of the present, and not of the time before the last change? */
bool ln_health_is_news(const struct ln_instance_record *r, uint64_t door);

/* Reports of requests whose door is not the present one are of a time before the last change, and
 * change nothing. True when this one marked the instance down (again): the caller says so, once for
 * all workers. */
bool ln_health_strike(struct ln_instance_record *r, uint64_t door, unsigned strikes, ln_msec now);

/* True when this report brought it back. */
bool ln_health_success(struct ln_instance_record *r, uint64_t door);

/* Somebody knows that it is up: whatever was held against it is forgotten, and so is the trial. */
void ln_health_forgive(struct ln_instance_record *r);

/* How long it is left alone after so many trips. */
ln_msec ln_health_interval(unsigned trips);

#endif
