/* SPDX-License-Identifier: Apache-2.0
 * balance_hash.c - consistent_hash: a key belongs to one instance, as long as that can bear it.
 *
 * Bounded load (Mirrokni, Thorup, Zadimoghaddam 2018): what an instance has in flight stays below
 * 5/4 of its share of all that the service has in flight; what is over goes to the key's next best.
 * With little in flight the bound would break up keys for nothing, so CALM requests are always
 * allowed. When an instance is down only its own keys move, each to its own next best, and they
 * come back when it does.
 */
#include "upstream/balance.h"

enum { CALM = 8, RECOUNT_MS = 100 };

/* Counted now and then: the bound needs no exact figure. */
static uint64_t up_weight(const struct ln_service *s, const struct ln_round *round)
{
    struct ln_tier *tier = round->tier;

    if (tier->up_weight > 0 && round->now - tier->counted_at < RECOUNT_MS)
        return tier->up_weight;
    tier->up_weight = 0;
    tier->counted_at = round->now;
    for (unsigned i = 0; i < tier->count; i++)
        if (ln_instance_is_up(&s->instances[tier->members[i]], round->now))
            tier->up_weight += s->instances[tier->members[i]].weight;
    return tier->up_weight;
}

static bool has_room(const struct ln_instance *i, uint64_t in_flight, uint64_t weight)
{
    uint32_t active = ln_instance_active(i);

    return active < CALM || (weight > 0 && active * 4 * weight < (in_flight + 1) * 5 * i->weight);
}

int ln_balance_by_key(struct ln_service *s, struct ln_round *round)
{
    uint64_t in_flight = ln_record_sum(s->record->active, s->all->workers);
    uint64_t weight = up_weight(s, round);
    int spare = LN_NOBODY;

    for (unsigned turn = 0; turn < LN_DRAWS_MAX; turn++) {
        unsigned member = ln_rendezvous_owner(&round->tier->keys, round->key, turn);
        unsigned index = round->tier->members[member];
        struct ln_instance *i = &s->instances[index];

        if (!ln_balance_can(s, round, index))
            continue;
        /* While it warms up it gets the same part of its keys, and that grows. */
        if (has_room(i, in_flight, weight) &&
            (round->key & (LN_WARM - 1)) < ln_instance_warmth(i, round->now))
            return (int)index;
        if (spare == LN_NOBODY || ln_instance_active(i) < ln_instance_active(&s->instances[spare]))
            spare = (int)index;
    }
    return spare != LN_NOBODY ? spare : ln_balance_any(s, round);
}

/* A request without the key takes the next turn. */
static int pick(struct ln_service *s, struct ln_round *round)
{
    return round->has_key ? ln_balance_by_key(s, round) : ln_balance_next(s, round);
}

const struct ln_balancer ln_balance_hash = {"consistent_hash", pick};
