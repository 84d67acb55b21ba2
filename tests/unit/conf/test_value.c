/* SPDX-License-Identifier: Apache-2.0
 * test_value.c - durations, sizes, shares, switches, names and paths.
 */
#include "conf/value.h"

#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        ln_msec value;
    } rows[] = {
        {"0", 0},          {"0s", 0},
        {"30", 30000},     {"1.5", 1500},
        {"0.25", 250},     {"250ms", 250},
        {"30s", 30000},    {"5m", 300000},
        {"24h", 86400000}, {"1d", 86400000},
        {"1.5h", 5400000}, {"30S", 30000},
        {"250MS", 250},    {"0.0001s", 1},
        {"0.5ms", 1},      {"1.000001s", 1001},
        {"007", 7000},     {"999999999999ms", 999999999999},
        {"0.000000", 0},
    };
    ln_msec value;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!ln_value_duration(ln_slice_of(rows[i].text), &value))
            fail_msg("\"%s\" is refused", rows[i].text);
        assert_int_equal(value, rows[i].value);
    }
}

static void test_what_is_no_duration(void **state)
{
    static const char *const texts[] = {
        "",     "s",    "-1",  "+1",    "1 s",       " 1",           "1s ", ".5",
        "1.",   "1.s",  "1w",  "1ss",   "0x10",      "1e3",          "inf", "nan",
        "1,5s", "1:30", "ten", "1.5.5", "1.0000001", "9999999999999"};
    ln_msec value = 7;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (ln_value_duration(ln_slice_of(texts[i]), &value))
            fail_msg("\"%s\" is accepted", texts[i]);
    assert_int_equal(value, 7);
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } rows[] = {{"0", 0},           {"1", 1},
                {"65536", 65536},   {"64k", 65536},
                {"64K", 65536},     {"1m", 1048576},
                {"2g", 2147483648}, {"17179869183g", 18446744072635809792u}};
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!ln_value_size(ln_slice_of(rows[i].text), &value))
            fail_msg("\"%s\" is refused", rows[i].text);
        assert_true(value == rows[i].value);
    }
}

static void test_what_is_no_size(void **state)
{
    static const char *const texts[] = {"",    "k",    "-1",           "1.5k",
                                        "1 k", "64kb", "64ki",         "1t",
                                        "0x1", "1e6",  "17179869184g", "9999999999999999999"};
    uint64_t value = 7;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (ln_value_size(ln_slice_of(texts[i]), &value))
            fail_msg("\"%s\" is accepted", texts[i]);
    assert_int_equal(value, 7);
}

static void test_shares(void **state)
{
    double value = 7;

    (void)state;
    assert_true(ln_value_share(LN_SLICE("20%"), &value));
    assert_true(value > 0.1999 && value < 0.2001);
    assert_true(ln_value_share(LN_SLICE("0.5"), &value));
    assert_true(value > 0.4999 && value < 0.5001);
    assert_true(ln_value_share(LN_SLICE("100%"), &value));
    assert_true(value > 0.9999 && value < 1.0001);
    assert_true(ln_value_share(LN_SLICE("0"), &value));
    assert_false(ln_value_share(LN_SLICE("101%"), &value));
    assert_false(ln_value_share(LN_SLICE("1.1"), &value));
    assert_false(ln_value_share(LN_SLICE("-1%"), &value));
    assert_false(ln_value_share(LN_SLICE("5%%"), &value));
    assert_false(ln_value_share(LN_SLICE(""), &value));
}

static void test_switches(void **state)
{
    bool value = false;

    (void)state;
    assert_true(ln_value_switch(LN_SLICE("on"), &value) && value);
    assert_true(ln_value_switch(LN_SLICE("off"), &value) && !value);
    assert_true(ln_value_switch(LN_SLICE("true"), &value) && value);
    assert_true(ln_value_switch(LN_SLICE("false"), &value) && !value);
    assert_false(ln_value_switch(LN_SLICE("yes"), &value));
    assert_false(ln_value_switch(LN_SLICE("1"), &value));
    assert_false(ln_value_switch(LN_SLICE("On"), &value));
    assert_false(ln_value_switch(LN_SLICE(""), &value));
}

static void test_names(void **state)
{
    char longest[65];

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(ln_value_is_name(LN_SLICE("user-service")));
    assert_true(ln_value_is_name(LN_SLICE("a.b_C-9")));
    assert_true(ln_value_is_name(ln_slice(longest, 64)));
    assert_false(ln_value_is_name(ln_slice(longest, 65)));
    assert_false(ln_value_is_name(LN_SLICE("")));
    assert_false(ln_value_is_name(LN_SLICE("-a")));
    assert_false(ln_value_is_name(LN_SLICE("a b")));
    assert_false(ln_value_is_name(LN_SLICE("a/b")));
    assert_false(ln_value_is_name(LN_SLICE("\xc3\xa4")));
}

static void test_tokens(void **state)
{
    (void)state;
    assert_true(ln_value_is_token(LN_SLICE("X-Api-Key")));
    assert_true(ln_value_is_token(LN_SLICE("!#$%&'*+-.^_`|~")));
    assert_false(ln_value_is_token(LN_SLICE("")));
    assert_false(ln_value_is_token(LN_SLICE("X Y")));
    assert_false(ln_value_is_token(LN_SLICE("X:")));
    assert_false(ln_value_is_token(LN_SLICE("X\r")));
}

static void test_paths(void **state)
{
    static const char *const good[] = {"/",       "/api", "/api/",    "/api/users",
                                       "/a.b/~c", "/a:b", "/v1,2;x=1"};
    static const char *const bad[] = {"",     "api",  "//",    "/a//b", "/a/..", "/./a",     "/a*",
                                      "/:id", "/a b", "/a%20", "/a?b",  "/a#b",  "/\xc3\xa4"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (!ln_value_is_path(ln_slice_of(good[i])))
            fail_msg("\"%s\" is refused", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (ln_value_is_path(ln_slice_of(bad[i])))
            fail_msg("\"%s\" is accepted", bad[i]);
}

static void test_prints_durations_as_short_as_possible(void **state)
{
    static const struct {
        ln_msec value;
        const char *text;
    } rows[] = {{0, "0"},        {1, "1ms"},       {999, "999ms"},
                {1000, "1s"},    {90000, "90s"},   {60000, "1m"},
                {3600000, "1h"}, {86400000, "1d"}, {31536000000, "365d"}};
    struct ln_text out;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ln_text_init(&out);
        ln_value_print_duration(rows[i].value, &out);
        assert_string_equal(out.p, rows[i].text);
        ln_text_fini(&out);
    }
}

static void test_prints_sizes_as_short_as_possible(void **state)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {{0, "0"},     {1, "1"},        {1023, "1023"},
                {1024, "1k"}, {1 << 20, "1m"}, {(uint64_t)4 << 30, "4g"}};
    struct ln_text out;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ln_text_init(&out);
        ln_value_print_size(rows[i].value, &out);
        assert_string_equal(out.p, rows[i].text);
        ln_text_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_what_is_no_duration),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_what_is_no_size),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_prints_durations_as_short_as_possible),
        cmocka_unit_test(test_prints_sizes_as_short_as_possible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
