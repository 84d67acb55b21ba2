/* SPDX-License-Identifier: Apache-2.0
 * test_cookie.c - pairs of Cookie fields.
 */
#include "unit.h"

#include <stdio.h>

#include "http/cookie.h"

static void pairs_are(const char *field, const char *expected)
{
    struct ln_slice rest = ln_slice_of(field), name, value;
    char seen[256];
    size_t n = 0;

    while (ln_cookie_next(&rest, &name, &value))
        n += (size_t)snprintf(seen + n, sizeof seen - n, "%.*s=%.*s|", (int)name.n, name.p,
                              (int)value.n, value.p);
    assert_slice(ln_slice(seen, n), expected);
}

static void test_pairs_rfc6265_5_4(void **state)
{
    (void)state;
    pairs_are("a=1; b=2;c=3", "a=1|b=2|c=3|");
    pairs_are("a=b=c", "a=b=c|");
    pairs_are("a=", "a=|");
    pairs_are("", "");
}

static void test_white_space_around_them_is_no_part(void **state)
{
    (void)state;
    pairs_are("  a = 1 ;\tb=2  ", "a=1|b=2|");
}

static void test_quotes_are_part_of_the_value(void **state)
{
    (void)state;
    pairs_are("a=\"x y\"; b=2", "a=\"x y\"|b=2|");
}

static void test_pieces_that_are_no_pairs_are_skipped(void **state)
{
    (void)state;
    pairs_are(";; a; =x; b=2;", "b=2|");
    pairs_are("a", "");
}

static void test_get_looks_at_all_fields_and_minds_the_case(void **state)
{
    struct ln_arena arena;
    struct ln_fields f;
    struct ln_slice value;

    (void)state;
    ln_arena_init(&arena, NULL);
    ln_fields_init(&f, &arena);
    ln_fields_add(&f, LN_SLICE("X"), LN_SLICE("b=0"));
    ln_fields_add(&f, LN_SLICE("Cookie"), LN_SLICE("a=1"));
    ln_fields_add(&f, LN_SLICE("cookie"), LN_SLICE("b=2; b=3"));
    assert_true(ln_cookie_get(&f, LN_SLICE("b"), &value));
    assert_slice(value, "2");
    assert_false(ln_cookie_get(&f, LN_SLICE("B"), &value));
    ln_fields_remove(&f, LN_SLICE("Cookie"));
    assert_false(ln_cookie_get(&f, LN_SLICE("b"), &value));
    ln_arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_rfc6265_5_4),
        cmocka_unit_test(test_white_space_around_them_is_no_part),
        cmocka_unit_test(test_quotes_are_part_of_the_value),
        cmocka_unit_test(test_pieces_that_are_no_pairs_are_skipped),
        cmocka_unit_test(test_get_looks_at_all_fields_and_minds_the_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
