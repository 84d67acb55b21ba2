/* SPDX-License-Identifier: Apache-2.0
 * test_flow.c - every framing into every other one, cut at random, against bytes worked out by
 * hand; and what a slow, a closed or a lying end does to it.
 */
#include "net/turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gateway/flow.h"

enum { CONTENT_MAX = 300000, WIRE_MAX = 2 * CONTENT_MAX + 65536, WINDOW = 32768 };

/* A flow into a socket pair, and everything that has come out at the other end. */
struct course {
    struct turns turns;
    struct ln_buf_cache bufs;
    struct ln_stream dst;
    int reader;
    struct ln_flow flow;
    struct ln_fields trailers;
    struct ln_arena arena;
    struct ln_window window;
    enum ln_reject why;
    char *out, *in, *content, *scratch;
    size_t out_len, in_len, content_len;
};

static void on_nothing(struct ln_stream *s)
{
    (void)s;
}

static char *room(void)
{
    char *p = malloc(WIRE_MAX);

    assert_non_null(p);
    return p;
}

static void open_pair(struct course *c)
{
    int fds[2], small = 4096;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small,
               sizeof small); /* full soon: most pushes are cut short */
    ln_stream_open(&c->dst, c->turns.loop, fds[0], on_nothing, on_nothing);
    c->reader = fds[1];
}

static int set_up(void **state)
{
    struct course *c = calloc(1, sizeof *c);

    if (c == NULL)
        return -1;
    turns_init(&c->turns);
    ln_buf_cache_init(&c->bufs, 8);
    ln_arena_init(&c->arena, NULL);
    ln_fields_init(&c->trailers, &c->arena);
    c->out = room();
    c->in = room();
    c->content = room();
    c->scratch = room();
    c->window = (struct ln_window){malloc(WINDOW), 0, WINDOW};
    open_pair(c);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    struct course *c = *state;

    ln_flow_fini(&c->flow);
    assert_int_equal(c->bufs.lent, 0);
    ln_stream_close(&c->dst);
    if (c->reader >= 0)
        close(c->reader);
    ln_buf_cache_fini(&c->bufs);
    ln_arena_reset(&c->arena);
    free(c->window.base);
    free(c->out);
    free(c->in);
    free(c->content);
    free(c->scratch);
    turns_fini(&c->turns);
    free(c);
    return 0;
}

static void start(struct course *c, enum ln_framing in, uint64_t length, enum ln_framing out)
{
    ln_flow_init(&c->flow, &c->bufs, in, length, out, &c->trailers);
    c->trailers.count = 0;
    c->out_len = 0;
    c->why = LN_REJECT_NONE;
}

static void drain(struct course *c)
{
    ssize_t n;

    while ((n = recv(c->reader, c->out + c->out_len, WIRE_MAX - c->out_len, MSG_DONTWAIT)) > 0)
        c->out_len += (size_t)n;
}

/* Bytes that must have come out by now, and nothing more. */
static void assert_out(struct course *c, const char *want)
{
    drain(c);
    assert_int_equal(c->out_len, strlen(want));
    assert_memory_equal(c->out, want, c->out_len);
}

/* One push from a copy of its own, so that a look beyond or behind is noticed; how much of it was
 * used. */
static enum ln_flow_result push(struct course *c, const char *bytes, size_t n, size_t *used)
{
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    const char *p = copy;
    enum ln_flow_result result = ln_flow_push(&c->flow, &c->dst, &c->window, &p, copy + n, &c->why);

    if (used != NULL)
        *used = (size_t)(p - copy);
    free(copy);
    assert_true(c->window.used == 0 || result == LN_FLOW_LARGE); /* its bytes are gone or kept */
    c->window.used = 0;
    return result;
}

#define PUSH(c, text) push(c, text, strlen(text), NULL)

/* As a gateway does: what does not fit waits until the reader has made room. */
static enum ln_flow_result flush(struct course *c, enum ln_flow_result result)
{
    while (result == LN_FLOW_FULL) {
        assert_non_null(c->flow.pending);
        drain(c);
        result = ln_flow_flush(&c->flow, &c->dst);
    }
    assert_null(c->flow.pending);
    drain(c);
    return result;
}

/* ---- all framings, cut at random
 * ------------------------------------------------------------------------------ */

static void make_content(struct course *c, size_t n)
{
    c->content_len = n;
    for (size_t i = 0; i < n; i++)
        c->content[i] = (char)rand();
}

static void put(struct course *c, const void *bytes, size_t n)
{
    memcpy(c->in + c->in_len, bytes, n);
    c->in_len += n;
}

static void put_text(struct course *c, const char *text)
{
    put(c, text, strlen(text));
}

/* The content as a source of that framing would send it; chunks of any size, with extensions, and
 * trailers. */
static void make_wire(struct course *c, enum ln_framing in)
{
    char head[64];

    c->in_len = 0;
    if (in != LN_FRAMING_CHUNKED) {
        put(c, c->content, c->content_len);
        return;
    }
    for (size_t at = 0, n; at < c->content_len; at += n) {
        n = 1 + (size_t)rand() % (rand() % 3 == 0 ? 30000 : 30);
        if (n > c->content_len - at)
            n = c->content_len - at;
        snprintf(head, sizeof head, rand() % 5 == 0 ? "%04zX;a=\"b;c\"\r\n" : "%zx\r\n", n);
        put_text(c, head);
        put(c, c->content + at, n);
        put_text(c, "\r\n");
    }
    put_text(c, "000\r\nX-Sum: 1\r\nx-more:\t two \r\n\r\n");
}

/* Reads chunks the plain way; the trailer section and what follows stay behind. Returns where they
 * begin. */
static size_t unchunk(struct course *c, size_t at)
{
    size_t n = 0;

    for (;;) {
        char *end;
        size_t size = strtoul(c->out + at, &end, 16);

        assert_true(end > c->out + at && end[0] == '\r' && end[1] == '\n');
        at = (size_t)(end + 2 - c->out);
        if (size == 0)
            break;
        assert_true(at + size + 2 <= c->out_len);
        memcpy(c->scratch + n, c->out + at, size);
        n += size;
        at += size;
        assert_memory_equal(c->out + at, "\r\n", 2);
        at += 2;
    }
    assert_int_equal(n, c->content_len);
    assert_memory_equal(c->scratch, c->content, n);
    return at;
}

static void assert_came_out(struct course *c, enum ln_framing in, enum ln_framing out, size_t head)
{
    const char *tail = in == LN_FRAMING_CHUNKED ? "X-Sum: 1\r\nx-more: two\r\n\r\n" : "\r\n";

    assert_memory_equal(c->out, "HEAD", head);
    c->out[c->out_len] = '\0';
    if (out == LN_FRAMING_NONE) {
        assert_int_equal(c->out_len, head);
    } else if (out == LN_FRAMING_CHUNKED) {
        size_t at = unchunk(c, head);

        assert_int_equal(c->out_len - at, strlen(tail));
        assert_memory_equal(c->out + at, tail, strlen(tail));
    } else {
        assert_int_equal(c->out_len - head, c->content_len);
        assert_memory_equal(c->out + head, c->content, c->content_len);
    }
    assert_int_equal(c->flow.written, c->out_len);
}

static void run(struct course *c, enum ln_framing in, enum ln_framing out, size_t piece_max)
{
    enum ln_flow_result result = LN_FLOW_MORE;
    size_t at = 0;

    start(c, in, c->content_len, out);
    memcpy(c->window.base, "HEAD", 4);
    c->window.used = 4;
    do {
        size_t n = 1 + (size_t)rand() % piece_max, used;

        if (n > c->in_len - at)
            n = c->in_len - at;
        result = flush(c, push(c, c->in + at, n, &used));
        assert_int_equal(used, n);
        at += n;
    } while (result == LN_FLOW_MORE && at < c->in_len);
    if (in == LN_FRAMING_CLOSE) {
        assert_int_equal(result, LN_FLOW_MORE);
        assert_true(ln_body_is_complete_at_eof(&c->flow.body));
        result = flush(c, ln_flow_close(&c->flow, &c->dst, &c->window));
    }
    assert_int_equal(result, LN_FLOW_END);
    assert_int_equal(at, c->in_len);
    assert_true(c->flow.ended);
    assert_came_out(c, in, out, 4);
}

static void test_all_framings_into_all(void **state)
{
    static const enum ln_framing sources[] = {LN_FRAMING_LENGTH, LN_FRAMING_CHUNKED,
                                              LN_FRAMING_CLOSE};
    static const enum ln_framing destinations[] = {LN_FRAMING_LENGTH, LN_FRAMING_CHUNKED,
                                                   LN_FRAMING_CLOSE, LN_FRAMING_NONE};
    static const size_t pieces[] = {1, 7, 100, 4096, 5000, 65536};
    static const size_t contents[] = {1, 2, 500, 5000, 70000};
    struct course *c = *state;

    srand(3);
    for (size_t s = 0; s < 3; s++)
        for (size_t d = 0; d < 4; d++)
            for (size_t p = 0; p < 6; p++)
                for (size_t n = 0; n < 5; n++) {
                    if (pieces[p] < 100 && contents[n] > 1000)
                        continue; /* the same cuts, only slower */
                    make_content(c, contents[n]);
                    make_wire(c, sources[s]);
                    run(c, sources[s], destinations[d], pieces[p]);
                }
}

static void test_a_large_content_in_large_reads(void **state)
{
    struct course *c = *state;

    srand(4);
    make_content(c, CONTENT_MAX);
    make_wire(c, LN_FRAMING_CHUNKED);
    run(c, LN_FRAMING_CHUNKED, LN_FRAMING_CHUNKED, 65536);
    make_wire(c, LN_FRAMING_LENGTH);
    run(c, LN_FRAMING_LENGTH, LN_FRAMING_CHUNKED, 65536);
}

static void test_no_content_at_all(void **state)
{
    struct course *c = *state;

    start(c, LN_FRAMING_NONE, 0, LN_FRAMING_NONE);
    assert_int_equal(push(c, "", 0, NULL), LN_FLOW_END);
    assert_out(c, "");
    start(c, LN_FRAMING_LENGTH, 0, LN_FRAMING_LENGTH);
    assert_int_equal(push(c, "", 0, NULL), LN_FLOW_END);
    assert_out(c, "");
    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "0\r\n\r\n"), LN_FLOW_END);
    assert_out(c, "0\r\n\r\n");
    start(c, LN_FRAMING_CLOSE, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(ln_flow_close(&c->flow, &c->dst, &c->window), LN_FLOW_END);
    assert_out(c, "0\r\n\r\n");
}

/* ---- details
 * --------------------------------------------------------------------------------------------------
 */

/* A piece goes out as soon as it has come, so that events reach their readers: no flush is needed.
 */
static void test_pieces_are_not_held_back(void **state)
{
    struct course *c = *state;

    start(c, LN_FRAMING_CLOSE, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "data: 1\n\n"), LN_FLOW_MORE);
    assert_out(c, "9\r\ndata: 1\n\n\r\n");
    assert_int_equal(PUSH(c, "data: 2\n\n"), LN_FLOW_MORE);
    assert_out(c, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n");
}

static void test_head_and_content_leave_together(void **state)
{
    struct course *c = *state;
    char bytes[64];

    memcpy(c->window.base, "HEAD\r\n", 6);
    c->window.used = 6;
    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "3\r\nabc\r\n0\r\n\r\n"), LN_FLOW_END);
    /* A datagram of one send() would be cut here; on a stream one recv() shows that nothing came in
     * between. */
    assert_int_equal(recv(c->reader, bytes, sizeof bytes, MSG_DONTWAIT), 19);
    assert_memory_equal(bytes, "HEAD\r\n3\r\nabc\r\n0\r\n\r\n", 19);
}

/* What stands behind the end is the next message: it must stay where it is. */
static void test_bytes_behind_the_end_are_left_alone(void **state)
{
    struct course *c = *state;
    size_t used;

    start(c, LN_FRAMING_LENGTH, 5, LN_FRAMING_LENGTH);
    assert_int_equal(push(c, "helloGET /", 10, &used), LN_FLOW_END);
    assert_int_equal(used, 5);
    assert_out(c, "hello");
    assert_int_equal(push(c, "GET /", 5, &used), LN_FLOW_END); /* and ended is ended */
    assert_int_equal(used, 0);

    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_LENGTH);
    assert_int_equal(push(c, "1\r\nx\r\n0\r\n\r\nGET /", 16, &used), LN_FLOW_END);
    assert_int_equal(used, 11);
    assert_out(c, "x");

    start(c, LN_FRAMING_NONE, 0, LN_FRAMING_NONE);
    assert_int_equal(push(c, "GET /", 5, &used), LN_FLOW_END);
    assert_int_equal(used, 0);
}

static void test_trailers_pass_between_chunked_ends_only(void **state)
{
    static const char wire[] = "1\r\nx\r\n0\r\nDigest: y\r\n\r\n";
    struct course *c = *state;

    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, wire), LN_FLOW_END);
    assert_out(c, wire);
    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CLOSE);
    assert_int_equal(PUSH(c, wire), LN_FLOW_END);
    assert_out(c, "x");
    ln_flow_init(&c->flow, &c->bufs, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED,
                 NULL); /* nobody wants them */
    c->out_len = 0;
    assert_int_equal(PUSH(c, wire), LN_FLOW_END);
    assert_out(c, "1\r\nx\r\n0\r\n\r\n");
}

static void test_a_dropped_trailer_stays_behind(void **state)
{
    struct course *c = *state;

    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "0\r\nA: 1\r\nB: 2\r\n"), LN_FLOW_MORE);
    c->trailers.v[0].dropped = 1;
    assert_int_equal(PUSH(c, "\r\n"), LN_FLOW_END);
    assert_out(c, "0\r\nB: 2\r\n\r\n");
}

/* ---- ends that misbehave
 * -------------------------------------------------------------------------------------- */

static void test_broken_framing_gets_no_end(void **state)
{
    struct course *c = *state;

    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "3\r\nabc\r\nzz\r\n"), LN_FLOW_BAD);
    assert_int_equal(c->why, LN_REJECT_CHUNK_SIZE);
    assert_false(c->flow.ended);
    assert_out(c, "3\r\nabc\r\n"); /* what was good may have passed; the last chunk must not */
}

static void test_content_over_the_bound_gets_no_end(void **state)
{
    struct course *c = *state;

    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    c->flow.most = 4;
    assert_int_equal(PUSH(c, "4\r\nabcd\r\n"), LN_FLOW_MORE); /* up to the bound */
    assert_int_equal(PUSH(c, "1\r\ne\r\n0\r\n\r\n"), LN_FLOW_LARGE);
    assert_false(c->flow.ended);
    assert_out(c, "4\r\nabcd\r\n");

    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    c->flow.most = 4;
    assert_int_equal(PUSH(c, "5\r\nabcde\r\n0\r\n\r\n"),
                     LN_FLOW_LARGE); /* all at once: not a byte of the end */
    drain(c);
    assert_true(c->out_len == 0 || memmem(c->out, c->out_len, "0\r\n\r\n", 5) == NULL);

    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    c->flow.most = 4;
    assert_int_equal(PUSH(c, "4\r\nabcd\r\n0\r\n\r\n"),
                     LN_FLOW_END); /* exactly the bound is good */
}

static void test_a_close_in_the_middle_is_no_clean_end(void **state)
{
    struct course *c = *state;

    start(c, LN_FRAMING_LENGTH, 5, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "abc"), LN_FLOW_MORE);
    assert_false(ln_body_is_complete_at_eof(&c->flow.body));
    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "3\r\nabc\r\n0\r\n"), LN_FLOW_MORE);
    assert_false(ln_body_is_complete_at_eof(&c->flow.body));
    start(c, LN_FRAMING_CLOSE, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(PUSH(c, "abc"), LN_FLOW_MORE);
    assert_true(ln_body_is_complete_at_eof(&c->flow.body));
}

static void test_a_destination_that_is_gone(void **state)
{
    struct course *c = *state;

    start(c, LN_FRAMING_LENGTH, 10, LN_FRAMING_LENGTH);
    assert_int_equal(PUSH(c, "abc"), LN_FLOW_MORE);
    close(c->reader);
    c->reader = -1;
    assert_int_equal(PUSH(c, "def"), LN_FLOW_GONE);
    assert_null(c->flow.pending);
    assert_int_equal(c->flow.written, 3);
}

static void test_a_destination_that_goes_while_bytes_wait(void **state)
{
    struct course *c = *state;

    make_content(c, CONTENT_MAX);
    start(c, LN_FRAMING_LENGTH, CONTENT_MAX, LN_FRAMING_LENGTH);
    assert_int_equal(push(c, c->content, CONTENT_MAX, NULL), LN_FLOW_FULL);
    close(c->reader);
    c->reader = -1;
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_GONE);
}

/* ---- back-pressure
 * -------------------------------------------------------------------------------------------- */

/* Fills the socket, so that whatever comes must wait. */
static size_t stuff(struct course *c)
{
    static const char bytes[1024] = "";
    size_t sum = 0;
    ssize_t n;

    while ((n = ln_stream_write(&c->dst, bytes, sizeof bytes)) > 0)
        sum += (size_t)n;
    while ((n = ln_stream_write(&c->dst, bytes, 1)) > 0)
        sum += (size_t)n;
    return sum;
}

static void make_way(struct course *c, size_t n)
{
    drain(c);
    assert_true(c->out_len >= n);
    memmove(c->out, c->out + n, c->out_len - n);
    c->out_len -= n;
}

/* What waits is what came with one read, and its framing: not more, whatever the size of the body.
 */
static void test_what_waits_is_bounded(void **state)
{
    struct course *c = *state;
    size_t stuffed = stuff(c), one = 65536;

    make_content(c, CONTENT_MAX);
    start(c, LN_FRAMING_LENGTH, CONTENT_MAX, LN_FRAMING_CHUNKED);
    assert_int_equal(push(c, c->content, one, NULL), LN_FLOW_FULL);
    assert_int_equal(ln_buf_len(c->flow.pending), one + 9); /* "10000\r\n" and the CRLF behind it */
    assert_int_equal(c->flow.written, 0);
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst),
                     LN_FLOW_FULL); /* still no room: nothing changes */
    assert_int_equal(ln_buf_len(c->flow.pending), one + 9);
    make_way(c, stuffed);

    enum ln_flow_result result = flush(c, ln_flow_flush(&c->flow, &c->dst));

    for (size_t at = one; at < CONTENT_MAX; at += one) {
        assert_int_equal(result, LN_FLOW_MORE);
        result = push(c, c->content + at, CONTENT_MAX - at < one ? CONTENT_MAX - at : one, NULL);
        assert_true(c->flow.pending == NULL || ln_buf_len(c->flow.pending) <= one + 64);
        result = flush(c, result);
    }
    assert_int_equal(result, LN_FLOW_END);
    c->out[c->out_len] = '\0';
    assert_int_equal(unchunk(c, 0) + 2, c->out_len);
}

/* Many small pieces in one push: more than one system call could take, and all of them must wait in
 * order. */
static void test_many_pieces_wait_in_order(void **state)
{
    struct course *c = *state;
    size_t stuffed = stuff(c);

    srand(9);
    make_content(c, 5000);
    c->in_len = 0;
    for (size_t i = 0; i < c->content_len; i++) {
        put_text(c, "1\r\n");
        put(c, c->content + i, 1);
        put_text(c, "\r\n");
    }
    put_text(c, "0\r\n\r\n");
    start(c, LN_FRAMING_CHUNKED, 0, LN_FRAMING_CHUNKED);
    assert_int_equal(push(c, c->in, c->in_len, NULL), LN_FLOW_FULL);
    assert_int_equal(ln_buf_len(c->flow.pending), c->in_len);
    make_way(c, stuffed);
    assert_int_equal(flush(c, LN_FLOW_FULL), LN_FLOW_END);
    assert_int_equal(c->out_len, c->in_len);
    assert_memory_equal(c->out, c->in, c->in_len);
}

/* The end of the body is known while its bytes still wait: full first, the end when they have gone.
 */
static void test_the_end_waits_for_its_bytes(void **state)
{
    struct course *c = *state;
    size_t stuffed = stuff(c);

    start(c, LN_FRAMING_LENGTH, 3, LN_FRAMING_LENGTH);
    assert_int_equal(PUSH(c, "abc"), LN_FLOW_FULL);
    assert_true(c->flow.ended);
    make_way(c, stuffed);
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_END);
    assert_out(c, "abc");
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_END);
}

static void test_the_head_waits_too(void **state)
{
    struct course *c = *state;
    size_t stuffed = stuff(c);

    memcpy(c->window.base, "HEAD", 4);
    c->window.used = 4;
    start(c, LN_FRAMING_LENGTH, 3, LN_FRAMING_LENGTH);
    assert_int_equal(push(c, "", 0, NULL), LN_FLOW_FULL);
    memset(c->window.base, '?', 4); /* the window is the worker's scratch: others write to it */
    make_way(c, stuffed);
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_MORE);
    assert_int_equal(PUSH(c, "abc"), LN_FLOW_END);
    assert_out(c, "HEADabc");
}

/* The exchange ends while bytes wait: the buffer goes back. */
static void test_ending_gives_the_buffer_back(void **state)
{
    struct course *c = *state;

    stuff(c);
    start(c, LN_FRAMING_LENGTH, 3, LN_FRAMING_LENGTH);
    assert_int_equal(PUSH(c, "ab"), LN_FLOW_FULL);
    assert_int_equal(c->bufs.lent, 1);
    ln_flow_fini(&c->flow);
    assert_int_equal(c->bufs.lent, 0);
    ln_flow_fini(&c->flow); /* twice is harmless */
}

/* A byte a second: what does not go at once does not go during this test. */
static void test_a_pace_holds(void **state)
{
    struct course *c = *state;
    char *large = calloc(1, 5000);

    memset(large, 'x', 5000);
    memcpy(c->window.base, "HEAD", 4);
    c->window.used = 4;
    start(c, LN_FRAMING_LENGTH, 5003, LN_FRAMING_LENGTH);
    ln_pace_add(&c->flow.pace, &c->arena, 1, 2048);
    assert_int_equal(push(c, large, 5000, NULL), LN_FLOW_HELD);
    drain(c);
    assert_int_equal(c->out_len, 2048);
    assert_memory_equal(c->out, "HEADxxx", 7);
    assert_int_equal(c->flow.written, 2048);
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_HELD);
    assert_int_equal(PUSH(c, "end"), LN_FLOW_HELD);
    c->flow.pace = NULL; /* its turn has come */
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_END);
    drain(c);
    assert_int_equal(c->out_len, 5007);
    assert_memory_equal(c->out + 5001, "xxxend", 6);
    free(large);
}

/* What the pace allows and the socket does not take may still go. */
static void test_a_full_socket_is_not_the_pace(void **state)
{
    struct course *c = *state;
    size_t stuffed = stuff(c);

    start(c, LN_FRAMING_LENGTH, 4, LN_FRAMING_LENGTH);
    ln_pace_add(&c->flow.pace, &c->arena, 1, 2048);
    assert_int_equal(PUSH(c, "abc"), LN_FLOW_FULL);
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_FULL);
    make_way(c, stuffed);
    assert_int_equal(ln_flow_flush(&c->flow, &c->dst), LN_FLOW_MORE);
    assert_int_equal(PUSH(c, "d"), LN_FLOW_END);
    assert_out(c, "abcd");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_framings_into_all),
        TEST(test_a_large_content_in_large_reads),
        TEST(test_no_content_at_all),
        TEST(test_pieces_are_not_held_back),
        TEST(test_head_and_content_leave_together),
        TEST(test_bytes_behind_the_end_are_left_alone),
        TEST(test_trailers_pass_between_chunked_ends_only),
        TEST(test_a_dropped_trailer_stays_behind),
        TEST(test_broken_framing_gets_no_end),
        TEST(test_content_over_the_bound_gets_no_end),
        TEST(test_a_close_in_the_middle_is_no_clean_end),
        TEST(test_a_destination_that_is_gone),
        TEST(test_a_destination_that_goes_while_bytes_wait),
        TEST(test_what_waits_is_bounded),
        TEST(test_many_pieces_wait_in_order),
        TEST(test_the_end_waits_for_its_bytes),
        TEST(test_the_head_waits_too),
        TEST(test_ending_gives_the_buffer_back),
        TEST(test_a_pace_holds),
        TEST(test_a_full_socket_is_not_the_pace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
