/* SPDX-License-Identifier: Apache-2.0
 * test_channel.c - messages arrive whole, in order, with their descriptor, and the end is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/channel.h"

struct ends {
    int fd[2];
    struct ln_text text;
};

static int setup(void **state)
{
    struct ends *e = calloc(1, sizeof *e);
    struct ln_err err;

    *state = e;
    return ln_channel_open(e->fd, &err);
}

static int teardown(void **state)
{
    struct ends *e = *state;

    for (int i = 0; i < 2; i++)
        if (e->fd[i] >= 0)
            close(e->fd[i]);
    ln_text_fini(&e->text);
    free(e);
    return 0;
}

static enum ln_received receive(struct ends *e, struct ln_msg *msg)
{
    return ln_channel_receive(e->fd[1], msg, &e->text);
}

static bool send_msg(struct ends *e, enum ln_msg_kind kind, unsigned slot, uint64_t number, int fd,
                     struct ln_slice text)
{
    return ln_channel_send(e->fd[0], &(struct ln_msg){kind, slot, number, fd, text});
}

static void test_message_arrives_as_it_was(void **state)
{
    struct ends *e = *state;
    struct ln_msg msg;

    assert_true(send_msg(e, LN_MSG_FAILED, 7, 1ull << 40, -1, LN_SLICE("two\nlines")));
    assert_int_equal(receive(e, &msg), LN_RECEIVED);
    assert_int_equal(msg.kind, LN_MSG_FAILED);
    assert_int_equal(msg.slot, 7);
    assert_int_equal(msg.number, 1ull << 40);
    assert_int_equal(msg.fd, -1);
    assert_true(ln_slice_eq(msg.text, LN_SLICE("two\nlines")));
    assert_int_equal(receive(e, &msg), LN_RECEIVED_NOTHING);
}

static void test_order_is_kept_and_messages_do_not_melt(void **state)
{
    struct ends *e = *state;
    struct ln_msg msg;

    for (unsigned i = 0; i < 50; i++)
        assert_true(send_msg(e, LN_MSG_ADOPT, i, 0, -1, ln_slice(NULL, 0)));
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(receive(e, &msg), LN_RECEIVED);
        assert_int_equal(msg.slot, i);
        assert_int_equal(msg.text.n, 0);
    }
}

static void test_descriptor_comes_along(void **state)
{
    struct ends *e = *state;
    struct ln_msg msg;
    int pipes[2];
    char c = 0;

    assert_int_equal(pipe(pipes), 0);
    assert_true(send_msg(e, LN_MSG_BUILD, 0, 3, pipes[1], ln_slice(NULL, 0)));
    close(pipes[1]);
    assert_int_equal(receive(e, &msg), LN_RECEIVED);
    assert_true(msg.fd >= 0);
    assert_true(fcntl(msg.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(msg.fd, "x", 1), 1);
    assert_int_equal(read(pipes[0], &c, 1), 1);
    assert_int_equal(c, 'x');
    close(msg.fd);
    close(pipes[0]);
}

static void test_long_text_is_cut_and_still_whole(void **state)
{
    struct ends *e = *state;
    struct ln_msg msg;
    char *bytes = malloc(100000);

    memset(bytes, 'a', 100000);
    assert_true(send_msg(e, LN_MSG_FAILED, 0, 1, -1, ln_slice(bytes, 100000)));
    assert_int_equal(receive(e, &msg), LN_RECEIVED);
    assert_int_equal(msg.text.n, LN_MSG_TEXT_MAX);
    free(bytes);
}

static void test_end_is_told_after_the_last_message(void **state)
{
    struct ends *e = *state;
    struct ln_msg msg;

    send_msg(e, LN_MSG_READY, 0, 1, -1, ln_slice(NULL, 0));
    close(e->fd[0]);
    e->fd[0] = -1;
    assert_int_equal(receive(e, &msg), LN_RECEIVED);
    assert_int_equal(receive(e, &msg), LN_RECEIVED_END);
}

static void test_sending_to_the_dead_fails_without_a_signal(void **state)
{
    struct ends *e = *state;

    close(e->fd[1]);
    e->fd[1] = -1;
    assert_false(send_msg(e, LN_MSG_COMMIT, 0, 1, -1, ln_slice(NULL, 0)));
}

static void test_a_reader_that_sleeps_does_not_block_the_sender(void **state)
{
    struct ends *e = *state;
    struct ln_msg msg;
    unsigned sent = 0, received = 0;

    while (sent < 1000000 && send_msg(e, LN_MSG_REOPEN, 0, 0, -1, ln_slice(NULL, 0)))
        sent++;
    assert_in_range(sent, 1, 999999);
    while (receive(e, &msg) == LN_RECEIVED)
        received++;
    assert_int_equal(received, sent);
    assert_true(send_msg(e, LN_MSG_REOPEN, 0, 0, -1, ln_slice(NULL, 0)));
}

static void test_junk_is_the_end(void **state)
{
    struct ends *e = *state;
    struct ln_msg msg;
    uint32_t unknown[4] = {LN_MSG_KINDS, 0, 0, 0};

    assert_int_equal(send(e->fd[0], "abc", 3, 0), 3);
    assert_int_equal(receive(e, &msg), LN_RECEIVED_END);
    assert_int_equal(send(e->fd[0], unknown, sizeof unknown, 0), sizeof unknown);
    assert_int_equal(receive(e, &msg), LN_RECEIVED_END);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_message_arrives_as_it_was),
        TEST(test_order_is_kept_and_messages_do_not_melt),
        TEST(test_descriptor_comes_along),
        TEST(test_long_text_is_cut_and_still_whole),
        TEST(test_end_is_told_after_the_last_message),
        TEST(test_sending_to_the_dead_fails_without_a_signal),
        TEST(test_a_reader_that_sleeps_does_not_block_the_sender),
        TEST(test_junk_is_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
