/* SPDX-License-Identifier: Apache-2.0
 * tally.h - a limit as Redis counts it: one script for each algorithm, one key for each client.
 *
 * A limit has one window or several, which must all let pass.
 *
 * A script reads Redis' clock, judges and writes, all as one; what it keeps expires by itself when
 * it says nothing any more. Keys are made of the rule and the identity alone, so that all gateways
 * count together whatever else their configurations say:
 *
 *   rate_limit:{rule:identity}    rate_limit:{rule:identity}:2, of the second window
 *
 * The braces keep all that belongs to a client on one node of a cluster. Bytes that could end them,
 * or that do not print, are written as in URLs; an identity longer than LN_TALLY_IDENTITY_MAX is
 * replaced by its digest.
 *
 * Pure but for the call that it fills: who sends it, and what happens when there is no answer, is
 * limit/meter.h. Owner: the caller. One thread.
 */
#ifndef LN_LIMIT_TALLY_H
#define LN_LIMIT_TALLY_H

#include "base/limit.h"
#include "net/digest.h"
#include "redis/client.h"

enum {
    LN_TALLY_IDENTITY_MAX = 128,
    LN_TALLY_RULE_MAX = 64,
    LN_TALLY_KEY_MAX = 16 + 3 * (LN_TALLY_IDENTITY_MAX + LN_TALLY_RULE_MAX),
    LN_TALLY_SUFFIX_MAX = 48,
    LN_TALLY_WINDOWS = 8
};

/* What all tallies of a worker share. */
struct ln_tallies {
    struct ln_redis_script scripts[LN_LIMIT_WAYS];
    char *texts[LN_LIMIT_WAYS];
    struct ln_redis_script gateways; /* limit/census.h */
    struct ln_digest *digest;
};

void ln_tallies_init(struct ln_tallies *all);
void ln_tallies_fini(struct ln_tallies *all);

/* One limit. */
struct ln_tally {
    struct ln_tallies *all; /* borrowed */
    enum ln_limit_way way;
    unsigned count;
    char windows[LN_TALLY_WINDOWS * 3 * LN_REDIS_NUMBER_MAX]; /* their numbers, as they are sent */
    size_t windows_len;
    char suffix[LN_TALLY_SUFFIX_MAX]; /* of all keys; "" = none */
    char prefix[16 + 3 * LN_TALLY_RULE_MAX];
    size_t prefix_len;
};

/* From 1 to LN_TALLY_WINDOWS limits that count in one way. The rule has at most LN_TALLY_RULE_MAX
 * bytes. */
void ln_tally_init(struct ln_tally *t, struct ln_tallies *all, const struct ln_limit *limits,
                   unsigned count, struct ln_slice rule);

/* One that is counted apart from all others of the rule: its numbers stand behind the keys. */
void ln_tally_init_apart(struct ln_tally *t, struct ln_tallies *all, const struct ln_limit *limit,
                         struct ln_slice rule);

/* The key of an identity, in `out`, without a suffix. */
struct ln_slice ln_tally_key(const struct ln_tally *t, struct ln_slice identity,
                             char out[LN_TALLY_KEY_MAX]);

/* The key of the gateways that count by this rule: "rate_limit:{rule}:gateways". */
struct ln_slice ln_tally_gateways_key(const struct ln_tally *t, char out[LN_TALLY_KEY_MAX]);

enum { LN_TALLY_CHARGE = -1 };

/* Makes a new call one that takes `most` tokens of the client if they are there, but not fewer than
 * `least`. `most` 0: only looks whether `least` are there. LN_TALLY_CHARGE: `most`, whether they
 * are there or not. */
void ln_tally_ask(const struct ln_tally *t, struct ln_redis_call *c, struct ln_slice identity,
                  int64_t least, uint64_t most);

struct ln_tally_answer {
    bool ok;
    uint64_t granted; /* from `least` to `most`; 0 when not ok */
    unsigned which;   /* the window that is the tightest, from 0: what follows is about it */
    uint64_t left;    /* tokens that are there after this answer */
    ln_nsec wait;     /* not ok: until the same would pass if nobody else asked; 0 when ok */
    ln_nsec reset;    /* until all tokens are back if nobody asks */
};

/* What a call that has ended well says. False: not what a script of ours answers; *why is then the
 * sentence of Redis, or one about what came. */
bool ln_tally_read(const struct ln_tally *t, const struct ln_redis_call *c,
                   struct ln_tally_answer *out, struct ln_slice *why);

#endif
