/* SPDX-License-Identifier: Apache-2.0
 * req.h - the passive record of one request that Lua works on. The exchange embeds it, fills it and
 * reads the verdict.
 *
 * Script never calls the gateway: it fills the record and reports through `on_done`. Owner: the
 * exchange; strings live in the exchange's arena or its read buffer. Lua reaches the record only
 * through a handle with the count `serial`, which ln_vm_forget() sets to 0, so that a handle kept
 * past the end of its request is an error and not a crash: the memory of ended exchanges stays
 * mapped (they are recycled, never unmapped while a state lives that has seen them).
 */
#ifndef LN_SCRIPT_REQ_H
#define LN_SCRIPT_REQ_H

#include "base/clock.h"
#include "http/head.h"
#include "http/target.h"
#include "limit/pace.h"
#include "script/api.h"

struct ln_route;
struct ln_task; /* script/task.c: a coroutine and what it waits for */
struct ln_coded;
struct ln_consumer;
struct ln_group; /* script/api_client.c */
struct ln_held;  /* script/api_body.c: the beginning of a match */

#define LN_LENGTH_UNKNOWN UINT64_MAX

enum { LN_REQ_MAGIC = 0x6c6e7271, LN_PARAMS_MAX = 8 };

enum ln_verdict {
    LN_VERDICT_CONTINUE, /* go on: proxy to `service` */
    LN_VERDICT_REPLY,    /* answer with reply_status, reply_body, reply_fields */
};

enum ln_origin { LN_ORIGIN_NONE, LN_ORIGIN_UPSTREAM, LN_ORIGIN_PLUGIN, LN_ORIGIN_GATEWAY };

/* An edit of the response head asked for before there is one; applied in order when there is. */
struct ln_edit { /* op: enum ln_edit_op of api.cdef.h */
    struct ln_edit *next;
    enum ln_edit_op op;
    enum ln_field_id id; /* of the name */
    struct ln_slice name, value;
};

enum ln_body_state {
    LN_BODY_UNREAD,
    LN_BODY_READ,
    LN_BODY_TOO_LARGE,
    LN_BODY_BROKEN, /* private to the exchange: the request is refused */
};

struct ln_chunk {
    struct ln_slice text; /* handlers may let it point elsewhere: into the arena below */
    bool last;            /* nothing follows; its text may be empty */
    struct ln_arena *arena;
};

struct ln_req {
    uint32_t magic;  /* LN_REQ_MAGIC */
    uint32_t serial; /* private to script: 0 = no handle is alive */
    struct ln_arena *arena;

    /* The request. Filled by the exchange; Lua may change method, path, query, host and fields in
     * the request phase. */
    struct ln_slice method, path, query, host, scheme;
    bool has_query;
    bool target_changed; /* Lua has set path or query (path is normalised again before use) */
    bool host_changed;   /* Lua has set host: it is what the upstream is told */
    struct ln_fields *fields;
    uint8_t minor;
    struct ln_slice id; /* the request id */
    unsigned port;      /* of the listener; 0 for unix sockets */
    struct ln_slice listener;
    struct {
        struct ln_slice name, value;
    } params[LN_PARAMS_MAX]; /* percent-decoded */
    unsigned param_count;

    /* The client. */
    struct ln_slice ip;      /* behind trusted proxies */
    struct ln_slice network; /* what counts as one address: ip, cut to identity.ipv6Prefix */
    struct ln_slice peer;    /* of the socket */
    unsigned peer_port;
    struct ln_slice client_id;     /* starts as the core's identity; Lua may assign */
    struct ln_slice client_source; /* what gave it: a source of identity.from, or "plugin" */
    int client_rank;               /* its place in there; behind all of them: none of these */
    struct ln_slice client_key;    /* private: see script/client.h */

    const struct ln_consumer *consumer; /* borrowed from the generation; NULL = none known */
    struct ln_slice authenticated;      /* the method that has proved who it is; absent: none */
    struct ln_group *groups;            /* of one that is no consumer; by next */

    const struct ln_route *route; /* borrowed from the generation; NULL = none matched */
    unsigned priority; /* enum ln_priority + 1; 0 = the service's. Starts as the route's; Lua may
                          assign req.priority */
    int service; /* index in the generation's services; -1 = none. Lua may assign req.upstream */

    /* The response; fields NULL until there is one. For an early answer the exchange sets
     * res_fields = &reply_fields and status = reply_status before ln_vm_response(); when a response
     * handler replaces the response, script does so. */
    struct ln_fields *res_fields;
    int status;
    enum ln_origin origin;
    struct ln_edit *edits, **edits_tail;                /* tail NULL = empty */
    struct ln_slice upstream_service, upstream_address; /* of the attempt that answered */
    unsigned attempt;
    ln_nsec started, connected, first_byte, ended; /* monotonic; 0 = not yet */
    ln_nsec started_wall;
    uint64_t bytes; /* of response content sent downstream */

    /* The request's content. A request handler asks by setting body_wanted (the most bytes it
     * takes) and parking; the exchange reads and calls ln_vm_body_ready(). Assigning `body` is
     * allowed once it was read, or when the request has none: it is what goes upstream. */
    uint64_t length;   /* LN_LENGTH_UNKNOWN: it comes in chunks */
    bool body_limited; /* a plugin wants no more than body_most of it */
    uint64_t body_most;
    uint64_t body_wanted;
    enum ln_body_state body_state;
    bool has_content; /* the request has a body */
    bool body_replaced;
    struct ln_slice body;

    /* A piece of the response's content, for the body handlers. */
    struct ln_chunk chunk;

    struct ln_pace *paces[LN_PACE_SIDES]; /* how fast content may go: lists; NULL: as it comes */

    /* The verdict of the request phase, or of a response handler that replaces the response. */
    enum ln_verdict verdict;
    int reply_status;
    struct ln_slice reply_body;
    struct ln_fields reply_fields; /* initialised by the exchange with its arena */

    /* A plugin raised and on_error is "fail": verdict is REPLY with status 500 and an empty
     * reply_body, and the gateway makes its own "plugin_error" answer of it. After ln_vm_body():
     * the content cannot go on, and the response is cut off. */
    bool failed;

    /* Private to script; zero at the start of an exchange. */
    bool asked;           /* a condition or a balance handler looks at it: nothing may be changed */
    struct ln_task *task; /* parked; NULL = not */
    uint16_t depth;       /* the plugin that ended the request phase early, from 1; 0 = none did */
    int slot; /* where the Lua side keeps its objects of this request; 0 = it has none */
    uint32_t header_bytes;        /* that plugins have set */
    uint16_t made_by;             /* the plugin that made the response, from 1; 0 = none did */
    uint64_t body_out;            /* bit n: plugin n sees nothing of this response's content */
    uint32_t pieces;              /* odd: the body handlers are at work on a piece */
    int piece_at;                 /* the plugin whose handler has the piece */
    struct ln_slice piece_before; /* its text when that handler got it */
    struct ln_held *held;
    struct ln_coded *coded; /* script/api_coding.c: content that plugins encode */

    /* Called when a phase that parked has ended; never from inside ln_vm_*(). */
    void (*on_done)(struct ln_req *r);
    /* Likewise, when a request handler that was parked asks for the content now. */
    void (*on_body_wanted)(struct ln_req *r);
};

#endif
