/* SPDX-License-Identifier: Apache-2.0
 * test_slice.c - comparing, trimming, cutting and reading runs of bytes.
 */
#include "unit.h"

#include "base/assert.h"
#include "base/slice.h"

static void test_equality_is_by_bytes(void **state)
{
    (void)state;
    assert_true(ln_slice_eq(LN_SLICE("a\0b"), ln_slice("a\0b", 3)));
    assert_false(ln_slice_eq(LN_SLICE("a\0b"), LN_SLICE("a\0c")));
    assert_false(ln_slice_eq(LN_SLICE("a"), LN_SLICE("ab")));
    assert_true(ln_slice_eq(ln_slice(NULL, 0), LN_SLICE("")));
    assert_true(ln_slice_eq(ln_slice_of(NULL), ln_slice_of("")));
}

static void test_case_is_folded_for_ascii_letters_only(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char upper = (char)c, lower = ln_lower(upper);

        assert_int_equal(lower != upper, c >= 'A' && c <= 'Z');
    }
    assert_true(ln_slice_caseeq(LN_SLICE("Content-LENGTH"), LN_SLICE("content-length")));
    assert_false(ln_slice_caseeq(LN_SLICE("@"), LN_SLICE("`")));
    assert_false(ln_slice_caseeq(LN_SLICE("["), LN_SLICE("{")));
    assert_false(ln_slice_caseeq(LN_SLICE("ab"), LN_SLICE("a")));
}

static void test_prefix(void **state)
{
    (void)state;
    assert_true(ln_slice_has_prefix(LN_SLICE("/api/users"), LN_SLICE("/api")));
    assert_true(ln_slice_has_prefix(LN_SLICE("/api"), LN_SLICE("/api")));
    assert_true(ln_slice_has_prefix(ln_slice(NULL, 0), ln_slice(NULL, 0)));
    assert_false(ln_slice_has_prefix(LN_SLICE("/ap"), LN_SLICE("/api")));
    assert_false(ln_slice_has_prefix(LN_SLICE("/API"), LN_SLICE("/api")));
}

static void test_trim_takes_spaces_and_tabs_only(void **state)
{
    (void)state;
    assert_slice(ln_slice_trim(LN_SLICE(" \t a b\t ")), "a b");
    assert_slice(ln_slice_trim(LN_SLICE(" \t ")), "");
    assert_slice(ln_slice_trim(LN_SLICE("\r\nx\v")), "\r\nx\v");
    assert_int_equal(ln_slice_trim(ln_slice(NULL, 0)).n, 0);
}

static void test_tokens_are_cut_at_commas(void **state)
{
    static const char *const expected[] = {"close", "x y", "z"};
    struct ln_slice rest = LN_SLICE(", close ,, x y\t,z ,"), token;

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(expected); i++) {
        assert_true(ln_slice_next_token(&rest, &token));
        assert_slice(token, expected[i]);
    }
    assert_false(ln_slice_next_token(&rest, &token));
    assert_false(ln_slice_next_token(&rest, &token));
}

static void test_a_list_of_nothing_has_no_tokens(void **state)
{
    static const char *const lists[] = {"", " ", ",", " , ,\t,"};
    struct ln_slice token;

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(lists); i++) {
        struct ln_slice rest = ln_slice_of(lists[i]);

        assert_false(ln_slice_next_token(&rest, &token));
    }
}

static void test_numbers_are_digits_only(void **state)
{
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "1e3", "١", "1\n"};
    uint64_t value = 77;

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(bad); i++)
        assert_false(ln_slice_to_u64(ln_slice_of(bad[i]), &value));
    assert_false(ln_slice_to_u64(ln_slice("1\0", 2), &value));
    assert_int_equal(value, 77);
    assert_true(ln_slice_to_u64(LN_SLICE("0042"), &value));
    assert_int_equal(value, 42);
}

static void test_numbers_end_at_the_largest(void **state)
{
    uint64_t value = 0;

    (void)state;
    assert_true(ln_slice_to_u64(LN_SLICE("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    assert_false(ln_slice_to_u64(LN_SLICE("18446744073709551616"), &value));
    assert_false(ln_slice_to_u64(LN_SLICE("18446744073709551620"), &value));
    assert_false(ln_slice_to_u64(LN_SLICE("99999999999999999999"), &value));
    assert_false(ln_slice_to_u64(LN_SLICE("184467440737095516150"), &value));
    assert_true(ln_slice_to_u64(LN_SLICE("0"), &value));
    assert_true(value == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality_is_by_bytes),
        cmocka_unit_test(test_case_is_folded_for_ascii_letters_only),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_trim_takes_spaces_and_tabs_only),
        cmocka_unit_test(test_tokens_are_cut_at_commas),
        cmocka_unit_test(test_a_list_of_nothing_has_no_tokens),
        cmocka_unit_test(test_numbers_are_digits_only),
        cmocka_unit_test(test_numbers_end_at_the_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
