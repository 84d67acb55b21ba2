/* SPDX-License-Identifier: Apache-2.0
 * client.h - Redis for a worker: one connection for each server, pipelined, that never makes
 * anybody wait longer than he has said.
 *
 * Calls of all requests share the connection and are answered in order. What is sent in one turn of
 * the loop leaves in one write at its end. A call ends with replies, or with an error of
 * redis/error.def: after its timeout at the latest; at once while Redis is known to be down. A
 * reply that comes too late is dropped in its place, so that nobody ever gets another one's.
 *
 *   idle ──call──► connecting ──greeted──► up ──silent, broken──► down ──► connecting (probe)
 *                      └──────── failed ─────────────────────────►  (waits longer each time)
 *
 * The probe is a connection with AUTH, SELECT and PING; nobody waits for it. What may have run is
 * never sent twice. Where the master is, or who has a key, sentinels and nodes of a cluster say
 * (redis/sentinel.h, redis/cluster.h). Clients are shared by URL and outlive reloads: a generation
 * gets what it uses, and puts it back. One thread.
 */
#ifndef LN_REDIS_CLIENT_H
#define LN_REDIS_CLIENT_H

#include "net/deadline.h"
#include "net/resolve.h"
#include "redis/reply.h"
#include "redis/url.h"

struct ln_redis_pool; /* all clients of a worker */
struct ln_redis;      /* one of them */

enum {
    LN_REDIS_CALLS_MAX = 8192,      /* waiting for one client */
    LN_REDIS_COMMANDS_MAX = 1024,   /* of one call */
    LN_REDIS_SEND_MAX = 8 << 20,    /* bytes of one call */
    LN_REDIS_QUEUE_MAX = 32 << 20,  /* bytes that wait to be sent */
    LN_REDIS_REPLY_MAX = 8 << 20,   /* bytes of one reply, as values */
    LN_REDIS_REPLIES_MAX = 16 << 20 /* bytes of all replies to one call */
};

/* Bytes of words as they are sent. */
enum { LN_REDIS_NUMBER_MAX = 28, LN_REDIS_BY_SUM = sizeof "$7\r\nEVALSHA\r\n$40\r\n\r\n" - 1 + 40 };

/* `deadlines` and `resolver` are borrowed, and must outlive it; without a resolver (NULL) only unix
 * sockets can be reached. */
struct ln_redis_pool *ln_redis_pool_new(struct ln_loop *loop, struct ln_deadlines *deadlines,
                                        struct ln_resolver *resolver);
/* Closes what has not been put back, too; nobody may use it any more. */
void ln_redis_pool_free(struct ln_redis_pool *pool);

/* The client of a URL, made when there is none. Connects when it is first called. */
struct ln_redis *ln_redis_get(struct ln_redis_pool *pool, const struct ln_redis_url *url);
/* When nobody has it any more it is closed; the calls still under way must have been freed. */
void ln_redis_put(struct ln_redis *r);

enum ln_redis_state {
    LN_REDIS_IDLE,
    LN_REDIS_CONNECTING,
    LN_REDIS_UP,
    LN_REDIS_IS_DOWN, /* until a probe is answered; calls fail at once */
};
enum ln_redis_state ln_redis_state(const struct ln_redis *r);
const char *ln_redis_label(const struct ln_redis *r); /* the URL without user and password */
/* Why it is down, in words; "" when it is not. */
const char *ln_redis_reason(const struct ln_redis *r);

/* ---- calls ---- */

/* A script that is known by its digest; kept by whoever calls it. */
struct ln_redis_script {
    char by_sum[LN_REDIS_BY_SUM]; /* "EVALSHA" and the SHA-1 of the text, as words */
    struct ln_slice text;         /* must stay */
};
void ln_redis_script_init(struct ln_redis_script *s, struct ln_slice text);

struct ln_redis_call {
    struct ln_list node; /* private */
    struct ln_redis *redis;
    enum ln_redis_error error; /* LN_REDIS_OK: all replies are there */
    const char *reason;        /* the sentence that belongs to it, with particulars; in the arena */
    struct ln_redis_reply **replies;
    unsigned count; /* replies that are there: commands, when error is OK */
    void (*on_done)(struct ln_redis_call *c);
    void *arg; /* the caller's */

    /* private */
    struct ln_redis_pool *pool;
    struct ln_arena arena;
    char *text; /* what is to be sent */
    size_t len, cap, words_at;
    unsigned wanted, got, words;
    enum {
        LN_REDIS_DRAFT,
        LN_REDIS_QUEUED,
        LN_REDIS_SENT,
        LN_REDIS_SPLIT, /* over nodes of a cluster */
        LN_REDIS_DONE
    } step;
    bool late;  /* it has ended with TIMEOUT or TOO_LARGE; its replies are still to be dropped */
    bool freed; /* nobody has it any more */
    const struct ln_redis_script *script;
    ln_msec started, until;
    struct ln_deadline deadline;
    struct ln_redis_piece *pieces; /* redis/cluster_call.c */
    struct ln_redis_part *parts;
    unsigned open;
    bool atomic;
};

/* An empty call; from a stock, so that a steady load allocates nothing. */
struct ln_redis_call *ln_redis_call_new(struct ln_redis *r,
                                        void (*on_done)(struct ln_redis_call *c), void *arg);
/* At any time: replies go, or are dropped when they come. on_done is not called any more. */
void ln_redis_call_free(struct ln_redis_call *c);

/* Appends a command of `argc` words, then its words. */
void ln_redis_call_command(struct ln_redis_call *c, unsigned argc);
void ln_redis_call_word(struct ln_redis_call *c, const char *p, size_t n);
void ln_redis_call_number(struct ln_redis_call *c, int64_t value);
/* Words that were written before: ln_redis_write_number() gives how long one is. */
void ln_redis_call_words(struct ln_redis_call *c, struct ln_slice words);
size_t ln_redis_write_number(char to[LN_REDIS_NUMBER_MAX], int64_t value);

/* Makes the call one of a script: the words that follow are the number of keys, the keys and the
 * arguments. Sent by its digest first, and with its text when Redis does not know it. `argc` counts
 * these words. */
void ln_redis_call_script(struct ln_redis_call *c, const struct ln_redis_script *s, unsigned argc);

/* Sends it. True: on_done will be called, in a later turn or never when it is freed before. False:
 * it has failed already, c->error tells. */
bool ln_redis_call_send(struct ln_redis_call *c, ln_msec timeout);

#endif
