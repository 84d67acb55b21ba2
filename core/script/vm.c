/* SPDX-License-Identifier: Apache-2.0
 * vm.c - makes a Lua state, bounds its memory, furnishes it with our modules, and takes it down.
 */
#include "script/vm.h"

#include <luajit.h>
#include <lualib.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/jsondoc.h"
#include "base/mem.h"
#include "base/rand.h"
#include "http/coding.h"
#include "net/digest.h"
#include "script/embedded.h"
#include "script/event.h"
#include "script/guard.h"
#include "script/job.h"
#include "script/stores.h"
#include "script/vm_inner.h"

enum {
    GC_STEP = 400,
    GC_PAUSE_MIN = 150,
    GC_PAUSE_MAX = 1000,
    GC_ROOM = 1 << 20,
    TEXT_MOST = 8192,
    FIELDS_MOST = 64 << 10
};

/* LuaJIT's own allocator with a count around it. Over the cap growth fails while plugins run: the
 * state then raises "not enough memory" in whatever runs, and is usable again after a full
 * collection. */
static void *counting_alloc(void *arg, void *old, size_t old_size, size_t size)
{
    struct ln_vm *vm = arg;

    if (vm->capped && vm->cap > 0 && size > old_size && vm->used + (size - old_size) > vm->cap)
        return NULL;
    void *p = vm->alloc(vm->alloc_arg, old, old_size, size);
    if (p != NULL || size == 0)
        vm->used += size - (old != NULL ? old_size : 0);
    return p;
}

size_t ln_vm_memory(const struct ln_vm *vm)
{
    return vm->L != NULL ? (size_t)lua_gc(vm->L, LUA_GCCOUNT, 0) * 1024 +
                               (size_t)lua_gc(vm->L, LUA_GCCOUNTB, 0)
                         : 0;
}

/* A text of a plugin's is one part of one line: it must not look like lines of ours, nor fill the
 * disk. The result is in `out`, which is large enough for TEXT_MOST. */
static struct ln_slice one_line(struct ln_slice text, char *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = 0; i < text.n && i < TEXT_MOST; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c >= ' ' && c != 127) {
            out[n++] = (char)c;
            continue;
        }
        out[n++] = '\\';
        if (c == '\n' || c == '\t') {
            out[n++] = c == '\n' ? 'n' : 't';
            continue;
        }
        out[n++] = 'x';
        out[n++] = digits[c >> 4];
        out[n++] = digits[c & 15];
    }
    return ln_slice(out, n);
}

void ln_vm_say(struct ln_vm *vm, enum ln_log_level level, struct ln_slice text,
               struct ln_slice fields)
{
    char line[4 * TEXT_MOST];

    text = one_line(text, line);
    if (fields.n > FIELDS_MOST)
        fields = LN_SLICE("{\"left_out\":\"the fields, more than 64 KiB\"}");
    if (vm->on_say != NULL)
        vm->on_say(vm->on_say_arg, level, text, fields);
    else
        ln_log_fields(level, text, fields);
}

/* A small heap that is collected as soon as it has grown by half is collected all the time. So
 * garbage may take GC_ROOM bytes before a new cycle begins, whatever is alive; a large heap gets
 * half of itself. GC_ROOM also bounds how many strings gather: LuaJIT resizes its table of strings
 * in one go, which took a millisecond with 65,536 of them. */
void ln_vm_tune(struct ln_vm *vm, size_t alive)
{
    size_t pause = 100 + 100 * (size_t)GC_ROOM / alive;

    pause = pause < GC_PAUSE_MIN ? GC_PAUSE_MIN : pause > GC_PAUSE_MAX ? GC_PAUSE_MAX : pause;
    if (vm->cap > 0 && pause > vm->cap / alive * 90)
        pause = vm->cap / alive * 90 > 105 ? vm->cap / alive * 90 : 105;
    lua_gc(vm->L, LUA_GCSETPAUSE, (int)pause);
}

/* Where most of it is alive, half of what is left must fill before that is tried again. */
void ln_vm_make_room(struct ln_vm *vm)
{
    size_t most = vm->cap - vm->cap / 4;

    lua_gc(vm->L, LUA_GCCOLLECT, 0);
    vm->high = vm->used < vm->cap ? vm->used + (vm->cap - vm->used) / 2 : vm->cap;
    vm->high = vm->high > most ? vm->high : most;
    vm->crowded = vm->used > most;
}

/* ---- modules ---- */

static const char registry_modules[] = "lunette.modules";

/* The loader of one embedded module. What it has loaded is kept beside package.loaded: busted
 * forgets modules between spec files, but types can be declared to the FFI only once per state.
 * Upvalue 1: the path in the tree. */
static int load_embedded(lua_State *L)
{
    const char *path = lua_tostring(L, lua_upvalueindex(1));
    struct ln_slice bytes = ln_embedded_find(ln_slice_of(path));
    char chunk[256];

    lua_getfield(L, LUA_REGISTRYINDEX, registry_modules);
    lua_getfield(L, -1, path);
    if (!lua_isnil(L, -1))
        return 1;
    snprintf(chunk, sizeof chunk, "@%s", path);
    if (luaL_loadbuffer(L, bytes.p, bytes.n, chunk) != 0)
        return lua_error(L);
    lua_call(L, 0, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, path);
    return 1;
}

static int load_given(lua_State *L) /* upvalue 1: the module itself */
{
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

/* "lua/lunette/chain.lua" -> "lunette.chain"; false: not a module of ours. */
static bool module_name(const char *path, char *name, size_t size)
{
    static const char root[] = "lua/";
    size_t n = strlen(path);

    if (strncmp(path, root, sizeof root - 1) != 0 || n < 8 || n >= size ||
        strcmp(path + n - 4, ".lua") != 0)
        return false;
    memcpy(name, path + sizeof root - 1, n - 4 - (sizeof root - 1));
    name[n - 4 - (sizeof root - 1)] = '\0';
    for (char *p = name; *p != '\0'; p++)
        if (*p == '/')
            *p = '.';
    return true;
}

static void preload_all(struct ln_vm *vm)
{
    lua_State *L = vm->L;
    char name[128];

    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, registry_modules);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    for (const struct ln_embedded_file *f = ln_embedded_files; f->name != NULL; f++) {
        if (!module_name(f->name, name, sizeof name))
            continue;
        lua_pushstring(L, f->name);
        lua_pushcclosure(L, load_embedded, 1);
        lua_setfield(L, -2, name);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "lunette.host");
    lua_pushcclosure(L, load_given, 1);
    lua_setfield(L, -2, "lunette.host");
    lua_pop(L, 2);
}

static int take_ref(lua_State *L, const char *field)
{
    lua_getfield(L, -1, field);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

void ln_vm_preload(struct ln_vm *vm)
{
    ln_host_push(vm);
    lua_setfield(vm->L, LUA_REGISTRYINDEX, "lunette.host");
    preload_all(vm);
}

void ln_vm_boot(struct ln_vm *vm)
{
    lua_State *L = vm->L;

    lua_getglobal(L, "require");
    lua_pushliteral(L, "lunette.boot");
    lua_call(L, 1, 1);
    vm->failed = take_ref(L, "failed");
    vm->rest = take_ref(L, "rest");
    vm->heat = take_ref(L, "heat");
    vm->live = take_ref(L, "live");
    vm->job_run = take_ref(L, "job_run");
    vm->job_failed = take_ref(L, "job_failed");
    vm->event_run = take_ref(L, "event_run");
    vm->event_failed = take_ref(L, "event_failed");
    vm->ask = take_ref(L, "ask");
    vm->ask_failed = take_ref(L, "ask_failed");
    lua_pop(L, 1);
}

/* ---- life ---- */

static struct ln_vm *new_vm(const struct ln_vm_env *env)
{
    struct ln_vm *vm = ln_zalloc(sizeof *vm);

    vm->env = *env;
    ln_arena_init(&vm->arena, NULL);
    ln_list_init(&vm->parked);
    ln_list_init(&vm->ready);
    ln_list_init(&vm->jobs);
    /* Records are recycled from one state to the next: counts that start anywhere do not meet. */
    ln_rand_bytes(&vm->serial, sizeof vm->serial);
    return vm;
}

struct ln_vm *ln_vm_new(const struct ln_vm_env *env)
{
    return new_vm(env);
}

struct ln_vm *ln_vm_adopt(lua_State *L, const struct ln_vm_env *env)
{
    struct ln_vm *vm = new_vm(env);

    vm->L = L;
    vm->adopted = true;
    vm->jobs_on = true;
    return vm;
}

/* Debian's defaults are made for scripts: a thousand traces and half a megabyte of machine code.
 * hotloop is high because the chains are what shall become hot first: see lunette.chain, heat(). */
static void set_jit(lua_State *L, bool on)
{
    if (!on) {
        luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
        return;
    }
    if (luaL_dostring(L,
                      "require('jit.opt').start('maxtrace=8000','maxrecord=16000','maxmcode=40960',"
                      "'maxirconst=2000','maxsnap=2000','hotloop=2000')") != 0) {
        ln_warn("the JIT compiler keeps its default limits: %s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

void ln_vm_open(struct ln_vm *vm, const struct ln_lua_conf *conf)
{
    lua_State *L = luaL_newstate();

    ln_assert(L != NULL);
    vm->L = L;
    vm->alloc = lua_getallocf(L, &vm->alloc_arg);
    vm->used = ln_vm_memory(vm);
    vm->cap = conf->memory;
    vm->high = vm->cap > 0 ? vm->cap - vm->cap / 4 : SIZE_MAX;
    lua_setallocf(L, counting_alloc, vm);
    luaL_openlibs(L);
    lua_gc(L, LUA_GCSETSTEPMUL, GC_STEP);
    set_jit(L, conf->jit);
    vm->compiles = conf->jit;
    vm->budget = conf->budget;
}

void ln_vm_serve(struct ln_vm *vm, struct ln_services *services, const char *id_header)
{
    vm->services = services;
    vm->id_header = ln_slice_of(id_header);
}

void ln_vm_know(struct ln_vm *vm, struct ln_consumers *consumers,
                const struct ln_identity_conf *identity)
{
    vm->consumers = consumers;
    vm->identity = identity;
}

static void run_close_handlers(struct ln_vm *vm)
{
    lua_State *L = vm->L;

    lua_getglobal(L, "require");
    lua_pushliteral(L, "lunette.boot");
    if (lua_pcall(L, 1, 1, 0) == 0) {
        lua_getfield(L, -1, "close");
        vm->cur.phase = LN_PHASE_CLOSE;
        if (lua_pcall(L, 0, 0, 0) != 0)
            ln_error("closing plugins: %s", lua_tostring(L, -1));
    }
    lua_settop(L, 0);
}

void ln_vm_start(struct ln_vm *vm)
{
    ln_jobs_start(vm);
}

void ln_vm_retire(struct ln_vm *vm)
{
    ln_events_stop(vm);
    ln_jobs_stop(vm);
}

void ln_vm_free(struct ln_vm *vm)
{
    ln_events_free(vm);
    ln_jobs_free(vm);
    if (vm->adopted) {
        ln_tasks_free(vm);
    } else if (vm->L != NULL) {
        ln_guard_drop(vm);
        if (vm->live != 0)
            run_close_handlers(vm);
        ln_tasks_free(vm);
        lua_setallocf(vm->L, vm->alloc, vm->alloc_arg);
        lua_close(vm->L);
    }
    ln_stores_free(vm);
    ln_redis_uses_free(vm);
    ln_meter_uses_free(vm);
    ln_digest_free(vm->digest);
    ln_text_fini(&vm->escaped);
    ln_jsondoc_free(vm->doc);
    while (vm->coder_count > 0)
        ln_coder_free(vm->coders[--vm->coder_count]);
    ln_splits_forget(vm);
    ln_uses_free(vm);
    ln_free(vm->reserved);
    ln_free(vm->chains);
    ln_free(vm->free_slots);
    ln_arena_reset(&vm->arena);
    ln_free(vm);
}
