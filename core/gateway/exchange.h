/* SPDX-License-Identifier: Apache-2.0
 * exchange.h - one request and its response, from the head to the log phase.
 *
 * A table of named steps (exchange.c). Events only store facts and call advance; a step looks at
 * the facts and names the next step; naming itself means parked. Nobody frees in the middle: the
 * last step detaches the exchange and puts it on the reap list.
 *
 * Lifetimes: the arena lives until the end of the exchange, and every slice with it: heads are
 * copied there before they are parsed.
 */
#ifndef LN_GATEWAY_EXCHANGE_H
#define LN_GATEWAY_EXCHANGE_H

#include "gateway/answer.h"
#include "gateway/downstream.h"
#include "gateway/flow.h"
#include "script/req.h"
#include "upstream/attempt.h"

enum ln_step {
    LN_STEP_JUDGE,   /* identity, limits, route */
    LN_STEP_ACCESS,  /* request handlers */
    LN_STEP_PICK,    /* an instance */
    LN_STEP_CONNECT, /* a connection to it */
    LN_STEP_SEND,    /* the request */
    LN_STEP_AWAIT,   /* the response's head */
    LN_STEP_ANSWER,  /* compose an answer of our own or of a plugin */
    LN_STEP_FILTER,  /* response handlers */
    LN_STEP_RESPOND, /* write the head and what there is of the body */
    LN_STEP_RELAY,   /* the rest of the body */
    LN_STEP_LOG,     /* log handlers */
    LN_STEP_DONE,
};

struct ln_exchange {
    struct ln_req req; /* what Lua sees */
    struct ln_gateway *gw;
    struct ln_downstream *d;   /* NULL once detached */
    struct ln_generation *gen; /* one reference */
    struct ln_arena arena;
    struct ln_req_head head;
    struct ln_target target;
    struct ln_res_head res;
    struct ln_reap reap;
    struct ln_list node; /* in gw->detached while log handlers wait */

    enum ln_step step;
    bool running;    /* inside advance */
    bool gone;       /* the client went away */
    bool has_head;   /* a request head was parsed */
    bool trusted;    /* the peer is a trusted proxy */
    bool phase_done; /* a parked Lua phase has ended */
    bool filtered;   /* the response handlers have run */
    bool started;    /* bytes of the final response were given to the client's socket */
    bool tunnel;     /* the protocol was switched: see tunnel.h */
    bool finished;   /* all of the response was */
    bool keep;       /* the connection may stay open afterwards */
    bool abort;      /* the response cannot be completed: the client must see that */

    struct ln_answer answer; /* status 0 = none of ours */
    struct ln_slice upgrade; /* what the client would switch to; p NULL = nothing, or it may not */
    uint64_t allowed;        /* methods for 405 */
    ln_nsec retry_after;
    struct ln_told_limit {
        bool any, dry; /* something is to be told; it would have been refused */
        uint64_t most, left;
        ln_nsec reset;
    } told;                        /* rateLimit */
    struct ln_meter_take *judging; /* rateLimit in Redis; NULL = it does not count here */
    bool judged;                   /* and it has answered */

    /* The attempt. */
    struct ln_attempt attempt;
    struct ln_tried tried;
    struct ln_waiter waiter; /* in the service's queue while every instance is full */
    bool waited;             /* there for as long as services[].queue.timeout */
    ln_nsec placed; /* since when it counts for services[].concurrency: upstream/concurrency.h; 0 =
                       it does not */
    unsigned tries;
    bool held;         /* a response is there that a repeat may replace */
    bool pausing;      /* retries.backoff: the next attempt waits */
    bool replay;       /* what is kept has to be sent again */
    bool connected;    /* the attempt has an answer: a connection or none */
    bool fresh;        /* the last one met a stale connection: take a new one */
    bool failed;       /* with `outcome` */
    unsigned interims; /* interim responses passed so far, over all attempts */
    bool got_head;     /* a final response head is in x->res */
    bool up_broken;    /* the instance takes no more of the request */
    bool body_bad; /* the client broke the framing of its content: nothing more can be read of it */
    bool body_lost;  /* content went out that is not in the read buffer any more: no repeating */
    ln_nsec sent_at; /* when the request went out, or its content was asked for: the client is
                        measured from then */
    size_t body_at;  /* where the content begins in d->in, as long as it is there */
    struct ln_buf *kept; /* content for a repeat: repeat.h; borrowed from gw->bufs */
    enum ln_outcome outcome;
    struct ln_deadline deadline; /* of the instance: connect, head, silence */
    struct ln_deadline total;    /* services[].timeouts.total */
    struct ln_head_scan scan;    /* of the response head */

    struct ln_flow up;                       /* request content, to the instance */
    struct ln_flow down;                     /* response content, to the client */
    struct ln_slice reply;                   /* content of an answer of our own */
    struct ln_pacing *pacing[LN_PACE_SIDES]; /* pacing.h; NULL: nothing was ever held */
    struct ln_fields trailers_up, trailers_down;
    struct ln_buf *collected; /* content that a request handler has read; borrowed from gw->bufs */
    bool own_body;  /* what goes upstream is req.body; nothing more is to be read from the client */
    bool permitted; /* we have sent 100 Continue ourselves */

    /* Content through body handlers: filter.c. */
    bool filtering, chunk_parked, source_closed;
    bool cut;                /* we break the response off ourselves: the instance is not to blame */
    struct ln_buf *raw;      /* bytes of the source that are not decoded yet */
    struct ln_buf *gathered; /* the whole content, for handlers that see it as one piece */
    struct ln_arena chunk_arena; /* what handlers make of a piece, until it is written */
    char id_text[32];
};

/* d->in begins with a complete head of n bytes. Runs as far as it can. */
void ln_exchange_start(struct ln_downstream *d, struct ln_generation *gen, size_t n,
                       const struct ln_head_limits *limits);

/* There is no head to speak of: answer, and close. */
void ln_exchange_refuse(struct ln_downstream *d, struct ln_generation *gen,
                        const struct ln_answer *answer);

/* The buffer that d->in was is about to be copied: from which byte on does the exchange still need
 * it? Forgets what it will not send again. */
size_t ln_exchange_input_from(struct ln_exchange *x, const struct ln_buf *in);

/* Facts from the client's connection. */
bool ln_exchange_wants_body(const struct ln_exchange *x);
void ln_exchange_read_body(struct ln_exchange *x);
void ln_exchange_client_eof(struct ln_exchange *x);

/* The worker ends: a detached exchange is ended at once. */
void ln_exchange_abandon(struct ln_exchange *x);
void ln_exchange_client_gone(struct ln_exchange *x);
void ln_exchange_client_writable(struct ln_exchange *x);
void ln_exchange_client_slow(struct ln_exchange *x, enum ln_patience patience);

/* Has all of the request been read from the client? */
static inline bool ln_exchange_is_read(const struct ln_exchange *x)
{
    return x->own_body || ln_body_is_done(&x->up.body);
}

/* Private to the files of the exchange: exchange.c (steps), attempts.c (the instance's side),
 * relay.c (content). */
void ln_exchange_advance(struct ln_exchange *x);
/* The bound of the request's content; 0 = none. */
uint64_t ln_exchange_body_most(const struct ln_exchange *x);
const struct ln_service_conf *ln_exchange_service(const struct ln_exchange *x);

/* attempts.c */
enum ln_step ln_attempts_pick(struct ln_exchange *x);
enum ln_step ln_attempts_connect(struct ln_exchange *x);
enum ln_step ln_attempts_send(struct ln_exchange *x);
enum ln_step ln_attempts_await(struct ln_exchange *x);
ln_msec ln_attempts_first_byte(const struct ln_exchange *x);
/* Gives the attempt back, if one is running. */
void ln_attempts_release(struct ln_exchange *x, enum ln_outcome outcome, bool reusable);

/* relay.c */
void ln_relay_on_up_readable(struct ln_stream *s);
void ln_relay_on_up_writable(struct ln_stream *s);
/* What of the response was read and is not needed any more. */
void ln_relay_drop_input(struct ln_exchange *x, struct ln_upconn *c);
/* What a push or flush of request content has led to. */
void ln_relay_sent(struct ln_exchange *x, enum ln_flow_result result, enum ln_reject why);
void ln_relay_received(struct ln_exchange *x, enum ln_flow_result result);
/* Does the client send less than limits.bodyRate asks for? */
bool ln_relay_is_too_slow(const struct ln_exchange *x);
/* Sets the deadlines of both sides to what each has to do now. */
void ln_relay_expect(struct ln_exchange *x);

#endif
