/* SPDX-License-Identifier: Apache-2.0
 * test_reject.c - the table of reasons: complete, distinct, and fit to be shown.
 */
#include "unit.h"

#include "http/head.h"
#include "http/status.h"

static void test_each_row_has_a_registered_error_status(void **state)
{
    (void)state;
    for (int i = 1; i < LN_REJECT_COUNT; i++) {
        int status = ln_reject_row((enum ln_reject)i)->status;

        assert_in_range(status, 400, 599);
        assert_true(ln_status_reason(status)[0] != '\0');
    }
}

static void test_codes_are_distinct_words(void **state)
{
    (void)state;
    for (int i = 1; i < LN_REJECT_COUNT; i++) {
        const char *code = ln_reject_row((enum ln_reject)i)->code;

        assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(code));
        for (int k = 1; k < i; k++)
            assert_string_not_equal(code, ln_reject_row((enum ln_reject)k)->code);
    }
}

static void test_sentences_say_what_is_wrong(void **state)
{
    (void)state;
    for (int i = 1; i < LN_REJECT_COUNT; i++) {
        const char *sentence = ln_reject_row((enum ln_reject)i)->sentence;

        assert_true(strlen(sentence) > 20);
        assert_null(strpbrk(sentence, "\"\\\r\n"));
    }
    assert_string_equal(ln_reject_row(LN_REJECT_NONE)->code, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row_has_a_registered_error_status),
        cmocka_unit_test(test_codes_are_distinct_words),
        cmocka_unit_test(test_sentences_say_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
