/* SPDX-License-Identifier: Apache-2.0
 * test_outcome.c - every way in which an attempt can end has a row that makes sense.
 */
#include "unit.h"

#include <ctype.h>

#include "upstream/health.h"
#include "upstream/outcome.h"

static void test_every_row_is_complete(void **state)
{
    (void)state;
    for (int i = 0; i < LN_OUTCOME_COUNT; i++) {
        const struct ln_outcome_row *row = ln_outcome_row((enum ln_outcome)i);

        assert_true(row->status == 200 || (row->status >= 499 && row->status <= 504));
        assert_true(strlen(row->code) > 0 && strlen(row->sentence) >= 8);
        assert_true(row->strikes <= LN_STRIKES_DOWN);
        for (const char *c = row->code; *c != '\0'; c++)
            assert_true(islower((unsigned char)*c) || *c == '_');
    }
}

static void test_codes_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < LN_OUTCOME_COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ln_outcome_row((enum ln_outcome)i)->code,
                                    ln_outcome_row((enum ln_outcome)k)->code);
}

/* What is not the instance's doing must not count against it, or clients could mark it down. */
static void test_only_the_instances_own_failures_are_strikes(void **state)
{
    static const enum ln_outcome innocent[] = {LN_OUTCOME_OK, LN_OUTCOME_STALE,
                                               LN_OUTCOME_TOTAL_TIME, LN_OUTCOME_CLIENT_GONE};
    static const enum ln_outcome guilty[] = {LN_OUTCOME_REFUSED, LN_OUTCOME_RESET,
                                             LN_OUTCOME_HEAD_TIME, LN_OUTCOME_BAD_RESPONSE,
                                             LN_OUTCOME_TRUNCATED};

    (void)state;
    for (size_t i = 0; i < sizeof innocent / sizeof innocent[0]; i++)
        assert_int_equal(ln_outcome_row(innocent[i])->strikes, 0);
    for (size_t i = 0; i < sizeof guilty / sizeof guilty[0]; i++)
        assert_true(ln_outcome_row(guilty[i])->strikes > 0);
}

static void test_an_instance_that_refuses_is_down_at_once(void **state)
{
    (void)state;
    assert_int_equal(ln_outcome_row(LN_OUTCOME_REFUSED)->strikes, LN_STRIKES_DOWN);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_CONNECT_TIME)->strikes, LN_STRIKES_DOWN);
}

/* Once a part of the response is in, or its meaning is in doubt, nothing may be sent a second time.
 */
static void test_what_may_be_repeated(void **state)
{
    (void)state;
    assert_int_equal(ln_outcome_row(LN_OUTCOME_REFUSED)->repeat, LN_REPEAT_CONNECT);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_STALE)->repeat, LN_REPEAT_STALE);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_RESET)->repeat, LN_REPEAT_RESET);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_HEAD_TIME)->repeat, LN_REPEAT_TIMEOUT);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_OK)->repeat, LN_REPEAT_NEVER);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_BAD_RESPONSE)->repeat, LN_REPEAT_NEVER);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_TRUNCATED)->repeat, LN_REPEAT_NEVER);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_BODY_TIME)->repeat, LN_REPEAT_NEVER);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_TOTAL_TIME)->repeat, LN_REPEAT_NEVER);
    assert_int_equal(ln_outcome_row(LN_OUTCOME_CLIENT_GONE)->repeat, LN_REPEAT_NEVER);
}

static void ask_beyond(void *arg)
{
    (void)arg;
    ln_outcome_row(LN_OUTCOME_COUNT);
}

static void test_there_is_nothing_beyond_the_table(void **state)
{
    (void)state;
    assert_true(unit_dies(ask_beyond, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_complete),
        cmocka_unit_test(test_codes_are_unique),
        cmocka_unit_test(test_only_the_instances_own_failures_are_strikes),
        cmocka_unit_test(test_an_instance_that_refuses_is_down_at_once),
        cmocka_unit_test(test_what_may_be_repeated),
        cmocka_unit_test(test_there_is_nothing_beyond_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
