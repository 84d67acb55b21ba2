/* SPDX-License-Identifier: Apache-2.0
 * spec_load.c - whole configurations in specs: loaded, listed, and asked which route takes a
 * request.
 */
#include "script/spec_inner.h"

#include "base/text.h"
#include "conf/schema.h"
#include "script/convert.h"
#include "script/split.h"
#include "script/vm_inner.h"

static void push_report(lua_State *L, struct ln_spec *s)
{
    struct ln_text text;

    ln_text_init(&text);
    ln_diag_print(&s->diag, &text);
    lua_pushlstring(L, text.p != NULL ? text.p : "", text.n);
    ln_text_fini(&text);
}

static void push_string_field(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static const char *const priorities[] = {NULL, "low", "normal", "high"};

static void push_route(lua_State *L, const struct ln_spec *s, const struct ln_route *route)
{
    lua_newtable(L);
    push_string_field(L, "name", route->name);
    push_string_field(L, "method", route->methods);
    push_string_field(L, "path", route->path);
    push_string_field(L, "host", route->host);
    push_string_field(L, "listener", route->listener);
    push_string_field(L, "strip", route->strip);
    push_string_field(L, "file", route->place.file);
    push_string_field(L, "chain", route->chain_text);
    push_string_field(L, "split", route->split != NULL ? route->split->text : NULL);
    push_string_field(L, "service",
                      route->service >= 0 ? s->conf->services[route->service].name : NULL);
    lua_pushinteger(L, (lua_Integer)route->place.line);
    lua_setfield(L, -2, "line");
    lua_pushinteger(L, (lua_Integer)route->timeout);
    lua_setfield(L, -2, "timeout_ms");
    lua_pushinteger(L, route->tries);
    lua_setfield(L, -2, "tries");
    push_string_field(L, "priority", priorities[route->priority]);
    lua_pushinteger(L, (lua_Integer)route->chain);
    lua_setfield(L, -2, "number");
}

/* Equal routes are found by the router. */
static int load_routes(struct ln_spec *s)
{
    unsigned errors = s->diag.errors;

    if (s->consumers == NULL || s->conf->consumer_count > 0) { /* else the spec has told some */
        ln_consumers_free(s->consumers);
        s->consumers = ln_consumers_load(s->conf, s->bundle, &s->diag);
    }
    ln_vm_know(s->vm, s->consumers, &s->conf->gateway.identity);
    int rc = ln_vm_load(s->vm, s->conf, s->bundle, &s->diag);

    s->vm->bundle = s->bundle;
    s->vm->diag = &s->diag;
    if (rc == 0 && s->match != NULL)
        s->match(s->vm, NULL, &s->diag);
    return s->diag.errors > errors ? -1 : 0;
}

/* load(path of a configuration, or nil; routes or nil; plugin folder or nil) -> list of routes; or
 * nil and the report */
int ln_spec_load(lua_State *L)
{
    struct ln_spec *s = ln_spec_of(L);
    const char *path = luaL_checkstring(L, 1), *routes = luaL_optstring(L, 2, NULL),
               *plugins = luaL_optstring(L, 3, NULL);
    struct ln_vm *vm = s->vm;
    struct ln_consumers *told = s->consumers;

    s->consumers = NULL;
    ln_spec_reset(s);
    s->consumers = told;
    ln_conf_free(s->conf);
    s->conf = ln_conf_load(s->bundle, path, &s->diag);
    if (s->conf == NULL || s->diag.errors > 0) {
        lua_pushnil(L);
        push_report(L, s);
        return 2;
    }
    s->conf->routes = routes != NULL ? ln_arena_strdup(&s->conf->arena, routes) : s->conf->routes;
    s->conf->plugins_dir =
        plugins != NULL ? ln_arena_strdup(&s->conf->arena, plugins) : s->conf->plugins_dir;
    if (load_routes(s) != 0) {
        lua_pushnil(L);
    } else {
        lua_createtable(L, (int)vm->route_count, 0);
        for (unsigned i = 0; i < vm->route_count; i++) {
            push_route(L, s, &vm->routes[i]);
            lua_rawseti(L, -2, (int)i + 1);
        }
    }
    push_report(L, s);
    return 2;
}

/* match(request, whether a split chooses now) -> index of the route from 1, its params and the name
 * of its service; nil; or nil, nil and the report. Routes of the last load. */
int ln_spec_route(lua_State *L)
{
    struct ln_spec *s = ln_spec_of(L);
    struct ln_req *r = &ln_spec_visit(L, 1)->r;
    unsigned errors = s->diag.errors;

    if (s->match == NULL)
        return luaL_error(L, "there is no router here");
    int index = s->match(s->vm, r, &s->diag);
    if (index < 0) {
        lua_pushnil(L);
        lua_pushnil(L);
        if (s->diag.errors == errors)
            return 2;
        push_report(L, s);
        return 3;
    }
    if (lua_toboolean(L, 2))
        ln_split_settle(r);
    lua_pushinteger(L, index + 1);
    lua_newtable(L);
    for (unsigned i = 0; i < r->param_count; i++) {
        lua_pushlstring(L, r->params[i].name.p, r->params[i].name.n);
        lua_pushlstring(L, r->params[i].value.p, r->params[i].value.n);
        lua_rawset(L, -3);
    }
    lua_pushstring(L, r->service >= 0 ? s->conf->services[r->service].name : NULL);
    return 3;
}

/* consumers(list as in gateway.yaml) -> nothing; or the report */
int ln_spec_consumers(lua_State *L)
{
    struct ln_spec *s = ln_spec_of(L);
    const struct ln_place place = {"consumers", 0, 0};
    struct ln_bundle *bundle = ln_bundle_record(); /* its own: they may be told several times */
    struct ln_arena arena;
    const char *why = NULL;
    struct ln_conf *conf = NULL;

    luaL_checktype(L, 1, LUA_TTABLE);
    ln_arena_init(&arena, NULL);
    const struct ln_node *list = ln_node_of_lua(L, 1, &arena, &place, &why);

    ln_consumers_free(s->consumers);
    s->consumers = NULL;
    if (list == NULL)
        ln_diag_error(&s->diag, &place, "%s", why);
    else
        conf = ln_conf_of_consumers(bundle, list, &s->diag);
    if (conf != NULL)
        s->consumers = ln_consumers_load(conf, bundle, &s->diag);
    ln_vm_know(s->vm, s->consumers, NULL);
    ln_conf_free(conf);
    ln_bundle_free(bundle);
    ln_arena_reset(&arena);
    if (s->diag.errors == 0)
        return 0;
    push_report(L, s);
    return 1;
}

/* conf_schema(JSON of the plugins' schemas) -> JSON Schema of gateway.yaml */
int ln_spec_conf_schema(lua_State *L)
{
    struct ln_slice plugins;
    struct ln_text out;

    plugins.p = luaL_checklstring(L, 1, &plugins.n);
    ln_text_init(&out);
    ln_conf_schema(plugins, &out);
    lua_pushlstring(L, out.p, out.n);
    ln_text_fini(&out);
    return 1;
}
