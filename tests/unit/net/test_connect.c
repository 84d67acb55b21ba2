/* SPDX-License-Identifier: Apache-2.0
 * test_connect.c - address after address: the first that answers wins, and nothing is left behind.
 */
#include "net/turns.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "net/connect.h"

enum { DOORS = 4 };

struct town {
    struct turns turns;
    struct ln_connect connect;
    int door[DOORS]; /* bound; only some of them listen */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } at[DOORS];
    socklen_t len[DOORS];
    unsigned asked[16], asked_count, calls;
    int fd;
    bool done;
};

static const struct sockaddr *address(struct ln_connect *c, unsigned i, socklen_t *len)
{
    struct town *t = ln_container_of(c, struct town, connect);

    t->asked[t->asked_count++] = i;
    *len = t->len[i];
    return &t->at[i].any;
}

static void on_connect(struct ln_connect *c, int fd)
{
    struct town *t = ln_container_of(c, struct town, connect);

    t->calls++;
    t->fd = fd;
    t->done = true;
}

/* A port that is ours and refuses: bound, and nobody listens. */
static void add_door(struct town *t, unsigned i, bool listens)
{
    struct sockaddr_in *at = &t->at[i].v4;

    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    t->len[i] = sizeof *at;
    t->door[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(t->door[i], &t->at[i].any, t->len[i]), 0);
    assert_int_equal(getsockname(t->door[i], &t->at[i].any, &t->len[i]), 0);
    if (listens)
        assert_int_equal(listen(t->door[i], 8), 0);
}

static int set_up(void **state)
{
    struct town *t = calloc(1, sizeof *t);

    if (t == NULL)
        return -1;
    turns_init(&t->turns);
    t->fd = -2;
    for (unsigned i = 0; i < DOORS; i++)
        t->door[i] = -1;
    t->connect.address = address;
    t->connect.on_connect = on_connect;
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct town *t = *state;

    if (t->fd >= 0)
        close(t->fd);
    for (unsigned i = 0; i < DOORS; i++)
        if (t->door[i] >= 0)
            close(t->door[i]);
    turns_fini(&t->turns);
    free(t);
    return 0;
}

static unsigned open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

static void go(struct town *t, unsigned count)
{
    ln_connect_start(&t->connect, t->turns.loop, count, 0);
    turns_until(&t->turns, &t->done);
    turns_once(&t->turns); /* nothing comes after the answer */
    assert_int_equal(t->calls, 1);
}

/* Who does the connected socket talk to? */
static void assert_connected_to(struct town *t, unsigned i)
{
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;

    assert_true(t->fd >= 0);
    assert_int_equal(getpeername(t->fd, (struct sockaddr *)&peer, &len), 0);
    assert_int_equal(peer.sin_port, t->at[i].v4.sin_port);
}

static void test_connects(void **state)
{
    struct town *t = *state;

    add_door(t, 0, true);
    go(t, 1);
    assert_connected_to(t, 0);
    assert_true((fcntl(t->fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(t->fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void test_a_refused_address_gives_way_to_the_next(void **state)
{
    struct town *t = *state;

    add_door(t, 0, false);
    add_door(t, 1, true);
    add_door(t, 2, true);
    go(t, 3);
    assert_connected_to(t, 1);
    assert_int_equal(t->asked_count, 2); /* the third was not needed */
    assert_int_equal(t->asked[0], 0);
    assert_int_equal(t->asked[1], 1);
}

static void test_an_address_without_a_route_gives_way_too(void **state)
{
    struct town *t = *state;

    /* TCP to a multicast group fails inside connect(), without waiting. */
    t->at[0].v4 = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xe0000001)};
    t->len[0] = sizeof t->at[0].v4;
    add_door(t, 1, true);
    go(t, 2);
    assert_connected_to(t, 1);
}

static void test_all_refused(void **state)
{
    struct town *t = *state;
    unsigned before;

    for (unsigned i = 0; i < 3; i++)
        add_door(t, i, false);
    before = open_files();
    go(t, 3);
    assert_int_equal(t->fd, -1);
    assert_int_equal(t->connect.error, ECONNREFUSED);
    assert_int_equal(t->asked_count, 3);
    assert_int_equal(open_files(), before);
}

static void test_no_address_at_all(void **state)
{
    struct town *t = *state;

    ln_connect_start(&t->connect, t->turns.loop, 0, 1000);
    assert_true(t->done); /* from inside start */
    assert_int_equal(t->fd, -1);
    assert_int_equal(t->connect.error, EHOSTUNREACH);
    ln_connect_cancel(&t->connect);
    assert_int_equal(t->calls, 1);
}

static void test_a_cancelled_one_never_answers(void **state)
{
    struct town *t = *state;
    unsigned before;

    add_door(t, 0, true);
    before = open_files();
    ln_connect_start(&t->connect, t->turns.loop, 1, 1000);
    assert_false(t->done);
    ln_connect_cancel(&t->connect);
    ln_connect_cancel(&t->connect);
    turns_once(&t->turns);
    ln_loop_run(t->turns.loop); /* nothing is watched any more: returns at once */
    assert_int_equal(t->calls, 0);
    assert_int_equal(open_files(), before);
    go(t, 1); /* and the same struct serves again */
    assert_connected_to(t, 0);
}

static void test_cancelling_afterwards_keeps_the_connection(void **state)
{
    struct town *t = *state;

    add_door(t, 0, true);
    go(t, 1);
    ln_connect_cancel(&t->connect);
    assert_connected_to(t, 0);
}

/* A door whose queue is full: the kernel drops what knocks, and nobody answers. */
static void add_silent_door(struct town *t, unsigned i, int *knocking, unsigned count)
{
    add_door(t, i, false);
    assert_int_equal(listen(t->door[i], 0), 0);
    for (unsigned k = 0; k < count; k++) {
        knocking[k] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(knocking[k], &t->at[i].any, t->len[i]);
    }
}

static void test_a_silent_address_gets_its_share_of_the_time(void **state)
{
    struct town *t = *state;
    int knocking[4];
    unsigned before;

    add_silent_door(t, 0, knocking, LN_ARRAY_LEN(knocking));
    add_door(t, 1, true);
    before = open_files();
    ln_connect_start(&t->connect, t->turns.loop, 2, 60);
    turns_until(&t->turns, &t->done);
    assert_connected_to(t, 1);
    assert_int_equal(t->calls, 1);
    assert_int_equal(open_files(), before + 1);
    for (unsigned k = 0; k < LN_ARRAY_LEN(knocking); k++)
        close(knocking[k]);
}

static void on_pause(struct ln_timer *t)
{
    (void)t;
}

/* The last address has no share of its own: whoever started it bounds it. */
static void test_a_silent_last_address_waits_to_be_cancelled(void **state)
{
    struct town *t = *state;
    int knocking[4];

    add_door(t, 0, false);
    add_silent_door(t, 1, knocking, LN_ARRAY_LEN(knocking));
    ln_connect_start(&t->connect, t->turns.loop, 2, 2);
    for (int i = 0; i < 3; i++) {
        struct ln_timer pause = {.on_time = NULL};

        ln_timer_start(t->turns.loop, &pause, 3, on_pause);
        ev_run(ln_loop_ev(t->turns.loop), EVRUN_ONCE);
        ln_timer_stop(t->turns.loop, &pause);
    }
    assert_int_equal(t->calls, 0);
    ln_connect_cancel(&t->connect);
    ln_loop_run(t->turns.loop); /* no timer and no watcher is left */
    assert_int_equal(t->calls, 0);
    for (unsigned k = 0; k < LN_ARRAY_LEN(knocking); k++)
        close(knocking[k]);
}

static void test_a_unix_socket(void **state)
{
    struct town *t = *state;
    struct sockaddr_un *at = &t->at[1].local;

    t->at[0].local =
        (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "/nonexistent/lunette.sock"};
    t->len[0] = sizeof *at;
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(at->sun_path, sizeof at->sun_path, "/tmp/ln-connect-%d.sock", (int)getpid());
    t->len[1] = sizeof *at;
    t->door[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(t->door[1], &t->at[1].any, t->len[1]), 0);
    assert_int_equal(listen(t->door[1], 1), 0);
    go(t, 2);
    assert_int_equal(unlink(at->sun_path), 0);
    assert_true(t->fd >= 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_connects),
        TEST(test_a_refused_address_gives_way_to_the_next),
        TEST(test_an_address_without_a_route_gives_way_too),
        TEST(test_all_refused),
        TEST(test_no_address_at_all),
        TEST(test_a_cancelled_one_never_answers),
        TEST(test_cancelling_afterwards_keeps_the_connection),
        TEST(test_a_silent_address_gets_its_share_of_the_time),
        TEST(test_a_silent_last_address_waits_to_be_cancelled),
        TEST(test_a_unix_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
