/* SPDX-License-Identifier: Apache-2.0
 * loop.h - the event loop of a process, on libev: readiness, timers, child processes, a clock, and
 * the reap list.
 *
 * Nobody frees in the middle of a callback: dead things are put on the reap list and go at the end
 * of the turn. Time stands still during a turn (ln_loop_now). Threads: one per loop.
 */
#ifndef LN_NET_LOOP_H
#define LN_NET_LOOP_H

#include <ev.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/list.h"

struct ln_loop;

/* Something to be freed at the end of the turn; embed it. */
struct ln_reap {
    struct ln_reap *next;
    void (*free)(struct ln_reap *self);
};

struct ln_loop *ln_loop_new(void);
/* In a child after fork(): the kernel's event queue is made anew, no watcher of the parent fires
 * here. */
void ln_loop_after_fork(struct ln_loop *loop);
void ln_loop_free(struct ln_loop *loop);

/* Runs until ln_loop_stop(). */
void ln_loop_run(struct ln_loop *loop);
void ln_loop_stop(struct ln_loop *loop);

struct ev_loop *ln_loop_ev(struct ln_loop *loop);

/* Monotonic time at the start of this turn. */
ln_nsec ln_loop_now(const struct ln_loop *loop);
ln_msec ln_loop_now_ms(const struct ln_loop *loop);

void ln_loop_reap(struct ln_loop *loop, struct ln_reap *dead);

/* Frees the dead now: for tearing down outside of a turn. */
void ln_loop_bury(struct ln_loop *loop);

/* A timer of its own, for things that are rare; per-request deadlines are net/deadline.h. Embed it;
 * zeroed = stopped. */
struct ln_timer {
    ev_timer ev; /* private */
    void (*on_time)(struct ln_timer *t);
};
void ln_timer_start(struct ln_loop *loop, struct ln_timer *t, ln_msec after,
                    void (*on_time)(struct ln_timer *t));
void ln_timer_stop(struct ln_loop *loop, struct ln_timer *t);
bool ln_timer_is_running(const struct ln_timer *t);

#endif
