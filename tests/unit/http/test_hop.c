/* SPDX-License-Identifier: Apache-2.0
 * test_hop.c - what stops here, and what no Connection can remove.
 */
#include "unit.h"

#include <stdio.h>

#include "http/hop.h"
#include "http/write.h"

/* Lines "Name: value\n" become fields, the hop-by-hop ones go, and the rest is as expected. */
static void left(const char *lines, const char *expected)
{
    char bytes[1024];
    struct ln_writer w = ln_writer(bytes, sizeof bytes);
    struct ln_arena arena;
    struct ln_fields f;

    ln_arena_init(&arena, NULL);
    ln_fields_init(&f, &arena);
    while (*lines != '\0') {
        const char *colon = strchr(lines, ':'), *end = strchr(lines, '\n');

        assert_true(ln_fields_add(&f, ln_slice(lines, (size_t)(colon - lines)),
                                  ln_slice_trim(ln_slice(colon + 1, (size_t)(end - colon - 1)))));
        lines = end + 1;
    }
    ln_fields_drop_hop_by_hop(&f);
    ln_write_fields(&w, &f);
    assert_slice(ln_slice(bytes, (size_t)(w.at - bytes)), expected);
    ln_arena_reset(&arena);
}

static void test_fields_of_the_table_stop_here_rfc9110_7_6_1(void **state)
{
    (void)state;
    left("Connection: close\nKeep-Alive: x\nTE: trailers\nTransfer-Encoding: chunked\nUpgrade: x\n"
         "Proxy-Connection: x\nProxy-Authenticate: x\nProxy-Authorization: x\nA: b\n",
         "A: b\r\n");
}

static void test_everything_else_passes(void **state)
{
    (void)state;
    left("Host: a\nTrailer: x\nCookie: c\nVia: 1.1 x\n",
         "Host: a\r\nTrailer: x\r\nCookie: c\r\nVia: 1.1 x\r\n");
    left("", "");
}

static void test_named_fields_stop_here_rfc9110_7_6_1(void **state)
{
    (void)state;
    left("X-A: 1\nConnection: close, x-a ,, X-B\nX-B: 2\nx-a: 3\nX-C: 4\n", "X-C: 4\r\n");
    left("Connection: X-A\nX-A: 1\nConnection: X-B\nX-B: 2\nX-C: 3\n", "X-C: 3\r\n");
    left("Connection: Trailer\nTrailer: x\nA: b\n", "A: b\r\n");
}

static void test_no_connection_removes_framing_rfc9112_6(void **state)
{
    (void)state;
    left("Connection: Content-Length, CONTENT-length\nContent-Length: 5\n",
         "Content-Length: 5\r\n");
    left("Connection: Host\nHost: a\n", "Host: a\r\n");
    left(
        "Connection: Set-Cookie, Cache-Control, Content-Encoding\nSet-Cookie: a\nCache-Control: b\n"
        "Content-Encoding: c\n",
        "Set-Cookie: a\r\nCache-Control: b\r\nContent-Encoding: c\r\n");
}

static void test_the_options_themselves_are_no_names(void **state)
{
    (void)state;
    left("Connection: close\nClose: x\n", "Close: x\r\n");
    left("Connection: keep-alive\nX: y\n", "X: y\r\n");
}

static void test_what_is_protected(void **state)
{
    static const char *const names[] = {"host",
                                        "Content-Length",
                                        "Transfer-Encoding",
                                        "X-Forwarded-For",
                                        "Forwarded",
                                        "Authorization",
                                        "Cookie",
                                        "Content-Type",
                                        "Range"};
    static const char *const free_names[] = {"close",   "keep-alive",    "te",
                                             "upgrade", "x-mine",        "proxy-authorization",
                                             "trailer", "http2-settings"};

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(names); i++)
        assert_true(ln_hop_is_protected(ln_slice_of(names[i])));
    for (size_t i = 0; i < LN_ARRAY_LEN(free_names); i++)
        assert_false(ln_hop_is_protected(ln_slice_of(free_names[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_of_the_table_stop_here_rfc9110_7_6_1),
        cmocka_unit_test(test_everything_else_passes),
        cmocka_unit_test(test_named_fields_stop_here_rfc9110_7_6_1),
        cmocka_unit_test(test_no_connection_removes_framing_rfc9112_6),
        cmocka_unit_test(test_the_options_themselves_are_no_names),
        cmocka_unit_test(test_what_is_protected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
