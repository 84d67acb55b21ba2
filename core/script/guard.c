/* SPDX-License-Identifier: Apache-2.0
 * guard.c - counts ticks, and sets the hook that raises.
 */
#include "script/guard.h"

#include <luajit.h>
#include <lualib.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "base/log.h"
#include "script/vm_inner.h"
#include "shm/slot.h"

enum {
    HOOKED = 1, /* the hook is set */
    TOLD = 2,   /* the slot says who runs */
    TRY_TICK_MS = 1,
    TRY_TICKS = 3,
    TRY_TICKS_MAX = 12,
    TRY_TURNS = 1000000000, /* of a loop that should have been stopped long before */
};

static struct {
    struct ln_vm *profiled;         /* has LuaJIT's profiler */
    struct ln_vm *volatile running; /* in Lua now */
    volatile unsigned ticks;     /* of this entry, or of one handler that has a budget of its own */
    volatile int at;             /* the plugin that they are counted for */
    volatile sig_atomic_t armed; /* HOOKED, TOLD */
    volatile bool raised;        /* the hook has, in this entry */
    unsigned tick;               /* milliseconds between ticks; 0 = none */
    ln_nsec spent;               /* CPU time of this thread at the last tick */
    bool tried, useless;         /* the proof, and that it failed */
    struct ln_guard_place place; /* where it did first */
} guard;

/* ---- what the hook does ---- */

static bool is_ours(const char *source)
{
    return source[0] != '@' || strncmp(source, "@lua/lunette/", 13) == 0;
}

void ln_guard_find(lua_State *L, struct ln_guard_place *place)
{
    lua_Debug at;

    *place = (struct ln_guard_place){.line = 0};
    for (int level = 0; lua_getstack(L, level, &at) != 0 && lua_getinfo(L, "Sl", &at) != 0; level++)
        if (at.currentline > 0 && !is_ours(at.source)) {
            snprintf(place->file, sizeof place->file, "%s", at.source + 1);
            place->line = (unsigned)at.currentline;
            return;
        }
}

static ln_msec budget_now(const struct ln_vm *vm)
{
    const struct ln_req *r = vm->cur.req;

    if (vm->cur.phase == LN_PHASE_NONE || vm->loading)
        return vm->loading ? LN_GUARD_LOAD_MS : vm->budget;
    if (r == NULL || r->route == NULL || r->route->chain == 0)
        return vm->budget;

    const struct ln_chain *chain = &vm->chains[r->route->chain - 1];
    unsigned at = (unsigned)vm->cur.at - 1;

    return chain->has_budgets && at < chain->use_count && vm->uses[chain->uses[at]].budget > 0
               ? vm->uses[chain->uses[at]].budget
               : vm->budget;
}

static void raise_over_budget(lua_State *L, lua_Debug *at)
{
    struct ln_vm *vm = guard.running;
    char where[sizeof guard.place.file + 16] = "";

    (void)at;
    if (vm == NULL)
        return;
    if (!guard.raised) {
        guard.raised = true;
        ln_guard_find(L, &guard.place);
    }
    if (guard.place.line > 0)
        snprintf(where, sizeof where, "%s:%u: ", guard.place.file, guard.place.line);
    lua_pushfstring(L, "%sran longer than its budget of %d ms", where, (int)budget_now(vm));
    lua_error(L);
}

/* ---- ticks ---- */

static void tell(struct ln_vm *vm)
{
    struct ln_shm_slot *slot = vm->env.slot;

    if (slot == NULL || (guard.armed & TOLD) != 0)
        return;
    guard.armed |= TOLD;
    uint64_t key = ln_uses_running(vm, slot->running_text, sizeof slot->running_text);
    atomic_store_explicit(&slot->running, key, memory_order_release);
}

/* A chain whose plugins have budgets of their own is measured plugin by plugin. */
static unsigned count_tick(const struct ln_vm *vm)
{
    if (vm->cur.at != guard.at) {
        guard.at = vm->cur.at;
        guard.ticks = 0;
    }
    return ++guard.ticks;
}

/* The timer goes by the time of all threads. A tick that comes sooner than half of one after the
 * last, in time of this thread, was made of what others have used, such as those that judge
 * passwords. */
static bool is_own_tick(void)
{
    struct timespec spent;
    ln_nsec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    now = (ln_nsec)spent.tv_sec * 1000 * LN_NSEC_PER_MSEC + (ln_nsec)spent.tv_nsec;
    if (now - guard.spent < (ln_nsec)guard.tick * LN_NSEC_PER_MSEC / 2)
        return false;
    guard.spent = now;
    return true;
}

/* lua_sethook() may be called from a signal handler: it sets a few words that the interpreter looks
 * at. */
static void on_tick(int signal_number)
{
    struct ln_vm *vm = guard.running;
    ln_msec budget;

    (void)signal_number;
    if (vm == NULL || !is_own_tick() || (budget = budget_now(vm)) == 0 ||
        count_tick(vm) * guard.tick <= budget)
        return;
    tell(vm);
    guard.armed |= HOOKED;
    lua_sethook(vm->L, raise_over_budget, LUA_MASKCOUNT, 1);
}

/* The supervisor asks before it kills. */
static void on_question(int signal_number)
{
    struct ln_vm *vm = guard.running;

    (void)signal_number;
    if (vm != NULL)
        tell(vm);
}

/* The profiler's report is of no interest; that it leaves compiled code to make it is. */
static void on_sample(void *arg, lua_State *L, int samples, int state)
{
    (void)arg;
    (void)L;
    (void)samples;
    (void)state;
}

static void set_timer(unsigned milliseconds)
{
    struct itimerval every = {{0, milliseconds * 1000}, {0, milliseconds * 1000}};

    setitimer(ITIMER_VIRTUAL, &every, NULL);
    guard.tick = milliseconds;
}

static void handle(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* Before the profiler starts: it sets a handler of its own, and puts back what was there when it
 * stops. By default that would end the process, should a last signal come late. */
static void start_ticking(unsigned milliseconds)
{
    sigset_t ours;

    handle(SIGPROF, SIG_IGN);
    handle(SIGVTALRM, on_tick);
    handle(LN_GUARD_QUESTION, on_question);
    sigemptyset(&ours);
    sigaddset(&ours, SIGVTALRM);
    sigaddset(&ours, SIGPROF);
    sigaddset(&ours, LN_GUARD_QUESTION);
    sigprocmask(SIG_UNBLOCK, &ours, NULL);
    set_timer(milliseconds);
}

/* ---- the proof ---- */

static int run_loop(lua_State *L)
{
    if (luaL_loadstring(L, "local n = ... for i = 1, n do end") != 0)
        return lua_error(L);
    lua_pushinteger(L, TRY_TURNS);
    lua_call(L, 1, 0);
    return 0;
}

/* Rests on behaviour of LuaJIT that is public and not promised; so it is tried. */
bool ln_guard_prove(const char *profiler_mode)
{
    struct ln_vm *outer = guard.running;
    struct ln_vm vm = {.L = luaL_newstate(), .budget = TRY_TICKS};

    if (vm.L == NULL)
        return false;
    luaL_openlibs(vm.L); /* without them nothing is compiled */
    start_ticking(TRY_TICK_MS);
    luaJIT_profile_start(vm.L, profiler_mode, on_sample, NULL);
    ln_guard_enter(&vm);

    int rc = lua_cpcall(vm.L, run_loop, NULL);
    /* The hook raises anyhow when the loop has come to its end. */
    bool in_time = guard.ticks <= TRY_TICKS_MAX;
    bool stopped = ln_guard_leave(outer);

    luaJIT_profile_stop(vm.L);
    set_timer(guard.profiled != NULL ? LN_GUARD_TICK_MS : 0);
    lua_close(vm.L);
    return rc == LUA_ERRRUN && stopped && in_time;
}

static void prove_once(struct ln_vm *vm)
{
    if (guard.tried || !vm->compiles)
        return;
    guard.tried = true;
    guard.useless = !ln_guard_prove("li1");
    if (guard.useless)
        ln_warn("compiled Lua code cannot be stopped on this machine: plugins run without the JIT "
                "compiler");
}

/* ---- states ---- */

static void retire(struct ln_vm *vm)
{
    luaJIT_profile_stop(vm->L);
    luaJIT_setmode(vm->L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_FLUSH);
    luaJIT_setmode(vm->L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    vm->compiles = false;
}

void ln_guard_take(struct ln_vm *vm)
{
    vm->guarded = true;
    if (vm->env.loop == NULL)
        return;
    if (vm->budget == 0) {
        handle(LN_GUARD_QUESTION, on_question);
        return;
    }
    if (guard.profiled != NULL)
        retire(guard.profiled);
    guard.profiled = vm;
    start_ticking(LN_GUARD_TICK_MS);
    if (vm->compiles)
        luaJIT_profile_start(vm->L, "li10", on_sample, NULL);
}

void ln_guard_drop(struct ln_vm *vm)
{
    if (guard.profiled != vm)
        return;
    guard.profiled = NULL;
    luaJIT_profile_stop(vm->L);
    set_timer(0);
}

/* ---- entries ---- */

void ln_guard_enter(struct ln_vm *vm)
{
    guard.ticks = 0;
    guard.running = vm;
}

bool ln_guard_leave(struct ln_vm *outer)
{
    struct ln_vm *vm = guard.running;

    guard.running = outer;
    if (LN_LIKELY(!guard.armed))
        return false;

    bool hooked = (guard.armed & HOOKED) != 0;

    if (vm->env.slot != NULL)
        atomic_store_explicit(&vm->env.slot->running, 0, memory_order_relaxed);
    guard.armed = 0;
    guard.raised = false;
    if (hooked)
        lua_sethook(vm->L, NULL, 0, 0);
    return hooked;
}

bool ln_guard_is_over(void)
{
    return (guard.armed & HOOKED) != 0;
}

/* ---- loading ---- */

void ln_guard_load(struct ln_vm *vm)
{
    if (vm->env.loop != NULL && vm->budget > 0)
        prove_once(vm);
    vm->compiles = vm->compiles && !guard.useless;
    luaJIT_setmode(vm->L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    vm->loading = true;
    if (guard.tick == 0)
        start_ticking(LN_GUARD_TICK_MS);
    ln_guard_enter(vm);
}

bool ln_guard_loaded(struct ln_vm *vm, struct ln_guard_place *place)
{
    struct ln_guard_place raised = guard.place;
    bool stopped = ln_guard_leave(NULL);

    vm->loading = false;
    if (guard.profiled == NULL)
        set_timer(0);
    if (vm->compiles)
        luaJIT_setmode(vm->L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_ON);
    if (stopped)
        *place = raised;
    return stopped;
}
