/* SPDX-License-Identifier: Apache-2.0
 * pool.h - idle keep-alive connections to one instance, last in first out, in one worker.
 *
 * Keyed by address, so that pools outlive generations: a reload closes no upstream connection. An
 * idle connection stays registered for reading: a close, or a byte that nobody asked for, is seen
 * at once and ends it.
 *
 * How long it may be idle is the shortest of what the service says, what the instance has promised
 * with Keep-Alive: timeout=, and what the pool has learned from the closes of the instance
 * (upstream/idle_age.h). When the last is over one connection may stay as a scout: it is lent to
 * nobody, and tells whether the instance still does so. What is learned stays in the worker: it
 * hangs on the address and not on the service, nobody has to agree on it, and a worker that does
 * not know it yet loses nothing but the repeats that the others have had.
 */
#ifndef LN_UPSTREAM_POOL_H
#define LN_UPSTREAM_POOL_H

#include "base/buf.h"
#include "base/map.h"
#include "base/slab.h"
#include "net/deadline.h"
#include "net/stream.h"
#include "shm/slot.h"
#include "upstream/idle_age.h"

struct ln_pool;

/* An open connection to an instance. Whoever holds it sets the stream's callbacks and `user`. */
struct ln_upconn {
    struct ln_stream stream;
    struct ln_pool *pool; /* counted: the pool lives as long as its connections */
    struct ln_list node;  /* private: among the idle */
    struct ln_deadline idle;
    ln_msec since, rested; /* private: idle from then on; how long it was before it was lent */
    ln_msec longest;   /* private: how long it may be idle, whatever was learned; 0 = for ever */
    struct ln_buf *in; /* bytes read and not yet used; borrowed from pools->bufs, NULL when none */
    void *user;
    unsigned served;  /* requests it has completed */
    unsigned era;     /* private: of the pool when it was opened */
    ln_msec max_idle; /* what the instance said with Keep-Alive: timeout=; 0 = nothing */
    struct ln_reap reap;
};

struct ln_pool {
    struct ln_pools *all;
    struct ln_list idle;     /* private: newest first */
    struct ln_upconn *scout; /* private: idle for longer than is lent; NULL = none */
    unsigned idle_count, refs;
    unsigned open;             /* connections: lent, idle, the scout */
    unsigned opening;          /* being opened: whoever does so counts them, and adopts */
    unsigned holders;          /* private: of ln_pool_hold() */
    unsigned cut_off;          /* connections that the instance ended at once, unused; a total */
    unsigned era;              /* private: connections of an earlier one are not used again */
    struct ln_idle_age age[2]; /* private: of connections that have served nothing yet; of others */
    bool loose;                /* of no service: see upstream/client.h */
    struct ln_slice key;       /* the map's copy */
    char key_bytes[];
};

/* All pools of a worker. */
struct ln_pools {
    struct ln_loop *loop;           /* borrowed */
    struct ln_deadlines *deadlines; /* borrowed */
    struct ln_buf_cache *bufs;      /* borrowed */
    unsigned worker;                /* its slot in the shared region; set by the owner */
    struct ln_shm_slot *slot;       /* where connections are counted; NULL: nowhere */
    struct ln_map by_key;           /* private */
    struct ln_slab conns;           /* private */
    struct ln_tcp_options tcp;      /* of new connections; set by whoever commits a generation */
    uint64_t opened, reused;        /* totals */
    unsigned loose_idle;            /* idle connections of loose pools */
};

void ln_pools_init(struct ln_pools *p, struct ln_loop *loop, struct ln_deadlines *deadlines,
                   struct ln_buf_cache *bufs);
void ln_pools_fini(struct ln_pools *p); /* closes every idle connection; none may be lent */

/* The pool of that key, made if need be, with one more reference. */
struct ln_pool *ln_pool_get(struct ln_pools *all, struct ln_slice key);
void ln_pool_put(struct ln_pool *pool);

/* Likewise, for who keeps it in use, as a service does: with the last of them its idle connections
 * go. */
struct ln_pool *ln_pool_hold(struct ln_pools *all, struct ln_slice key);
void ln_pool_let_go(struct ln_pool *pool);

/* Is there a connection to lend, or room for another one? `max` 0 = no bound. */
static inline bool ln_pool_has_room(const struct ln_pool *p, unsigned max)
{
    return max == 0 || p->idle_count > 0 || p->open - (p->scout != NULL) + p->opening < max;
}

/* Before another one is opened: where `max` are open, one that nobody uses goes. */
void ln_pool_make_room(struct ln_pool *pool, unsigned max);

/* The warmest idle connection, or NULL. */
struct ln_upconn *ln_pool_take(struct ln_pool *pool);

/* A freshly connected socket becomes a connection of this pool, lent to the caller. */
struct ln_upconn *ln_pool_adopt(struct ln_pool *pool, int fd);

/* Gives a connection back that is between two messages; closes it when `max` are idle already. */
void ln_pool_return(struct ln_upconn *c, unsigned max, ln_msec timeout);

/* A connection that has served nothing yet becomes the coldest of the idle. */
void ln_pool_keep(struct ln_upconn *c, ln_msec timeout);

/* Whoever was connected to is gone from there: closes what is idle, and later whatever comes back.
 */
void ln_pool_expire(struct ln_pool *pool);

/* Ends a connection that was lent. */
void ln_upconn_close(struct ln_upconn *c);

#endif
