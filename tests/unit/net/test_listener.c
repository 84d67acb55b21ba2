/* SPDX-License-Identifier: Apache-2.0
 * test_listener.c - bursts are accepted in batches, and running out of descriptors neither spins
 * nor ends the service.
 */
#include "net/turns.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "net/listener.h"

enum { CALLERS = 40 };

struct house {
    struct turns turns;
    struct ln_listener listener;
    struct sockaddr_in at;
    int door, caller[CALLERS], guest[CALLERS];
    unsigned callers, guests, until;
    struct sockaddr_storage last;
    socklen_t last_len;
    bool full, stop_at_once;
};

static void on_accept(struct ln_listener *l, int fd, const struct sockaddr_storage *peer,
                      socklen_t len)
{
    struct house *h = ln_container_of(l, struct house, listener);

    h->guest[h->guests++] = fd;
    h->last = *peer;
    h->last_len = len;
    h->full = h->guests >= h->until;
    if (h->stop_at_once)
        ln_listener_stop(l);
}

static int set_up(void **state)
{
    struct house *h = calloc(1, sizeof *h);
    socklen_t len = sizeof h->at;

    if (h == NULL)
        return -1;
    turns_init(&h->turns);
    h->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    h->door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(h->door, (struct sockaddr *)&h->at, len) != 0 || listen(h->door, CALLERS) != 0 ||
        getsockname(h->door, (struct sockaddr *)&h->at, &len) != 0)
        return -1;
    ln_listener_start(&h->listener, h->turns.loop, h->door, on_accept);
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    struct house *h = *state;

    ln_listener_stop(&h->listener);
    for (unsigned i = 0; i < h->callers; i++)
        close(h->caller[i]);
    for (unsigned i = 0; i < h->guests; i++)
        close(h->guest[i]);
    close(h->door);
    turns_fini(&h->turns);
    free(h);
    return 0;
}

static void call(struct house *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&h->at, sizeof h->at), 0);
        h->caller[h->callers++] = fd;
    }
}

static void test_hands_over_who_calls(void **state)
{
    struct house *h = *state;
    struct sockaddr_in caller;
    socklen_t len = sizeof caller;

    h->until = 1;
    call(h, 1);
    turns_until(&h->turns, &h->full);
    assert_true((fcntl(h->guest[0], F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(h->guest[0], F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(getsockname(h->caller[0], (struct sockaddr *)&caller, &len), 0);
    assert_int_equal(h->last_len, len);
    assert_memory_equal(&h->last, &caller, len);
}

/* A burst takes few turns, but no single turn takes all: others want to live too. */
static void test_accepts_in_batches(void **state)
{
    struct house *h = *state;
    unsigned turns = 0, most = 0;

    h->until = CALLERS;
    call(h, CALLERS);
    while (!h->full && turns < 100) {
        unsigned before = h->guests;

        turns_once(&h->turns);
        most = h->guests - before > most ? h->guests - before : most;
        turns++;
    }
    assert_int_equal(h->guests, CALLERS);
    assert_in_range(turns, 2, 5);
    assert_in_range(most, 2, 20);
}

static void test_stopping_in_the_middle_of_a_batch(void **state)
{
    struct house *h = *state;

    h->stop_at_once = true;
    call(h, 5);
    turns_once(&h->turns);
    turns_once(&h->turns);
    assert_int_equal(h->guests, 1);

    h->stop_at_once = h->full = false; /* the others have waited in the queue */
    h->until = 5;
    ln_listener_start(&h->listener, h->turns.loop, h->door, on_accept);
    turns_until(&h->turns, &h->full);
    assert_int_equal(h->guests, 5);
}

static void test_stopping_twice_is_harmless(void **state)
{
    struct house *h = *state;

    ln_listener_stop(&h->listener);
    ln_listener_stop(&h->listener);
    call(h, 1);
    turns_once(&h->turns);
    assert_int_equal(h->guests, 0);
}

/* Before a socket is left for good, nobody who has already called may be lost. */
static void test_emptying_takes_all_who_wait(void **state)
{
    struct house *h = *state;

    call(h, CALLERS);
    ln_listener_empty(&h->listener);
    assert_int_equal(h->guests, CALLERS);
    ln_listener_stop(&h->listener);
    ln_listener_empty(&h->listener); /* of one that is stopped: nothing */
    assert_int_equal(h->guests, CALLERS);
}

/* ---- out of descriptors, in a child
 * --------------------------------------------------------------------------- */

struct shortage {
    struct ln_timer timer;
    struct house *house;
    int spare;
    unsigned iterations; /* until the descriptor was free again */
};

static void on_relief(struct ln_timer *t)
{
    struct shortage *s = ln_container_of(t, struct shortage, timer);

    s->iterations = ev_iteration(ln_loop_ev(s->house->turns.loop));
    close(s->spare);
}

/* The number of the step that went wrong, or 0. */
static int live_through_a_shortage(struct house *h)
{
    struct shortage s = {.house = h, .spare = -1};
    struct rlimit few = {.rlim_cur = 256, .rlim_max = 256};
    int fd;

    if (freopen("/dev/null", "w", stderr) == NULL || setrlimit(RLIMIT_NOFILE, &few) != 0)
        return 1;
    while ((fd = dup(h->door)) >= 0)
        s.spare = fd;
    ln_nsec start = ln_clock_mono();
    unsigned before = ev_iteration(ln_loop_ev(h->turns.loop));

    turns_once(&h->turns); /* it meets the shortage before relief can come */
    ln_timer_start(h->turns.loop, &s.timer, 20, on_relief);
    h->until = 1;
    turns_until(&h->turns, &h->full);
    if (h->guests != 1)
        return 2;
    if (s.iterations - before > 10) /* a spinning loop would have turned thousands of times */
        return 3;
    return ln_clock_mono() - start < 50 * LN_NSEC_PER_MSEC ? 4 : 0; /* it has rested */
}

static void test_out_of_descriptors_it_rests_and_goes_on(void **state)
{
    struct house *h = *state;
    int status = -1;

    call(h, 1);
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        ln_loop_after_fork(h->turns.loop);
        _exit(live_through_a_shortage(h));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hands_over_who_calls),
        TEST(test_accepts_in_batches),
        TEST(test_stopping_in_the_middle_of_a_batch),
        TEST(test_stopping_twice_is_harmless),
        TEST(test_emptying_takes_all_who_wait),
        TEST(test_out_of_descriptors_it_rests_and_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
