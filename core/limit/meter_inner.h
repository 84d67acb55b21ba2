/* SPDX-License-Identifier: Apache-2.0
 * meter_inner.h - a meter as the files of this layer see it. Nobody else includes this.
 *
 * meter.c  asking Redis, and doing without     lots.c  tokens that are fetched ahead
 */
#ifndef LN_LIMIT_METER_INNER_H
#define LN_LIMIT_METER_INNER_H

#include "limit/census.h"
#include "limit/fallback.h"
#include "limit/meter.h"
#include "shm/purse.h"

enum { LN_LOTS_BUCKETS = 64 };

struct ln_meters {
    struct ln_meters_env env;
    struct ln_tallies tallies;
    uint64_t self; /* the name of this gateway among those that share a Redis */
};

struct ln_meter_record;

struct ln_meter {
    struct ln_meters *all;
    struct ln_meter_conf conf;
    struct ln_redis *redis; /* counted */
    struct ln_tally tally;
    struct ln_census census;
    struct ln_meter_record *record;
    bool heard; /* Redis has counted, since this meter was made or a heartbeat has ended is_down */
    bool is_down;  /* Redis cannot count, as far as this worker knows */
    bool is_slow;  /* and is not asked: a heartbeat will find out when it is fast enough */
    unsigned late; /* answers in a row */
    ln_msec pause; /* before the next heartbeat while it is slow */
    struct ln_fallback fallback;             /* for onDown: local */
    struct ln_purse purse;                   /* for conf.lease, of all workers */
    struct ln_list fetches[LN_LOTS_BUCKETS]; /* of this one, by hash: lots.c */
    char name[LN_TALLY_RULE_MAX];
    char census_key[LN_TALLY_KEY_MAX];
};

/* meter.c */
void ln_meter_count(const struct ln_meter *m, enum ln_stat stat);
/* For how long the take may wait yet; 0: it has waited its time. */
ln_msec ln_meter_patience(const struct ln_meter_take *t);
/* Asks for this take alone. True: the answer is there. */
bool ln_meter_ask(struct ln_meter_take *t);
/* A call has ended: with an answer of Redis (true), or without, and that is noted. */
bool ln_meter_read(struct ln_meter *m, const struct ln_redis_call *c, struct ln_tally_answer *out);
void ln_meter_answer_by_redis(struct ln_meter_take *t, const struct ln_tally_answer *a);
void ln_meter_do_without(struct ln_meter_take *t);

/* lots.c */
void ln_lots_init(struct ln_meter *m);
void ln_lots_free(struct ln_meter *m);
/* From what was fetched, or with others from what will be. True: the answer is there. */
bool ln_lots_take(struct ln_meter_take *t);

#endif
