/* SPDX-License-Identifier: Apache-2.0
 * load.c - configuration into Lua, routes and chains out of it.
 *
 * Lua does the thinking (lua/lunette/boot.lua); this file carries tables over the line.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "script/convert.h"
#include "script/guard.h"
#include "script/vm_inner.h"

enum {
    COLD = 30
}; /* requests that a chain sees before it is compiled: by then its branches are the usual ones */

/* ---- the configuration as a table ---- */

static void set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_bool(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static void set_place(lua_State *L, const struct ln_place *place)
{
    set_string(L, "file", place->file);
    set_integer(L, "line", (lua_Integer)place->line);
}

static void push_uses(lua_State *L, const struct ln_service_conf *s)
{
    lua_newtable(L);
    for (unsigned i = 0; i < s->use_count; i++) {
        lua_newtable(L);
        set_string(L, "plugin", s->uses[i].plugin);
        set_place(L, &s->uses[i].place);
        ln_node_push(L, s->uses[i].settings);
        lua_setfield(L, -2, "settings");
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void push_services(lua_State *L, const struct ln_conf *conf)
{
    lua_newtable(L);
    for (unsigned i = 0; i < conf->service_count; i++) {
        const struct ln_service_conf *s = &conf->services[i];

        lua_newtable(L);
        set_string(L, "name", s->name);
        set_string(L, "path", s->path);
        set_bool(L, "strip_path", s->strip_path);
        set_place(L, &s->place);
        push_uses(L, s);
        lua_setfield(L, -2, "uses");
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void push_listeners(lua_State *L, const struct ln_conf *conf)
{
    lua_newtable(L);
    for (unsigned i = 0; i < conf->gateway.listener_count; i++) {
        lua_pushstring(L, conf->gateway.listeners[i].name);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void push_trusted(lua_State *L, const struct ln_conf *conf)
{
    lua_newtable(L);
    for (unsigned i = 0; i < conf->trusted_plugin_count; i++) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, conf->trusted_plugins[i]);
    }
}

/* The claims of tokens that can be identities, with their places in identity.from, from 0. */
static void push_claims(lua_State *L, const struct ln_identity_conf *conf)
{
    int n = 0;

    lua_newtable(L);
    for (unsigned i = 0; i < conf->from_count; i++) {
        if (conf->from[i].kind != LN_IDENTITY_JWT)
            continue;
        lua_createtable(L, 0, 2);
        set_string(L, "name", conf->from[i].name);
        set_integer(L, "source", (lua_Integer)i);
        lua_rawseti(L, -2, ++n);
    }
}

static void push_conf(lua_State *L, const struct ln_conf *conf)
{
    lua_newtable(L);
    set_string(L, "file", conf->file);
    set_string(L, "routes", conf->routes);
    set_string(L, "plugins_dir", conf->plugins_dir);
    set_bool(L, "generated_routes", conf->generated_routes);
    push_services(L, conf);
    lua_setfield(L, -2, "services");
    push_listeners(L, conf);
    lua_setfield(L, -2, "listeners");
    push_trusted(L, conf);
    lua_setfield(L, -2, "trusted");
    push_claims(L, &conf->gateway.identity);
    lua_setfield(L, -2, "claims");
}

/* ---- routes ---- */

static lua_Integer number_field(struct ln_vm *vm, const char *key, lua_Integer otherwise)
{
    lua_getfield(vm->L, -1, key);
    lua_Integer n = lua_isnumber(vm->L, -1) ? lua_tointeger(vm->L, -1) : otherwise;
    lua_pop(vm->L, 1);
    return n;
}

/* The option `idempotent` of the route on top: true, false or a header's name. */
static const struct ln_idempotent *take_idempotent(struct ln_vm *vm)
{
    struct ln_idempotent *i = NULL;

    lua_getfield(vm->L, -1, "idempotent");
    if (!lua_isnil(vm->L, -1)) {
        i = ln_arena_zalloc(&vm->arena, sizeof *i);
        i->always = lua_isboolean(vm->L, -1) && lua_toboolean(vm->L, -1);
    }
    lua_pop(vm->L, 1);
    if (i != NULL && !i->always)
        i->header = ln_take_text(vm, "idempotent");
    return i;
}

static void take_route(struct ln_vm *vm, struct ln_route *route)
{
    *route = (struct ln_route){
        .name = ln_take_text(vm, "name"),
        .methods = ln_take_text(vm, "methods"),
        .path = ln_take_text(vm, "path"),
        .host = ln_take_text(vm, "host"),
        .listener = ln_take_text(vm, "listener"),
        .service = (int)number_field(vm, "service", -1),
        .strip = ln_take_text(vm, "strip"),
        .timeout = (ln_msec)number_field(vm, "timeout", 0),
        .tries = (int)number_field(vm, "tries", 0),
        .idempotent = take_idempotent(vm),
        .priority = (unsigned)number_field(vm, "priority", 0),
        .buffer = (uint64_t)number_field(vm, "buffer", 0),
        .chain = (unsigned)number_field(vm, "chain", 0),
        .place = {.file = ln_take_text(vm, "file"), .line = (unsigned)number_field(vm, "line", 0)},
        .chain_text = ln_take_text(vm, "chain_text"),
    };
    ln_take_conditions(vm, route);
    lua_Integer split = number_field(vm, "split", 0);
    if (split > 0) {
        route->split = &vm->splits[split - 1];
        route->service = -1;
    }
    if (route->chain == 0)
        return;
    const struct ln_chain *chain = &vm->chains[route->chain - 1];
    route->has_request = chain->run[LN_PHASE_REQUEST] != 0;
    route->has_balance = chain->run[LN_PHASE_BALANCE] != 0;
    route->has_response = chain->run[LN_PHASE_RESPONSE] != 0;
    route->has_body = chain->run[LN_PHASE_BODY] != 0;
    route->bodies = chain->bodies;
    route->has_log = chain->run[LN_PHASE_LOG] != 0;
}

/* A field of the table on top, anchored; 0 when it is not there. */
static int ref_field(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    if (!lua_isnil(L, -1))
        return luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
    return 0;
}

/* A bit for each number in the list `bodies` of the table on top. */
static uint64_t bodies_field(lua_State *L)
{
    uint64_t bits = 0;

    lua_getfield(L, -1, "bodies");
    for (int i = 1; lua_istable(L, -1) && i <= (int)lua_objlen(L, -1); i++, lua_pop(L, 1)) {
        lua_rawgeti(L, -1, i);
        bits |= (uint64_t)1 << lua_tointeger(L, -1);
    }
    lua_pop(L, 1);
    return bits;
}

void ln_chain_take(struct ln_vm *vm)
{
    if (vm->chain_count == vm->chain_cap) {
        vm->chain_cap = vm->chain_cap > 0 ? vm->chain_cap * 2 : 16;
        vm->chains = ln_realloc(vm->chains, vm->chain_cap * sizeof *vm->chains);
    }
    vm->chains[vm->chain_count++] = (struct ln_chain){
        .run = {[LN_PHASE_REQUEST] = ref_field(vm->L, "request"),
                [LN_PHASE_BALANCE] = ref_field(vm->L, "balance"),
                [LN_PHASE_RESPONSE] = ref_field(vm->L, "response"),
                [LN_PHASE_BODY] = ref_field(vm->L, "body"),
                [LN_PHASE_LOG] = ref_field(vm->L, "log")},
        .selfs = ref_field(vm->L, "selfs"),
        .bodies = bodies_field(vm->L),
        .cold = {[LN_PHASE_REQUEST] = COLD,
                 [LN_PHASE_BALANCE] = COLD + 3,
                 [LN_PHASE_RESPONSE] = COLD + 5,
                 [LN_PHASE_BODY] = COLD + 10,
                 [LN_PHASE_LOG] = COLD + 15},
    };
    lua_getfield(vm->L, -1, "uses");
    ln_uses_take(vm, &vm->chains[vm->chain_count - 1]);
    lua_pop(vm->L, 1);
}

void ln_chains_forget(struct ln_vm *vm)
{
    for (unsigned i = 0; i < vm->chain_count; i++) {
        for (int phase = 0; phase <= LN_PHASE_LOG; phase++)
            if (vm->chains[i].run[phase] != 0)
                luaL_unref(vm->L, LUA_REGISTRYINDEX, vm->chains[i].run[phase]);
        luaL_unref(vm->L, LUA_REGISTRYINDEX, vm->chains[i].selfs);
    }
    ln_conditions_forget(vm);
    ln_splits_forget(vm);
    vm->chain_count = 0;
    vm->route_count = 0;
    vm->use_count = 0;
}

/* The list in field `key` of the table on top: its elements get pushed one by one. */
static unsigned open_list(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    return (unsigned)lua_objlen(L, -1);
}

void ln_routes_take(struct ln_vm *vm)
{
    lua_State *L = vm->L;

    ln_chains_forget(vm);
    unsigned chains = open_list(L, "chains");
    for (unsigned i = 0; i < chains; i++, lua_pop(L, 1)) {
        lua_rawgeti(L, -1, (int)i + 1);
        ln_chain_take(vm);
    }
    lua_pop(L, 1);
    ln_take_splits(vm);
    vm->route_count = open_list(L, "routes");
    vm->routes = ln_arena_zalloc(&vm->arena, (vm->route_count + 1) * sizeof *vm->routes);
    for (unsigned i = 0; i < vm->route_count; i++, lua_pop(L, 1)) {
        lua_rawgeti(L, -1, (int)i + 1);
        take_route(vm, &vm->routes[i]);
    }
    lua_pop(L, 1);
}

/* require "lunette.boot".load(conf) -> { routes, chains } */
static int load_in_lua(lua_State *L)
{
    struct ln_vm *vm = lua_touserdata(L, 1);

    if (vm->live == 0) {
        ln_vm_preload(vm);
        ln_vm_boot(vm);
    }
    lua_getglobal(L, "require");
    lua_pushliteral(L, "lunette.boot");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "load");
    push_conf(L, vm->conf);
    lua_call(L, 1, 1);
    ln_routes_take(vm);
    ln_uses_begin(vm);
    return 0;
}

int ln_vm_load(struct ln_vm *vm, struct ln_conf *conf, struct ln_bundle *bundle,
               struct ln_diag *diag)
{
    unsigned errors = diag->errors;
    struct ln_guard_place stopped;

    if (vm->L == NULL)
        ln_vm_open(vm, &conf->lua);
    vm->conf = conf;
    vm->bundle = bundle;
    vm->diag = diag;
    vm->cur.phase = LN_PHASE_LOAD;
    vm->capped = true;
    if (!vm->adopted)
        ln_guard_load(vm);
    int rc = lua_cpcall(vm->L, load_in_lua, vm);
    vm->capped = false;
    if (!vm->adopted && ln_guard_loaded(vm, &stopped)) {
        struct ln_place place = {.file = stopped.line > 0 ? stopped.file : conf->file,
                                 .line = stopped.line};

        ln_diag_error(diag, &place, "ran for more than %d ms while files were loaded",
                      LN_GUARD_LOAD_MS);
        lua_settop(vm->L, 0);
    } else if (rc != 0) {
        struct ln_place place = {.file = conf->file};

        ln_diag_error(diag, &place, "lua: %s", lua_tostring(vm->L, -1));
        lua_pop(vm->L, 1);
    }
    vm->cur.phase = LN_PHASE_NONE;
    if (!vm->adopted) { /* the state of specs is collected by its owner: it holds far more than ours
                         */
        lua_gc(vm->L, LUA_GCCOLLECT, 0);
        ln_vm_tune(vm, ln_vm_memory(vm));
    }
    vm->low = SIZE_MAX;
    vm->conf = NULL;
    vm->bundle = NULL;
    vm->diag = NULL;
    return diag->errors > errors ? -1 : 0;
}

const struct ln_route *ln_vm_routes(const struct ln_vm *vm, unsigned *count)
{
    *count = vm->route_count;
    return vm->routes;
}
