/* SPDX-License-Identifier: Apache-2.0
 * record.c - settling what a dead worker had in flight.
 */
#include "shm/record.h"

#include "shm/region.h"

struct dead {
    unsigned worker, workers;
};

static void settle_service(void *zone, size_t size, void *arg)
{
    const struct dead *d = arg;
    struct ln_cursor_record *r = zone;

    if (size < LN_SERVICE_SIZE + d->workers * LN_SERVICE_EACH) /* the turns of a split */
        return;
    atomic_store(&r->active[d->worker], 0);
    atomic_store(&ln_service_counts(r, d->workers, d->worker)->waiting, 0);
}

static void settle_instance(void *zone, size_t size, void *arg)
{
    const struct dead *d = arg;
    struct ln_instance_record *r = zone;

    (void)size;
    atomic_store(&r->active[d->worker], 0);
}

void ln_record_settle(struct ln_shm *shm, unsigned worker)
{
    struct dead d = {worker, ln_shm_workers(shm)};

    ln_shm_each(shm, LN_ZONE_CURSOR, settle_service, &d);
    ln_shm_each(shm, LN_ZONE_INSTANCE, settle_instance, &d);
}
