/* SPDX-License-Identifier: Apache-2.0
 * when.c - asks a function whether a route is for a request, before there is a route.
 *
 * No coroutine: nothing can wait here. The request is as it came, and is left so: what the function
 * assigns is refused, and the objects that it has seen die with the answer. One that keeps failing
 * is put into quarantine like a handler (script/uses.h): it counts as failed without being asked.
 */
#include <stdio.h>

#include "base/hash.h"
#include "script/api_inner.h"
#include "script/guard.h"
#include "script/task.h"
#include "script/vm_inner.h"
#include "shm/quarantine.h"

enum { POINTS = 5, STOPPED_POINTS = 2 }; /* as in uses.c */

static int add_trace(lua_State *L)
{
    luaL_traceback(L, L, NULL, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "lunette.trace");
    return 1;
}

/* With the error on top. */
static void report(struct ln_vm *vm, const struct ln_req *r)
{
    lua_State *L = vm->L;

    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->ask_failed);
    lua_pushvalue(L, -2);
    lua_getfield(L, LUA_REGISTRYINDEX, "lunette.trace");
    lua_pushstring(L, r->route != NULL ? r->route->name : NULL);
    lua_pushstring(L, r->route != NULL ? r->route->place.file : NULL);
    lua_pushinteger(L, r->route != NULL ? (lua_Integer)r->route->place.line : 0);
    if (lua_pcall(L, 5, 0, 0) != 0) {
        ln_error("an error could not be reported: %s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "lunette.trace");
}

static int call(struct ln_vm *vm, int function)
{
    lua_State *L = vm->L;
    struct ln_task *outer = vm->running;

    vm->running = NULL; /* nothing can wait */
    vm->cur.phase = LN_PHASE_WHEN;
    vm->cur.at = 0;
    vm->capped = true;
    lua_pushcfunction(L, add_trace);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->ask);
    lua_rawgeti(L, LUA_REGISTRYINDEX, function);
    ln_guard_enter(vm);
    int rc = lua_pcall(L, 1, 1, -3);
    vm->stopped = ln_guard_leave(outer != NULL ? vm : NULL);
    vm->capped = outer != NULL;
    vm->running = outer;
    vm->cur.phase = LN_PHASE_NONE;
    return rc;
}

/* ---- one that keeps failing ---- */

static ln_msec now_of(void)
{
    return ln_clock_mono() / LN_NSEC_PER_MSEC;
}

/* Not to be asked now? `trial`: this once, to see whether it works again. */
static bool is_out(struct ln_asked *a, bool *trial)
{
    enum ln_quarantine_verdict verdict =
        a->out != NULL ? ln_quarantine_ask(a->out, now_of()) : LN_QUARANTINE_RUNS;

    *trial = verdict == LN_QUARANTINE_TRIAL;
    if (verdict == LN_QUARANTINE_RUNS)
        a->out = NULL;
    return verdict == LN_QUARANTINE_OUT;
}

static void put_out(struct ln_vm *vm, struct ln_asked *a, const struct ln_route *route)
{
    struct ln_hash_key key = {vm->env.number, 0x6c6e7768656eu};
    char text[LN_QUARANTINE_TEXT];

    snprintf(text, sizeof text, "the condition of route %.120s (%.200s:%u)", route->name,
             route->place.file != NULL ? route->place.file : "?", route->place.line);
    a->points = 0;
    a->out = ln_quarantine_claim(vm->quarantine, ln_hash(&key, &a->number, sizeof a->number) | 2,
                                 vm->env.number, text);
    ln_msec wait = a->out != NULL ? ln_quarantine_put_out(vm->quarantine, a->out, now_of()) : 0;

    if (wait > 0)
        ln_error("%s keeps failing: it is in quarantine, and tried again in %llu ms", text,
                 (unsigned long long)wait);
}

static void note(struct ln_vm *vm, struct ln_asked *a, const struct ln_route *route, bool worked,
                 bool trial)
{
    if (vm->quarantine == NULL || route == NULL)
        return;
    if (trial && worked) {
        ln_quarantine_let_in(vm->quarantine, a->out);
        a->out = NULL;
    } else if (trial) {
        ln_quarantine_trial_failed(a->out, now_of());
    } else if (worked) {
        a->points -= a->points > 0;
    } else {
        a->points += vm->stopped ? STOPPED_POINTS : 1;
        if (a->points >= POINTS)
            put_out(vm, a, route);
    }
}

/* ---- asking ---- */

static int ask(struct ln_vm *vm, struct ln_req *r, const struct ln_condition *c)
{
    int rc = call(vm, c->function);

    if (LN_LIKELY(rc == 0))
        return lua_toboolean(vm->L, -1);
    if (rc == LUA_ERRMEM)
        lua_gc(vm->L, LUA_GCCOLLECT, 0); /* or there would be nothing to report with */
    report(vm, r);
    return -1;
}

int ln_vm_when(struct ln_vm *vm, struct ln_req *r, const struct ln_condition *c)
{
    bool trial;

    if (LN_UNLIKELY(is_out(c->asked, &trial)))
        return -1;
    if (LN_UNLIKELY(!vm->guarded))
        ln_guard_take(vm);

    int top = lua_gettop(vm->L);

    r->asked = true;
    ln_task_select(vm, r);
    int answer = ask(vm, r, c);
    lua_settop(vm->L, top);
    ln_task_deselect(vm);
    r->asked = false;
    ln_vm_forget(vm, r);
    note(vm, c->asked, r->route, answer >= 0, trial);
    return answer;
}
