/* SPDX-License-Identifier: Apache-2.0
 * guard.c - counts ticks, and sets the hook that raises.
 */
#include "script/guard.h"

#include <luajit.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "script/vm_inner.h"

static struct {
    struct ln_vm *profiled;         /* has LuaJIT's profiler */
    struct ln_vm *volatile running; /* in Lua now */
    volatile unsigned ticks;        /* of this entry */
    volatile sig_atomic_t armed;    /* the hook is set */
} guard;

static void raise_over_budget(lua_State *L, lua_Debug *at)
{
    struct ln_vm *vm = guard.running;

    (void)at;
    if (vm != NULL)
        luaL_error(L, "ran longer than its budget of %d ms", (int)vm->budget);
}

/* lua_sethook() may be called from a signal handler: it sets a few words that the interpreter looks
 * at. */
static void on_tick(int signal_number)
{
    struct ln_vm *vm = guard.running;

    (void)signal_number;
    if (vm == NULL || vm->budget == 0 || ++guard.ticks * LN_GUARD_TICK_MS <= vm->budget)
        return;
    guard.armed = 1;
    lua_sethook(vm->L, raise_over_budget, LUA_MASKCOUNT, 1);
}

/* The profiler's report is of no interest; that it leaves compiled code to make it is. */
static void on_sample(void *arg, lua_State *L, int samples, int state)
{
    (void)arg;
    (void)L;
    (void)samples;
    (void)state;
}

static void start_ticking(void)
{
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, LN_GUARD_TICK_MS * 1000}, {0, LN_GUARD_TICK_MS * 1000}};
    sigset_t ours;

    sigemptyset(&action.sa_mask);
    sigaction(SIGVTALRM, &action, NULL);
    sigemptyset(&ours);
    sigaddset(&ours, SIGVTALRM);
    sigaddset(&ours, SIGPROF);
    sigprocmask(SIG_UNBLOCK, &ours, NULL);
    setitimer(ITIMER_VIRTUAL, &every, NULL);
}

static void stop_ticking(void)
{
    struct itimerval never = {{0, 0}, {0, 0}};

    setitimer(ITIMER_VIRTUAL, &never, NULL);
}

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
    if (vm->budget == 0 || vm->env.loop == NULL)
        return;
    if (guard.profiled != NULL)
        retire(guard.profiled);
    guard.profiled = vm;
    start_ticking();
    if (vm->compiles)
        luaJIT_profile_start(vm->L, "li10", on_sample, NULL);
}

void ln_guard_drop(struct ln_vm *vm)
{
    if (guard.profiled != vm)
        return;
    guard.profiled = NULL;
    luaJIT_profile_stop(vm->L);
    stop_ticking();
}

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
    guard.armed = 0;
    lua_sethook(vm->L, NULL, 0, 0);
    return true;
}

bool ln_guard_is_over(void)
{
    return guard.armed != 0;
}
