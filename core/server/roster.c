/* SPDX-License-Identifier: Apache-2.0
 * roster.c - reads the list of zones: which of them are services and instances.
 */
#include "server/roster.h"

#include <stdio.h>
#include <string.h>

#include "upstream/seat.h"

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

/* ---- instances of a name ---- */

/* What stands behind the authority of an entry's URL. */
static struct ln_slice base_of(struct ln_slice url)
{
    const char *at = memmem(url.p, url.n, "://", 3), *end = url.p + url.n;
    const char *slash = at != NULL ? memchr(at + 3, '/', (size_t)(end - at) - 3) : NULL;

    return slash != NULL ? ln_slice(slash, (size_t)(end - slash)) : ln_slice(end, 0);
}

static struct ln_slice url_of(struct ln_roster *r, const struct ln_spot *p)
{
    char url[LN_SEAT_URL];

    ln_seat_url(p, "", url, sizeof url);

    int n = snprintf(r->text, sizeof r->text, "%s%.*s", url, (int)r->base.n, r->base.p);
    struct ln_slice text = ln_slice(r->text, n < LN_ROSTER_URL ? (size_t)n : LN_ROSTER_URL - 1);

    return r->texts != NULL ? ln_arena_dup(r->texts, text) : text;
}

/* Whoever has left is told of as long as requests of hers are under way. */
static bool next_member(struct ln_roster *r, struct ln_roster_row *row)
{
    struct ln_spot p;

    while (r->members.head != NULL && r->spot < ln_members_used(&r->members)) {
        unsigned at = r->spot++;

        if (!ln_spot_read(ln_members_spot(&r->members, at), &p) || p.state == LN_SPOT_EMPTY)
            continue;
        row->record = ln_members_record(&r->members, at);
        if (p.state == LN_SPOT_LEAVING &&
            ln_record_sum(row->record->active, ln_shm_workers(r->shm)) == 0)
            continue;
        row->url = url_of(r, &p);
        row->panic = r->panic;
        row->discovered = true;
        ln_seen_read(row->record, row->panic, ln_shm_workers(r->shm), r->now, &row->seen);
        if (p.state == LN_SPOT_LEAVING)
            row->seen.state = LN_SEEN_LEAVING;
        return true;
    }
    r->members.head = NULL;
    return false;
}

/* ---- all of them ---- */

/* The zone is called "service url", and no name of a service has a space. */
static bool read_name(struct ln_roster *r, const struct ln_demand_item *item,
                      struct ln_roster_row *row)
{
    const char *space = item->kind == LN_ZONE_INSTANCE || item->kind == LN_ZONE_MEMBERS
                            ? memchr(item->name.p, ' ', item->name.n)
                            : NULL;

    if (space == NULL)
        return false;
    row->service = ln_slice(item->name.p, (size_t)(space - item->name.p));
    row->url = ln_slice(space + 1, item->name.n - row->service.n - 1);
    if (!ln_slice_eq(row->service, r->service))
        r->panic = panics(r->shm, row->service);
    r->service = row->service;
    return true;
}

bool ln_roster_next(struct ln_roster *r, struct ln_roster_row *row)
{
    row->service = r->service;
    if (next_member(r, row))
        return true;
    while (r->at < r->demand->count) {
        const struct ln_demand_item *item = &r->demand->items[r->at++];

        if (!read_name(r, item, row))
            continue;
        if (item->kind == LN_ZONE_MEMBERS) {
            r->spot = 0;
            r->base = base_of(row->url);
            if (ln_members_open(&r->members, r->shm, item->name, true) && next_member(r, row))
                return true;
            continue;
        }
        row->record = record_of(r->shm, item);
        if (row->record == NULL)
            continue;
        row->panic = r->panic;
        row->discovered = false;
        ln_seen_read(row->record, row->panic, ln_shm_workers(r->shm), r->now, &row->seen);
        return true;
    }
    return false;
}

bool ln_roster_next_load(const struct ln_shm *shm, const struct ln_demand *demand, unsigned *at,
                         struct ln_slice *name, struct ln_concurrency_seen *seen)
{
    while (*at < demand->count) {
        const struct ln_demand_item *item = &demand->items[(*at)++];
        const struct ln_load_record *r = item->kind == LN_ZONE_LOAD ? record_of(shm, item) : NULL;

        if (r == NULL)
            continue;
        *name = item->name;
        ln_concurrency_see(r, ln_shm_workers(shm), seen);
        return true;
    }
    return false;
}
