/* SPDX-License-Identifier: Apache-2.0
 * lease.h - work that one process of several does, and another one when that one is dead.
 *
 * Whoever takes the lease first keeps it and prolongs it as long as she lives; it ends by itself
 * when she does no more. `due` says when the work is to be done next, and only the holder moves it,
 * before she begins: so a turn is done once, and a holder that is killed costs that turn and not
 * the next.
 *
 * Owner: the zone is memory of the region (zero = free, never done). Processes:
 * any; no locks. Clock: the caller's `now`, monotonic milliseconds, below 2^42.
 */
#ifndef LN_SHM_LEASE_H
#define LN_SHM_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum { LN_LEASE_TERM = 3000 };

/* LN_ZONE_LEASE */
struct ln_lease_record {
    _Alignas(64) _Atomic uint64_t holder; /* 0 = nobody; until when << 22, and who */
    _Atomic uint64_t due;                 /* 0 = never done */
    _Atomic uint64_t once;                /* generation for which it was done, if once is enough */
};

/* Now it is `who`'s (a process id), for a term from now on: it was free, or over, or hers already.
 */
bool ln_lease_take(struct ln_lease_record *r, uint32_t who, ln_msec now);
/* For a term from now on, if it is hers. */
void ln_lease_keep(struct ln_lease_record *r, uint32_t who, ln_msec now);
/* Nothing if it is somebody else's by now. */
void ln_lease_give(struct ln_lease_record *r, uint32_t who);

/* How long until it is free, unless it is prolonged; 0 = it is. */
ln_msec ln_lease_left(const struct ln_lease_record *r, ln_msec now);

/* May `who` do the work that is done every `period` (at least 1)? True: the next turn is set.
 * False: *wait says how long until it is worth asking again. Either way she may hold the lease now,
 * and prolongs it with ln_lease_keep(). */
bool ln_lease_turn(struct ln_lease_record *r, uint32_t who, ln_msec period, ln_msec now,
                   ln_msec *wait);

/* Is it for the caller to do what is done once in each generation? The first who asks. */
bool ln_lease_once(struct ln_lease_record *r, uint64_t generation);

#endif
