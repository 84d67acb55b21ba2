/* SPDX-License-Identifier: Apache-2.0
 * test_node.c - trees made by hand, as Lua tables are.
 */
#include "conf/node.h"

#include "unit.h"

static const struct ln_place here = {"routes.lua", 4, 0};

static int setup(void **state)
{
    static struct ln_arena arena;

    ln_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    ln_arena_reset(*state);
    return 0;
}

static void test_builds_a_mapping(void **state)
{
    struct ln_node *map = ln_node_new_map(*state, &here);

    ln_node_put(*state, map, LN_SLICE("b"), ln_node_new_number(*state, 1, &here));
    ln_node_put(*state, map, LN_SLICE("a"), ln_node_new_bool(*state, true, &here));
    assert_int_equal(map->count, 2);
    assert_slice(map->first->key, "b"); /* as written */
    assert_slice(ln_node_get(map, "a")->text, "true");
    assert_null(ln_node_get(map, "c"));
    assert_int_equal(ln_node_get(map, "a")->place.line, 4);
}

static void test_builds_a_list(void **state)
{
    struct ln_node *seq = ln_node_new_seq(*state, &here);

    ln_node_add(seq, ln_node_new_scalar(*state, LN_SLICE("x"), true, &here));
    ln_node_add(seq, ln_node_new_null(*state, &here));
    assert_int_equal(seq->count, 2);
    assert_slice(seq->first->text, "x");
    assert_int_equal(seq->first->next->kind, LN_NODE_NULL);
    assert_null(ln_node_get(seq, "x"));
    assert_null(ln_node_get(NULL, "x"));
}

static void test_numbers_print_as_people_write_them(void **state)
{
    assert_slice(ln_node_new_number(*state, 100, &here)->text, "100");
    assert_slice(ln_node_new_number(*state, 1e9, &here)->text, "1000000000");
    assert_slice(ln_node_new_number(*state, 0.25, &here)->text, "0.25");
    assert_slice(ln_node_new_number(*state, -0.0, &here)->text, "0");
    assert_slice(ln_node_new_number(*state, -3, &here)->text, "-3");
}

static bool is_number(struct ln_arena *a, const char *text, bool quoted, double *value)
{
    return ln_node_to_number(ln_node_new_scalar(a, ln_slice_of(text), quoted, &here), value);
}

static void test_what_is_a_number(void **state)
{
    static const char *const good[] = {"0", "1", "-1", "0.5", "10.25", "1e3", "1E+3", "-2.5e-1"};
    static const char *const bad[] = {"",    "-",   "+1", ".5", "1.",  "01",    "1e",  "0x10",
                                      "inf", "nan", " 1", "1 ", "1_0", "1e999", "1,5", "--1"};
    double value = 0;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(is_number(*state, good[i], false, &value));
    assert_true(value == -0.25);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (is_number(*state, bad[i], false, &value))
            fail_msg("\"%s\" is taken for a number", bad[i]);
    assert_false(is_number(*state, "1", true, &value));
}

static void test_what_is_a_boolean(void **state)
{
    bool value = false;

    assert_true(ln_node_to_bool(ln_node_new_scalar(*state, LN_SLICE("on"), false, &here), &value));
    assert_true(value);
    assert_true(ln_node_to_bool(ln_node_new_bool(*state, false, &here), &value));
    assert_false(value);
    assert_false(ln_node_to_bool(ln_node_new_scalar(*state, LN_SLICE("on"), true, &here), &value));
    assert_false(
        ln_node_to_bool(ln_node_new_scalar(*state, LN_SLICE("yes"), false, &here), &value));
    assert_false(ln_node_to_bool(ln_node_new_map(*state, &here), &value));
}

static void test_shows_itself(void **state)
{
    char out[LN_NODE_SHOWN];

    assert_string_equal(ln_node_show(ln_node_new_map(*state, &here), out), "a mapping");
    assert_string_equal(ln_node_show(ln_node_new_seq(*state, &here), out), "a list");
    assert_string_equal(ln_node_show(ln_node_new_null(*state, &here), out), "nothing");
    assert_string_equal(
        ln_node_show(ln_node_new_scalar(*state, LN_SLICE("a\"\n"), false, &here), out),
        "\"a\\\"\\n\"");
}

static void test_shows_long_texts_shortened(void **state)
{
    char out[LN_NODE_SHOWN], text[200];

    memset(text, 'x', sizeof text);
    ln_node_show(ln_node_new_scalar(*state, ln_slice(text, 200), false, &here), out);
    assert_int_equal(strlen(out), 40 + 5);
    assert_string_equal(out + 38, "xxx\"...");
    memcpy(text + 39, "\xc3\xa4", 2); /* a character of two bytes across the cut */
    ln_node_show(ln_node_new_scalar(*state, ln_slice(text, 200), false, &here), out);
    assert_string_equal(out + 37, "xxx\"...");
    memset(text, 1, sizeof text);
    assert_string_equal(
        ln_node_show(ln_node_new_scalar(*state, ln_slice(text, 200), false, &here), out),
        "unprintable text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builds_a_mapping),
        cmocka_unit_test(test_builds_a_list),
        cmocka_unit_test(test_numbers_print_as_people_write_them),
        cmocka_unit_test(test_what_is_a_number),
        cmocka_unit_test(test_what_is_a_boolean),
        cmocka_unit_test(test_shows_itself),
        cmocka_unit_test(test_shows_long_texts_shortened),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
