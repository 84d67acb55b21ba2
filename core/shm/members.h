/* SPDX-License-Identifier: Apache-2.0
 * members.h - what a name stands for at present, as all workers share it.
 *
 *   head | spot | spot | ...                    of an instance with several addresses
 *   head | spot, record | spot, record | ...    of a name with an instance for each address
 *
 * Written by whoever has the lease of the names (upstream/names.h), read by all. Owner: the zone is
 * memory of the region; the view below is a value. Zeroed memory: nobody has been asked yet.
 */
#ifndef LN_SHM_MEMBERS_H
#define LN_SHM_MEMBERS_H

#include "base/clock.h"
#include "shm/demand.h"
#include "shm/record.h"
#include "shm/region.h"
#include "shm/spot.h"

enum {
    LN_MEMBERS_MAX = 512, /* spots with records: twice what net/resolve.h tells of a name, so
                             that all may leave and as many come */
    LN_MEMBERS_LIST = 16, /* addresses of one instance */
};

struct ln_members_head {
    _Alignas(64) _Atomic uint64_t answered; /* somebody has been asked, whatever came of it */
    _Atomic uint64_t gone;    /* monotonic milliseconds since which the servers say that it has no
                                 addresses; 0 = they do not */
    _Atomic uint32_t trouble; /* what the log was last told: upstream/names.c */
    _Atomic uint32_t used;    /* no spot from here on was ever used */
};

/* A view of a zone. */
struct ln_members {
    struct ln_members_head *head;
    char *spots; /* private */
    size_t stride;
    unsigned count; /* spots */
    bool has_records;
};

/* What such a zone, LN_ZONE_MEMBERS with records or LN_ZONE_NAME without, needs. */
void ln_members_demand(struct ln_demand *demand, struct ln_slice name, bool has_records);

/* False: there is no such zone. */
bool ln_members_open(struct ln_members *m, const struct ln_shm *shm, struct ln_slice name,
                     bool has_records);

static inline struct ln_spot_record *ln_members_spot(const struct ln_members *m, unsigned i)
{
    return (struct ln_spot_record *)(m->spots + i * m->stride);
}

/* Only with records. */
static inline struct ln_instance_record *ln_members_record(const struct ln_members *m, unsigned i)
{
    return (struct ln_instance_record *)(m->spots + i * m->stride + 64);
}

/* Places that may have something to say. */
static inline unsigned ln_members_used(const struct ln_members *m)
{
    uint32_t used = atomic_load_explicit(&m->head->used, memory_order_acquire);

    return used < m->count ? used : m->count;
}

/* Calls `each` for every record with cells of the workers in flight. For ln_record_settle(). */
void ln_members_each_record(void *zone, unsigned workers,
                            void (*each)(struct ln_instance_record *r, void *arg), void *arg);

#endif
