/* SPDX-License-Identifier: Apache-2.0
 * lease.c - one word says who holds it and until when.
 */
#include "shm/lease.h"

enum { WHO_BITS = 22 }; /* the largest process id of Linux is 2^22 */

static const uint64_t who_mask = (1u << WHO_BITS) - 1;

bool ln_lease_take(struct ln_lease_record *r, uint32_t who, ln_msec now)
{
    uint64_t word = atomic_load(&r->holder), mine = who & who_mask;

    if (word >> WHO_BITS > now && (word & who_mask) != mine)
        return false;
    return atomic_compare_exchange_strong(&r->holder, &word,
                                          (now + LN_LEASE_TERM) << WHO_BITS | mine);
}

void ln_lease_keep(struct ln_lease_record *r, uint32_t who, ln_msec now)
{
    uint64_t word = atomic_load(&r->holder);

    if ((word & who_mask) == (who & who_mask))
        ln_lease_take(r, who, now);
}

void ln_lease_give(struct ln_lease_record *r, uint32_t who)
{
    uint64_t word = atomic_load(&r->holder);

    if ((word & who_mask) == (who & who_mask))
        atomic_compare_exchange_strong(&r->holder, &word, 0);
}

ln_msec ln_lease_left(const struct ln_lease_record *r, ln_msec now)
{
    ln_msec end = atomic_load(&r->holder) >> WHO_BITS;

    return end > now ? end - now : 0;
}

/* A turn that was set by a longer period is due after the shorter one. */
static ln_msec due_of(const struct ln_lease_record *r, ln_msec period, ln_msec now)
{
    ln_msec due = atomic_load(&r->due);

    return due > now + period ? now + period : due;
}

bool ln_lease_turn(struct ln_lease_record *r, uint32_t who, ln_msec period, ln_msec now,
                   ln_msec *wait)
{
    if (!ln_lease_take(r, who, now)) {
        ln_msec left = ln_lease_left(r, now);

        *wait = left > 0 ? left : 1;
        return false;
    }
    ln_msec due = due_of(r, period, now);

    if (now < due) {
        *wait = due - now;
        return false;
    }
    /* In step with the turns before, unless one was left out. */
    atomic_store(&r->due, due > 0 && due + period > now ? due + period : now + period);
    return true;
}

bool ln_lease_once(struct ln_lease_record *r, uint64_t generation)
{
    uint64_t done = atomic_load(&r->once);

    return done < generation && atomic_compare_exchange_strong(&r->once, &done, generation);
}
