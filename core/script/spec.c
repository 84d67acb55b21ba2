/* SPDX-License-Identifier: Apache-2.0
 * spec.c - runs busted inside the binary.
 */
#include "script/spec.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#include "base/assert.h"

/* Where Debian has the Lua libraries; a stock LuaJIT looks in other places first. */
static const char runner[] = "package.path = 'lua/?.lua;./?.lua;' .. package.path .. "
                             "';/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua'\n"
                             "package.cpath = package.cpath .. ';/usr/lib/' .. "
                             "jit.arch:gsub('x64', 'x86_64'):gsub('arm64', 'aarch64')"
                             " .. '-linux-gnu/lua/5.1/?.so'\n"
                             "local found, run = pcall(require, 'busted.runner')\n"
                             "if not found then\n"
                             "  io.stderr:write('lunette test: busted is not installed (Debian: "
                             "apt install lua-busted)\\n')\n"
                             "  if not run:find(\"module 'busted.runner' not found\", 1, true) "
                             "then io.stderr:write(run, '\\n') end\n"
                             "  return 1\n"
                             "end\n"
                             "local conf = io.open('.busted')\n"
                             "if conf then conf:close() end\n"
                             "if not conf and #arg == 0 then arg[1] = 'spec' end\n"
                             "local ok, why = pcall(run, { standalone = false })\n"
                             "if not ok and why then io.stderr:write(tostring(why), '\\n') end\n"
                             "return ok and 0 or 1\n";

static void set_arguments(lua_State *L, int argc, char **argv)
{
    lua_newtable(L);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_setglobal(L, "arg");
}

struct start {
    int argc;
    char **argv;
    ln_spec_match *match;
};

static int start(lua_State *L)
{
    const struct start *s = lua_touserdata(L, 1);

    luaL_openlibs(L);
    set_arguments(L, s->argc, s->argv);
    ln_spec_open(L, s->match, NULL);
    lua_settop(L, 0);
    if (luaL_loadbuffer(L, runner, sizeof runner - 1, "=lunette test") != 0)
        return lua_error(L);
    lua_call(L, 0, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "lunette.exit");
    return 0;
}

int ln_spec_main(int argc, char **argv, ln_spec_match *match)
{
    struct start s = {argc, argv, match};
    lua_State *L = luaL_newstate();
    int code = 1;

    ln_assert(L != NULL);
    if (lua_cpcall(L, start, &s) != 0) {
        fprintf(stderr, "lunette test: %s\n", lua_tostring(L, -1));
    } else {
        lua_getfield(L, LUA_REGISTRYINDEX, "lunette.exit");
        code = (int)lua_tointeger(L, -1);
    }
    lua_close(L);
    return code;
}
