/* SPDX-License-Identifier: Apache-2.0
 * op.h - something that a coroutine waits for: a time, a reply, other coroutines.
 *
 * Embed it in the object that does the work. The life of one wait:
 *
 *   ln_x_start()   called from Lua; begins the work, then ln_op_begin(): LN_WAIT, and the wrapper
 *                  yields its token at once
 *   ln_op_done()   the result is in the object: the coroutine goes on and fetches it
 *   cancel()       instead of that: the coroutine is no more (its request was given up, it was
 *                  stopped, the state is closing), and the work must end without a word
 *
 * Exactly one of the last two follows each ln_op_begin() that said LN_WAIT. Owner: whoever embeds
 * it; the memory must stay until then. In unit specs there is no loop: the work must then be done
 * before the coroutine yields, which is before the starting function returns, as fakes do.
 */
#ifndef LN_SCRIPT_OP_H
#define LN_SCRIPT_OP_H

#include <stdbool.h>

struct ln_vm;
struct ln_task;

struct ln_op {
    struct ln_task *task; /* private: who waits; NULL = nobody */
    void (*cancel)(struct ln_op *op);
};

/* The coroutine that runs now will wait for `op`. LN_WAIT; or LN_ESTATE, and nothing has changed:
 * no coroutine of the core's runs, or it waits for something already. */
int ln_op_begin(struct ln_vm *vm, struct ln_op *op, void (*cancel)(struct ln_op *op));

/* What was waited for has come. May be called before the coroutine has yielded. Else it is resumed
 * in here, and Lua may free the object: let it be the last thing that a callback does. Nothing when
 * nobody waits. */
void ln_op_done(struct ln_op *op);

static inline bool ln_op_is_on(const struct ln_op *op)
{
    return op->task != NULL;
}

#endif
