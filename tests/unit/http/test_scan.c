/* SPDX-License-Identifier: Apache-2.0
 * test_scan.c - where a head ends, how much of it is too much, and what is refused before it is
 * complete.
 */
#include "heads.h"

/* The scanner alone, on bytes that are not a whole head. */
static long scan(const char *p, size_t n, bool request, enum ln_reject *why)
{
    struct ln_head_scan s = {0};
    char *copy = malloc(n > 0 ? n : 1);

    memcpy(copy, p, n);
    *why = LN_REJECT_NONE;
    long end = ln_head_end(&s, copy, n, &heads_limits, request, why);

    free(copy);
    return end;
}

static void refused_early(const char *p, size_t n, bool request, enum ln_reject expected)
{
    static const char good[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    enum ln_reject why;

    assert_int_equal(scan(p, n, request, &why), -1);
    if (why != expected)
        fail_msg("%s instead of %s", ln_reject_row(why)->code, ln_reject_row(expected)->code);
    assert_int_equal(scan(good, sizeof good - 1, true, &why), sizeof good - 1);
}

#define early_request(why, literal)                                                                \
    refused_early("" literal, sizeof(literal) - 1, true, LN_REJECT_##why)
#define early_response(why, literal)                                                               \
    refused_early("" literal, sizeof(literal) - 1, false, LN_REJECT_##why)

static void test_the_end_is_behind_the_first_empty_line(void **state)
{
    static const char two[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    enum ln_reject why;

    (void)state;
    assert_int_equal(scan(two, sizeof two - 1, true, &why), 27);
}

static void test_more_is_wanted_until_then_byte_by_byte(void **state)
{
    static const char head[] = "GET /a HTTP/1.1\r\nHost: a\r\nX-Long: value\r\n\r\n";
    struct ln_head_scan s = {0};
    enum ln_reject why;

    (void)state;
    for (size_t n = 0; n < sizeof head - 1; n++)
        assert_int_equal(ln_head_end(&s, head, n, &heads_limits, true, &why), 0);
    assert_int_equal(ln_head_end(&s, head, sizeof head - 1, &heads_limits, true, &why),
                     sizeof head - 1);
}

static void test_any_two_cuts_find_the_same_end(void **state)
{
    static const char head[] = "PUT /a HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\nbody";

    (void)state;
    for (size_t a = 1; a < sizeof head; a++) {
        for (size_t b = a; b < sizeof head; b++) {
            struct ln_head_scan s = {0};
            enum ln_reject why;
            long end = ln_head_end(&s, head, a, &heads_limits, true, &why);

            if (end == 0)
                end = ln_head_end(&s, head, b, &heads_limits, true, &why);
            if (end == 0)
                end = ln_head_end(&s, head, sizeof head - 1, &heads_limits, true, &why);
            assert_int_equal(end, sizeof head - 5);
        }
    }
}

static void test_empty_lines_before_a_request_rfc9112_2_2(void **state)
{
    (void)state;
    assert_int_equal(ln_head_skip_empty("\r\n\r\nGET", 7), 4);
    assert_int_equal(ln_head_skip_empty("GET", 3), 0);
    assert_int_equal(ln_head_skip_empty("", 0), 0);
    assert_int_equal(ln_head_skip_empty("\r", 1), 0);
    assert_int_equal(ln_head_skip_empty("\n", 1), 0);
    assert_int_equal(ln_head_skip_empty("\r\n\r\n\r\n\r\n\r\n\r\n", 12), 8);
}

static void test_a_lone_cr_may_become_an_empty_line(void **state)
{
    enum ln_reject why;

    (void)state;
    assert_int_equal(scan("\r", 1, true, &why), 0);
    early_request(REQUEST_LINE, "\r\n");
    early_request(REQUEST_LINE, "\rG");
}

static void test_a_bare_lf_is_refused_at_once_rfc9112_2_2(void **state)
{
    (void)state;
    early_request(LINE_END, "GET / HTTP/1.1\n");
    early_request(LINE_END, "GET / HTTP/1.1\r\nHost: a\n");
    early_request(LINE_END, "GET / HTTP/1.1\r\nHost: a\r\n\n");
    early_response(LINE_END, "HTTP/1.1 200 OK\n");
}

static void test_a_bare_cr_is_refused_at_once_rfc9112_2_2(void **state)
{
    (void)state;
    early_request(LINE_END, "GET / HTTP/1.1\rHost: a\r\r");
    early_request(LINE_END, "GET / HTTP/1.1\r\nHost: a\rb");
    early_request(LINE_END, "GET / HTTP/1.1\r\r\n");
    early_response(LINE_END, "HTTP/1.1 200 OK\rx");
}

static void test_a_bare_cr_is_seen_when_its_next_byte_comes(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nA: b\rc";
    struct ln_head_scan s = {0};
    enum ln_reject why;

    (void)state;
    for (size_t n = 1; n < sizeof head - 1; n++)
        assert_int_equal(ln_head_end(&s, head, n, &heads_limits, true, &why), 0);
    assert_int_equal(ln_head_end(&s, head, sizeof head - 1, &heads_limits, true, &why), -1);
    assert_int_equal(why, LN_REJECT_LINE_END);
}

static void test_a_tls_hello_is_named(void **state)
{
    (void)state;
    early_request(TLS, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    early_request(TLS, "\x16");
    early_request(REQUEST_LINE, "\x16\x09");
    request_bad(TLS, "\x16\x03\x01\r\n\r\n");
}

static void test_an_http2_preface_is_named_rfc9113_3_4(void **state)
{
    (void)state;
    early_request(HTTP2, "PRI * HTTP/2.0\r\n");
    request_bad(HTTP2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

static void test_bytes_that_begin_no_method_are_refused_at_once(void **state)
{
    (void)state;
    early_request(REQUEST_LINE, "\0");
    early_request(REQUEST_LINE, "\x05\x01");
    early_request(REQUEST_LINE, " GET");
    early_request(REQUEST_LINE, "{");
    early_request(REQUEST_LINE, "G\tT");
    early_request(REQUEST_LINE, "SSH-2.0-Open\x01");
}

static void test_an_endless_method_is_unknown_at_once_rfc9112_3(void **state)
{
    (void)state;
    early_request(METHOD, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

static void test_http_0_9_is_refused_at_its_line_end(void **state)
{
    (void)state;
    early_request(REQUEST_LINE, "GET /\r\n");
    early_request(REQUEST_LINE, "GET\r\n");
}

static void test_a_bad_version_is_refused_at_its_line_end_rfc9112_2_3(void **state)
{
    (void)state;
    early_request(VERSION_OTHER, "GET / HTTP/3.0\r\n");
    early_request(VERSION, "GET / HTTP/1.x\r\n");
    early_response(VERSION_OTHER, "HTTP/2.0 200 OK\r\n");
}

static void test_an_answer_in_another_protocol_is_refused_at_once(void **state)
{
    (void)state;
    early_response(STATUS_LINE, "SSH-2.0-OpenSSH");
    early_response(STATUS_LINE, "h");
    early_response(STATUS_LINE, "HTTQ");
    early_response(STATUS_LINE, "\r\n");
    early_response(STATUS_LINE, "ICY 200 OK\r\n");
}

/* A head whose first line has `target` bytes of target, and whose one field has `value` bytes of
 * value. */
static size_t build(char *out, size_t target, size_t value)
{
    size_t n = 0;

    n += (size_t)sprintf(out, "GET /");
    memset(out + n, 'a', target - 1);
    n += target - 1;
    n += (size_t)sprintf(out + n, " HTTP/1.1\r\nHost: a\r\nX: ");
    memset(out + n, 'v', value);
    n += value;
    return n + (size_t)sprintf(out + n, "\r\n\r\n");
}

/* GET SP target SP HTTP/1.1 is 13 bytes longer than its target. */
static void test_the_request_line_limit_is_exact_rfc9110_15_5_15(void **state)
{
    char head[4096];
    struct heads h;

    (void)state;
    size_t n = build(head, 512 - 13, 5);

    heads_accept(&h, head, n, true);
    heads_free(&h);
    n = build(head, 512 - 12, 5);
    heads_refuse(head, n, true, LN_REJECT_REQUEST_LINE_LONG);
}

static void test_an_endless_request_line_is_refused_when_the_limit_is_passed(void **state)
{
    char line[600];
    enum ln_reject why;

    (void)state;
    memset(line, 'a', sizeof line);
    memcpy(line, "GET /", 5);
    assert_int_equal(scan(line, 512, true, &why), 0);
    assert_int_equal(scan(line, 514, true, &why), -1);
    assert_int_equal(why, LN_REJECT_REQUEST_LINE_LONG);
}

/* "Host: a\r\n" is 9 bytes, "X: " and CRLF are 5. */
static void test_the_field_block_limit_is_exact_rfc6585_5(void **state)
{
    char head[4096];
    struct heads h;

    (void)state;
    size_t n = build(head, 1, 2048 - 14);

    heads_accept(&h, head, n, true);
    heads_free(&h);
    n = build(head, 1, 2048 - 13);
    heads_refuse(head, n, true, LN_REJECT_HEADERS_LARGE);
}

static void test_endless_fields_are_refused_when_the_limit_is_passed(void **state)
{
    char head[4096];
    enum ln_reject why;

    (void)state;
    build(head, 1, 3000);
    assert_int_equal(scan(head, 16 + 2048, true, &why), 0);
    assert_int_equal(scan(head, 16 + 2051, true, &why), -1);
    assert_int_equal(why, LN_REJECT_HEADERS_LARGE);
}

static void test_the_number_of_fields_is_bounded_rfc6585_5(void **state)
{
    char head[1024] = "GET / HTTP/1.1\r\nHost: a\r\n";
    struct heads h;

    (void)state;
    for (int i = 0; i < 31; i++)
        strcat(head, "A: b\r\n");
    strcat(head, "\r\n");
    heads_accept(&h, head, strlen(head), true);
    assert_int_equal(h.req.fields.count, 32);
    heads_free(&h);
    strcpy(head + strlen(head) - 2, "A: b\r\n\r\n");
    heads_refuse(head, strlen(head), true, LN_REJECT_HEADERS_MANY);
}

static void test_a_long_status_line_is_too_large(void **state)
{
    char head[1024] = "HTTP/1.1 200 ";

    (void)state;
    memset(head + 13, 'r', 600);
    strcpy(head + 613, "\r\n\r\n");
    heads_refuse(head, 617, false, LN_REJECT_HEADERS_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_end_is_behind_the_first_empty_line),
        cmocka_unit_test(test_more_is_wanted_until_then_byte_by_byte),
        cmocka_unit_test(test_any_two_cuts_find_the_same_end),
        cmocka_unit_test(test_empty_lines_before_a_request_rfc9112_2_2),
        cmocka_unit_test(test_a_lone_cr_may_become_an_empty_line),
        cmocka_unit_test(test_a_bare_lf_is_refused_at_once_rfc9112_2_2),
        cmocka_unit_test(test_a_bare_cr_is_refused_at_once_rfc9112_2_2),
        cmocka_unit_test(test_a_bare_cr_is_seen_when_its_next_byte_comes),
        cmocka_unit_test(test_a_tls_hello_is_named),
        cmocka_unit_test(test_an_http2_preface_is_named_rfc9113_3_4),
        cmocka_unit_test(test_bytes_that_begin_no_method_are_refused_at_once),
        cmocka_unit_test(test_an_endless_method_is_unknown_at_once_rfc9112_3),
        cmocka_unit_test(test_http_0_9_is_refused_at_its_line_end),
        cmocka_unit_test(test_a_bad_version_is_refused_at_its_line_end_rfc9112_2_3),
        cmocka_unit_test(test_an_answer_in_another_protocol_is_refused_at_once),
        cmocka_unit_test(test_the_request_line_limit_is_exact_rfc9110_15_5_15),
        cmocka_unit_test(test_an_endless_request_line_is_refused_when_the_limit_is_passed),
        cmocka_unit_test(test_the_field_block_limit_is_exact_rfc6585_5),
        cmocka_unit_test(test_endless_fields_are_refused_when_the_limit_is_passed),
        cmocka_unit_test(test_the_number_of_fields_is_bounded_rfc6585_5),
        cmocka_unit_test(test_a_long_status_line_is_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
