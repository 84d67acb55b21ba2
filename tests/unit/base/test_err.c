/* SPDX-License-Identifier: Apache-2.0
 * test_err.c - error records.
 */
#include "unit.h"

#include <errno.h>

#include "base/err.h"

static void test_a_sentence_and_its_code(void **state)
{
    struct ln_err err;

    (void)state;
    errno = ENOENT;
    assert_int_equal(ln_fail(&err, LN_E_CONF, "no service \"%s\"", "x"), -1);
    assert_int_equal(err.code, LN_E_CONF);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.text, "no service \"x\"");
}

static void test_a_system_error_ends_with_its_reason(void **state)
{
    struct ln_err err;

    (void)state;
    errno = EADDRINUSE;
    ln_fail(&err, LN_E_SYS, "listen %s: bind", "main");
    assert_int_equal(err.sys, EADDRINUSE);
    assert_string_equal(err.text, "listen main: bind: Address already in use");
}

static void test_nobody_has_to_listen(void **state)
{
    (void)state;
    assert_int_equal(ln_fail(NULL, LN_E_LIMIT, "%d", 1), -1);
}

static void test_a_long_sentence_is_cut(void **state)
{
    struct ln_err err;

    (void)state;
    errno = EPERM;
    ln_fail(&err, LN_E_SYS, "%0*d", 5000, 1);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    errno = EPERM;
    ln_fail(&err, LN_E_SYS, "%0*d", (int)sizeof err.text - 4, 1);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_string_equal(err.text + sizeof err.text - 5, "1: O");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sentence_and_its_code),
        cmocka_unit_test(test_a_system_error_ends_with_its_reason),
        cmocka_unit_test(test_nobody_has_to_listen),
        cmocka_unit_test(test_a_long_sentence_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
