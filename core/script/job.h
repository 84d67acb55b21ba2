/* SPDX-License-Identifier: Apache-2.0
 * job.h - the timers of plugins: functions that run later, or again and again. For this layer.
 *
 * Made while a generation is loaded, they count from the moment when it is put to use, and end at
 * once when the next one is. A run is an errand of no request. One that is still going when the
 * next is due makes that one be left out. With a lease only one worker of all runs.
 *
 * Owner: the state.
 */
#ifndef LN_SCRIPT_JOB_H
#define LN_SCRIPT_JOB_H

#include <lua.h>

#include "script/task.h"
#include "shm/lease.h"

enum { LN_JOBS_MAX = 1024 };

struct ln_job {
    struct ln_errand errand;
    struct ln_vm *vm;
    struct ln_list node; /* in vm->jobs */
    struct ln_timer timer, renew;
    int number;             /* what Lua calls it */
    ln_msec period, jitter; /* `jitter`: at most so much later, by chance */
    ln_nsec due;            /* monotonic; 0 = not set */
    bool repeats;
    bool over;                     /* to be freed when its run has ended */
    struct ln_lease_record *lease; /* NULL: every worker runs it; and while checking */
};

/* A new one; it counts from now if the state is in use. NULL: there are too many. */
struct ln_job *ln_job_new(struct ln_vm *vm, int number, ln_msec period, ln_msec jitter,
                          bool repeats);
/* No more runs; one that waits is broken off, one that runs at this moment comes to its end. */
void ln_job_cancel(struct ln_vm *vm, int number);

void ln_jobs_start(struct ln_vm *vm);
void ln_jobs_stop(struct ln_vm *vm); /* and breaks off what runs; nothing starts again */
void ln_jobs_free(struct ln_vm *vm);

/* Without a loop: the next one that is due, or NULL; and runs it. */
struct ln_job *ln_jobs_next(struct ln_vm *vm);
void ln_job_run(struct ln_job *job);

#endif
