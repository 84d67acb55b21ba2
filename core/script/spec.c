/* SPDX-License-Identifier: Apache-2.0
 * spec.c - runs the tools that are written in Lua, above all `lunette test`.
 */
#include "script/spec.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#include "base/assert.h"

static void push_arguments(lua_State *L, int argc, char **argv)
{
    lua_newtable(L);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
}

struct start {
    const char *tool;
    int argc;
    char **argv;
    ln_spec_match *match;
};

static int start(lua_State *L)
{
    const struct start *s = lua_touserdata(L, 1);

    luaL_openlibs(L);
    ln_spec_open(L, s->match, NULL);
    lua_settop(L, 0);
    lua_getglobal(L, "require");
    lua_pushfstring(L, "lunette.tools.%s", s->tool);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "main");
    push_arguments(L, s->argc, s->argv);
    lua_call(L, 1, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "lunette.exit");
    return 0;
}

int ln_spec_main(const char *tool, int argc, char **argv, ln_spec_match *match)
{
    struct start s = {tool, argc, argv, match};
    lua_State *L = luaL_newstate();
    int code = 1;

    ln_assert(L != NULL);
    if (lua_cpcall(L, start, &s) != 0) {
        fprintf(stderr, "lunette %s: %s\n", tool, lua_tostring(L, -1));
    } else {
        lua_getfield(L, LUA_REGISTRYINDEX, "lunette.exit");
        code = (int)lua_tointeger(L, -1);
    }
    lua_close(L);
    return code;
}
