/* SPDX-License-Identifier: Apache-2.0
 * client_inner.h - a client as the files of this layer see it. Nobody else includes this.
 *
 * pool.c    clients by URL              call.c          what is asked, and how a call ends
 * client.c  the connection and its states
 * cluster.c the nodes of a cluster      cluster_call.c  calls over several nodes
 */
#ifndef LN_REDIS_CLIENT_INNER_H
#define LN_REDIS_CLIENT_INNER_H

#include <sys/un.h>

#include "base/map.h"
#include "base/rand.h"
#include "base/slab.h"
#include "net/connect.h"
#include "net/digest.h"
#include "net/stream.h"
#include "redis/client.h"

struct ln_redis_pool {
    struct ln_loop *loop;
    struct ln_deadlines *deadlines;
    struct ln_resolver *resolver;
    struct ln_map clients; /* by key */
    struct ln_arena_cache arenas;
    struct ln_slab calls;
    struct ln_rand rand;
};

struct ln_redis {
    struct ln_reap reap;
    struct ln_redis_pool *pool;
    struct ln_redis_url url;
    unsigned refs;
    enum ln_redis_state state;
    bool down;    /* known to be: calls fail at once, a connection under way is a probe */
    bool told;    /* the log has been told that it is down */
    bool good;    /* a call has been answered in time on this connection */
    bool closing; /* no references any more */
    bool renew;   /* to be connected anew once all that was sent is answered */
    char reason[256];

    struct ln_resolve_op resolve;
    struct ln_connect connect;
    struct sockaddr_un local;
    bool is_connecting;
    struct ln_stream stream;
    struct ln_redis_reader *reader;
    struct ln_redis_call *greeting;

    struct ln_list queued; /* calls that wait for the connection, or for the end of the turn */
    struct ln_list sent;   /* calls whose replies come next, in order */
    unsigned waiting;      /* how many of both */
    size_t queued_bytes;
    char *out; /* what the socket has not taken yet */
    size_t out_len, out_at, out_cap;
    ev_prepare flush; /* at the end of the turn */

    struct ln_redis_sentinels *sentinels; /* NULL unless the URL names some */
    struct ln_redis_place master;         /* that they have named last */
    bool locating;                        /* they are being asked, to connect */
    struct ln_timer watch;                /* asks them again */
    struct ln_redis_cluster *cluster;     /* NULL unless the URL names one */

    ln_msec connected; /* when it was greeted */
    ln_msec heard;     /* when bytes last came */
    unsigned late;     /* calls in a row that nobody answered in time */
    ln_msec backoff;
    struct ln_timer retry;
    struct ln_deadline patience; /* of connecting and greeting */
};

/* client.c */
/* Of an idle client, or a probe: begins to connect; may find at once that it cannot. */
void ln_redis_open(struct ln_redis *r);
/* For good; calls that wait fail. */
void ln_redis_shut(struct ln_redis *r);
/* Of sentinels: where the master is. */
void ln_redis_located(void *arg, const struct ln_redis_place *place, const char *reason);
/* It serves; it does not, and calls fail until a probe finds that it does. */
void ln_redis_go_up(struct ln_redis *r);
void ln_redis_go_down(struct ln_redis *r, const char *reason);
/* Writes what is queued at the end of the turn, or when there is a connection. */
void ln_redis_flush_later(struct ln_redis *r);
/* A call that was sent has had no answer in time. */
void ln_redis_late(struct ln_redis_call *c);
/* A call has passed its time before it was sent. */
void ln_redis_waited(struct ln_redis *r);

/* call.c */
/* Ends a call, whatever its step; on_done is called unless it has been, or nobody waits. */
void ln_redis_call_fail(struct ln_redis_call *c, enum ln_redis_error e, const char *reason);
/* Ends a call for whoever waits, and drops its replies when they come. */
void ln_redis_call_late(struct ln_redis_call *c, enum ln_redis_error e);
/* One more reply; true when the call has left the sent ones. */
bool ln_redis_call_take(struct ln_redis_call *c, struct ln_redis_reply *reply);
/* All parts have ended: c->replies, or c->error with c->reason, tell how. */
void ln_redis_call_end(struct ln_redis_call *c);
/* Appends a command that is written already; the script of another call, by its text if need be. */
void ln_redis_call_raw(struct ln_redis_call *c, struct ln_slice command);
void ln_redis_call_same_script(struct ln_redis_call *c, const struct ln_redis_call *other,
                               bool by_text);

/* cluster_call.c */
void ln_redis_parts_free(struct ln_redis_call *c);

#endif
