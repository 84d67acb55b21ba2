/* SPDX-License-Identifier: Apache-2.0
 * client.h - a request of our own: one HTTP/1.1 request out, one bounded response in.
 *
 * For what is not proxied: http.* of plugins, and whoever else must ask somebody. A call goes
 *
 *   through a service   the balancer picks, the pool lends, outcomes are reported, and all that the
 *                       service says of repeating and waiting holds as for a proxied request:
 *                       services[].retries with its statuses, budget and backoff, queue, timeouts
 *   to an address       a host and port, or a unix socket; a small pool of its own, no retries but
 *                       for a pooled connection that turns out to be closed
 *
 * The response is judged as strictly as any upstream's, held whole, and never larger than what the
 * caller allows; interim responses are skipped. Owner: the caller embeds the call, and what its
 * slices point to must stay until the end. One worker, one thread.
 */
#ifndef LN_UPSTREAM_CLIENT_H
#define LN_UPSTREAM_CLIENT_H

#include "http/body.h"
#include "net/resolve.h"
#include "upstream/attempt.h"

enum {
    LN_CLIENT_CALLS_MAX = 8192,     /* under way in one worker */
    LN_CLIENT_HELD_MAX = 256 << 20, /* bytes of content, of all calls of one worker */
    LN_CLIENT_IDLE_MAX = 16,        /* kept connections to one address */
    LN_CLIENT_IDLE_MS = 30000,
    LN_CLIENT_IDLE_ALL = 512, /* kept connections to addresses, of one worker */
    LN_CLIENT_CONNECT_MS = 5000,
};

/* What the calls of a worker share. */
struct ln_client {
    struct ln_pools *pools;        /* borrowed */
    struct ln_resolver *resolver;  /* borrowed; NULL: there is none */
    struct ln_arena_cache *arenas; /* borrowed; may be NULL */
    struct ln_shm_slot *slot;      /* where calls are counted; NULL: nowhere */
    unsigned calls;                /* under way */
    size_t held;                   /* bytes of content */
};

struct ln_client_call {
    /* What is sent. `target` is a path with its query; `authority` what Host says unless `fields`
     * do. Fields that frame the message or concern one connection are left out. */
    struct ln_slice method, target, authority, body;
    bool has_body;
    const struct ln_fields *fields; /* judged; NULL = none */

    /* Where to: a service; or one instance, on a connection of its own that is closed afterwards,
     * and nobody hears of it; or a unix socket; or a host, name or address, with a port. */
    struct ln_service *service;
    const struct ln_instance *alone;
    struct ln_slice unix_path; /* n 0: none */
    struct ln_slice host;
    uint16_t port;

    ln_msec timeout; /* for everything; 0 = unbounded */
    uint64_t most;   /* bytes of content */

    /* It has ended: `error` NULL and a response in `head` and `content`, or a sentence that says
     * what went wrong. Both hold until ln_client_stop(). May be called from inside
     * ln_client_start(). */
    void (*on_end)(struct ln_client_call *c);
    const char *error;
    enum ln_outcome outcome; /* LOCAL and CLIENT_GONE: an error that is nobody else's doing */
    struct ln_res_head head;
    struct ln_slice content;
    struct ln_slice address; /* whom it went to: an instance's URL, host:port or unix:path; n 0:
                                nobody yet */

    /* Private. */
    struct ln_client *client;
    struct ln_arena arena;
    struct ln_attempt attempt;
    struct ln_tried tried;
    struct ln_pool *pool; /* of an address; counted */
    struct ln_connect connect;
    struct ln_resolve_op names;
    struct ln_addr unix_addr;
    struct ln_upconn *conn; /* lent */
    struct ln_timer whole;
    struct ln_deadline phase;
    struct ln_waiter waiter; /* in the service's queue while every instance is full */
    ln_nsec joined;          /* when it came there first; 0 = it has not */
    unsigned tries, interims;
    bool on, pooled, fresh, resolving, seen, got_head, placed;
    bool pausing;    /* services[].retries.backoff: the next attempt waits */
    bool holds_back; /* a response is there that a repeat may replace; it is not read meanwhile */
    struct ln_slice out; /* the request's head */
    size_t sent;         /* bytes of head and content */
    struct ln_head_scan scan;
    struct ln_body reader;
    struct ln_buf *body_in;
    size_t held;
};

/* Starts; the private part must be zeroed. */
void ln_client_start(struct ln_client *client, struct ln_client_call *c);

/* Breaks off what is under way (on_end is not called) and lets the response go. Twice, and on a
 * zeroed call, is harmless. */
void ln_client_stop(struct ln_client_call *c);

/* The parts of "http://host[:port][/path][?query]" for `target`, `authority`, `host` and `port`, in
 * the arena. NULL, or a sentence about what is wrong. */
const char *ln_client_url(struct ln_client_call *c, struct ln_slice url, struct ln_arena *arena);

/* "/path[?query]", judged; for calls through a service. */
const char *ln_client_target(struct ln_client_call *c, struct ln_slice target,
                             struct ln_arena *arena);

#endif
