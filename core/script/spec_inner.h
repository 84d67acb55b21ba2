/* SPDX-License-Identifier: Apache-2.0
 * spec_inner.h - the world of specs as its files see it. Nobody else includes this.
 *
 * spec_world.c  requests made by hand      spec_load.c  configurations and their routes
 */
#ifndef LN_SCRIPT_SPEC_INNER_H
#define LN_SCRIPT_SPEC_INNER_H

#include <lauxlib.h>
#include <lua.h>

#include "base/log.h"
#include "script/route.h"
#include "script/spec.h"
#include "shm/demand.h"

struct ln_visit {
    struct ln_req r;
    struct ln_arena arena;
    struct ln_fields fields, upstream;
    struct ln_route route;
    ln_nsec duration;
    unsigned index;        /* of the route that it was matched with, from 1; 0 = none */
    struct ln_visit *next; /* idle ones */
};

struct ln_said {
    enum ln_log_level level;
    char *text, *fields;
};

struct ln_spec {
    struct ln_vm *vm;
    struct ln_bundle *bundle;
    struct ln_diag diag;
    struct ln_conf *conf; /* of the last load */
    struct ln_consumers *consumers;
    struct ln_demand demand;
    ln_spec_match *match;
    struct ln_visit **visits; /* by number - 1 */
    int count, cap;
    struct ln_visit *idle;
    struct ln_said *lines; /* what was logged */
    unsigned line_count, line_cap;
};

static inline struct ln_spec *ln_spec_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static inline struct ln_visit *ln_spec_visit(lua_State *L, int index)
{
    struct ln_spec *s = ln_spec_of(L);
    int number = (int)luaL_checkinteger(L, index);

    luaL_argcheck(L, number >= 1 && number <= s->count, index,
                  "the request is from before the last reset");
    return s->visits[number - 1];
}

/* Begins anew: no request, nothing said, the clock where it starts. */
void ln_spec_reset(struct ln_spec *s);

/* spec_load.c, for the table of functions */
int ln_spec_load(lua_State *L);
int ln_spec_route(lua_State *L);
int ln_spec_conf_schema(lua_State *L);
int ln_spec_consumers(lua_State *L);

#endif
