/* SPDX-License-Identifier: Apache-2.0
 * uses.h - what C knows of each use of a plugin: who it is, how long it may run, how it has fared.
 * For this layer.
 *
 * A handler that fails more often than it works is put into quarantine (shm/quarantine.h): it is
 * not run, and its on_error outcome is given at once. A failure adds a point, a run of the same
 * handler without one takes a point away, and POINTS of them are too many. Runs are counted per
 * chain and added up only when something fails, so that a good request pays one addition.
 *
 *   run() ── chain->out[phase] == 0 (nearly always) ──> the compiled chain
 *         └─ else ln_uses_out(): which of them are out now, which have their trial ──> the rest
 *
 * Not in specs, which have no generation. Owner: the vm.
 */
#ifndef LN_SCRIPT_USES_H
#define LN_SCRIPT_USES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "script/api.h"

struct ln_vm;
struct ln_chain;
struct ln_task;
struct ln_quarantine_record;

enum { LN_USE_TEXT = 256 };

struct ln_use {
    const char *text; /* "plugin rate-limit (routes.lua:3)" */
    ln_msec budget;   /* CPU time of one handler; 0 = the state's */
    struct {
        unsigned points;
        uint64_t seen; /* runs until the last failure */
        struct ln_quarantine_record *out;
    } health[LN_PHASE_LOG + 1];
};

/* The uses of a chain, from the list on top of the Lua stack. */
void ln_uses_take(struct ln_vm *vm, struct ln_chain *chain);
/* All chains have been taken. */
void ln_uses_begin(struct ln_vm *vm);
void ln_uses_free(struct ln_vm *vm);

/* Has any handler been put out or let in, by whichever worker, since we looked? Then looks. */
bool ln_uses_changed(const struct ln_vm *vm);
void ln_uses_look(struct ln_vm *vm);

/* Bit n for each plugin n of the chain, from 1, that must not run now; those of `trials` may, to
 * see whether they work again. */
uint64_t ln_uses_out(struct ln_vm *vm, const struct ln_chain *chain, int phase, uint64_t *trials);

/* Plugin `at` of the chain has raised; `stopped`: it was over its budget. */
void ln_uses_failed(struct ln_vm *vm, const struct ln_chain *chain, int phase, int at, bool stopped,
                    uint64_t trials);
/* The handlers have run to their end, down to plugin `at`. */
void ln_uses_worked(struct ln_vm *vm, const struct ln_chain *chain, int phase, int at,
                    uint64_t trials);

/* The heap is full. A sentence for the log: what this run took, and which route holds most. */
void ln_uses_blame(const struct ln_vm *vm, char *text, size_t size);
/* Was it this run that filled it, rather than one before? */
bool ln_uses_is_to_blame(const struct ln_vm *vm);

/* Who runs now, for the supervisor: the key of its record, and a text of at most `size` bytes. 0:
 * nobody. May be called from a signal handler. */
uint64_t ln_uses_running(const struct ln_vm *vm, char *text, size_t size);

#endif
