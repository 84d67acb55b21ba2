/* SPDX-License-Identifier: Apache-2.0
 * about.c - the version of LuaJIT, and how it was built.
 */
#include "script/about.h"

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>

#include "script/guard.h"

const char *ln_about_engine(void)
{
    return LUAJIT_VERSION;
}

/* The value of a Lua expression; false when it cannot be had. */
static bool is_true(lua_State *L, const char *expression)
{
    bool value = luaL_dostring(L, expression) == 0 && lua_toboolean(L, -1);

    lua_settop(L, 0);
    return value;
}

void ln_about_facts(struct ln_about_facts *facts)
{
    lua_State *L = luaL_newstate();

    *facts = (struct ln_about_facts){0};
    if (L == NULL)
        return;
    luaL_openlibs(L);
    facts->gc64 = is_true(L, "return require('ffi').abi('gc64')");
    facts->has_compiler = is_true(L, "jit.on() return jit.status()");
    facts->has_modules = is_true(L, "require('jit.util') require('jit.vmdef') return true");
    lua_close(L);
    facts->guard_works = facts->has_compiler && ln_guard_prove("li1");
}
