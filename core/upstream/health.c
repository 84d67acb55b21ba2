/* SPDX-License-Identifier: Apache-2.0
 * health.c - strikes, trips and trials on one shared record.
 */
#include "upstream/health.h"

static inline uint64_t down_until(const struct ln_instance_record *r)
{
    return atomic_load_explicit(&r->down_until, memory_order_relaxed);
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
    return down_until(r) <= now;
}

bool ln_health_admits(struct ln_instance_record *r, ln_msec now)
{
    uint64_t until = down_until(r);

    if (until == 0)
        return true;
    if (until > now)
        return false;
    /* Whoever moves the word has the trial; the others wait for its news, or for the same interval. */
    return atomic_compare_exchange_strong(&r->down_until, &until,
                                          now + ln_health_interval(atomic_load(&r->trips)));
}

bool ln_health_strike(struct ln_instance_record *r, unsigned strikes, ln_msec now)
{
    uint64_t until = down_until(r);
    unsigned sum = atomic_fetch_add(&r->strikes, strikes) + strikes;

    if (strikes == 0 || sum < LN_STRIKES_DOWN)
        return false;
    atomic_store(&r->strikes, 0);

    unsigned trips = atomic_load(&r->trips) + 1;

    /* Several requests may fail at the same moment; only one of them is a trip. */
    if (!atomic_compare_exchange_strong(&r->down_until, &until, now + ln_health_interval(trips)))
        return false;
    atomic_store(&r->trips, trips);
    return true;
}

bool ln_health_success(struct ln_instance_record *r)
{
    if (atomic_load_explicit(&r->strikes, memory_order_relaxed) != 0)
        atomic_store(&r->strikes, 0);
    if (down_until(r) == 0)
        return false;
    atomic_store(&r->trips, 0);
    return atomic_exchange(&r->down_until, 0) != 0;
}
