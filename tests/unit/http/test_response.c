/* SPDX-License-Identifier: Apache-2.0
 * test_response.c - response heads: status lines, framing, what a request's method changes.
 */
#include "heads.h"

static void framed(const char *bytes, size_t n, enum ln_method method, enum ln_framing framing,
                   uint64_t length, bool keep)
{
    struct heads h;

    heads_accept(&h, bytes, n, false);
    ln_res_head_settle(&h.res, method);
    assert_int_equal(h.res.framing, framing);
    assert_int_equal(h.res.length, length);
    if (h.res.keep_alive != keep)
        fail_msg("keep-alive %d: %s", h.res.keep_alive, bytes);
    heads_free(&h);
}

enum { CLOSES = false, KEEPS = true };

#define response_framed(method, framing, length, keep, literal)                                    \
    framed("" literal, sizeof(literal) - 1, LN_METHOD_##method, LN_FRAMING_##framing, (length),    \
           (keep))

static void test_the_parts_of_a_response(void **state)
{
    struct heads h;

    (void)state;
    response_ok(&h, "HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(h.res.status, 404);
    assert_slice(h.res.reason, "Not Found");
    assert_int_equal(h.res.minor, 1);
    assert_int_equal(h.res.fields.count, 2);
    assert_int_equal(h.res.framing, LN_FRAMING_LENGTH);
    assert_int_equal(h.res.length, 3);
    heads_free(&h);
}

static void test_the_reason_may_be_empty_rfc9112_4(void **state)
{
    struct heads h;

    (void)state;
    response_ok(&h, "HTTP/1.1 200 \r\n\r\n");
    assert_slice(h.res.reason, "");
    heads_free(&h);
}

static void test_the_reason_may_have_spaces_tabs_and_high_bytes_rfc9112_4(void **state)
{
    struct heads h;

    (void)state;
    response_ok(&h, "HTTP/1.1 200 \t\xc3\xa9 OK (really)\r\n\r\n");
    assert_slice(h.res.reason, "\t\xc3\xa9 OK (really)");
    heads_free(&h);
}

static void test_the_space_before_the_reason_is_required_rfc9112_4(void **state)
{
    (void)state;
    response_bad(STATUS_LINE, "HTTP/1.1 200\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 200OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 200\tOK\r\n\r\n");
}

static void test_a_status_has_three_digits_rfc9112_4(void **state)
{
    (void)state;
    response_bad(STATUS_LINE, "HTTP/1.1 20 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 2000 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 +20 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 2x0 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 -20 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1  200 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1\t200 OK\r\n\r\n");
}

static void test_a_status_is_100_to_599_rfc9110_15(void **state)
{
    struct heads h;

    (void)state;
    response_bad(STATUS_LINE, "HTTP/1.1 099 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 000 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 600 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 999 OK\r\n\r\n");
    response_ok(&h, "HTTP/1.1 599 Odd\r\n\r\n");
    assert_int_equal(h.res.status, 599);
    heads_free(&h);
}

static void test_versions_of_responses_rfc9112_2_3(void **state)
{
    struct heads h;

    (void)state;
    response_bad(VERSION_OTHER, "HTTP/2.0 200 OK\r\n\r\n");
    response_bad(VERSION_OTHER, "HTTP/1.2 200 OK\r\n\r\n");
    response_bad(VERSION_OTHER, "HTTP/0.9 200 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/2 200 OK\r\n\r\n");
    response_bad(VERSION, "http/1.1 200 OK\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.10 200 OK\r\n\r\n");
    response_bad(STATUS_LINE, " HTTP/1.1 200 OK\r\n\r\n");
    response_ok(&h, "HTTP/1.0 200 OK\r\n\r\n");
    assert_int_equal(h.res.minor, 0);
    heads_free(&h);
}

static void test_controls_in_the_reason_rfc9112_4(void **state)
{
    (void)state;
    response_bad(STATUS_LINE, "HTTP/1.1 200 O\0K\r\n\r\n");
    response_bad(STATUS_LINE, "HTTP/1.1 200 \x7f\r\n\r\n");
    response_bad(LINE_END, "HTTP/1.1 200 O\rK\r\n\r\n");
}

static void test_folded_fields_in_responses_rfc9112_5_2(void **state)
{
    (void)state;
    response_bad(FIELD_FOLD, OK_WITH("A: b\r\n c\r\n"));
    response_bad(FIELD_FOLD, OK_WITH("A: b\r\n\tc\r\n"));
    response_bad(FIELD_FOLD, OK_WITH(" A: b\r\n"));
}

static void test_malformed_fields_in_responses_rfc9112_5(void **state)
{
    (void)state;
    response_bad(FIELD_SPACE, OK_WITH("A : b\r\n"));
    response_bad(FIELD_NAME, OK_WITH(": b\r\n"));
    response_bad(FIELD_NAME, OK_WITH("A b: c\r\n"));
    response_bad(FIELD_LINE, OK_WITH("A\r\n"));
    response_bad(FIELD_VALUE, OK_WITH("A: \x01\r\n"));
    response_bad(LINE_END, OK_WITH("A: b\nC: d\r\n"));
    response_bad(LINE_END, OK_WITH("A: b\rC: d\r\n"));
}

static void test_lengths_of_responses_rfc9110_8_6(void **state)
{
    (void)state;
    response_framed(GET, LENGTH, 3, KEEPS, OK_WITH("Content-Length: 3\r\n"));
    response_framed(GET, LENGTH, 3, KEEPS, OK_WITH("Content-Length: 3 \t\r\n"));
    response_framed(GET, LENGTH, 0, KEEPS, OK_WITH("Content-Length: 0\r\n"));
    response_bad(LENGTH, OK_WITH("Content-Length: +3\r\n"));
    response_bad(LENGTH, OK_WITH("Content-Length: 3, 3\r\n"));
    response_bad(LENGTH, OK_WITH("Content-Length:\r\n"));
    response_bad(LENGTH, OK_WITH("Content-Length: 18446744073709551616\r\n"));
}

static void test_conflicting_lengths_of_responses_rfc9112_6_3(void **state)
{
    (void)state;
    response_bad(LENGTH_REPEATED, OK_WITH("Content-Length: 3\r\nContent-Length: 4\r\n"));
    response_bad(LENGTH_REPEATED, OK_WITH("Content-Length: 3\r\nContent-Length: 3\r\n"));
}

static void test_length_and_coding_of_responses_rfc9112_6_1(void **state)
{
    (void)state;
    response_bad(LENGTH_AND_CODING, OK_WITH("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"));
    response_bad(LENGTH_AND_CODING, OK_WITH("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"));
}

static void test_codings_of_responses_rfc9112_6_1(void **state)
{
    (void)state;
    response_framed(GET, CHUNKED, 0, KEEPS, OK_WITH("Transfer-Encoding: Chunked\r\n"));
    response_bad(CODING, OK_WITH("Transfer-Encoding: gzip\r\n"));
    response_bad(CODING, OK_WITH("Transfer-Encoding: gzip, chunked\r\n"));
    response_bad(CODING, OK_WITH("Transfer-Encoding: chunked, gzip\r\n"));
    response_bad(CODING, OK_WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"));
    response_bad(CODING_VERSION, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void test_without_framing_the_close_ends_it_rfc9112_6_3(void **state)
{
    (void)state;
    response_framed(GET, CLOSE, 0, CLOSES, OK_WITH(""));
    response_framed(GET, CLOSE, 0, CLOSES, OK_WITH("Connection: keep-alive\r\n"));
    response_framed(GET, CLOSE, 0, CLOSES, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n");
}

static void test_head_has_no_body_rfc9112_6_3(void **state)
{
    (void)state;
    response_framed(HEAD, NONE, 0, KEEPS, OK_WITH("Content-Length: 3\r\n"));
    response_framed(HEAD, NONE, 0, KEEPS, OK_WITH("Transfer-Encoding: chunked\r\n"));
    response_framed(HEAD, NONE, 0, KEEPS, OK_WITH(""));
}

static void test_304_has_no_body_rfc9112_6_3(void **state)
{
    (void)state;
    response_framed(GET, NONE, 0, KEEPS, "HTTP/1.1 304 \r\nContent-Length: 3\r\n\r\n");
    response_framed(GET, NONE, 0, KEEPS, "HTTP/1.1 304 \r\n\r\n");
}

static void test_204_has_no_body_rfc9110_15_3_5(void **state)
{
    (void)state;
    response_framed(GET, NONE, 0, KEEPS, "HTTP/1.1 204 \r\n\r\n");
    response_framed(GET, NONE, 0, KEEPS, "HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n");
    /* What may follow would be taken for the next response. */
    response_framed(GET, NONE, 0, CLOSES, "HTTP/1.1 204 \r\nContent-Length: 3\r\n\r\n");
    response_framed(GET, NONE, 0, CLOSES, "HTTP/1.1 204 \r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void test_1xx_has_no_body_rfc9110_15_2(void **state)
{
    (void)state;
    response_framed(GET, NONE, 0, KEEPS, "HTTP/1.1 100 Continue\r\n\r\n");
    response_framed(GET, NONE, 0, KEEPS, "HTTP/1.1 103 \r\nLink: </a>\r\n\r\n");
    response_framed(GET, NONE, 0, KEEPS, "HTTP/1.1 101 \r\nContent-Length: 0\r\n\r\n");
    response_bad(BODY_FORBIDDEN, "HTTP/1.1 100 \r\nContent-Length: 3\r\n\r\n");
    response_bad(BODY_FORBIDDEN, "HTTP/1.1 103 \r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void test_101_is_read_like_any_other_rfc9110_15_2_2(void **state)
{
    struct heads h;

    (void)state;
    response_ok(&h,
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    assert_int_equal(h.res.status, 101);
    heads_free(&h);
}

static void test_persistence_of_responses_rfc9112_9_3(void **state)
{
    (void)state;
    response_framed(GET, LENGTH, 0, CLOSES, OK_WITH("Content-Length: 0\r\nConnection: close\r\n"));
    response_framed(GET, LENGTH, 0, CLOSES,
                    OK_WITH("Content-Length: 0\r\nConnection: a, Close\r\n"));
    response_framed(GET, LENGTH, 0, CLOSES, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
    response_framed(GET, LENGTH, 0, KEEPS,
                    "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n");
}

static void test_connection_may_name_anything_in_responses_rfc9110_7_6_1(void **state)
{
    (void)state;
    response_framed(GET, LENGTH, 3, KEEPS,
                    OK_WITH("Connection: content-length\r\nContent-Length: 3\r\n"));
    response_bad(CONNECTION, OK_WITH("Connection: a b\r\n"));
}

static void test_the_idle_timeout_of_the_peer(void **state)
{
    static const struct {
        const char *value;
        uint64_t seconds;
    } rows[] = {
        {"timeout=5", 5},
        {"timeout=5, max=100", 5},
        {"max=100, Timeout=75", 75},
        {"max=3", 0},
        {"timeout=x", 0},
        {"timeout=", 0},
        {"timeout=-1", 0},
        {"", 0},
        {"timeout = 5", 0},
        {"timeout=99999999999999999999", 0},
    };

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++) {
        char bytes[200];
        struct heads h;
        int n = snprintf(bytes, sizeof bytes, "HTTP/1.1 200 OK\r\nKeep-Alive: %s\r\n\r\n",
                         rows[i].value);

        heads_accept(&h, bytes, (size_t)n, false);
        assert_int_equal(h.res.keep_alive_timeout, rows[i].seconds);
        heads_free(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_parts_of_a_response),
        cmocka_unit_test(test_the_reason_may_be_empty_rfc9112_4),
        cmocka_unit_test(test_the_reason_may_have_spaces_tabs_and_high_bytes_rfc9112_4),
        cmocka_unit_test(test_the_space_before_the_reason_is_required_rfc9112_4),
        cmocka_unit_test(test_a_status_has_three_digits_rfc9112_4),
        cmocka_unit_test(test_a_status_is_100_to_599_rfc9110_15),
        cmocka_unit_test(test_versions_of_responses_rfc9112_2_3),
        cmocka_unit_test(test_controls_in_the_reason_rfc9112_4),
        cmocka_unit_test(test_folded_fields_in_responses_rfc9112_5_2),
        cmocka_unit_test(test_malformed_fields_in_responses_rfc9112_5),
        cmocka_unit_test(test_lengths_of_responses_rfc9110_8_6),
        cmocka_unit_test(test_conflicting_lengths_of_responses_rfc9112_6_3),
        cmocka_unit_test(test_length_and_coding_of_responses_rfc9112_6_1),
        cmocka_unit_test(test_codings_of_responses_rfc9112_6_1),
        cmocka_unit_test(test_without_framing_the_close_ends_it_rfc9112_6_3),
        cmocka_unit_test(test_head_has_no_body_rfc9112_6_3),
        cmocka_unit_test(test_304_has_no_body_rfc9112_6_3),
        cmocka_unit_test(test_204_has_no_body_rfc9110_15_3_5),
        cmocka_unit_test(test_1xx_has_no_body_rfc9110_15_2),
        cmocka_unit_test(test_101_is_read_like_any_other_rfc9110_15_2_2),
        cmocka_unit_test(test_persistence_of_responses_rfc9112_9_3),
        cmocka_unit_test(test_connection_may_name_anything_in_responses_rfc9110_7_6_1),
        cmocka_unit_test(test_the_idle_timeout_of_the_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
