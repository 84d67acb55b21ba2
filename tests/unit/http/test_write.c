/* SPDX-License-Identifier: Apache-2.0
 * test_write.c - writing heads, and what happens when the window is too small.
 */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>

#include "http/write.h"

static char window[512];

static struct ln_slice written(const struct ln_writer *w)
{
    assert_false(w->overflow);
    return ln_slice(window, (size_t)(w->at - window));
}

static void test_pieces_follow_each_other(void **state)
{
    struct ln_writer w = ln_writer(window, sizeof window);

    (void)state;
    ln_write_literal(&w, "a");
    ln_write_slice(&w, LN_SLICE("bc"));
    ln_write_slice(&w, ln_slice(NULL, 0));
    ln_write_bytes(&w, "d\0e", 3);
    ln_write_crlf(&w);
    assert_int_equal(written(&w).n, 8);
    assert_memory_equal(window, "abcd\0e\r\n", 8);
}

static void test_numbers(void **state)
{
    static const uint64_t numbers[] = {0, 7, 10, 99, 100, 65535, INT64_MAX, UINT64_MAX};
    char expected[64];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct ln_writer w = ln_writer(window, sizeof window);

        ln_write_u64(&w, numbers[i]);
        ln_write_literal(&w, " ");
        ln_write_hex(&w, numbers[i]);
        snprintf(expected, sizeof expected, "%" PRIu64 " %" PRIx64, numbers[i], numbers[i]);
        assert_slice(written(&w), expected);
    }
}

static void test_fields_rfc9112_5(void **state)
{
    struct ln_writer w = ln_writer(window, sizeof window);

    (void)state;
    ln_write_field(&w, LN_SLICE("Host"), LN_SLICE("a"));
    ln_write_field(&w, LN_SLICE("X-Empty"), ln_slice(NULL, 0));
    ln_write_field_u64(&w, LN_SLICE("Content-Length"), 42);
    assert_slice(written(&w), "Host: a\r\nX-Empty: \r\nContent-Length: 42\r\n");
}

static void test_dropped_fields_are_not_written(void **state)
{
    struct ln_writer w = ln_writer(window, sizeof window);
    struct ln_arena arena;
    struct ln_fields f;

    (void)state;
    ln_arena_init(&arena, NULL);
    ln_fields_init(&f, &arena);
    ln_fields_add(&f, LN_SLICE("A"), LN_SLICE("1"));
    ln_fields_add(&f, LN_SLICE("B"), LN_SLICE("2"));
    ln_fields_add(&f, LN_SLICE("A"), LN_SLICE("3"));
    ln_fields_remove(&f, LN_SLICE("b"));
    ln_write_fields(&w, &f);
    assert_slice(written(&w), "A: 1\r\nA: 3\r\n");
    ln_arena_reset(&arena);
}

static void test_request_lines_rfc9112_3(void **state)
{
    struct ln_writer w = ln_writer(window, sizeof window);

    (void)state;
    ln_write_request_line(&w, LN_SLICE("GET"), LN_SLICE("/a"), ln_slice(NULL, 0));
    ln_write_request_line(&w, LN_SLICE("PUT"), LN_SLICE("/"), LN_SLICE("b=c"));
    ln_write_request_line(&w, LN_SLICE("GET"), LN_SLICE("/"), LN_SLICE(""));
    assert_slice(written(&w), "GET /a HTTP/1.1\r\nPUT /?b=c HTTP/1.1\r\nGET /? HTTP/1.1\r\n");
}

static void test_status_lines_rfc9112_4(void **state)
{
    struct ln_writer w = ln_writer(window, sizeof window);

    (void)state;
    ln_write_status_line(&w, 200, ln_slice(NULL, 0));
    ln_write_status_line(&w, 200, LN_SLICE("Fine"));
    ln_write_status_line(&w, 299, ln_slice(NULL, 0));
    ln_write_status_line(&w, 204, LN_SLICE(""));
    assert_slice(written(&w),
                 "HTTP/1.1 200 OK\r\nHTTP/1.1 200 Fine\r\nHTTP/1.1 299 \r\nHTTP/1.1 204 \r\n");
}

/* For every size of the window: all fits, or overflow is told and nothing is written beyond. */
static void test_every_window_that_is_too_small_is_noticed(void **state)
{
    (void)state;
    for (size_t room = 0; room < 80; room++) {
        struct ln_writer w = ln_writer(window, room);

        memset(window, '?', sizeof window);
        ln_write_status_line(&w, 200, ln_slice(NULL, 0));      /* 17 */
        ln_write_field(&w, LN_SLICE("Server"), LN_SLICE("x")); /* 11 */
        ln_write_field_u64(&w, LN_SLICE("Content-Length"), 5); /* 19 */
        ln_write_crlf(&w);
        assert_int_equal(w.overflow, room < 49);
        for (size_t i = room; i < sizeof window; i++)
            assert_int_equal(window[i], '?');
    }
}

static void test_after_an_overflow_nothing_more_is_written(void **state)
{
    struct ln_writer w = ln_writer(window, 4);

    (void)state;
    memset(window, '?', sizeof window);
    ln_write_literal(&w, "12345");
    ln_write_literal(&w, "1");
    ln_write_field(&w, LN_SLICE(""), LN_SLICE(""));
    assert_true(w.overflow);
    assert_memory_equal(window, "????", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_follow_each_other),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_fields_rfc9112_5),
        cmocka_unit_test(test_dropped_fields_are_not_written),
        cmocka_unit_test(test_request_lines_rfc9112_3),
        cmocka_unit_test(test_status_lines_rfc9112_4),
        cmocka_unit_test(test_every_window_that_is_too_small_is_noticed),
        cmocka_unit_test(test_after_an_overflow_nothing_more_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
