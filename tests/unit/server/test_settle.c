/* SPDX-License-Identifier: Apache-2.0
 * test_settle.c - changes settle, and cannot put off the reload for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/settle.h"

static void test_waits_for_a_quiet_moment(void **state)
{
    struct ln_settle s = {0};

    (void)state;
    ln_settle_touch(&s, 1000);
    assert_true(s.pending);
    assert_int_equal(ln_settle_wait(&s, 1000), LN_SETTLE_QUIET);
    assert_int_equal(ln_settle_wait(&s, 1030), LN_SETTLE_QUIET - 30);
    ln_settle_touch(&s, 1040);
    assert_int_equal(ln_settle_wait(&s, 1060), LN_SETTLE_QUIET - 20);
    assert_int_equal(ln_settle_wait(&s, 1040 + LN_SETTLE_QUIET), 0);
    assert_int_equal(ln_settle_wait(&s, 99999), 0);
}

static void test_a_writer_that_never_rests_is_not_waited_for(void **state)
{
    struct ln_settle s = {0};
    ln_msec now = 1000;

    (void)state;
    for (; now < 1000 + LN_SETTLE_MAX; now += 10) {
        ln_settle_touch(&s, now);
        assert_true(ln_settle_wait(&s, now) > 0);
    }
    ln_settle_touch(&s, now);
    assert_int_equal(ln_settle_wait(&s, now), 0);
}

static void test_begins_anew_after_acting(void **state)
{
    struct ln_settle s = {0};

    (void)state;
    ln_settle_touch(&s, 1000);
    s.pending = false;
    ln_settle_touch(&s, 9000);
    assert_int_equal(ln_settle_wait(&s, 9000), LN_SETTLE_QUIET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_a_quiet_moment),
        cmocka_unit_test(test_a_writer_that_never_rests_is_not_waited_for),
        cmocka_unit_test(test_begins_anew_after_acting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
