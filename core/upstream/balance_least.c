/* SPDX-License-Identifier: Apache-2.0
 * balance_least.c - least_connections: who has the fewest requests in flight for its weight, over
 * all workers.
 *
 * Exact, so it looks at every instance. Those that are equal take turns by weight: a quiet service
 * is balanced like weighted_round_robin, and the first of the list is not everybody's favourite.
 */
#include "upstream/balance.h"

struct load {
    uint64_t active, weight;
};

static inline bool is_less(struct load a, struct load b)
{
    return a.active * b.weight < b.active * a.weight;
}

static struct load load_of(const struct ln_service *s, const struct ln_round *round, unsigned index)
{
    return (struct load){ln_instance_active(&s->instances[index]),
                         ln_balance_weight(s, round, index)};
}

/* One turn of the ring that falls on somebody who has as few. */
static int draw_equal(struct ln_service *s, struct ln_round *round, struct load least)
{
    const struct ln_ring *ring = &round->tier->ring;

    for (unsigned i = 0; i < LN_DRAWS_MAX; i++) {
        uint64_t at = atomic_fetch_add_explicit(&s->record->picks, 1, memory_order_relaxed);
        unsigned index = round->tier->members[ring->at[at % ring->size]];

        if (ln_balance_welcomes(s, round, index) && !is_less(least, load_of(s, round, index)))
            return (int)index;
    }
    return LN_NOBODY;
}

static int pick(struct ln_service *s, struct ln_round *round)
{
    const struct ln_tier *tier = round->tier;
    struct load least = {1, 0}; /* more than anything */
    unsigned equals = 0;
    int best = LN_NOBODY;

    for (unsigned i = 0; i < tier->count; i++) {
        unsigned at = tier->members[i];

        if (!ln_balance_can(s, round, at))
            continue;
        struct load load = load_of(s, round, at);

        if (is_less(load, least)) {
            least = load;
            best = (int)at;
            equals = 1;
        } else if (!is_less(least, load)) {
            equals++;
        }
    }
    if (equals < 2)
        return best;

    int drawn = draw_equal(s, round, least);

    return drawn != LN_NOBODY ? drawn : best;
}

const struct ln_balancer ln_balance_least = {"least_connections", pick};
