/* SPDX-License-Identifier: Apache-2.0
 * test_logging.c - log settings on their way from a configuration to a process.
 */
#include "server/place.h"

#include "base/log.h"
#include "server/logging.h"

static void apply(const char *level, const char *format, const char *file)
{
    struct ln_gateway_conf conf = {.log_level = level, .log_format = format, .log_file = file};
    struct ln_text text;

    ln_text_init(&text);
    ln_logging_describe(&conf, &text);
    ln_logging_apply(ln_slice(text.p, text.n));
    ln_text_fini(&text);
}

static void read_file(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    fclose(f);
}

static int put_back(void **state)
{
    ln_log_open(NULL, LN_LOG_INFO, LN_LOG_TEXT, NULL);
    return place_teardown(state);
}

static void test_level_format_and_file_are_taken(void **state)
{
    char text[1024];

    apply("warn", "json", at(*state, "a.log"));
    assert_false(ln_log_is_on(LN_LOG_INFO));
    ln_warn("a warning");
    read_file(at(*state, "a.log"), text, sizeof text);
    assert_int_equal(text[0], '{');
    assert_non_null(strstr(text, "\"a warning\""));
    apply("debug", "text", at(*state, "b.log"));
    assert_true(ln_log_is_on(LN_LOG_DEBUG));
    ln_warn("another");
    read_file(at(*state, "b.log"), text, sizeof text);
    assert_non_null(strstr(text, " warn "));
}

static void test_file_that_cannot_be_opened_leaves_the_old_log(void **state)
{
    char text[1024];

    apply("info", "text", at(*state, "a.log"));
    apply("info", "text", at(*state, "nowhere/b.log"));
    ln_warn("still here");
    read_file(at(*state, "a.log"), text, sizeof text);
    assert_non_null(strstr(text, "nowhere/b.log"));
    assert_non_null(strstr(text, "still here"));
}

static void test_no_settings_change_nothing(void **state)
{
    apply("error", "text", at(*state, "a.log"));
    ln_logging_apply(ln_slice(NULL, 0));
    assert_false(ln_log_is_on(LN_LOG_WARN));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, put_back)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_level_format_and_file_are_taken),
        TEST(test_file_that_cannot_be_opened_leaves_the_old_log),
        TEST(test_no_settings_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
