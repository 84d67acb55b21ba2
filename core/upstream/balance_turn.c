/* SPDX-License-Identifier: Apache-2.0
 * balance_turn.c - taking turns: round_robin and weighted_round_robin, exact over all workers.
 */
#include "upstream/balance.h"

/* Draws from the shared cursor; a draw that falls on a dead instance is repeated, so that its share
 * is spread over all others and does not fall to its neighbour. Bounded: then any that will do. */
static int draw(struct ln_service *s, struct ln_round *round)
{
    const struct ln_ring *ring = &round->tier->ring;

    for (unsigned i = 0; i < LN_DRAWS_MAX; i++) {
        uint64_t at = atomic_fetch_add_explicit(&s->record->picks, 1, memory_order_relaxed);
        unsigned index = round->tier->members[ring->at[at % ring->size]];

        if (ln_balance_welcomes(s, round, index))
            return (int)index;
    }
    return LN_NOBODY;
}

static int look(struct ln_service *s, struct ln_round *round)
{
    const struct ln_ring *ring = &round->tier->ring;
    uint64_t at = atomic_load_explicit(&s->record->picks, memory_order_relaxed);

    for (unsigned i = 0; i < LN_DRAWS_MAX; i++) {
        unsigned index = round->tier->members[ring->at[(at + i) % ring->size]];

        if (ln_balance_welcomes(s, round, index))
            return (int)index;
    }
    return LN_NOBODY;
}

int ln_balance_next(struct ln_service *s, struct ln_round *round)
{
    int at = round->tried->count == 0 ? draw(s, round) : look(s, round);

    return at != LN_NOBODY ? at : ln_balance_any(s, round);
}

const struct ln_balancer ln_balance_turn = {"round_robin", ln_balance_next};
