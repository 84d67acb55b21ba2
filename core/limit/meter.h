/* SPDX-License-Identifier: Apache-2.0
 * meter.h - counts against a limit in Redis, whatever becomes of Redis.
 *
 *   take ──► Redis ──────────── answers in time ───► its answer
 *     │        └── late, broken, refuses ──┐
 *     └── is known to be down, or slow ────┴───────► onDown: local, allow, deny
 *
 * A take never blocks: it has its answer at once, or through one callback within its timeout. The
 * client (redis/client.h) is the breaker: while it is down nobody waits, and its probes find out
 * when Redis is back. A Redis that is merely too slow for this limit is not asked either, after ten
 * late answers in a row, until a heartbeat is answered within the limit's timeout. `local` counts
 * in this gateway's memory, by a limit that is divided by the number of gateways that lived when
 * Redis was last heard (limit/census.h).
 *
 * With a lease, tokens are fetched by the lot and spent here: limit/lots.c.
 *
 * What is the same for all workers of a gateway lies in shared memory: what is counted locally, how
 * many gateways there are, and whether the log has been told. Owner: a generation. One thread.
 */
#ifndef LN_LIMIT_METER_H
#define LN_LIMIT_METER_H

#include "base/limit.h"
#include "limit/tally.h"
#include "shm/plan.h"
#include "shm/region.h"

struct ln_meters; /* what all meters of a worker share */
struct ln_meter;  /* one limit */

/* All but `worker` borrowed; they must outlive it. `slot` may be NULL: nothing is counted. */
struct ln_meters_env {
    struct ln_loop *loop;
    struct ln_shm *shm;
    struct ln_shm_slot *slot;
    struct ln_redis_pool *redis;
};

struct ln_meters *ln_meters_new(const struct ln_meters_env *env);
void ln_meters_free(struct ln_meters *all);

struct ln_meter_conf {
    struct ln_limit limits[LN_TALLY_WINDOWS];  /* that must all let pass, counted in one way */
    struct ln_limit without[LN_TALLY_WINDOWS]; /* what is divided when they are counted here */
    unsigned count;
    uint64_t lease; /* tokens that are fetched at once, to be spent here; 0 and 1: each is asked for
                       by itself */
    struct ln_slice rule; /* its name in Redis and in shared memory: at most LN_TALLY_RULE_MAX */
    struct ln_redis_url url;
    ln_msec timeout;
    enum ln_limit_down on_down;
    size_t clients;    /* that are told apart here */
    bool clients_said; /* by somebody: also of a log that takes more than 64 MiB for them */
};

/* Notes what it needs of shared memory. */
void ln_meter_demand(const struct ln_meter_conf *conf, struct ln_demand *demand);

/* NULL with `err`: what ln_meter_demand() asks for is not there. */
struct ln_meter *ln_meter_new(struct ln_meters *all, const struct ln_meter_conf *conf,
                              struct ln_err *err);
/* No take may be under way. */
void ln_meter_free(struct ln_meter *m);

/* Who has judged: the words are ln_meter_words. */
enum ln_meter_by {
    LN_METER_REDIS,
    LN_METER_LEASED, /* by what Redis has said before */
    LN_METER_LOCAL,
    LN_METER_ALLOW,
    LN_METER_DENY,
    LN_METER_BYS
};
extern const char *const ln_meter_words[LN_METER_BYS];

struct ln_meter_answer {
    bool ok;
    enum ln_meter_by by;
    unsigned which; /* the window that is the tightest, from 0: what follows is about it */
    uint64_t left;  /* tokens that are there after this answer */
    ln_nsec wait;   /* not ok: until the same would pass if nobody else asked; 0 when ok */
    ln_nsec reset;  /* until all tokens are back; 0 when not known */
};

struct ln_meter_take {
    struct ln_meter_answer answer; /* once it is there */
    void (*on_done)(struct ln_meter_take *t);

    /* private */
    struct ln_meter *meter;
    struct ln_redis_call *call; /* under way; NULL = not */
    struct ln_list node;        /* of those that wait for one lot */
    struct ln_slice identity;
    uint64_t cost, hash;
    enum ln_plan_mode mode;
    const struct ln_limit *other; /* NULL: the meter's own */
    const struct ln_tally *tally;
    ln_msec started;
};

/* TAKE takes `cost` tokens of the client if they are there, LOOK only tells whether they are,
 * CHARGE takes them in any case. True: the answer is there. False: on_done will be called, in a
 * later turn, unless it is cancelled before; `identity` must stay until then. */
bool ln_meter_take(struct ln_meter *m, struct ln_meter_take *t, struct ln_slice identity,
                   uint64_t cost, enum ln_plan_mode mode);
/* The same by another limit, which counts apart and in the meter's way; a log is not larger than
 * the meter's first. `limit` and `room`, which is filled here, must stay as long as the identity.
 */
bool ln_meter_take_as(struct ln_meter *m, struct ln_meter_take *t, struct ln_slice identity,
                      uint64_t cost, enum ln_plan_mode mode, const struct ln_limit *limit,
                      struct ln_tally *room);
/* Nothing when it has ended, or never begun. */
void ln_meter_cancel(struct ln_meter_take *t);

#endif
