/* SPDX-License-Identifier: Apache-2.0
 * balance_two.c - random_two and peak_ewma: the better of two that are drawn by weight
 * (Mitzenmacher 2001: "The power of two choices").
 *
 * What is better: fewer requests in flight for its weight, or a smaller product of latency and
 * requests in flight. Two draws cost the same for any number of instances, and many workers with
 * old figures do not all run to the same one.
 */
#include "upstream/balance.h"
#include "upstream/latency.h"

enum { SECOND_DRAWS = 8 }; /* when there is hardly another, the first will do */

/* An instance that nobody knows gets a request at once, and no second before the first is back. */
static const float unknown_micros = 10e6f;

static int draw(struct ln_service *s, struct ln_round *round, int other, unsigned draws)
{
    const struct ln_ring *ring = &round->tier->ring;

    for (unsigned i = 0; i < draws; i++) {
        unsigned at = ring->at[ln_rand_next(&s->all->rand) % ring->size];
        unsigned index = round->tier->members[at];

        if ((int)index != other && ln_balance_welcomes(s, round, index))
            return (int)index;
    }
    return LN_NOBODY;
}

/* Chance may miss the only other one of two time and again. */
static int another(struct ln_service *s, struct ln_round *round, int one)
{
    const struct ln_tier *tier = round->tier;
    int two = draw(s, round, one, SECOND_DRAWS);

    if (two != LN_NOBODY)
        return two;
    uint64_t from = ln_rand_below(&s->all->rand, tier->count);

    for (unsigned i = 0; i < tier->count && i < SECOND_DRAWS && two == LN_NOBODY; i++) {
        unsigned index = tier->members[(from + i) % tier->count];

        if ((int)index != one && ln_balance_can(s, round, index))
            two = (int)index;
    }
    return two;
}

/* The first when they are equal: so a quiet service is balanced by weight. */
static int best_of_two(struct ln_service *s, struct ln_round *round,
                       float (*cost)(const struct ln_service *, const struct ln_round *, unsigned))
{
    int one = draw(s, round, LN_NOBODY, LN_DRAWS_MAX), two;

    if (one == LN_NOBODY)
        one = ln_balance_any(s, round);
    if (one == LN_NOBODY || round->tier->count == 1)
        return one;
    two = another(s, round, one);
    return two == LN_NOBODY || cost(s, round, (unsigned)one) <= cost(s, round, (unsigned)two) ? one
                                                                                              : two;
}

static float in_flight(const struct ln_service *s, const struct ln_round *round, unsigned index)
{
    return (float)ln_instance_active(&s->instances[index]) /
           (float)ln_balance_weight(s, round, index);
}

static float expected_wait(const struct ln_service *s, const struct ln_round *round, unsigned index)
{
    const struct ln_instance *i = &s->instances[index];
    float active = (float)ln_instance_active(i);
    uint64_t word = atomic_load_explicit(&i->record->latency, memory_order_relaxed);
    float cost =
        word == 0 ? unknown_micros * active : ln_latency_read(word, round->now) * (active + 1);

    return cost / (float)ln_balance_weight(s, round, index);
}

static int pick_fewer(struct ln_service *s, struct ln_round *round)
{
    return best_of_two(s, round, in_flight);
}

static int pick_sooner(struct ln_service *s, struct ln_round *round)
{
    return best_of_two(s, round, expected_wait);
}

const struct ln_balancer ln_balance_two = {"random_two", pick_fewer};
const struct ln_balancer ln_balance_peak_ewma = {"peak_ewma", pick_sooner};
