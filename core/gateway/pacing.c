/* SPDX-License-Identifier: Apache-2.0
 * pacing.c - a timer for each direction that a bandwidth has held up.
 */
#include "gateway/pacing.h"

struct ln_pacing {
    struct ln_exchange *x;
    struct ln_timer timer;
    ln_nsec since, held; /* when it began to wait last; for how long it has waited before */
};

static void go_on(struct ln_pacing *p)
{
    p->held += ln_loop_now(p->x->gw->loop) - p->since;
}

static void on_response_due(struct ln_timer *t)
{
    struct ln_pacing *p = ln_container_of(t, struct ln_pacing, timer);

    go_on(p);
    ln_exchange_client_writable(p->x);
}

static void on_request_due(struct ln_timer *t)
{
    struct ln_pacing *p = ln_container_of(t, struct ln_pacing, timer);
    struct ln_exchange *x = p->x;

    go_on(p);
    /* The attempt may be over, and its content with it. */
    if (x->attempt.conn != NULL && x->up.pending != NULL)
        ln_relay_on_up_writable(&x->attempt.conn->stream);
}

static struct ln_pacing *begin(struct ln_exchange *x)
{
    struct ln_pacing *p = ln_arena_zalloc(&x->arena, sizeof *p);

    p->x = x;
    ln_stat_add(x->gw->slot, LN_STAT_PACED, 1);
    return p;
}

void ln_pacing_hold(struct ln_exchange *x, enum ln_pace_side side)
{
    static void (*const on_due[LN_PACE_SIDES])(struct ln_timer *) = {
        [LN_PACE_RESPONSE] = on_response_due, [LN_PACE_REQUEST] = on_request_due};
    ln_nsec now = ln_loop_now(x->gw->loop), due = ln_pace_due(x->req.paces[side]);
    ln_msec wait = due > now ? (due - now + LN_NSEC_PER_MSEC - 1) / LN_NSEC_PER_MSEC : 1;

    if (x->pacing[side] == NULL)
        x->pacing[side] = begin(x);
    x->pacing[side]->since = now;
    ln_timer_start(x->gw->loop, &x->pacing[side]->timer, wait, on_due[side]);
}

bool ln_pacing_is_held(const struct ln_exchange *x, enum ln_pace_side side)
{
    return x->pacing[side] != NULL && ln_timer_is_running(&x->pacing[side]->timer);
}

ln_nsec ln_pacing_held_for(const struct ln_exchange *x, enum ln_pace_side side)
{
    return x->pacing[side] != NULL ? x->pacing[side]->held : 0;
}

void ln_pacing_end(struct ln_exchange *x)
{
    for (int side = 0; side < LN_PACE_SIDES; side++)
        if (x->pacing[side] != NULL)
            ln_timer_stop(x->gw->loop, &x->pacing[side]->timer);
}
