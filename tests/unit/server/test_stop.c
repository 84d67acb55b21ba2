/* SPDX-License-Identifier: Apache-2.0
 * test_stop.c - what a second signal means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/stop.h"

static void test_first_wish_drains(void **state)
{
    struct ln_stopping s = {0};

    (void)state;
    assert_int_equal(ln_stop_ask(&s, false, 5000), LN_STOP_DRAIN);
}

static void test_repeated_within_a_second_counts_once(void **state)
{
    struct ln_stopping s = {0};

    (void)state;
    ln_stop_ask(&s, false, 5000);
    assert_int_equal(ln_stop_ask(&s, false, 5000), LN_STOP_NOTHING);
    assert_int_equal(ln_stop_ask(&s, false, 5999), LN_STOP_NOTHING);
    assert_int_equal(ln_stop_ask(&s, false, 6000), LN_STOP_NOW);
}

static void test_quit_stops_now(void **state)
{
    struct ln_stopping s = {0}, draining = {0};

    (void)state;
    assert_int_equal(ln_stop_ask(&s, true, 5000), LN_STOP_NOW);
    ln_stop_ask(&draining, false, 5000);
    assert_int_equal(ln_stop_ask(&draining, true, 5001), LN_STOP_NOW);
}

static void test_now_is_said_once(void **state)
{
    struct ln_stopping s = {0};

    (void)state;
    ln_stop_ask(&s, true, 5000);
    assert_int_equal(ln_stop_ask(&s, true, 9000), LN_STOP_NOTHING);
    assert_int_equal(ln_stop_ask(&s, false, 9000), LN_STOP_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_wish_drains),
        cmocka_unit_test(test_repeated_within_a_second_counts_once),
        cmocka_unit_test(test_quit_stops_now),
        cmocka_unit_test(test_now_is_said_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
