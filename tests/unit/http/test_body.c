/* SPDX-License-Identifier: Apache-2.0
 * test_body.c - bodies of every framing, fed whole, cut at every place, and byte by byte.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/body.h"

/* What came out of a body. */
struct outcome {
    enum ln_body_event event; /* END, BAD, or MORE at the end of the input */
    enum ln_reject why;
    size_t used; /* bytes of the input */
    size_t n;
    char content[8192];
    struct ln_arena arena;
    struct ln_fields trailers;
};

static void read_piece(struct ln_body *b, const char *bytes, size_t n, struct outcome *o)
{
    char *copy = malloc(n > 0 ? n : 1); /* exactly n bytes, for AddressSanitizer */
    const char *p = copy;
    struct ln_slice data;

    memcpy(copy, bytes, n);
    while ((o->event = ln_body_next(b, &p, copy + n, &data, &o->why)) == LN_BODY_DATA) {
        assert_true(data.n > 0 && o->n + data.n <= sizeof o->content);
        memcpy(o->content + o->n, data.p, data.n);
        o->n += data.n;
    }
    o->used += (size_t)(p - copy);
    free(copy);
}

/* In pieces of `step` bytes, or two of them when `cut` is given. */
static void read_body(struct outcome *o, enum ln_framing framing, uint64_t length, bool keep,
                      const char *bytes, size_t n, size_t cut, size_t step)
{
    struct ln_body b;
    size_t at = 0;

    memset(o, 0, sizeof *o);
    ln_arena_init(&o->arena, NULL);
    ln_fields_init(&o->trailers, &o->arena);
    ln_body_init(&b, framing, length, keep ? &o->trailers : NULL);
    do {
        size_t piece = at == 0 && cut > 0 ? cut : step;

        if (piece > n - at)
            piece = n - at;
        read_piece(&b, bytes + at, piece, o);
        at += piece;
    } while (at < n && o->event == LN_BODY_MORE);
    assert_int_equal(ln_body_is_done(&b), o->event == LN_BODY_END);
    assert_int_equal(b.total, o->n);
}

static void same_outcome(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->event, b->event);
    assert_int_equal(a->why, b->why);
    assert_int_equal(a->used, b->used);
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->content, b->content, a->n);
    assert_int_equal(a->trailers.count, b->trailers.count);
}

/* Whole; then every cut and single bytes must say the same. */
static void read_chunked(struct outcome *o, const char *bytes, size_t n)
{
    struct outcome *other = malloc(sizeof *other);

    assert_non_null(other);
    read_body(o, LN_FRAMING_CHUNKED, 0, true, bytes, n, 0, n > 0 ? n : 1);
    for (size_t cut = 1; cut <= n; cut++) {
        read_body(other, LN_FRAMING_CHUNKED, 0, true, bytes, n, cut, n);
        same_outcome(o, other);
        ln_arena_reset(&other->arena);
    }
    read_body(other, LN_FRAMING_CHUNKED, 0, true, bytes, n, 0, 1);
    same_outcome(o, other);
    ln_arena_reset(&other->arena);
    read_body(other, LN_FRAMING_CHUNKED, 0, false, bytes, n, 0, 1); /* trailers dropped */
    assert_int_equal(other->event, o->event);
    assert_int_equal(other->why, o->why);
    ln_arena_reset(&other->arena);
    free(other);
}

static struct outcome result;

/* Content as expected, all used but `rest` bytes. */
static void good(const char *bytes, size_t n, const char *content, size_t rest)
{
    read_chunked(&result, bytes, n);
    if (result.event != LN_BODY_END)
        fail_msg("%s: %s", ln_reject_row(result.why)->code, bytes);
    assert_int_equal(result.n, strlen(content));
    assert_memory_equal(result.content, content, result.n);
    assert_int_equal(result.used, n - rest);
    ln_arena_reset(&result.arena);
}

static void bad(const char *bytes, size_t n, enum ln_reject why)
{
    read_chunked(&result, bytes, n);
    if (result.event != LN_BODY_BAD || result.why != why)
        fail_msg("%s instead of %s: %s",
                 result.event == LN_BODY_BAD ? ln_reject_row(result.why)->code : "good",
                 ln_reject_row(why)->code, bytes);
    ln_arena_reset(&result.arena);
    good("3\r\nabc\r\n0\r\n\r\n", 13, "abc", 0);
}

#define chunked_ok(content, literal) good("" literal, sizeof(literal) - 1, (content), 0)
#define chunked_bad(why, literal) bad("" literal, sizeof(literal) - 1, LN_REJECT_##why)

/* Other framings */

static void test_no_body_is_done_at_once_rfc9112_6_3(void **state)
{
    (void)state;
    read_body(&result, LN_FRAMING_NONE, 0, true, "GET /", 5, 0, 5);
    assert_int_equal(result.event, LN_BODY_END);
    assert_int_equal(result.used, 0);
    read_body(&result, LN_FRAMING_LENGTH, 0, true, "GET /", 5, 0, 5);
    assert_int_equal(result.event, LN_BODY_END);
    assert_int_equal(result.used, 0);
}

static void test_a_length_is_counted_down_rfc9112_6_2(void **state)
{
    (void)state;
    for (size_t step = 1; step < 10; step++) {
        read_body(&result, LN_FRAMING_LENGTH, 5, true, "hello, next", 11, 0, step);
        assert_int_equal(result.event, LN_BODY_END);
        assert_int_equal(result.used, 5);
        assert_memory_equal(result.content, "hello", 5);
    }
    read_body(&result, LN_FRAMING_LENGTH, 12, true, "hello", 5, 0, 5);
    assert_int_equal(result.event, LN_BODY_MORE);
}

static void test_the_close_ends_a_body_rfc9112_6_3(void **state)
{
    struct ln_body b;
    const char *p = "anything\r\n\r\n", *end = p + 12;
    struct ln_slice data;
    enum ln_reject why;

    (void)state;
    ln_body_init(&b, LN_FRAMING_CLOSE, 0, NULL);
    assert_int_equal(ln_body_next(&b, &p, end, &data, &why), LN_BODY_DATA);
    assert_slice(data, "anything\r\n\r\n");
    assert_int_equal(ln_body_next(&b, &p, end, &data, &why), LN_BODY_MORE);
    assert_false(ln_body_is_done(&b));
    assert_true(ln_body_is_complete_at_eof(&b));
}

static void test_a_close_in_between_is_no_end_rfc9112_8(void **state)
{
    struct ln_body b;
    const char *p = "3\r\nabc\r\n";
    struct ln_slice data;
    enum ln_reject why;

    (void)state;
    ln_body_init(&b, LN_FRAMING_LENGTH, 3, NULL);
    assert_false(ln_body_is_complete_at_eof(&b));
    ln_body_init(&b, LN_FRAMING_CHUNKED, 0, NULL);
    assert_int_equal(ln_body_next(&b, &p, p + 8, &data, &why), LN_BODY_DATA);
    assert_int_equal(ln_body_next(&b, &p, p + 2, &data, &why), LN_BODY_MORE);
    assert_false(ln_body_is_complete_at_eof(&b));
    ln_body_init(&b, LN_FRAMING_NONE, 0, NULL);
    assert_true(ln_body_is_complete_at_eof(&b));
}

/* Chunks */

static void test_chunks_are_put_together_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_ok("", "0\r\n\r\n");
    chunked_ok("hello", "5\r\nhello\r\n0\r\n\r\n");
    chunked_ok("hello, world", "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n");
    chunked_ok("\r\n0\r\n\r\n", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n");
}

static void test_the_next_message_is_left_alone_rfc9112_7_1(void **state)
{
    (void)state;
    good("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", 27, "a", 16);
    good("0\r\n\r\n0\r\n\r\n", 10, "", 5);
    good("0\r\n\r\n\r\n", 7, "", 2);
}

static void test_sizes_are_hexadecimal_in_any_case_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_ok("0123456789abcdef0123456789", "1A\r\n0123456789abcdef0123456789\r\n0\r\n\r\n");
    chunked_ok("0123456789", "a\r\n0123456789\r\n0\r\n\r\n");
}

static void test_leading_zeros_within_sixteen_digits_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_ok("a", "0000000000000001\r\na\r\n0000000000000000\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "00000000000000001\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "1\r\na\r\n00000000000000000\r\n\r\n");
}

static void test_sizes_that_are_no_hexadecimal_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_bad(CHUNK_SIZE, "+1\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "-1\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "0x1\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "g\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "1.0\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "1_0\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "\"1\"\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "\0\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "1,1\r\na\r\n0\r\n\r\n");
}

static void test_missing_sizes_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_bad(CHUNK_SIZE, "\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, ";a=b\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "1\r\na\r\n\r\n0\r\n\r\n");
}

static void test_spaces_at_sizes_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_bad(CHUNK_SIZE, " 1\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_SIZE, "\t1\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1 \r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1\t\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1 1\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "0 \r\n\r\n");
}

static void test_sizes_out_of_range_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_bad(CHUNK_SIZE, "8000000000000000\r\na");
    chunked_bad(CHUNK_SIZE, "ffffffffffffffff\r\na");
    chunked_bad(CHUNK_SIZE, "10000000000000001\r\na");          /* 1 when it wraps */
    chunked_bad(CHUNK_SIZE, "1\r\na\r\n7fffffffffffffff\r\na"); /* the sum is too much */
    read_chunked(&result, "7fffffffffffffff\r\nabc", 21);
    assert_int_equal(result.event, LN_BODY_MORE);
    assert_int_equal(result.n, 3);
    ln_arena_reset(&result.arena);
}

static void test_bare_line_ends_rfc9112_2_2(void **state)
{
    (void)state;
    chunked_bad(CHUNK_END, "1\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "1\r\na\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "1\ra\r\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "1\r\ra\r\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "1;a=b\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "0\n\r\n");
    chunked_bad(TRAILER, "0\r\n\n");
    chunked_bad(TRAILER, "0\r\n\r\r");
}

static void test_a_chunk_ends_where_its_size_says_rfc9112_7_1(void **state)
{
    (void)state;
    chunked_bad(CHUNK_END, "1\r\nab\r\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "1\r\na0\r\n\r\n");
    chunked_bad(CHUNK_END, "3\r\nab\r\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "1\r\na\r0\r\n\r\n");
}

static void test_a_body_that_stops_early_wants_more(void **state)
{
    static const char body[] = "3;a=\"b\"\r\nabc\r\n0\r\nT: v\r\n\r\n";

    (void)state;
    for (size_t n = 0; n < sizeof body - 1; n++) {
        read_chunked(&result, body, n);
        assert_int_equal(result.event, LN_BODY_MORE);
        ln_arena_reset(&result.arena);
    }
    good(body, sizeof body - 1, "abc", 0);
}

/* Extensions */

static void test_extensions_are_passed_over_rfc9112_7_1_1(void **state)
{
    (void)state;
    chunked_ok("a", "1;name\r\na\r\n0;last\r\n\r\n");
    chunked_ok("a", "1;name=value\r\na\r\n0\r\n\r\n");
    chunked_ok("a", "1;a=b;c;d=e\r\na\r\n0\r\n\r\n");
    chunked_ok("a", "1;a=\"quoted; \\\" \\\\ \t\"\r\na\r\n0\r\n\r\n");
    chunked_ok("a", "1;a=\"\"\r\na\r\n0\r\n\r\n");
    chunked_ok("a", "1;a=\"b\";c=\"d\"\r\na\r\n0;e=\"f\"\r\n\r\n");
    chunked_ok("a", "1;a=\"\xc3\xa9\"\r\na\r\n0\r\n\r\n");
}

static void test_bad_white_space_in_extensions_is_removed_rfc9112_7_1_1(void **state)
{
    (void)state;
    chunked_ok("a", "1 ;a\r\na\r\n0\r\n\r\n");
    chunked_ok("a", "1\t ; a = b ; c\r\na\r\n0\r\n\r\n");
    chunked_ok("a", "1;a = \"b\" ;c\r\na\r\n0\r\n\r\n");
}

static void test_malformed_extensions_rfc9112_7_1_1(void **state)
{
    (void)state;
    chunked_bad(CHUNK_EXTENSION, "1;\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;;a\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;=b\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a==b\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a b\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=b c\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a \r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=b \r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a@b\r\na\r\n0\r\n\r\n");
}

static void test_malformed_quotes_in_extensions_rfc9110_5_6_4(void **state)
{
    (void)state;
    chunked_bad(CHUNK_EXTENSION, "1;a=\"b\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=\"b\\\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=\"b\"c\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=b\"c\"\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;\"a\"=b\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=\"\0\"\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=\"\x7f\"\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_END, "1;a=\"b\n\"\r\na\r\n0\r\n\r\n");
}

static void test_controls_in_extensions_rfc9112_7_1_1(void **state)
{
    (void)state;
    chunked_bad(CHUNK_EXTENSION, "1;\0\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a\x01\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=\x7f\r\na\r\n0\r\n\r\n");
    chunked_bad(CHUNK_EXTENSION, "1;a=\xc3\xa9\r\na\r\n0\r\n\r\n");
}

/* One chunk with an extension of n bytes, or many chunks with small ones. */
static void test_extensions_are_bounded_in_proportion(void **state)
{
    static char body[300000];
    struct outcome *o = &result;
    size_t n = 0;

    (void)state;
    n = (size_t)sprintf(body, "1;");
    memset(body + n, 'a', 5000);
    n += 5000;
    n += (size_t)sprintf(body + n, "\r\na\r\n0\r\n\r\n");
    read_body(o, LN_FRAMING_CHUNKED, 0, false, body, n, 0, n);
    assert_int_equal(o->event, LN_BODY_BAD);
    assert_int_equal(o->why, LN_REJECT_CHUNK_OVERHEAD);

    n = 0; /* 1000 chunks of eight bytes with four of extension: as much content as framing */
    for (int i = 0; i < 1000; i++)
        n += (size_t)sprintf(body + n, "8;a=b\r\n12345678\r\n");
    n += (size_t)sprintf(body + n, "0\r\n\r\n");
    read_body(o, LN_FRAMING_CHUNKED, 0, false, body, n, 0, n);
    assert_int_equal(o->event, LN_BODY_END);

    n = 0;
    for (int i = 0; i < 1000; i++)
        n += (size_t)sprintf(body + n, "1;abcdefghij\r\n1\r\n");
    read_body(o, LN_FRAMING_CHUNKED, 0, false, body, n, 0, n);
    assert_int_equal(o->why, LN_REJECT_CHUNK_OVERHEAD);
    good("3\r\nabc\r\n0\r\n\r\n", 13, "abc", 0);
}

/* Trailers */

static void test_trailers_are_collected_rfc9112_7_1_2(void **state)
{
    static const char body[] = "1\r\na\r\n0\r\nX-Sum: \t abc \r\nx-other:\r\nX-SUM: 2\r\n\r\n";

    (void)state;
    read_chunked(&result, body, sizeof body - 1);
    assert_int_equal(result.event, LN_BODY_END);
    assert_int_equal(result.trailers.count, 3);
    assert_slice(ln_field_name(&result.trailers.v[0]), "X-Sum");
    assert_slice(ln_field_value(&result.trailers.v[0]), "abc");
    assert_slice(ln_field_value(&result.trailers.v[1]), "");
    assert_slice(ln_field_name(&result.trailers.v[2]), "X-SUM");
    assert_slice(ln_field_value(&result.trailers.v[2]), "2");
    ln_arena_reset(&result.arena);
}

static void test_many_trailers_survive_the_growth_of_their_memory(void **state)
{
    static char body[8192];
    char name[16], value[64];
    size_t n = (size_t)sprintf(body, "0\r\n");

    (void)state;
    for (int i = 0; i < 120; i++)
        n += (size_t)sprintf(body + n, "X-%d: value number %d of many, long enough\r\n", i, i);
    n += (size_t)sprintf(body + n, "\r\n");
    read_body(&result, LN_FRAMING_CHUNKED, 0, true, body, n, 0, 7);
    assert_int_equal(result.event, LN_BODY_END);
    assert_int_equal(result.trailers.count, 120);
    for (int i = 0; i < 120; i++) {
        snprintf(name, sizeof name, "X-%d", i);
        snprintf(value, sizeof value, "value number %d of many, long enough", i);
        assert_slice(ln_field_name(&result.trailers.v[i]), name);
        assert_slice(ln_field_value(&result.trailers.v[i]), value);
    }
    ln_arena_reset(&result.arena);
}

static void test_malformed_trailers_rfc9112_5(void **state)
{
    (void)state;
    chunked_bad(TRAILER, "0\r\nno colon\r\n\r\n");
    chunked_bad(TRAILER, "0\r\nX : y\r\n\r\n");
    chunked_bad(TRAILER, "0\r\n: y\r\n\r\n");
    chunked_bad(TRAILER, "0\r\n X: y\r\n\r\n");
    chunked_bad(TRAILER, "0\r\nX: y\r\n z\r\n\r\n");
    chunked_bad(TRAILER, "0\r\nX: \0\r\n\r\n");
    chunked_bad(TRAILER, "0\r\nX: y\n\r\n");
    chunked_bad(TRAILER, "0\r\nX: y\rz\r\n\r\n");
    chunked_bad(TRAILER, "0\r\nX\r\n\r\n");
    chunked_bad(TRAILER, "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    chunked_bad(TRAILER, "0\r\nabc\r\n\r\n");
}

static void test_trailers_must_not_change_framing_rfc9110_6_5_1(void **state)
{
    (void)state;
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nContent-Length: 5\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\ntransfer-ENCODING: chunked\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nConnection: close\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nTrailer: x\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nContent-Encoding: gzip\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nX: y\r\nContent-Range: 1\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nContent_Length: 5\r\n\r\n");
}

static void test_trailers_must_not_change_routing_or_identity_rfc9110_6_5_1(void **state)
{
    (void)state;
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nHost: b\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nAuthorization: x\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nCookie: a=b\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nSet-Cookie: a=b\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nIf-Unmodified-Since: x\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nProxy-Authentication-Info: x\r\n\r\n");
    chunked_bad(TRAILER_FORBIDDEN, "0\r\nExpect: 100-continue\r\n\r\n");
}

static void test_a_name_longer_than_all_forbidden_ones_is_allowed(void **state)
{
    (void)state;
    chunked_ok("", "0\r\nX-Content-Length-But-Much-Longer-Than-Any-That-We-Know: 5\r\n\r\n");
    chunked_ok("", "0\r\nContent-Digest: sha-256=:x:\r\n\r\n");
}

static void test_trailers_are_bounded_rfc6585_5(void **state)
{
    static char body[20000];
    size_t n = (size_t)sprintf(body, "0\r\nX: ");

    (void)state;
    memset(body + n, 'a', 9000);
    n += 9000;
    n += (size_t)sprintf(body + n, "\r\n\r\n");
    read_body(&result, LN_FRAMING_CHUNKED, 0, true, body, n, 0, n);
    assert_int_equal(result.event, LN_BODY_BAD);
    assert_int_equal(result.why, LN_REJECT_TRAILER_LARGE);
    ln_arena_reset(&result.arena);
    n = (size_t)sprintf(body, "0\r\n");
    for (int i = 0; i < 3000; i++)
        n += (size_t)sprintf(body + n, "A:\r\n");
    read_body(&result, LN_FRAMING_CHUNKED, 0, true, body, n, 0, n);
    assert_int_equal(result.why, LN_REJECT_TRAILER_LARGE);
    ln_arena_reset(&result.arena);
    good("3\r\nabc\r\n0\r\n\r\n", 13, "abc", 0);
}

/* Writing */

static void test_chunk_heads(void **state)
{
    char out[LN_CHUNK_HEAD_MAX];

    (void)state;
    assert_slice(ln_slice(out, ln_chunk_head(out, 0)), "0\r\n");
    assert_slice(ln_slice(out, ln_chunk_head(out, 31)), "1f\r\n");
    assert_slice(ln_slice(out, ln_chunk_head(out, 16384)), "4000\r\n");
    assert_slice(ln_slice(out, ln_chunk_head(out, UINT64_MAX)), "ffffffffffffffff\r\n");
}

static void go_on_after_bad(void *arg)
{
    struct ln_body b;
    const char *p = "x";
    struct ln_slice data;
    enum ln_reject why;

    (void)arg;
    ln_body_init(&b, LN_FRAMING_CHUNKED, 0, NULL);
    ln_body_next(&b, &p, p + 1, &data, &why);
    ln_body_next(&b, &p, p + 1, &data, &why);
}

static void test_going_on_after_a_refusal_is_a_bug_of_the_caller(void **state)
{
    (void)state;
    assert_true(unit_dies(go_on_after_bad, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_body_is_done_at_once_rfc9112_6_3),
        cmocka_unit_test(test_a_length_is_counted_down_rfc9112_6_2),
        cmocka_unit_test(test_the_close_ends_a_body_rfc9112_6_3),
        cmocka_unit_test(test_a_close_in_between_is_no_end_rfc9112_8),
        cmocka_unit_test(test_chunks_are_put_together_rfc9112_7_1),
        cmocka_unit_test(test_the_next_message_is_left_alone_rfc9112_7_1),
        cmocka_unit_test(test_sizes_are_hexadecimal_in_any_case_rfc9112_7_1),
        cmocka_unit_test(test_leading_zeros_within_sixteen_digits_rfc9112_7_1),
        cmocka_unit_test(test_sizes_that_are_no_hexadecimal_rfc9112_7_1),
        cmocka_unit_test(test_missing_sizes_rfc9112_7_1),
        cmocka_unit_test(test_spaces_at_sizes_rfc9112_7_1),
        cmocka_unit_test(test_sizes_out_of_range_rfc9112_7_1),
        cmocka_unit_test(test_bare_line_ends_rfc9112_2_2),
        cmocka_unit_test(test_a_chunk_ends_where_its_size_says_rfc9112_7_1),
        cmocka_unit_test(test_a_body_that_stops_early_wants_more),
        cmocka_unit_test(test_extensions_are_passed_over_rfc9112_7_1_1),
        cmocka_unit_test(test_bad_white_space_in_extensions_is_removed_rfc9112_7_1_1),
        cmocka_unit_test(test_malformed_extensions_rfc9112_7_1_1),
        cmocka_unit_test(test_malformed_quotes_in_extensions_rfc9110_5_6_4),
        cmocka_unit_test(test_controls_in_extensions_rfc9112_7_1_1),
        cmocka_unit_test(test_extensions_are_bounded_in_proportion),
        cmocka_unit_test(test_trailers_are_collected_rfc9112_7_1_2),
        cmocka_unit_test(test_many_trailers_survive_the_growth_of_their_memory),
        cmocka_unit_test(test_malformed_trailers_rfc9112_5),
        cmocka_unit_test(test_trailers_must_not_change_framing_rfc9110_6_5_1),
        cmocka_unit_test(test_trailers_must_not_change_routing_or_identity_rfc9110_6_5_1),
        cmocka_unit_test(test_a_name_longer_than_all_forbidden_ones_is_allowed),
        cmocka_unit_test(test_trailers_are_bounded_rfc6585_5),
        cmocka_unit_test(test_chunk_heads),
        cmocka_unit_test(test_going_on_after_a_refusal_is_a_bug_of_the_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
