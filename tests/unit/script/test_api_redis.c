/* SPDX-License-Identifier: Apache-2.0
 * test_api_redis.c - calls of handlers: waited for, read value by value, dropped with their
 * request, gone with the state.
 */
#include "redis/house.h"
#include "script/world.h"

static struct world w;
static struct visit v;

static int set_up(void **state)
{
    house_set_up(state);
    start_server(NULL);
    return 0;
}

static void unload(void)
{
    if (w.vm == NULL)
        return;
    if (v.loop != NULL)
        visit_fini(&v, &w);
    w.loop = NULL; /* the house's */
    world_fini(&w);
    w.vm = NULL;
    v.loop = NULL;
}

static int tear_down(void **state)
{
    unload();
    return house_tear_down(state);
}

/* A route that runs `body` with a handle r. */
static void load(const char *body)
{
    char text[1024];

    world_init(&w);
    w.loop = house->turns.loop;
    w.redis = house->pool;
    snprintf(text, sizeof text,
             "local r = redis(\"unix:%s\", { timeout = 5 })\nget \"/x\" { function() %s end }",
             socket_path(), body);
    if (world_routes(&w, text) != 0)
        fail_msg("%s", w.report);
    visit_init(&v, &w, 0);
}

/* Runs the handler to its end; its answer. */
static struct ln_slice answer(void)
{
    turns_once(&house->turns); /* timeouts count from the last turn */
    if (ln_vm_request(w.vm, &v.r) == LN_RUN_WAIT) {
        turns_run(&house->turns);
        assert_int_equal(v.done, 1);
    }
    assert_int_equal(v.r.verdict, LN_VERDICT_REPLY);
    return v.r.reply_body;
}

static void test_values(void **state)
{
    (void)state;
    load("return 200, { r:eval(\"return {1, {'a', {2, {}}}, false, {}}\"), r:get(\"none\") == nil "
         "}");
    assert_slice(answer(), "[[1,[\"a\",[2,{}]],false,{}],true]");
    unload();
}

static void test_a_failure_that_is_known_does_not_wait(void **state)
{
    (void)state;
    stop_server(SIGKILL);
    unlink(socket_path());
    load("local _, why, code = r:get(\"k\") return 200, code");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_slice(v.r.reply_body, "down");
    unload();
}

static void test_a_request_that_goes_takes_its_call_along(void **state)
{
    (void)state;
    load("r:incr(\"n\") r:incr(\"n\") return 200, \"end\"");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_WAIT);
    turns_once(&house->turns);
    ln_vm_cancel(w.vm, &v.r);
    for (unsigned i = 0; i < 20; i++)
        turns_once(&house->turns);
    assert_int_equal(v.done, 0);
    visit_fini(&v, &w);
    visit_init(&v, &w, 0);
    assert_slice(answer(), "end"); /* and the connection serves the next one */
    unload();
}

static void test_the_state_goes_and_the_client_stays(void **state)
{
    struct ln_redis *mine;
    struct ln_redis_url url;
    char text[128];

    (void)state;
    snprintf(text, sizeof text, "unix:%s", socket_path());
    assert_int_equal(ln_redis_url_parse(ln_slice_of(text), &url, NULL), 0);
    load("return 200, r:ping()");
    mine = ln_redis_get(house->pool, &url);
    assert_slice(answer(), "PONG");
    unload();
    assert_int_equal(ln_redis_state(mine), LN_REDIS_UP);
    ln_redis_put(mine);
    turns_once(&house->turns);
}

static void test_scripts_are_remembered_up_to_a_bound(void **state)
{
    struct ln_redis_use *u;
    char text[32];
    unsigned n = 0;

    (void)state;
    load("return 200, \"\"");
    u = w.vm->redis;
    assert_non_null(u);
    while (ln_redis_use_script(u, text, (size_t)snprintf(text, sizeof text, "return %u", n)) !=
           NULL)
        n++;
    assert_int_equal(n, 256);
    unload();
}

static void test_outside_of_a_coroutine_nothing_is_sent(void **state)
{
    struct ln_redis_ask *a;

    (void)state;
    load("return 200, r:get(\"n\") or \"nothing\"");
    a = ln_redis_ask_new(w.vm->redis);
    ln_redis_ask_command(a, 2);
    ln_redis_ask_word(a, "INCR", 4);
    ln_redis_ask_word(a, "n", 1);
    assert_int_equal(ln_redis_ask_send(a, 1), LN_ESTATE);
    ln_redis_ask_free(a);
    assert_slice(answer(), "nothing");
    unload();
}

static void test_while_checking_there_is_no_redis(void **state)
{
    (void)state;
    world_init(&w);
    assert_int_equal(world_routes(&w, "local r = redis(\"redis://nobody.invalid\")\n"
                                      "get \"/x\" { function() r:get(\"k\") end }"),
                     0);
    assert_null(ln_redis_ask_new(w.vm->redis));
    unload();
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_values),
        TEST(test_a_failure_that_is_known_does_not_wait),
        TEST(test_a_request_that_goes_takes_its_call_along),
        TEST(test_the_state_goes_and_the_client_stays),
        TEST(test_scripts_are_remembered_up_to_a_bound),
        TEST(test_outside_of_a_coroutine_nothing_is_sent),
        TEST(test_while_checking_there_is_no_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
