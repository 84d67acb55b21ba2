/* SPDX-License-Identifier: Apache-2.0
 * members.c - where in the zone everything is.
 */
#include "shm/members.h"

enum { LINE = 64 };

_Static_assert(sizeof(struct ln_spot_record) <= LINE, "a spot has room before its record");

static size_t round_up(size_t n)
{
    return (n + LINE - 1) & ~(size_t)(LINE - 1);
}

static size_t stride_of(unsigned workers, bool has_records)
{
    return LINE + (has_records ? round_up(LN_INSTANCE_SIZE + workers * LN_INSTANCE_EACH) : 0);
}

/* A line more than needed, because round_up() depends on the number of workers. */
void ln_members_demand(struct ln_demand *demand, struct ln_slice name, bool has_records)
{
    size_t head = sizeof(struct ln_members_head);

    if (has_records)
        ln_demand_add_slots(demand, LN_ZONE_MEMBERS, name,
                            head + LN_MEMBERS_MAX * (stride_of(0, true) + LINE),
                            LN_MEMBERS_MAX * LN_INSTANCE_EACH);
    else
        ln_demand_add(demand, LN_ZONE_NAME, name, head + LN_MEMBERS_LIST * stride_of(0, false));
}

static void view(struct ln_members *m, void *zone, unsigned workers, bool has_records)
{
    *m = (struct ln_members){.head = zone,
                             .spots = (char *)zone + sizeof(struct ln_members_head),
                             .stride = stride_of(workers, has_records),
                             .count = has_records ? LN_MEMBERS_MAX : LN_MEMBERS_LIST,
                             .has_records = has_records};
}

bool ln_members_open(struct ln_members *m, const struct ln_shm *shm, struct ln_slice name,
                     bool has_records)
{
    void *zone = ln_shm_find(shm, has_records ? LN_ZONE_MEMBERS : LN_ZONE_NAME, name, NULL);

    if (zone != NULL)
        view(m, zone, ln_shm_workers(shm), has_records);
    return zone != NULL;
}

void ln_members_each_record(void *zone, unsigned workers,
                            void (*each)(struct ln_instance_record *r, void *arg), void *arg)
{
    struct ln_members m;

    view(&m, zone, workers, true);
    for (unsigned i = 0; i < ln_members_used(&m); i++)
        each(ln_members_record(&m, i), arg);
}
