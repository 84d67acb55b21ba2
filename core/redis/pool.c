/* SPDX-License-Identifier: Apache-2.0
 * pool.c - the clients of a worker, by URL.
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "redis/client_inner.h"

enum { IDLE_BLOCKS = 256, IDLE_CALLS = 1024, KEY_SIZE = 1200 };

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

void ln_redis_pool_free(struct ln_redis_pool *pool)
{
    size_t at = 0;
    struct ln_slice key;
    void *client;

    if (pool == NULL)
        return;
    while (
        ln_map_next(&pool->clients, &at, &key, &client)) { /* of those that did not end in time */
        ln_redis_shut(client);
        ln_free(client);
    }
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
static struct ln_slice key_of(const struct ln_redis_url *u, char key[KEY_SIZE])
{
    int n = snprintf(key, KEY_SIZE, "%s\n%u\n%s\n%u\n%s\n%s", u->host, u->port, u->path, u->db,
                     u->user, u->password);

    return ln_slice(key, (size_t)n);
}

struct ln_redis *ln_redis_get(struct ln_redis_pool *pool, const struct ln_redis_url *url)
{
    char key[KEY_SIZE];
    struct ln_slice k = key_of(url, key);
    struct ln_redis *r = ln_map_get(&pool->clients, k);

    if (r != NULL) {
        r->refs++;
        return r;
    }
    r = ln_zalloc(sizeof *r);
    r->pool = pool;
    r->url = *url;
    r->refs = 1;
    r->stream.fd = -1;
    ln_list_init(&r->queued);
    ln_list_init(&r->sent);
    ln_deadline_init(&r->patience, NULL);
    ln_map_put(&pool->clients, k, r);
    return r;
}

static void free_client(struct ln_reap *reap)
{
    ln_free(ln_container_of(reap, struct ln_redis, reap));
}

void ln_redis_put(struct ln_redis *r)
{
    char key[KEY_SIZE];

    if (r == NULL || --r->refs > 0)
        return;
    ln_map_remove(&r->pool->clients, key_of(&r->url, key));
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
