/* SPDX-License-Identifier: Apache-2.0
 * api_password.c - the password of a consumer, for Lua: a wait for the threads of auth/passwords.h.
 */
#include "auth/passwords.h"
#include "base/assert.h"
#include "base/mem.h"
#include "script/api_inner.h"
#include "script/op.h"
#include "script/vm_inner.h"

struct ln_verify {
    struct ln_vm *vm;
    struct ln_op op;
    struct ln_password_ask ask;
    struct ln_timer timer; /* how long the wait may take */
    bool real;             /* the name has a password: else nothing is right */
    int result;            /* enum ln_verified */
};

static int verdict(const struct ln_verify *v)
{
    switch (v->ask.result) {
    case LN_PASSWORD_RIGHT:
        return v->real ? LN_VERIFIED_RIGHT : LN_VERIFIED_WRONG;
    case LN_PASSWORD_BUSY:
        return LN_VERIFIED_BUSY;
    case LN_PASSWORD_WRONG:
        break;
    }
    return LN_VERIFIED_WRONG;
}

static void on_done(struct ln_password_ask *a)
{
    struct ln_verify *v = ln_container_of(a, struct ln_verify, ask);

    ln_timer_stop(v->vm->env.loop, &v->timer);
    v->result = verdict(v);
    ln_op_done(&v->op);
}

static void on_late(struct ln_timer *t)
{
    struct ln_verify *v = ln_container_of(t, struct ln_verify, timer);

    ln_passwords_cancel(&v->ask);
    v->result = LN_VERIFIED_LATE;
    ln_op_done(&v->op);
}

static void on_cancel(struct ln_op *op)
{
    struct ln_verify *v = ln_container_of(op, struct ln_verify, op);

    ln_timer_stop(v->vm->env.loop, &v->timer);
    ln_passwords_cancel(&v->ask);
}

struct ln_verify *ln_verify_new(struct ln_cur *cur)
{
    struct ln_verify *v = ln_zalloc(sizeof *v);

    v->vm = ln_container_of(cur, struct ln_vm, cur);
    v->ask.on_done = on_done;
    return v;
}

/* The coroutine has gone on, or was given up: nothing waits any more. */
void ln_verify_free(struct ln_verify *v)
{
    ln_free(v);
}

/* In unit specs, where nothing can wait. */
static int judge_here(struct ln_verify *v, struct ln_slice password, struct ln_slice hash)
{
    v->ask.result = ln_password_is_right(password, hash) ? LN_PASSWORD_RIGHT : LN_PASSWORD_WRONG;
    v->result = verdict(v);
    return LN_OK;
}

int ln_verify_start(struct ln_verify *v, const char *name, size_t name_len, const char *password,
                    size_t password_len, double remember, double timeout)
{
    struct ln_vm *vm = v->vm;
    struct ln_slice given = ln_slice(password, password_len), hash = {NULL, 0};
    int rc;

    v->result = LN_VERIFIED_WRONG;
    if (vm->consumers != NULL)
        hash = ln_consumers_password(vm->consumers, ln_slice(name, name_len), &v->real);
    if (hash.p == NULL) /* there is no password at all: nothing to be found out by time */
        return LN_OK;
    if (vm->env.passwords == NULL)
        return judge_here(v, given, hash);
    if (ln_passwords_ask(vm->env.passwords, &v->ask, given, hash, (ln_msec)(remember * 1000))) {
        v->result = verdict(v);
        return LN_OK;
    }
    rc = ln_op_begin(vm, &v->op, on_cancel);
    if (rc != LN_WAIT)
        ln_passwords_cancel(&v->ask);
    else
        ln_timer_start(vm->env.loop, &v->timer, timeout < 0.001 ? 1 : (ln_msec)(timeout * 1000),
                       on_late);
    return rc;
}

int ln_verify_result(const struct ln_verify *v)
{
    return v->result;
}
