/* SPDX-License-Identifier: Apache-2.0
 * limiter.h - how many requests a client may make: a table in shared memory, exact across workers.
 *
 * A client is a 64-bit keyed hash (ln_hash with ln_shm_hash_key), so nobody can aim at another's
 * entry; an entry tells clients of one set apart by 40 bits of it. Per client there is a state
 * (shm/plan.h); an entry whose state is free equals an absent one, so forgetting it loses nothing,
 * and an entry that is not free is never forgotten. When no entry is free, newcomers of the same
 * set share one: stricter for them, never laxer for anybody. What was taken from the shared one is
 * not forgotten either when a newcomer gets an entry of its own.
 *
 * Who uses one zone counts in one way, and a log has a ring of the same size for all of them.
 * Clients with different limits must differ in their hashes, and none has a longer span than the
 * plan that the zone was opened with: what is free is free for all of them.
 *
 * Owner: the zone is memory of the region (zero = empty). Threads and processes: any; no locks; a
 * process that is killed at any instruction leaves nothing half done that the next one does not
 * finish. Clock: the caller's `now`, as in shm/plan.h; it may differ between workers by a turn of
 * their loops.
 */
#ifndef LN_SHM_LIMITER_H
#define LN_SHM_LIMITER_H

#include <stddef.h>
#include <stdint.h>

#include "shm/plan.h"

struct ln_limiter_zone {
    void *sets;
    size_t count;    /* of sets */
    uint64_t *cells; /* of rings; NULL: the way needs none */
    unsigned ring;   /* cells of each */
    struct ln_plan plan;
};

/* Bytes of a zone for this many clients at once of whom something is known: 32 for each, and a log
 * 16 more for each unit of its limit. */
size_t ln_limiter_size(const struct ln_plan *p, size_t entries);

/* How many of `clients` a zone is to have room for: all of them if somebody has said so, else no
 * more of a log than 64 MiB hold. */
size_t ln_limiter_entries(const struct ln_plan *p, size_t clients, bool is_said);

/* A zone of ln_limiter_size() bytes or more. */
void ln_limiter_open(struct ln_limiter_zone *z, const struct ln_plan *p, void *at, size_t size);

/* Judges by the client's state, and stores what follows: see ln_plan_judge(). */
void ln_limiter_take(const struct ln_limiter_zone *z, const struct ln_plan *plan, uint64_t hash,
                     uint64_t cost, enum ln_plan_mode mode, ln_nsec now,
                     struct ln_limit_answer *out);

#endif
