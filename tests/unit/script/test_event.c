/* SPDX-License-Identifier: Apache-2.0
 * test_event.c - which state hears of what: from its start to its end, and what it inherits.
 */
#include "world.h"

#include "script/event.h"

/* Says what it hears; over the first event it takes a minute. */
static const char hears[] = "local p = plugin \"hears\" { version = \"1\", api = 1, schema = {} }\n"
                            "function p:init()\n"
                            "  local n = 0\n"
                            "  events.on(\"breaker\", function(e)\n"
                            "    n = n + 1\n"
                            "    log.info(e.to .. \" of \" .. e.service)\n"
                            "    if n == 1 then sleep(60) end\n"
                            "  end)\n"
                            "  %s\n"
                            "end\n"
                            "return p\n";

static void open_world(struct world *w, const char *more)
{
    char text[1024];

    world_init(w);
    snprintf(text, sizeof text, hears, more);
    world_file(w, "plugins/hears.lua", text);
    if (world_routes(w, "use \"hears\" {}\nany \"/\" { function() return 204 end }\n") != 0)
        fail_msg("%s", w->report);
}

static void tell(struct world *w, const char *to)
{
    char service[] = "users";
    const struct ln_news news = {.kind = LN_NEWS_BREAKER,
                                 .service = service,
                                 .instance = "http://a",
                                 .from = "closed",
                                 .to = to};

    ln_vm_tell(w->vm, &news);
    memset(service, '?', sizeof service - 1); /* good for the call only */
    ln_tasks_until(w->vm, ln_clock_mono());
}

static void go_on(struct world *w, ln_nsec seconds)
{
    ln_tasks_until(w->vm, ln_clock_mono() + seconds * 1000 * LN_NSEC_PER_MSEC);
}

static void test_a_state_hears_while_it_is_in_use(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, "");
    tell(&w, "early");
    ln_vm_start(w.vm);
    tell(&w, "first");
    tell(&w, "second");
    assert_string_equal(w.said, "info: first of users \n");
    go_on(&w, 60);
    assert_string_equal(w.said, "info: first of users \ninfo: second of users \n");
    ln_vm_retire(w.vm);
    tell(&w, "late");
    go_on(&w, 60);
    assert_string_equal(w.said, "info: first of users \ninfo: second of users \n");
    world_fini(&w);
}

/* The run that is broken off was begun with; what is behind it goes to the next state. What nobody
 * had waited for does not. */
static void test_what_was_not_begun_with_is_inherited(void **state)
{
    struct world old, next;

    (void)state;
    open_world(&old, "");
    open_world(&next, "events.on(\"health\", function(e) log.info(\"health\") end)");
    ln_vm_start(old.vm);
    for (unsigned i = 0; i < 10; i++)
        ln_vm_tell(old.vm, &(struct ln_news){.kind = LN_NEWS_HEALTH});
    tell(&old, "first");
    tell(&old, "second");
    tell(&old, "third");
    ln_vm_retire(old.vm);
    ln_vm_start(next.vm);
    ln_vm_inherit(next.vm, old.vm);
    world_fini(&old);
    go_on(&next, 120);
    assert_string_equal(next.said, "info: second of users \ninfo: third of users \n");
    tell(&next, "fourth");
    assert_non_null(strstr(next.said, "fourth"));
    world_fini(&next);
}

static void test_what_has_only_been_started_is_inherited(void **state)
{
    struct world old, next;
    const struct ln_news news = {.kind = LN_NEWS_BREAKER, .service = "users", .to = "first"};

    (void)state;
    open_world(&old, "");
    open_world(&next, "");
    ln_vm_start(old.vm);
    ln_vm_tell(old.vm, &news); /* and the next turn of the loop never comes */
    ln_vm_retire(old.vm);
    ln_vm_start(next.vm);
    ln_vm_inherit(next.vm, old.vm);
    world_fini(&old);
    go_on(&next, 120);
    assert_string_equal(next.said, "info: first of users \n");
    world_fini(&next);
}

/* Of two that ask for one kind the quicker one has heard it: it hears nothing twice. */
static void test_nothing_is_heard_twice(void **state)
{
    struct world old, next;

    (void)state;
    open_world(&old, "events.on(\"breaker\", function(e) log.info(\"too\") end)");
    open_world(&next, "");
    ln_vm_start(old.vm);
    for (unsigned i = 0; i < 2 * LN_EVENTS_KEPT; i++)
        tell(&old, "more");
    ln_vm_retire(old.vm);
    ln_vm_start(next.vm);
    ln_vm_inherit(next.vm, old.vm);
    world_fini(&old);
    go_on(&next, 120);
    assert_string_equal(next.said, "");
    tell(&next, "last");
    assert_string_equal(next.said, "info: last of users \n");
    world_fini(&next);
}

static int set_up(void **state)
{
    (void)state;
    ln_clock_freeze((ln_nsec)1 << 40, (ln_nsec)1 << 60);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ln_clock_thaw();
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_state_hears_while_it_is_in_use),
        TEST(test_what_was_not_begun_with_is_inherited),
        TEST(test_what_has_only_been_started_is_inherited),
        TEST(test_nothing_is_heard_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
