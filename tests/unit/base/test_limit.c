/* SPDX-License-Identifier: Apache-2.0
 * test_limit.c - the words for ways to count, and what clients are told to wait.
 */
#include "unit.h"

#include "base/limit.h"

static void test_every_way_has_a_word_and_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LN_LIMIT_WAYS; i++) {
        enum ln_limit_way way = LN_LIMIT_WAYS;

        assert_true(ln_limit_way_find(ln_slice_of(ln_limit_words[i]), &way));
        assert_int_equal(way, i);
        assert_true(strlen(ln_limit_texts[i]) > 20);
    }
    assert_null(ln_limit_words[LN_LIMIT_WAYS]);
    assert_null(ln_limit_texts[LN_LIMIT_WAYS]);
}

static void test_other_words_are_none(void **state)
{
    enum ln_limit_way way = LN_LIMIT_FIXED_WINDOW;

    (void)state;
    assert_false(ln_limit_way_find(LN_SLICE("GCRA"), &way));
    assert_false(ln_limit_way_find(LN_SLICE("gcr"), &way));
    assert_false(ln_limit_way_find(LN_SLICE(""), &way));
    assert_int_equal(way, LN_LIMIT_FIXED_WINDOW);
    assert_true(ln_limit_way_find(LN_SLICE("gcra"), &way));
    assert_int_equal(way, LN_LIMIT_GCRA);
}

static void test_most_at_once_is_the_burst_of_gcra_and_the_count_of_others(void **state)
{
    struct ln_limit l = {LN_LIMIT_GCRA, 100, 1000, 7};

    (void)state;
    assert_int_equal(ln_limit_most(&l), 7);
    l.way = LN_LIMIT_SLIDING_LOG;
    assert_int_equal(ln_limit_most(&l), 100);
}

static void test_waits_are_told_in_whole_seconds_rounded_up(void **state)
{
    const ln_nsec second = 1000000000;

    (void)state;
    assert_int_equal(ln_limit_retry_after(0), 1);
    assert_int_equal(ln_limit_retry_after(1), 1);
    assert_int_equal(ln_limit_retry_after(second), 1);
    assert_int_equal(ln_limit_retry_after(second + 1), 2);
    assert_int_equal(ln_limit_retry_after(2 * second), 2);
    assert_int_equal(ln_limit_retry_after(UINT64_MAX), UINT64_MAX / second + 1);
}

static void test_a_reset_is_told_as_if_nothing_had_been_rounded(void **state)
{
    const ln_nsec second = 1000000000;

    (void)state;
    assert_int_equal(ln_limit_reset_after(0), 0);
    assert_int_equal(ln_limit_reset_after(1), 0);
    assert_int_equal(ln_limit_reset_after(10 * second), 10);
    assert_int_equal(ln_limit_reset_after(10 * second + 4096), 10);
    assert_int_equal(ln_limit_reset_after(10 * second + 20000), 11);
    assert_int_equal(ln_limit_reset_after(UINT64_MAX), UINT64_MAX / second + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_has_a_word_and_a_sentence),
        cmocka_unit_test(test_other_words_are_none),
        cmocka_unit_test(test_most_at_once_is_the_burst_of_gcra_and_the_count_of_others),
        cmocka_unit_test(test_waits_are_told_in_whole_seconds_rounded_up),
        cmocka_unit_test(test_a_reset_is_told_as_if_nothing_had_been_rounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
