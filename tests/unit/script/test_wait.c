/* SPDX-License-Identifier: Apache-2.0
 * Waiting: handlers park, the loop resumes them, and what is cancelled never comes back.
 */
#include "world.h"

static void load(struct world *w, struct visit *v, const char *plugin, const char *route)
{
    world_init(w);
    w->loop = ln_loop_new();
    world_services(w, "s", NULL);
    if (plugin != NULL)
        world_file(w, "plugins/p.lua", plugin);
    if (world_routes(w, route) != 0)
        fail_msg("%s", w->report);
    visit_init(v, w, 0);
}

static void finish(struct world *w, struct visit *v)
{
    visit_fini(v, w);
    world_fini(w);
}

static void test_request_handler_sleeps(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, NULL,
         "get \"/x\" { function(req) local t = time() sleep(0.05) return 200, { slept = time() - t "
         ">= 0.02 } end }");
    ev_now_update(
        ln_loop_ev(w.loop)); /* the loop has not run yet, and timers count from its last turn */
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    assert_non_null(v.r.task);
    assert_int_equal(v.done, 0);
    ln_loop_run(w.loop);
    assert_int_equal(v.done, 1);
    assert_null(v.r.task);
    assert_int_equal(v.r.verdict, LN_VERDICT_REPLY);
    assert_slice(v.r.reply_body, "{\"slept\":true}");
    finish(&w, &v);
}

static void test_several_waits_report_once(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, NULL,
         "get \"/x\" { function() for i = 1, 5 do sleep(0.001) end end, function() sleep(0) return "
         "200, \"end\" end }");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    ln_loop_run(w.loop);
    assert_int_equal(v.done, 1);
    assert_slice(v.r.reply_body, "end");
    assert_int_equal(v.r.depth, 2);
    finish(&w, &v);
}

static const char waits[] =
    "local p = plugin \"p\" { version = \"1\", api = 1 }\n"
    "function p:response(req, res) sleep(0.001) res.headers[\"Waited\"] = \"yes\" end\n"
    "function p:log(req, res) sleep(0.001) log.info(\"waited in log\") end\n"
    "return p\n";

static void test_response_and_log_handlers_sleep(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, waits, "get \"/x\" { to = \"s\", use \"p\" }");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    visit_answer(&v);
    assert_int_equal(ln_vm_response(w.vm, &v.r), LN_RUN_WAIT);
    ln_loop_run(w.loop);
    assert_string_equal(visit_header(&v, v.r.res_fields, "waited"), "yes");
    assert_int_equal(ln_vm_log(w.vm, &v.r), LN_RUN_WAIT);
    ln_loop_run(w.loop);
    assert_int_equal(v.done, 2);
    assert_non_null(strstr(w.said, "waited in log"));
    finish(&w, &v);
}

static void test_cancelled_request_never_comes_back(void **state)
{
    struct world w;
    struct visit v, other;

    (void)state;
    load(&w, &v, NULL,
         "get \"/x\" { function(req) sleep(req.method == \"POST\" and 0.001 or 0.02) return 200 "
         "end }");
    visit_init(&other, &w, 0);
    v.r.method = LN_SLICE("POST"); /* would be the first to wake */
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    assert_int_equal(ln_vm_request(w.vm, &other.r), LN_RUN_WAIT);
    ln_vm_cancel(w.vm, &v.r);
    assert_null(v.r.task);
    assert_int_equal(v.r.depth, 1);
    ln_vm_cancel(w.vm, &v.r); /* harmless */
    ln_loop_run(w.loop);
    assert_int_equal(v.done, 0);
    assert_int_equal(other.done, 1);
    visit_fini(&other, &w);
    finish(&w, &v);
}

static void test_waiting_requests_do_not_mix(void **state)
{
    enum { MANY = 50 };
    static struct visit all[MANY];
    struct world w;
    struct visit v;
    unsigned done = 0;

    (void)state;
    load(&w, &v, NULL,
         "get \"/x\" { function(req) req.ctx.id = req.id sleep(0.001)\n"
         "return 200, tostring(req.ctx.id == req.id) .. req.id end }");
    for (int i = 0; i < MANY; i++) {
        visit_init(&all[i], &w, 0);
        all[i].r.id = ln_arena_printf(&all[i].arena, "id-%d", i);
        assert_int_equal(ln_vm_request(w.vm, &all[i].r), LN_RUN_WAIT);
    }
    while (done < MANY) {
        ln_loop_run(w.loop);
        done = 0;
        for (int i = 0; i < MANY; i++)
            done += all[i].done;
    }
    for (int i = 0; i < MANY; i++) {
        char expected[32];

        snprintf(expected, sizeof expected, "trueid-%d", i);
        assert_slice(all[i].r.reply_body, expected);
        visit_fini(&all[i], &w);
    }
    finish(&w, &v);
}

static void test_raise_after_a_wait_blames_the_right_plugin(void **state)
{
    struct world w;
    struct visit v, other;

    (void)state;
    load(&w, &v,
         "local p = plugin \"p\" { version = \"1\", api = 1 }\n"
         "function p:request(req) sleep(0.002) error(\"after\") end\nreturn p\n",
         "get \"/x\" { function() end, use \"p\" { name = \"sleeper\" }, function() return 200 end "
         "}\n"
         "get \"/y\" { function() return 200 end }");
    visit_init(&other, &w, 1);
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    assert_int_equal(ln_vm_request(w.vm, &other.r), LN_RUN_DONE); /* another chain in between */
    ln_loop_run(w.loop);
    assert_true(v.r.failed);
    assert_int_equal(v.r.depth, 2);
    assert_non_null(strstr(w.said, "plugin sleeper failed in request"));
    visit_fini(&other, &w);
    finish(&w, &v);
}

static void test_skip_after_a_wait_goes_on(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v,
         "local p = plugin \"p\" { version = \"1\", api = 1 }\n"
         "function p:request(req) sleep(0.001) error(\"after\") end\nreturn p\n",
         "get \"/x\" { use \"p\" { on_error = \"skip\" }, function() sleep(0.001) return 201 end "
         "}\n");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    ln_loop_run(w.loop);
    assert_int_equal(v.done, 1);
    assert_false(v.r.failed);
    assert_int_equal(v.r.reply_status, 201);
    finish(&w, &v);
}

static void test_waits_pass_through_own_coroutines(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, NULL,
         "get \"/x\" { function(req)\n"
         "local numbers = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) sleep(0.001) "
         "coroutine.yield(b + 1) end)\n"
         "local co = coroutine.create(function() sleep(0.001) error(\"inside\") end)\n"
         "local x, y = numbers(1), numbers(10)\n"
         "local ok, why = coroutine.resume(co)\n"
         "return 200, x .. \" \" .. y .. \" \" .. tostring(ok) .. \" \" .. "
         "tostring(why:find(\"inside\") ~= nil) end }");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    ln_loop_run(w.loop);
    assert_slice(v.r.reply_body, "2 11 false true");
    finish(&w, &v);
}

static void test_waiting_where_it_cannot_be_is_explained(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, NULL,
         "get \"/x\" { function(req) local t = setmetatable({}, { __tostring = function() "
         "sleep(0.001) end })\nlocal ok, why = pcall(string.format, \"%s\", t)\n"
         "return 200, why end }");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_non_null(strstr(ln_arena_dup(&v.arena, v.r.reply_body).p, "collect first, then call"));
    finish(&w, &v);
}

static void test_foreign_yield_is_an_error(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, NULL, "get \"/x\" { function(req) coroutine.yield(1) return 200 end }");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_true(v.r.failed);
    assert_non_null(strstr(w.said, "sleep() waits"));
    finish(&w, &v);
}

static void test_sleep_judges_its_argument(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, NULL,
         "get \"/x\" { function(req) local bad = {}\n"
         "for _, s in ipairs { -1, 1e9, 0 / 0, \"x\", {} } do bad[#bad + 1] = "
         "tostring((pcall(sleep, s))) end\n"
         "return 200, table.concat(bad, \" \") end }");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_slice(v.r.reply_body, "false false false false false");
    finish(&w, &v);
}

static void test_init_cannot_wait(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.loop = ln_loop_new();
    world_services(&w, "s", NULL);
    world_file(&w, "plugins/p.lua",
               "local p = plugin \"p\" { version = \"1\", api = 1 }\n"
               "function p:init() sleep(1) end\nreturn p\n");
    assert_int_equal(world_routes(&w, "get \"/x\" { to = \"s\", use \"p\" }\n"), -1);
    assert_non_null(strstr(world_report(&w),
                           "sleep cannot be called in init: only request, response, body, log, "
                           "timers and events can wait"));
    world_fini(&w);
}

static void test_without_a_loop_the_clock_moves(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    ln_clock_freeze(1000000000000, 1700000000000000000);
    world_init(&w);
    assert_int_equal(world_routes(&w, "get \"/x\" { function() local t = time() sleep(3600) return "
                                      "200, { time() - t } end }"),
                     0);
    visit_init(&v, &w, 0);
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_slice(v.r.reply_body, "[3600]");
    ln_clock_thaw();
    finish(&w, &v);
}

static void test_parked_tasks_are_freed_with_their_requests(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    load(&w, &v, NULL, "get \"/x\" { function() sleep(1000) end }");
    for (int i = 0; i < 200; i++) {
        assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
        visit_fini(&v, &w);
        visit_init(&v, &w, 0);
    }
    lua_gc(w.vm->L, LUA_GCCOLLECT, 0);
    assert_true(ln_vm_memory(w.vm) < 4 << 20);
    finish(&w, &v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_handler_sleeps),
        cmocka_unit_test(test_several_waits_report_once),
        cmocka_unit_test(test_response_and_log_handlers_sleep),
        cmocka_unit_test(test_cancelled_request_never_comes_back),
        cmocka_unit_test(test_waiting_requests_do_not_mix),
        cmocka_unit_test(test_raise_after_a_wait_blames_the_right_plugin),
        cmocka_unit_test(test_skip_after_a_wait_goes_on),
        cmocka_unit_test(test_waits_pass_through_own_coroutines),
        cmocka_unit_test(test_waiting_where_it_cannot_be_is_explained),
        cmocka_unit_test(test_foreign_yield_is_an_error),
        cmocka_unit_test(test_sleep_judges_its_argument),
        cmocka_unit_test(test_init_cannot_wait),
        cmocka_unit_test(test_without_a_loop_the_clock_moves),
        cmocka_unit_test(test_parked_tasks_are_freed_with_their_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
