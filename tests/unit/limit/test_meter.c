/* SPDX-License-Identifier: Apache-2.0
 * test_meter.c - takes that are told by themselves. What clients see when Redis is in trouble is in
 * spec/e2e/46-redis/limits_down_spec.lua.
 */
#include "limit/metered.h"

static struct ln_meter *meter;

static void close_server(void)
{
    ev_io_stop(ln_loop_ev(house->turns.loop), &server.door);
    close(server.door_fd);
    server.door_fd = -1;
    hang_up();
}

static struct taker *take_as(unsigned i, const struct ln_limit *limit, struct ln_tally *room)
{
    struct taker *t = &takers[i];

    t->take.on_done = on_taken;
    t->answers += ln_meter_take_as(meter, &t->take, LN_SLICE("a"), 1, LN_PLAN_TAKE, limit, room);
    return t;
}

/* What is left when everybody passes is what is left of the limit that was asked. */
static void test_everybody_passes_by_the_limit_that_was_asked(void **state)
{
    struct ln_meter_conf conf = conf_of(LN_LIMIT_FIXED_WINDOW, 0);
    const struct ln_limit other = {LN_LIMIT_FIXED_WINDOW, 7, 1000, 1};
    struct ln_tally room;

    (void)state;
    conf.on_down = LN_LIMIT_DOWN_ALLOW;
    meter = open_meter(&conf);
    close_server();
    take(meter, 0, 1);
    take_as(1, &other, &room);
    await_answers(0, 1);
    assert_taken(0, true, LN_METER_ALLOW);
    assert_taken(1, true, LN_METER_ALLOW);
    assert_int_equal(takers[0].take.answer.left, 100);
    assert_int_equal(takers[1].take.answer.left, 7);
    ln_meter_free(meter);
}

static void test_another_limit_counts_apart(void **state)
{
    struct ln_meter_conf conf = conf_of(LN_LIMIT_FIXED_WINDOW, 0);
    const struct ln_limit other = {LN_LIMIT_FIXED_WINDOW, 7, 1000, 1};
    struct ln_tally room;

    (void)state;
    meter = open_meter(&conf);
    take(meter, 0, 1);
    take_as(1, &other, &room);
    AWAIT(take_asked(1) != NULL);
    assert_string_equal(take_asked(0)->key, "rate_limit:{r:a}");
    assert_string_equal(take_asked(1)->key, "rate_limit:{r:a}:7/1000");
    say(0, 1, 99, 0, 60000);
    say(1, 1, 6, 0, 1000);
    await_answers(0, 1);
    assert_int_equal(takers[1].take.answer.left, 6);
    ln_meter_free(meter);
}

static void cancel_next(struct taker *t)
{
    ln_meter_cancel(&t->take); /* which does nothing any more */
    ln_meter_cancel(&t[1].take);
}

static void free_meter(struct taker *t)
{
    (void)t;
    ln_meter_free(meter);
}

/* Both answers are in one read, the second one is dropped; and nothing is left when the last one
 * who is told takes the meter with her. */
static void test_whoever_is_told_ends_the_rest(void **state)
{
    struct ln_meter_conf conf = conf_of(LN_LIMIT_GCRA, 0);

    (void)state;
    meter = open_meter(&conf);
    takers[0].then = cancel_next;
    takers[2].then = free_meter;
    for (unsigned i = 0; i < 3; i++)
        take(meter, i, 1);
    AWAIT(take_asked(2) != NULL);
    for (unsigned i = 3; i-- > 0;) /* what is said first waits for its turn */
        say(i, 1, 9, 0, 1000);
    await_answers(2, 2);
    assert_taken(0, true, LN_METER_REDIS);
    assert_taken(2, true, LN_METER_REDIS);
    assert_int_equal(takers[1].answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        METERED(test_everybody_passes_by_the_limit_that_was_asked),
        METERED(test_another_limit_counts_apart),
        METERED(test_whoever_is_told_ends_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
