/* SPDX-License-Identifier: Apache-2.0
 * test_query.c - arguments of query strings.
 */
#include "unit.h"

#include <stdio.h>

#include "http/query.h"

static struct ln_arena arena;

static int tear_down(void **state)
{
    (void)state;
    ln_arena_reset(&arena);
    return 0;
}

/* All arguments as "name=value|name=value|". */
static void args_are(const char *query, const char *expected)
{
    struct ln_slice rest = ln_slice_of(query);
    struct ln_query_arg arg;
    char seen[256];
    size_t n = 0;

    while (ln_query_next(&rest, &arg, &arena))
        n += (size_t)snprintf(seen + n, sizeof seen - n, "%.*s%s%.*s|", (int)arg.name.n, arg.name.p,
                              arg.has_value ? "=" : "", (int)arg.value.n, arg.value.p);
    assert_slice(ln_slice(seen, n), expected);
}

static void test_pairs_in_their_order(void **state)
{
    (void)state;
    args_are("a=1&b=2&a=3", "a=1|b=2|a=3|");
    args_are("a=b=c", "a=b=c|");
    args_are("a[x]=1", "a[x]=1|");
    args_are("", "");
}

static void test_names_without_values_and_the_other_way(void **state)
{
    (void)state;
    args_are("a&b=", "a|b=|");
    args_are("=x", "=x|");
    args_are("=", "=|");
}

static void test_empty_pieces_are_skipped(void **state)
{
    (void)state;
    args_are("&&a&&b&", "a|b|");
    args_are("&", "");
}

static void test_escapes_and_plus_are_decoded(void **state)
{
    (void)state;
    args_are("a%20b=c+d%2B", "a b=c d+|");
    args_are("a%3Db=%26", "a=b=&|");
    args_are("%c3%a9=1", "\xc3\xa9=1|");
}

static void test_broken_escapes_stay(void **state)
{
    (void)state;
    args_are("a=%&b=%4&c=%zz", "a=%|b=%4|c=%zz|");
}

static void test_plain_arguments_are_not_copied(void **state)
{
    struct ln_slice rest = LN_SLICE("name=value");
    const char *start = rest.p;
    struct ln_query_arg arg;

    (void)state;
    assert_true(ln_query_next(&rest, &arg, &arena));
    assert_ptr_equal(arg.name.p, start);
    assert_ptr_equal(arg.value.p, start + 5);
    assert_int_equal(arena.used, 0);
}

static void test_get_finds_the_first(void **state)
{
    struct ln_query_arg arg;

    (void)state;
    assert_true(ln_query_get(LN_SLICE("x=0&%61=1&a=2"), LN_SLICE("a"), &arg, &arena));
    assert_slice(arg.value, "1");
    assert_false(ln_query_get(LN_SLICE("x=0"), LN_SLICE("A"), &arg, &arena));
    assert_false(ln_query_get(ln_slice(NULL, 0), LN_SLICE("a"), &arg, &arena));
}

static void test_every_byte_survives_encoding_and_decoding(void **state)
{
    char all[256];

    (void)state;
    for (int c = 0; c < 256; c++)
        all[c] = (char)c;
    for (int plus = 0; plus < 2; plus++) {
        struct ln_slice coded = ln_query_encode(ln_slice(all, 256), plus, &arena);

        assert_true(ln_slice_eq(ln_query_decode(coded, plus, &arena), ln_slice(all, 256)));
        for (size_t i = 0; i < coded.n; i++)
            assert_true(coded.p[i] > ' ' && coded.p[i] < 0x7f && coded.p[i] != '&');
    }
}

#define test(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_pairs_in_their_order),     test(test_names_without_values_and_the_other_way),
        test(test_empty_pieces_are_skipped), test(test_escapes_and_plus_are_decoded),
        test(test_broken_escapes_stay),      test(test_plain_arguments_are_not_copied),
        test(test_get_finds_the_first),      test(test_every_byte_survives_encoding_and_decoding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
