/* SPDX-License-Identifier: Apache-2.0
 * test_head.c - request lines and field lines: what is understood, and each way in which they can
 * be wrong.
 */
#include "heads.h"

static void test_the_parts_of_a_request(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, "GET /a/b?c=d HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n");
    assert_slice(h.req.method, "GET");
    assert_int_equal(h.req.method_id, LN_METHOD_GET);
    assert_slice(h.req.target, "/a/b?c=d");
    assert_int_equal(h.req.minor, 1);
    assert_slice(h.req.host, "example.com");
    assert_int_equal(h.req.fields.count, 2);
    assert_slice(ln_field_name(&h.req.fields.v[1]), "Accept");
    assert_slice(ln_field_value(&h.req.fields.v[1]), "*/*");
    assert_int_equal(h.req.framing, LN_FRAMING_NONE);
    assert_true(h.req.keep_alive);
    heads_free(&h);
}

static void test_the_bytes_after_the_head_are_not_looked_at(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\0\r\n");
    assert_int_equal(h.end, 47);
    heads_free(&h);
}

static void test_fields_keep_order_case_and_duplicates_rfc9110_5_3(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("X-B: 1\r\nx-a: 2\r\nX-B: 3\r\n"));
    assert_int_equal(h.req.fields.count, 4);
    assert_slice(ln_field_name(&h.req.fields.v[1]), "X-B");
    assert_slice(ln_field_name(&h.req.fields.v[2]), "x-a");
    assert_slice(ln_field_value(&h.req.fields.v[3]), "3");
    heads_free(&h);
}

static void test_white_space_around_values_is_no_part_of_them_rfc9112_5(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("A:1\r\nB: \t 2\t \r\nC: 3 \t4\r\nD:5 \r\n"));
    assert_slice(ln_field_value(&h.req.fields.v[1]), "1");
    assert_slice(ln_field_value(&h.req.fields.v[2]), "2");
    assert_slice(ln_field_value(&h.req.fields.v[3]), "3 \t4");
    assert_slice(ln_field_value(&h.req.fields.v[4]), "5");
    heads_free(&h);
}

static void test_values_may_be_empty_rfc9110_5_5(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("A:\r\nB: \r\nC: \t \r\nD: x\r\n"));
    assert_int_equal(h.req.fields.count, 5);
    for (int i = 1; i < 4; i++)
        assert_slice(ln_field_value(&h.req.fields.v[i]), "");
    heads_free(&h);
}

static void test_values_may_have_any_byte_but_controls_rfc9110_5_5(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("A: \xc3\xa9\x80\xff \"q\" {}[]\\:;,=\r\n"));
    assert_slice(ln_field_value(&h.req.fields.v[1]), "\xc3\xa9\x80\xff \"q\" {}[]\\:;,=");
    heads_free(&h);
}

static void test_names_may_be_any_token_rfc9110_5_1(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, GET_WITH("!#$%&'*+-.^_`|~09azAZ: x\r\n"));
    assert_slice(ln_field_name(&h.req.fields.v[1]), "!#$%&'*+-.^_`|~09azAZ");
    heads_free(&h);
}

static void test_a_known_field_is_known_in_any_case_rfc9110_5_1(void **state)
{
    struct heads h;

    (void)state;
    request_ok(&h, "POST / HTTP/1.1\r\nhOST: a\r\nCONTENT-length: 7\r\n\r\n");
    assert_int_equal(h.req.length, 7);
    heads_free(&h);
}

static void test_every_method_that_matters_is_told_apart_rfc9110_9_1(void **state)
{
    static const struct {
        const char *name;
        enum ln_method id;
    } methods[] = {
        {"GET", LN_METHOD_GET},         {"HEAD", LN_METHOD_HEAD},
        {"POST", LN_METHOD_POST},       {"PUT", LN_METHOD_PUT},
        {"PATCH", LN_METHOD_PATCH},     {"DELETE", LN_METHOD_DELETE},
        {"OPTIONS", LN_METHOD_OPTIONS}, {"PROPFIND", LN_METHOD_OTHER},
        {"M-SEARCH", LN_METHOD_OTHER},  {"PURGE", LN_METHOD_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(methods); i++) {
        char bytes[80];
        struct heads h;
        int n = snprintf(bytes, sizeof bytes, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", methods[i].name);

        heads_accept(&h, bytes, (size_t)n, true);
        assert_int_equal(h.req.method_id, methods[i].id);
        heads_free(&h);
    }
}

static void test_unknown_methods_are_not_implemented_rfc9110_9_1(void **state)
{
    (void)state;
    request_bad(METHOD, "FOO / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(METHOD, "get / HTTP/1.1\r\nHost: a\r\n\r\n"); /* case matters */
    request_bad(METHOD, "GETX / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(METHOD, "G / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(METHOD, "PRI / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(METHOD, "DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n"); /* RTSP */
    request_bad(METHOD, "A-VERY-LONG-METHOD-THAT-NOBODY-KNOWS / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(ln_reject_row(LN_REJECT_METHOD)->status, 501);
}

static void test_trace_is_refused_rfc9110_9_3_8(void **state)
{
    (void)state;
    request_bad(METHOD_TRACE, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void test_connect_is_refused_rfc9110_9_3_6(void **state)
{
    (void)state;
    request_bad(METHOD_CONNECT, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
}

static void test_idempotent_methods_rfc9110_9_2_2(void **state)
{
    (void)state;
    assert_true(ln_method_is_idempotent(LN_SLICE("GET")));
    assert_true(ln_method_is_idempotent(LN_SLICE("PUT")));
    assert_true(ln_method_is_idempotent(LN_SLICE("DELETE")));
    assert_false(ln_method_is_idempotent(LN_SLICE("POST")));
    assert_false(ln_method_is_idempotent(LN_SLICE("PATCH")));
    assert_false(ln_method_is_idempotent(LN_SLICE("get")));
    assert_false(ln_method_is_idempotent(LN_SLICE("PROPPATCH")));
}

static void test_versions_other_than_1_0_and_1_1_rfc9110_15_6_6(void **state)
{
    (void)state;
    request_bad(VERSION_OTHER, "GET / HTTP/0.9\r\nHost: a\r\n\r\n");
    request_bad(VERSION_OTHER, "GET / HTTP/1.2\r\nHost: a\r\n\r\n");
    request_bad(VERSION_OTHER, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
    request_bad(VERSION_OTHER, "GET / HTTP/3.0\r\nHost: a\r\n\r\n");
    request_bad(VERSION_OTHER, "GET / HTTP/9.9\r\nHost: a\r\n\r\n");
    assert_int_equal(ln_reject_row(LN_REJECT_VERSION_OTHER)->status, 505);
}

static void test_malformed_versions_rfc9112_2_3(void **state)
{
    (void)state;
    request_bad(VERSION, "GET / HTTP/1\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / HTTP/1.\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / HTTP/11\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / HTTP/1.10\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / HTTP/01.1\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / http/1.1\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / HTTP/1,1\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / HTTP/a.b\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / HTTP-1.1\r\nHost: a\r\n\r\n");
    request_bad(VERSION, "GET / ICAP/1.0\r\nHost: a\r\n\r\n");
}

static void test_one_space_stands_between_the_parts_rfc9112_3(void **state)
{
    (void)state;
    request_bad(REQUEST_LINE, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET_FORM, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(REQUEST_LINE, "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(REQUEST_LINE, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n");
    request_bad(REQUEST_LINE, " GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(REQUEST_LINE, "GET HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void test_control_characters_in_the_target_are_refused_rfc9112_3_2(void **state)
{
    (void)state;
    request_bad(TARGET, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET, "GET /a\x7f HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET, "GET /a\x0b HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(TARGET, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void test_a_method_is_a_token_rfc9110_9_1(void **state)
{
    (void)state;
    request_bad(REQUEST_LINE, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(REQUEST_LINE, "GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_bad(REQUEST_LINE, "(GET) / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void test_space_before_the_colon_rfc9112_5_1(void **state)
{
    (void)state;
    request_bad(FIELD_SPACE, GET_WITH("X : y\r\n"));
    request_bad(FIELD_SPACE, GET_WITH("X\t: y\r\n"));
    request_bad(FIELD_SPACE, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    request_bad(FIELD_SPACE, POST_WITH("Content-Length : 5\r\n"));
    request_bad(FIELD_SPACE, POST_WITH("Transfer-Encoding : chunked\r\n"));
}

static void test_folded_lines_rfc9112_5_2(void **state)
{
    (void)state;
    request_bad(FIELD_FOLD, GET_WITH("X: y\r\n z\r\n"));
    request_bad(FIELD_FOLD, GET_WITH("X: y\r\n\tz\r\n"));
    request_bad(FIELD_FOLD, GET_WITH("X:\r\n y\r\n"));
    request_bad(FIELD_FOLD, GET_WITH("X: y\r\n \r\n"));
    request_bad(FIELD_FOLD, POST_WITH("Transfer-Encoding:\r\n chunked\r\n"));
}

static void test_white_space_before_the_first_field_rfc9112_2_2(void **state)
{
    (void)state;
    request_bad(FIELD_FOLD, "GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    request_bad(FIELD_FOLD, "GET / HTTP/1.1\r\n\tHost: a\r\nHost: b\r\n\r\n");
    request_bad(FIELD_FOLD, "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n");
}

static void test_empty_names_rfc9110_5_1(void **state)
{
    (void)state;
    request_bad(FIELD_NAME, GET_WITH(": x\r\n"));
    request_bad(FIELD_NAME, GET_WITH(":\r\n"));
    request_bad(FIELD_NAME, "GET / HTTP/1.1\r\n:Host: a\r\n\r\n");
}

static void test_names_that_are_no_tokens_rfc9110_5_1(void **state)
{
    (void)state;
    request_bad(FIELD_NAME, GET_WITH("a b: x\r\n"));
    request_bad(FIELD_NAME, GET_WITH("a\0b: x\r\n"));
    request_bad(FIELD_NAME, GET_WITH("a(b): x\r\n"));
    request_bad(FIELD_NAME, GET_WITH("\xc3\xa9: x\r\n"));
    request_bad(FIELD_NAME, GET_WITH("a@b: x\r\n"));
    request_bad(FIELD_NAME, GET_WITH("\x0bX: x\r\n"));
    request_bad(FIELD_NAME, POST_WITH("Content-Length\0: 5\r\n"));
    request_bad(FIELD_NAME, POST_WITH("\"Content-Length\": 5\r\n"));
}

static void test_lookalikes_of_framing_and_routing_fields_rfc3875_4_1_18(void **state)
{
    struct heads h;

    (void)state;
    request_bad(FIELD_LOOKALIKE, POST_WITH("Content_Length: 5\r\n"));
    request_bad(FIELD_LOOKALIKE, POST_WITH("Content-Length: 5\r\ncontent_length: 6\r\n"));
    request_bad(FIELD_LOOKALIKE, POST_WITH("Transfer_Encoding: chunked\r\n"));
    request_bad(FIELD_LOOKALIKE, GET_WITH("X_Forwarded-For: 1.2.3.4\r\n"));
    request_bad(FIELD_LOOKALIKE, GET_WITH("x_forwarded_proto: https\r\n"));
    request_bad(FIELD_LOOKALIKE, GET_WITH("X_Real_IP: 1.2.3.4\r\n"));
    /* Some servers make one of every character that is no letter and no digit. */
    request_bad(FIELD_LOOKALIKE, GET_WITH("X.Forwarded.For: 1.2.3.4\r\n"));
    request_bad(FIELD_LOOKALIKE, GET_WITH("X-Real~IP: 1.2.3.4\r\n"));
    request_bad(FIELD_LOOKALIKE, POST_WITH("Content!Length: 5\r\n"));
    request_ok(&h, GET_WITH("X_Custom: 1\r\n_: 2\r\nContent__Length: "
                            "3\r\nA_B-C_D_E_F_G_H_I_J_K_L_M_N_O_P_Q: 4\r\n"));
    assert_int_equal(h.req.fields.count, 5);
    heads_free(&h);
    response_ok(&h,
                OK_WITH("Content_Length: 5\r\n")); /* clients have no such servers behind them */
    heads_free(&h);
}

static void test_lines_without_a_colon_rfc9112_5(void **state)
{
    (void)state;
    request_bad(FIELD_LINE, GET_WITH("X\r\n"));
    request_bad(FIELD_LINE, GET_WITH("X y\r\n"));
    request_bad(FIELD_LINE, "GET / HTTP/1.1\r\nHost\r\n\r\n");
}

static void test_controls_in_values_rfc9110_5_5(void **state)
{
    (void)state;
    request_bad(FIELD_VALUE, GET_WITH("X: a\0b\r\n"));
    request_bad(FIELD_VALUE, GET_WITH("X: \x01\r\n"));
    request_bad(FIELD_VALUE, GET_WITH("X: a\x7f\r\n"));
    request_bad(FIELD_VALUE, GET_WITH("X: a\x0b\r\n"));
    request_bad(FIELD_VALUE, GET_WITH("X: a\x0c\r\n"));
    request_bad(FIELD_VALUE, GET_WITH("X: a\x1b[0m\r\n"));
}

static void test_every_control_in_a_value_at_every_place_rfc9110_5_5(void **state)
{
    char bytes[] = GET_WITH("X: 0123456789abcdef\r\n");
    size_t value = 28;

    (void)state;
    for (size_t at = value; at < value + 16; at++) {
        for (int c = 0; c < 256; c++) {
            bool good = c == '\t' || (c >= 0x20 && c != 0x7f);
            struct heads h;
            char was = bytes[at];

            bytes[at] = (char)c;
            heads_feed(&h, bytes, sizeof bytes - 1, 0, true);
            if (heads_accepted(&h) != good)
                fail_msg("0x%02x at %zu", c, at - value);
            heads_free(&h);
            bytes[at] = was;
        }
    }
}

static void test_bare_cr_and_lf_in_fields_rfc9112_2_2(void **state)
{
    (void)state;
    request_bad(LINE_END, GET_WITH("X: a\rb\r\n"));
    request_bad(LINE_END, GET_WITH("X: a\r\r\n"));
    request_bad(LINE_END, GET_WITH("X: a\nTransfer-Encoding: chunked\r\n"));
    request_bad(LINE_END, GET_WITH("X: a\rTransfer-Encoding: chunked\r\n"));
    request_bad(LINE_END, GET_WITH("\r\r\n"));
    request_bad(LINE_END, "GET / HTTP/1.1\nHost: a\r\n\r\n");
    request_bad(LINE_END, "GET / HTTP/1.1\r\nHost: a\n\r\n");
    request_bad(LINE_END, "GET / HTTP/1.1\r\nHost: a\r\n\n");
}

static void test_a_head_can_be_parsed_into_used_fields_again(void **state)
{
    static const char first[] = GET_WITH("A: 1\r\nB: 2\r\n"), second[] = GET_WITH("C: 3\r\n");
    struct ln_req_head h;
    struct ln_arena arena;

    (void)state;
    ln_arena_init(&arena, NULL);
    ln_fields_init(&h.fields, &arena);
    assert_int_equal(ln_req_head_parse(&h, first, sizeof first - 1, &heads_limits), LN_REJECT_NONE);
    assert_int_equal(ln_req_head_parse(&h, second, sizeof second - 1, &heads_limits),
                     LN_REJECT_NONE);
    assert_int_equal(h.fields.count, 2);
    assert_slice(ln_field_name(&h.fields.v[1]), "C");
    ln_arena_reset(&arena);
}

static void parse_half(void *arg)
{
    struct ln_req_head h;

    (void)arg;
    (void)ln_req_head_parse(&h, "GET / HTTP/1.1\r\n", 16, &heads_limits);
}

static void test_half_a_head_is_a_bug_of_the_caller(void **state)
{
    (void)state;
    assert_true(unit_dies(parse_half, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_parts_of_a_request),
        cmocka_unit_test(test_the_bytes_after_the_head_are_not_looked_at),
        cmocka_unit_test(test_fields_keep_order_case_and_duplicates_rfc9110_5_3),
        cmocka_unit_test(test_white_space_around_values_is_no_part_of_them_rfc9112_5),
        cmocka_unit_test(test_values_may_be_empty_rfc9110_5_5),
        cmocka_unit_test(test_values_may_have_any_byte_but_controls_rfc9110_5_5),
        cmocka_unit_test(test_names_may_be_any_token_rfc9110_5_1),
        cmocka_unit_test(test_a_known_field_is_known_in_any_case_rfc9110_5_1),
        cmocka_unit_test(test_every_method_that_matters_is_told_apart_rfc9110_9_1),
        cmocka_unit_test(test_unknown_methods_are_not_implemented_rfc9110_9_1),
        cmocka_unit_test(test_trace_is_refused_rfc9110_9_3_8),
        cmocka_unit_test(test_connect_is_refused_rfc9110_9_3_6),
        cmocka_unit_test(test_idempotent_methods_rfc9110_9_2_2),
        cmocka_unit_test(test_versions_other_than_1_0_and_1_1_rfc9110_15_6_6),
        cmocka_unit_test(test_malformed_versions_rfc9112_2_3),
        cmocka_unit_test(test_one_space_stands_between_the_parts_rfc9112_3),
        cmocka_unit_test(test_control_characters_in_the_target_are_refused_rfc9112_3_2),
        cmocka_unit_test(test_a_method_is_a_token_rfc9110_9_1),
        cmocka_unit_test(test_space_before_the_colon_rfc9112_5_1),
        cmocka_unit_test(test_folded_lines_rfc9112_5_2),
        cmocka_unit_test(test_white_space_before_the_first_field_rfc9112_2_2),
        cmocka_unit_test(test_empty_names_rfc9110_5_1),
        cmocka_unit_test(test_names_that_are_no_tokens_rfc9110_5_1),
        cmocka_unit_test(test_lookalikes_of_framing_and_routing_fields_rfc3875_4_1_18),
        cmocka_unit_test(test_lines_without_a_colon_rfc9112_5),
        cmocka_unit_test(test_controls_in_values_rfc9110_5_5),
        cmocka_unit_test(test_every_control_in_a_value_at_every_place_rfc9110_5_5),
        cmocka_unit_test(test_bare_cr_and_lf_in_fields_rfc9112_2_2),
        cmocka_unit_test(test_a_head_can_be_parsed_into_used_fields_again),
        cmocka_unit_test(test_half_a_head_is_a_bug_of_the_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
