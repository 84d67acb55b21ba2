/* SPDX-License-Identifier: Apache-2.0
 * test_clock.c - running and frozen clocks.
 */
#include "unit.h"

#include <time.h>

#include "base/clock.h"

static int tear_down(void **state)
{
    (void)state;
    ln_clock_thaw();
    return 0;
}

static void test_mono_never_goes_back(void **state)
{
    ln_nsec last = ln_clock_mono();

    (void)state;
    assert_true(last > 0);
    for (int i = 0; i < 1000; i++) {
        ln_nsec now = ln_clock_mono();

        assert_true(now >= last);
        last = now;
    }
}

static void test_wall_is_the_time_of_day(void **state)
{
    time_t before = time(NULL);
    ln_nsec now = ln_clock_wall();

    (void)state;
    /* time() may read a coarser clock that is a tick behind */
    assert_in_range(now / 1000000000u, before, time(NULL) + 1);
}

static void test_frozen_clocks_move_only_by_hand(void **state)
{
    (void)state;
    assert_false(ln_clock_is_frozen());
    ln_clock_freeze(1000, 5000);
    assert_true(ln_clock_is_frozen());
    assert_int_equal(ln_clock_mono(), 1000);
    assert_int_equal(ln_clock_mono(), 1000);
    ln_clock_advance(LN_NSEC_PER_MSEC);
    assert_int_equal(ln_clock_mono(), 1001000);
    assert_int_equal(ln_clock_wall(), 1005000);
}

static void test_thawed_clocks_run_again(void **state)
{
    (void)state;
    ln_clock_freeze(1, 1);
    ln_clock_thaw();
    assert_false(ln_clock_is_frozen());
    assert_true(ln_clock_mono() > 1);
    assert_true(ln_clock_wall() > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_mono_never_goes_back, tear_down),
        cmocka_unit_test_teardown(test_wall_is_the_time_of_day, tear_down),
        cmocka_unit_test_teardown(test_frozen_clocks_move_only_by_hand, tear_down),
        cmocka_unit_test_teardown(test_thawed_clocks_run_again, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
