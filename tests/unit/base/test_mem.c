/* SPDX-License-Identifier: Apache-2.0
 * test_mem.c - the heap that never says no, and the assertion.
 */
#include "unit.h"

#include "base/assert.h"
#include "base/mem.h"

static void test_nothing_is_still_a_place(void **state)
{
    void *a = ln_alloc(0), *b = ln_zalloc(0), *c = ln_realloc(NULL, 0);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    ln_free(a);
    ln_free(b);
    ln_free(c);
    ln_free(NULL);
}

static void test_zalloc_is_zero(void **state)
{
    char *p = ln_zalloc(1000);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    ln_free(p);
}

static void test_realloc_keeps_bytes(void **state)
{
    char *p = ln_strdup("kept");

    (void)state;
    p = ln_realloc(p, 100000);
    assert_string_equal(p, "kept");
    ln_free(p);
}

static void test_strndup_takes_exactly_n(void **state)
{
    char *p = ln_strndup("a\0bc", 3);

    (void)state;
    assert_memory_equal(p, "a\0b\0", 4);
    ln_free(p);
}

static void ask_for(void *size)
{
    ln_free(ln_alloc(*(size_t *)size));
}

static void test_running_out_aborts(void **state)
{
    size_t too_much = SIZE_MAX / 2, fine = 10;

    (void)state;
    assert_true(unit_dies(ask_for, &too_much));
    assert_false(unit_dies(ask_for, &fine));
}

static void assert_it(void *value)
{
    ln_assert(*(bool *)value);
}

static void test_a_false_assertion_aborts(void **state)
{
    bool no = false, yes = true;

    (void)state;
    assert_true(unit_dies(assert_it, &no));
    assert_false(unit_dies(assert_it, &yes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_still_a_place),
        cmocka_unit_test(test_zalloc_is_zero),
        cmocka_unit_test(test_realloc_keeps_bytes),
        cmocka_unit_test(test_strndup_takes_exactly_n),
        cmocka_unit_test(test_running_out_aborts),
        cmocka_unit_test(test_a_false_assertion_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
