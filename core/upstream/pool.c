/* SPDX-License-Identifier: Apache-2.0
 * pool.c - lending, keeping and closing upstream connections.
 */
#include "upstream/pool.h"

#include "base/assert.h"
#include "base/mem.h"

void ln_pools_init(struct ln_pools *p, struct ln_loop *loop, struct ln_deadlines *deadlines,
                   struct ln_buf_cache *bufs)
{
    *p =
        (struct ln_pools){.loop = loop, .deadlines = deadlines, .bufs = bufs, .tcp.no_delay = true};
    ln_map_init(&p->by_key);
    ln_slab_init(&p->conns, sizeof(struct ln_upconn), 1024);
}

void ln_pools_fini(struct ln_pools *p)
{
    size_t at = 0;
    struct ln_slice key;
    void *value;

    while (ln_map_next(&p->by_key, &at, &key, &value)) {
        struct ln_pool *pool = value;

        while (!ln_list_is_empty(&pool->idle))
            ln_upconn_close(ln_container_of(pool->idle.next, struct ln_upconn, node));
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

static void free_conn(struct ln_reap *r)
{
    struct ln_upconn *c = ln_container_of(r, struct ln_upconn, reap);
    struct ln_pool *pool = c->pool;

    ln_slab_give(&pool->all->conns, c);
    ln_pool_put(pool);
}

static void leave_idle(struct ln_upconn *c)
{
    if (ln_list_is_empty(&c->node))
        return;
    ln_list_remove(&c->node);
    c->pool->idle_count--;
    c->pool->all->loose_idle -= c->pool->loose;
}

void ln_upconn_close(struct ln_upconn *c)
{
    leave_idle(c);
    ln_deadline_clear(&c->idle);
    ln_stream_close(&c->stream);
    ln_buf_return(c->pool->all->bufs, c->in);
    c->in = NULL;
    ln_loop_reap(c->pool->all->loop, &c->reap);
}

static void on_idle_readable(struct ln_stream *s)
{
    ln_upconn_close(ln_container_of(s, struct ln_upconn, stream));
}

static void on_idle_deadline(struct ln_deadline *d)
{
    ln_upconn_close(ln_container_of(d, struct ln_upconn, idle));
}

struct ln_upconn *ln_pool_adopt(struct ln_pool *pool, int fd)
{
    struct ln_upconn *c = ln_slab_take(&pool->all->conns);

    memset(c, 0, sizeof *c);
    c->pool = pool;
    pool->refs++;
    pool->all->opened++;
    ln_list_init(&c->node);
    ln_deadline_init(&c->idle, on_idle_deadline);
    ln_stream_tcp(fd, &pool->all->tcp);
    ln_stream_open(&c->stream, pool->all->loop, fd, on_idle_readable, on_idle_readable);
    c->reap.free = free_conn;
    return c;
}

struct ln_upconn *ln_pool_take(struct ln_pool *pool)
{
    if (ln_list_is_empty(&pool->idle))
        return NULL;

    struct ln_upconn *c = ln_container_of(pool->idle.next, struct ln_upconn, node);

    leave_idle(c);
    ln_deadline_clear(&c->idle);
    pool->all->reused++;
    return c;
}

/* A second less than the instance has promised: a request must not meet its close half-way. */
static ln_msec idle_time(const struct ln_upconn *c, ln_msec timeout)
{
    return c->max_idle > 0 && (timeout == 0 || c->max_idle < timeout) ? c->max_idle : timeout;
}

void ln_pool_return(struct ln_upconn *c, unsigned max, ln_msec timeout)
{
    struct ln_pool *pool = c->pool;

    ln_assert(c->in == NULL);
    if (max == 0) {
        ln_upconn_close(c);
        return;
    }
    if (pool->idle_count >= max) /* the coldest goes */
        ln_upconn_close(ln_container_of(pool->idle.prev, struct ln_upconn, node));
    c->served++;
    c->user = NULL;
    c->stream.on_readable = on_idle_readable;
    c->stream.on_writable = on_idle_readable;
    ln_stream_watch_read(&c->stream, true);
    ln_stream_watch_write(&c->stream, false);
    ln_list_prepend(&pool->idle, &c->node);
    pool->idle_count++;
    pool->all->loose_idle += pool->loose;
    ln_deadline_set(pool->all->deadlines, &c->idle, idle_time(c, timeout));
}
