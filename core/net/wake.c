/* SPDX-License-Identifier: Apache-2.0
 * wake.c - an event descriptor of libev's.
 */
#include "net/wake.h"

#include "base/assert.h"

static void on_async(struct ev_loop *ev, ev_async *a, int events)
{
    struct ln_wake *w = ln_container_of(a, struct ln_wake, ev);

    (void)ev;
    (void)events;
    w->on_wake(w);
}

void ln_wake_start(struct ln_loop *loop, struct ln_wake *w, void (*on_wake)(struct ln_wake *w))
{
    w->loop = loop;
    w->on_wake = on_wake;
    ev_async_init(&w->ev, on_async);
    ev_async_start(ln_loop_ev(loop), &w->ev);
    ev_unref(ln_loop_ev(loop)); /* waiting for others is no work that keeps a loop running */
}

void ln_wake_stop(struct ln_wake *w)
{
    if (w->loop == NULL || !ev_is_active(&w->ev))
        return;
    ev_ref(ln_loop_ev(w->loop));
    ev_async_stop(ln_loop_ev(w->loop), &w->ev);
}

void ln_wake_send(struct ln_wake *w)
{
    ev_async_send(ln_loop_ev(w->loop), &w->ev);
}
