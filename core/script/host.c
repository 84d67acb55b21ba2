/* SPDX-License-Identifier: Apache-2.0
 * host.c - what Lua asks of C while a configuration is loaded: files, places for errors, services,
 * zones.
 *
 * This side of the line uses Lua's own C interface: tables and long texts cross here, nothing of it
 * runs during a request, and it is reachable only for the modules in lua/lunette, which get it as
 * `require "lunette.host"`.
 */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/diag.h"
#include "script/client.h"
#include "script/convert.h"
#include "script/embedded.h"
#include "script/event.h"
#include "script/job.h"
#include "script/stores.h"
#include "shm/region.h"

static struct ln_vm *vm_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* The files are gone when the load is over: nothing of them can be asked for in a handler. */
static struct ln_vm *loading_vm(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);

    if (vm->bundle == NULL) {
        lua_pushliteral(
            L,
            "files, services and the environment can be used while files are loaded, and in init");
        lua_error(L);
    }
    return vm;
}

static void push_slice(lua_State *L, struct ln_slice s)
{
    lua_pushlstring(L, s.p, s.n);
}

/* embedded(path) -> bytes or nil */
static int host_embedded(lua_State *L)
{
    struct ln_slice bytes = ln_embedded_find(ln_slice_of(luaL_checkstring(L, 1)));

    if (bytes.p == NULL)
        return 0;
    push_slice(L, bytes);
    return 1;
}

/* embedded_names(prefix) -> list of paths */
static int host_embedded_names(lua_State *L)
{
    struct ln_slice prefix = ln_slice_of(luaL_checkstring(L, 1));
    int n = 0;

    lua_newtable(L);
    for (const struct ln_embedded_file *f = ln_embedded_files; f->name != NULL; f++) {
        if (!ln_slice_has_prefix(ln_slice_of(f->name), prefix))
            continue;
        lua_pushstring(L, f->name);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* read(path) -> bytes, or nil and a sentence */
static int host_read(lua_State *L)
{
    struct ln_slice bytes;
    struct ln_err err = {0};

    if (ln_bundle_read(loading_vm(L)->bundle, luaL_checkstring(L, 1), &bytes, &err) != 0) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    push_slice(L, bytes);
    return 1;
}

/* list(folder, suffix) -> sorted list of names */
static int host_list(lua_State *L)
{
    const char *const *names =
        ln_bundle_list(loading_vm(L)->bundle, luaL_checkstring(L, 1), luaL_checkstring(L, 2));

    lua_newtable(L);
    for (int i = 0; names != NULL && names[i] != NULL; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int host_is_dir(lua_State *L)
{
    lua_pushboolean(L, ln_bundle_is_dir(loading_vm(L)->bundle, luaL_checkstring(L, 1)));
    return 1;
}

static int host_env(lua_State *L)
{
    const char *value = ln_bundle_env(loading_vm(L)->bundle, luaL_checkstring(L, 1));

    lua_pushstring(L, value); /* NULL pushes nil */
    return 1;
}

static struct ln_place place_of(lua_State *L, int file, int line, struct ln_arena *arena)
{
    struct ln_place place = {.file = luaL_optstring(L, file, ""),
                             .line = (unsigned)luaL_optinteger(L, line, 0)};

    if (arena != NULL)
        place.file = ln_arena_strdup(arena, place.file);
    return place;
}

/* report(kind, file, line, text): kind "error" or "warning" */
static int host_report(lua_State *L)
{
    enum ln_diag_kind kind =
        strcmp(luaL_checkstring(L, 1), "warning") == 0 ? LN_DIAG_WARNING : LN_DIAG_ERROR;
    struct ln_place place = place_of(L, 2, 3, NULL);

    ln_diag_add(loading_vm(L)->diag, kind, &place, "%s", luaL_checkstring(L, 4));
    return 0;
}

/* add_service(name, settings, file, line) -> index from 0; nil: the errors are reported, or nil and
 * a sentence */
static int host_add_service(lua_State *L)
{
    struct ln_vm *vm = loading_vm(L);
    struct ln_place place = place_of(L, 3, 4, &vm->conf->arena);
    const char *name = ln_arena_strdup(&vm->conf->arena, luaL_checkstring(L, 1)), *why = NULL;

    luaL_checktype(L, 2, LUA_TTABLE);
    const struct ln_node *node = ln_node_of_lua(L, 2, &vm->conf->arena, &place, &why);
    if (node == NULL) {
        lua_pushnil(L);
        lua_pushstring(L, why);
        return 2;
    }
    struct ln_service_conf *service =
        ln_conf_add_service(vm->conf, vm->bundle, name, node, vm->diag);
    if (service == NULL)
        return 0;
    lua_pushinteger(L, (lua_Integer)(service - vm->conf->services));
    return 1;
}

/* Where a timer of one worker has its lease. In a spec the region belongs to this process alone,
 * and is extended on the spot. */
static struct ln_lease_record *find_lease(struct ln_vm *vm, struct ln_slice name)
{
    size_t size = sizeof(struct ln_lease_record);

    if (vm->env.demand != NULL)
        ln_demand_add(vm->env.demand, LN_ZONE_LEASE, name, size);
    if (vm->env.shm == NULL)
        return NULL;
    if (vm->env.demand != NULL)
        ln_shm_satisfy(vm->env.shm, vm->env.demand, NULL);
    struct ln_lease_record *lease = ln_shm_find(vm->env.shm, LN_ZONE_LEASE, name, &size);

    if (vm->adopted && lease != NULL) /* of an earlier spec */
        memset(lease, 0, sizeof *lease);
    return lease;
}

/* job(number, seconds, jitter in seconds, repeats, name of its lease or nil) -> true; or nil and a
 * sentence */
static int host_job(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    int number = (int)luaL_checkinteger(L, 1);
    struct ln_lease_record *lease = NULL;

    if (!lua_isnoneornil(L, 5)) {
        lease = find_lease(vm, ln_slice_of(luaL_checkstring(L, 5)));
        if (lease == NULL && vm->env.shm != NULL) {
            lua_pushnil(L);
            lua_pushliteral(L, "only timers that are made in init can be of one worker");
            return 2;
        }
    }
    struct ln_job *job =
        ln_job_new(vm, number, (ln_msec)(luaL_checknumber(L, 2) * 1000),
                   (ln_msec)(luaL_checknumber(L, 3) * 1000), lua_toboolean(L, 4) != 0);

    if (job == NULL) {
        lua_pushnil(L);
        lua_pushfstring(L, "there are %d timers already", LN_JOBS_MAX);
        return 2;
    }
    job->lease = lease;
    lua_pushboolean(L, true);
    return 1;
}

/* cancel_job(number) */
static int host_cancel_job(lua_State *L)
{
    ln_job_cancel(vm_of(L), (int)luaL_checkinteger(L, 1));
    return 0;
}

/* hear(number, kind) -> true; or nil and a sentence */
static int host_hear(lua_State *L)
{
    int number = (int)luaL_checkinteger(L, 1);
    const char *name = luaL_checkstring(L, 2);

    for (unsigned kind = 0; kind < LN_NEWS_KINDS; kind++) {
        if (strcmp(name, ln_news_kinds[kind]) != 0)
            continue;
        lua_pushboolean(L, ln_events_ask(vm_of(L), number, (enum ln_news_kind)kind));
        if (lua_toboolean(L, -1))
            return 1;
        lua_pushnil(L);
        lua_pushfstring(L, "%d functions hear of events already", LN_EVENT_HANDLERS_MAX);
        return 2;
    }
    return luaL_error(L, "no events are called %s", name);
}

/* redis(url) -> address, or nil and a sentence */
static int host_redis(lua_State *L)
{
    struct ln_slice url;
    struct ln_err err;

    url.p = luaL_checklstring(L, 1, &url.n);
    struct ln_redis_use *u = ln_redis_use_new(vm_of(L), url, &err);

    if (u == NULL) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    lua_pushlightuserdata(L, u);
    return 1;
}

/* reserve(name of a header field) */
static int host_reserve(lua_State *L)
{
    ln_client_reserve(vm_of(L), luaL_checkstring(L, 1));
    return 0;
}

/* parallel(list of functions) -> an enum ln_rc: WAIT, and the results will be in the list */
static int host_parallel(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    return ln_parallel_start(L, vm_of(L));
}

/* Sizes and offsets as the C compiler sees them, for lua/lunette/ffi.lua to compare with what
 * ffi.cdef has made of the same text. */
#define SIZE(type)                                                                                 \
    {                                                                                              \
        "struct " #type, NULL, sizeof(struct type)                                                 \
    }
#define AT(type, field)                                                                            \
    {                                                                                              \
        "struct " #type, #field, offsetof(struct type, field)                                      \
    }
static const struct {
    const char *type, *field;
    size_t value;
} layout[] = {
    SIZE(ln_str),
    AT(ln_str, ptr),
    AT(ln_str, len),
    SIZE(ln_handle),
    AT(ln_handle, req),
    AT(ln_handle, serial),
    AT(ln_handle, side),
    SIZE(ln_piece),
    AT(ln_piece, ln_serial),
    AT(ln_piece, ln_number),
    SIZE(ln_cur),
    AT(ln_cur, piece),
    AT(ln_cur, req),
    AT(ln_cur, serial),
    AT(ln_cur, slot),
    AT(ln_cur, phase),
    AT(ln_cur, at),
    AT(ln_cur, request),
    AT(ln_cur, response),
    AT(ln_cur, up),
    SIZE(ln_up_seen),
    AT(ln_up_seen, active),
    AT(ln_up_seen, latency),
    AT(ln_up_seen, healthy),
    SIZE(ln_taken),
    AT(ln_taken, left),
    AT(ln_taken, wait),
    AT(ln_taken, by),
    SIZE(ln_allowed),
    AT(ln_allowed, per),
    AT(ln_allowed, burst),
    SIZE(ln_value),
    AT(ln_value, number),
    AT(ln_value, ptr),
    AT(ln_value, len),
    AT(ln_value, type),
    SIZE(ln_redis_value),
    AT(ln_redis_value, count),
    AT(ln_redis_value, number),
    AT(ln_redis_value, ptr),
    AT(ln_redis_value, len),
    SIZE(ln_match),
    AT(ln_match, count),
    AT(ln_match, at),
    AT(ln_match, len),
};

static void push_layout(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; i < (int)LN_ARRAY_LEN(layout); i++) {
        lua_createtable(L, 3, 0);
        lua_pushstring(L, layout[i].type);
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, (lua_Integer)layout[i].value);
        lua_rawseti(L, -2, 2);
        lua_pushstring(L, layout[i].field);
        lua_rawseti(L, -2, 3);
        lua_rawseti(L, -2, i + 1);
    }
}

static void push_hostname(lua_State *L)
{
    char name[HOST_NAME_MAX + 1] = "";

    gethostname(name, sizeof name - 1);
    lua_pushstring(L, name);
}

static const luaL_Reg functions[] = {
    {"embedded", host_embedded},
    {"embedded_names", host_embedded_names},
    {"read", host_read},
    {"list", host_list},
    {"is_dir", host_is_dir},
    {"env", host_env},
    {"report", host_report},
    {"add_service", host_add_service},
    {"redis", host_redis},
    {"reserve", host_reserve},
    {"parallel", host_parallel},
    {"job", host_job},
    {"cancel_job", host_cancel_job},
    {"hear", host_hear},
    {NULL, NULL},
};

void ln_host_push(struct ln_vm *vm)
{
    lua_State *L = vm->L;

    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushlightuserdata(L, vm);
        lua_pushcclosure(L, f->func, 1);
        lua_setfield(L, -2, f->name);
    }
    ln_stores_push(vm);
    push_slice(L, ln_embedded_find(LN_SLICE("core/script/api.cdef.h")));
    lua_setfield(L, -2, "cdef");
    push_layout(L);
    lua_setfield(L, -2, "layout");
    push_hostname(L);
    lua_setfield(L, -2, "hostname");
    ln_json_open(L);
    lua_setfield(L, -2, "json");
    lua_pushlightuserdata(L, &vm->cur);
    lua_setfield(L, -2, "cur");
    lua_pushstring(L, vm->library);
    lua_setfield(L, -2, "library");
}
