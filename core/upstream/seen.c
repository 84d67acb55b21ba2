/* SPDX-License-Identifier: Apache-2.0
 * seen.c - packs what reports need into words, and reads them.
 */
#include "upstream/seen.h"

#include <stdio.h>

#include "shm/steer.h"
#include "upstream/check.h"
#include "upstream/health.h"
#include "upstream/latency.h"

/* The word `about`: weight, and bits. */
enum { BACKUP = 1 << 16, CHECKED = 1 << 17, BREAKER = 1 << 18 };

/* The word `error`: monotonic milliseconds, then the outcome, then the status. */
enum { STATUS_BITS = 10, OUTCOME_BITS = 6, TIME_SHIFT = STATUS_BITS + OUTCOME_BITS };

_Static_assert(LN_OUTCOME_COUNT <= 1 << OUTCOME_BITS, "an outcome has room in the word");

const char *const ln_seen_states[LN_SEEN_STATES] = {
    [LN_SEEN_UP] = "up",
    [LN_SEEN_DOWN] = "down",
    [LN_SEEN_UNHEALTHY] = "unhealthy",
    [LN_SEEN_OPEN] = "open",
    [LN_SEEN_HALF_OPEN] = "half-open",
    [LN_SEEN_DRAINING] = "draining",
    [LN_SEEN_DISABLED] = "disabled",
    [LN_SEEN_LEAVING] = "leaving",
};

void ln_seen_publish(struct ln_instance_record *r, const struct ln_service_conf *s,
                     const struct ln_instance_conf *i)
{
    atomic_store(&r->about, i->weight | (i->backup ? BACKUP : 0u) | (s->health.on ? CHECKED : 0u) |
                                (s->breaker.on ? BREAKER : 0u));
}

void ln_seen_fail(struct ln_instance_record *r, enum ln_outcome outcome, int status, ln_msec now)
{
    uint64_t word = now << TIME_SHIFT | (uint64_t)outcome << STATUS_BITS | (uint64_t)status;

    atomic_store_explicit(&r->error, word, memory_order_relaxed);
}

static void read_error(const struct ln_instance_record *r, ln_msec now, struct ln_seen *out)
{
    uint64_t word = atomic_load(&r->error), failed = atomic_load(&r->check.failed);
    ln_msec at = word >> TIME_SHIFT;
    unsigned outcome = word >> STATUS_BITS & ((1 << OUTCOME_BITS) - 1),
             status = word & ((1 << STATUS_BITS) - 1);

    out->error[0] = '\0';
    out->error_age = 0;
    if (word == 0 && failed == 0)
        return;
    if (failed > at) { /* its writer may be at it: shortened, it is still a text */
        snprintf(out->error, sizeof out->error, "check: %.*s", (int)sizeof r->check.text - 8,
                 r->check.text);
        at = failed;
    } else if (status != 0) {
        snprintf(out->error, sizeof out->error, "status %u", status);
    } else if (outcome < LN_OUTCOME_COUNT) {
        snprintf(out->error, sizeof out->error, "%s",
                 ln_outcome_row((enum ln_outcome)outcome)->sentence);
    }
    out->error_age = now > at ? now - at : 0;
}

static enum ln_seen_state state_of(const struct ln_instance_record *r, const struct ln_seen *seen,
                                   bool panic)
{
    enum ln_steer_state steer = ln_steer_state(atomic_load(&r->steer));

    if (steer != LN_STEER_ENABLED)
        return steer == LN_STEER_DRAINING ? LN_SEEN_DRAINING : LN_SEEN_DISABLED;
    if (seen->checked && !seen->checks_up && !panic)
        return LN_SEEN_UNHEALTHY;
    /* A trial may be due, but nobody has come back from it yet. */
    if (atomic_load(&r->down) != 0)
        return LN_SEEN_DOWN;
    return seen->breaker == LN_BREAKER_OPEN        ? LN_SEEN_OPEN
           : seen->breaker == LN_BREAKER_HALF_OPEN ? LN_SEEN_HALF_OPEN
                                                   : LN_SEEN_UP;
}

void ln_seen_read(const struct ln_instance_record *r, bool panic, unsigned workers, ln_msec now,
                  struct ln_seen *out)
{
    uint64_t about = atomic_load(&r->about);
    unsigned steered = ln_steer_weight(atomic_load(&r->steer));
    bool has_breaker = (about & BREAKER) != 0;

    *out = (struct ln_seen){
        .weight = steered > 0 ? steered : (unsigned)(about & 0xffff),
        .backup = (about & BACKUP) != 0,
        .checked = (about & CHECKED) != 0,
        .checks_up = !ln_check_is_down(&r->check),
        .has_breaker = has_breaker,
        .breaker = has_breaker ? ln_breaker_state(&r->breaker) : LN_BREAKER_CLOSED,
        .active = ln_record_sum(r->active, workers),
        .latency = (double)ln_latency_read(atomic_load(&r->latency), now) / 1e6,
    };
    read_error(r, now, out);
    out->state = state_of(r, out, panic);
}
