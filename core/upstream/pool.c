/* SPDX-License-Identifier: Apache-2.0
 * pool.c - lending, keeping and closing upstream connections.
 */
#include "upstream/pool.h"

#include "base/assert.h"
#include "base/mem.h"

enum { AT_ONCE_MS = 1000 }; /* who ends an unused connection so soon does not want it */

void ln_pools_init(struct ln_pools *p, struct ln_loop *loop, struct ln_deadlines *deadlines,
                   struct ln_buf_cache *bufs)
{
    *p =
        (struct ln_pools){.loop = loop, .deadlines = deadlines, .bufs = bufs, .tcp.no_delay = true};
    ln_map_init(&p->by_key);
    ln_slab_init(&p->conns, sizeof(struct ln_upconn), 1024);
}

/* Nobody will use them any more. */
static void close_idle(struct ln_pool *pool)
{
    while (!ln_list_is_empty(&pool->idle))
        ln_upconn_close(ln_container_of(pool->idle.next, struct ln_upconn, node));
    if (pool->scout != NULL)
        ln_upconn_close(pool->scout);
}

void ln_pools_fini(struct ln_pools *p)
{
    size_t at = 0;
    struct ln_slice key;
    void *value;

    while (ln_map_next(&p->by_key, &at, &key, &value)) {
        struct ln_pool *pool = value;

        close_idle(pool);
    }
    ln_loop_bury(p->loop); /* the last connection of a pool takes it along */
    ln_assert(p->by_key.count == 0);
    ln_map_fini(&p->by_key);
    ln_slab_fini(&p->conns);
}

struct ln_pool *ln_pool_get(struct ln_pools *all, struct ln_slice key)
{
    struct ln_pool *pool = ln_map_get(&all->by_key, key);

    if (pool == NULL) {
        pool = ln_zalloc(sizeof *pool + key.n);
        memcpy(pool->key_bytes, key.p, key.n);
        pool->key = ln_slice(pool->key_bytes, key.n);
        pool->all = all;
        ln_list_init(&pool->idle);
        ln_map_put(&all->by_key, key, pool);
    }
    pool->refs++;
    return pool;
}

void ln_pool_put(struct ln_pool *pool)
{
    ln_assert(pool->refs > 0);
    if (--pool->refs > 0)
        return;
    ln_map_remove(&pool->all->by_key, pool->key);
    ln_free(pool);
}

struct ln_pool *ln_pool_hold(struct ln_pools *all, struct ln_slice key)
{
    struct ln_pool *pool = ln_pool_get(all, key);

    pool->holders++;
    return pool;
}

void ln_pool_let_go(struct ln_pool *pool)
{
    if (--pool->holders == 0)
        close_idle(pool);
    ln_pool_put(pool);
}

static void free_conn(struct ln_reap *r)
{
    struct ln_upconn *c = ln_container_of(r, struct ln_upconn, reap);
    struct ln_pool *pool = c->pool;

    ln_slab_give(&pool->all->conns, c);
    ln_pool_put(pool);
}

/* Connections to instances; those of plugins to others, and of checks, are not counted. */
static void count(const struct ln_pool *pool, enum ln_stat stat)
{
    if (pool->all->slot != NULL && !pool->loose)
        ln_stat_add(pool->all->slot, stat, 1);
}

/* ---- closing ---- */

static void leave_idle(struct ln_upconn *c)
{
    if (c->pool->scout == c)
        c->pool->scout = NULL;
    if (ln_list_is_empty(&c->node))
        return;
    ln_list_remove(&c->node);
    c->pool->idle_count--;
    c->pool->all->loose_idle -= c->pool->loose;
}

void ln_upconn_close(struct ln_upconn *c)
{
    leave_idle(c);
    c->pool->open--;
    ln_deadline_clear(&c->idle);
    ln_stream_close(&c->stream);
    ln_buf_return(c->pool->all->bufs, c->in);
    c->in = NULL;
    ln_loop_reap(c->pool->all->loop, &c->reap);
}

static void drop_idle(struct ln_upconn *c)
{
    count(c->pool, LN_STAT_IDLE_DROPPED);
    ln_upconn_close(c);
}

static struct ln_idle_age *age_of(const struct ln_upconn *c)
{
    return &c->pool->age[c->served > 0];
}

static ln_msec now_of(const struct ln_pool *pool)
{
    return ln_loop_now_ms(pool->all->loop);
}

/* The instance has closed it, or said something. False: it has not. */
static bool is_over(struct ln_upconn *c)
{
    ln_msec now = now_of(c->pool);
    char byte;
    ssize_t n = ln_stream_read(&c->stream, &byte, 1);

    if (n == LN_STREAM_AGAIN)
        return false;
    count(c->pool, n > 0 ? LN_STAT_IDLE_UNSOLICITED : LN_STAT_IDLE_LOST);
    if (!c->pool->loose)
        ln_idle_age_closed(age_of(c), now - c->since, now);
    c->pool->cut_off += c->served == 0 && now - c->since < AT_ONCE_MS;
    ln_upconn_close(c);
    return true;
}

static void on_idle_readable(struct ln_stream *s)
{
    is_over(ln_container_of(s, struct ln_upconn, stream));
}

static void drop_coldest(struct ln_pool *pool)
{
    drop_idle(ln_container_of(pool->idle.prev, struct ln_upconn, node));
}

void ln_pool_make_room(struct ln_pool *pool, unsigned max)
{
    if (max == 0 || pool->open + pool->opening < max)
        return;
    if (pool->scout != NULL)
        drop_idle(pool->scout);
    else if (pool->idle_count > 0)
        drop_coldest(pool);
}

/* ---- how long it may be idle ---- */

static ln_msec shorter(ln_msec a, ln_msec b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* As a scout it is idle for as long again: if it is still open then, the instance has changed its
 * ways. */
static bool becomes_scout(struct ln_upconn *c, ln_msec now)
{
    struct ln_pool *pool = c->pool;
    ln_msec idle = now - c->since, longest = shorter(c->longest, 2 * idle);

    if (pool->loose || pool->scout != NULL || longest <= idle || age_of(c)->limit == 0 ||
        !ln_idle_age_scouts(age_of(c), now))
        return false;
    leave_idle(c);
    pool->scout = c;
    ln_deadline_set(pool->all->deadlines, &c->idle, longest - idle);
    return true;
}

static void on_idle_deadline(struct ln_deadline *d)
{
    struct ln_upconn *c = ln_container_of(d, struct ln_upconn, idle);
    ln_msec now = now_of(c->pool);

    if (c->pool->scout == c)
        ln_idle_age_outlived(age_of(c), now - c->since);
    else if (becomes_scout(c, now))
        return;
    drop_idle(c);
}

/* ---- lending ---- */

struct ln_upconn *ln_pool_adopt(struct ln_pool *pool, int fd)
{
    struct ln_upconn *c = ln_slab_take(&pool->all->conns);

    memset(c, 0, sizeof *c);
    c->pool = pool;
    c->era = pool->era;
    pool->refs++;
    pool->open++;
    pool->all->opened++;
    count(pool, LN_STAT_UPSTREAM_OPENED);
    ln_list_init(&c->node);
    ln_deadline_init(&c->idle, on_idle_deadline);
    ln_stream_tcp(fd, &pool->all->tcp);
    ln_stream_open(&c->stream, pool->all->loop, fd, on_idle_readable, on_idle_readable);
    c->reap.free = free_conn;
    return c;
}

/* What was kept before the limit was learned. */
static bool is_too_old(const struct ln_upconn *c, ln_msec now)
{
    ln_msec limit = age_of(c)->limit;

    return limit > 0 && now - c->since > limit;
}

void ln_pool_expire(struct ln_pool *pool)
{
    pool->era++;
    memset(pool->age, 0, sizeof pool->age); /* that was learned of others */
    close_idle(pool);
}

/* A close, or a byte, whose turn in the loop is after that of whoever asks for a connection. */
static bool has_ended(struct ln_upconn *c)
{
    return ln_stream_has_news(&c->stream) && is_over(c);
}

struct ln_upconn *ln_pool_take(struct ln_pool *pool)
{
    ln_msec now = now_of(pool);

    while (!ln_list_is_empty(&pool->idle)) {
        struct ln_upconn *c = ln_container_of(pool->idle.next, struct ln_upconn, node);

        if (LN_UNLIKELY(has_ended(c)))
            continue;
        if (LN_UNLIKELY(is_too_old(c, now))) {
            drop_idle(c);
            continue;
        }
        leave_idle(c);
        ln_deadline_clear(&c->idle);
        c->rested = now - c->since;
        pool->all->reused++;
        count(pool, LN_STAT_UPSTREAM_REUSED);
        return c;
    }
    return NULL;
}

/* It was lent after a rest, and has served: the instance does not close at that age. */
static void note_outlived(struct ln_upconn *c)
{
    struct ln_idle_age *age = age_of(c);

    if (LN_UNLIKELY(age->count > 0))
        ln_idle_age_outlived(age, c->rested);
}

static void become_idle(struct ln_upconn *c, ln_msec timeout)
{
    struct ln_pool *pool = c->pool;

    c->user = NULL;
    c->since = now_of(pool);
    /* A second less than the instance has promised: a request must not meet its close half-way. */
    c->longest = shorter(timeout, c->max_idle);
    c->stream.on_readable = on_idle_readable;
    c->stream.on_writable = on_idle_readable;
    ln_stream_watch_read(&c->stream, true);
    ln_stream_watch_write(&c->stream, false);
    pool->idle_count++;
    pool->all->loose_idle += pool->loose;
    ln_deadline_set(pool->all->deadlines, &c->idle, shorter(c->longest, age_of(c)->limit));
}

void ln_pool_return(struct ln_upconn *c, unsigned max, ln_msec timeout)
{
    struct ln_pool *pool = c->pool;

    ln_assert(c->in == NULL);
    if (max == 0 || c->era != pool->era) {
        ln_upconn_close(c);
        return;
    }
    if (pool->idle_count >= max)
        drop_coldest(pool);
    note_outlived(c);
    c->served++;
    become_idle(c, timeout);
    ln_list_prepend(&pool->idle, &c->node);
}

void ln_pool_keep(struct ln_upconn *c, ln_msec timeout)
{
    become_idle(c, timeout);
    ln_list_append(&c->pool->idle, &c->node);
}
