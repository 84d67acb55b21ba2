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
 * C functions that do not return (string.rep of gigabytes, a pathological pattern) are not reached:
 * the supervisor kills then. Process-wide by nature, which is why its few words of state are not in
 * a struct. One thread.
 */
#ifndef LN_SCRIPT_GUARD_H
#define LN_SCRIPT_GUARD_H

#include <stdbool.h>

struct ln_vm;

enum { LN_GUARD_TICK_MS = 10 };

/* The state is about to run handlers for the first time: it gets the profiler, the one before it
 * loses it. */
void ln_guard_take(struct ln_vm *vm);
/* The state is about to be closed. */
void ln_guard_drop(struct ln_vm *vm);

/* Around each entry; `vm` NULL after it. ln_guard_leave() disarms what was armed; true: the handler
 * was stopped. */
void ln_guard_enter(struct ln_vm *vm);
bool ln_guard_leave(struct ln_vm *outer);

/* Has the running handler used up its budget? For long work in C, which then returns at once. */
bool ln_guard_is_over(void);

#endif
