/* SPDX-License-Identifier: Apache-2.0
 * test_idle_age.c - ages that agree are a habit; odd ones, restarts and pauses are not.
 */
#include "unit.h"

#include "base/rand.h"
#include "upstream/idle_age.h"

enum { SECOND = 1000, MINUTE = 60000 };

/* Closes at this age, a minute and the age apart. */
static ln_msec close_at(struct ln_idle_age *a, ln_msec now, unsigned times, ln_msec age)
{
    for (unsigned i = 0; i < times; i++, now += MINUTE + age)
        ln_idle_age_closed(a, age, now);
    return now;
}

static void test_three_that_agree_are_a_habit(void **state)
{
    struct ln_idle_age a = {0};

    (void)state;
    ln_msec now = close_at(&a, MINUTE, 2, 5 * SECOND);

    assert_int_equal(a.limit, 0);
    close_at(&a, now, 1, 5 * SECOND + 200);
    assert_in_range(a.limit, 3500, 4000); /* a second less, and coarse */
}

static void test_the_margin_of_short_ones_is_a_quarter(void **state)
{
    struct ln_idle_age a = {0};

    (void)state;
    close_at(&a, MINUTE, 3, 400);
    assert_in_range(a.limit, 240, 300);
}

static void test_limits_are_below_every_age_of_the_habit(void **state)
{
    (void)state;
    for (ln_msec age = LN_IDLE_LEAST_MS; age < 4000000; age += age / 7) {
        struct ln_idle_age a = {0};
        ln_msec now = close_at(&a, MINUTE, 1, age + age / 5);

        close_at(&a, now, 2, age);
        ln_msec margin = age / 4 < LN_IDLE_MARGIN_MS ? age / 4 : LN_IDLE_MARGIN_MS;

        assert_true(a.limit > 0 && a.limit <= age - margin);
        assert_true(a.limit >= (age - margin) * 3 / 4);
    }
}

static void test_ages_that_do_not_agree_are_none(void **state)
{
    struct ln_idle_age a = {0};
    ln_msec now = MINUTE;

    (void)state;
    for (ln_msec age = 60 * SECOND; age > LN_IDLE_LEAST_MS; age /= 2)
        now = close_at(&a, now, 1, age);
    assert_int_equal(a.limit, 0);
}

static void test_one_odd_close_spoils_nothing(void **state)
{
    struct ln_idle_age a = {0};
    ln_msec now = close_at(&a, MINUTE, 3, 5 * SECOND), limit = a.limit;

    (void)state;
    assert_true(limit > 0);
    now = close_at(&a, now, 1, 300); /* it was restarted */
    assert_int_equal(a.limit, limit);
    now = close_at(&a, now, 1, 20 * SECOND); /* it was stopped for a while */
    assert_int_equal(a.limit, limit);
    now = close_at(&a, now, 1, 5 * SECOND);
    close_at(&a, now, 1, 20 * SECOND); /* once more: that is not twice */
    assert_int_equal(a.limit, limit);
}

static void test_who_closes_at_once_does_not_mean_the_age(void **state)
{
    struct ln_idle_age a = {0};

    (void)state;
    close_at(&a, MINUTE, 100, LN_IDLE_LEAST_MS - 1);
    assert_int_equal(a.limit, 0);
}

/* Twenty connections that became idle at one moment are closed at one moment: once. */
static void test_one_moment_is_one_close(void **state)
{
    struct ln_idle_age a = {0};

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        ln_idle_age_closed(&a, 5 * SECOND, MINUTE + i * 10);
    assert_int_equal(a.limit, 0);
    for (unsigned i = 0; i < 20; i++)
        ln_idle_age_closed(&a, 5 * SECOND, 2 * MINUTE + i * 10);
    assert_int_equal(a.limit, 0);
    ln_idle_age_closed(&a, 5 * SECOND, 3 * MINUTE);
    assert_true(a.limit > 0);
}

/* A restart closes what is idle, whatever its age. */
static void test_a_restart_teaches_nothing(void **state)
{
    struct ln_idle_age a = {0};

    (void)state;
    for (unsigned restart = 1; restart < 20; restart++)
        for (unsigned i = 0; i < 5; i++)
            ln_idle_age_closed(&a, 5 * SECOND + i * 2 * SECOND, restart * MINUTE + i);
    assert_int_equal(a.limit, 0);
}

static void test_two_that_outlive_it_end_it(void **state)
{
    struct ln_idle_age a = {0};

    (void)state;
    close_at(&a, MINUTE, 3, 5 * SECOND);
    assert_true(ln_idle_age_scouts(&a, MINUTE));
    assert_false(ln_idle_age_scouts(&a, MINUTE + 1));
    ln_idle_age_outlived(&a, 6 * SECOND); /* that is no contradiction */
    assert_false(ln_idle_age_scouts(&a, MINUTE + 1));
    ln_idle_age_outlived(&a, 8 * SECOND);
    assert_true(a.limit > 0);
    assert_true(ln_idle_age_scouts(&a, MINUTE + 1)); /* at once, to be sure */
    ln_idle_age_outlived(&a, 8 * SECOND);
    assert_int_equal(a.limit, 0);
}

static void test_a_new_habit_takes_the_place_of_the_old(void **state)
{
    struct ln_idle_age a = {0};
    ln_msec now = close_at(&a, MINUTE, 5, 5 * SECOND);

    (void)state;
    now = close_at(&a, now, 3, 60 * SECOND); /* scouts, since it was reconfigured */
    assert_in_range(a.limit, 45 * SECOND, 59 * SECOND);
    close_at(&a, now, 3, 2 * SECOND);
    assert_in_range(a.limit, 1000, 1500);
}

static void test_scouts_are_rare(void **state)
{
    struct ln_idle_age a = {0};
    unsigned scouts = 0;

    (void)state;
    for (ln_msec now = 1; now < 60 * MINUTE; now += 500)
        scouts += ln_idle_age_scouts(&a, now);
    assert_int_equal(scouts, 60);
}

/* An instance with a habit of any age, an eighth of whose closes are odd, and gentle jitter: after
 * forty closes the limit is known, and never above what the habit allows. */
static void test_habits_are_found_among_noise(void **state)
{
    struct ln_rand r;

    (void)state;
    ln_rand_init(&r, 7);
    for (unsigned run = 0; run < 2000; run++) {
        struct ln_idle_age a = {0};
        ln_msec habit = 400 + ln_rand_below(&r, 120 * SECOND), now = MINUTE;
        unsigned known = 0;

        for (unsigned i = 0; i < 40; i++, now += 10 * MINUTE) {
            ln_msec late = ln_rand_below(&r, habit < 10 * SECOND ? habit / 10 : SECOND);
            bool odd = ln_rand_below(&r, 8) == 0;

            ln_idle_age_closed(&a, odd ? ln_rand_below(&r, habit) : habit + late, now);
            assert_true(a.limit < habit);
            known += a.limit > habit / 2;
        }
        assert_true(known > 25);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_that_agree_are_a_habit),
        cmocka_unit_test(test_the_margin_of_short_ones_is_a_quarter),
        cmocka_unit_test(test_limits_are_below_every_age_of_the_habit),
        cmocka_unit_test(test_ages_that_do_not_agree_are_none),
        cmocka_unit_test(test_one_odd_close_spoils_nothing),
        cmocka_unit_test(test_who_closes_at_once_does_not_mean_the_age),
        cmocka_unit_test(test_one_moment_is_one_close),
        cmocka_unit_test(test_a_restart_teaches_nothing),
        cmocka_unit_test(test_two_that_outlive_it_end_it),
        cmocka_unit_test(test_a_new_habit_takes_the_place_of_the_old),
        cmocka_unit_test(test_scouts_are_rare),
        cmocka_unit_test(test_habits_are_found_among_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
