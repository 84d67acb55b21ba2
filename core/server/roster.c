/* SPDX-License-Identifier: Apache-2.0
 * roster.c - reads the list of zones: which of them are services and instances.
 */
#include "server/roster.h"

#include <string.h>

/* The turns of a split are a zone of the same kind, and nobody is in flight there. */
static bool is_service(const struct ln_demand_item *item)
{
    return item->kind == LN_ZONE_CURSOR && item->each > 0;
}

static void *record_of(const struct ln_shm *shm, const struct ln_demand_item *item)
{
    size_t size = item->size + item->each * ln_shm_workers(shm);

    return ln_shm_find(shm, item->kind, item->name, &size);
}

struct ln_cursor_record *ln_roster_next_service(const struct ln_shm *shm,
                                                const struct ln_demand *demand, unsigned *at,
                                                struct ln_slice *name)
{
    while (*at < demand->count) {
        const struct ln_demand_item *item = &demand->items[(*at)++];
        struct ln_cursor_record *record = is_service(item) ? record_of(shm, item) : NULL;

        if (record == NULL)
            continue;
        *name = item->name;
        return record;
    }
    return NULL;
}

/* Do its checks say so little good that they are not heeded? */
static bool panics(const struct ln_shm *shm, struct ln_slice service)
{
    const struct ln_cursor_record *r = ln_shm_find(shm, LN_ZONE_CURSOR, service, NULL);

    return r != NULL && atomic_load(&r->panic) != 0;
}

/* The zone of an instance is called "service url", and no name of a service has a space. */
bool ln_roster_next(struct ln_roster *r, struct ln_roster_row *row)
{
    while (r->at < r->demand->count) {
        const struct ln_demand_item *item = &r->demand->items[r->at++];
        const char *space =
            item->kind == LN_ZONE_INSTANCE ? memchr(item->name.p, ' ', item->name.n) : NULL;

        if (space == NULL || (row->record = record_of(r->shm, item)) == NULL)
            continue;
        row->service = ln_slice(item->name.p, (size_t)(space - item->name.p));
        row->url = ln_slice(space + 1, item->name.n - row->service.n - 1);
        if (!ln_slice_eq(row->service, r->service))
            r->panic = panics(r->shm, row->service);
        r->service = row->service;
        row->panic = r->panic;
        ln_seen_read(row->record, row->panic, ln_shm_workers(r->shm), r->now, &row->seen);
        return true;
    }
    return false;
}
