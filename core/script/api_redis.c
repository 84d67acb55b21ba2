/* SPDX-License-Identifier: Apache-2.0
 * api_redis.c - Redis for plugins: what redis(url) gives, and calls that a coroutine waits for.
 *
 * A use lives as long as the state; the client behind it is shared by URL and outlives reloads. An
 * ask is one call: Lua fills it, waits, reads the replies value by value and gives it back; through
 * a finalizer when the coroutine has come to an end before. What it holds goes with the coroutine.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "redis/client.h"
#include "script/api_inner.h"
#include "script/vm_inner.h"

enum { SCRIPTS_MAX = 256, DEPTH_MAX = 9 };

/* A script with its text; kept by the use. */
struct ln_redis_known {
    struct ln_redis_script script;
    struct ln_redis_known *next;
    char text[];
};

struct ln_redis_use {
    struct ln_vm *vm;
    struct ln_redis *redis; /* counted; NULL while checking and in unit specs */
    struct ln_redis_known *scripts;
    unsigned script_count;
    struct ln_redis_ask *idle; /* by next */
    struct ln_list asks;       /* the others */
    struct ln_redis_use *next;
};

struct ln_redis_ask {
    struct ln_list node;
    struct ln_redis_ask *next;
    struct ln_op op;
    struct ln_redis_use *use;
    struct ln_redis_call *call;
    unsigned at; /* of the replies */
    unsigned depth;
    struct {
        const struct ln_redis_reply *array;
        unsigned at;
    } path[DEPTH_MAX];
};

/* ---- uses ---- */

struct ln_redis_use *ln_redis_use_new(struct ln_vm *vm, struct ln_slice url, struct ln_err *err)
{
    struct ln_redis_url where;
    struct ln_redis_use *u;

    if (ln_redis_url_parse(url, &where, err) != 0)
        return NULL;
    u = ln_zalloc(sizeof *u);
    u->vm = vm;
    ln_list_init(&u->asks);
    if (vm->env.redis != NULL)
        u->redis = ln_redis_get(vm->env.redis, &where);
    u->next = vm->redis;
    vm->redis = u;
    return u;
}

void ln_redis_uses_free(struct ln_vm *vm)
{
    while (vm->redis != NULL) {
        struct ln_redis_use *u = vm->redis;

        vm->redis = u->next;
        while (!ln_list_is_empty(&u->asks))
            ln_redis_ask_free(ln_container_of(u->asks.next, struct ln_redis_ask, node));
        while (u->idle != NULL) {
            struct ln_redis_ask *a = u->idle;

            u->idle = a->next;
            ln_free(a);
        }
        while (u->scripts != NULL) {
            struct ln_redis_known *k = u->scripts;

            u->scripts = k->next;
            ln_free(k);
        }
        ln_redis_put(u->redis);
        ln_free(u);
    }
}

struct ln_redis_script *ln_redis_use_script(struct ln_redis_use *u, const char *text, size_t len)
{
    struct ln_redis_known *k;

    if (u->script_count == SCRIPTS_MAX)
        return NULL;
    k = ln_alloc(sizeof *k + len + 1);
    memcpy(k->text, text, len);
    ln_redis_script_init(&k->script, ln_slice(k->text, len));
    k->next = u->scripts;
    u->scripts = k;
    u->script_count++;
    return &k->script;
}

/* ---- asking ---- */

static void on_done(struct ln_redis_call *c)
{
    struct ln_redis_ask *a = c->arg;

    ln_op_done(&a->op);
}

static void on_cancel(struct ln_op *op)
{
    struct ln_redis_ask *a = ln_container_of(op, struct ln_redis_ask, op);

    ln_redis_call_free(a->call);
    a->call = NULL;
}

struct ln_redis_ask *ln_redis_ask_new(struct ln_redis_use *u)
{
    struct ln_redis_ask *a = u->idle;

    if (u->redis == NULL)
        return NULL;
    if (a != NULL)
        u->idle = a->next;
    else
        a = ln_alloc(sizeof *a);
    memset(a, 0, offsetof(struct ln_redis_ask, path));
    a->use = u;
    a->call = ln_redis_call_new(u->redis, on_done, a);
    ln_list_append(&u->asks, &a->node);
    return a;
}

void ln_redis_ask_free(struct ln_redis_ask *a)
{
    ln_redis_call_free(a->call);
    a->call = NULL;
    ln_list_remove(&a->node);
    a->next = a->use->idle;
    a->use->idle = a;
}

void ln_redis_ask_command(struct ln_redis_ask *a, unsigned argc)
{
    ln_redis_call_command(a->call, argc);
}

void ln_redis_ask_word(struct ln_redis_ask *a, const char *ptr, size_t len)
{
    ln_redis_call_word(a->call, ptr, len);
}

void ln_redis_ask_script(struct ln_redis_ask *a, const struct ln_redis_script *s, unsigned argc)
{
    ln_redis_call_script(a->call, s, argc);
}

int ln_redis_ask_send(struct ln_redis_ask *a, double seconds)
{
    if (!ln_redis_call_send(a->call, seconds < 0.001 ? 1 : (ln_msec)(seconds * 1000)))
        return LN_OK;
    return ln_op_begin(a->use->vm, &a->op, on_cancel);
}

/* ---- reading ---- */

int ln_redis_ask_error(const struct ln_redis_ask *a, struct ln_str *code, struct ln_str *why)
{
    const struct ln_redis_call *c = a->call;

    if (c->error == LN_REDIS_OK)
        return LN_NONE;
    ln_str_put(code, ln_slice_of(ln_redis_error_code(c->error)));
    return ln_str_put(why, ln_slice_of(c->reason));
}

static const struct ln_redis_reply *next_reply(struct ln_redis_ask *a)
{
    while (a->depth > 0) {
        unsigned top = a->depth - 1;

        if (a->path[top].at < a->path[top].array->count)
            return a->path[top].array->items[a->path[top].at++];
        a->depth--;
    }
    return a->at < a->call->count ? a->call->replies[a->at++] : NULL;
}

int ln_redis_ask_next(struct ln_redis_ask *a, struct ln_redis_value *out)
{
    const struct ln_redis_reply *r = next_reply(a);

    if (r == NULL)
        return LN_NONE;
    out->kind = (int32_t)r->kind;
    if (r->kind == LN_REDIS_FAULT && ln_redis_error_refuses(ln_redis_error_of(r->text)))
        out->kind = LN_REDIS_FAULT + 1;
    out->count = r->count;
    if (r->kind == LN_REDIS_ARRAY) {
        if (a->depth == DEPTH_MAX)
            return LN_NONE; /* hiredis allows less */
        a->path[a->depth].array = r;
        a->path[a->depth++].at = 0;
    } else if (r->kind == LN_REDIS_INTEGER) {
        out->number = (double)r->integer;
    } else if (r->kind != LN_REDIS_NIL) {
        out->ptr = r->text.p;
        out->len = r->text.n;
    }
    return LN_OK;
}
