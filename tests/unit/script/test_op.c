/* SPDX-License-Identifier: Apache-2.0
 * Coroutines wait for operations: done late, done at once, cancelled; errands beside requests.
 */
#include "world.h"

struct deed { /* what the coroutines of these tests wait for */
    struct ln_op op;
    struct ln_vm *vm;
    int begun, cancelled, rc;
    bool at_once;
};

struct job {
    struct ln_errand errand;
    int ended;
    bool ok;
    char text[512];
    lua_Number result;
};

static void on_cancel(struct ln_op *op)
{
    ln_container_of(op, struct deed, op)->cancelled++;
}

/* start() -> what ln_op_begin() said */
static int lua_start(lua_State *L)
{
    struct deed *d = lua_touserdata(L, lua_upvalueindex(1));

    d->rc = ln_op_begin(d->vm, &d->op, on_cancel);
    if (d->rc == LN_WAIT)
        d->begun++;
    if (d->at_once)
        ln_op_done(&d->op);
    lua_pushinteger(L, d->rc);
    return 1;
}

static void on_end(struct ln_errand *e, lua_State *from, bool ok)
{
    struct job *j = ln_container_of(e, struct job, errand);

    j->ended++;
    j->ok = ok;
    j->result = ok ? lua_tonumber(from, -1) : 0;
    if (!ok)
        snprintf(j->text, sizeof j->text, "%s\n%s", lua_tostring(from, -2), lua_tostring(from, -1));
}

static void begin(struct world *w, struct deed *d, bool loop)
{
    world_init(w);
    if (loop)
        w->loop = ln_loop_new();
    if (world_routes(w, "get \"/x\" { reply = { 200 } }") != 0)
        fail_msg("%s", w->report);
    *d = (struct deed){.vm = w->vm};
    lua_pushlightuserdata(w->vm->L, d);
    lua_pushcclosure(w->vm->L, lua_start, 1);
    lua_setglobal(w->vm->L, "start");
}

static void end(struct world *w)
{
    assert_int_equal(lua_gettop(w->vm->L), 0);
    world_fini(w);
}

static void start(struct world *w, struct job *j, const char *code)
{
    *j = (struct job){.errand.on_end = on_end};
    assert_int_equal(luaL_loadstring(w->vm->L, code), 0);
    lua_pushinteger(w->vm->L, 20);
    ln_errand_start(w->vm, &j->errand, w->vm->L, 1, NULL, LN_PHASE_LOG, 0);
}

static void turn(struct world *w)
{
    ev_run(ln_loop_ev(w->loop), EVRUN_ONCE);
    ln_loop_bury(w->loop);
}

static void test_done_later_goes_on(void **state)
{
    struct world w;
    struct deed d;
    struct job j;

    (void)state;
    begin(&w, &d, true);
    start(&w, &j, "local n = ... start() coroutine.yield() return n + 1");
    assert_int_equal(d.begun, 0); /* never begins inside of the call */
    turn(&w);
    assert_int_equal(d.rc, LN_WAIT);
    assert_true(ln_op_is_on(&d.op));
    assert_int_equal(j.ended, 0);
    ln_op_done(&d.op);
    assert_int_equal(j.ended, 1);
    assert_true(j.ok);
    assert_true(j.result == 21);
    ln_op_done(&d.op); /* nobody waits */
    assert_int_equal(d.cancelled, 0);
    end(&w);
}

static void test_done_at_once_goes_on_in_the_next_turn(void **state)
{
    struct world w;
    struct deed d;
    struct job j;

    (void)state;
    begin(&w, &d, true);
    d.at_once = true;
    start(&w, &j, "for i = 1, 3 do start() coroutine.yield() end return 3");
    turn(&w);
    assert_int_equal(d.begun, 1);
    turn(&w);
    turn(&w);
    assert_int_equal(d.begun, 3);
    assert_int_equal(j.ended, 0);
    turn(&w);
    assert_int_equal(j.ended, 1);
    assert_true(j.result == 3);
    end(&w);
}

static void test_cancel_ends_what_was_waited_for(void **state)
{
    struct world w;
    struct deed d;
    struct job j;

    (void)state;
    begin(&w, &d, true);
    start(&w, &j, "start() coroutine.yield()");
    turn(&w);
    ln_errand_cancel(&j.errand);
    assert_int_equal(d.cancelled, 1);
    assert_int_equal(j.ended, 0);
    assert_null(j.errand.task);
    ln_errand_cancel(&j.errand);
    ln_op_done(&d.op);
    assert_int_equal(d.cancelled, 1);

    start(&w, &j, "start()"); /* and one that has not begun */
    ln_errand_cancel(&j.errand);
    assert_int_equal(d.begun, 1);
    end(&w);
}

static void test_one_thing_at_a_time(void **state)
{
    struct world w;
    struct deed d;
    struct job j;

    (void)state;
    begin(&w, &d, true);
    assert_int_equal(ln_op_begin(w.vm, &d.op, on_cancel), LN_ESTATE); /* nobody runs */
    start(&w, &j, "start() local second = start() coroutine.yield() return second");
    turn(&w);
    assert_int_equal(d.rc, LN_ESTATE);
    ln_op_done(&d.op);
    assert_true(j.result == LN_ESTATE);
    end(&w);
}

static void test_a_yield_that_fails_cancels(void **state)
{
    struct world w;
    struct deed d;
    struct job j;

    (void)state;
    begin(&w, &d, true);
    start(&w, &j,
          "local ok = pcall(string.gsub, 'x', 'x', function() start() coroutine.yield() end)\n"
          "return ok and 1 or 2");
    turn(&w);
    assert_true(j.ok);
    assert_true(j.result == 2);
    assert_int_equal(d.cancelled, 1);
    end(&w);
}

static void test_a_raise_is_told_with_its_traceback(void **state)
{
    struct world w;
    struct deed d;
    struct job j;

    (void)state;
    begin(&w, &d, true);
    start(&w, &j,
          "start() coroutine.yield() local function deep() error('oh no') end deep() return 1");
    turn(&w);
    ln_op_done(&d.op);
    assert_int_equal(j.ended, 1);
    assert_false(j.ok);
    assert_non_null(strstr(j.text, ":1: oh no"));
    assert_non_null(strstr(j.text, "stack traceback"));
    start(&w, &j, "return ...");
    turn(&w);
    assert_true(j.ok);
    end(&w);
}

static void test_a_plain_yield_is_an_error(void **state)
{
    struct world w;
    struct deed d;
    struct job j;

    (void)state;
    begin(&w, &d, true);
    start(&w, &j, "coroutine.yield()");
    turn(&w);
    assert_false(j.ok);
    assert_non_null(strstr(j.text, "yielded outside"));
    end(&w);
}

static void test_sleeps_end_in_the_order_of_virtual_time(void **state)
{
    struct world w;
    struct deed d;
    struct job slow, fast;
    static const char sleeps[] =
        "local F = require 'lunette.ffi' trail = trail or ''\n"
        "for i = 1, %d do assert(F.C.ln_wait_sleep(F.cur, %d) == 2) coroutine.yield()\n"
        "trail = trail .. '%c' end";
    char text[512];

    (void)state;
    begin(&w, &d, false);
    ln_clock_freeze(1000 * (ln_nsec)LN_NSEC_PER_MSEC, 0);
    snprintf(text, sizeof text, sleeps, 1, 5, 's');
    start(&w, &slow, text);
    snprintf(text, sizeof text, sleeps, 3, 2, 'f');
    start(&w, &fast, text);
    ln_tasks_until(w.vm, ln_clock_mono() + 4500 * (ln_nsec)LN_NSEC_PER_MSEC);
    lua_getglobal(w.vm->L, "trail");
    assert_string_equal(lua_tostring(w.vm->L, -1), "ff");
    ln_tasks_until(w.vm, ln_clock_mono() + 1500 * (ln_nsec)LN_NSEC_PER_MSEC);
    lua_getglobal(w.vm->L, "trail");
    assert_string_equal(lua_tostring(w.vm->L, -1), "ffsf");
    assert_int_equal(ln_clock_mono(), 7000 * (ln_nsec)LN_NSEC_PER_MSEC);
    assert_true(slow.ended == 1 && fast.ended == 1);
    lua_settop(w.vm->L, 0);
    ln_clock_thaw();
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done_later_goes_on),
        cmocka_unit_test(test_done_at_once_goes_on_in_the_next_turn),
        cmocka_unit_test(test_cancel_ends_what_was_waited_for),
        cmocka_unit_test(test_one_thing_at_a_time),
        cmocka_unit_test(test_a_yield_that_fails_cancels),
        cmocka_unit_test(test_a_raise_is_told_with_its_traceback),
        cmocka_unit_test(test_a_plain_yield_is_an_error),
        cmocka_unit_test(test_sleeps_end_in_the_order_of_virtual_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
