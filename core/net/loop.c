/* SPDX-License-Identifier: Apache-2.0
 * loop.c - libev, with a clock that stands still during a turn and a list of the dead.
 */
#include "net/loop.h"

#include <stddef.h>

#include "base/assert.h"
#include "base/mem.h"

struct ln_loop {
    struct ev_loop *ev;
    ev_check woken;  /* first after waiting: reads the clock */
    ev_prepare rest; /* last before waiting: frees the dead */
    ln_nsec now;
    struct ln_reap *dead;
};

static void on_woken(struct ev_loop *ev, ev_check *w, int events)
{
    struct ln_loop *loop = ln_container_of(w, struct ln_loop, woken);

    (void)ev;
    (void)events;
    loop->now = ln_clock_mono();
}

void ln_loop_bury(struct ln_loop *loop)
{
    while (loop->dead != NULL) {
        struct ln_reap *r = loop->dead;

        loop->dead = r->next;
        r->free(r);
    }
}

static void on_rest(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)ev;
    (void)events;
    ln_loop_bury(ln_container_of(w, struct ln_loop, rest));
}

struct ln_loop *ln_loop_new(void)
{
    struct ln_loop *loop = ln_zalloc(sizeof *loop);

    loop->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    ln_assert(loop->ev != NULL);
    loop->now = ln_clock_mono();
    ev_check_init(&loop->woken, on_woken);
    ev_set_priority(&loop->woken, EV_MAXPRI);
    ev_check_start(loop->ev, &loop->woken);
    ev_prepare_init(&loop->rest, on_rest);
    ev_set_priority(&loop->rest, EV_MINPRI);
    ev_prepare_start(loop->ev, &loop->rest);
    /* The two are part of the loop, not work: alone they do not keep it running. */
    ev_unref(loop->ev);
    ev_unref(loop->ev);
    return loop;
}

void ln_loop_after_fork(struct ln_loop *loop)
{
    ev_loop_fork(loop->ev);
}

void ln_loop_free(struct ln_loop *loop)
{
    ln_loop_bury(loop);
    ev_ref(loop->ev);
    ev_ref(loop->ev);
    ev_check_stop(loop->ev, &loop->woken);
    ev_prepare_stop(loop->ev, &loop->rest);
    ev_loop_destroy(loop->ev);
    ln_free(loop);
}

void ln_loop_run(struct ln_loop *loop)
{
    loop->now = ln_clock_mono();
    ev_run(loop->ev, 0);
    ln_loop_bury(loop);
}

void ln_loop_stop(struct ln_loop *loop)
{
    ev_break(loop->ev, EVBREAK_ALL);
}

struct ev_loop *ln_loop_ev(struct ln_loop *loop)
{
    return loop->ev;
}

ln_nsec ln_loop_now(const struct ln_loop *loop)
{
    return loop->now;
}

ln_msec ln_loop_now_ms(const struct ln_loop *loop)
{
    return loop->now / LN_NSEC_PER_MSEC;
}

void ln_loop_reap(struct ln_loop *loop, struct ln_reap *dead)
{
    dead->next = loop->dead;
    loop->dead = dead;
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    struct ln_timer *t = ln_container_of(w, struct ln_timer, ev);

    (void)ev;
    (void)events;
    t->on_time(t);
}

void ln_timer_start(struct ln_loop *loop, struct ln_timer *t, ln_msec after,
                    void (*on_time)(struct ln_timer *t))
{
    if (ln_timer_is_running(t))
        ev_timer_stop(loop->ev, &t->ev);
    t->on_time = on_time;
    ev_timer_init(&t->ev, on_timer, (double)after / 1000.0, 0.0);
    ev_timer_start(loop->ev, &t->ev);
}

void ln_timer_stop(struct ln_loop *loop, struct ln_timer *t)
{
    ev_timer_stop(loop->ev, &t->ev);
}

bool ln_timer_is_running(const struct ln_timer *t)
{
    return ev_is_active(&t->ev);
}
