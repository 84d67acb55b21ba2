/* SPDX-License-Identifier: Apache-2.0
 * spec_world.c - what lua/lunette/world.lua asks of C: requests made by hand, run through real
 * chains, and what came of them.
 *
 * Records of requests are kept and used again until the state is closed, because handles may still
 * point to them. Limits of an earlier spec are told from those of a later one by the epoch, so that
 * the region need not be emptied.
 */
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/target.h"
#include "script/event.h"
#include "script/job.h"
#include "script/spec_inner.h"
#include "script/split.h"
#include "script/stores.h"
#include "script/up.h"
#include "script/vm_inner.h"
#include "shm/region.h"

enum { START_MONO = 1000, START_WALL = 1700000000 }; /* seconds */
static const ln_nsec second = 1000000000;

/* ---- making requests ---- */

static struct ln_slice text_field(lua_State *L, struct ln_visit *v, const char *key)
{
    struct ln_slice s = {NULL, 0};

    lua_getfield(L, 1, key);
    if (!lua_isnil(L, -1)) {
        s.p = luaL_checklstring(L, -1, &s.n);
        s = ln_arena_dup(&v->arena, s);
    }
    lua_pop(L, 1);
    return s;
}

static lua_Number number_field(lua_State *L, const char *key, lua_Number otherwise)
{
    lua_getfield(L, 1, key);
    lua_Number n = luaL_optnumber(L, -1, otherwise);
    lua_pop(L, 1);
    return n;
}

/* { { name, value }, ... } in field `key` of the table at 1 */
static void fields_field(lua_State *L, struct ln_fields *f, const char *key)
{
    lua_getfield(L, 1, key);
    for (int i = 1; !lua_isnil(L, -1); i++, lua_pop(L, 3)) {
        struct ln_slice name, value;

        lua_rawgeti(L, -1, i);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            break;
        }
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        name.p = luaL_checklstring(L, -2, &name.n);
        value.p = luaL_checklstring(L, -1, &value.n);
        if (!ln_fields_add(f, name, value))
            luaL_error(L, "not a header: %s: %s", name.p, value.p);
    }
    lua_pop(L, 1);
}

static void params_field(lua_State *L, struct ln_visit *v)
{
    lua_getfield(L, 1, "params");
    for (lua_pushnil(L); lua_istable(L, -2) && lua_next(L, -2) != 0; lua_pop(L, 1)) {
        struct ln_slice name, value;

        luaL_argcheck(L, v->r.param_count < LN_PARAMS_MAX, 1, "too many params");
        name.p = luaL_checklstring(L, -2, &name.n);
        value.p = luaL_checklstring(L, -1, &value.n);
        v->r.params[v->r.param_count].name = ln_arena_dup(&v->arena, name);
        v->r.params[v->r.param_count++].value = ln_arena_dup(&v->arena, value);
    }
    lua_settop(L, 1);
}

static struct ln_visit *visit_new(struct ln_spec *s)
{
    struct ln_visit *v = s->idle;

    if (v != NULL)
        s->idle = v->next;
    else
        v = ln_alloc(sizeof *v);
    memset(v, 0, sizeof *v);
    ln_arena_init(&v->arena, NULL);
    ln_fields_init(&v->fields, &v->arena);
    ln_fields_init(&v->upstream, &v->arena);
    ln_fields_init(&v->r.reply_fields, &v->arena);
    if (s->count == s->cap) {
        s->cap = s->cap > 0 ? s->cap * 2 : 16;
        s->visits = ln_realloc(s->visits, (size_t)s->cap * sizeof(struct ln_visit *));
    }
    s->visits[s->count++] = v;
    return v;
}

static void fill(lua_State *L, struct ln_visit *v)
{
    struct ln_req *r = &v->r;

    r->magic = LN_REQ_MAGIC;
    r->arena = &v->arena;
    r->fields = &v->fields;
    r->method = text_field(L, v, "method");
    r->path = text_field(L, v, "path");
    r->query = text_field(L, v, "query");
    r->has_query = r->query.p != NULL;
    r->host = text_field(L, v, "host");
    r->scheme = text_field(L, v, "scheme");
    r->id = text_field(L, v, "id");
    r->listener = text_field(L, v, "listener");
    r->ip = text_field(L, v, "ip");
    r->network = text_field(L, v, "network");
    r->peer = text_field(L, v, "peer");
    r->client_id = text_field(L, v, "client_id");
    r->client_source = ln_slice_eq(r->client_id, r->ip) ? LN_SLICE("address") : LN_SLICE("plugin");
    r->peer_port = (unsigned)number_field(L, "peer_port", 1234);
    r->port = (unsigned)number_field(L, "port", 8080);
    r->minor = (uint8_t)number_field(L, "minor", 1);
    r->service = (int)number_field(L, "service", -1);
    v->index = (unsigned)number_field(L, "route", 0);
    r->started = ln_clock_mono();
    r->started_wall = ln_clock_wall();
    r->body = text_field(L, v, "body");
    r->has_content = r->body.n > 0;
    r->length = number_field(L, "chunked", 0) != 0 ? LN_LENGTH_UNKNOWN : r->body.n;
}

/* request{...} -> number */
static int spec_request(lua_State *L)
{
    struct ln_spec *s = ln_spec_of(L);

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct ln_visit *v = visit_new(s);
    fill(L, v);
    fields_field(L, &v->fields, "headers");
    params_field(L, v);
    lua_pushinteger(L, s->count);
    return 1;
}

/* ---- running ---- */

/* The chain at 2 becomes the request's; 0: a route without plugins, and nothing is to run. */
static bool set_route(lua_State *L, struct ln_visit *v, const char *name)
{
    static const struct ln_chain empty;
    struct ln_vm *vm = ln_spec_of(L)->vm;
    lua_Integer chain = luaL_checkinteger(L, 2);

    luaL_argcheck(L, chain >= 0 && chain <= (lua_Integer)vm->chain_count, 2, "no such chain");
    const struct ln_chain *c = chain > 0 ? &vm->chains[chain - 1] : &empty;
    v->route = (struct ln_route){
        .name = ln_arena_strdup(&v->arena, name),
        .service = -1,
        .chain = (unsigned)chain,
        .has_request = c->run[LN_PHASE_REQUEST] != 0,
        .has_balance = c->run[LN_PHASE_BALANCE] != 0,
        .has_response = c->run[LN_PHASE_RESPONSE] != 0,
        .has_body = c->run[LN_PHASE_BODY] != 0,
        .has_log = c->run[LN_PHASE_LOG] != 0,
        .bodies = c->bodies,
    };
    if (v->index >= 1 && v->index <= vm->route_count)
        v->route.split = vm->routes[v->index - 1].split;
    v->r.route = &v->route;
    return chain > 0;
}

/* piece(request, chain, text, last, route name) -> what the body handlers have made of it, and
 * whether any of them was asked; nil: one of them has raised */
static int spec_piece(lua_State *L)
{
    struct ln_visit *v = ln_spec_visit(L, 1);
    struct ln_req *r = &v->r;
    struct ln_arena arena;
    size_t n;
    const char *p = luaL_checklstring(L, 3, &n);

    if (!set_route(L, v, luaL_optstring(L, 5, "spec"))) {
        lua_pushvalue(L, 3);
        lua_pushboolean(L, 0);
        return 2;
    }
    bool wanted = ln_vm_wants_body(r);

    ln_arena_init(&arena, NULL);
    r->chunk = (struct ln_chunk){
        .text = ln_slice(p, n), .last = lua_toboolean(L, 4) != 0, .arena = &arena};
    ln_vm_body(ln_spec_of(L)->vm, r);
    if (r->failed)
        lua_pushnil(L);
    else
        lua_pushlstring(L, r->chunk.text.n > 0 ? r->chunk.text.p : "", r->chunk.text.n);
    lua_pushboolean(L, wanted);
    ln_arena_reset(&arena);
    return 2;
}

/* run(request, chain, phase, route name): what ln_vm_request() and its sisters do in the gateway */
static int spec_run(lua_State *L)
{
    struct ln_vm *vm = ln_spec_of(L)->vm;
    struct ln_visit *v = ln_spec_visit(L, 1);
    const char *phase = luaL_checkstring(L, 3);

    if (!set_route(L, v, luaL_optstring(L, 4, "spec")))
        return 0;
    if (strcmp(phase, "request") == 0) {
        ln_vm_request(vm, &v->r);
    } else if (strcmp(phase, "response") == 0) {
        ln_vm_response(vm, &v->r);
    } else {
        v->r.ended = v->r.started + v->duration;
        ln_vm_log(vm, &v->r);
    }
    return 0;
}

static void push_slice(lua_State *L, struct ln_slice s)
{
    if (s.p != NULL)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
}

/* An instance as a spec has described it. */
struct fake_instance {
    struct ln_slice address;
    struct ln_up_seen seen;
};

static struct ln_slice see_fake(const struct ln_up *up, unsigned index, struct ln_up_seen *out)
{
    const struct fake_instance *fake = (const struct fake_instance *)up->instances + index;

    *out = fake->seen;
    return fake->address;
}

/* `instances` of the table at 1; at 1 are the tables in it afterwards, which is where fields are
 * looked for. */
static const struct fake_instance *take_fakes(lua_State *L, struct ln_visit *v, unsigned *count)
{
    struct fake_instance *fakes;

    lua_getfield(L, 1, "instances");
    *count = (unsigned)lua_objlen(L, -1);
    fakes = ln_arena_zalloc(&v->arena, (*count + 1) * sizeof *fakes);
    for (unsigned i = 0; i < *count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        lua_replace(L, 1);
        fakes[i].address = text_field(L, v, "address");
        fakes[i].seen.weight = (int32_t)number_field(L, "weight", 1);
        fakes[i].seen.active = (int32_t)number_field(L, "active", 0);
        fakes[i].seen.latency = number_field(L, "latency", 0);
        fakes[i].seen.healthy = number_field(L, "healthy", 1) != 0;
    }
    lua_pop(L, 1);
    return fakes;
}

/* balance(request, chain, { service, attempt, last_error, instances }) -> failed, number of the
 * instance, key */
static int spec_balance(lua_State *L)
{
    struct ln_visit *v = ln_spec_visit(L, 1);
    struct ln_up up = {.arena = &v->arena, .now = ln_clock_mono() / LN_NSEC_PER_MSEC};

    bool runs = set_route(L, v, "spec");
    lua_settop(L, 3);
    lua_replace(L, 1);
    up.service = text_field(L, v, "service");
    up.attempt = (unsigned)number_field(L, "attempt", 1);
    up.last_error = text_field(L, v, "last_error");
    up.instances = take_fakes(L, v, &up.count);
    up.see = see_fake;
    if (runs)
        ln_vm_balance(ln_spec_of(L)->vm, &v->r, &up);
    lua_pushboolean(L, up.failed);
    if (up.chosen > 0)
        lua_pushinteger(L, (lua_Integer)up.chosen);
    else
        lua_pushnil(L);
    push_slice(L, up.key);
    return 3;
}

/* select(request): the request becomes the one that runs now, so that its objects can be made;
 * select() ends that. */
static int spec_select(lua_State *L)
{
    struct ln_vm *vm = ln_spec_of(L)->vm;

    ln_task_deselect(vm);
    if (lua_gettop(L) > 0)
        ln_task_select(vm, &ln_spec_visit(L, 1)->r);
    return 0;
}

/* revive(serial): selects the request of that number again; false: it is gone, or never was */
static int spec_revive(lua_State *L)
{
    struct ln_spec *s = ln_spec_of(L);
    uint32_t serial = (uint32_t)lua_tonumber(L, 1);
    int i = s->count - 1; /* a spec mostly looks at the newest */

    if (s->vm->running != NULL ||
        serial == 0) /* handlers find what they would find in the gateway */
        return 0;
    while (i >= 0 && s->visits[i]->r.serial != serial)
        i--;
    if (i < 0)
        return 0;
    ln_task_select(s->vm, &s->visits[i]->r);
    lua_pushboolean(L, true);
    return 1;
}

/* chain(table of lunette.chain) */
static int spec_chain(lua_State *L)
{
    lua_settop(L, 1);
    ln_chain_take(ln_spec_of(L)->vm);
    return 0;
}

/* respond(options, request): the response that handlers then see; headers as a list of pairs */
static int spec_respond(lua_State *L)
{
    struct ln_visit *v = ln_spec_visit(L, 2);
    struct ln_req *r = &v->r;

    lua_settop(L, 1);
    r->upstream_service = text_field(L, v, "service");
    r->upstream_address = text_field(L, v, "address");
    r->bytes = (uint64_t)number_field(L, "bytes", 0);
    r->attempt = r->upstream_address.p != NULL;
    v->duration = (ln_nsec)(number_field(L, "duration", 0) * 1e9);
    if (r->verdict == LN_VERDICT_REPLY) {
        r->res_fields = &r->reply_fields;
        r->status = r->reply_status;
        r->origin = r->failed ? LN_ORIGIN_GATEWAY : LN_ORIGIN_PLUGIN;
        return 0;
    }
    fields_field(L, &v->upstream, "headers");
    r->res_fields = &v->upstream;
    r->status = (int)number_field(L, "status", 200);
    r->origin = (enum ln_origin)number_field(L, "origin", LN_ORIGIN_UPSTREAM);
    return 0;
}

/* ---- looking ---- */

static void push_fields(lua_State *L, const struct ln_fields *f)
{
    int n = 0;

    lua_newtable(L);
    for (unsigned i = 0; f != NULL && i < f->count; i++) {
        if (f->v[i].dropped)
            continue;
        lua_createtable(L, 2, 0);
        push_slice(L, ln_field_name(&f->v[i]));
        lua_rawseti(L, -2, 1);
        push_slice(L, ln_field_value(&f->v[i]));
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, ++n);
    }
}

/* look(request) -> { reply = true?, failed, status, body, headers = { {name, value} },
 * request_headers, request_body, service } */
static int spec_look(lua_State *L)
{
    const struct ln_req *r = &ln_spec_visit(L, 1)->r;
    bool reply = r->verdict == LN_VERDICT_REPLY;

    lua_newtable(L);
    lua_pushboolean(L, reply);
    lua_setfield(L, -2, "reply");
    lua_pushboolean(L, r->failed);
    lua_setfield(L, -2, "failed");
    lua_pushinteger(L, r->res_fields != NULL ? r->status : reply ? r->reply_status : 0);
    lua_setfield(L, -2, "status");
    push_slice(L, reply ? r->reply_body : ln_slice(NULL, 0));
    lua_setfield(L, -2, "body");
    push_fields(L, r->res_fields != NULL ? r->res_fields : reply ? &r->reply_fields : NULL);
    lua_setfield(L, -2, "headers");
    push_fields(L, r->fields);
    lua_setfield(L, -2, "request_headers");
    push_slice(L, r->body);
    lua_setfield(L, -2, "request_body");
    lua_pushinteger(L, r->service);
    lua_setfield(L, -2, "service");
    return 1;
}

/* Called from inside an FFI call: nothing of Lua may be touched here. */
static void on_say(void *arg, enum ln_log_level level, struct ln_slice text, struct ln_slice fields)
{
    struct ln_spec *s = arg;

    if (s->line_count == s->line_cap) {
        s->line_cap = s->line_cap > 0 ? s->line_cap * 2 : 16;
        s->lines = ln_realloc(s->lines, s->line_cap * sizeof *s->lines);
    }
    s->lines[s->line_count++] = (struct ln_said){
        level, ln_strndup(text.p, text.n), fields.n > 0 ? ln_strndup(fields.p, fields.n) : NULL};
}

static void forget_lines(struct ln_spec *s)
{
    for (unsigned i = 0; i < s->line_count; i++) {
        ln_free(s->lines[i].text);
        ln_free(s->lines[i].fields);
    }
    s->line_count = 0;
}

/* said() -> list of { level, text, fields as JSON } */
static int spec_said(lua_State *L)
{
    const struct ln_spec *s = ln_spec_of(L);

    lua_newtable(L);
    for (unsigned i = 0; i < s->line_count; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, ln_log_level_name(s->lines[i].level));
        lua_setfield(L, -2, "level");
        lua_pushstring(L, s->lines[i].text);
        lua_setfield(L, -2, "text");
        lua_pushstring(L, s->lines[i].fields);
        lua_setfield(L, -2, "fields");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* last_error() -> the text of the newest line of the level error, or nil */
static int spec_last_error(lua_State *L)
{
    const struct ln_spec *s = ln_spec_of(L);

    for (unsigned i = s->line_count; i-- > 0;)
        if (s->lines[i].level == LN_LOG_ERROR) {
            lua_pushstring(L, s->lines[i].text);
            return 1;
        }
    return 0;
}

static int spec_advance(lua_State *L)
{
    lua_Number seconds = luaL_checknumber(L, 1);

    luaL_argcheck(L, seconds >= 0, 1, "time goes forward only");
    ln_tasks_until(ln_spec_of(L)->vm, ln_clock_mono() + (ln_nsec)(seconds * 1e9));
    return 0;
}

static const char *text_of(lua_State *L, const char *key)
{
    lua_getfield(L, 2, key); /* stays on the stack for as long as it is needed */
    return lua_tostring(L, -1);
}

static unsigned number_of(lua_State *L, const char *key)
{
    lua_getfield(L, 2, key);
    return (unsigned)lua_tointeger(L, -1);
}

/* tell(kind, event): what asked for events of this kind runs until it waits. */
static int spec_tell(lua_State *L)
{
    static const char *const kinds[] = {"breaker", "health", NULL};
    struct ln_vm *vm = ln_spec_of(L)->vm;
    struct ln_news news = {.kind = (enum ln_news_kind)luaL_checkoption(L, 1, NULL, kinds)};

    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkstack(L, LUA_MINSTACK, "for the event");
    news.service = text_of(L, "service");
    news.instance = text_of(L, "instance");
    news.from = text_of(L, "from");
    news.to = text_of(L, "to");
    news.failed = number_of(L, "failed");
    news.total = number_of(L, "total");
    news.by = text_of(L, "by");
    news.why = text_of(L, "why");
    ln_vm_tell(vm, &news);
    ln_tasks_until(vm, ln_clock_mono());
    return 0;
}

/* ---- life ---- */

static void forget_visits(struct ln_spec *s)
{
    for (int i = 0; i < s->count; i++) {
        ln_vm_forget(s->vm, &s->visits[i]->r);
        ln_arena_reset(&s->visits[i]->arena);
        s->visits[i]->next = s->idle;
        s->idle = s->visits[i];
    }
    s->count = 0;
}

void ln_spec_reset(struct ln_spec *s)
{
    forget_visits(s);
    ln_events_free(s->vm);
    ln_jobs_free(s->vm);
    ln_chains_forget(s->vm);
    s->vm->epoch++;
    ln_stores_clear(s->vm);
    ln_consumers_free(s->consumers);
    s->consumers = NULL;
    ln_vm_know(s->vm, NULL, NULL);
    ln_diag_fini(&s->diag);
    ln_diag_init(&s->diag);
    ln_bundle_free(s->bundle);
    s->bundle = s->vm->bundle = ln_bundle_record();
    ln_clock_freeze(START_MONO * second, START_WALL * second);
    forget_lines(s);
}

static int spec_reset(lua_State *L)
{
    ln_spec_reset(ln_spec_of(L));
    return 0;
}

/* refresh(): files are read anew from here on. */
static int spec_refresh(lua_State *L)
{
    struct ln_spec *s = ln_spec_of(L);

    ln_bundle_free(s->bundle);
    s->bundle = s->vm->bundle = ln_bundle_record();
    return 0;
}

static int spec_gc(lua_State *L)
{
    struct ln_spec *s = lua_touserdata(L, 1);

    forget_visits(s);
    while (s->idle != NULL) {
        struct ln_visit *v = s->idle;

        s->idle = v->next;
        ln_free(v);
    }
    ln_free(s->visits);
    forget_lines(s);
    ln_free(s->lines);
    ln_consumers_free(s->consumers);
    ln_conf_free(s->conf);
    ln_diag_fini(&s->diag);
    ln_bundle_free(s->bundle);
    ln_demand_fini(&s->demand);
    struct ln_shm *shm = s->vm->env.shm;
    ln_vm_free(s->vm);
    ln_shm_free(shm);
    ln_clock_thaw();
    return 0;
}

/* ---- the module ---- */

/* start(): the core takes what it needs of lunette.boot. Not while the module is being opened: it
 * is required in there. */
static int spec_start(lua_State *L)
{
    if (ln_spec_of(L)->vm->live == 0)
        ln_vm_boot(ln_spec_of(L)->vm);
    return 0;
}

static const luaL_Reg functions[] = {
    {"request", spec_request},
    {"run", spec_run},
    {"balance", spec_balance},
    {"piece", spec_piece},
    {"select", spec_select},
    {"revive", spec_revive},
    {"chain", spec_chain},
    {"respond", spec_respond},
    {"look", spec_look},
    {"said", spec_said},
    {"last_error", spec_last_error},
    {"advance", spec_advance},
    {"tell", spec_tell},
    {"reset", spec_reset},
    {"load", ln_spec_load},
    {"match", ln_spec_route},
    {"conf_schema", ln_spec_conf_schema},
    {"consumers", ln_spec_consumers},
    {"start", spec_start},
    {"refresh", spec_refresh},
    {NULL, NULL},
};

static struct ln_spec *spec_new(lua_State *L, ln_spec_match *match, const char *library)
{
    struct ln_spec *s = lua_newuserdata(L, sizeof *s);
    struct ln_err err;
    struct ln_vm_env env = {.demand = &s->demand};

    memset(s, 0, sizeof *s);
    s->match = match;
    ln_demand_init(&s->demand);
    ln_diag_init(&s->diag);
    env.shm = ln_shm_new(1, &err);
    if (env.shm == NULL)
        luaL_error(L, "%s", err.text);
    s->vm = ln_vm_adopt(L, &env);
    s->vm->library = library;
    s->vm->diag = &s->diag;
    s->vm->on_say = on_say;
    s->vm->on_say_arg = s;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, spec_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return s;
}

static void push_functions(lua_State *L, struct ln_spec *s)
{
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushlightuserdata(L, s);
        lua_pushcclosure(L, f->func, 1);
        lua_setfield(L, -2, f->name);
    }
}

int ln_spec_open(lua_State *L, ln_spec_match *match, const char *library)
{
    struct ln_spec *s = spec_new(L, match, library);

    lua_setfield(L, LUA_REGISTRYINDEX, "lunette.spec"); /* closed with the state */
    ln_vm_preload(s->vm);
    lua_getfield(L, LUA_REGISTRYINDEX, "lunette.host");
    push_functions(L, s);
    lua_setfield(L, -2, "spec");
    ln_spec_reset(s);
    return 1;
}
