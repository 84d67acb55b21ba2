/* SPDX-License-Identifier: Apache-2.0
 * guard.h - stops a handler that does not come back.
 *
 * Two timers of the process tick with the CPU time that it uses. Ours (SIGVTALRM) counts the ticks
 * of one entry into Lua; when they are over the budget it sets a count hook, which raises in the
 * next instruction, again and again until control is back in C, so that no pcall swallows it. A
 * hook does not reach compiled loops. LuaJIT's own profiler (SIGPROF) does: in line mode it plants
 * a check at every line of a trace and leaves it at a tick. One state per process can be profiled,
 * so the newest one that runs has the profiler, and older ones, which only finish what they have
 * begun, run with the compiler off.
 *
 *   entry into Lua ---- tick ---- tick ---- tick ---- hook: error "ran longer than its budget"
 *
 * That this works rests on behaviour of LuaJIT that is public but not promised. A process tries it
 * once, before it runs plugins, and runs them without the compiler if it does not.
 *
 * While files are loaded and init runs there is a bound of its own, and no compiler.
 *
 * C functions that do not return are not reached: the supervisor kills then. First it asks who
 * runs, with a signal, and the answer is in the worker's slot; so it is after a handler was found
 * over its budget. Process-wide by nature, which is why its few words of state are not reached
 * through a struct that is passed down. One thread.
 */
#ifndef LN_SCRIPT_GUARD_H
#define LN_SCRIPT_GUARD_H

#include <lua.h>
#include <signal.h>
#include <stdbool.h>

struct ln_vm;

enum {
    LN_GUARD_TICK_MS = 10,
    LN_GUARD_LOAD_MS = 3000,   /* CPU time of a load */
    LN_GUARD_QUESTION = SIGURG /* "who runs?"; ignored where nobody listens */
};

/* Where the hook has raised first; line 0: not in a file of the user. */
struct ln_guard_place {
    char file[200];
    unsigned line;
};

/* Where a coroutine is: in the nearest function that is not ours. */
void ln_guard_find(lua_State *L, struct ln_guard_place *place);

/* The state is about to run handlers for the first time: it gets the profiler, the one before it
 * loses it. */
void ln_guard_take(struct ln_vm *vm);
/* The state is about to be closed. */
void ln_guard_drop(struct ln_vm *vm);

/* Around each entry; `vm` NULL after it. ln_guard_leave() disarms what was armed; true: the handler
 * was stopped. */
void ln_guard_enter(struct ln_vm *vm);
bool ln_guard_leave(struct ln_vm *outer);

/* Around a load. True: it was stopped, and `place` says where. */
void ln_guard_load(struct ln_vm *vm);
bool ln_guard_loaded(struct ln_vm *vm, struct ln_guard_place *place);

/* Has the running handler used up its budget? For long work in C, which then returns at once. */
bool ln_guard_is_over(void);

/* Is an endless compiled loop stopped with the profiler in this mode ("li1")? Takes 3 ms of CPU
 * time if it is. */
bool ln_guard_prove(const char *profiler_mode);

#endif
