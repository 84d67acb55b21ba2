/* SPDX-License-Identifier: Apache-2.0
 * test_log.c - what lines look like, and that a stuck or dead reader is never waited for.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"

enum { PIPE_SIZE = 16384 };

static char folder[32], path[64];
static int reader = -1;
static char seen[1 << 17];

/* Everything that waits in the FIFO. */
static const char *drain(void)
{
    size_t n = 0;
    ssize_t got;

    while ((got = read(reader, seen + n, sizeof seen - 1 - n)) > 0)
        n += (size_t)got;
    seen[n] = '\0';
    return seen;
}

/* The log goes into a FIFO that holds four pages, so that a test fills it with a few lines. */
static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ln-log-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/fifo", folder);
    if (mkfifo(path, 0600) != 0)
        return -1;
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ln_clock_freeze(1, 1700000000123456789u);
    ln_log_name("test");
    if (reader < 0 || ln_log_open(path, LN_LOG_INFO, LN_LOG_TEXT, NULL) != 0)
        return -1;
    ln_info("clears what a former test left to be told");
    drain();
    return fcntl(reader, F_SETPIPE_SZ, PIPE_SIZE) == PIPE_SIZE ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ln_clock_thaw();
    ln_log_open(NULL, LN_LOG_INFO, LN_LOG_TEXT, NULL);
    if (reader >= 0)
        close(reader);
    reader = -1;
    unlink(path);
    rmdir(folder);
    return 0;
}

static void test_a_text_line(void **state)
{
    (void)state;
    ln_warn("instance %s is down", "a:1");
    assert_string_equal(drain(), "2023-11-14T22:13:20.123Z warn  test: instance a:1 is down\n");
}

static void test_a_level_in_colour(void **state)
{
    (void)state;
    ln_log_colour(true);
    ln_error("no");
    ln_log_colour(false);
    assert_string_equal(drain(), "2023-11-14T22:13:20.123Z \x1b[1;31merror\x1b[0m test: no\n");
    ln_error("no");
    assert_string_equal(drain(), "2023-11-14T22:13:20.123Z error test: no\n");
}

static void test_a_json_line_with_fields(void **state)
{
    (void)state;
    assert_int_equal(ln_log_open(path, LN_LOG_INFO, LN_LOG_JSON, NULL), 0);
    ln_log_fields(LN_LOG_ERROR, LN_SLICE("say \"hi\"\n"), LN_SLICE("{\"a\":1}"));
    assert_string_equal(
        drain(), "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"error\","
                 "\"from\":\"test\",\"message\":\"say \\\"hi\\\"\\n\",\"fields\":{\"a\":1}}\n");
}

static void test_fields_stand_after_a_text(void **state)
{
    (void)state;
    ln_log_fields(LN_LOG_INFO, LN_SLICE("hello"), LN_SLICE("{\"a\":1}"));
    assert_non_null(strstr(drain(), "test: hello {\"a\":1}\n"));
    ln_log_fields(LN_LOG_INFO, LN_SLICE("hello"), LN_SLICE("{}"));
    assert_non_null(strstr(drain(), "test: hello\n"));
}

static void test_levels_below_are_silent(void **state)
{
    (void)state;
    ln_debug("too fine");
    assert_string_equal(drain(), "");
    assert_false(ln_log_is_on(LN_LOG_DEBUG));
    assert_true(ln_log_is_on(LN_LOG_ERROR));
    ln_log_open(path, LN_LOG_DEBUG, LN_LOG_TEXT, NULL);
    ln_debug("now heard");
    assert_non_null(strstr(drain(), "debug test: now heard\n"));
}

static void test_a_message_cannot_pass_for_another_line(void **state)
{
    (void)state;
    ln_info("one\ntwo\tthree\x1b[31m\r%c", 0x7f);
    assert_non_null(strstr(drain(), "test: one\n    two  three\\x1b[31m\\x0d\\x7f\n"));
}

static void test_a_line_of_any_length_is_whole(void **state)
{
    (void)state;
    ln_info("%0*d", 3000, 7);
    const char *line = drain();

    assert_int_equal(strlen(line), strlen("2023-11-14T22:13:20.123Z info  test: ") + 3000 + 1);
    assert_int_equal(line[strlen(line) - 2], '7');
}

static void test_errno_survives(void **state)
{
    (void)state;
    errno = ENOTEMPTY;
    ln_info("system: %m");
    assert_int_equal(errno, ENOTEMPTY);
    assert_non_null(strstr(drain(), "system: Directory not empty\n"));
}

static void test_a_stuck_reader_costs_lines_and_is_told_how_many(void **state)
{
    uint64_t before = ln_log_dropped();
    char expected[80];

    (void)state;
    for (int i = 0; i < 500; i++)
        ln_info("line %d fills the pipe", i);
    uint64_t dropped = ln_log_dropped() - before;

    assert_in_range(dropped, 500 - PIPE_SIZE / 50, 499);
    assert_non_null(strstr(drain(), "line 0 fills"));
    ln_info("after");
    snprintf(expected, sizeof expected, "warn  test: %llu log lines were dropped",
             (unsigned long long)dropped);
    const char *told = strstr(drain(), expected);

    assert_non_null(told);
    assert_non_null(strstr(told, "test: after\n"));
    ln_info("and only once");
    assert_null(strstr(drain(), "dropped"));
}

static void test_a_line_cut_by_a_full_pipe_does_not_run_into_the_next(void **state)
{
    uint64_t before = ln_log_dropped();

    (void)state;
    ln_info("%0*d", 2 * PIPE_SIZE, 1); /* more than the pipe holds */
    assert_int_equal(ln_log_dropped() - before, 1);
    assert_non_null(strstr(drain(), "test: 0000"));
    ln_info("whole");
    assert_int_equal(drain()[0], '\n');
    assert_non_null(strstr(seen, "test: whole\n"));
}

static void test_a_dead_reader_kills_nobody(void **state)
{
    uint64_t before = ln_log_dropped();

    (void)state;
    close(reader);
    reader = -1;
    ln_info("into the void"); /* SIGPIPE would end this program */
    assert_int_equal(ln_log_dropped() - before, 1);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ln_info("heard again");
    assert_non_null(strstr(drain(), "heard again\n"));
}

static void test_reopening_follows_a_renamed_file(void **state)
{
    char file[64], old[64], line[200];

    (void)state;
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(old, sizeof old, "%s/old", folder);
    assert_int_equal(ln_log_open(file, LN_LOG_INFO, LN_LOG_TEXT, NULL), 0);
    ln_info("first");
    assert_int_equal(rename(file, old), 0);
    assert_int_equal(ln_log_reopen(NULL), 0);
    ln_info("second");

    FILE *f = fopen(file, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_non_null(strstr(line, "second"));
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
    unlink(file);
    unlink(old);
}

static void test_a_file_that_cannot_be_opened_changes_nothing(void **state)
{
    struct ln_err err;

    (void)state;
    assert_int_equal(ln_log_open("/nonexistent/log", LN_LOG_DEBUG, LN_LOG_JSON, &err), -1);
    assert_string_equal(err.text, "log file /nonexistent/log: No such file or directory");
    ln_info("still here");
    assert_non_null(strstr(drain(), "test: still here\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_text_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_level_in_colour, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_json_line_with_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields_stand_after_a_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels_below_are_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_message_cannot_pass_for_another_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_of_any_length_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errno_survives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stuck_reader_costs_lines_and_is_told_how_many,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_cut_by_a_full_pipe_does_not_run_into_the_next,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_dead_reader_kills_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reopening_follows_a_renamed_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_opened_changes_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
