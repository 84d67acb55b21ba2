/* SPDX-License-Identifier: Apache-2.0
 * turns.h - a loop for a test, run until something has happened, with a bound that only a failing
 * test reaches.
 */
#ifndef LN_UNIT_TURNS_H
#define LN_UNIT_TURNS_H

#include "unit.h"

#include "base/assert.h"
#include "net/loop.h"

enum { TURNS_BOUND_MS = 10000 };

struct turns {
    struct ln_loop *loop;
    struct ln_timer bound;
    bool late;
};

static inline void turns_on_bound(struct ln_timer *t)
{
    struct turns *turns = ln_container_of(t, struct turns, bound);

    turns->late = true;
    ln_loop_stop(turns->loop);
}

static inline void turns_init(struct turns *t)
{
    *t = (struct turns){.loop = ln_loop_new()};
}

static inline void turns_fini(struct turns *t)
{
    ln_timer_stop(t->loop, &t->bound);
    ln_loop_free(t->loop);
}

/* Until somebody calls ln_loop_stop(). */
static inline void turns_run(struct turns *t)
{
    t->late = false;
    ln_timer_start(t->loop, &t->bound, TURNS_BOUND_MS, turns_on_bound);
    ln_loop_run(t->loop);
    ln_timer_stop(t->loop, &t->bound);
    assert_false(t->late);
}

/* Until `done` is true; looks after every turn. */
static inline void turns_until(struct turns *t, const bool *done)
{
    t->late = false;
    ln_timer_start(t->loop, &t->bound, TURNS_BOUND_MS, turns_on_bound);
    while (!*done && !t->late)
        ev_run(ln_loop_ev(t->loop), EVRUN_ONCE);
    ln_timer_stop(t->loop, &t->bound);
    ln_loop_bury(t->loop);
    assert_false(t->late);
}

/* One look at what is ready, without waiting. */
static inline void turns_once(struct turns *t)
{
    ev_run(ln_loop_ev(t->loop), EVRUN_NOWAIT);
    ln_loop_bury(t->loop);
}

#endif
