/* SPDX-License-Identifier: Apache-2.0
 * service.c - services as they are built, and the news of their instances.
 */
#include "upstream/service.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "shm/lease.h"
#include "shm/steer.h"
#include "upstream/balance.h"
#include "upstream/checks.h"
#include "upstream/names.h"
#include "upstream/news.h"
#include "upstream/seen.h"

enum { KEY_MAX = 1024, SETTLING_MS = 2000 };

_Static_assert((int)LN_OUTCOME_COUNT <= (int)LN_COUNTED_OUTCOMES, "each outcome has a count");

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

        ln_demand_add_slots(demand, LN_ZONE_CURSOR, ln_slice_of(s->name), LN_SERVICE_SIZE,
                            LN_SERVICE_EACH);
        for (unsigned k = 0; k < s->instance_count; k++) {
            const struct ln_instance_conf *instance = &s->instances[k];

            if (instance->is_name || instance->discover != LN_DISCOVER_OFF) {
                ln_seats_demand(s, instance, demand);
                ln_demand_add(demand, LN_ZONE_LEASE, LN_NAMES_LEASE,
                              sizeof(struct ln_lease_record));
            }
            if (instance->discover == LN_DISCOVER_OFF)
                ln_demand_add_slots(demand, LN_ZONE_INSTANCE, instance_key(key, s, instance),
                                    LN_INSTANCE_SIZE, LN_INSTANCE_EACH);
        }
        if (s->concurrency.on)
            ln_demand_add_slots(demand, LN_ZONE_LOAD, ln_slice_of(s->name),
                                sizeof(struct ln_load_record), sizeof(_Atomic uint32_t));
        if (s->health.on)
            ln_demand_add(demand, LN_ZONE_LEASE, LN_CHECKS_LEASE, sizeof(struct ln_lease_record));
    }
}

static void *zone(struct ln_shm *shm, enum ln_zone_kind kind, struct ln_slice name, size_t size,
                  size_t each, struct ln_err *err)
{
    void *p;

    size += ln_shm_workers(shm) * each;
    p = ln_shm_find(shm, kind, name, &size);

    if (p == NULL)
        ln_fail(err, LN_E_LIMIT, "shared memory has no record for %.*s", (int)name.n, name.p);
    return p;
}

/* An instance that joins a service at work warms up; in a new service nobody needs to. Whoever
 * comes first says so for all workers, which start within moments of each other. */
static void note_arrival(struct ln_instance *i, ln_msec now)
{
    struct ln_cursor_record *r = i->service->record;
    uint64_t born = 0, unseen = 0;

    if (atomic_compare_exchange_strong(&r->born, &born, now))
        born = now;
    atomic_compare_exchange_strong(&i->record->since, &unseen, now > born + SETTLING_MS ? now : 1);
}

static int init_instance(struct ln_instance *i, struct ln_shm *shm, struct ln_pools *pools,
                         struct ln_err *err)
{
    char key[KEY_MAX];

    i->pool = ln_pool_hold(pools, ln_slice_of(i->conf->url));
    i->record = zone(shm, LN_ZONE_INSTANCE, instance_key(key, i->service->conf, i->conf),
                     LN_INSTANCE_SIZE, LN_INSTANCE_EACH, err);
    if (i->record == NULL)
        return -1;
    i->counts = ln_instance_counts(i->record, ln_shm_workers(shm), pools->worker);
    note_arrival(i, ln_loop_now_ms(pools->loop));
    return 0;
}

static unsigned weight_of(const struct ln_instance *i)
{
    unsigned steered =
        ln_steer_weight(atomic_load_explicit(&i->record->steer, memory_order_relaxed));

    if (steered > 0)
        return steered;
    return i->service->conf->strategy == LN_STRATEGY_ROUND_ROBIN ? 1 : i->conf->weight;
}

static void weigh_tier(struct ln_service *s, struct ln_tier *tier)
{
    unsigned *weights = ln_alloc((tier->count + 1) * sizeof *weights);

    for (unsigned i = 0; i < tier->count; i++) {
        struct ln_instance *instance = &s->instances[tier->members[i]];

        weights[i] = instance->weight = weight_of(instance);
    }
    ln_ring_init(&tier->ring, weights, tier->count);
    ln_rendezvous_init(&tier->keys, tier->count);
    for (unsigned i = 0; i < tier->count; i++)
        ln_rendezvous_set(&tier->keys, i, ln_slice_of(s->instances[tier->members[i]].conf->url),
                          weights[i]);
    ln_sticky_init(&tier->names, s, tier);
    tier->up_weight = 0;
    ln_free(weights);
}

static void fill_tier(struct ln_service *s, struct ln_tier *tier, bool backups)
{
    tier->count = 0;
    for (unsigned i = 0; i < s->present_count; i++)
        if (s->instances[s->present[i]].conf->backup == backups)
            tier->members[tier->count++] = s->present[i];
    weigh_tier(s, tier);
}

/* Who is there, and who of them among whom. */
static void look(struct ln_service *s)
{
    s->asks = false;
    for (unsigned i = 0; i < s->followed_count; i++)
        s->asks = !ln_seats_look(&s->followed[i], s->all->pools) || s->asks;
    s->present_count = 0;
    for (unsigned i = 0; i < s->count; i++)
        if (!s->instances[i].out)
            s->present[s->present_count++] = (uint16_t)i;
    for (unsigned t = 0; t < LN_TIERS; t++)
        fill_tier(s, &s->tiers[t], t > 0);
}

static void fini_weights(struct ln_tier *tier)
{
    ln_ring_fini(&tier->ring);
    ln_rendezvous_fini(&tier->keys);
    ln_sticky_fini(&tier->names);
}

/* Again when there is news meanwhile: of a newcomer where it has looked already, and of who leaves
 * where it has not yet, it would see neither. What does not come to rest is seen at the next pick.
 */
void ln_service_weigh(struct ln_service *s)
{
    enum { LOOKS_MAX = 8 };

    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        s->steered = atomic_load_explicit(&s->record->steered, memory_order_acquire);
        for (unsigned t = 0; t < LN_TIERS; t++)
            fini_weights(&s->tiers[t]);
        look(s);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&s->record->steered, memory_order_relaxed) == s->steered)
            return;
    }
}

static unsigned slots_of(const struct ln_service_conf *conf)
{
    unsigned count = 0;

    for (unsigned i = 0; i < conf->instance_count; i++)
        count += ln_seats_of(&conf->instances[i]);
    return count;
}

static void make_room(struct ln_service *s, unsigned slots)
{
    s->instances = ln_zalloc(slots * sizeof *s->instances);
    s->present = ln_alloc((slots + 1) * sizeof *s->present);
    s->followed = ln_zalloc((s->conf->instance_count + 1) * sizeof *s->followed);
    for (unsigned t = 0; t < LN_TIERS; t++)
        s->tiers[t].members = ln_alloc((slots + 1) * sizeof *s->tiers[t].members);
}

/* The next entry of the list: an instance, or as many as may come of it. */
static int add_entry(struct ln_service *s, const struct ln_instance_conf *conf, struct ln_shm *shm,
                     struct ln_pools *pools, struct ln_err *err)
{
    struct ln_instance *first = &s->instances[s->count];
    bool discovers = conf->discover != LN_DISCOVER_OFF;

    for (unsigned k = 0; k < ln_seats_of(conf); k++) {
        first[k].conf = conf;
        first[k].service = s;
        s->count++;
    }
    if (!discovers && init_instance(first, shm, pools, err) != 0)
        return -1;
    if (!discovers && !conf->is_name)
        return 0;
    return ln_seats_init(&s->followed[s->followed_count++], first, conf, shm, err);
}

static int init_service(struct ln_service *s, const struct ln_service_conf *conf,
                        struct ln_shm *shm, struct ln_pools *pools, struct ln_err *err)
{
    s->conf = conf;
    s->balancer = ln_balancer_of(conf->strategy);
    ln_queue_init(&s->queue, pools->loop);
    make_room(s, slots_of(conf));
    s->record =
        zone(shm, LN_ZONE_CURSOR, ln_slice_of(conf->name), LN_SERVICE_SIZE, LN_SERVICE_EACH, err);
    if (s->record == NULL)
        return -1;
    s->counts = ln_service_counts(s->record, ln_shm_workers(shm), pools->worker);
    s->queue.length = &s->counts->waiting;
    s->load = (struct ln_concurrency){.conf = &conf->concurrency,
                                      .service = conf->name,
                                      .worker = s->all->worker,
                                      .workers = s->all->workers};
    if (conf->concurrency.on &&
        (s->load.record = zone(shm, LN_ZONE_LOAD, ln_slice_of(conf->name), sizeof *s->load.record,
                               sizeof(_Atomic uint32_t), err)) == NULL)
        return -1;
    for (unsigned k = 0; k < conf->instance_count; k++)
        if (add_entry(s, &conf->instances[k], shm, pools, err) != 0)
            return -1;
    s->steered = atomic_load_explicit(&s->record->steered, memory_order_acquire);
    look(s);
    return 0;
}

struct ln_services *ln_services_new(const struct ln_conf *conf, struct ln_shm *shm,
                                    struct ln_pools *pools, struct ln_err *err)
{
    struct ln_services *all = ln_zalloc(sizeof *all);

    all->pools = pools;
    all->worker = pools->worker;
    all->workers = ln_shm_workers(shm);
    ln_rand_init(&all->rand, 0);
    all->v = ln_zalloc(conf->service_count * sizeof *all->v);
    for (; all->count < conf->service_count; all->count++) {
        struct ln_service *s = &all->v[all->count];

        s->all = all;
        if (init_service(s, &conf->services[all->count], shm, pools, err) != 0) {
            all->count++;
            ln_services_free(all);
            return NULL;
        }
    }
    return all;
}

static void fini_service(struct ln_service *s)
{
    for (unsigned k = 0; k < s->count; k++)
        if (s->instances[k].pool != NULL)
            ln_pool_let_go(s->instances[k].pool);
    for (unsigned k = 0; k < s->followed_count; k++)
        ln_seats_fini(&s->followed[k]);
    ln_free(s->followed);
    ln_free(s->present);
    ln_queue_fini(&s->queue);
    for (unsigned t = 0; t < LN_TIERS; t++) {
        fini_weights(&s->tiers[t]);
        ln_free(s->tiers[t].members);
    }
    ln_free(s->instances);
}

void ln_services_free(struct ln_services *all)
{
    for (unsigned i = 0; i < all->count; i++)
        fini_service(&all->v[i]);
    ln_free(all->v);
    ln_free(all);
}

/* ---- news ---- */

/* It comes back as a newcomer: nothing is known of its latency, and it warms up. */
static void forget(struct ln_instance *i)
{
    atomic_store(&i->record->latency, 0);
}

static void is_back(struct ln_instance *i, ln_msec now)
{
    atomic_store(&i->record->since, now);
}

/* What marks an instance down at once is that it cannot be reached, of which a breaker need not
 * hear; other strikes are bad answers. */
static bool is_bad_answer(const struct ln_outcome_row *row)
{
    return row->strikes > 0 && row->strikes < LN_STRIKES_DOWN;
}

static void tell_breaker(struct ln_instance *i, struct ln_ticket ticket, bool ok, ln_msec now)
{
    unsigned total, failed;
    enum ln_breaker_news news = ln_breaker_report(&i->record->breaker, &i->service->conf->breaker,
                                                  ticket, ok, now, &total, &failed);

    if (LN_LIKELY(news == LN_BREAKER_NO_NEWS))
        return;
    if (news == LN_BREAKER_OPENED || news == LN_BREAKER_REOPENED)
        forget(i);
    if (news == LN_BREAKER_RECOVERED)
        is_back(i, now);
    ln_news_breaker(i, news, failed, total);
}

static void tell_breaker_end(struct ln_instance *i, struct ln_ticket ticket,
                             enum ln_outcome outcome, ln_msec now)
{
    const struct ln_outcome_row *row = ln_outcome_row(outcome);

    if (outcome == LN_OUTCOME_OK || is_bad_answer(row))
        tell_breaker(i, ticket, outcome == LN_OUTCOME_OK, now);
    else if (row->repeat == LN_REPEAT_CONNECT || outcome == LN_OUTCOME_STALE)
        ln_breaker_return(&i->record->breaker, ticket); /* it has seen nothing */
}

static void tell_health(struct ln_instance *i, uint64_t door, enum ln_outcome outcome, ln_msec now)
{
    if (outcome == LN_OUTCOME_OK) {
        if (!ln_health_success(i->record, door))
            return;
        is_back(i, now);
        ln_news_back(i);
        return;
    }
    const struct ln_outcome_row *row = ln_outcome_row(outcome);

    if (row->strikes == 0 || !ln_health_strike(i->record, door, row->strikes, now))
        return;
    forget(i);
    ln_news_down(i, row->sentence, atomic_load(&i->record->trips));
}

void ln_instance_report(struct ln_instance *i, struct ln_loan *loan, enum ln_outcome outcome,
                        ln_msec now)
{
    if (ln_outcome_row(outcome)->strikes > 0)
        ln_seen_fail(i->record, outcome, 0, now);
    /* An instance that restarts drops all that it has at one moment. That is one event: when health
     * has noticed, what is left of it says nothing more. */
    if (loan->ticket.valid && ln_health_is_news(i->record, loan->door))
        tell_breaker_end(i, loan->ticket, outcome, now);
    tell_health(i, loan->door, outcome, now);
    loan->ticket.valid = false;
}

void ln_instance_answered(struct ln_instance *i, struct ln_loan *loan, int status, ln_msec now)
{
    if (ln_statuses_have(&i->service->conf->breaker.statuses, status)) {
        ln_record_count(&i->counts->bad_statuses);
        ln_seen_fail(i->record, LN_OUTCOME_OK, status, now);
        if (loan->ticket.valid && ln_health_is_news(i->record, loan->door))
            tell_breaker(i, loan->ticket, false, now);
        loan->ticket.valid = false;
    }
}

/* ---- checks ---- */

/* The share of those that their checks call up; 1 where there are none. Those that the operator has
 * disabled do not count. */
static double checked_share(const struct ln_service *s, const struct ln_tier *tier, unsigned *up)
{
    unsigned count = 0;

    *up = 0;
    for (unsigned i = 0; i < tier->count; i++) {
        const struct ln_instance_record *r = s->instances[tier->members[i]].record;

        if (ln_steer_state(atomic_load(&r->steer)) == LN_STEER_DISABLED)
            continue;
        count++;
        *up += !ln_check_is_down(&r->check);
    }
    return count > 0 ? (double)*up / count : 1;
}

/* Backups that are up are better than instances that are not. */
static bool panics(const struct ln_service *s, unsigned *up)
{
    double least = s->conf->panic_threshold;
    unsigned spare;

    if (checked_share(s, &s->tiers[0], up) >= least && s->tiers[0].count > 0)
        return false;
    if (s->tiers[1].count == 0)
        return true;

    bool none_left = checked_share(s, &s->tiers[1], &spare) < least;

    *up += spare;
    return none_left;
}

void ln_service_weigh_checks(struct ln_service *s)
{
    unsigned up;
    bool panic = panics(s, &up);

    if (atomic_exchange(&s->record->panic, panic) == panic)
        return;
    if (panic)
        ln_warn("health %s: only %u of %u instances are up: requests go to all of them",
                s->conf->name, up, s->present_count);
    else
        ln_info("health %s: enough instances are up: requests go to those only", s->conf->name);
}

void ln_instance_checked(struct ln_instance *i, bool ok, const char *why, ln_msec now)
{
    struct ln_check_record *r = &i->record->check;

    atomic_fetch_add(ok ? &r->good : &r->bad, 1);
    if (!ok) {
        snprintf(r->text, sizeof r->text, "%s", why);
        atomic_store(&r->failed, now);
    }
    switch (ln_check_note(r, &i->service->conf->health, ok)) {
    case LN_CHECK_FELL:
        forget(i);
        ln_news_fell(i, why);
        break;
    case LN_CHECK_ROSE:
        ln_health_forgive(i->record);
        ln_breaker_hasten(&i->record->breaker, now);
        is_back(i, now);
        ln_news_rose(i);
        break;
    case LN_CHECK_NO_NEWS:
        return;
    }
    ln_service_weigh_checks(i->service);
}

void ln_services_publish(const struct ln_services *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        ln_concurrency_publish(&all->v[i].load);
        for (unsigned k = 0; k < all->v[i].present_count; k++) {
            const struct ln_instance *instance = &all->v[i].instances[all->v[i].present[k]];

            ln_seen_publish(instance->record, all->v[i].conf, instance->conf);
        }
    }
}
