/* SPDX-License-Identifier: Apache-2.0
 * service.c - picking instances and believing their news.
 */
#include "upstream/service.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "upstream/health.h"

enum { KEY_MAX = 1024, DRAWS_MAX = 64 };

static struct ln_slice instance_key(char out[KEY_MAX], const struct ln_service_conf *s,
                                    const struct ln_instance_conf *i)
{
    int n = snprintf(out, KEY_MAX, "%s %s", s->name, i->url);

    return ln_slice(out, n < KEY_MAX ? (size_t)n : KEY_MAX - 1);
}

void ln_services_demand(const struct ln_conf *conf, struct ln_demand *demand)
{
    char key[KEY_MAX];

    for (unsigned i = 0; i < conf->service_count; i++) {
        const struct ln_service_conf *s = &conf->services[i];

        ln_demand_add(demand, LN_ZONE_CURSOR, ln_slice_of(s->name),
                      sizeof(struct ln_cursor_record));
        for (unsigned k = 0; k < s->instance_count; k++)
            ln_demand_add(demand, LN_ZONE_INSTANCE, instance_key(key, s, &s->instances[k]),
                          sizeof(struct ln_instance_record));
    }
}

static void *zone(struct ln_shm *shm, enum ln_zone_kind kind, struct ln_slice name, size_t want,
                  struct ln_err *err)
{
    size_t size = want;
    void *p = ln_shm_find(shm, kind, name, &size);

    if (p == NULL || size < want) {
        ln_fail(err, LN_E_LIMIT, "shared memory has no record for %.*s", (int)name.n, name.p);
        return NULL;
    }
    return p;
}

static int init_service(struct ln_service *s, const struct ln_service_conf *conf,
                        struct ln_shm *shm, struct ln_pools *pools, struct ln_err *err)
{
    char key[KEY_MAX];
    unsigned *weights = ln_alloc((conf->instance_count + 1) * sizeof *weights);

    s->conf = conf;
    s->instances = ln_zalloc(conf->instance_count * sizeof *s->instances);
    s->cursor = zone(shm, LN_ZONE_CURSOR, ln_slice_of(conf->name), sizeof *s->cursor, err);
    for (unsigned k = 0; k < conf->instance_count; k++) {
        struct ln_instance *i = &s->instances[k];

        i->conf = &conf->instances[k];
        i->service = s;
        i->record =
            zone(shm, LN_ZONE_INSTANCE, instance_key(key, conf, i->conf), sizeof *i->record, err);
        i->pool = ln_pool_get(pools, ln_slice_of(i->conf->url));
        weights[k] = conf->strategy == LN_STRATEGY_WEIGHTED_ROUND_ROBIN ? i->conf->weight : 1;
        s->count++;
        if (i->record == NULL)
            s->cursor = NULL;
    }
    ln_ring_init(&s->ring, weights, s->count);
    ln_free(weights);
    return s->cursor != NULL ? 0 : -1;
}

struct ln_services *ln_services_new(const struct ln_conf *conf, struct ln_shm *shm,
                                    struct ln_pools *pools, struct ln_err *err)
{
    struct ln_services *all = ln_zalloc(sizeof *all);

    all->v = ln_zalloc(conf->service_count * sizeof *all->v);
    for (; all->count < conf->service_count; all->count++) {
        if (init_service(&all->v[all->count], &conf->services[all->count], shm, pools, err) != 0) {
            all->count++;
            ln_services_free(all);
            return NULL;
        }
    }
    return all;
}

void ln_services_free(struct ln_services *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        struct ln_service *s = &all->v[i];

        for (unsigned k = 0; k < s->count; k++)
            ln_pool_put(s->instances[k].pool);
        ln_ring_fini(&s->ring);
        ln_free(s->instances);
    }
    ln_free(all->v);
    ln_free(all);
}

static bool was_tried(const struct ln_tried *tried, unsigned index)
{
    for (unsigned i = 0; i < tried->count; i++)
        if (tried->at[i] == index)
            return true;
    return false;
}

static struct ln_instance *admitted(struct ln_service *s, unsigned index,
                                    const struct ln_tried *tried, ln_msec now)
{
    struct ln_instance *i = &s->instances[index];

    return !was_tried(tried, index) && ln_health_admits(i->record, now) ? i : NULL;
}

/* Draws from the shared cursor; a draw that falls on a dead instance is repeated, so that its share
 * is spread over all others and does not fall to its neighbour. Bounded: then any that will do,
 * from where the cursor stands. */
static struct ln_instance *draw(struct ln_service *s, const struct ln_tried *tried, ln_msec now)
{
    struct ln_instance *found = NULL;

    for (unsigned i = 0; i < s->ring.size && i < DRAWS_MAX && found == NULL; i++) {
        uint64_t at = atomic_fetch_add_explicit(&s->cursor->picks, 1, memory_order_relaxed);

        found = admitted(s, s->ring.at[at % s->ring.size], tried, now);
    }
    return found;
}

/* The same without moving the cursor: for repeats, which must not shift the turns of everybody
 * else. */
static struct ln_instance *look(struct ln_service *s, const struct ln_tried *tried, ln_msec now)
{
    uint64_t at = atomic_load_explicit(&s->cursor->picks, memory_order_relaxed);
    struct ln_instance *found = NULL;

    for (unsigned i = 0; i < s->ring.size && found == NULL; i++)
        found = admitted(s, s->ring.at[(at + i) % s->ring.size], tried, now);
    return found;
}

struct ln_instance *ln_service_pick(struct ln_service *s, const struct ln_tried *tried, ln_msec now)
{
    static const struct ln_tried nowhere;
    struct ln_instance *i = tried->count == 0 ? draw(s, tried, now) : NULL;

    if (i == NULL)
        i = look(s, tried, now);
    if (i == NULL && tried->count > 0)
        i = look(s, &nowhere, now);
    return i;
}

void ln_instance_report(struct ln_instance *i, enum ln_outcome outcome, ln_msec now)
{
    const struct ln_outcome_row *row = ln_outcome_row(outcome);

    if (outcome == LN_OUTCOME_OK) {
        if (ln_health_success(i->record))
            ln_info("instance %s of %s is back", i->conf->url, i->service->conf->name);
        return;
    }
    if (row->strikes > 0 && ln_health_strike(i->record, row->strikes, now))
        ln_warn("instance %s of %s is down: %s; trying again in %llu ms", i->conf->url,
                i->service->conf->name, row->sentence,
                (unsigned long long)ln_health_interval(atomic_load(&i->record->trips)));
}
