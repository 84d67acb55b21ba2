/* SPDX-License-Identifier: Apache-2.0
 * attempt.c - takes a pooled connection or opens one.
 */
#include "upstream/attempt.h"

#include "base/assert.h"
#include "upstream/latency.h"

enum { SETTLED_MS = 500 }; /* shorter than the lease of a probe */

static const struct sockaddr *address(struct ln_connect *c, unsigned i, socklen_t *len)
{
    struct ln_attempt *a = ln_container_of(c, struct ln_attempt, connect);
    const struct ln_addr *addr = &a->instance->conf->addrs[i];

    *len = addr->len;
    return &addr->any;
}

static void set_opening(struct ln_attempt *a, bool opening)
{
    a->instance->pool->opening += (unsigned)opening - (unsigned)a->opening;
    a->opening = opening;
}

static void on_connect(struct ln_connect *c, int fd)
{
    struct ln_attempt *a = ln_container_of(c, struct ln_attempt, connect);

    set_opening(a, false);
    a->error = c->error;
    if (fd >= 0)
        a->conn = ln_pool_adopt(a->instance->pool, fd);
    a->on_connected(a);
}

static struct ln_upconn *take_pooled(struct ln_instance *i, enum ln_attempt_want want)
{
    struct ln_upconn *c;

    if (want == LN_ATTEMPT_FRESH)
        return NULL;
    while ((c = ln_pool_take(i->pool)) != NULL) {
        if (want == LN_ATTEMPT_ANY || ln_stream_is_quiet(&c->stream))
            return c;
        ln_upconn_close(c);
    }
    return NULL;
}

void ln_attempt_start(struct ln_attempt *a, struct ln_instance *i, enum ln_attempt_want want)
{
    ln_assert(a->instance == NULL);
    a->instance = i;
    a->error = 0;
    a->started = ln_loop_now(i->pool->all->loop);
    a->asked = 0;
    a->connect.fd = -1;
    a->conn = take_pooled(i, want);
    a->pooled = a->conn != NULL;
    if (a->pooled) {
        a->on_connected(a);
        return;
    }
    ln_pool_make_room(i->pool, i->service->conf->pool.max);
    set_opening(a, true);
    a->connect.address = address;
    a->connect.on_connect = on_connect;
    ln_connect_start(&a->connect, i->pool->all->loop, i->conf->addr_count,
                     i->service->conf->connect);
}

void ln_attempt_asked(struct ln_attempt *a)
{
    a->asked = ln_loop_now(a->instance->pool->all->loop);
}

static struct ln_loop *loop_of(const struct ln_attempt *a)
{
    return a->instance->pool->all->loop;
}

static void on_settled(struct ln_timer *t)
{
    struct ln_attempt *a = ln_container_of(t, struct ln_attempt, settled);

    ln_instance_report(a->instance, &a->loan, LN_OUTCOME_OK, ln_loop_now_ms(loop_of(a)));
}

/* An instance that answers before it has heard everything is not measured: how long that takes is
 * the client's doing. */
void ln_attempt_answered(struct ln_attempt *a, int status)
{
    ln_nsec now = ln_loop_now(loop_of(a));

    ln_instance_answered(a->instance, &a->loan, status, now / LN_NSEC_PER_MSEC);
    if (a->loan.ticket.probe || a->loan.door != 0)
        ln_timer_start(loop_of(a), &a->settled, SETTLED_MS, on_settled);
    if (a->asked > 0)
        ln_latency_note(&a->instance->record->latency, (now - a->asked) / 1000,
                        now / LN_NSEC_PER_MSEC);
    if (a->instance->service->load.record != NULL)
        ln_concurrency_answered(&a->instance->service->load,
                                a->asked > 0 ? (now - a->asked + a->queued) / 1000 : 0, status,
                                now / LN_NSEC_PER_MSEC);
}

static void note_failure(const struct ln_attempt *a, ln_nsec now)
{
    ln_nsec from = a->asked > 0 ? a->asked : a->started;

    ln_latency_note_failure(&a->instance->record->latency, (now - from) / 1000,
                            now / LN_NSEC_PER_MSEC);
}

/* A refused connection is no sign of it: nobody is there. */
static bool is_overload(enum ln_outcome outcome)
{
    return ln_outcome_row(outcome)->strikes > 0 && outcome != LN_OUTCOME_REFUSED;
}

void ln_attempt_release(struct ln_attempt *a, enum ln_outcome outcome, bool reusable)
{
    struct ln_instance *i = a->instance;
    struct ln_upconn *c = a->conn;

    ln_assert(i != NULL);
    if (ln_timer_is_running(&a->settled))
        ln_timer_stop(loop_of(a), &a->settled);
    if (ln_outcome_row(outcome)->strikes > 0)
        note_failure(a, ln_loop_now(i->pool->all->loop));
    set_opening(a, false);
    if (is_overload(outcome))
        ln_concurrency_failed(&i->service->load, ln_loop_now_ms(i->pool->all->loop));
    a->instance = NULL;
    a->conn = NULL;
    ln_service_release(i, &a->loan, outcome, ln_loop_now_ms(i->pool->all->loop));
    if (c == NULL)
        ln_connect_cancel(&a->connect);
    else if (reusable)
        ln_pool_return(c, i->service->conf->pool.idle, i->service->conf->pool.idle_timeout);
    else
        ln_upconn_close(c);
}
