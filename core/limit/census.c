/* SPDX-License-Identifier: Apache-2.0
 * census.c - heartbeats, and how many there are.
 */
#include "limit/census.h"

#include <stdio.h>

#include "base/assert.h"

enum { EVERY_MS = 2000, PATIENCE_MS = 1000 };

#define LIVES_US 7000000 /* three heartbeats may be lost */

static void on_time(struct ln_timer *t);

static void on_answer(struct ln_redis_call *call)
{
    struct ln_census *c = call->arg;
    const struct ln_redis_reply *r = call->error == LN_REDIS_OK ? call->replies[0] : NULL;

    bool good = r != NULL && r->kind == LN_REDIS_INTEGER && r->integer > 0;

    if (good)
        atomic_store_explicit(c->gateways, (uint64_t)r->integer, memory_order_relaxed);
    ln_redis_call_free(call);
    c->call = NULL;
    if (good && c->on_beat != NULL)
        c->on_beat(c, ln_loop_now_ms(c->loop) - c->asked);
}

static void beat(struct ln_census *c)
{
    char self[20];
    int n = snprintf(self, sizeof self, "%016llx", (unsigned long long)c->self);

    ln_timer_start(c->loop, &c->timer, EVERY_MS, on_time);
    if (c->call != NULL)
        return;
    c->asked = ln_loop_now_ms(c->loop);
    c->call = ln_redis_call_new(c->redis, on_answer, c);
    ln_redis_call_script(c->call, c->script, 4);
    ln_redis_call_word(c->call, "1", 1); /* keys */
    ln_redis_call_word(c->call, c->key.p, c->key.n);
    ln_redis_call_word(c->call, self, (size_t)n);
    ln_redis_call_number(c->call, LIVES_US);
    if (!ln_redis_call_send(c->call, PATIENCE_MS)) {
        ln_redis_call_free(c->call);
        c->call = NULL;
    }
}

static void on_time(struct ln_timer *t)
{
    beat(ln_container_of(t, struct ln_census, timer));
}

void ln_census_start(struct ln_census *c)
{
    beat(c);
}

void ln_census_hurry(struct ln_census *c, ln_msec after)
{
    ln_timer_start(c->loop, &c->timer, after, on_time);
}

void ln_census_stop(struct ln_census *c)
{
    ln_timer_stop(c->loop, &c->timer);
    ln_redis_call_free(c->call);
    c->call = NULL;
}

uint64_t ln_census_count(const struct ln_census *c)
{
    uint64_t n = atomic_load_explicit(c->gateways, memory_order_relaxed);

    return n > 0 ? n : 1;
}
