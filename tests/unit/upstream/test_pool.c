/* SPDX-License-Identifier: Apache-2.0
 * test_pool.c - idle connections: the warmest first, bounded, and gone as soon as the instance says
 * a word.
 */
#include "upstream/yard.h"

#include "upstream/pool.h"

enum { LINES = 8, LONG = 60000 };

struct bench {
    struct yard yard;
    struct ln_pool *pool;
    int peer[LINES]; /* the instance's ends */
    struct ln_upconn *conn[LINES];
    unsigned count;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    if (b == NULL)
        return -1;
    yard_init(&b->yard);
    b->pool = ln_pool_get(&b->yard.pools, LN_SLICE("http://a:1"));
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    ln_pool_put(b->pool);
    yard_fini(&b->yard);
    for (unsigned i = 0; i < b->count; i++)
        if (b->peer[i] >= 0)
            close(b->peer[i]);
    free(b);
    return 0;
}

/* A connection as attempts make them, lent to the test. */
static struct ln_upconn *adopt(struct bench *b)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    b->peer[b->count] = fds[1];
    b->conn[b->count] = ln_pool_adopt(b->pool, fds[0]);
    return b->conn[b->count++];
}

static bool is_closed(int peer)
{
    char byte;

    return recv(peer, &byte, 1, MSG_DONTWAIT) == 0;
}

static void turn(struct bench *b)
{
    turns_once(&b->yard.turns);
}

static void test_an_empty_pool_lends_nothing(void **state)
{
    struct bench *b = *state;

    assert_null(ln_pool_take(b->pool));
}

static void test_last_in_first_out(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < 3; i++)
        ln_pool_return(adopt(b), 8, LONG);
    for (unsigned i = 3; i-- > 0;)
        assert_ptr_equal(ln_pool_take(b->pool), b->conn[i]);
    assert_null(ln_pool_take(b->pool));
    ln_pool_return(b->conn[1], 8, LONG);
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[1]);
    for (unsigned i = 0; i < 3; i++)
        ln_upconn_close(b->conn[i]);
}

static void test_counts_what_was_opened_and_reused(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, LONG);
    for (unsigned i = 1; i <= 4; i++) {
        struct ln_upconn *c = ln_pool_take(b->pool);

        assert_int_equal(c->served, i);
        ln_pool_return(c, 8, LONG);
    }
    assert_int_equal(b->yard.pools.opened, 1);
    assert_int_equal(b->yard.pools.reused, 4);
}

static void test_the_coldest_goes_when_the_pool_is_full(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < 3; i++)
        adopt(b);
    for (unsigned i = 0; i < 3; i++)
        ln_pool_return(b->conn[i], 2, LONG);
    assert_int_equal(b->pool->idle_count, 2);
    assert_true(is_closed(b->peer[0]));
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[2]);
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[1]);
    ln_upconn_close(b->conn[1]);
    ln_upconn_close(b->conn[2]);
}

static void test_a_pool_of_none_keeps_none(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 0, LONG);
    assert_true(is_closed(b->peer[0]));
    assert_null(ln_pool_take(b->pool));
}

static void test_a_close_by_the_instance_is_seen_at_once(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < 2; i++)
        ln_pool_return(adopt(b), 8, LONG);
    close(b->peer[1]);
    b->peer[1] = -1;
    turn(b);
    assert_int_equal(b->pool->idle_count, 1);
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[0]); /* the other one is as good as ever */
    ln_pool_return(b->conn[0], 8, LONG);
}

static void test_an_unsolicited_byte_ends_a_connection(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, LONG);
    assert_int_equal(write(b->peer[0], "H", 1), 1);
    turn(b);
    assert_null(ln_pool_take(b->pool));
    assert_int_equal(b->pool->idle_count, 0);
}

/* Runs until the instance sees the close; the time that took, in milliseconds. */
static ln_msec time_to_close(struct bench *b, int peer)
{
    ln_nsec start = ln_clock_mono();
    bool closed = false;

    while (!closed && ln_clock_mono() - start < 5000ull * LN_NSEC_PER_MSEC) {
        ev_run(ln_loop_ev(b->yard.turns.loop), EVRUN_ONCE);
        closed = is_closed(peer);
    }
    ln_loop_bury(b->yard.turns.loop);
    assert_true(closed);
    return (ln_clock_mono() - start) / LN_NSEC_PER_MSEC;
}

static void test_idle_connections_have_a_time_limit(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, 20);
    assert_in_range(time_to_close(b, b->peer[0]), 15, 1000);
    assert_null(ln_pool_take(b->pool));
}

static void test_taking_stops_the_clock(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, 5);
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[0]);
    ln_pool_return(adopt(b), 8,
                   20); /* while this one comes due, the first would have come due long before */
    time_to_close(b, b->peer[1]);
    assert_false(is_closed(b->peer[0]));
    ln_upconn_close(b->conn[0]);
}

static void test_the_instances_own_limit_holds_when_it_is_shorter(void **state)
{
    struct bench *b = *state;

    adopt(b)->max_idle = 20;
    ln_pool_return(b->conn[0], 8, LONG);
    assert_in_range(time_to_close(b, b->peer[0]), 0, 1000);

    adopt(b)->max_idle = LONG;
    ln_pool_return(b->conn[1], 8, 20);
    assert_in_range(time_to_close(b, b->peer[1]), 15, 1000);
}

static void test_without_a_limit_it_stays(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, 0);
    ln_loop_bury(b->yard.turns.loop);
    assert_false(ln_deadline_is_set(&b->conn[0]->idle));
    turn(b);
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[0]);
    ln_pool_return(b->conn[0], 8, 0);
}

static void test_a_lent_connection_gives_its_buffer_back_when_closed(void **state)
{
    struct bench *b = *state;
    struct ln_upconn *c = adopt(b);

    c->in = ln_buf_borrow(&b->yard.bufs, 1);
    ln_upconn_close(c);
    assert_int_equal(b->yard.bufs.lent, 0);
    assert_true(is_closed(b->peer[0]));
}

static void test_keys_have_pools_of_their_own(void **state)
{
    struct bench *b = *state;
    struct ln_pool *other = ln_pool_get(&b->yard.pools, LN_SLICE("http://b:1"));

    assert_ptr_not_equal(other, b->pool);
    ln_pool_return(adopt(b), 8, LONG);
    assert_null(ln_pool_take(other));
    ln_pool_put(other);
}

/* A reload: the new generation asks for the same key before the old one lets go. */
static void test_a_pool_outlives_a_generation(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, LONG);

    struct ln_pool *again = ln_pool_get(&b->yard.pools, LN_SLICE("http://a:1"));

    assert_ptr_equal(again, b->pool);
    ln_pool_put(b->pool);
    turn(b);
    assert_false(is_closed(b->peer[0]));
    assert_ptr_equal(ln_pool_take(again), b->conn[0]);
    ln_pool_return(b->conn[0], 8, LONG);
}

/* Nobody wants the pool any more, but a request is still under way: its connection keeps it. */
static void test_a_lent_connection_keeps_its_pool(void **state)
{
    struct bench *b = *state;
    struct ln_pool *gone = ln_pool_get(&b->yard.pools, LN_SLICE("http://gone:1"));
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct ln_upconn *c = ln_pool_adopt(gone, fds[0]);

    ln_pool_put(gone);
    ln_pool_return(c, 8, LONG);
    assert_ptr_equal(ln_pool_get(&b->yard.pools, LN_SLICE("http://gone:1")), gone);
    ln_pool_put(gone);
    assert_ptr_equal(ln_pool_take(gone), c);
    ln_upconn_close(c);
    turn(b);
    assert_true(is_closed(fds[1]));
    close(fds[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_pool_lends_nothing),
        TEST(test_last_in_first_out),
        TEST(test_counts_what_was_opened_and_reused),
        TEST(test_the_coldest_goes_when_the_pool_is_full),
        TEST(test_a_pool_of_none_keeps_none),
        TEST(test_a_close_by_the_instance_is_seen_at_once),
        TEST(test_an_unsolicited_byte_ends_a_connection),
        TEST(test_idle_connections_have_a_time_limit),
        TEST(test_taking_stops_the_clock),
        TEST(test_the_instances_own_limit_holds_when_it_is_shorter),
        TEST(test_without_a_limit_it_stays),
        TEST(test_a_lent_connection_gives_its_buffer_back_when_closed),
        TEST(test_keys_have_pools_of_their_own),
        TEST(test_a_pool_outlives_a_generation),
        TEST(test_a_lent_connection_keeps_its_pool),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
