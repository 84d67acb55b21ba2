/* SPDX-License-Identifier: Apache-2.0
 * check.c - counts results in a row, and sets times.
 */
#include "upstream/check.h"

/* The word: bit 0 says "down"; above it the results in a row that speak against that. */
static uint64_t word_of(bool down, uint64_t against)
{
    return against << 1 | down;
}

enum ln_check_news ln_check_note(struct ln_check_record *r, const struct ln_health_conf *conf,
                                 bool ok)
{
    uint64_t word = atomic_load(&r->word), next;
    bool down, turns;

    do {
        down = (word & 1) != 0;
        uint64_t against = ok == down ? (word >> 1) + 1 : 0;

        turns = against >= (down ? conf->rise : conf->fall);
        next = turns ? word_of(!down, 0) : word_of(down, against);
    } while (!atomic_compare_exchange_weak(&r->word, &word, next));
    if (!turns)
        return LN_CHECK_NO_NEWS;
    return down ? LN_CHECK_ROSE : LN_CHECK_FELL;
}

/* 0 to `most`, by chance. */
static ln_msec by_chance(ln_msec most, uint32_t chance)
{
    return (most + 1) * chance >> 32;
}

static ln_msec jitter_of(const struct ln_health_conf *conf)
{
    return (ln_msec)((double)conf->interval * conf->jitter);
}

ln_msec ln_check_wait(const struct ln_check_record *r, ln_msec now)
{
    ln_msec due = atomic_load(&r->due);

    return due > now ? due - now : 0;
}

ln_msec ln_check_resume(struct ln_check_record *r, const struct ln_health_conf *conf, ln_msec now,
                        uint32_t chance)
{
    ln_msec due = atomic_load(&r->due), jitter = jitter_of(conf);
    bool stale = due + conf->interval + LN_CHECK_STALE_MS < now;

    if (due == 0 || stale) {
        atomic_store(&r->word, 0);
        return by_chance(jitter < LN_CHECK_SPREAD_MS ? jitter : LN_CHECK_SPREAD_MS, chance);
    }
    ln_msec wait = ln_check_wait(r, now), most = conf->interval + jitter;

    return wait < most ? wait : most; /* the interval was longer when it was set */
}

void ln_check_begin(struct ln_check_record *r, const struct ln_health_conf *conf, ln_msec now,
                    uint32_t chance)
{
    atomic_store(&r->due, now + conf->interval + by_chance(jitter_of(conf), chance));
}
