/* SPDX-License-Identifier: Apache-2.0
 * health.c - strikes, trips and trials on one shared record.
 */
#include "upstream/health.h"

static inline uint64_t word_of(const struct ln_instance_record *r)
{
    return atomic_load_explicit(&r->down, memory_order_relaxed);
}

static uint64_t down_until(ln_msec at, bool trial)
{
    return at << 1 | trial;
}

ln_msec ln_health_interval(unsigned trips)
{
    ln_msec interval = LN_HEALTH_FIRST_MS;

    while (trips-- > 1 && interval < LN_HEALTH_MAX_MS)
        interval *= 2;
    return interval < LN_HEALTH_MAX_MS ? interval : LN_HEALTH_MAX_MS;
}

bool ln_health_is_up(const struct ln_instance_record *r, ln_msec now)
{
    return word_of(r) >> 1 <= now;
}

bool ln_health_admits(struct ln_instance_record *r, ln_msec now, uint64_t *door)
{
    uint64_t word = word_of(r);

    *door = 0;
    if (word == 0)
        return true;
    if (word >> 1 > now)
        return false;
    /* Whoever moves the word has the trial; the others wait for its news, or for the same interval.
     */
    *door = down_until(now + ln_health_interval(atomic_load(&r->trips)), true);
    return atomic_compare_exchange_strong(&r->down, &word, *door);
}

bool ln_health_is_news(const struct ln_instance_record *r, uint64_t door)
{
    return word_of(r) == door;
}

bool ln_health_strike(struct ln_instance_record *r, uint64_t door, unsigned strikes, ln_msec now)
{
    uint64_t word = word_of(r);
    bool trial = (word & 1) != 0;

    if (strikes == 0 || word != door)
        return false;
    if (!trial && atomic_fetch_add(&r->strikes, strikes) + strikes < LN_STRIKES_DOWN)
        return false;

    unsigned trips = atomic_load(&r->trips) + 1;

    /* Several requests may fail at the same moment; only one of them is a trip. */
    if (!atomic_compare_exchange_strong(&r->down, &word,
                                        down_until(now + ln_health_interval(trips), false)))
        return false;
    atomic_store(&r->trips, trips);
    atomic_store(&r->strikes, 0);
    return true;
}

bool ln_health_success(struct ln_instance_record *r, uint64_t door)
{
    uint64_t word = word_of(r);

    if (word != door)
        return false;
    if (atomic_load_explicit(&r->strikes, memory_order_relaxed) != 0)
        atomic_store(&r->strikes, 0);
    if (word == 0 || !atomic_compare_exchange_strong(&r->down, &word, 0))
        return false;
    atomic_store(&r->trips, 0);
    return true;
}

void ln_health_forgive(struct ln_instance_record *r)
{
    atomic_store(&r->strikes, 0);
    atomic_store(&r->trips, 0);
    atomic_store(&r->down, 0);
}
