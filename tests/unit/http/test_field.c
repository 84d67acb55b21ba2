/* SPDX-License-Identifier: Apache-2.0
 * test_field.c - the field list: order, case and duplicates are kept; nothing malformed gets in.
 */
#include "unit.h"

#include <stdio.h>

#include "http/field.h"

struct fixture {
    struct ln_arena arena;
    struct ln_fields f;
};

static int set_up(void **state)
{
    static struct fixture x;

    ln_arena_init(&x.arena, NULL);
    ln_fields_init(&x.f, &x.arena);
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    ln_arena_reset(&((struct fixture *)*state)->arena);
    return 0;
}

static const struct {
    enum ln_field_id id;
    const char *name;
    bool hop;
} rows[] = {
#define FIELD(id, name, hop) {LN_FIELD_##id, name, hop},
#include "http/field.def"
#undef FIELD
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void test_every_row_is_identified_in_any_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        size_t n = strlen(rows[i].name);
        char upper[64];

        for (size_t k = 0; k < n; k++)
            upper[k] = (char)(rows[i].name[k] >= 'a' ? rows[i].name[k] - 32 : rows[i].name[k]);
        assert_int_equal(ln_field_identify(rows[i].name, n), rows[i].id);
        assert_int_equal(ln_field_identify(upper, n), rows[i].id);
        assert_int_equal(ln_field_is_hop(rows[i].id), rows[i].hop);
    }
}

/* Changing any byte of a known name to any other value, the letter's other case apart, makes it
 * unknown or another. */
static void test_no_other_name_is_taken_for_a_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        size_t n = strlen(rows[i].name);
        char name[64];

        memcpy(name, rows[i].name, n);
        for (size_t k = 0; k < n; k++) {
            for (int c = 0; c < 256; c++) {
                name[k] = (char)c;
                bool same = ln_lower((char)c) == rows[i].name[k];

                assert_int_equal(ln_field_identify(name, n) == rows[i].id, same);
            }
            name[k] = rows[i].name[k];
        }
        assert_int_not_equal(ln_field_identify(name, n - 1), rows[i].id);
    }
}

static void test_other_lengths_are_unknown(void **state)
{
    (void)state;
    assert_int_equal(ln_field_identify("", 0), LN_FIELD_OTHER);
    assert_int_equal(ln_field_identify("x", 1), LN_FIELD_OTHER);
    assert_int_equal(ln_field_identify("a-name-that-is-longer-than-all-others", 37),
                     LN_FIELD_OTHER);
}

static void test_the_list_keeps_order_case_and_duplicates(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;

    assert_true(ln_fields_add(f, LN_SLICE("Set-Cookie"), LN_SLICE("a=1")));
    assert_true(ln_fields_add(f, LN_SLICE("hOST"), LN_SLICE("x")));
    assert_true(ln_fields_add(f, LN_SLICE("set-cookie"), LN_SLICE("b=2")));
    assert_int_equal(f->count, 3);
    assert_slice(ln_field_name(&f->v[0]), "Set-Cookie");
    assert_slice(ln_field_name(&f->v[1]), "hOST");
    assert_int_equal(f->v[1].id, LN_FIELD_HOST);
    assert_slice(ln_field_value(&f->v[2]), "b=2");
}

static void test_the_list_grows_and_keeps_what_it_has(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;
    char value[16];

    for (int i = 0; i < 500; i++) {
        snprintf(value, sizeof value, "%d", i);
        assert_true(ln_fields_add(f, LN_SLICE("X-N"), ln_slice_of(value)));
    }
    assert_int_equal(f->count, 500);
    for (int i = 0; i < 500; i++) {
        snprintf(value, sizeof value, "%d", i);
        assert_slice(ln_field_value(&f->v[i]), value);
    }
}

static void test_find_get_and_next(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;

    ln_fields_add(f, LN_SLICE("Via"), LN_SLICE("1"));
    ln_fields_add(f, LN_SLICE("X-A"), LN_SLICE("2"));
    ln_fields_add(f, LN_SLICE("VIA"), LN_SLICE("3"));
    const struct ln_field *first = ln_fields_find(f, LN_FIELD_VIA);

    assert_slice(ln_field_value(first), "1");
    assert_slice(ln_field_value(ln_fields_next(f, first)), "3");
    assert_null(ln_fields_next(f, ln_fields_next(f, first)));
    assert_slice(ln_field_value(ln_fields_get(f, LN_SLICE("x-a"))), "2");
    assert_null(ln_fields_get(f, LN_SLICE("x-b")));
    assert_null(ln_fields_find(f, LN_FIELD_HOST));
}

static void test_set_replaces_the_first_and_drops_the_others(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;

    ln_fields_add(f, LN_SLICE("X-A"), LN_SLICE("1"));
    ln_fields_add(f, LN_SLICE("x-a"), LN_SLICE("2"));
    ln_fields_add(f, LN_SLICE("X-a"), LN_SLICE("3"));
    assert_true(ln_fields_set(f, LN_SLICE("x-A"), LN_SLICE("new")));
    assert_slice(ln_field_value(ln_fields_get(f, LN_SLICE("x-a"))), "new");
    assert_int_equal(f->v[0].dropped + f->v[1].dropped + f->v[2].dropped, 2);
    assert_int_equal(f->v[0].dropped, 0);
}

static void test_set_appends_when_there_is_none(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;

    assert_true(ln_fields_set(f, LN_SLICE("X-A"), LN_SLICE("1")));
    assert_int_equal(f->count, 1);
    assert_int_equal(ln_fields_remove(f, LN_SLICE("x-a")), 1);
    assert_true(ln_fields_set(f, LN_SLICE("X-A"), LN_SLICE("2")));
    assert_slice(ln_field_value(ln_fields_get(f, LN_SLICE("X-A"))), "2");
}

static void test_set_copies_what_it_is_given(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;
    char name[] = "X-A", value[] = "v";

    ln_fields_set(f, ln_slice(name, 3), ln_slice(value, 1));
    name[2] = value[0] = '?';
    assert_slice(ln_field_value(ln_fields_get(f, LN_SLICE("X-A"))), "v");
}

static void test_put_is_set_without_a_copy(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;
    struct ln_slice name = LN_SLICE("x-A"), value = LN_SLICE("new");

    ln_fields_put(f, LN_FIELD_VIA, LN_SLICE("Via"), LN_SLICE("1"));
    ln_fields_put(f, LN_FIELD_VIA, LN_SLICE("via"), value);
    assert_int_equal(f->count, 1);
    assert_ptr_equal(f->v[0].value, value.p);
    ln_fields_add(f, LN_SLICE("X-A"), LN_SLICE("1"));
    ln_fields_add(f, LN_SLICE("x-a"), LN_SLICE("2"));
    ln_fields_put(f, LN_FIELD_OTHER, name, value);
    assert_ptr_equal(ln_fields_get(f, name)->value, value.p);
    assert_null(ln_fields_next(f, ln_fields_get(f, name)));
    ln_fields_remove(f, name);
    ln_fields_put(f, LN_FIELD_OTHER, name, value);
    assert_int_equal(f->count, 4);
    assert_ptr_equal(f->v[3].name, name.p);
}

static void test_a_copy_is_a_line(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;
    struct ln_slice name = LN_SLICE("X-A"), value = LN_SLICE("");

    ln_field_copy(f->arena, &name, &value);
    assert_memory_equal(name.p, "X-A: ", 5);
    assert_ptr_equal(value.p, name.p + 5);
    assert_int_equal(value.n, 0);
}

static void test_remove_counts_and_hides(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;

    ln_fields_add(f, LN_SLICE("Cookie"), LN_SLICE("a"));
    ln_fields_add(f, LN_SLICE("cookie"), LN_SLICE("b"));
    assert_int_equal(ln_fields_remove(f, LN_SLICE("COOKIE")), 2);
    assert_int_equal(ln_fields_remove(f, LN_SLICE("COOKIE")), 0);
    assert_null(ln_fields_find(f, LN_FIELD_COOKIE));
}

static void test_names_must_be_tokens_rfc9110_5_1(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;
    static const char *const bad[] = {"", "a b", "a:", "a\r", "\ta", "a\x80", "(a)", "a\n"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(ln_fields_add(f, ln_slice_of(bad[i]), LN_SLICE("v")));
        assert_false(ln_fields_set(f, ln_slice_of(bad[i]), LN_SLICE("v")));
    }
    assert_int_equal(f->count, 0);
    assert_true(ln_fields_add(f, LN_SLICE("good"), LN_SLICE("v")));
}

static void test_values_must_be_clean_rfc9110_5_5(void **state)
{
    struct ln_fields *f = &((struct fixture *)*state)->f;
    static const char *const bad[] = {"a\r\nb: c", "a\n", "a\r", "\x01", "\x7f", " a", "a\t"};

    ln_fields_add(f, LN_SLICE("X"), LN_SLICE("old"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(ln_fields_set(f, LN_SLICE("X"), ln_slice_of(bad[i])));
        assert_false(ln_fields_add(f, LN_SLICE("Y"), ln_slice_of(bad[i])));
    }
    assert_false(ln_fields_set(f, LN_SLICE("X"), LN_SLICE("a\0b")));
    assert_slice(ln_field_value(ln_fields_get(f, LN_SLICE("X"))), "old");
    assert_true(ln_fields_set(f, LN_SLICE("X"), LN_SLICE("")));
    assert_true(ln_fields_set(f, LN_SLICE("X"), LN_SLICE("a\tb \xc3\xa9")));
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_identified_in_any_case),
        cmocka_unit_test(test_no_other_name_is_taken_for_a_row),
        cmocka_unit_test(test_other_lengths_are_unknown),
        test(test_the_list_keeps_order_case_and_duplicates),
        test(test_the_list_grows_and_keeps_what_it_has),
        test(test_find_get_and_next),
        test(test_set_replaces_the_first_and_drops_the_others),
        test(test_set_appends_when_there_is_none),
        test(test_set_copies_what_it_is_given),
        test(test_put_is_set_without_a_copy),
        test(test_a_copy_is_a_line),
        test(test_remove_counts_and_hides),
        test(test_names_must_be_tokens_rfc9110_5_1),
        test(test_values_must_be_clean_rfc9110_5_5),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
