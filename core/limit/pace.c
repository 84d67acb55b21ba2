/* SPDX-License-Identifier: Apache-2.0
 * pace.c - a bucket of time, charged piece by piece.
 */
#include "limit/pace.h"

#include "base/assert.h"

/* Pieces are small enough to keep a slow flow even, and large enough not to wake up for nothing. */
enum { PIECES_PER_SECOND = 32, PIECE_MIN = 1024, PIECE_MAX = 65536 };
enum { NSEC_PER_SEC = 1000 * LN_NSEC_PER_MSEC };
#define TIME_MAX ((ln_nsec)1 << 57) /* four years */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t piece_of(const struct ln_pace *p)
{
    return most(least(p->rate / PIECES_PER_SECOND, PIECE_MAX), PIECE_MIN);
}

/* Nanoseconds that so many bytes take; rounded against the client. */
static ln_nsec time_of(const struct ln_pace *p, uint64_t bytes)
{
    unsigned __int128 exact = ((unsigned __int128)bytes * NSEC_PER_SEC + p->rate - 1) / p->rate;

    return exact < TIME_MAX ? (ln_nsec)exact : TIME_MAX;
}

static struct ln_plan plan_of(ln_nsec at_once)
{
    const struct ln_limit limit = {LN_LIMIT_GCRA, NSEC_PER_SEC, 1000, at_once};

    return ln_plan_make(&limit); /* one unit each nanosecond */
}

struct ln_plan ln_pace_plan(void)
{
    return plan_of(1);
}

struct ln_pace *ln_pace_add(struct ln_pace **list, struct ln_arena *arena, uint64_t rate,
                            uint64_t burst)
{
    unsigned count = 0;
    struct ln_pace *p;

    ln_assert(rate >= 1 && rate <= LN_PACE_MAX && burst <= LN_PACE_MAX);
    for (; *list != NULL; list = &(*list)->also)
        count++;
    if (count == LN_PACES_MAX)
        return NULL;
    p = *list = ln_arena_zalloc(arena, sizeof *p);
    p->rate = rate;
    p->plan = plan_of(time_of(p, most(burst, piece_of(p))));
    return p;
}

static bool take(struct ln_pace *p, enum ln_plan_mode mode, ln_nsec now)
{
    ln_nsec cost = time_of(p, p->granted);
    struct ln_limit_answer a;

    if (p->zone != NULL)
        ln_limiter_take(p->zone, &p->plan, p->hash, cost, mode, now, &a);
    else
        ln_plan_judge(&p->plan, &p->own, NULL, cost, mode, now, &a);
    p->due = a.reset > p->plan.span ? now + a.reset - p->plan.span : now;
    return a.ok;
}

/* All of it if the bucket has that, or a piece that it will have. */
static void ask(struct ln_pace *p, uint64_t want, ln_nsec now)
{
    p->granted = want;
    if (take(p, LN_PLAN_TAKE, now))
        return;
    p->granted = least(want, piece_of(p));
    take(p, LN_PLAN_CHARGE, now);
}

uint64_t ln_pace_room(struct ln_pace *p, uint64_t want, ln_nsec now)
{
    bool is_due = true;

    for (; p != NULL && want > 0; p = p->also) {
        if (p->granted == 0)
            ask(p, want, now);
        want = least(want, p->granted);
        is_due = is_due && p->due <= now;
    }
    return is_due ? want : 0;
}

void ln_pace_spend(struct ln_pace *p, uint64_t n)
{
    for (; p != NULL; p = p->also) {
        ln_assert(n <= p->granted);
        p->granted -= n;
    }
}

ln_nsec ln_pace_due(const struct ln_pace *p)
{
    ln_nsec due = 0;

    for (; p != NULL; p = p->also)
        if (p->granted > 0 && p->due > due)
            due = p->due;
    return due;
}
