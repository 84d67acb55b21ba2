/* SPDX-License-Identifier: Apache-2.0
 * test_stream.c - real sockets: short writes, full ones, closed ones, and readiness in both
 * directions.
 */
#include "net/turns.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/stream.h"

struct pair {
    struct turns turns;
    struct ln_stream stream;
    int peer;
    unsigned readable, writable;
    bool was_readable, was_writable;
};

static void on_readable(struct ln_stream *s)
{
    struct pair *p = ln_container_of(s, struct pair, stream);

    p->readable++;
    p->was_readable = true;
}

static void on_writable(struct ln_stream *s)
{
    struct pair *p = ln_container_of(s, struct pair, stream);

    p->writable++;
    p->was_writable = true;
}

static void adopt(struct pair *p, int ours, int theirs)
{
    turns_init(&p->turns);
    p->peer = theirs;
    ln_stream_open(&p->stream, p->turns.loop, ours, on_readable, on_writable);
}

static int set_up(void **state)
{
    struct pair *p = calloc(1, sizeof *p);
    int fds[2];

    if (p == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
        return -1;
    adopt(p, fds[0], fds[1]);
    *state = p;
    return 0;
}

/* A TCP connection over the loopback: what Unix sockets cannot show, such as RST. */
static int set_up_tcp(void **state)
{
    struct pair *p = calloc(1, sizeof *p);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (p == NULL || bind(door, (struct sockaddr *)&at, len) != 0 || listen(door, 1) != 0 ||
        getsockname(door, (struct sockaddr *)&at, &len) != 0 ||
        connect(theirs, (struct sockaddr *)&at, len) != 0)
        return -1;
    adopt(p, accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), theirs);
    close(door);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *p = *state;

    ln_stream_close(&p->stream);
    if (p->peer >= 0)
        close(p->peer);
    turns_fini(&p->turns);
    free(p);
    return 0;
}

static void hang_up(struct pair *p)
{
    close(p->peer);
    p->peer = -1;
}

/* Writes until the socket is full; the number of bytes it took. */
static size_t fill(struct pair *p)
{
    static char bytes[4096];
    size_t sum = 0;
    ssize_t n;

    memset(bytes, 'x', sizeof bytes);
    while ((n = ln_stream_write(&p->stream, bytes, sizeof bytes)) > 0)
        sum += (size_t)n;
    assert_int_equal(n, LN_STREAM_AGAIN);
    return sum;
}

static size_t drain(struct pair *p)
{
    static char bytes[65536];
    size_t sum = 0;
    ssize_t n;

    while ((n = recv(p->peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        sum += (size_t)n;
    return sum;
}

static void test_reads_what_has_come(void **state)
{
    struct pair *p = *state;
    char bytes[8];

    assert_int_equal(ln_stream_read(&p->stream, bytes, sizeof bytes), LN_STREAM_AGAIN);
    assert_int_equal(write(p->peer, "hello, you", 10), 10);
    assert_int_equal(ln_stream_read(&p->stream, bytes, sizeof bytes), 8);
    assert_memory_equal(bytes, "hello, y", 8);
    assert_int_equal(ln_stream_read(&p->stream, bytes, sizeof bytes), 2);
    assert_int_equal(ln_stream_read(&p->stream, bytes, sizeof bytes), LN_STREAM_AGAIN);
    hang_up(p);
    assert_int_equal(ln_stream_read(&p->stream, bytes, sizeof bytes), 0);
}

static void test_a_full_socket_takes_a_part_then_none(void **state)
{
    struct pair *p = *state;
    size_t much = 8u << 20;
    char *bytes = calloc(1, much);

    assert_non_null(bytes);
    ssize_t n = ln_stream_write(&p->stream, bytes, much);

    assert_true(n > 0 && (size_t)n < much);
    size_t more = fill(p); /* what is left of the last page, if anything */
    assert_int_equal(ln_stream_write(&p->stream, bytes, 1), LN_STREAM_AGAIN);
    assert_int_equal(drain(p), (size_t)n + more);
    assert_int_equal(ln_stream_write(&p->stream, bytes, 1), 1);
    free(bytes);
}

static void test_a_vector_may_be_cut_anywhere(void **state)
{
    struct pair *p = *state;
    size_t much = 4u << 20;
    char *bytes = calloc(1, much);
    struct iovec iov[3] = {{.iov_base = (char[]){'a', 'b'}, .iov_len = 2},
                           {.iov_base = bytes, .iov_len = much},
                           {.iov_base = (char[]){'c'}, .iov_len = 1}};

    assert_non_null(bytes);
    ssize_t n = ln_stream_writev(&p->stream, iov, 3);

    assert_true(n > 2 && (size_t)n < much + 3);
    fill(p);
    assert_int_equal(ln_stream_writev(&p->stream, iov, 3), LN_STREAM_AGAIN);
    drain(p);
    iov[1].iov_len = 0;
    assert_int_equal(ln_stream_writev(&p->stream, iov, 3), 3);
    char seen[4];
    assert_int_equal(read(p->peer, seen, sizeof seen), 3);
    assert_memory_equal(seen, "abc", 3);
    free(bytes);
}

static void test_writing_to_a_closed_peer_is_an_error_and_no_signal(void **state)
{
    struct pair *p = *state;

    hang_up(p);
    assert_int_equal(ln_stream_write(&p->stream, "x", 1), LN_STREAM_ERROR);
    assert_int_equal(p->stream.error, EPIPE);

    struct iovec iov = {.iov_base = (char[]){'x'}, .iov_len = 1};

    assert_int_equal(ln_stream_writev(&p->stream, &iov, 1), LN_STREAM_ERROR);
}

static void test_readability_is_told_in_every_turn_until_read(void **state)
{
    struct pair *p = *state;
    char byte;

    ln_stream_watch_read(&p->stream, true);
    turns_once(&p->turns);
    assert_int_equal(p->readable, 0);
    assert_int_equal(write(p->peer, "x", 1), 1);
    turns_until(&p->turns, &p->was_readable);
    turns_once(&p->turns);
    assert_int_equal(p->readable, 2);
    assert_int_equal(ln_stream_read(&p->stream, &byte, 1), 1);
    turns_once(&p->turns);
    assert_int_equal(p->readable, 2);
}

static void test_watching_can_be_paused(void **state)
{
    struct pair *p = *state;

    ln_stream_watch_read(&p->stream, true);
    ln_stream_watch_read(&p->stream, true); /* twice is once */
    assert_int_equal(write(p->peer, "x", 1), 1);
    ln_stream_watch_read(&p->stream, false);
    turns_once(&p->turns);
    assert_int_equal(p->readable, 0);
    ln_stream_watch_read(&p->stream, true);
    turns_until(&p->turns, &p->was_readable);
    assert_int_equal(p->readable, 1);
}

static void test_a_full_socket_tells_when_there_is_room(void **state)
{
    struct pair *p = *state;

    fill(p);
    ln_stream_watch_write(&p->stream, true);
    turns_once(&p->turns);
    assert_int_equal(p->writable, 0);
    drain(p);
    turns_until(&p->turns, &p->was_writable);
    ln_stream_watch_write(&p->stream, false);
    turns_once(&p->turns);
    assert_int_equal(p->writable, 1);
}

static void close_it(struct ln_stream *s)
{
    on_readable(s);
    ln_stream_close(s);
}

/* Both directions are ready in one turn; closing in the first callback silences the second. */
static void test_closing_in_a_callback_ends_both(void **state)
{
    struct pair *p = *state;

    p->stream.on_readable = close_it;
    p->stream.on_writable = close_it;
    ln_stream_watch_read(&p->stream, true);
    ln_stream_watch_write(&p->stream, true);
    assert_int_equal(write(p->peer, "x", 1), 1);
    turns_until(&p->turns, &p->was_readable);
    turns_once(&p->turns);
    assert_int_equal(p->readable, 1);
    assert_int_equal(p->stream.fd, -1);
    ln_stream_close(&p->stream); /* twice is harmless */
    ln_stream_reset(&p->stream);
    ln_stream_shutdown_write(&p->stream);
}

static void test_quiet_means_nothing_has_come(void **state)
{
    struct pair *p = *state;
    char byte;

    assert_true(ln_stream_is_quiet(&p->stream));
    assert_int_equal(write(p->peer, "x", 1), 1);
    assert_false(ln_stream_is_quiet(&p->stream));
    assert_int_equal(ln_stream_read(&p->stream, &byte, 1), 1); /* it took nothing */
    assert_int_equal(byte, 'x');
    assert_true(ln_stream_is_quiet(&p->stream));
    hang_up(p);
    assert_false(ln_stream_is_quiet(&p->stream));
}

static void test_half_closing_leaves_the_other_direction(void **state)
{
    struct pair *p = *state;
    char byte;

    ln_stream_shutdown_write(&p->stream);
    assert_int_equal(read(p->peer, &byte, 1), 0);
    assert_int_equal(write(p->peer, "x", 1), 1);
    assert_int_equal(ln_stream_read(&p->stream, &byte, 1), 1);
}

static void test_close_is_a_clean_end(void **state)
{
    struct pair *p = *state;
    char bytes[8];

    assert_int_equal(ln_stream_write(&p->stream, "bye", 3), 3);
    ln_stream_close(&p->stream);
    assert_int_equal(recv(p->peer, bytes, sizeof bytes, MSG_WAITALL), 3);
    assert_int_equal(read(p->peer, bytes, sizeof bytes), 0);
}

static void test_reset_is_not(void **state)
{
    struct pair *p = *state;
    char bytes[8];

    ln_stream_reset(&p->stream);
    assert_int_equal(p->stream.fd, -1);
    assert_int_equal(read(p->peer, bytes, sizeof bytes), -1);
    assert_int_equal(errno, ECONNRESET);
}

static void test_a_reset_by_the_peer_is_an_error(void **state)
{
    struct pair *p = *state;
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    char byte;

    setsockopt(p->peer, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    hang_up(p);
    ln_stream_watch_read(&p->stream, true);
    turns_until(&p->turns, &p->was_readable);
    assert_int_equal(ln_stream_read(&p->stream, &byte, 1), LN_STREAM_ERROR);
    assert_int_equal(p->stream.error, ECONNRESET);
}

/* ---- options of TCP
 * ------------------------------------------------------------------------------------------- */

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;

    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static void test_tcp_options(void **state)
{
    struct pair *p = *state;
    int fd = p->stream.fd;

    ln_stream_tcp(fd, &(struct ln_tcp_options){.no_delay = true, .keep_alive = 1500});
    assert_true(option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    assert_true(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 2); /* whole seconds, rounded up */
    ln_stream_tcp(fd, &(struct ln_tcp_options){.no_delay = true, .keep_alive = 60000});
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option(fd, IPPROTO_TCP, TCP_KEEPCNT),
                     60); /* as long again */
    ln_stream_tcp(fd, &(struct ln_tcp_options){.no_delay = false, .keep_alive = 0});
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
}

static void test_tcp_options_leave_other_sockets_alone(void **state)
{
    struct pair *p = *state;
    char byte;

    ln_stream_tcp(p->stream.fd, &(struct ln_tcp_options){.no_delay = true, .keep_alive = 1000});
    assert_int_equal(ln_stream_write(&p->stream, "x", 1), 1);
    assert_int_equal(read(p->peer, &byte, 1), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define TEST_TCP(f) cmocka_unit_test_setup_teardown(f, set_up_tcp, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_what_has_come),
        TEST(test_a_full_socket_takes_a_part_then_none),
        TEST(test_a_vector_may_be_cut_anywhere),
        TEST(test_writing_to_a_closed_peer_is_an_error_and_no_signal),
        TEST(test_readability_is_told_in_every_turn_until_read),
        TEST(test_watching_can_be_paused),
        TEST(test_a_full_socket_tells_when_there_is_room),
        TEST(test_closing_in_a_callback_ends_both),
        TEST(test_quiet_means_nothing_has_come),
        TEST_TCP(test_half_closing_leaves_the_other_direction),
        TEST_TCP(test_close_is_a_clean_end),
        TEST_TCP(test_reset_is_not),
        TEST_TCP(test_a_reset_by_the_peer_is_an_error),
        TEST_TCP(test_tcp_options),
        TEST(test_tcp_options_leave_other_sockets_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
