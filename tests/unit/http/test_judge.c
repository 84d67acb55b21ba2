/* SPDX-License-Identifier: Apache-2.0
 * test_judge.c - what the fields of a request mean together: framing, Host, Connection, Expect and
 * the rest.
 */
#include "heads.h"

static void framed(const char *bytes, size_t n, enum ln_framing framing, uint64_t length)
{
    struct heads h;

    heads_accept(&h, bytes, n, true);
    assert_int_equal(h.req.framing, framing);
    assert_int_equal(h.req.length, length);
    heads_free(&h);
}

#define request_framed(framing, length, literal)                                                   \
    framed("" literal, sizeof(literal) - 1, LN_FRAMING_##framing, (length))

/* Framing */

static void test_a_request_without_framing_fields_has_no_body_rfc9112_6_3(void **state)
{
    (void)state;
    request_framed(NONE, 0, GET_WITH(""));
    request_framed(NONE, 0, POST_WITH("Content-Type: text/plain\r\n"));
    request_framed(NONE, 0, "POST / HTTP/1.0\r\n\r\n");
}

static void test_content_length_is_the_length_rfc9110_8_6(void **state)
{
    (void)state;
    request_framed(LENGTH, 0, POST_WITH("Content-Length: 0\r\n"));
    request_framed(LENGTH, 5, POST_WITH("Content-Length: 5\r\n"));
    request_framed(LENGTH, 5, GET_WITH("content-length:5\r\n"));
    request_framed(LENGTH, INT64_MAX, POST_WITH("Content-Length: 9223372036854775807\r\n"));
    request_framed(LENGTH, 5, "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n");
}

static void test_white_space_around_the_length_is_allowed_rfc9110_5_6_3(void **state)
{
    (void)state;
    request_framed(LENGTH, 5, POST_WITH("Content-Length: \t 5 \r\n"));
    request_framed(LENGTH, 5, POST_WITH("Content-Length: 5\t\r\n"));
    request_framed(LENGTH, 5, POST_WITH("Content-Length: 5 \t \r\n"));
    request_framed(CHUNKED, 0, POST_WITH("Transfer-Encoding: chunked\t\r\n"));
    request_framed(CHUNKED, 0, POST_WITH("Transfer-Encoding:\tchunked \r\n"));
}

static void test_leading_zeros_go_rfc9110_8_6(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, POST_WITH("Content-Length: 0000000000000000000000000000010\r\n"));
    assert_int_equal(h.req.length, 10);
    assert_slice(ln_field_value(&h.req.fields.v[1]), "10");
    heads_free(&h);
    request_ok(&h, POST_WITH("Content-Length: 000\r\n"));
    assert_int_equal(h.req.length, 0);
    assert_slice(ln_field_value(&h.req.fields.v[1]), "0");
    heads_free(&h);
}

static void test_lengths_that_are_no_digits_rfc9110_8_6(void **state)
{
    (void)state;
    request_bad(LENGTH, POST_WITH("Content-Length:\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: +5\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: -5\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: -0\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 0x5\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 5.0\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 5e1\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: \"5\"\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: five\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 5;\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 1_000\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: \xc2\xb2\r\n"));
}

static void test_lengths_with_space_inside_rfc9110_8_6(void **state)
{
    (void)state;
    request_bad(LENGTH, POST_WITH("Content-Length: 1 5\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 5 6\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 1\t5\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: - 5\r\n"));
}

static void test_lists_of_lengths_rfc9110_8_6(void **state)
{
    (void)state;
    request_bad(LENGTH, POST_WITH("Content-Length: 5, 5\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 5,\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: ,5\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 5, 6\r\n"));
}

static void test_lengths_out_of_range_rfc9110_8_6(void **state)
{
    (void)state;
    request_bad(LENGTH, POST_WITH("Content-Length: 9223372036854775808\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 18446744073709551615\r\n"));
    request_bad(LENGTH, POST_WITH("Content-Length: 18446744073709551616\r\n"));
    request_bad(LENGTH,
                POST_WITH("Content-Length: 18446744073709551621\r\n")); /* 5 when it wraps */
    request_bad(LENGTH, POST_WITH("Content-Length: 99999999999999999999999999999999\r\n"));
}

static void test_repeated_lengths_even_if_equal_rfc9112_6_3(void **state)
{
    (void)state;
    request_bad(LENGTH_REPEATED, POST_WITH("Content-Length: 5\r\nContent-Length: 5\r\n"));
    request_bad(LENGTH_REPEATED, POST_WITH("Content-Length: 5\r\nContent-Length: 6\r\n"));
    request_bad(LENGTH_REPEATED, POST_WITH("Content-Length: 0\r\ncontent-LENGTH: 5\r\n"));
    request_bad(LENGTH_REPEATED, POST_WITH("Content-Length: 5\r\nA: b\r\nContent-Length: 5\r\n"));
}

static void test_chunked_is_chunked_in_any_case_rfc9112_7(void **state)
{
    (void)state;
    request_framed(CHUNKED, 0, POST_WITH("Transfer-Encoding: chunked\r\n"));
    request_framed(CHUNKED, 0, POST_WITH("transfer-encoding:CHUNKED\r\n"));
    request_framed(CHUNKED, 0, GET_WITH("Transfer-Encoding: Chunked\r\n"));
}

static void test_length_and_coding_together_rfc9112_6_1(void **state)
{
    (void)state;
    request_bad(LENGTH_AND_CODING,
                POST_WITH("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"));
    request_bad(LENGTH_AND_CODING,
                POST_WITH("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"));
    request_bad(LENGTH_AND_CODING,
                POST_WITH("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"));
    request_bad(LENGTH_AND_CODING, POST_WITH("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"));
    request_bad(LENGTH_AND_CODING, POST_WITH("Transfer-Encoding:\r\nContent-Length: 5\r\n"));
    request_bad(LENGTH_AND_CODING,
                POST_WITH("Transfer-Encoding: identity\r\nContent-Length: 5\r\n"));
    request_bad(LENGTH_AND_CODING,
                POST_WITH("Content-Length: x\r\nTransfer-Encoding: chunked\r\n"));
}

static void test_other_codings_rfc9112_6_1(void **state)
{
    (void)state;
    request_bad(CODING, POST_WITH("Transfer-Encoding: gzip\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: identity\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding:\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: xchunked\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunkedx\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunke\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: \"chunked\"\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked;a=b\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked;\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chun ked\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: \xc3\xa9\r\n"));
}

static void test_several_codings_rfc9112_6_1(void **state)
{
    (void)state;
    request_bad(CODING, POST_WITH("Transfer-Encoding: gzip, chunked\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked, gzip\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked, chunked\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked,\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: ,chunked\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: identity, chunked\r\n"));
}

static void test_repeated_codings_rfc9112_6_1(void **state)
{
    (void)state;
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"));
    request_bad(CODING, POST_WITH("Transfer-Encoding: chunked\r\ntransfer-encoding:\r\n"));
}

static void test_codings_in_http_1_0_rfc9112_6_1(void **state)
{
    (void)state;
    request_bad(CODING_VERSION, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    request_bad(CODING_VERSION, "POST / HTTP/1.0\r\nHost: a\r\nConnection: "
                                "keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void test_vertical_space_does_not_make_a_coding_rfc9110_5_5(void **state)
{
    (void)state;
    request_bad(FIELD_VALUE, POST_WITH("Transfer-Encoding: \x0b"
                                       "chunked\r\n"));
    request_bad(FIELD_VALUE, POST_WITH("Transfer-Encoding: chunked\x0c\r\n"));
    request_bad(FIELD_VALUE, POST_WITH("Transfer-Encoding: chunked\0\r\n"));
    request_bad(FIELD_VALUE, POST_WITH("Content-Length: 5\0\r\n"));
}

/* Host */

static void test_host_is_required_in_1_1_rfc9112_3_2(void **state)
{
    (void)state;
    request_bad(HOST_MISSING, "GET / HTTP/1.1\r\n\r\n");
    request_bad(HOST_MISSING, "GET / HTTP/1.1\r\nX-Host: a\r\n\r\n");
    request_bad(HOST_MISSING, "GET http://a/ HTTP/1.1\r\n\r\n");
}

static void test_host_may_be_missing_in_1_0(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, "GET / HTTP/1.0\r\n\r\n");
    assert_null(h.req.host.p);
    heads_free(&h);
    request_ok(&h, "GET http://a:81/ HTTP/1.0\r\n\r\n");
    assert_slice(h.req.host, "a:81");
    heads_free(&h);
}

static void test_repeated_hosts_rfc9112_3_2(void **state)
{
    (void)state;
    request_bad(HOST_REPEATED, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    request_bad(HOST_REPEATED, "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n");
    request_bad(HOST_REPEATED, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
}

static void test_malformed_hosts_rfc9110_7_2(void **state)
{
    (void)state;
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost:\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a\xc3\xa9\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n");
    request_bad(HOST_BAD, "GET / HTTP/1.0\r\nHost: a b\r\n\r\n");
}

static void test_a_target_names_the_host_rfc9112_3_2_2(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, "GET http://example.com/x HTTP/1.1\r\nHost: example.com\r\n\r\n");
    assert_slice(h.req.host, "example.com");
    heads_free(&h);
    request_ok(&h, "GET HTTP://Example.com?x HTTP/1.1\r\nHost: example.COM:80\r\n\r\n");
    assert_slice(h.req.host, "Example.com");
    heads_free(&h);
    request_ok(&h, "GET http://[::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
    assert_slice(h.req.host, "[::1]:8080");
    heads_free(&h);
}

static void test_host_must_not_contradict_the_target_rfc9112_3_2_2(void **state)
{
    (void)state;
    request_bad(HOST_CONTRADICTS, "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n");
    request_bad(HOST_CONTRADICTS, "GET http://a/ HTTP/1.1\r\nHost: a:8080\r\n\r\n");
    request_bad(HOST_CONTRADICTS, "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(HOST_CONTRADICTS, "GET http://a.b/ HTTP/1.1\r\nHost: a.b.\r\n\r\n");
    request_bad(HOST_CONTRADICTS, "GET http://a/ HTTP/1.0\r\nHost: b\r\n\r\n");
}

static void test_malformed_authorities_in_targets_rfc9110_4_2(void **state)
{
    (void)state;
    request_bad(TARGET_USERINFO, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET_SCHEME, "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET_SCHEME, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET_AUTHORITY, "GET http://a:x/ HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET_FORM, "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET_AUTHORITY, "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n");
}

/* Connection */

static void test_connection_decides_about_persistence_rfc9112_9_3(void **state)
{
    static const struct {
        const char *version, *lines;
        bool keep;
    } rows[] = {
        {"1.1", "", true},
        {"1.1", "Connection: keep-alive\r\n", true},
        {"1.1", "Connection: close\r\n", false},
        {"1.1", "Connection: CLOSE\r\n", false},
        {"1.1", "Connection: keep-alive, close\r\n", false},
        {"1.1", "Connection: foo\r\nConnection: close\r\n", false},
        {"1.1", "Connection: closed\r\n", true},
        {"1.1", "Connection:\r\n", true},
        {"1.1", "Connection: ,, ,\r\n", true},
        {"1.1", "Proxy-Connection: close\r\n", true},
        {"1.0", "", false},
        {"1.0", "Connection: keep-alive\r\n", true},
        {"1.0", "Connection: Keep-Alive, foo\r\n", true},
        {"1.0", "Connection: keep-alive, close\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++) {
        char bytes[200];
        struct heads h;
        int n = snprintf(bytes, sizeof bytes, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", rows[i].version,
                         rows[i].lines);

        heads_accept(&h, bytes, (size_t)n, true);
        if (h.req.keep_alive != rows[i].keep)
            fail_msg("%s", bytes);
        heads_free(&h);
    }
}

static void test_connection_must_not_name_framing_or_host_rfc9110_7_6_1(void **state)
{
    (void)state;
    request_bad(CONNECTION_NAMES, POST_WITH("Connection: Content-Length\r\nContent-Length: 5\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: content-LENGTH\r\n"));
    request_bad(CONNECTION_NAMES,
                POST_WITH("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: Host\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: close, host\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: keep-alive\r\nConnection: ,Host\r\n"));
}

static void test_connection_must_not_name_what_is_for_all_rfc9110_7_6_1(void **state)
{
    (void)state;
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: X-Forwarded-For\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: Cookie\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: Authorization\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: Cache-Control\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: Content-Type\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: X-Real-IP\r\n"));
    request_bad(CONNECTION_NAMES, GET_WITH("Connection: Expect\r\n"));
}

static void test_connection_may_name_hop_by_hop_fields_rfc9110_7_6_1(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("Connection: TE, Trailer, Keep-Alive, Upgrade, X-Mine\r\n"));
    heads_free(&h);
    request_ok(&h, GET_WITH("Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n"));
    heads_free(&h);
}

static void test_connection_is_a_list_of_tokens_rfc9110_7_6_1(void **state)
{
    (void)state;
    request_bad(CONNECTION, GET_WITH("Connection: a b\r\n"));
    request_bad(CONNECTION, GET_WITH("Connection: close;\r\n"));
    request_bad(CONNECTION, GET_WITH("Connection: \"close\"\r\n"));
    request_bad(CONNECTION, GET_WITH("Connection: a=b\r\n"));
}

/* The rest */

static void test_upgrade_needs_both_fields_rfc9110_7_8(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    assert_true(h.req.upgrade);
    heads_free(&h);
    request_ok(&h, GET_WITH("Upgrade: websocket\r\n"));
    assert_false(h.req.upgrade);
    heads_free(&h);
    request_ok(&h, GET_WITH("Connection: upgrade\r\n"));
    assert_false(h.req.upgrade);
    heads_free(&h);
    request_ok(&h, "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_false(h.req.upgrade);
    heads_free(&h);
}

static void test_a_body_may_come_with_an_upgrade_rfc9110_7_8(void **state)
{
    (void)state;
    request_framed(LENGTH, 3,
                   POST_WITH("Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n"));
    request_framed(
        CHUNKED, 0,
        POST_WITH("Upgrade: x\r\nConnection: upgrade\r\nTransfer-Encoding: chunked\r\n"));
}

static void test_te_trailers_rfc9110_10_1_4(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("TE: trailers\r\nConnection: te\r\n"));
    assert_true(h.req.te_trailers);
    heads_free(&h);
    request_ok(&h, GET_WITH("TE: gzip;q=0.5, Trailers\r\n"));
    assert_true(h.req.te_trailers);
    heads_free(&h);
    request_ok(&h, GET_WITH("TE: gzip\r\n"));
    assert_false(h.req.te_trailers);
    heads_free(&h);
}

static void test_expect_100_continue_rfc9110_10_1_1(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, POST_WITH("Expect: 100-continue\r\nContent-Length: 5\r\n"));
    assert_true(h.req.expect_continue);
    heads_free(&h);
    request_ok(&h, POST_WITH("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n"));
    assert_true(h.req.expect_continue);
    heads_free(&h);
    request_ok(&h, GET_WITH("Expect: 100-continue\r\n")); /* nothing to wait for */
    assert_false(h.req.expect_continue);
    heads_free(&h);
    request_ok(&h, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_false(h.req.expect_continue);
    heads_free(&h);
}

static void test_other_expectations_fail_rfc9110_10_1_1(void **state)
{
    (void)state;
    request_bad(EXPECT, POST_WITH("Expect: 200-ok\r\nContent-Length: 5\r\n"));
    request_bad(EXPECT, POST_WITH("Expect: 100-continue, x\r\nContent-Length: 5\r\n"));
    request_bad(EXPECT, POST_WITH("Expect: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n"));
    request_bad(EXPECT, GET_WITH("Expect:\r\n"));
    assert_int_equal(ln_reject_row(LN_REJECT_EXPECT)->status, 417);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_without_framing_fields_has_no_body_rfc9112_6_3),
        cmocka_unit_test(test_content_length_is_the_length_rfc9110_8_6),
        cmocka_unit_test(test_white_space_around_the_length_is_allowed_rfc9110_5_6_3),
        cmocka_unit_test(test_leading_zeros_go_rfc9110_8_6),
        cmocka_unit_test(test_lengths_that_are_no_digits_rfc9110_8_6),
        cmocka_unit_test(test_lengths_with_space_inside_rfc9110_8_6),
        cmocka_unit_test(test_lists_of_lengths_rfc9110_8_6),
        cmocka_unit_test(test_lengths_out_of_range_rfc9110_8_6),
        cmocka_unit_test(test_repeated_lengths_even_if_equal_rfc9112_6_3),
        cmocka_unit_test(test_chunked_is_chunked_in_any_case_rfc9112_7),
        cmocka_unit_test(test_length_and_coding_together_rfc9112_6_1),
        cmocka_unit_test(test_other_codings_rfc9112_6_1),
        cmocka_unit_test(test_several_codings_rfc9112_6_1),
        cmocka_unit_test(test_repeated_codings_rfc9112_6_1),
        cmocka_unit_test(test_codings_in_http_1_0_rfc9112_6_1),
        cmocka_unit_test(test_vertical_space_does_not_make_a_coding_rfc9110_5_5),
        cmocka_unit_test(test_host_is_required_in_1_1_rfc9112_3_2),
        cmocka_unit_test(test_host_may_be_missing_in_1_0),
        cmocka_unit_test(test_repeated_hosts_rfc9112_3_2),
        cmocka_unit_test(test_malformed_hosts_rfc9110_7_2),
        cmocka_unit_test(test_a_target_names_the_host_rfc9112_3_2_2),
        cmocka_unit_test(test_host_must_not_contradict_the_target_rfc9112_3_2_2),
        cmocka_unit_test(test_malformed_authorities_in_targets_rfc9110_4_2),
        cmocka_unit_test(test_connection_decides_about_persistence_rfc9112_9_3),
        cmocka_unit_test(test_connection_must_not_name_framing_or_host_rfc9110_7_6_1),
        cmocka_unit_test(test_connection_must_not_name_what_is_for_all_rfc9110_7_6_1),
        cmocka_unit_test(test_connection_may_name_hop_by_hop_fields_rfc9110_7_6_1),
        cmocka_unit_test(test_connection_is_a_list_of_tokens_rfc9110_7_6_1),
        cmocka_unit_test(test_upgrade_needs_both_fields_rfc9110_7_8),
        cmocka_unit_test(test_a_body_may_come_with_an_upgrade_rfc9110_7_8),
        cmocka_unit_test(test_te_trailers_rfc9110_10_1_4),
        cmocka_unit_test(test_expect_100_continue_rfc9110_10_1_1),
        cmocka_unit_test(test_other_expectations_fail_rfc9110_10_1_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
