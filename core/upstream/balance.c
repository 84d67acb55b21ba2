/* SPDX-License-Identifier: Apache-2.0
 * balance.c - proposing, taking, and giving back.
 */
#include "upstream/balance.h"

#include "base/assert.h"
#include "upstream/news.h"

enum { TAKES_MAX = 8 }; /* proposals that others may snatch away before we take any */

const struct ln_balancer *ln_balancer_of(enum ln_strategy strategy)
{
    static const struct ln_balancer *const balancers[] = {
        [LN_STRATEGY_ROUND_ROBIN] = &ln_balance_turn,
        [LN_STRATEGY_WEIGHTED_ROUND_ROBIN] = &ln_balance_turn,
        [LN_STRATEGY_LEAST_CONNECTIONS] = &ln_balance_least,
        [LN_STRATEGY_RANDOM_TWO] = &ln_balance_two,
        [LN_STRATEGY_PEAK_EWMA] = &ln_balance_peak_ewma,
        [LN_STRATEGY_CONSISTENT_HASH] = &ln_balance_hash,
        [LN_STRATEGY_LUA] = &ln_balance_turn, /* where no handler answers */
    };

    ln_assert(strategy < LN_ARRAY_LEN(balancers));
    return balancers[strategy];
}

unsigned ln_instance_warmth(const struct ln_instance *i, ln_msec now)
{
    ln_msec ramp = i->service->conf->slow_start;
    ln_msec since = atomic_load_explicit(&i->record->since, memory_order_relaxed);

    if (ramp == 0 || since <= 1 || now >= since + ramp)
        return LN_WARM;

    ln_msec age = now > since ? now - since : 0;

    return age * 10 < ramp ? LN_WARM / 10 : (unsigned)(age * LN_WARM / ramp);
}

/* Sampling one of a stream by weight (Chao 1982). */
int ln_balance_any(struct ln_service *s, struct ln_round *round)
{
    uint64_t total = 0;
    int best = LN_NOBODY;

    for (unsigned i = 0; i < round->tier->count; i++) {
        unsigned at = round->tier->members[i];

        if (!ln_balance_can(s, round, at))
            continue;
        uint64_t weight = ln_balance_weight(s, round, at);

        total += weight;
        if (total == weight || ln_rand_below(&s->all->rand, total) < weight)
            best = (int)at;
    }
    return best;
}

/* Counted before anything else is asked: of several workers that want the last place each sees the
 * counts of all others, and at most one of them stays. (Both may leave; the next round tells.) */
static bool take(struct ln_instance *i, ln_msec now, struct ln_loan *loan)
{
    struct ln_services *all = i->service->all;
    struct ln_breaker_record *breaker = &i->record->breaker;
    enum ln_breaker_news news;

    ln_record_add(&i->record->active[all->worker], 1);
    if (i->spot != NULL) {
        atomic_thread_fence(memory_order_seq_cst);
        if (!ln_spot_is(i->spot, i->turn)) /* it has gone just now */
            goto fail;
    }
    if (i->conf->max_connections > 0) {
        atomic_thread_fence(memory_order_seq_cst);
        if (ln_instance_active(i) > i->conf->max_connections)
            goto fail;
    }
    if (!ln_breaker_admit(breaker, &i->service->conf->breaker, now, &loan->ticket, &news))
        goto fail;
    if (!ln_health_admits(i->record, now, &loan->door)) {
        ln_breaker_return(breaker, loan->ticket);
        goto fail;
    }
    if (LN_UNLIKELY(news != LN_BREAKER_NO_NEWS))
        ln_news_breaker(i, news, 0, 0);
    ln_record_add(&i->service->record->active[all->worker], 1);
    return true;

fail:
    ln_record_add(&i->record->active[all->worker], -1);
    return false;
}

/* Others were quicker time and again: whichever lets us in. */
static struct ln_instance *take_any(struct ln_service *s, struct ln_round *round,
                                    struct ln_loan *loan)
{
    for (unsigned i = 0; i < round->tier->count; i++) {
        unsigned at = round->tier->members[i];

        if (ln_balance_can(s, round, at) && take(&s->instances[at], round->now, loan))
            return &s->instances[at];
    }
    return NULL;
}

static struct ln_instance *choose(struct ln_service *s, struct ln_round *round,
                                  struct ln_loan *loan)
{
    if (round->tier->count == 0)
        return NULL;
    for (unsigned i = 0; i < TAKES_MAX; i++) {
        int at = round->has_key ? ln_balance_by_key(s, round) : s->balancer->pick(s, round);

        if (at == LN_NOBODY)
            return NULL;
        if (take(&s->instances[at], round->now, loan))
            return &s->instances[at];
    }
    return take_any(s, round, loan);
}

static struct ln_instance *take_named(struct ln_service *s, struct ln_round *round, unsigned named,
                                      struct ln_loan *loan)
{
    unsigned at = named - 1;

    if (named == 0 || named > s->count)
        return NULL;
    if (!ln_balance_can(s, round, at) || !take(&s->instances[at], round->now, loan))
        return NULL;
    return &s->instances[at];
}

static struct ln_instance *choose_tier(struct ln_service *s, const struct ln_wish *wish,
                                       struct ln_round *round, struct ln_loan *loan)
{
    static const struct ln_tried nowhere;
    struct ln_instance *i = NULL;

    round->tried = wish->tried;
    round->full = false;
    /* Those that are only full come before backups, which are for the day when nobody is up. */
    for (unsigned t = 0; t < LN_TIERS && i == NULL && !round->full; t++) {
        round->tier = &s->tiers[t];
        i = choose(s, round, loan);
    }
    round->tried = &nowhere;
    for (unsigned t = 0; t < LN_TIERS && i == NULL && wish->tried->count > 0; t++) {
        round->tier = &s->tiers[t];
        i = choose(s, round, loan);
    }
    return i;
}

/* Each would be left alone for ever longer, which spares requests that others can take. There are
 * no others. */
static bool hasten_trials(struct ln_service *s, ln_msec now)
{
    bool any = false;

    for (unsigned i = 0; i < s->present_count; i++)
        any |= ln_health_hasten(s->instances[s->present[i]].record, now);
    return any;
}

/* One that is full counts as one that is not there: the client moves on rather than waiting before
 * others. */
static struct ln_instance *take_home(struct ln_service *s, const struct ln_round *round,
                                     unsigned sticky, struct ln_loan *loan)
{
    unsigned at = sticky - 1;

    if (sticky == 0 || sticky > s->count || ln_tried_has(round->tried, at))
        return NULL;

    struct ln_instance *i = &s->instances[at];

    if (!ln_instance_keeps_clients(i, round->now) || ln_instance_is_full(i) ||
        !take(i, round->now, loan))
        return NULL;
    return i;
}

static struct ln_instance *search(struct ln_service *s, const struct ln_wish *wish, ln_msec now,
                                  struct ln_loan *loan, bool *full)
{
    struct ln_round round = {
        .tried = wish->tried, .now = now, .has_key = wish->has_key, .key = wish->key};
    struct ln_instance *i = take_named(s, &round, wish->named, loan);

    if (i == NULL)
        i = take_home(s, &round, wish->sticky, loan);
    round.full = false;
    if (i == NULL)
        i = choose_tier(s, wish, &round, loan);
    if (i == NULL && !round.full && hasten_trials(s, now))
        i = choose_tier(s, wish, &round, loan);
    *full = i == NULL && (round.full || s->asks); /* whoever has a name may have room */
    return i;
}

struct ln_instance *ln_service_pick(struct ln_service *s, const struct ln_wish *wish, ln_msec now,
                                    struct ln_loan *loan, bool *full)
{
    enum { SEARCHES_MAX = 8 };
    struct ln_instance *i;
    unsigned searches = 0;

    ln_service_notice(s);
    do
        i = search(s, wish, now, loan, full);
    while (LN_UNLIKELY(i == NULL) && ++searches < SEARCHES_MAX &&
           ln_service_notice(s)); /* all have left, and others have come */
    return i;
}

void ln_service_release(struct ln_instance *i, struct ln_loan *loan, enum ln_outcome outcome,
                        ln_msec now)
{
    struct ln_services *all = i->service->all;

    ln_record_count(&i->counts->ended[outcome]);
    ln_instance_report(i, loan, outcome, now);
    /* Last: from now on the record may be another's (upstream/turnover.h). */
    atomic_thread_fence(memory_order_release);
    ln_record_add(&i->record->active[all->worker], -1);
    ln_record_add(&i->service->record->active[all->worker], -1);
    ln_queue_wake(&i->service->queue);
}
