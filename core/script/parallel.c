/* SPDX-License-Identifier: Apache-2.0
 * parallel.c - several functions at once: one errand for each, and the coroutine that waits for all
 * of them.
 *
 * The first one that raises ends the others where they are. Results are written into the table in
 * which the functions came: results[i] is the first result of function i; `failed`, the error.
 * Owner of a join: itself, until it is done or cancelled, and no function of it runs.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "script/vm_inner.h"

struct strand {
    struct ln_errand errand;
    struct ln_join *join;
    int number; /* from 1 */
};

struct ln_join {
    struct ln_op op;
    struct ln_vm *vm;
    int results;     /* reference of the table */
    int count, left; /* of strands */
    bool given_up;   /* nobody waits for it any more */
    struct strand strands[];
};

/* Whoever is still at work is dropped. */
static void let_go(struct ln_join *j)
{
    for (int i = 0; i < j->count; i++)
        ln_errand_cancel(&j->strands[i].errand);
    luaL_unref(j->vm->L, LUA_REGISTRYINDEX, j->results);
    j->vm->strands -= j->count;
}

/* A function may break off itself: by cancelling the timer whose run waits for it. */
static bool is_running(struct ln_join *j)
{
    bool is = false;

    for (int i = 0; i < j->count; i++)
        if (j->strands[i].errand.task != NULL)
            is = j->strands[i].errand.over = true;
    return is;
}

static void on_cancel(struct ln_op *op)
{
    struct ln_join *j = ln_container_of(op, struct ln_join, op);

    let_go(j);
    j->given_up = true;
    if (!is_running(j))
        ln_free(j);
}

/* The value at `index` of `from` becomes field `number`, or `failed`, of the results. */
static void keep(struct ln_join *j, lua_State *from, int index, int number)
{
    lua_pushvalue(from, index);
    lua_rawgeti(from, LUA_REGISTRYINDEX, j->results);
    lua_insert(from, -2);
    if (number > 0)
        lua_rawseti(from, -2, number);
    else
        lua_setfield(from, -2, "failed");
    lua_pop(from, 1);
}

static void on_end(struct ln_errand *e, lua_State *from, bool ok)
{
    struct strand *s = ln_container_of(e, struct strand, errand);
    struct ln_join *j = s->join;

    if (j->given_up) {
        if (!is_running(j))
            ln_free(j);
        return;
    }
    if (!ok) {
        keep(j, from, -2, 0);
    } else {
        if (lua_gettop(from) == 0)
            lua_pushnil(from);
        keep(j, from, 1, s->number);
    }
    if (ok && --j->left > 0)
        return;

    let_go(j);
    ln_op_done(&j->op);
    ln_free(j);
}

int ln_parallel_start(lua_State *L, struct ln_vm *vm)
{
    int n = (int)lua_objlen(L, 1);
    struct ln_task *t = vm->running;

    if (vm->strands + n > LN_STRANDS_MAX) {
        lua_pushinteger(L, LN_ELIMIT);
        return 1;
    }
    struct ln_join *j = ln_zalloc(sizeof *j + (size_t)n * sizeof j->strands[0]);

    j->vm = vm;
    if (ln_op_begin(vm, &j->op, on_cancel) != LN_WAIT) {
        ln_free(j);
        lua_pushinteger(L, LN_ESTATE);
        return 1;
    }
    vm->strands += n;
    j->count = j->left = n;
    lua_pushvalue(L, 1);
    j->results = luaL_ref(L, LUA_REGISTRYINDEX);
    for (int i = 0; i < n; i++) {
        struct strand *s = &j->strands[i];

        *s = (struct strand){.errand.on_end = on_end, .join = j, .number = i + 1};
        lua_rawgeti(L, 1, i + 1);
        ln_errand_start(vm, &s->errand, L, 0, t->req, t->phase, vm->cur.at);
    }
    lua_pushinteger(L, LN_WAIT);
    return 1;
}
