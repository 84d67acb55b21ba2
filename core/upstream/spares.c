/* SPDX-License-Identifier: Apache-2.0
 * spares.c - looks, opens, and waits where that is in vain.
 */
#include "upstream/spares.h"

#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "net/connect.h"
#include "upstream/balance.h"

enum { SOON_MS = 5, DOUBLINGS = 8 };

struct spare {
    struct ln_spares *all;
    struct ln_instance *instance;
    struct ln_connect connect;
    struct ln_deadline patience;
    struct ln_pool *pool; /* counted while one is being opened: the instance's, when it began */
    bool was_short;
    unsigned failures; /* in a row */
    unsigned cut_off;  /* pool->cut_off when it was last looked at */
    ln_msec next;      /* it is left alone until then */
};

struct ln_spares {
    struct ln_services *services;
    struct ln_pools *pools;
    struct ln_timer timer;
    unsigned count, at; /* whose turn it is */
    struct spare v[];
};

static ln_msec now_of(const struct ln_spares *s)
{
    return ln_loop_now_ms(s->pools->loop);
}

/* ---- one connection ---- */

/* Half of the time is left to chance, so that workers do not come all at once. */
static void fail(struct spare *k)
{
    ln_msec wait = (ln_msec)LN_SPARES_AGAIN_MS
                   << (k->failures < DOUBLINGS ? k->failures : DOUBLINGS);

    if (wait > LN_SPARES_AGAIN_MAX_MS)
        wait = LN_SPARES_AGAIN_MAX_MS;
    k->failures++;
    k->next = now_of(k->all) + wait / 2 + ln_rand_below(&k->all->services->rand, wait / 2 + 1);
}

static void end_opening(struct spare *k)
{
    if (k->pool == NULL)
        return;
    k->pool->opening--;
    ln_pool_put(k->pool);
    k->pool = NULL;
    ln_deadline_clear(&k->patience);
}

static void on_look(struct ln_timer *t);

static void on_connect(struct ln_connect *c, int fd)
{
    struct spare *k = ln_container_of(c, struct spare, connect);
    bool has_moved = k->instance->out || k->instance->pool != k->pool; /* upstream/seat.h */

    end_opening(k);
    if (fd >= 0 && has_moved)
        close(fd);
    if (fd < 0)
        fail(k);
    if (fd < 0 || has_moved)
        return;
    ln_pool_keep(ln_pool_adopt(k->instance->pool, fd),
                 k->instance->service->conf->pool.idle_timeout);
    ln_timer_stop(k->all->pools->loop, &k->all->timer);
    ln_timer_start(k->all->pools->loop, &k->all->timer, SOON_MS, on_look); /* for the next one */
}

static void on_patience(struct ln_deadline *d)
{
    struct spare *k = ln_container_of(d, struct spare, patience);

    ln_connect_cancel(&k->connect);
    end_opening(k);
    fail(k);
}

static const struct sockaddr *address(struct ln_connect *c, unsigned i, socklen_t *len)
{
    const struct spare *k = ln_container_of(c, struct spare, connect);
    const struct ln_addr *addr = &k->instance->conf->addrs[i];

    *len = addr->len;
    return &addr->any;
}

static void open_one(struct spare *k)
{
    struct ln_instance *i = k->instance;

    k->pool = ln_pool_get(k->all->pools, i->pool->key);
    k->pool->opening++;
    ln_deadline_set(k->all->pools->deadlines, &k->patience, i->service->conf->connect);
    ln_connect_start(&k->connect, k->all->pools->loop, i->conf->addr_count,
                     i->service->conf->connect);
}

/* ---- looking ---- */

/* Trials and probes are for requests: whatever is not simply up is left alone. */
static bool is_up(const struct ln_instance *i)
{
    const struct ln_instance_record *r = i->record;

    return !i->out &&
           ln_steer_state(atomic_load_explicit(&r->steer, memory_order_relaxed)) ==
               LN_STEER_ENABLED &&
           !ln_instance_is_checked_out(i) &&
           atomic_load_explicit(&r->down, memory_order_relaxed) == 0 &&
           (!i->service->conf->breaker.on || ln_breaker_state(&r->breaker) == LN_BREAKER_CLOSED);
}

static bool is_short(const struct ln_instance *i)
{
    const struct ln_pool_conf *conf = &i->service->conf->pool;
    const struct ln_pool *p = i->pool;

    return p->idle_count + p->opening < conf->min_idle &&
           (conf->max == 0 || p->open + p->opening < conf->max);
}

static void judge(struct spare *k)
{
    const struct ln_instance *i = k->instance;

    if (i->pool->cut_off != k->cut_off) {
        k->cut_off = i->pool->cut_off;
        fail(k);
    } else if (i->pool->idle_count >= i->service->conf->pool.min_idle) {
        k->failures = 0;
    }
}

/* Does it want another one now? What is lent comes back in a moment: only who is short at two looks
 * in a row does. */
static bool wants(struct spare *k, ln_msec now)
{
    bool was_short = k->was_short;

    ln_service_notice(k->instance->service); /* a name may stand for others now */
    if (k->instance->out)
        return false;
    judge(k);
    k->was_short = is_short(k->instance);
    return k->was_short && was_short && k->pool == NULL && now >= k->next && is_up(k->instance);
}

static void on_look(struct ln_timer *t)
{
    struct ln_spares *s = ln_container_of(t, struct ln_spares, timer);
    ln_msec now = now_of(s);
    unsigned begun = 0, seen = 0;

    ln_timer_start(s->pools->loop, t, LN_SPARES_LOOK_MS, on_look);
    for (; seen < s->count && begun < LN_SPARES_TURN; seen++) {
        struct spare *k = &s->v[s->at];

        s->at = (s->at + 1) % s->count;
        if (!wants(k, now))
            continue;
        open_one(k);
        begun++;
    }
    if (seen == s->count)
        return;
    ln_timer_stop(s->pools->loop, t);
    ln_timer_start(s->pools->loop, t, SOON_MS, on_look);
}

/* ---- all of them ---- */

static unsigned count_of(const struct ln_services *services)
{
    unsigned count = 0;

    for (unsigned i = 0; i < services->count; i++)
        if (services->v[i].conf->pool.min_idle > 0)
            count += services->v[i].count;
    return count;
}

static void init_spare(struct spare *k, struct ln_spares *all, struct ln_instance *i)
{
    *k = (struct spare){.all = all,
                        .instance = i,
                        .was_short = true,
                        .cut_off = i->pool != NULL ? i->pool->cut_off : 0};
    k->connect.fd = -1;
    k->connect.address = address;
    k->connect.on_connect = on_connect;
    ln_deadline_init(&k->patience, on_patience);
}

struct ln_spares *ln_spares_start(struct ln_services *services, struct ln_pools *pools)
{
    unsigned count = count_of(services);

    if (count == 0)
        return NULL;

    struct ln_spares *s = ln_zalloc(sizeof *s + count * sizeof s->v[0]);

    s->services = services;
    s->pools = pools;
    for (unsigned i = 0; i < services->count; i++)
        for (unsigned k = 0; services->v[i].conf->pool.min_idle > 0 && k < services->v[i].count;
             k++)
            init_spare(&s->v[s->count++], s, &services->v[i].instances[k]);
    on_look(&s->timer);
    return s;
}

void ln_spares_stop(struct ln_spares *s)
{
    if (s == NULL)
        return;
    ln_timer_stop(s->pools->loop, &s->timer);
    for (unsigned i = 0; i < s->count; i++) {
        ln_connect_cancel(&s->v[i].connect);
        end_opening(&s->v[i]);
    }
    ln_free(s);
}
