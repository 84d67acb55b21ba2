/* SPDX-License-Identifier: Apache-2.0
 * when.c - asks a function whether a route is for a request, before there is a route.
 *
 * No coroutine: nothing can wait here. The request is as it came, and is left so: what the function
 * assigns is refused, and the objects that it has seen die with the answer.
 */
#include "script/api_inner.h"
#include "script/guard.h"
#include "script/task.h"
#include "script/vm_inner.h"

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
    ln_guard_leave(outer != NULL ? vm : NULL);
    vm->capped = outer != NULL;
    vm->running = outer;
    vm->cur.phase = LN_PHASE_NONE;
    return rc;
}

int ln_vm_when(struct ln_vm *vm, struct ln_req *r, const struct ln_condition *c)
{
    int answer = -1, top = lua_gettop(vm->L);

    if (LN_UNLIKELY(!vm->guarded))
        ln_guard_take(vm);
    r->asked = true;
    ln_task_select(vm, r);
    if (call(vm, c->function) == 0)
        answer = lua_toboolean(vm->L, -1);
    else
        report(vm, r);
    lua_settop(vm->L, top);
    ln_task_deselect(vm);
    r->asked = false;
    ln_vm_forget(vm, r);
    return answer;
}
