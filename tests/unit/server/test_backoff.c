/* SPDX-License-Identifier: Apache-2.0
 * test_backoff.c - at once after service, ever more slowly before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/backoff.h"

static void test_a_worker_that_served_comes_back_at_once(void **state)
{
    struct ln_backoff b = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(ln_backoff_next(&b, true), 0);
}

static void test_waits_double_up_to_a_bound(void **state)
{
    static const ln_msec waits[] = {100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000};
    struct ln_backoff b = {0};

    (void)state;
    for (unsigned i = 0; i < sizeof waits / sizeof *waits; i++)
        assert_int_equal(ln_backoff_next(&b, false), waits[i]);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(ln_backoff_next(&b, false), LN_BACKOFF_MAX);
}

static void test_service_makes_good(void **state)
{
    struct ln_backoff b = {0};

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        ln_backoff_next(&b, false);
    assert_int_equal(ln_backoff_next(&b, true), 0);
    assert_int_equal(ln_backoff_next(&b, false), LN_BACKOFF_FIRST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_worker_that_served_comes_back_at_once),
        cmocka_unit_test(test_waits_double_up_to_a_bound),
        cmocka_unit_test(test_service_makes_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
