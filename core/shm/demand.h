/* SPDX-License-Identifier: Apache-2.0
 * demand.h - what a configuration needs of shared memory: found while checking, satisfied before
 * any worker builds it.
 *
 * Only the supervisor allocates, so a configuration that is being checked notes its wishes here.
 * Owner: the caller of ln_demand_init(). One thread.
 */
#ifndef LN_SHM_DEMAND_H
#define LN_SHM_DEMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "base/slice.h"
#include "base/text.h"

enum ln_zone_kind {
    LN_ZONE_LIMITER,  /* shm/limiter.h */
    LN_ZONE_CURSOR,   /* what workers share about a service, shm/record.h */
    LN_ZONE_INSTANCE, /* and about an instance, shm/record.h */
    LN_ZONE_LOAD,     /* and about how much a service is given at once, shm/record.h */
    LN_ZONE_COUNTER,  /* shm/counters.h */
    LN_ZONE_DICT,     /* shm/dict.h */
    LN_ZONE_METRIC,   /* shm/metric.h */
    LN_ZONE_USE,      /* shm/quarantine.h */
    LN_ZONE_LEASE,    /* shm/lease.h */
    LN_ZONE_NAME,     /* addresses of an instance, shm/members.h */
    LN_ZONE_MEMBERS,  /* instances that a name stands for, shm/members.h */
    LN_ZONE_METER,    /* limit/meter.h */
    LN_ZONE_PURSE,    /* shm/purse.h */
    LN_ZONE_KINDS
};

struct ln_demand_item {
    enum ln_zone_kind kind;
    struct ln_slice name; /* owned by the demand */
    size_t size;
    size_t each; /* and so much more for each worker of the region */
};

struct ln_demand {
    struct ln_demand_item *items;
    unsigned count, cap;
    struct ln_map index; /* private: kind and name to item */
};

void ln_demand_init(struct ln_demand *d);
void ln_demand_fini(struct ln_demand *d);

/* Asking twice for the same kind and name asks once, for the larger size. The name is copied. */
void ln_demand_add(struct ln_demand *d, enum ln_zone_kind kind, struct ln_slice name, size_t size);

/* The same for a zone whose size follows from the number of workers, which only the region knows:
 * `size` and `each` bytes more for every worker. */
void ln_demand_add_slots(struct ln_demand *d, enum ln_zone_kind kind, struct ln_slice name,
                         size_t size, size_t each);

/* Appends the list to `out` as bytes, for the trip from the checker to the supervisor. */
void ln_demand_save(const struct ln_demand *d, struct ln_text *out);

/* Adds what ln_demand_save() wrote; false when the bytes are not such a list. */
bool ln_demand_load(struct ln_demand *d, struct ln_slice bytes);

#endif
