/* SPDX-License-Identifier: Apache-2.0
 * host_store.c - opens zones of shared memory for plugins, while a configuration is loaded.
 */
#include <lauxlib.h>

#include "base/hash.h"
#include "script/meters.h"
#include "script/stores.h"
#include "shm/region.h"

static struct ln_vm *vm_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static struct ln_slice name_of(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);

    return ln_slice(p, n);
}

/* NULL while checking. In a spec the region belongs to this process alone, and is extended on the
 * spot. */
static void *zone_find(struct ln_vm *vm, enum ln_zone_kind kind, struct ln_slice name, size_t *size,
                       size_t each)
{
    struct ln_shm *shm = vm->env.shm;

    if (vm->env.demand != NULL)
        ln_demand_add_slots(vm->env.demand, kind, name, *size, each);
    if (shm == NULL)
        return NULL;
    if (vm->env.demand != NULL)
        ln_shm_satisfy(shm, vm->env.demand, NULL);
    *size += each * ln_shm_workers(shm);
    return ln_shm_find(shm, kind, name, size);
}

/* The handle as Lua gets it, or nil and a sentence. */
static int push_handle(lua_State *L, const struct ln_vm *vm, const void *zone, void *handle)
{
    if (zone == NULL && vm->env.shm != NULL) {
        lua_pushnil(L);
        lua_pushliteral(L, "the shared memory for it could not be found");
        return 2;
    }
    lua_pushlightuserdata(L, handle);
    return 1;
}

static struct ln_limiter *limiter_new(struct ln_vm *vm, const struct ln_limit *limit)
{
    struct ln_limiter *l = ln_arena_zalloc(&vm->arena, sizeof *l);

    l->vm = vm;
    l->window.plan = ln_plan_make(limit);
    l->window.salt = ln_limiter_salt(vm, limit);
    l->next = vm->limiters;
    vm->limiters = l;
    return l;
}

/* limiter(zone, algorithm, count, per in seconds, burst, entries, whether somebody has said
 * them, which of several, from 0) -> address, or nil and a sentence */
static int host_limiter(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    size_t n;
    const char *word = luaL_checklstring(L, 2, &n), *why;
    struct ln_limit limit = {LN_LIMIT_GCRA, (uint64_t)luaL_checknumber(L, 3),
                             (ln_msec)(luaL_checknumber(L, 4) * 1000 + 0.5),
                             (uint64_t)luaL_checknumber(L, 5)};

    if (!ln_limit_way_find(ln_slice(word, n), &limit.way))
        return luaL_error(L, "lua/lunette/store_limiter.lua and core/base/limit.def do not agree");
    why = ln_plan_refusal(&limit);
    if (why != NULL) {
        lua_pushnil(L);
        lua_pushstring(L, why);
        return 2;
    }
    struct ln_limiter *l = limiter_new(vm, &limit);
    struct ln_slice name =
        ln_windows_name(&vm->arena, name_of(L), &l->window.plan, (unsigned)luaL_checkinteger(L, 8));
    size_t entries =
        ln_limiter_entries(&l->window.plan, (size_t)luaL_checkinteger(L, 6), lua_toboolean(L, 7));
    size_t size = ln_limiter_size(&l->window.plan, entries);
    void *zone = zone_find(vm, LN_ZONE_LIMITER, name, &size, 0);

    l->is_open = zone != NULL;
    if (l->is_open)
        ln_limiter_open(&l->window.zone, &l->window.plan, zone, size);
    return push_handle(L, vm, zone, l);
}

/* The windows in the table at `at`: count, per in seconds and burst of each, one after the other.
 */
static bool read_windows(lua_State *L, int at, enum ln_limit_way way, struct ln_meter_conf *conf)
{
    size_t n = lua_objlen(L, at) / 3;

    conf->count = (unsigned)n;
    for (unsigned i = 0; i < n && n <= LN_TALLY_WINDOWS; i++) {
        double part[3];

        for (int k = 0; k < 3; k++) {
            lua_rawgeti(L, at, (int)i * 3 + k + 1);
            part[k] = luaL_checknumber(L, -1);
            lua_pop(L, 1);
        }
        conf->limits[i] = conf->without[i] = (struct ln_limit){
            way, (uint64_t)part[0], (ln_msec)(part[1] * 1000 + 0.5), (uint64_t)part[2]};
    }
    return n >= 1 && n <= LN_TALLY_WINDOWS;
}

/* meter(rule, algorithm, windows, url, timeout in seconds, on_down from 0, lease, entries, whether
 * somebody has said them) -> address; nil and a sentence; or nothing: limits are not counted in
 * Redis here (specs) */
static int host_meter(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    struct ln_meter_conf conf = {.rule = name_of(L),
                                 .timeout = (ln_msec)(luaL_checknumber(L, 5) * 1000 + 0.5),
                                 .on_down = (enum ln_limit_down)luaL_checkinteger(L, 6),
                                 .lease = (uint64_t)luaL_checknumber(L, 7),
                                 .clients = (size_t)luaL_checkinteger(L, 8),
                                 .clients_said = lua_toboolean(L, 9)};
    struct ln_slice word, url;
    enum ln_limit_way way;
    struct ln_err err;

    word.p = luaL_checklstring(L, 2, &word.n);
    url.p = luaL_checklstring(L, 4, &url.n);
    if (!ln_limit_way_find(word, &way) || !read_windows(L, 3, way, &conf))
        return luaL_error(L, "lua/lunette/store_meter.lua and core/limit/meter.h do not agree");
    struct ln_meter_use *u = NULL;

    if (ln_redis_url_parse(url, &conf.url, &err) == 0) {
        if (vm->env.meters == NULL && vm->env.shm != NULL)
            return 0;
        u = ln_meter_use_new(vm, &conf, &err);
    }
    if (u == NULL) {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
        return 2;
    }
    lua_pushlightuserdata(L, u);
    return 1;
}

/* limiter_join(address, address): whoever takes of the first one needs the second one, too. */
static int host_limiter_join(lua_State *L)
{
    struct ln_limiter *first = lua_touserdata(L, 1), *second = lua_touserdata(L, 2);

    luaL_argcheck(L, first != NULL && second != NULL, 1, "two addresses");
    struct ln_limit_window *last = &first->window;

    while (last->also != NULL)
        last = last->also;
    last->also = &second->window;
    return 0;
}

/* counters(zone, entries) -> address, or nil and a sentence */
static int host_counters(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    struct ln_store_counters *c = ln_arena_zalloc(&vm->arena, sizeof *c);
    size_t size = ln_counters_size((size_t)luaL_checkinteger(L, 2));
    void *zone = zone_find(vm, LN_ZONE_COUNTER, name_of(L), &size, 0);

    c->vm = vm;
    c->is_open = zone != NULL;
    if (c->is_open)
        ln_counters_init(&c->counters, zone, size);
    return push_handle(L, vm, zone, c);
}

/* dict(zone, bytes, evicts) -> address, or nil and a sentence */
static int host_dict(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    struct ln_store_dict *d = ln_arena_zalloc(&vm->arena, sizeof *d);
    size_t size = (size_t)luaL_checknumber(L, 2);
    void *zone = zone_find(vm, LN_ZONE_DICT, name_of(L), &size, 0);

    d->vm = vm;
    d->is_open = zone != NULL;
    if (d->is_open) {
        ln_dict_init(&d->dict, zone, size, lua_toboolean(L, 3));
        d->next = vm->dicts;
        vm->dicts = d;
    }
    return push_handle(L, vm, zone, d);
}

/* permits(zone, entries) -> address, or nil and a sentence */
static int host_permits(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    struct ln_store_permits *p = ln_arena_zalloc(&vm->arena, sizeof *p);
    size_t size = (size_t)luaL_checkinteger(L, 2) * LN_PERMITS_BYTES + LN_DICT_SIZE_MIN;
    void *zone = zone_find(vm, LN_ZONE_DICT, name_of(L), &size, 0);

    p->vm = vm;
    p->is_open = zone != NULL;
    if (p->is_open) {
        ln_permits_init(&p->permits, vm->env.shm, vm->env.worker, zone, size);
        p->next = vm->permits;
        vm->permits = p;
    }
    return push_handle(L, vm, zone, p);
}

/* bandwidth(zone, entries) -> address, or nil and a sentence */
static int host_bandwidth(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    struct ln_bandwidth *b = ln_arena_zalloc(&vm->arena, sizeof *b);
    struct ln_plan plan = ln_pace_plan();
    size_t size = ln_limiter_size(&plan, (size_t)luaL_checkinteger(L, 2));
    void *zone = zone_find(vm, LN_ZONE_LIMITER, name_of(L), &size, 0);

    b->vm = vm;
    b->is_open = zone != NULL;
    if (b->is_open)
        ln_limiter_open(&b->zone, &plan, zone, size);
    return push_handle(L, vm, zone, b);
}

/* metric(its description: shm/metric.h) -> address, or nil and a sentence */
static int host_metric(lua_State *L)
{
    struct ln_vm *vm = vm_of(L);
    struct ln_metric_handle *m = ln_arena_zalloc(&vm->arena, sizeof *m);
    struct ln_slice name = name_of(L);

    m->vm = vm;
    if (!ln_metric_parse(&m->about, ln_arena_dup(&vm->arena, name)))
        return luaL_error(L, "lua/lunette/metrics.lua and core/shm/metric.c do not agree");

    size_t size = ln_metric_size(&m->about);
    void *zone = zone_find(vm, LN_ZONE_METRIC, name, &size, ln_metric_each(&m->about));

    m->is_open = zone != NULL;
    ln_metric_open(&m->metric, &m->about, zone, vm->env.worker);
    return push_handle(L, vm, zone, m);
}

/* The zone of an item of the demand; NULL when it was not made. */
static void *zone_of(const struct ln_vm *vm, const struct ln_demand_item *item, size_t *size)
{
    *size = item->size + item->each * ln_shm_workers(vm->env.shm);
    return ln_shm_find(vm->env.shm, item->kind, item->name, size);
}

/* metrics() -> those of plugins, as `lunette metrics` prints them. In specs: it needs the demand.
 */
static int host_metrics(lua_State *L)
{
    const struct ln_vm *vm = vm_of(L);
    const struct ln_demand *demand = vm->env.demand;
    struct ln_text text;

    ln_text_init(&text);
    for (unsigned i = 0; demand != NULL && vm->env.shm != NULL && i < demand->count; i++) {
        const struct ln_demand_item *item = &demand->items[i];
        struct ln_metric_about about;
        struct ln_metric m;
        size_t size;
        void *zone = item->kind == LN_ZONE_METRIC ? zone_of(vm, item, &size) : NULL;

        if (zone == NULL || !ln_metric_parse(&about, item->name))
            continue;
        ln_metric_open(&m, &about, zone, 0);
        if (!ln_metric_is_empty(&m)) /* else it is of an earlier spec */
            ln_metric_print(&m, ln_shm_workers(vm->env.shm), &text);
    }
    lua_pushlstring(L, text.p != NULL ? text.p : "", text.n);
    ln_text_fini(&text);
    return 1;
}

void ln_stores_clear(struct ln_vm *vm)
{
    const struct ln_demand *demand = vm->env.demand;

    for (unsigned i = 0; i < demand->count; i++) {
        enum ln_zone_kind kind = demand->items[i].kind;
        bool ours = kind == LN_ZONE_COUNTER || kind == LN_ZONE_DICT || kind == LN_ZONE_METRIC;
        size_t size;
        void *zone = ours ? zone_of(vm, &demand->items[i], &size) : NULL;

        if (zone != NULL)
            ln_shm_clear(zone, size);
    }
}

static const luaL_Reg functions[] = {
    {"limiter", host_limiter},
    {"meter", host_meter},
    {"limiter_join", host_limiter_join},
    {"counters", host_counters},
    {"dict", host_dict},
    {"permits", host_permits},
    {"bandwidth", host_bandwidth},
    {"metric", host_metric},
    {"metrics", host_metrics},
    {NULL, NULL},
};

void ln_stores_push(struct ln_vm *vm)
{
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushlightuserdata(vm->L, vm);
        lua_pushcclosure(vm->L, f->func, 1);
        lua_setfield(vm->L, -2, f->name);
    }
}

void ln_stores_free(struct ln_vm *vm)
{
    for (struct ln_store_dict *d = vm->dicts; d != NULL; d = d->next)
        ln_dict_fini(&d->dict);
    vm->dicts = NULL;
    for (struct ln_store_permits *p = vm->permits; p != NULL; p = p->next)
        ln_permits_fini(&p->permits);
    vm->permits = NULL;
}
