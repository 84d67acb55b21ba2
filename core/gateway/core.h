/* SPDX-License-Identifier: Apache-2.0
 * core.h - what the files of this layer share: the state of one worker's serving half.
 *
 * One thread; everything hangs on struct ln_gateway, nothing is global. Only core/gateway includes
 * this.
 */
#ifndef LN_GATEWAY_CORE_H
#define LN_GATEWAY_CORE_H

#include "auth/passwords.h"
#include "base/assert.h"
#include "base/rand.h"
#include "gateway/gateway.h"
#include "http/date.h"
#include "limit/meter.h"
#include "net/deadline.h"
#include "net/listener.h"
#include "redis/client.h"
#include "shm/region.h"
#include "upstream/client.h"
#include "upstream/news.h"
#include "upstream/pool.h"

enum {
    LN_SCRATCH_IN = 65536, /* the most that one read takes */
    LN_PIECE =
        32768, /* one read of a long body: it is still in the first-level cache when written */
    LN_SCRATCH_OUT =
        524288, /* a head and small content; pages that are never touched cost nothing */
    LN_PREPARED_MAX = 4,
};

struct ln_port { /* a listening socket that we accept from */
    struct ln_listener listener;
    struct ln_gateway *gw;
    unsigned index;  /* in conf->gateway.listeners */
    unsigned number; /* the TCP port; 0 for unix sockets */
    struct ln_port *next;
};

struct ln_gateway {
    struct ln_loop *loop; /* borrowed */
    struct ln_deadlines *deadlines;
    struct ln_shm *shm; /* borrowed */
    struct ln_shm_slot *slot;
    unsigned worker;          /* its number */
    _Atomic uint64_t *commit; /* number of the generation to use */

    struct ln_buf_cache bufs;
    struct ln_arena_cache arenas;
    struct ln_slab downstreams, exchanges;
    struct ln_pools pools;
    struct ln_news_listener listener; /* of what becomes of instances */
    struct ln_client client;          /* requests that are not proxied */
    struct ln_redis_pool *redis;
    struct ln_passwords *passwords;
    struct ln_meters *meters;
    struct ln_rand rand;
    char *scratch_in, *scratch_out;
    struct ln_buf *hot;    /* what any client sends is read here first: see downstream.h */
    struct ln_buf *hot_up; /* the same for the first bytes of responses */

    struct ln_generation *current;                   /* one reference */
    struct ln_generation *prepared[LN_PREPARED_MAX]; /* one reference each; NULL = free */

    struct ln_port *ports;
    struct ln_list connections; /* ln_downstream.node */
    struct ln_list detached;    /* ln_exchange.node: their connection is gone, log handlers wait */
    uint64_t connection_count, exchange_count;

    struct ln_date date; /* a Date field's value, made once a second */
    bool complained;     /* about the limit of connections, since it was last below */

    bool draining;
    struct ln_timer drained;
    void (*on_drained)(void *arg);
    void *drained_arg;
};

/* The generation for an exchange that starts now: what the commit word says. */
static inline struct ln_generation *ln_gateway_current(struct ln_gateway *gw)
{
    if (LN_UNLIKELY(atomic_load_explicit(gw->commit, memory_order_acquire) != gw->current->number))
        ln_gateway_commit(gw);
    return gw->current;
}

/* When draining and nothing is left: says so, once. */
void ln_gateway_check_drained(struct ln_gateway *gw);

/* The value of a Date field (RFC 9110 section 6.6.1). */
struct ln_slice ln_gateway_date(struct ln_gateway *gw);

#endif
