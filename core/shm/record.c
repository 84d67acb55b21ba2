/* SPDX-License-Identifier: Apache-2.0
 * record.c - settling what a dead worker had in flight.
 */
#include "shm/record.h"

#include "shm/region.h"

static void settle(_Atomic uint32_t *cells, size_t bytes, unsigned worker)
{
    if (worker < bytes / sizeof *cells)
        atomic_store(&cells[worker], 0);
}

static void settle_service(void *zone, size_t size, void *worker)
{
    struct ln_cursor_record *r = zone;

    settle(r->active, size - sizeof *r, *(unsigned *)worker);
}

static void settle_instance(void *zone, size_t size, void *worker)
{
    struct ln_instance_record *r = zone;

    settle(r->active, size - sizeof *r, *(unsigned *)worker);
}

void ln_record_settle(struct ln_shm *shm, unsigned worker)
{
    ln_shm_each(shm, LN_ZONE_CURSOR, settle_service, &worker);
    ln_shm_each(shm, LN_ZONE_INSTANCE, settle_instance, &worker);
}
