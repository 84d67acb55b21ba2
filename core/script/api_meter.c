/* SPDX-License-Identifier: Apache-2.0
 * api_meter.c - limits of plugins that are counted in Redis: what store.limiter gives when it is
 * told of one, and questions that a coroutine waits for.
 *
 * A use lives as long as the state. An ask is one question: it keeps the key until the answer is
 * there. Lua asks again with one that was answered; a finalizer gives it back when the coroutine
 * has come to an end before.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "limit/meter.h"
#include "script/api_inner.h"
#include "script/meters.h"

enum { KEY_KEPT = 256 }; /* room for keys that a recycled ask keeps */

struct ln_meter_use {
    struct ln_vm *vm;
    struct ln_meter *meter; /* NULL while checking */
    struct ln_limit limit;  /* the first one */
    struct ln_meter_ask *idle;
    struct ln_list asks; /* the others */
    struct ln_meter_use *next;
};

struct ln_meter_ask {
    struct ln_list node;
    struct ln_meter_ask *next;
    struct ln_meter_use *use;
    struct ln_op op;
    struct ln_meter_take take;
    struct ln_limit limit; /* of take_as */
    struct ln_tally room;
    char *key;
    size_t cap;
};

/* ---- uses ---- */

struct ln_meter_use *ln_meter_use_new(struct ln_vm *vm, const struct ln_meter_conf *conf,
                                      struct ln_err *err)
{
    struct ln_meter_use *u = ln_zalloc(sizeof *u);

    u->vm = vm;
    u->limit = conf->limits[0];
    ln_list_init(&u->asks);
    if (vm->env.demand != NULL)
        ln_meter_demand(conf, vm->env.demand);
    if (vm->env.meters != NULL) {
        u->meter = ln_meter_new(vm->env.meters, conf, err);
        if (u->meter == NULL) {
            ln_free(u);
            return NULL;
        }
    }
    u->next = vm->meters;
    vm->meters = u;
    return u;
}

static void free_ask(struct ln_meter_ask *a)
{
    ln_free(a->key);
    ln_free(a);
}

void ln_meter_uses_free(struct ln_vm *vm)
{
    while (vm->meters != NULL) {
        struct ln_meter_use *u = vm->meters;

        vm->meters = u->next;
        while (!ln_list_is_empty(&u->asks))
            ln_meter_ask_free(ln_container_of(u->asks.next, struct ln_meter_ask, node));
        while (u->idle != NULL) {
            struct ln_meter_ask *a = u->idle;

            u->idle = a->next;
            free_ask(a);
        }
        ln_meter_free(u->meter);
        ln_free(u);
    }
}

/* ---- asking ---- */

static void on_done(struct ln_meter_take *t)
{
    ln_op_done(&ln_container_of(t, struct ln_meter_ask, take)->op);
}

static void on_cancel(struct ln_op *op)
{
    ln_meter_cancel(&ln_container_of(op, struct ln_meter_ask, op)->take);
}

struct ln_meter_ask *ln_meter_ask_new(struct ln_meter_use *u)
{
    struct ln_meter_ask *a;

    if (u == NULL || u->meter == NULL)
        return NULL;
    a = u->idle;
    if (a != NULL)
        u->idle = a->next;
    else
        a = ln_zalloc(sizeof *a);
    a->use = u;
    a->op = (struct ln_op){0};
    a->take.on_done = on_done;
    a->take.call = NULL;
    ln_list_init(&a->take.node);
    ln_list_append(&u->asks, &a->node);
    return a;
}

static void drop_large_key(struct ln_meter_ask *a)
{
    if (a->cap > KEY_KEPT) {
        ln_free(a->key);
        a->key = NULL;
        a->cap = 0;
    }
}

void ln_meter_ask_free(struct ln_meter_ask *a)
{
    ln_meter_cancel(&a->take);
    ln_list_remove(&a->node);
    drop_large_key(a);
    a->next = a->use->idle;
    a->use->idle = a;
}

static struct ln_slice keep_key(struct ln_meter_ask *a, const char *key, size_t n)
{
    if (a->cap < n) {
        a->cap = n < KEY_KEPT ? KEY_KEPT : n;
        a->key = ln_realloc(a->key, a->cap);
    }
    if (n > 0)
        memcpy(a->key, key, n);
    return ln_slice(a->key, n);
}

/* Where nothing can wait, the question is over: it may be asked again. */
static int wait_for(struct ln_meter_ask *a)
{
    int rc = ln_op_begin(a->use->vm, &a->op, on_cancel);

    if (rc != LN_WAIT) {
        ln_meter_cancel(&a->take);
        drop_large_key(a);
    }
    return rc;
}

static bool is_cost(double cost, int how)
{
    return cost >= 0 && cost <= 1e9 && how >= LN_TAKE && how <= LN_TAKE_CHARGE;
}

int ln_meter_ask_take(struct ln_meter_ask *a, const char *key, size_t key_len, double cost, int how)
{
    if (!is_cost(cost, how))
        return LN_EINVAL;
    if (ln_meter_take(a->use->meter, &a->take, keep_key(a, key, key_len), (uint64_t)cost,
                      (enum ln_plan_mode)how))
        return LN_OK;
    return wait_for(a);
}

int ln_meter_ask_take_as(struct ln_meter_ask *a, double count, double per, double burst,
                         const char *key, size_t key_len, double cost, int how)
{
    if (!is_cost(cost, how) || !(count >= 1 && count <= 1e9) || !(per >= 0.001 && per <= 1e9) ||
        !(burst >= 1 && burst <= 1e9))
        return LN_EINVAL;
    a->limit = (struct ln_limit){a->use->limit.way, (uint64_t)count, (ln_msec)(per * 1000 + 0.5),
                                 (uint64_t)burst};
    /* As where it is counted here, for it may come to that. */
    if (ln_plan_refusal(&a->limit) != NULL ||
        (a->limit.way != LN_LIMIT_GCRA && a->limit.per > a->use->limit.per) ||
        (a->limit.way == LN_LIMIT_SLIDING_LOG && a->limit.count > a->use->limit.count))
        return LN_ELIMIT;
    if (ln_meter_take_as(a->use->meter, &a->take, keep_key(a, key, key_len), (uint64_t)cost,
                         (enum ln_plan_mode)how, &a->limit, &a->room))
        return LN_OK;
    return wait_for(a);
}

int ln_meter_ask_answer(struct ln_meter_ask *a, struct ln_taken *out)
{
    const struct ln_meter_answer *answer = &a->take.answer;

    drop_large_key(a);
    out->left = (double)answer->left;
    out->wait = (double)answer->wait / 1e9;
    out->reset = (double)answer->reset / 1e9;
    out->which = (int32_t)answer->which + 1;
    out->by = (int32_t)answer->by;
    return answer->ok ? LN_OK : LN_NONE;
}
