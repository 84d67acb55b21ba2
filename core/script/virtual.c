/* SPDX-License-Identifier: Apache-2.0
 * virtual.c - time in unit specs, where there is no loop: whoever entered Lua runs what is ready,
 * and moves the clock to what is due next.
 */
#include "script/job.h"
#include "script/vm_inner.h"

static struct ln_task *next_sleeper(struct ln_vm *vm)
{
    struct ln_task *first = NULL;

    for (struct ln_list *at = vm->parked.next; at != &vm->parked; at = at->next) {
        struct ln_task *t = ln_container_of(at, struct ln_task, node);

        if (t->wakes_at != 0 && (first == NULL || t->wakes_at < first->wakes_at))
            first = t;
    }
    return first;
}

static void move_clock(ln_nsec to)
{
    if (to > ln_clock_mono())
        ln_clock_advance(to - ln_clock_mono());
}

/* Timers that are due before that moment start their runs. */
static void run_jobs(struct ln_vm *vm, ln_nsec until)
{
    struct ln_job *job;

    while (ln_list_is_empty(&vm->ready) && (job = ln_jobs_next(vm)) != NULL && job->due <= until) {
        move_clock(job->due);
        ln_job_run(job);
    }
}

/* The next one that could go on by `mono`; time moves up to when it does. NULL: none. */
static struct ln_task *next_virtual(struct ln_vm *vm, ln_nsec mono)
{
    struct ln_task *t = next_sleeper(vm);

    if (t != NULL && t->wakes_at <= mono)
        run_jobs(vm, t->wakes_at);
    else if (mono != UINT64_MAX) /* else there is no end to it */
        run_jobs(vm, mono);
    if (!ln_list_is_empty(&vm->ready))
        return ln_container_of(vm->ready.next, struct ln_task, node);
    if (t == NULL || t->wakes_at > mono)
        return NULL;
    move_clock(t->wakes_at);
    t->wakes_at = 0;
    t->nap.task = NULL;
    t->op = NULL;
    return t;
}

void ln_tasks_until(struct ln_vm *vm, ln_nsec mono)
{
    struct ln_task *t;

    while ((t = next_virtual(vm, mono)) != NULL)
        ln_task_go_on(t);
    move_clock(mono);
}

enum ln_run ln_tasks_settle(struct ln_vm *vm, struct ln_req *r)
{
    struct ln_task *t;

    while ((t = next_virtual(vm, UINT64_MAX)) != NULL) {
        if (t->errand != NULL || t->req != r)
            ln_task_go_on(t);
        else if (ln_task_wake(t) == LN_RUN_DONE)
            return LN_RUN_DONE;
    }
    const struct ln_handle h = {r, r->serial, LN_SIDE_REQUEST};

    ln_error("a handler waits for something that never comes: specs have no loop");
    ln_vm_cancel(vm, r);
    ln_reply_begin(&h, 500);
    r->failed = true;
    return LN_RUN_DONE;
}
