/* SPDX-License-Identifier: Apache-2.0
 * test_accept.c - JSON or text, as the client would rather have it.
 */
#include "unit.h"

#include "base/assert.h"
#include "http/accept.h"

static void all(const char *const *rows, size_t n, bool json)
{
    for (size_t i = 0; i < n; i++)
        if (ln_accept_prefers_json(ln_slice_of(rows[i])) != json)
            fail_msg("%s", rows[i] != NULL ? rows[i] : "(absent)");
}

static void test_text_unless_json_is_asked_for(void **state)
{
    static const char *const rows[] = {NULL,
                                       "",
                                       "*/*",
                                       "text/html",
                                       "image/*",
                                       "text/plain",
                                       "application/xml",
                                       "*/*;q=0.1",
                                       "application/jsonx"};

    (void)state;
    all(rows, LN_ARRAY_LEN(rows), false);
}

static void test_json_when_it_is_named(void **state)
{
    static const char *const rows[] = {
        "application/json",
        "APPLICATION/Json",
        "application/*",
        "application/json, */*",
        "application/json, text/*",
        "application/json; charset=utf-8",
        "text/html, application/json;q=0.9",
        " , application/json , ",
    };

    (void)state;
    all(rows, LN_ARRAY_LEN(rows), true);
}

static void test_weights_rfc9110_12_4_2(void **state)
{
    static const char *const json[] = {
        "application/json;q=0.9, text/plain;q=0.8", "text/plain;q=0.5, application/json",
        "application/json;q=0.001", "application/json; q=1.000, text/plain;q=0.999"};
    static const char *const text[] = {"application/json;q=0.8, text/plain;q=0.9",
                                       "application/json;q=0", "application/json;Q=0.1, text/*",
                                       "application/json;q=0.000", "application/json, text/plain"};

    (void)state;
    all(json, LN_ARRAY_LEN(json), true);
    all(text, LN_ARRAY_LEN(text), false);
}

static void test_the_most_specific_range_decides_rfc9110_12_5_1(void **state)
{
    (void)state;
    assert_false(ln_accept_prefers_json(LN_SLICE("*/*, application/json;q=0.1")));
    assert_true(ln_accept_prefers_json(LN_SLICE("*/*, text/plain;q=0.1")));
    assert_false(
        ln_accept_prefers_json(LN_SLICE("application/*;q=1, application/json;q=0, text/*;q=0.2")));
    assert_true(ln_accept_prefers_json(LN_SLICE("text/*;q=0.3, application/*;q=0.4")));
}

static void test_malformed_weights_do_not_count_rfc9110_12_4_2(void **state)
{
    static const char *const rows[] = {
        "application/json;q=2", "application/json;q=1.001",  "application/json;q=x",
        "application/json;q=",  "application/json;q=0.0001", "application/json;q=-1",
        "application/json;q=.5"};

    (void)state;
    all(rows, LN_ARRAY_LEN(rows), false);
    assert_true(ln_accept_prefers_json(LN_SLICE("application/json;q=0.5")));
}

static void test_quoted_parameters_hide_their_commas_rfc9110_5_6_4(void **state)
{
    (void)state;
    assert_false(ln_accept_prefers_json(LN_SLICE("text/html;a=\", application/json, \"")));
    assert_true(ln_accept_prefers_json(LN_SLICE("text/html;a=\"\\\", x\", application/json")));
    assert_false(ln_accept_prefers_json(LN_SLICE("text/html;a=\"unclosed, application/json")));
}

static void takes_gzip(const char *const *rows, size_t n, bool expected)
{
    for (size_t i = 0; i < n; i++)
        if (ln_accept_takes_coding(ln_slice_of(rows[i]), LN_SLICE("gzip")) != expected)
            fail_msg("%s", rows[i] != NULL ? rows[i] : "(absent)");
}

static void test_codings_that_are_wanted(void **state)
{
    static const char *const rows[] = {
        "gzip",
        "GZip",
        "x-gzip",
        "deflate, gzip;q=0.1",
        "*",
        "br, *;q=0.1",
        "identity;q=0.5, gzip",
        "gzip;q=0.5, identity;q=0.5",
        "identity;q=0, gzip;q=0.001",
        " , gzip ; q=1.000 ,",
        "br;q=7, gzip",
    };

    (void)state;
    takes_gzip(rows, LN_ARRAY_LEN(rows), true);
}

static void test_codings_that_are_not(void **state)
{
    static const char *const rows[] = {
        NULL,
        "",
        "identity",
        "br, deflate",
        "gzip;q=0",
        "gzip;q=0, *",
        "*;q=0",
        "*, gzip;q=0.000",
        "gzip;q=0.4, identity;q=0.5",
        "gzipx",
        "gzip;q=2",
        "gzip;q=",
        "gzip;level=9",
        "\"gzip\"",
    };

    (void)state;
    takes_gzip(rows, LN_ARRAY_LEN(rows), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_unless_json_is_asked_for),
        cmocka_unit_test(test_json_when_it_is_named),
        cmocka_unit_test(test_weights_rfc9110_12_4_2),
        cmocka_unit_test(test_the_most_specific_range_decides_rfc9110_12_5_1),
        cmocka_unit_test(test_malformed_weights_do_not_count_rfc9110_12_4_2),
        cmocka_unit_test(test_quoted_parameters_hide_their_commas_rfc9110_5_6_4),
        cmocka_unit_test(test_codings_that_are_wanted),
        cmocka_unit_test(test_codings_that_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
