/* SPDX-License-Identifier: Apache-2.0
 * purse.h - tokens that this gateway has fetched ahead for its clients, to be spent by any worker.
 *
 * Per client there is one entry: tokens and until when they are good; or that there are none, and
 * until when it is no use to ask; or that somebody fetches some. An entry that is lost costs its
 * tokens and nothing else, so when there is no room another one goes.
 *
 * A client is a 64-bit keyed hash. Owner: the zone is memory of the region (zero = empty). Threads
 * and processes: any; no locks; whoever dies while she fetches is waited for until her time is up.
 * Clock: the caller's `now`, monotonic milliseconds, below 2^42.
 */
#ifndef LN_SHM_PURSE_H
#define LN_SHM_PURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum { LN_PURSE_TOKENS_MAX = (1 << 20) - 1 };

struct ln_purse {
    void *zone;
    size_t size;
};

/* Bytes of a zone for this many clients: 32 for each. */
size_t ln_purse_size(size_t clients);

enum ln_purse_is {
    LN_PURSE_PAID,   /* the tokens were there, and are spent */
    LN_PURSE_DENIED, /* there are none, and it is known until when */
    LN_PURSE_EMPTY,  /* too few: the caller has them, and is to fetch more; others are told so for
                        `busy_for` */
    LN_PURSE_BUSY,   /* too few, and somebody fetches some */
};

struct ln_purse_answer {
    uint64_t tokens; /* PAID: that are left of those fetched; EMPTY: that were too few */
    uint64_t note;   /* PAID, DENIED, EMPTY: what was given with them; at worst another client's */
    ln_msec until;   /* DENIED: when it would do; PAID: when all is back; EMPTY: the tokens' end */
};

enum ln_purse_is ln_purse_take(const struct ln_purse *p, uint64_t hash, uint64_t cost, ln_msec now,
                               ln_msec busy_for, struct ln_purse_answer *out);

/* What fetching has brought: tokens (0: none, and nobody fetches any more), good until `until`.
 * They join those that somebody else has put there meanwhile, with the earlier end. */
void ln_purse_put(const struct ln_purse *p, uint64_t hash, uint64_t tokens, uint64_t note,
                  ln_msec until, ln_msec now);

/* Nothing before `until`; to be believed for `at_most`. */
void ln_purse_deny(const struct ln_purse *p, uint64_t hash, ln_msec until, ln_msec at_most,
                   uint64_t note, ln_msec now);

#endif
