/* SPDX-License-Identifier: Apache-2.0
 * about.c - asks lunette.docs, in a state of its own.
 */
#include "script/about.h"

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>

#include "base/assert.h"
#include "script/spec.h"

static int render(lua_State *L)
{
    const char *function = lua_touserdata(L, 1);

    luaL_openlibs(L);
    ln_spec_open(L, NULL, NULL);
    lua_settop(L, 0);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "lunette.docs");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, function);
    lua_call(L, 0, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "lunette.page");
    return 0;
}

int ln_about_page(const char *page, struct ln_text *out)
{
    static char plugins[] = "plugins", api[] = "lua_api";
    char *function = strcmp(page, "plugins") == 0 ? plugins : strcmp(page, "api") == 0 ? api : NULL;
    lua_State *L = function != NULL ? luaL_newstate() : NULL;
    int rc = -1;

    if (L == NULL)
        return -1;
    if (lua_cpcall(L, render, function) == 0) {
        struct ln_slice text;

        lua_getfield(L, LUA_REGISTRYINDEX, "lunette.page");
        text.p = lua_tolstring(L, -1, &text.n);
        ln_text_add(out, text.p, text.n);
        rc = 0;
    } else {
        fprintf(stderr, "lunette docs: %s\n", lua_tostring(L, -1));
    }
    lua_close(L);
    return rc;
}

const char *ln_about_engine(void)
{
    return LUAJIT_VERSION;
}
