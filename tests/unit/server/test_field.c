/* SPDX-License-Identifier: Apache-2.0
 * test_field.c - members of our own JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/field.h"

static bool is(struct ln_slice object, const char *name, const char *value)
{
    return ln_slice_eq(ln_field_raw(object, name), ln_slice_of(value));
}

static void test_finds_members_of_every_kind(void **state)
{
    struct ln_slice o =
        LN_SLICE("{\"ok\":true,\"n\":17,\"list\":[1,{\"n\":2}],\"o\":{\"n\":3},\"s\":\"x\"}");

    (void)state;
    assert_true(is(o, "ok", "true"));
    assert_true(is(o, "n", "17"));
    assert_true(is(o, "list", "[1,{\"n\":2}]"));
    assert_true(is(o, "o", "{\"n\":3}"));
    assert_true(is(o, "s", "\"x\""));
    assert_null(ln_field_raw(o, "x").p);
}

static void test_strings_may_hold_anything(void **state)
{
    struct ln_slice o = LN_SLICE("{\"a\":\"}],\\\"b\\\":1\",\"b\":2}");

    (void)state;
    assert_true(is(o, "b", "2"));
}

static void test_text_comes_back_as_it_was(void **state)
{
    static const char wild[] = "line\nquote\" back\\slash \x01 tab\t \xc3\xa9";
    struct ln_text json, text;

    (void)state;
    ln_text_init(&json);
    ln_text_init(&text);
    ln_text_puts(&json, "{\"text\":");
    ln_text_json(&json, ln_slice_of(wild));
    ln_text_puts(&json, "}");
    ln_field_text(ln_field_raw(ln_slice(json.p, json.n), "text"), &text);
    assert_string_equal(text.p, wild);
    ln_text_fini(&json);
    ln_text_fini(&text);
}

static void test_escapes_become_utf8(void **state)
{
    struct ln_text text;

    (void)state;
    ln_text_init(&text);
    ln_field_text(LN_SLICE("\"\\u0000a\\u007f\\u00e9\\u07ff\\u0800\\uFFFD\""), &text);
    assert_int_equal(text.n, 13);
    assert_memory_equal(text.p, "\0a\x7f\xc3\xa9\xdf\xbf\xe0\xa0\x80\xef\xbf\xbd", 13);
    ln_text_fini(&text);
}

static void test_cut_off_objects_do_no_harm(void **state)
{
    static const char whole[] = "{\"ok\":true,\"list\":[1,{\"n\":2}],\"s\":\"x\\n\"}";
    struct ln_text text;

    (void)state;
    for (size_t n = 0; n < sizeof whole; n++) {
        ln_text_init(&text);
        ln_field_text(ln_field_raw(ln_slice(whole, n), "s"), &text);
        ln_text_fini(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_members_of_every_kind),
        cmocka_unit_test(test_strings_may_hold_anything),
        cmocka_unit_test(test_text_comes_back_as_it_was),
        cmocka_unit_test(test_escapes_become_utf8),
        cmocka_unit_test(test_cut_off_objects_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
