/* SPDX-License-Identifier: Apache-2.0
 * plan.h - how each way to count judges a request: from what is known of a client to an answer and
 * what is known then.
 *
 * What is known of a client is one moment and a few bits (struct ln_plan_state), so that shared
 * memory can change it as one. The rule that limiter.c rests on: a state that changes gets a later
 * moment. Zero is a client of whom nothing is known, and a state that is free equals it.
 *
 *   way             stamp                                         more
 *   gcra            when the bucket is full again                 -
 *   fixed_window    its window's begin + step for each unit       units in it
 *   sliding_window  its window's begin + step for each unit       units in the window before
 *   sliding_log     when the last request came                    where in the ring, how many units
 *
 * Windows of sliding_window are those of the monotonic clock, the same for all clients. The moments
 * of a log are in a ring of cells beside the state; the state is what counts, and cells are filled
 * in afterwards, by whoever comes next if need be (ln_plan_settle).
 *
 * Pure but for those cells. Clock: the caller's, monotonic nanoseconds, not 0, below 2^58. A `now`
 * that is earlier than one before is judged as strictly.
 */
#ifndef LN_SHM_PLAN_H
#define LN_SHM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limit.h"

enum {
    LN_PLAN_MORE_BITS = 24,
    LN_PLAN_WINDOW_MAX = 16000000, /* the largest count of a window */
    LN_PLAN_LOG_MAX = 4000         /* and of a log, which takes eight bytes for each */
};

/* A limit with the divisions done. */
struct ln_plan {
    enum ln_limit_way way;
    uint64_t most; /* units that pass at once */
    ln_nsec step;  /* gcra: until there is one more */
    ln_nsec span;  /* the window; gcra: until an empty bucket is full */
};

struct ln_plan_state {
    uint64_t stamp; /* below 2^59 */
    uint64_t more;  /* LN_PLAN_MORE_BITS */
};

/* TAKE takes when there is enough, LOOK only says whether there is, CHARGE takes in any case: gcra
 * owes what there was not, windows and logs are then full. */
enum ln_plan_mode { LN_PLAN_TAKE, LN_PLAN_LOOK, LN_PLAN_CHARGE };

struct ln_limit_answer {
    bool ok;
    bool shared;   /* judged by what newcomers share: there was no room for its own */
    uint64_t left; /* units that would still pass at once after this answer */
    ln_nsec wait;  /* not ok: until the same request would pass if nobody else asked; 0 when ok */
    ln_nsec reset; /* until everything is back if nobody asks */
};

/* NULL: it can be counted here; or why not, a sentence without a full stop. */
const char *ln_plan_refusal(const struct ln_limit *limit);

/* Of a limit that can be counted. Rounded so that never more than `count` pass in the long run;
 * spans are cut at about four years, counts at one each nanosecond. */
struct ln_plan ln_plan_make(const struct ln_limit *limit);

/* Units that a ring must have room for; 0: this way needs none. */
unsigned ln_plan_cells(const struct ln_plan *p);

/* Judges, and makes `s` what follows; it is unchanged when nothing was taken. A cost above `most`
 * never passes; `wait` is then the whole span. `cells` belong to this client, for a log.
 * `s` has been settled. */
void ln_plan_judge(const struct ln_plan *p, struct ln_plan_state *s, const uint64_t *cells,
                   uint64_t cost, enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out);

/* Writes into the cells what `s` says and nobody may have written yet. What is late writes nothing.
 */
void ln_plan_settle(const struct ln_plan *p, struct ln_plan_state s, uint64_t *cells);

/* A client whose stamp is below this is free. It holds for all plans of this way with this span or
 * a shorter one. */
uint64_t ln_plan_horizon(const struct ln_plan *p, ln_nsec now);

/* What a new client begins with that takes the place of a free one, and to whom that counts which
 * newcomers have shared. */
struct ln_plan_state ln_plan_enter(const struct ln_plan *p, struct ln_plan_state replaced,
                                   struct ln_plan_state shared);

#endif
