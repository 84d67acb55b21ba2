/* SPDX-License-Identifier: Apache-2.0
 * pool.c - the clients of a worker, by URL.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "base/text.h"
#include "redis/client_inner.h"
#include "redis/cluster.h"
#include "redis/sentinel.h"

enum { IDLE_BLOCKS = 256, IDLE_CALLS = 1024 };

struct ln_redis_pool *ln_redis_pool_new(struct ln_loop *loop, struct ln_deadlines *deadlines,
                                        struct ln_resolver *resolver)
{
    struct ln_redis_pool *pool = ln_zalloc(sizeof *pool);

    pool->loop = loop;
    pool->deadlines = deadlines;
    pool->resolver = resolver;
    ln_map_init(&pool->clients);
    ln_arena_cache_init(&pool->arenas, IDLE_BLOCKS);
    ln_slab_init(&pool->calls, sizeof(struct ln_redis_call), IDLE_CALLS);
    ln_rand_init(&pool->rand, 0);
    return pool;
}

/* Of those that were not put back in time; such as have others before those others. */
static struct ln_redis *next_to_close(struct ln_redis_pool *pool)
{
    size_t at = 0;
    struct ln_slice key;
    void *client = NULL;

    while (ln_map_next(&pool->clients, &at, &key, &client)) {
        struct ln_redis *r = client;

        if (r->url.way != LN_REDIS_DIRECT)
            return r;
    }
    return client;
}

void ln_redis_pool_free(struct ln_redis_pool *pool)
{
    struct ln_redis *r;

    if (pool == NULL)
        return;
    while ((r = next_to_close(pool)) != NULL) {
        r->refs = 1;
        ln_redis_put(r);
    }
    ln_loop_bury(pool->loop);
    while (pool->calls.count > 0) {
        struct ln_redis_call *c = ln_slab_take(&pool->calls);

        ln_free(c->text);
        ln_free(c);
    }
    ln_slab_fini(&pool->calls);
    ln_arena_cache_fini(&pool->arenas);
    ln_map_fini(&pool->clients);
    ln_free(pool);
}

/* All that makes two URLs one client: written in full, so that no two can be mistaken. */
static void write_key(const struct ln_redis_url *u, struct ln_text *key)
{
    ln_text_printf(key, "%d\n%u\n%s\n%s\n%s\n%s\n%s", (int)u->way, u->db, u->path, u->user,
                   u->password, u->master, u->sentinel_password);
    for (unsigned i = 0; i < u->count; i++)
        ln_text_printf(key, "\n%s\n%u", u->at[i].host, u->at[i].port);
}

static struct ln_redis *make(struct ln_redis_pool *pool, const struct ln_redis_url *url)
{
    struct ln_redis *r = ln_zalloc(sizeof *r);

    r->pool = pool;
    r->url = *url;
    r->stream.fd = -1;
    ln_list_init(&r->queued);
    ln_list_init(&r->sent);
    ln_deadline_init(&r->patience, NULL);
    if (url->way == LN_REDIS_BY_SENTINEL)
        r->sentinels = ln_redis_sentinels_new(pool, url, ln_redis_located, r);
    else if (url->way == LN_REDIS_BY_CLUSTER)
        r->cluster = ln_redis_cluster_new(r);
    return r;
}

struct ln_redis *ln_redis_get(struct ln_redis_pool *pool, const struct ln_redis_url *url)
{
    struct ln_text key;
    struct ln_redis *r;

    ln_text_init(&key);
    write_key(url, &key);
    r = ln_map_get(&pool->clients, ln_slice(key.p, key.n));
    if (r == NULL) {
        r = make(pool, url);
        ln_map_put(&pool->clients, ln_slice(key.p, key.n), r);
    }
    ln_text_fini(&key);
    r->refs++;
    return r;
}

static void free_client(struct ln_reap *reap)
{
    ln_free(ln_container_of(reap, struct ln_redis, reap));
}

void ln_redis_put(struct ln_redis *r)
{
    struct ln_text key;

    if (r == NULL || --r->refs > 0)
        return;
    ln_text_init(&key);
    write_key(&r->url, &key);
    ln_map_remove(&r->pool->clients, ln_slice(key.p, key.n));
    ln_text_fini(&key);
    ln_redis_shut(r);
    r->reap.free = free_client;
    ln_loop_reap(r->pool->loop, &r->reap);
}

enum ln_redis_state ln_redis_state(const struct ln_redis *r)
{
    return r->state;
}

const char *ln_redis_label(const struct ln_redis *r)
{
    return r->url.label;
}

const char *ln_redis_reason(const struct ln_redis *r)
{
    return r->reason;
}
