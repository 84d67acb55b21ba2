/* SPDX-License-Identifier: Apache-2.0
 * task.h - coroutines of the core's: handlers of a request, and errands beside them. For this
 * layer.
 *
 *   running --- yields, waiting for an op ---> parked --- ln_op_done() ---> running
 *      |                                         |
 *      |                                         +-- when Lua is at work just then --> ready
 *      +-- yields when its op has come already --------------------------------------> ready
 *
 * What is ready runs in the loop's next turn, each in its turn, so that nobody who never really
 * waits keeps the others out. Without a loop (unit specs) the one who entered Lua runs it, and time
 * moves by hand: see virtual.c.
 */
#ifndef LN_SCRIPT_TASK_H
#define LN_SCRIPT_TASK_H

#include <lua.h>

#include "base/list.h"
#include "net/loop.h"
#include "script/op.h"
#include "script/req.h"
#include "script/vm.h"

struct ln_errand;

/* A coroutine and what it waits for. Idle ones are kept for the next use. */
struct ln_task {
    struct ln_vm *vm;
    struct ln_task *next; /* idle tasks */
    struct ln_list node;  /* in vm->parked or vm->ready while it has yielded */
    lua_State *co;
    int ref;                  /* anchors `co` in the registry */
    struct ln_req *req;       /* NULL: of no request */
    struct ln_errand *errand; /* NULL: it runs handlers of `req` */
    int phase, at;
    int nargs;        /* of an errand that is to begin */
    uint64_t trials;  /* bit n: this run decides whether plugin n leaves its quarantine */
    bool parked;      /* has yielded, or is yet to begin */
    bool waits;       /* an op was begun; the coroutine must yield next */
    bool came;        /* it was done before the coroutine has yielded */
    struct ln_op *op; /* what it waits for */
    struct ln_op nap; /* sleep, and the content of its request */
    struct ln_timer timer;
    ln_nsec wakes_at; /* of a sleep without a loop; 0 = does not sleep */
};

/* A coroutine beside the handlers: one function of parallel(), one run of a timer. Embed it;
 * zeroed = not under way. */
struct ln_errand {
    struct ln_task *task; /* private; NULL = not under way */
    bool over;            /* of one that runs: it ends, with no results, where it would wait next */
    /* It has come to its end, and may be started again. `ok`: its results are on the stack of
     * `from`; else the text of the error and a traceback are on top of it. They are popped by the
     * caller. The last thing that happens to the errand. */
    void (*on_end)(struct ln_errand *e, lua_State *from, bool ok);
};

/* Starts the function that stands below `nargs` arguments on top of `from` (and pops them) as an
 * errand of `r` (NULL: of no request), in a phase, on behalf of plugin `at` of the chain. It begins
 * when it is its turn, never in here. */
void ln_errand_start(struct ln_vm *vm, struct ln_errand *e, lua_State *from, int nargs,
                     struct ln_req *r, int phase, int at);

/* Drops it where it is, and what it waits for; on_end is not called. Nothing when it is not under
 * way, or is what runs at this moment. */
void ln_errand_cancel(struct ln_errand *e);

/* Has it been started, and not begun? */
static inline bool ln_errand_is_new(const struct ln_errand *e)
{
    return e->task != NULL && e->task->nargs > 0;
}

/* As if the request ran now: for making its objects. */
void ln_task_select(struct ln_vm *vm, struct ln_req *r);
/* No request runs: no object of a plugin is alive. */
void ln_task_deselect(struct ln_vm *vm);

/* Resumes what was parked or ready; the second one tells whoever waits for the phase, too. */
enum ln_run ln_task_wake(struct ln_task *t);
void ln_task_go_on(struct ln_task *t);

/* Without a loop (virtual.c), in the order of virtual time: whatever is due until then; or until
 * the phase of a request that waits has ended. */
void ln_tasks_until(struct ln_vm *vm, ln_nsec mono);
enum ln_run ln_tasks_settle(struct ln_vm *vm, struct ln_req *r);

void ln_tasks_free(struct ln_vm *vm);

#endif
