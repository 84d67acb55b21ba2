/* SPDX-License-Identifier: Apache-2.0
 * job.c - sets timers, takes turns with the other workers, and starts the runs.
 */
#include "script/job.h"

#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/rand.h"
#include "script/guard.h"
#include "script/vm_inner.h"
#include "shm/slot.h"

static ln_nsec now_of(const struct ln_vm *vm)
{
    return vm->env.loop != NULL ? ln_loop_now(vm->env.loop) : ln_clock_mono();
}

static void count(const struct ln_job *job, enum ln_stat stat)
{
    if (job->vm->env.slot != NULL)
        ln_stat_add(job->vm->env.slot, stat, 1);
}

static uint32_t who(void)
{
    return (uint32_t)getpid();
}

/* ---- when ---- */

static void on_time(struct ln_timer *timer);

/* Next at job->due, which may be over already, or later by chance. */
static void arm(struct ln_job *job)
{
    ln_nsec now = now_of(job->vm);
    ln_msec wait = job->due > now ? (job->due - now + LN_NSEC_PER_MSEC - 1) / LN_NSEC_PER_MSEC : 0;

    if (job->jitter > 0) {
        uint64_t chance;

        ln_rand_bytes(&chance, sizeof chance);
        wait += chance % (job->jitter + 1);
    }
    if (job->vm->env.loop != NULL)
        ln_timer_start(job->vm->env.loop, &job->timer, wait, on_time);
}

static void arm_in(struct ln_job *job, ln_msec wait)
{
    job->due = now_of(job->vm) + wait * LN_NSEC_PER_MSEC;
    arm(job);
}

/* In step with the time before; what was missed stays missed. */
static void arm_next(struct ln_job *job)
{
    ln_nsec period = job->period * LN_NSEC_PER_MSEC, now = now_of(job->vm);

    job->due += period;
    if (job->due <= now)
        job->due = now + period - (now - job->due) % period;
    arm(job);
}

/* ---- the life of one ---- */

static void job_free(struct ln_job *job)
{
    struct ln_vm *vm = job->vm;

    if (vm->env.loop != NULL) {
        ln_timer_stop(vm->env.loop, &job->timer);
        ln_timer_stop(vm->env.loop, &job->renew);
    }
    if (job->lease != NULL)
        ln_lease_give(job->lease, who());
    ln_list_remove(&job->node);
    vm->job_count--;
    ln_free(job);
}

/* The message and its traceback are on top. */
static void tell(const struct ln_job *job)
{
    lua_State *L = job->vm->L;

    lua_rawgeti(L, LUA_REGISTRYINDEX, job->vm->job_failed);
    lua_pushinteger(L, job->number);
    lua_pushvalue(L, -4);
    lua_pushvalue(L, -4);
    if (lua_pcall(L, 3, 0, 0) != 0) {
        ln_error("the error of a timer could not be reported: %s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

static void on_end(struct ln_errand *e, lua_State *from, bool ok)
{
    struct ln_job *job = ln_container_of(e, struct ln_job, errand);

    (void)from;
    if (!ok) {
        count(job, LN_STAT_TIMERS_FAILED);
        tell(job);
    }
    if (job->over || !job->repeats)
        ln_job_cancel(job->vm, job->number);
}

static void start_run(struct ln_job *job)
{
    struct ln_vm *vm = job->vm;

    count(job, LN_STAT_TIMERS);
    if (!vm->guarded)
        ln_guard_take(vm);
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->job_run);
    lua_pushinteger(vm->L, job->number);
    ln_errand_start(vm, &job->errand, vm->L, 1, NULL, LN_PHASE_TIMER, 0);
}

/* ---- turns ---- */

static void on_renew(struct ln_timer *timer)
{
    struct ln_job *job = ln_container_of(timer, struct ln_job, renew);
    struct ln_loop *loop = job->vm->env.loop;

    ln_lease_keep(job->lease, who(), ln_loop_now_ms(loop));
    ln_timer_start(loop, &job->renew, LN_LEASE_TERM / 3, on_renew);
}

/* Is it our turn? Else the timer is set for when it might be, or the job has been done for good. */
static bool wins(struct ln_job *job)
{
    ln_msec wait;

    if (job->lease == NULL)
        return true;
    if (!job->repeats) {
        if (job->vm->env.number == 0 || ln_lease_once(job->lease, job->vm->env.number))
            return true;
        ln_job_cancel(job->vm, job->number);
        return false;
    }
    if (job->vm->env.loop != NULL && !ln_timer_is_running(&job->renew))
        ln_timer_start(job->vm->env.loop, &job->renew, LN_LEASE_TERM / 3, on_renew);
    if (ln_lease_turn(job->lease, who(), job->period, now_of(job->vm) / LN_NSEC_PER_MSEC, &wait))
        return true;
    arm_in(job, wait);
    return false;
}

void ln_job_run(struct ln_job *job)
{
    if (job->errand.task != NULL) {
        count(job, LN_STAT_TIMERS_SKIPPED);
        arm_next(job);
        return;
    }
    if (!wins(job))
        return;
    if (job->repeats)
        arm_next(job);
    else
        job->due = 0;
    start_run(job);
}

static void on_time(struct ln_timer *timer)
{
    ln_job_run(ln_container_of(timer, struct ln_job, timer));
}

/* ---- all of them ---- */

struct ln_job *ln_job_new(struct ln_vm *vm, int number, ln_msec period, ln_msec jitter,
                          bool repeats)
{
    struct ln_job *job;

    if (vm->job_count >= LN_JOBS_MAX)
        return NULL;
    job = ln_zalloc(sizeof *job);
    *job = (struct ln_job){.errand.on_end = on_end,
                           .vm = vm,
                           .number = number,
                           .period = period,
                           .jitter = jitter,
                           .repeats = repeats};
    ln_list_append(&vm->jobs, &job->node);
    vm->job_count++;
    if (vm->jobs_on)
        arm_in(job, period);
    return job;
}

static struct ln_job *find(struct ln_vm *vm, int number)
{
    for (struct ln_list *at = vm->jobs.next; at != &vm->jobs; at = at->next)
        if (ln_container_of(at, struct ln_job, node)->number == number)
            return ln_container_of(at, struct ln_job, node);
    return NULL;
}

void ln_job_cancel(struct ln_vm *vm, int number)
{
    struct ln_job *job = find(vm, number);

    if (job == NULL)
        return;
    ln_errand_cancel(&job->errand);
    if (job->errand.task == NULL) {
        job_free(job);
        return;
    }
    job->over = true; /* it is its own run that cancels it */
    job->due = 0;
    if (vm->env.loop != NULL)
        ln_timer_stop(vm->env.loop, &job->timer);
}

/* A timer of one worker goes on where the generation before has left it, or one with a long period
 * would never come while configurations change more often. */
static ln_msec first_wait(const struct ln_job *job)
{
    ln_msec now = now_of(job->vm) / LN_NSEC_PER_MSEC,
            due = job->lease != NULL && job->repeats ? atomic_load(&job->lease->due) : 0;

    if (due == 0 || due > now + job->period)
        return job->period;
    return due > now ? due - now : 0;
}

void ln_jobs_start(struct ln_vm *vm)
{
    if (vm->jobs_on)
        return;
    vm->jobs_on = true;
    for (struct ln_list *at = vm->jobs.next; at != &vm->jobs; at = at->next) {
        struct ln_job *job = ln_container_of(at, struct ln_job, node);

        arm_in(job, first_wait(job));
    }
}

void ln_jobs_free(struct ln_vm *vm)
{
    while (!ln_list_is_empty(&vm->jobs)) {
        struct ln_job *job = ln_container_of(vm->jobs.next, struct ln_job, node);

        ln_errand_cancel(&job->errand);
        ln_assert(job->errand.task == NULL);
        job_free(job);
    }
}

void ln_jobs_stop(struct ln_vm *vm)
{
    ln_jobs_free(vm);
    vm->jobs_on = false;
}

struct ln_job *ln_jobs_next(struct ln_vm *vm)
{
    struct ln_job *first = NULL;

    for (struct ln_list *at = vm->jobs.next; at != &vm->jobs; at = at->next) {
        struct ln_job *job = ln_container_of(at, struct ln_job, node);

        if (job->due != 0 && (first == NULL || job->due < first->due))
            first = job;
    }
    return first;
}
