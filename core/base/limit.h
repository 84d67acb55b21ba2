/* SPDX-License-Identifier: Apache-2.0
 * limit.h - what a limit says: so many in so long, counted in this way. A value without pointers;
 * pure.
 *
 * The same for all who count (the gateway's own memory, Redis) and for all who say it
 * (gateway.yaml, plugins): what a word means is decided once, in limit.def and in docs/limits.md.
 */
#ifndef LN_BASE_LIMIT_H
#define LN_BASE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/slice.h"

/* Rows: base/limit.def. The first one is the default where counting is local. */
enum ln_limit_way {
#define LN_LIMIT_WAY(name, word, text) LN_LIMIT_##name,
#include "base/limit.def"
#undef LN_LIMIT_WAY
    LN_LIMIT_WAYS
};

/* `count` and `per` are at least 1. `burst` is what gcra lets through at once, at least 1; windows
 * and logs let `count` through at once and do not look at it. */
struct ln_limit {
    enum ln_limit_way way;
    uint64_t count; /* units, of which a request costs one unless somebody says otherwise */
    ln_msec per;
    uint64_t burst;
};

enum { LN_LIMIT_WINDOWS = 8 }; /* that may hold at once */

/* By way, and NULL at the end. */
extern const char *const ln_limit_words[LN_LIMIT_WAYS + 1];
extern const char *const ln_limit_texts[LN_LIMIT_WAYS + 1];

/* False: no way has this name. */
bool ln_limit_way_find(struct ln_slice word, enum ln_limit_way *way);

/* What becomes of a limit that is counted in Redis while Redis does not count. */
enum ln_limit_down {
    LN_LIMIT_DOWN_LOCAL, /* counted here, by this gateway's share of it */
    LN_LIMIT_DOWN_ALLOW, /* everybody passes */
    LN_LIMIT_DOWN_DENY,  /* everybody is refused */
};
/* By enum ln_limit_down, and NULL at the end. */
extern const char *const ln_limit_down_words[];

/* The most that passes at one moment, and what clients are told as their limit. */
uint64_t ln_limit_most(const struct ln_limit *l);

/* Retry-After: whole seconds after which what had to wait this long passes; at least 1. */
uint64_t ln_limit_retry_after(ln_nsec wait);

/* RateLimit-Reset: whole seconds after which all is back. What ways to count have rounded, a few
 * microseconds, makes no second of it: an answer takes longer to come to its client. */
uint64_t ln_limit_reset_after(ln_nsec reset);

#endif
