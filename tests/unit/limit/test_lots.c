/* SPDX-License-Identifier: Apache-2.0
 * test_lots.c - lots of tokens: who fetches, who waits, and what becomes of tokens that are too
 * few, too late or nobody's.
 */
#include "limit/metered.h"

#include "base/hash.h"
#include "shm/purse.h"

static struct ln_meter *meter;

static void use(uint64_t lease)
{
    struct ln_meter_conf conf = conf_of(LN_LIMIT_FIXED_WINDOW, lease);

    meter = open_meter(&conf);
}

static void pass(ln_msec ms)
{
    ln_msec until = ln_loop_now_ms(house->turns.loop) + ms;

    AWAIT(ln_loop_now_ms(house->turns.loop) >= until);
}

/* ---- fetching ---- */

static void test_all_who_wait_get_of_one_lot(void **state)
{
    (void)state;
    use(10);
    for (unsigned i = 0; i < 3; i++)
        assert_false(take(meter, i, 1)->at_once);
    await_take(0, 1, 10);
    say(0, 10, 90, 0, 60000);
    await_answers(0, 2);
    for (unsigned i = 0; i < 3; i++)
        assert_taken(i, true, LN_METER_REDIS);
    assert_true(take(meter, 3, 1)->at_once);
    assert_taken(3, true, LN_METER_LEASED);
    assert_int_equal(takers[3].take.answer.left, 6 + 90);
    assert_null(take_asked(1));
    take_of(meter, 4, "b", 1); /* another client has none of it */
    await_take(1, 1, 10);
    say(1, 1, 0, 0, 60000);
    await_answers(4, 4);
    ln_meter_free(meter);
}

static void test_costs_above_a_lot(void **state)
{
    (void)state;
    use(5);
    take(meter, 0, 8);
    await_take(0, 8, 8);
    say(0, 8, 92, 0, 60000);
    await_answers(0, 0);
    assert_taken(0, true, LN_METER_REDIS);
    take(meter, 1, 1); /* nothing was left of it */
    await_take(1, 1, 5);
    say(1, 1, 0, 0, 60000); /* fewer than were asked for, and enough */
    await_answers(1, 1);
    assert_taken(1, true, LN_METER_REDIS);
    ln_meter_free(meter);
}

/* The first of those for whom it was not enough fetches for all, and less what is there. */
static void test_who_is_left_over_fetches_for_all(void **state)
{
    (void)state;
    use(4);
    for (unsigned i = 0; i < 4; i++)
        take(meter, i, 3);
    await_take(0, 3, 4);
    say(0, 4, 96, 0, 60000);
    await_take(1, 2, 8);
    assert_taken(0, true, LN_METER_REDIS);
    say(1, 8, 88, 0, 60000);
    await_answers(1, 3);
    for (unsigned i = 1; i < 4; i++)
        assert_taken(i, true, LN_METER_REDIS);
    take(meter, 4, 1);
    await_take(2, 1, 4);
    ln_meter_cancel(&takers[4].take);
    ln_meter_free(meter);
}

/* Another worker has found the purse empty, and is killed while she fetches. */
static void begin_to_fetch_and_die(const struct ln_meter_conf *conf)
{
    struct ln_purse purse = {.size = ln_purse_size(conf->clients)};
    struct ln_purse_answer a;

    purse.zone = ln_shm_find(shm, LN_ZONE_PURSE, conf->rule, &purse.size);
    assert_int_equal(ln_purse_take(&purse, ln_hash(ln_shm_hash_key(shm), "a", 1), 1,
                                   ln_loop_now_ms(house->turns.loop), conf->timeout, &a),
                     LN_PURSE_EMPTY);
}

static void test_what_another_fetches_is_not_waited_for(void **state)
{
    struct ln_meter_conf conf = conf_of(LN_LIMIT_FIXED_WINDOW, 4);

    (void)state;
    conf.timeout = 200;
    meter = open_meter(&conf);
    begin_to_fetch_and_die(&conf);
    take(meter, 0, 1);
    await_take(0, 1, 1); /* alone */
    say(0, 1, 95, 0, 60000);
    await_answers(0, 0);
    assert_taken(0, true, LN_METER_REDIS);
    pass(201);
    take(meter, 1, 1);
    await_take(1, 1, 4);
    ln_meter_cancel(&takers[1].take);
    ln_meter_free(meter);
}

/* ---- refusals ---- */

static void test_a_refusal_is_remembered(void **state)
{
    (void)state;
    use(4);
    take(meter, 0, 1);
    take(meter, 1, 2);
    await_take(0, 1, 4);
    say(0, -1, 0, 300, 300);
    await_answers(0, 1);
    assert_taken(0, false, LN_METER_REDIS);
    assert_taken(1, false, LN_METER_REDIS);
    assert_true(take(meter, 2, 1)->at_once);
    assert_taken(2, false, LN_METER_LEASED);
    assert_in_range(takers[2].take.answer.wait, 1, 300 * (ln_nsec)LN_NSEC_PER_MSEC);
    pass(300);
    take(meter, 3, 1);
    await_take(1, 1, 4);
    ln_meter_cancel(&takers[3].take);
    ln_meter_free(meter);
}

static void test_what_costs_less_may_still_pass(void **state)
{
    (void)state;
    use(4);
    take(meter, 0, 9);
    take(meter, 1, 2);
    take(meter, 2, 10);
    await_take(0, 9, 9);
    say(0, -1, 3, 1000, 1000);
    await_take(1, 2, 4);
    assert_taken(0, false, LN_METER_REDIS);
    assert_taken(2, false, LN_METER_REDIS);
    say(1, 3, 0, 0, 1000);
    await_answers(1, 1);
    assert_taken(1, true, LN_METER_REDIS);
    ln_meter_free(meter);
}

/* Tokens that are there are not lost to a request that wants more than there are anywhere. */
static void test_a_refusal_leaves_what_is_there(void **state)
{
    (void)state;
    use(10);
    take(meter, 0, 6);
    await_take(0, 6, 10);
    say(0, 10, 0, 0, 60000);
    await_answers(0, 0);
    take(meter, 1, 50);
    take(meter, 2, 1);
    await_take(1, 46, 46);
    say(1, -1, 0, 60000, 60000);
    await_answers(1, 2);
    assert_taken(1, false, LN_METER_REDIS);
    assert_taken(2, true, LN_METER_LEASED);
    assert_true(take(meter, 3, 3)->at_once);
    assert_taken(3, true, LN_METER_LEASED);
    take(meter, 4, 1);
    await_take(2, 1, 10);
    ln_meter_cancel(&takers[4].take);
    ln_meter_free(meter);
}

/* ---- ends ---- */

/* By Redis' clock: an answer that took long is no longer good for as long as it says. */
static void test_a_lot_ends_where_it_came_from(void **state)
{
    (void)state;
    use(10);
    take(meter, 0, 1);
    await_take(0, 1, 10);
    pass(60);
    say(0, 10, 90, 0, 50);
    await_answers(0, 0);
    assert_taken(0, true, LN_METER_REDIS);
    assert_false(take(meter, 1, 1)->at_once);
    await_take(1, 1, 10);
    ln_meter_cancel(&takers[1].take);
    ln_meter_free(meter);
}

/* What was too little and of a window that is over since does not join what is of the next one. */
static void test_tokens_do_not_outlive_their_window(void **state)
{
    (void)state;
    use(10);
    take(meter, 0, 4);
    await_take(0, 4, 10);
    say(0, 10, 90, 0, 200);
    await_answers(0, 0);
    take(meter, 1, 8);
    await_take(1, 2, 10);
    pass(200);
    say(1, 10, 90, 0, 60000); /* of the next window */
    await_answers(1, 1);
    assert_taken(1, true, LN_METER_REDIS);
    assert_true(take(meter, 2, 2)->at_once);
    assert_taken(2, true, LN_METER_LEASED);
    assert_int_equal(takers[2].take.answer.left, 90);
    take(meter, 3, 1);
    await_take(2, 1, 10);
    ln_meter_cancel(&takers[3].take);
    ln_meter_free(meter);
}

/* ---- without Redis ---- */

static void test_all_who_wait_do_without(void **state)
{
    (void)state;
    use(10);
    take(meter, 0, 6);
    await_take(0, 6, 10);
    say(0, 10, 90, 0, 60000);
    await_answers(0, 0);
    take(meter, 1, 5);
    take(meter, 2, 7);
    await_take(1, 1, 10);
    hang_up();
    await_answers(1, 2);
    assert_taken(1, false, LN_METER_DENY);
    assert_taken(2, false, LN_METER_DENY);
    assert_true(take(meter, 3, 4)->at_once); /* those that were there are spent */
    assert_taken(3, true, LN_METER_LEASED);
    ln_meter_free(meter);
}

static void test_a_redis_that_is_known_to_be_down(void **state)
{
    (void)state;
    use(10);
    take(meter, 0, 6);
    await_take(0, 6, 10);
    say(0, 10, 90, 0, 60000);
    await_answers(0, 0);
    ev_io_stop(ln_loop_ev(house->turns.loop), &server.door);
    close(server.door_fd);
    server.door_fd = -1;
    hang_up();
    for (unsigned i = 1; i < 8; i++) { /* until it is known */
        take(meter, i, 5);
        await_answers(i, i);
        assert_taken(i, false, LN_METER_DENY);
    }
    assert_true(take(meter, 8, 5)->at_once);
    assert_true(take(meter, 9, 4)->at_once);
    assert_taken(9, true, LN_METER_LEASED);
    ln_meter_free(meter);
}

/* Nobody waits for what a generation that ends has asked for; others neither. */
static void test_a_meter_that_ends_puts_back_what_it_has(void **state)
{
    (void)state;
    use(10);
    take(meter, 0, 6);
    await_take(0, 6, 10);
    say(0, 10, 90, 0, 60000);
    await_answers(0, 0);
    take(meter, 1, 8);
    await_take(1, 4, 10);
    ln_meter_cancel(&takers[1].take);
    ln_meter_free(meter);
    use(10);
    assert_true(take(meter, 2, 3)->at_once);
    assert_taken(2, true, LN_METER_LEASED);
    assert_int_equal(takers[2].take.answer.left, 1 + 90);
    ln_meter_free(meter);
}

/* ---- several windows ---- */

/* What is spent here, or refused, tells of the window of which Redis has told. */
static void test_the_tightest_of_windows_is_told(void **state)
{
    struct ln_meter_conf conf = conf_of(LN_LIMIT_FIXED_WINDOW, 4);

    (void)state;
    conf.limits[1] = (struct ln_limit){LN_LIMIT_FIXED_WINDOW, 7, 3600000, 1};
    conf.count = 2;
    meter = open_meter(&conf);
    server.tightest = 1;
    take(meter, 0, 1);
    AWAIT(take_asked(0) != NULL);
    say(0, 4, 3, 0, 3600000);
    await_answers(0, 0);
    assert_int_equal(takers[0].take.answer.which, 1);
    take(meter, 1, 2);
    assert_taken(1, true, LN_METER_LEASED);
    assert_int_equal(takers[1].take.answer.which, 1);
    assert_int_equal(takers[1].take.answer.left, 1 + 3);
    take(meter, 2, 6); /* which gives back the one that is there */
    AWAIT(take_asked(1) != NULL);
    say(1, -1, 3, 60000, 3600000);
    await_answers(2, 2);
    take(meter, 3, 1);
    assert_taken(3, true, LN_METER_LEASED);
    assert_int_equal(takers[3].take.answer.which, 1);
    assert_int_equal(takers[3].take.answer.left, 3);
    take(meter, 4, 1);
    AWAIT(take_asked(2) != NULL);
    say(2, -1, 0, 60000, 3600000);
    await_answers(4, 4);
    take(meter, 5, 1);
    assert_taken(5, false, LN_METER_LEASED);
    assert_int_equal(takers[5].take.answer.which, 1);
    ln_meter_free(meter);
    conf.count = 1; /* a reload: the purse is the same, and that window is no more */
    meter = open_meter(&conf);
    take(meter, 6, 1);
    assert_taken(6, false, LN_METER_LEASED);
    assert_int_equal(takers[6].take.answer.which, 0);
    ln_meter_free(meter);
}

/* ---- callbacks ---- */

static void cancel_next(struct taker *t)
{
    ln_meter_cancel(&t[1].take);
}

static void take_again(struct taker *t)
{
    take(meter, 8 + (unsigned)(t - takers), 1);
}

/* Of those who are served, who are refused, who go on, and who do without. */
static void test_whoever_is_told_cancels_another(void **state)
{
    static const long long granted[] = {10, -1, 1};

    (void)state;
    use(4);
    for (unsigned round = 0; round < 4; round++) {
        char identity[2] = {(char)('b' + round), '\0'};

        memset(takers, 0, sizeof takers);
        takers[0].then = cancel_next;
        for (unsigned i = 0; i < 3; i++)
            take_of(meter, i, identity, 1);
        AWAIT(take_asked(round + (round == 3)) != NULL);
        if (round < 3)
            say(round, granted[round], 0, 60000, 60000);
        else
            hang_up();
        if (round == 2) { /* the last one fetches alone */
            AWAIT(take_asked(3) != NULL);
            say(3, 4, 0, 0, 60000);
        }
        await_answers(2, 2);
        assert_int_equal(takers[0].answers, 1);
        assert_int_equal(takers[1].answers, 0);
        assert_int_equal(takers[2].answers, 1);
    }
    ln_meter_free(meter);
}

static void test_whoever_is_told_takes_again(void **state)
{
    (void)state;
    use(4);
    takers[0].then = takers[1].then = take_again;
    take(meter, 0, 1);
    take(meter, 1, 1);
    await_take(0, 1, 4);
    say(0, 4, 0, 0, 60000);
    await_answers(0, 1);
    assert_taken(8, true, LN_METER_LEASED);
    assert_taken(9, true, LN_METER_LEASED);
    ln_meter_free(meter);
}

/* All who waited have gone: what they asked for is there for the next. */
static void test_nobody_waits_any_more(void **state)
{
    (void)state;
    use(4);
    take(meter, 0, 2);
    await_take(0, 2, 4);
    ln_meter_cancel(&takers[0].take);
    say(0, 4, 96, 0, 60000);
    AWAIT(take(meter, 1, 1)->at_once || (ln_meter_cancel(&takers[1].take), false));
    assert_int_equal(takers[1].take.answer.left, 3 + 96);
    ln_meter_free(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        METERED(test_all_who_wait_get_of_one_lot),
        METERED(test_costs_above_a_lot),
        METERED(test_who_is_left_over_fetches_for_all),
        METERED(test_what_another_fetches_is_not_waited_for),
        METERED(test_a_refusal_is_remembered),
        METERED(test_what_costs_less_may_still_pass),
        METERED(test_a_refusal_leaves_what_is_there),
        METERED(test_a_lot_ends_where_it_came_from),
        METERED(test_tokens_do_not_outlive_their_window),
        METERED(test_all_who_wait_do_without),
        METERED(test_a_redis_that_is_known_to_be_down),
        METERED(test_a_meter_that_ends_puts_back_what_it_has),
        METERED(test_the_tightest_of_windows_is_told),
        METERED(test_whoever_is_told_cancels_another),
        METERED(test_whoever_is_told_takes_again),
        METERED(test_nobody_waits_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
