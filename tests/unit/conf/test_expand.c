/* SPDX-License-Identifier: Apache-2.0
 * test_expand.c - variables of the environment in a text.
 */
#include "conf/expand.h"

#include <stdlib.h>

#include "unit.h"

static int setup(void **state)
{
    *state = ln_bundle_record();
    setenv("LN_UNIT_HOST", "example.com", 1);
    setenv("LN_UNIT_EMPTY", "", 1);
    setenv("LN_UNIT_DOLLAR", "${LN_UNIT_HOST}", 1);
    unsetenv("LN_UNIT_NONE");
    return 0;
}

static int teardown(void **state)
{
    ln_bundle_free(*state);
    return 0;
}

static void gives(void **state, const char *text, const char *expected)
{
    struct ln_text out;
    struct ln_err err;

    ln_text_init(&out);
    ln_text_puts(&out, "");
    assert_int_equal(ln_expand(*state, ln_slice_of(text), &out, &err), 0);
    assert_string_equal(out.p, expected);
    ln_text_fini(&out);
}

static void refuses(void **state, const char *text, const char *why)
{
    struct ln_text out;
    struct ln_err err;

    ln_text_init(&out);
    assert_int_equal(ln_expand(*state, ln_slice_of(text), &out, &err), -1);
    assert_string_equal(err.text, why);
    ln_text_fini(&out);
    gives(state, "${LN_UNIT_HOST}", "example.com");
}

static void test_puts_variables_in(void **state)
{
    gives(state, "${LN_UNIT_HOST}", "example.com");
    gives(state, "http://${LN_UNIT_HOST}:80/${LN_UNIT_HOST}", "http://example.com:80/example.com");
    gives(state, "[${LN_UNIT_EMPTY}]", "[]");
}

static void test_defaults_stand_in(void **state)
{
    gives(state, "${LN_UNIT_NONE:-x}", "x");
    gives(state, "${LN_UNIT_NONE:-}", "");
    gives(state, "${LN_UNIT_EMPTY:-x}", "x");
    gives(state, "${LN_UNIT_HOST:-x}", "example.com");
    gives(state, "${LN_UNIT_NONE:-redis://a:-1}", "redis://a:-1");
}

static void test_dollars_mean_themselves(void **state)
{
    gives(state, "$", "$");
    gives(state, "a$b $1 $", "a$b $1 $");
    gives(state, "$$", "$");
    gives(state, "$${LN_UNIT_HOST}", "${LN_UNIT_HOST}");
    gives(state, "$$$$", "$$");
    gives(state, "", "");
}

static void test_what_comes_in_is_not_expanded(void **state)
{
    gives(state, "${LN_UNIT_DOLLAR}", "${LN_UNIT_HOST}");
}

static void test_a_missing_variable(void **state)
{
    refuses(state, "a ${LN_UNIT_NONE}",
            "the variable LN_UNIT_NONE is not set, expected it in the environment or a default: "
            "${LN_UNIT_NONE:-default}");
}

static void test_a_broken_variable(void **state)
{
    refuses(state, "${", "\"${\" without \"}\", expected ${NAME} or ${NAME:-default}");
    refuses(state, "${A", "\"${\" without \"}\", expected ${NAME} or ${NAME:-default}");
    refuses(state, "${}",
            "\"${}\" is not a variable, expected ${NAME} or ${NAME:-default}, or $$ for "
            "a dollar sign");
    refuses(state, "${a b}",
            "\"${a b}\" is not a variable, expected ${NAME} or ${NAME:-default}, or "
            "$$ for a dollar sign");
    refuses(state, "${1A}",
            "\"${1A}\" is not a variable, expected ${NAME} or ${NAME:-default}, or $$ "
            "for a dollar sign");
    refuses(state, "${:-x}",
            "\"${:-x}\" is not a variable, expected ${NAME} or ${NAME:-default}, or $$ "
            "for a dollar sign");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts_variables_in),
        cmocka_unit_test(test_defaults_stand_in),
        cmocka_unit_test(test_dollars_mean_themselves),
        cmocka_unit_test(test_what_comes_in_is_not_expanded),
        cmocka_unit_test(test_a_missing_variable),
        cmocka_unit_test(test_a_broken_variable),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
