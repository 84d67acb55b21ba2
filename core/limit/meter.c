/* SPDX-License-Identifier: Apache-2.0
 * meter.c - asks Redis, and does without it when that must be.
 */
#include "limit/meter.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "limit/meter_inner.h"

enum {
    LATE_MAX = 10,   /* answers in a row: Redis is too slow for this limit */
    PAUSE_MIN = 100, /* milliseconds before it is tried again; doubled each time ... */
    PAUSE_MAX = 2000 /* ... up to this */
};

/* What all workers share of a meter: LN_ZONE_METER. */
struct ln_meter_record {
    _Alignas(64) _Atomic uint64_t gateways; /* that live; 0 = never known */
    _Atomic uint32_t is_told;               /* the log knows that Redis cannot count */
};

const char *const ln_meter_words[LN_METER_BYS] = {
    [LN_METER_REDIS] = "redis", [LN_METER_LEASED] = "leased", [LN_METER_LOCAL] = "local",
    [LN_METER_ALLOW] = "allow", [LN_METER_DENY] = "deny",
};

struct ln_meters *ln_meters_new(const struct ln_meters_env *env)
{
    static const char who[] = "gateway";
    struct ln_meters *all = ln_zalloc(sizeof *all);

    all->env = *env;
    all->self = ln_hash(ln_shm_hash_key(env->shm), who, sizeof who);
    ln_tallies_init(&all->tallies);
    return all;
}

void ln_meters_free(struct ln_meters *all)
{
    if (all == NULL)
        return;
    ln_tallies_fini(&all->tallies);
    ln_free(all);
}

/* ---- meters ---- */

static bool has_lots(const struct ln_meter_conf *conf)
{
    return conf->lease > 1;
}

void ln_meter_demand(const struct ln_meter_conf *conf, struct ln_demand *demand)
{
    ln_demand_add(demand, LN_ZONE_METER, conf->rule, sizeof(struct ln_meter_record));
    if (has_lots(conf))
        ln_demand_add(demand, LN_ZONE_PURSE, conf->rule, ln_purse_size(conf->clients));
    if (conf->on_down == LN_LIMIT_DOWN_LOCAL)
        ln_fallback_demand(conf->without, conf->count, conf->rule, conf->clients,
                           conf->clients_said, demand);
}

static bool find_zones(struct ln_meter *m)
{
    const struct ln_meter_conf *conf = &m->conf;
    const struct ln_shm *shm = m->all->env.shm;

    m->record = ln_shm_find(shm, LN_ZONE_METER, conf->rule, NULL);
    if (m->record == NULL)
        return false;
    if (has_lots(conf)) {
        m->purse.size = ln_purse_size(conf->clients);
        m->purse.zone = ln_shm_find(shm, LN_ZONE_PURSE, conf->rule, &m->purse.size);
        if (m->purse.zone == NULL)
            return false;
    }
    return conf->on_down != LN_LIMIT_DOWN_LOCAL ||
           ln_fallback_open(&m->fallback, conf->without, conf->count, conf->rule, conf->clients,
                            conf->clients_said, shm);
}

static void on_beat(struct ln_census *c, ln_msec took);

static void start_census(struct ln_meter *m)
{
    m->census = (struct ln_census){
        .loop = m->all->env.loop,
        .redis = m->redis,
        .script = &m->all->tallies.gateways,
        .gateways = &m->record->gateways,
        .self = m->all->self,
        .key = ln_tally_gateways_key(&m->tally, m->census_key),
        .on_beat = on_beat,
    };
    ln_census_start(&m->census);
}

struct ln_meter *ln_meter_new(struct ln_meters *all, const struct ln_meter_conf *conf,
                              struct ln_err *err)
{
    struct ln_meter *m = ln_zalloc(sizeof *m);

    ln_assert(conf->rule.n <= sizeof m->name);
    m->all = all;
    m->conf = *conf;
    memcpy(m->name, conf->rule.p, conf->rule.n);
    m->conf.rule.p = m->name;
    if (!find_zones(m)) {
        ln_free(m);
        ln_fail(err, LN_E_SYS, "shared memory has no zone for it");
        return NULL;
    }
    ln_tally_init(&m->tally, &all->tallies, conf->limits, conf->count, m->conf.rule);
    ln_lots_init(m);
    m->redis = ln_redis_get(all->env.redis, &conf->url);
    start_census(m);
    return m;
}

static void set_down(struct ln_meter *m, bool is_down)
{
    struct ln_shm_slot *slot = m->all->env.slot;

    m->is_down = is_down;
    if (slot != NULL && is_down)
        ln_stat_add(slot, LN_STAT_LIMITS_DOWN, 1);
    else if (slot != NULL)
        ln_stat_sub(slot, LN_STAT_LIMITS_DOWN, 1);
}

void ln_meter_free(struct ln_meter *m)
{
    if (m == NULL)
        return;
    if (m->is_down)
        set_down(m, false);
    ln_census_stop(&m->census);
    ln_lots_free(m);
    ln_redis_put(m->redis);
    ln_free(m);
}

/* ---- the log ---- */

static void tell_down(const struct ln_meter *m, struct ln_slice why)
{
    char what[80] = "everybody passes";

    if (m->conf.on_down == LN_LIMIT_DOWN_DENY)
        snprintf(what, sizeof what, "everybody is refused");
    else if (m->conf.on_down == LN_LIMIT_DOWN_LOCAL)
        snprintf(what, sizeof what, "every gateway counts for itself, 1 part of %llu",
                 (unsigned long long)ln_census_count(&m->census));
    ln_warn("limit %.*s: Redis does not count: %.*s; until it does, %s", (int)m->conf.rule.n,
            m->name, (int)(why.n < 200 ? why.n : 200), why.p, what);
}

/* Workers notice one after the other; the first one tells. */
static void notice_down(struct ln_meter *m, struct ln_slice why)
{
    uint32_t not_told = 0;

    if (m->is_down)
        return;
    set_down(m, true);
    if (atomic_compare_exchange_strong(&m->record->is_told, &not_told, 1))
        tell_down(m, why);
}

/* Also when another one has told, who is no more. */
static void notice_up(struct ln_meter *m)
{
    uint32_t told = 1;

    if (m->heard && !m->is_down)
        return;
    if (m->is_down)
        set_down(m, false);
    m->heard = true;
    if (atomic_compare_exchange_strong(&m->record->is_told, &told, 0))
        ln_info("limit %.*s: counted in Redis again", (int)m->conf.rule.n, m->name);
}

/* ---- without Redis ---- */

void ln_meter_count(const struct ln_meter *m, enum ln_stat stat)
{
    if (m->all->env.slot != NULL)
        ln_stat_add(m->all->env.slot, stat, 1);
}

static void take_here(struct ln_meter_take *t)
{
    struct ln_meter *m = t->meter;
    const struct ln_meters_env *env = &m->all->env;
    struct ln_limit_answer a;
    unsigned which = 0;
    uint64_t gateways = ln_census_count(&m->census);
    ln_nsec now = ln_loop_now(env->loop);

    if (t->other != NULL)
        ln_fallback_take_as(&m->fallback, t->other, gateways, t->hash, t->cost, t->mode, now, &a);
    else
        ln_fallback_take(&m->fallback, gateways, t->hash, t->cost, t->mode, now, &a, &which);
    if (a.shared)
        ln_meter_count(m, LN_STAT_LIMITER_SHARED);
    t->answer = (struct ln_meter_answer){a.ok, LN_METER_LOCAL, which, a.left, a.wait, a.reset};
}

void ln_meter_do_without(struct ln_meter_take *t)
{
    enum { AGAIN_MS = 1000 };
    struct ln_meter *m = t->meter;
    uint64_t most = ln_limit_most(t->other != NULL ? t->other : &m->conf.limits[0]);
    ln_nsec again = AGAIN_MS * (ln_nsec)LN_NSEC_PER_MSEC;

    ln_meter_count(m, LN_STAT_LIMITED_WITHOUT);
    switch (m->conf.on_down) {
    case LN_LIMIT_DOWN_LOCAL:
        take_here(t);
        break;
    case LN_LIMIT_DOWN_ALLOW:
        t->answer = (struct ln_meter_answer){true, LN_METER_ALLOW, 0, most, 0, 0};
        break;
    case LN_LIMIT_DOWN_DENY:
        t->answer = (struct ln_meter_answer){false, LN_METER_DENY, 0, 0, again, again};
        break;
    }
}

/* ---- a slow Redis ---- */

static void beat_soon(struct ln_meter *m)
{
    m->pause = m->pause == 0 ? PAUSE_MIN : m->pause * 2;
    if (m->pause > PAUSE_MAX)
        m->pause = PAUSE_MAX;
    ln_census_hurry(&m->census, m->pause);
}

/* Redis answers others, who have more patience; so its client may well be up. */
static void note_late(struct ln_meter *m)
{
    ln_meter_count(m, LN_STAT_LIMITED_LATE);
    if (m->is_slow || ++m->late < LATE_MAX)
        return;
    m->is_slow = true;
    notice_down(m, LN_SLICE("it answers too late"));
    beat_soon(m);
}

static void note_in_time(struct ln_meter *m)
{
    m->late = 0;
    m->pause = 0;
    notice_up(m);
}

/* One that was in time lets the next ones ask again. Pauses grow until one of these is, too; until
 * then the log is told nothing. */
static void on_beat(struct ln_census *c, ln_msec took)
{
    struct ln_meter *m = ln_container_of(c, struct ln_meter, census);
    bool in_time = took <= m->conf.timeout;

    if (m->is_slow) {
        m->is_slow = !in_time;
        m->late = 0;
    }
    if (m->is_slow) {
        beat_soon(m);
    } else if (m->is_down && in_time) {
        set_down(m, false);
        m->heard = false;
    }
}

/* ---- taking ---- */

void ln_meter_answer_by_redis(struct ln_meter_take *t, const struct ln_tally_answer *a)
{
    t->answer =
        (struct ln_meter_answer){a->ok, LN_METER_REDIS, a->which, a->left, a->wait, a->reset};
    ln_meter_count(t->meter, LN_STAT_LIMITED_REDIS);
}

/* One that was late or lost says nothing of the next: when they are many the client goes down, and
 * that is told. */
bool ln_meter_read(struct ln_meter *m, const struct ln_redis_call *c, struct ln_tally_answer *out)
{
    struct ln_slice why = ln_slice_of(c->reason != NULL ? c->reason : "");

    if (c->error == LN_REDIS_OK && ln_tally_read(&m->tally, c, out, &why)) {
        note_in_time(m);
        return true;
    }
    if (c->error == LN_REDIS_TIMEOUT)
        note_late(m);
    if (c->error == LN_REDIS_OK || c->error == LN_REDIS_DOWN)
        notice_down(m, why);
    return false;
}

static void settle(struct ln_meter_take *t)
{
    struct ln_tally_answer a;

    if (ln_meter_read(t->meter, t->call, &a))
        ln_meter_answer_by_redis(t, &a);
    else
        ln_meter_do_without(t);
    ln_redis_call_free(t->call);
    t->call = NULL;
}

static void on_answer(struct ln_redis_call *c)
{
    struct ln_meter_take *t = c->arg;

    settle(t);
    t->on_done(t);
}

ln_msec ln_meter_patience(const struct ln_meter_take *t)
{
    ln_msec timeout = t->meter->conf.timeout;
    ln_msec waited = ln_loop_now_ms(t->meter->all->env.loop) - t->started;

    return waited < timeout ? timeout - waited : 0;
}

bool ln_meter_ask(struct ln_meter_take *t)
{
    struct ln_meter *m = t->meter;
    ln_msec patience = ln_meter_patience(t);
    bool charges = t->mode == LN_PLAN_CHARGE, looks = t->mode == LN_PLAN_LOOK;

    if (m->is_slow || patience == 0) {
        ln_meter_do_without(t);
        return true;
    }
    t->call = ln_redis_call_new(m->redis, on_answer, t);
    ln_tally_ask(t->tally, t->call, t->identity, charges ? LN_TALLY_CHARGE : (int64_t)t->cost,
                 looks ? 0 : t->cost);
    if (ln_redis_call_send(t->call, patience))
        return false;
    settle(t);
    return true;
}

static void begin(struct ln_meter *m, struct ln_meter_take *t, struct ln_slice identity,
                  uint64_t cost, enum ln_plan_mode mode)
{
    t->meter = m;
    t->call = NULL;
    t->other = NULL;
    t->tally = &m->tally;
    ln_list_init(&t->node);
    t->identity = identity;
    t->cost = cost;
    t->mode = mode;
    t->started = ln_loop_now_ms(m->all->env.loop);
    t->hash = ln_hash(ln_shm_hash_key(m->all->env.shm), identity.p, identity.n);
}

bool ln_meter_take(struct ln_meter *m, struct ln_meter_take *t, struct ln_slice identity,
                   uint64_t cost, enum ln_plan_mode mode)
{
    begin(m, t, identity, cost, mode);
    if (has_lots(&m->conf) && mode == LN_PLAN_TAKE && cost > 0)
        return ln_lots_take(t);
    return ln_meter_ask(t);
}

bool ln_meter_take_as(struct ln_meter *m, struct ln_meter_take *t, struct ln_slice identity,
                      uint64_t cost, enum ln_plan_mode mode, const struct ln_limit *limit,
                      struct ln_tally *room)
{
    begin(m, t, identity, cost, mode);
    ln_tally_init_apart(room, &m->all->tallies, limit, m->conf.rule);
    t->other = limit;
    t->tally = room;
    return ln_meter_ask(t);
}

void ln_meter_cancel(struct ln_meter_take *t)
{
    ln_list_remove(&t->node);
    ln_redis_call_free(t->call);
    t->call = NULL;
}
