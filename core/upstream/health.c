/* SPDX-License-Identifier: Apache-2.0
 * health.c - strikes, trips and trials on one shared record.
 */
#include "upstream/health.h"

static inline uint64_t word_of(const struct ln_instance_record *r)
{
    return atomic_load_explicit(&r->down, memory_order_relaxed);
}

/* The word of an instance that is down: until when 48 | which trip it was 15 | a trial is out 1.
 * All trials of one trip have the same low bits. */
enum { TRIAL = 1, TRIP = 0xfffe, UNTIL_SHIFT = 16 };

static uint64_t trip_at(ln_msec now)
{
    return now << 1 & TRIP;
}

static uint64_t down_until(ln_msec at, uint64_t low)
{
    return at << UNTIL_SHIFT | low;
}

static bool is_news(uint64_t word, uint64_t door)
{
    return word == door || ((word & TRIAL) != 0 && ((word ^ door) & (TRIP | TRIAL)) == 0);
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
    return word_of(r) >> UNTIL_SHIFT <= now;
}

bool ln_health_admits(struct ln_instance_record *r, ln_msec now, uint64_t *door)
{
    uint64_t word = word_of(r);

    *door = 0;
    if (word == 0)
        return true;
    if (word >> UNTIL_SHIFT > now)
        return false;
    /* Whoever moves the word has the trial; the others wait for its news, or for the interval. */
    unsigned trips = atomic_load(&r->trips) + ((word & TRIAL) != 0);

    *door = down_until(now + ln_health_interval(trips), (word & TRIP) | TRIAL);
    if (!atomic_compare_exchange_strong(&r->down, &word, *door))
        return false;
    atomic_store(&r->trips, trips);
    return true;
}

bool ln_health_hasten(struct ln_instance_record *r, ln_msec now)
{
    uint64_t word = word_of(r);
    ln_msec until = word >> UNTIL_SHIFT, whole = ln_health_interval(atomic_load(&r->trips));

    if ((word & TRIAL) != 0 || until <= now || until - now + LN_HEALTH_FIRST_MS > whole)
        return false;
    return atomic_compare_exchange_strong(&r->down, &word, down_until(now, word & TRIP));
}

bool ln_health_is_news(const struct ln_instance_record *r, uint64_t door)
{
    return is_news(word_of(r), door);
}

bool ln_health_strike(struct ln_instance_record *r, uint64_t door, unsigned strikes, ln_msec now)
{
    uint64_t word = word_of(r);
    bool trial = (word & TRIAL) != 0;

    if (strikes == 0 || !is_news(word, door))
        return false;
    if (!trial && atomic_fetch_add(&r->strikes, strikes) + strikes < LN_STRIKES_DOWN)
        return false;

    unsigned trips = atomic_load(&r->trips) + 1;

    /* Several requests may fail at the same moment; only one of them is a trip. */
    if (!atomic_compare_exchange_strong(&r->down, &word,
                                        down_until(now + ln_health_interval(trips), trip_at(now))))
        return false;
    atomic_store(&r->trips, trips);
    atomic_store(&r->strikes, 0);
    return true;
}

bool ln_health_success(struct ln_instance_record *r, uint64_t door)
{
    uint64_t word = word_of(r);

    if (!is_news(word, door))
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
