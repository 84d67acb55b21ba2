/* SPDX-License-Identifier: Apache-2.0
 * balance.h - strategies: which of the instances that can take a request gets it.
 *
 * A strategy proposes and takes nothing: balance.c takes what was proposed, and asks again when
 * another worker was quicker. No strategy makes a system call, and all but least_connections look
 * at a bounded number of instances unless most of them are down.
 */
#ifndef LN_UPSTREAM_BALANCE_H
#define LN_UPSTREAM_BALANCE_H

#include "shm/steer.h"
#include "upstream/check.h"
#include "upstream/health.h"
#include "upstream/service.h"

enum {
    LN_NOBODY = -1,
    LN_DRAWS_MAX = 64, /* then all are looked at */
    LN_WARM = 256,     /* the warmth of an instance that gets its full share */
};

/* One search. */
struct ln_round {
    struct ln_tier *tier;
    const struct ln_tried *tried;
    ln_msec now;
    bool has_key;
    uint64_t key;
    bool full; /* out: somebody was up and had no connection to spare */
};

struct ln_balancer {
    const char *name;
    /* An index of s->instances that ln_balance_can() take it, or LN_NOBODY when there is none. */
    int (*pick)(struct ln_service *s, struct ln_round *round);
};

extern const struct ln_balancer ln_balance_turn;      /* round_robin, weighted_round_robin */
extern const struct ln_balancer ln_balance_least;     /* least_connections */
extern const struct ln_balancer ln_balance_two;       /* random_two */
extern const struct ln_balancer ln_balance_peak_ewma; /* peak_ewma */
extern const struct ln_balancer ln_balance_hash;      /* consistent_hash */

const struct ln_balancer *ln_balancer_of(enum ln_strategy strategy);

static inline bool ln_tried_has(const struct ln_tried *tried, unsigned index)
{
    for (unsigned i = 0; i < tried->count; i++)
        if (tried->at[i] == index)
            return true;
    return false;
}

/* Has it taken all that it may (instances[].maxConnections, pool.max)? */
static inline bool ln_instance_is_full(const struct ln_instance *i)
{
    unsigned most = i->conf->max_connections;

    return (most > 0 && ln_instance_active(i) >= most) ||
           !ln_pool_has_room(i->pool, i->service->conf->pool.max);
}

/* Do its checks call it down, and are they heeded? */
static inline bool ln_instance_is_checked_out(const struct ln_instance *i)
{
    const struct ln_service *s = i->service;

    return s->conf->health.on && ln_check_is_down(&i->record->check) &&
           atomic_load_explicit(&s->record->panic, memory_order_relaxed) == 0;
}

/* Has the operator taken it out? */
static inline bool ln_instance_is_steered_out(const struct ln_instance *i)
{
    enum ln_steer_state state =
        ln_steer_state(atomic_load_explicit(&i->record->steer, memory_order_relaxed));

    return state == LN_STEER_DISABLED ||
           (state == LN_STEER_DRAINING &&
            atomic_load_explicit(&i->service->record->panic, memory_order_relaxed) == 0);
}

/* Would it let a request in, whatever the operator says: is it there at all, do its checks not call
 * it down, can it be reached, and is its breaker closed, or in want of probes? */
static inline bool ln_instance_lets_in(const struct ln_instance *i, ln_msec now)
{
    return !i->out && !ln_instance_is_checked_out(i) && ln_health_is_up(i->record, now) &&
           ln_breaker_can(&i->record->breaker, &i->service->conf->breaker, now);
}

/* And does the operator let it? */
static inline bool ln_instance_is_up(const struct ln_instance *i, ln_msec now)
{
    return !ln_instance_is_steered_out(i) && ln_instance_lets_in(i, now);
}

/* Does it take requests of clients that are at home there? */
static inline bool ln_instance_keeps_clients(const struct ln_instance *i, ln_msec now)
{
    uint32_t steer = atomic_load_explicit(&i->record->steer, memory_order_relaxed);

    return ln_steer_state(steer) != LN_STEER_DISABLED && ln_instance_lets_in(i, now);
}

/* Is it up, not tried, and has room? Takes nothing. */
static inline bool ln_balance_can(const struct ln_service *s, struct ln_round *round,
                                  unsigned index)
{
    const struct ln_instance *i = &s->instances[index];

    if (ln_tried_has(round->tried, index) || !ln_instance_is_up(i, round->now))
        return false;
    if (!ln_instance_is_full(i))
        return true;
    round->full = true;
    return false;
}

/* How much of its share an instance gets now that has just come (back): from a tenth of LN_WARM,
 * rising to LN_WARM over services[].slowStart. */
unsigned ln_instance_warmth(const struct ln_instance *i, ln_msec now);

/* ln_balance_can(), by chance only as often as the instance is warm. */
static inline bool ln_balance_welcomes(struct ln_service *s, struct ln_round *round, unsigned index)
{
    return ln_balance_can(s, round, index) &&
           (s->conf->slow_start == 0 || (ln_rand_next(&s->all->rand) & (LN_WARM - 1)) <
                                            ln_instance_warmth(&s->instances[index], round->now));
}

/* Weight in the strategy's eyes, times warmth. */
static inline uint64_t ln_balance_weight(const struct ln_service *s, const struct ln_round *round,
                                         unsigned index)
{
    const struct ln_instance *i = &s->instances[index];

    return (uint64_t)i->weight *
           (s->conf->slow_start == 0 ? LN_WARM : ln_instance_warmth(i, round->now));
}

/* One of all that can, each by its weight: looks at every instance. */
int ln_balance_any(struct ln_service *s, struct ln_round *round);

/* The next turn of the shared cursor that falls on one that can; for a repeat the cursor stays
 * where it is, so that the turns of everybody else stay as they are. */
int ln_balance_next(struct ln_service *s, struct ln_round *round);

/* Where the key belongs (round->has_key must be set). */
int ln_balance_by_key(struct ln_service *s, struct ln_round *round);

#endif
