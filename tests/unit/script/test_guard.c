/* SPDX-License-Identifier: Apache-2.0
 * Handlers that do not come back are stopped, whatever they do; the state and other requests go on.
 */
#include "script/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "world.h"

enum { BUDGET = 20 };

static void load(struct world *w, const char *routes)
{
    world_init(w);
    w->loop = ln_loop_new();
    w->conf->lua.budget = BUDGET;
    if (world_routes(w, routes) != 0)
        fail_msg("%s", w->report);
}

static void serve(struct world *w, struct ln_vm *vm, const char *method, bool stopped)
{
    struct visit v;

    visit_init(&v, w, 0);
    v.r.method = ln_slice_of(method);
    assert_int_equal(ln_vm_request(vm, &v.r), LN_RUN_DONE);
    assert_int_equal(v.r.failed, stopped);
    assert_int_equal(v.r.reply_status, stopped ? 500 : 200);
    ln_vm_forget(vm, &v.r);
    ln_arena_reset(&v.arena);
}

/* The same several times: the first is interpreted, later ones may be compiled. */
static void check(const char *body)
{
    struct world w;
    char text[1024];

    snprintf(text, sizeof text,
             "get \"/x\" { function(req)\nif req.method == \"POST\" then\n%s\nend\nreturn 200, "
             "\"fine\" end }",
             body);
    load(&w, text);
    for (int i = 0; i < 4; i++) {
        w.said[0] = '\0';
        serve(&w, w.vm, "POST", true);
        if (strstr(w.said, "ran longer than its budget of 20 ms") == NULL)
            fail_msg("%s", w.said);
        serve(&w, w.vm, "GET", false);
    }
    world_fini(&w);
}

static void test_empty_loop(void **state)
{
    (void)state;
    check("while true do end");
}

static void test_counting_loop(void **state)
{
    (void)state;
    check("local n = 0 for i = 1, 1e15 do n = n + i end return 200, n");
}

static void test_goto_loop(void **state)
{
    (void)state;
    check("local n = 0 ::again:: n = n + 1 goto again");
}

static void test_tail_recursion(void **state)
{
    (void)state;
    check("local function f(n) return f(n + 1) end return f(1)");
}

static void test_allocating_loop(void **state)
{
    (void)state;
    check("local t while true do t = { t and 1 } end");
}

static void test_loop_that_catches_errors(void **state)
{
    (void)state;
    check("while true do pcall(function() while true do pcall(function() while true do end end) "
          "end end) end");
}

static void test_loop_in_a_coroutine(void **state)
{
    (void)state;
    check("while true do local co = coroutine.wrap(function() while true do coroutine.yield() end "
          "end) for i = 1, 1000 do co() end end");
}

static void test_loop_over_headers(void **state)
{
    (void)state;
    check("while true do local x = req.headers[\"X\"] end");
}

/* Many short entries are no long one. */
/* What a handler held that was stopped is gone with it, and not only with its request: the next one
 * has the room. */
static void test_what_a_stopped_handler_held(void **state)
{
    struct world w;
    struct visit full, next;

    (void)state;
    world_init(&w);
    w.loop = ln_loop_new();
    w.conf->lua.budget = BUDGET;
    w.conf->lua.memory = 32 << 20;
    assert_int_equal(
        world_routes(&w, "get \"/x\" { function(req)\n"
                         "if req.method == 'GET' then return 200, #('x'):rep(6e6) .. '' end\n"
                         "local t = {} for i = 1, 270 do t[i] = ('x'):rep(1e5) .. i end\n"
                         "while t do end end }"),
        0);
    visit_init(&full, &w, 0);
    full.r.method = ln_slice_of("POST");
    assert_int_equal(ln_vm_request(w.vm, &full.r), LN_RUN_DONE);
    assert_true(full.r.failed);
    assert_non_null(strstr(w.said, "ran longer than its budget"));
    visit_init(&next, &w, 0);
    assert_int_equal(ln_vm_request(w.vm, &next.r), LN_RUN_DONE);
    if (next.r.failed)
        fail_msg("%s", w.said);
    ln_vm_forget(w.vm, &next.r);
    ln_vm_forget(w.vm, &full.r);
    ln_arena_reset(&next.arena);
    ln_arena_reset(&full.arena);
    world_fini(&w);
}

static void test_the_budget_is_per_entry(void **state)
{
    struct world w;

    (void)state;
    load(&w, "get \"/x\" { function(req) local n = 0 for i = 1, 20000 do n = n + #tostring(i) end "
             "return 200 end }");
    for (int i = 0; i < 100; i++)
        serve(&w, w.vm, "GET", false);
    world_fini(&w);
}

static void test_no_budget_no_guard(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.loop = ln_loop_new();
    assert_int_equal(world_routes(&w, "get \"/x\" { function() local t for i = 1, 3e8 do t = i % 7 "
                                      "end return 200, tostring(t) end }"),
                     0);
    serve(&w, w.vm, "GET", false); /* takes longer than any budget here */
    world_fini(&w);
}

static void test_old_states_are_guarded_too(void **state)
{
    static const char routes[] = "get \"/x\" { function(req) if req.method == \"POST\" then while "
                                 "true do end end return 200 end }";
    struct world w;
    struct ln_vm *older, *newer;

    (void)state;
    load(&w, routes);
    older = w.vm;
    for (int i = 0; i < 100; i++) /* its machine code is older than the hand-over */
        serve(&w, older, "GET", false);
    serve(&w, older, "POST", true);
    w.vm = NULL;
    ln_free(w.report);
    world_loads(&w);
    newer = w.vm;
    serve(&w, newer, "GET", false);
    for (int i = 0; i < 3; i++) {
        serve(&w, older, "POST", true);
        serve(&w, newer, "POST", true);
        serve(&w, older, "GET", false);
    }
    ln_vm_free(older);
    serve(&w, newer, "POST", true);
    world_fini(&w);
}

static void test_a_use_may_have_a_budget_of_its_own(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.loop = ln_loop_new();
    w.conf->lua.budget = 500;
    world_file(&w, "plugins/p.lua",
               "local p = plugin \"p\" { version = \"1\", api = 1 }\n"
               "function p:request(req) if req.method == \"POST\" then while true do end end end\n"
               "return p\n");
    if (world_routes(&w,
                     "get \"/x\" { use \"p\" { budget = \"20ms\" }, reply = { 200, \"x\" } }") != 0)
        fail_msg("%s", w.report);
    serve(&w, w.vm, "POST", true);
    assert_non_null(strstr(w.said, "p.lua:2: ran longer than its budget of 20 ms"));
    serve(&w, w.vm, "GET", false);
    world_fini(&w);
}

/* What a handler did before counts for it alone: three of 30 ms are not one of 90. */
static void test_the_budget_is_per_handler(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.loop = ln_loop_new();
    w.conf->lua.budget = 60;
    world_file(&w, "plugins/p.lua",
               "local p = plugin \"p\" { version = \"1\", api = 1 }\n"
               "function p:request(req) local till = time() + 0.03 while time() < till do end end\n"
               "return p\n");
    if (world_routes(&w, "get \"/x\" { use \"p\" {}, use \"p\" {}, use \"p\" {}, reply = { 200, "
                         "\"x\" } }") != 0)
        fail_msg("%s", w.report);
    serve(&w, w.vm, "GET", false);
    world_fini(&w);
}

static void test_the_guard_proves_itself(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(ln_guard_prove("li1"));
}

/* Without "l" no checks are planted into loops: what an unfit LuaJIT would look like. */
static void test_a_guard_that_does_not_work_is_noticed(void **state)
{
    (void)state;
    assert_false(ln_guard_prove("i1"));
    assert_false(ln_guard_prove("fi1"));
    assert_true(ln_guard_prove("li1"));
}

static void refuse(const char *plugin, const char *where)
{
    struct world w;

    world_init(&w);
    w.loop = ln_loop_new();
    w.conf->lua.budget = BUDGET;
    world_file(&w, "plugins/p.lua", plugin);
    assert_int_equal(world_routes(&w, "get \"/x\" { use \"p\", reply = { 200, \"x\" } }"), -1);
    if (strstr(world_report(&w), where) == NULL)
        fail_msg("%s", world_report(&w));
    world_fini(&w);
}

static void test_loading_is_bounded(void **state)
{
    (void)state;
    refuse("local x = 1\nwhile true do pcall(function()\nwhile true do end end) end",
           "p.lua:3: ran for more than 3000 ms");
}

/* ---- what other threads use is not the handler's ---- */

static atomic_bool burning;

static void *burn(void *arg)
{
    while (atomic_load(&burning))
        ;
    return arg;
}

static double own_cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* A handler that turns so many times; the milliseconds that it took. */
static double turn(struct world *w, long turns)
{
    char path[32];
    struct visit v;
    double before = own_cpu();

    visit_init(&v, w, 0);
    snprintf(path, sizeof path, "/%ld", turns);
    v.r.path = ln_slice_of(path);
    assert_int_equal(ln_vm_request(w->vm, &v.r), LN_RUN_DONE);
    assert_false(v.r.failed);
    ln_vm_forget(w->vm, &v.r);
    ln_arena_reset(&v.arena);
    return own_cpu() - before;
}

static void test_other_threads_are_not_counted(void **state)
{
    pthread_t threads[3];
    sigset_t all, before;
    struct world w;

    (void)state;
    load(&w, "get \"/x\" { function(req)\nif req.method == \"POST\" then while true do end end\n"
             "local n = 0 for i = 1, tonumber(req.path:sub(2)) do n = n + i % 7 end\n"
             "return 200, tostring(n) end }");
    for (int i = 0; i < 5; i++)
        turn(&w, 100000);
    long turns = (long)(100000 * 8 / turn(&w, 100000)); /* 8 ms: less than one tick of its own */

    atomic_store(&burning, true);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, burn, NULL), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (int i = 0; i < 20; i++)
        turn(&w, turns);
    serve(&w, w.vm, "POST", true); /* and who does not come back is still stopped */
    atomic_store(&burning, false);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_use_may_have_a_budget_of_its_own),
        cmocka_unit_test(test_the_budget_is_per_handler),
        cmocka_unit_test(test_the_guard_proves_itself),
        cmocka_unit_test(test_a_guard_that_does_not_work_is_noticed),
        cmocka_unit_test(test_loading_is_bounded),
        cmocka_unit_test(test_empty_loop),
        cmocka_unit_test(test_counting_loop),
        cmocka_unit_test(test_goto_loop),
        cmocka_unit_test(test_tail_recursion),
        cmocka_unit_test(test_allocating_loop),
        cmocka_unit_test(test_loop_that_catches_errors),
        cmocka_unit_test(test_loop_in_a_coroutine),
        cmocka_unit_test(test_loop_over_headers),
        cmocka_unit_test(test_what_a_stopped_handler_held),
        cmocka_unit_test(test_the_budget_is_per_entry),
        cmocka_unit_test(test_no_budget_no_guard),
        cmocka_unit_test(test_old_states_are_guarded_too),
        cmocka_unit_test(test_other_threads_are_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
