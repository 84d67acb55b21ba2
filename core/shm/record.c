/* SPDX-License-Identifier: Apache-2.0
 * record.c - a place in memory that is given to another instance, and settling.
 */
#include "shm/record.h"

#include "shm/members.h"
#include "shm/region.h"

void ln_record_renew(struct ln_instance_record *r, uint64_t since)
{
    atomic_store(&r->down, 0);
    atomic_store(&r->strikes, 0);
    atomic_store(&r->trips, 0);
    atomic_store(&r->latency, 0);
    atomic_store(&r->breaker.word, 0);
    for (unsigned i = 0; i < LN_BREAKER_BUCKETS; i++)
        atomic_store(&r->breaker.buckets[i], 0);
    atomic_store(&r->breaker.failed, 0);
    atomic_store(&r->breaker.row, 0);
    atomic_store(&r->check.word, 0);
    atomic_store(&r->check.due, 0);
    atomic_store(&r->check.failed, 0);
    atomic_store(&r->error, 0);
    atomic_store(&r->since, since);
}

void ln_record_rename(struct ln_instance_record *r, unsigned workers)
{
    atomic_store(&r->steer, 0);
    atomic_store(&r->check.good, 0);
    atomic_store(&r->check.bad, 0);
    for (unsigned i = 0; i < LN_CHANGES; i++)
        atomic_store(&r->changes[i], 0);
    for (unsigned w = 0; w < workers; w++) {
        struct ln_instance_counts *c = ln_instance_counts(r, workers, w);

        for (unsigned i = 0; i < LN_COUNTED_OUTCOMES; i++)
            atomic_store(&c->ended[i], 0);
        atomic_store(&c->bad_statuses, 0);
    }
}

/* ---- what a dead worker had in flight ---- */

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

static void settle_member(struct ln_instance_record *r, void *arg)
{
    atomic_store(&r->active[((const struct dead *)arg)->worker], 0);
}

static void settle_members(void *zone, size_t size, void *arg)
{
    (void)size;
    ln_members_each_record(zone, ((const struct dead *)arg)->workers, settle_member, arg);
}

static void settle_load(void *zone, size_t size, void *arg)
{
    const struct dead *d = arg;
    struct ln_load_record *r = zone;

    (void)size;
    atomic_store(&r->places[d->worker], 0);
}

void ln_record_settle(struct ln_shm *shm, unsigned worker)
{
    struct dead d = {worker, ln_shm_workers(shm)};

    ln_shm_each(shm, LN_ZONE_CURSOR, settle_service, &d);
    ln_shm_each(shm, LN_ZONE_INSTANCE, settle_instance, &d);
    ln_shm_each(shm, LN_ZONE_MEMBERS, settle_members, &d);
    ln_shm_each(shm, LN_ZONE_LOAD, settle_load, &d);
}
