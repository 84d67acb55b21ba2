/* SPDX-License-Identifier: Apache-2.0
 * sentinel.h - where the master is: asks sentinels one after the other until one knows it.
 *
 * The one that answered last is asked first. Sentinels are reached through clients of their own,
 * which know whether they are down. While the client is up the question is repeated each second: an
 * old master that nobody can reach but us must not go on being written to (Sentinel's
 * documentation, "Guidelines for Redis clients").
 *
 * Owner: the client, for its life.
 */
#ifndef LN_REDIS_SENTINEL_H
#define LN_REDIS_SENTINEL_H

#include "redis/client.h"

struct ln_redis_sentinels;

/* `on_found` is told where the master is, as `place`, or NULL with a reason. It may change nothing
 * of the sentinels but ask again. */
struct ln_redis_sentinels *ln_redis_sentinels_new(
    struct ln_redis_pool *pool, const struct ln_redis_url *url,
    void (*on_found)(void *arg, const struct ln_redis_place *place, const char *reason), void *arg);
void ln_redis_sentinels_free(struct ln_redis_sentinels *s);

/* Asks; on_found is called later, or at once when no sentinel can be asked. A question that is
 * under way is not asked twice. */
void ln_redis_sentinels_ask(struct ln_redis_sentinels *s);

#endif
