/* SPDX-License-Identifier: Apache-2.0
 * test_diag.c - reports: their order, their bound, text and JSON.
 */
#include "conf/diag.h"

#include "unit.h"

static const struct ln_place here = {"gateway.yaml", 3, 5};

static void test_prints_place_and_text(void **state)
{
    const struct ln_place lua = {"routes.lua", 7, 0}, file = {"gateway.yaml", 0, 0};
    struct ln_diag d;
    struct ln_text out;

    (void)state;
    ln_diag_init(&d);
    ln_text_init(&out);
    ln_diag_error(&d, &here, "key: got %d", 1);
    ln_diag_warn(&d, &lua, "odd");
    ln_diag_error(&d, &file, "gone");
    ln_diag_error(&d, NULL, "nowhere");
    ln_diag_print(&d, &out);
    assert_string_equal(out.p, "gateway.yaml:3:5: key: got 1\n"
                               "routes.lua:7: warning: odd\n"
                               "gateway.yaml: gone\n"
                               "nowhere\n");
    assert_int_equal(d.errors, 3);
    ln_text_fini(&out);
    ln_diag_fini(&d);
}

static void test_prints_json(void **state)
{
    struct ln_diag d;
    struct ln_text out;

    (void)state;
    ln_diag_init(&d);
    ln_text_init(&out);
    ln_diag_json(&d, &out);
    assert_string_equal(out.p, "[]");
    ln_diag_error(&d, &here, "a \"b\"");
    ln_diag_warn(&d, NULL, "c");
    ln_text_fini(&out);
    ln_diag_json(&d, &out);
    assert_string_equal(
        out.p, "[{\"file\":\"gateway.yaml\",\"line\":3,\"column\":5,\"kind\":\"error\",\"message\":"
               "\"a \\\"b\\\"\"},"
               "{\"file\":\"\",\"line\":0,\"column\":0,\"kind\":\"warning\",\"message\":\"c\"}]");
    ln_text_fini(&out);
    ln_diag_fini(&d);
}

static void test_keeps_a_hundred_and_says_so(void **state)
{
    struct ln_diag d;

    (void)state;
    ln_diag_init(&d);
    for (unsigned i = 0; i < 100; i++)
        ln_diag_error(&d, &here, "%u", i);
    assert_int_equal(d.count, 100);
    for (unsigned i = 0; i < 50; i++)
        ln_diag_error(&d, &here, "more");
    assert_int_equal(d.count, 101);
    assert_int_equal(d.errors, 150);
    assert_string_equal(d.items[99].text, "99");
    assert_string_equal(d.items[100].text, "there is more; only the first 100 are shown");
    ln_diag_fini(&d);
}

static void test_sorts_by_line_and_column(void **state)
{
    static const struct ln_place places[] = {{"f", 9, 1}, {"f", 2, 8}, {"f", 2, 3}, {"f", 1, 1}};
    struct ln_diag d;

    (void)state;
    ln_diag_init(&d);
    for (unsigned i = 0; i < 4; i++)
        ln_diag_error(&d, &places[i], "%u", i);
    ln_diag_sort(&d, 1); /* the first was there before */
    assert_string_equal(d.items[0].text, "0");
    assert_string_equal(d.items[1].text, "3");
    assert_string_equal(d.items[2].text, "2");
    assert_string_equal(d.items[3].text, "1");
    ln_diag_fini(&d);
}

static void test_sorting_keeps_equal_places_in_order(void **state)
{
    struct ln_diag d;

    (void)state;
    ln_diag_init(&d);
    for (unsigned i = 0; i < 3; i++)
        ln_diag_error(&d, &here, "%u", i);
    ln_diag_sort(&d, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(d.items[i].text[0], '0' + i);
    ln_diag_fini(&d);
}

static void test_place_is_copied(void **state)
{
    char file[] = "gateway.yaml";
    struct ln_place place = {file, 1, 1};
    struct ln_diag d;

    (void)state;
    ln_diag_init(&d);
    ln_diag_error(&d, &place, "x");
    file[0] = 'X';
    assert_string_equal(d.items[0].file, "gateway.yaml");
    ln_diag_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prints_place_and_text),
        cmocka_unit_test(test_prints_json),
        cmocka_unit_test(test_keeps_a_hundred_and_says_so),
        cmocka_unit_test(test_sorts_by_line_and_column),
        cmocka_unit_test(test_sorting_keeps_equal_places_in_order),
        cmocka_unit_test(test_place_is_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
