/* SPDX-License-Identifier: Apache-2.0
 * task.c - runs the handlers of a request: one resume of a coroutine per phase, parked where a
 * handler waits.
 *
 * A coroutine that has come to its end is used again; one that raised, or was left in the middle,
 * is dropped, because stock LuaJIT cannot reset it. Which plugin runs is in vm->cur.at, written by
 * the generated code before each handler, so that an error finds its plugin without a protected
 * call around each.
 */
#include "script/task.h"

#include <math.h>

#include "base/assert.h"
#include "base/mem.h"
#include "script/api_body.h"
#include "script/api_inner.h"
#include "script/guard.h"
#include "script/up.h"
#include "script/vm_inner.h"
#include "shm/slot.h"

enum { SLEEP_MAX_SECONDS = 86400, LOOK_REQUESTS = 256, TUNE_REQUESTS = 16384 };

static struct ln_task *task_take(struct ln_vm *vm)
{
    struct ln_task *t = vm->idle;

    if (t != NULL) {
        vm->idle = t->next;
        return t;
    }
    t = ln_zalloc(sizeof *t);
    t->vm = vm;
    ln_list_init(&t->node);
    t->co = lua_newthread(vm->L);
    t->ref = luaL_ref(vm->L, LUA_REGISTRYINDEX);
    return t;
}

static void task_give(struct ln_task *t)
{
    lua_settop(t->co, 0);
    t->req = NULL;
    t->errand = NULL;
    t->trials = 0;
    t->next = t->vm->idle;
    t->vm->idle = t;
}

/* What it waits for ends without a word. */
static void stop_waiting(struct ln_task *t)
{
    struct ln_op *op = t->op;

    ln_list_remove(&t->node);
    t->parked = false;
    t->waits = false;
    t->came = false;
    t->op = NULL;
    if (op == NULL)
        return;
    op->task = NULL;
    op->cancel(op);
}

static void task_drop(struct ln_task *t)
{
    stop_waiting(t);
    luaL_unref(t->vm->L, LUA_REGISTRYINDEX, t->ref);
    ln_free(t);
}

void ln_tasks_free(struct ln_vm *vm)
{
    ln_assert(ln_list_is_empty(&vm->parked) && ln_list_is_empty(&vm->ready));
    if (vm->env.loop != NULL)
        ln_timer_stop(vm->env.loop, &vm->ready_timer);
    while (vm->idle != NULL) {
        struct ln_task *t = vm->idle;

        vm->idle = t->next;
        task_drop(t);
    }
}

/* ---- the record's place on the Lua side ---- */

int ln_cur_keep(struct ln_cur *cur)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);

    if (cur->slot == 0 && cur->req != NULL) {
        cur->slot = vm->free_count > 0 ? vm->free_slots[--vm->free_count] : ++vm->begun;
        cur->req->slot = cur->slot;
    }
    return cur->slot;
}

void ln_task_select(struct ln_vm *vm, struct ln_req *r)
{
    if (r->serial == 0) {
        if (++vm->serial == 0)
            vm->serial = 1;
        r->serial = vm->serial;
    }
    vm->cur.req = r;
    vm->cur.serial = r->serial;
    vm->cur.slot = r->slot;
    vm->cur.piece = r->pieces;
    vm->cur.request = (struct ln_handle){r, r->serial, LN_SIDE_REQUEST};
    vm->cur.response = (struct ln_handle){r, r->serial, LN_SIDE_RESPONSE};
}

void ln_task_deselect(struct ln_vm *vm)
{
    vm->cur.req = NULL;
    vm->cur.serial = vm->cur.request.serial = vm->cur.response.serial = 0;
    vm->cur.slot = 0;
}

static void slot_give(struct ln_vm *vm, int slot)
{
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->live);
    lua_pushboolean(vm->L, 0);
    lua_rawseti(vm->L, -2, slot);
    lua_pop(vm->L, 1);
    if (vm->free_count == vm->free_cap) {
        vm->free_cap = vm->free_cap > 0 ? vm->free_cap * 2 : 64;
        vm->free_slots = ln_realloc(vm->free_slots, vm->free_cap * sizeof *vm->free_slots);
    }
    vm->free_slots[vm->free_count++] = slot;
}

/* What plugins keep can grow; the collector's pace follows it. */
static void watch_heap(struct ln_vm *vm)
{
    size_t now = ln_vm_memory(vm);

    vm->low = now < vm->low ? now : vm->low;
    if (vm->forgotten < TUNE_REQUESTS)
        return;
    ln_vm_tune(vm, vm->low);
    vm->forgotten = 0;
    vm->low = SIZE_MAX;
}

void ln_vm_forget(struct ln_vm *vm, struct ln_req *r)
{
    ln_assert(r->task == NULL);
    if (r->serial == 0)
        return;
    ln_coded_forget(r);
    if (r->slot != 0) {
        slot_give(vm, r->slot);
        if (LN_UNLIKELY(vm->crowded) && vm->running == NULL) {
            ln_vm_make_room(vm);
            vm->crowded = false; /* the rest belongs to others, or to plugins */
        }
    }
    r->slot = 0;
    r->serial = 0;
    r->header_bytes = 0;
    if (++vm->forgotten % LOOK_REQUESTS == 0 && !vm->adopted)
        watch_heap(vm);
}

/* ---- errors ---- */

static void reply_500(struct ln_req *r)
{
    const struct ln_handle h = {r, r->serial, LN_SIDE_REQUEST};

    ln_reply_begin(&h, 500);
    r->failed = true;
}

static void push_lack_of_memory(struct ln_task *t)
{
    struct ln_vm *vm = t->vm;
    struct ln_guard_place place;
    char text[300];

    ln_uses_blame(vm, text, sizeof text);
    ln_guard_find(t->co, &place);
    luaL_unref(vm->L, LUA_REGISTRYINDEX, t->ref);
    t->ref = LUA_NOREF;

    size_t before = vm->used; /* what goes now is mostly of the run that has just ended */

    ln_vm_make_room(vm);
    if (t->req != NULL && t->errand == NULL)
        vm->chains[t->req->route->chain - 1].held += (int64_t)vm->used - (int64_t)before;
    if (place.line > 0)
        lua_pushfstring(vm->L, "%s:%d: %s", place.file, (int)place.line, text);
    else
        lua_pushstring(vm->L, text);
    lua_pushliteral(vm->L, "");
}

/* Pushes the message and the traceback of the coroutine that has ended so. What a lack of memory
 * has left behind is let go first, or there would be none to report with. */
static void push_error(struct ln_task *t, int rc)
{
    lua_State *L = t->vm->L;

    if (rc == LUA_YIELD) {
        lua_pushliteral(L, "the handler yielded outside of a coroutine of its own");
    } else if (rc == LUA_ERRMEM) {
        push_lack_of_memory(t);
        return;
    } else {
        lua_xmove(t->co, L, 1);
    }
    luaL_traceback(L, t->co, NULL, 0);
}

static const struct ln_chain *chain_of(const struct ln_vm *vm, const struct ln_req *r)
{
    return &vm->chains[r->route->chain - 1];
}

/* What on_error says about the plugin that raised; tells the log. True: go on without it. */
static bool may_skip(struct ln_task *t, int rc)
{
    bool stopped = t->vm->stopped;
    struct ln_vm *vm = t->vm;
    lua_State *L = vm->L;
    bool skip = t->phase == LN_PHASE_LOG;

    if (vm->env.slot != NULL)
        ln_stat_add(vm->env.slot, stopped ? LN_STAT_HANDLERS_STOPPED : LN_STAT_HANDLERS_FAILED, 1);
    ln_task_select(vm, t->req);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->failed);
    lua_pushinteger(L, (lua_Integer)t->req->route->chain);
    lua_pushinteger(L, t->phase);
    lua_pushinteger(L, vm->cur.at);
    push_error(t, rc);
    if (lua_pcall(L, 5, 2, 0) == 0) {
        skip = skip || lua_toboolean(L, -2);
        if (lua_toboolean(L, -1) && (rc != LUA_ERRMEM || ln_uses_is_to_blame(vm)))
            ln_uses_failed(vm, chain_of(vm, t->req), t->phase, vm->cur.at, stopped, t->trials);
        lua_pop(L, 2);
    } else {
        ln_error("an error could not be reported: %s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    ln_task_deselect(vm);
    return skip;
}

/* ---- running ---- */

static enum ln_run resume(struct ln_task *t, int nargs);

/* Runs what is left of a chain when one of its plugins is out; those in quarantine are not run. */
static enum ln_run run_rest(struct ln_vm *vm, struct ln_req *r, int phase, int after)
{
    const struct ln_chain *chain = chain_of(vm, r);
    struct ln_task *t = task_take(vm);
    uint64_t out = chain->out[phase] != 0 ? ln_uses_out(vm, chain, phase, &t->trials) : 0;

    t->req = r;
    t->phase = phase;
    lua_rawgeti(t->co, LUA_REGISTRYINDEX, vm->rest);
    lua_pushinteger(t->co, (lua_Integer)r->route->chain);
    lua_pushinteger(t->co, phase);
    lua_pushinteger(t->co, after);
    lua_pushinteger(t->co, phase == LN_PHASE_BODY ? r->made_by : r->depth);
    lua_pushnumber(t->co, (lua_Number)out);
    return resume(t, 5);
}

/* The content that has gone out cannot be taken back: what is left is to break off, or to go on
 * without the plugin. */
static enum ln_run fail_body(struct ln_vm *vm, struct ln_req *r, int at, bool skip)
{
    if (skip && !ln_coded_is_by(r, at)) {
        ln_piece_undo(r, at);
        return run_rest(vm, r, LN_PHASE_BODY, at);
    }
    ln_piece_end(r);
    r->failed = true;
    return LN_RUN_DONE;
}

/* An errand is of no chain: whoever started it is told. */
static enum ln_run fail_errand(struct ln_task *t, int rc)
{
    struct ln_errand *e = t->errand;
    lua_State *L = t->vm->L;

    push_error(t, rc);
    task_drop(t);
    e->task = NULL;
    int top = lua_gettop(L) - 2;
    e->on_end(e, L, false);
    lua_settop(L, top);
    return LN_RUN_DONE;
}

/* The request phase ends here; a response that became a 500 still goes through the handlers above;
 * a log goes on. */
static enum ln_run fail(struct ln_task *t, int rc)
{
    struct ln_vm *vm = t->vm;
    struct ln_req *r = t->req;
    int phase = t->phase, at = vm->cur.at;

    if (t->errand != NULL)
        return fail_errand(t, rc);

    bool skip = may_skip(t, rc);

    task_drop(t);
    if (LN_UNLIKELY(vm->crowded) && vm->running == NULL)
        ln_vm_make_room(vm); /* the coroutine held what made it so */
    if (phase == LN_PHASE_BODY)
        return fail_body(vm, r, at, skip);
    if (phase == LN_PHASE_BALANCE)
        ln_up_fail(vm->cur.up, !skip);
    if (phase == LN_PHASE_BALANCE && !skip)
        return LN_RUN_DONE;
    if (!skip) {
        reply_500(r);
        r->made_by = (uint16_t)at;
        if (phase == LN_PHASE_REQUEST) {
            r->depth = (uint16_t)at;
            return LN_RUN_DONE;
        }
    }
    return run_rest(vm, r, phase, at);
}

static enum ln_run finish_errand(struct ln_task *t)
{
    struct ln_errand *e = t->errand;

    e->task = NULL;
    t->errand = NULL;
    e->on_end(e, t->co, true);
    task_give(t);
    return LN_RUN_DONE;
}

static void on_ready(struct ln_timer *timer);

static void make_ready(struct ln_task *t)
{
    struct ln_vm *vm = t->vm;

    t->came = false;
    ln_list_remove(&t->node);
    ln_list_append(&vm->ready, &t->node);
    if (vm->env.loop != NULL && !ln_timer_is_running(&vm->ready_timer))
        ln_timer_start(vm->env.loop, &vm->ready_timer, 0, on_ready);
}

static enum ln_run park(struct ln_task *t)
{
    t->at = t->vm->cur.at;
    t->parked = true;
    t->waits = false;
    if (t->errand == NULL)
        t->req->task = t;
    if (t->came)
        make_ready(t);
    else
        ln_list_append(&t->vm->parked, &t->node);
    return LN_RUN_WAIT;
}

/* What is collected meanwhile is what somebody has thrown away: mostly who makes much of it. */
static inline void note_growth(struct ln_vm *vm, const struct ln_req *r, size_t before)
{
    vm->grown = vm->used > before ? vm->used - before : 0;
    if (LN_UNLIKELY(vm->used > vm->high) && vm->running == NULL)
        ln_vm_make_room(vm);
    if (r != NULL && r->route != NULL && r->route->chain != 0)
        vm->chains[r->route->chain - 1].held += (int64_t)vm->used - (int64_t)before;
}

/* Whoever started it has been broken off while it ran. */
static enum ln_run break_off(struct ln_task *t)
{
    struct ln_errand *e = t->errand;
    lua_State *L = t->vm->L;

    task_drop(t);
    e->task = NULL;
    e->on_end(e, L, true);
    return LN_RUN_DONE;
}

static enum ln_run resume(struct ln_task *t, int nargs)
{
    struct ln_vm *vm = t->vm;
    struct ln_req *r = t->req;
    struct ln_task *outer = vm->running;

    if (LN_LIKELY(r != NULL))
        ln_task_select(vm, r);
    else
        ln_task_deselect(vm);
    vm->cur.phase = t->phase;
    vm->running = t;
    vm->capped = true;
    size_t before = vm->used;
    ln_guard_enter(vm);
    int rc = lua_resume(t->co, nargs);
    vm->stopped = ln_guard_leave(outer != NULL ? vm : NULL);
    vm->capped = outer != NULL;
    vm->running = outer;
    note_growth(vm, r, before);
    ln_task_deselect(vm);
    vm->cur.phase = LN_PHASE_NONE;
    if (LN_UNLIKELY(rc == LUA_YIELD && t->waits))
        return t->errand != NULL && t->errand->over ? break_off(t) : park(t);
    if (LN_UNLIKELY(t->waits)) /* the yield failed, and the plugin caught that */
        stop_waiting(t);
    if (LN_UNLIKELY(rc != 0))
        return fail(t, rc);
    if (LN_UNLIKELY(t->errand != NULL))
        return finish_errand(t);
    if (LN_UNLIKELY(t->trials != 0))
        ln_uses_worked(vm, chain_of(vm, r), t->phase, vm->cur.at, t->trials);
    if (t->phase == LN_PHASE_REQUEST && r->verdict == LN_VERDICT_REPLY)
        r->depth = (uint16_t)vm->cur.at;
    if (t->phase == LN_PHASE_BODY)
        ln_piece_end(r);
    task_give(t);
    return LN_RUN_DONE;
}

/* ---- waking ---- */

enum ln_run ln_task_wake(struct ln_task *t)
{
    int nargs = t->nargs;

    ln_list_remove(&t->node);
    t->parked = false;
    t->nargs = 0;
    if (t->errand == NULL)
        t->req->task = NULL;
    t->vm->cur.at = t->at;
    return resume(t, nargs);
}

void ln_task_go_on(struct ln_task *t)
{
    struct ln_req *r = t->errand == NULL ? t->req : NULL;
    enum ln_run run = ln_task_wake(t);

    if (r == NULL)
        return; /* an errand has told already */
    if (run == LN_RUN_DONE)
        r->on_done(r);
    else if (r->body_wanted > 0 && r->body_state == LN_BODY_UNREAD)
        r->on_body_wanted(r);
}

/* Those that are ready by now; what becomes so meanwhile has its turn in the next one. */
static void on_ready(struct ln_timer *timer)
{
    struct ln_vm *vm = ln_container_of(timer, struct ln_vm, ready_timer);
    struct ln_list now;

    ln_list_init(&now);
    ln_list_insert(vm->ready.next, &now);
    ln_list_remove(&vm->ready);
    while (!ln_list_is_empty(&now))
        ln_task_go_on(ln_container_of(now.next, struct ln_task, node));
}

int ln_op_begin(struct ln_vm *vm, struct ln_op *op, void (*cancel)(struct ln_op *op))
{
    struct ln_task *t = vm->running;

    if (t == NULL || t->waits || t->phase == LN_PHASE_BALANCE)
        return LN_ESTATE;
    t->waits = true;
    op->task = t;
    op->cancel = cancel;
    t->op = op;
    return LN_WAIT;
}

void ln_op_done(struct ln_op *op)
{
    struct ln_task *t = op->task;

    if (t == NULL)
        return;
    op->task = NULL;
    t->op = NULL;
    if (!t->parked)
        t->came = true;
    else if (t->vm->running != NULL || t->vm->env.loop == NULL)
        make_ready(t);
    else
        ln_task_go_on(t);
}

/* ---- errands ---- */

void ln_errand_start(struct ln_vm *vm, struct ln_errand *e, lua_State *from, int nargs,
                     struct ln_req *r, int phase, int at)
{
    struct ln_task *t = task_take(vm);

    ln_assert(e->task == NULL);
    e->task = t;
    t->errand = e;
    t->req = r;
    t->phase = phase;
    t->at = at;
    t->nargs = nargs;
    t->parked = true;
    lua_xmove(from, t->co, nargs + 1);
    make_ready(t);
}

void ln_errand_cancel(struct ln_errand *e)
{
    struct ln_task *t = e->task;

    if (t == NULL || !t->parked)
        return;
    e->task = NULL;
    task_drop(t);
}

/* ---- phases ---- */

/* Without a loop a phase has ended when the call returns. */
static enum ln_run settled(struct ln_vm *vm, struct ln_req *r, enum ln_run run)
{
    return LN_LIKELY(vm->env.loop != NULL || run == LN_RUN_DONE) ? run : ln_tasks_settle(vm, r);
}

/* The time has come to compile the function: lunette.chain knows how. */
static void heat(struct ln_vm *vm, const struct ln_chain *chain, int phase)
{
    if (!vm->compiles)
        return;
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->heat);
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, chain->run[phase]);
    if (lua_pcall(vm->L, 1, 0, 0) != 0) {
        ln_warn("a chain is not compiled at once: %s", lua_tostring(vm->L, -1));
        lua_pop(vm->L, 1);
    }
}

/* The whole chain, one plugin after the other: some are in quarantine. */
static enum ln_run run_all(struct ln_vm *vm, struct ln_req *r, int phase)
{
    return run_rest(vm, r, phase,
                    phase <= LN_PHASE_BALANCE ? 0 : (int)chain_of(vm, r)->use_count + 1);
}

static enum ln_run run(struct ln_vm *vm, struct ln_req *r, int phase)
{
    struct ln_chain *chain = &vm->chains[r->route->chain - 1];

    if (LN_UNLIKELY(!vm->guarded))
        ln_guard_take(vm);
    if (LN_UNLIKELY(ln_uses_changed(vm)))
        ln_uses_look(vm);
    chain->runs[phase]++;
    if (LN_UNLIKELY(chain->out[phase] != 0))
        return settled(vm, r, run_all(vm, r, phase));

    struct ln_task *t = task_take(vm);

    if (LN_UNLIKELY(chain->cold[phase] > 0) && --chain->cold[phase] == 0)
        heat(vm, chain, phase);

    ln_assert(r->task == NULL);
    t->req = r;
    t->phase = phase;
    lua_rawgeti(t->co, LUA_REGISTRYINDEX, chain->run[phase]);
    lua_rawgeti(t->co, LUA_REGISTRYINDEX, chain->selfs);
    lua_pushinteger(t->co, phase == LN_PHASE_BODY ? r->made_by : r->depth);
    return settled(vm, r, resume(t, 2));
}

enum ln_run ln_vm_request(struct ln_vm *vm, struct ln_req *r)
{
    if (r->route == NULL || !r->route->has_request)
        return LN_RUN_DONE;
    return run(vm, r, LN_PHASE_REQUEST);
}

void ln_vm_balance(struct ln_vm *vm, struct ln_req *r, struct ln_up *up)
{
    if (r->route == NULL || !r->route->has_balance)
        return;
    vm->cur.up = up;
    r->asked = true; /* an attempt sends what the request phase has left */
    run(vm, r, LN_PHASE_BALANCE);
    r->asked = false;
    vm->cur.up = NULL;
}

/* They were judged when they were queued, and live as long as the request. */
static void apply_queued(struct ln_req *r)
{
    for (const struct ln_edit *e = r->edits; e != NULL; e = e->next) {
        if (e->op == LN_EDIT_SET)
            ln_fields_put(r->res_fields, e->id, e->name, e->value);
        else if (e->op == LN_EDIT_ADD)
            ln_fields_push(r->res_fields, e->id, e->name, e->value);
        else
            ln_fields_remove(r->res_fields, e->name);
    }
    r->edits = NULL;
    r->edits_tail = NULL;
}

enum ln_run ln_vm_response(struct ln_vm *vm, struct ln_req *r)
{
    ln_assert(r->res_fields != NULL);
    r->failed = false; /* from here on: of this phase */
    if (r->edits != NULL)
        apply_queued(r);
    if (r->route == NULL || !r->route->has_response)
        return LN_RUN_DONE;
    return run(vm, r, LN_PHASE_RESPONSE);
}

enum ln_run ln_vm_body(struct ln_vm *vm, struct ln_req *r)
{
    r->failed = false;
    if (!ln_vm_wants_body(r))
        return LN_RUN_DONE;
    ln_piece_begin(r);
    return run(vm, r, LN_PHASE_BODY);
}

enum ln_run ln_vm_log(struct ln_vm *vm, struct ln_req *r)
{
    if (r->route == NULL || !r->route->has_log)
        return LN_RUN_DONE;
    return run(vm, r, LN_PHASE_LOG);
}

void ln_vm_cancel(struct ln_vm *vm, struct ln_req *r)
{
    struct ln_task *t = r->task;

    (void)vm;
    if (t == NULL)
        return;
    r->task = NULL;
    if (t->phase == LN_PHASE_REQUEST)
        r->depth = (uint16_t)t->at;
    ln_piece_end(r);
    task_drop(t);
}

/* ---- waiting ---- */

static void on_nap_over(struct ln_timer *timer)
{
    ln_op_done(&ln_container_of(timer, struct ln_task, timer)->nap);
}

static void cancel_nap(struct ln_op *op)
{
    struct ln_task *t = ln_container_of(op, struct ln_task, nap);

    t->wakes_at = 0;
    if (t->vm->env.loop != NULL)
        ln_timer_stop(t->vm->env.loop, &t->timer);
}

int ln_wait_sleep(struct ln_cur *cur, double seconds)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);
    struct ln_task *t = vm->running;

    if (!(seconds >= 0 && seconds <= SLEEP_MAX_SECONDS))
        return LN_EINVAL;
    if (t == NULL || ln_op_begin(vm, &t->nap, cancel_nap) != LN_WAIT)
        return LN_ESTATE;
    if (vm->env.loop == NULL)
        t->wakes_at = ln_clock_mono() + (ln_nsec)(seconds * 1e9);
    else
        ln_timer_start(vm->env.loop, &t->timer, (ln_msec)ceil(seconds * 1000), on_nap_over);
    return LN_WAIT;
}

static void cancel_body(struct ln_op *op)
{
    ln_container_of(op, struct ln_task, nap)->req->body_wanted = 0;
}

enum ln_run ln_vm_body_ready(struct ln_vm *vm, struct ln_req *r)
{
    struct ln_task *t = r->task;

    (void)vm;
    ln_assert(t != NULL && t->op == &t->nap && r->body_state != LN_BODY_UNREAD);
    t->nap.task = NULL;
    t->op = NULL;
    return ln_task_wake(t);
}

/* In specs there is no loop, and the content is there from the start. */
static int judge_body(struct ln_req *r, double most)
{
    r->body_state = (double)r->body.n > most ? LN_BODY_TOO_LARGE : LN_BODY_READ;
    return r->body_state == LN_BODY_READ ? LN_OK : LN_ELIMIT;
}

int ln_wait_body(struct ln_cur *cur, double most)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);
    struct ln_task *t = vm->running;
    struct ln_req *r = cur->req;

    if (!(most >= 1 && most <= 9007199254740992.0))
        return LN_EINVAL;
    if (t == NULL || t->waits || t->errand != NULL || t->phase != LN_PHASE_REQUEST)
        return LN_ESTATE;
    if (r->body_state == LN_BODY_TOO_LARGE)
        return LN_ELIMIT;
    if (!r->has_content || r->body_state == LN_BODY_READ)
        return LN_OK;
    if (r->body_limited && most > (double)r->body_most)
        most = (double)r->body_most;
    if (vm->env.loop == NULL)
        return judge_body(r, most);
    r->body_wanted = (uint64_t)most;
    return ln_op_begin(vm, &t->nap, cancel_body);
}
