/* SPDX-License-Identifier: Apache-2.0
 * test_pool.c - idle connections: the warmest first, bounded, and gone as soon as the instance says
 * a word.
 */
#include "upstream/yard.h"

#include <fcntl.h>

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

/* Asks for a connection in the very turn in which all of them have something to say. */
struct asker {
    ev_io io;
    struct ln_pool *pool;
    struct ln_upconn *got;
    bool asked;
};

static void on_asked(struct ev_loop *ev, ev_io *io, int events)
{
    struct asker *a = ln_container_of(io, struct asker, io);

    (void)events;
    ev_io_stop(ev, io);
    a->got = ln_pool_take(a->pool);
    a->asked = true;
}

static void test_what_has_ended_in_this_turn_is_not_lent(void **state)
{
    struct bench *b = *state;
    struct ev_loop *ev = ln_loop_ev(b->yard.turns.loop);
    struct asker a = {.pool = b->pool};
    int bell[2];

    for (unsigned i = 0; i < 3; i++)
        ln_pool_return(adopt(b), 8, LONG);
    assert_int_equal(pipe2(bell, O_CLOEXEC), 0);
    ev_io_init(&a.io, on_asked, bell[0], EV_READ);
    ev_set_priority(&a.io, EV_MAXPRI); /* before everything else of its turn */
    ev_io_start(ev, &a.io);
    turn(b);

    close(b->peer[2]);
    b->peer[2] = -1;
    assert_int_equal(write(b->peer[1], "HTTP/1.1 200 OK\r\n", 17), 17);
    assert_int_equal(write(bell[1], "!", 1), 1);
    turns_until(&b->yard.turns, &a.asked);
    assert_ptr_equal(a.got, b->conn[0]);
    assert_int_equal(b->pool->idle_count, 0);
    ln_upconn_close(a.got);
    close(bell[0]);
    close(bell[1]);
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

/* ---- learning ---- */

/* The instance is known to close what is idle for so long. */
static void teach(struct bench *b, ln_msec age)
{
    for (unsigned i = 1; i <= LN_IDLE_AGREE; i++)
        ln_idle_age_closed(&b->pool->age[1], age, i * 1000000);
    b->pool->age[1].moment_ends = 0;
    assert_true(b->pool->age[1].limit > 0);
}

static void no_scout(struct bench *b)
{
    b->pool->age[1].next_scout = UINT64_MAX;
}

static void test_ages_of_closes_are_learned(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < LN_IDLE_AGREE; i++) {
        assert_int_equal(b->pool->age[1].limit, 0);
        ln_pool_return(adopt(b), 8, LONG);
        b->conn[i]->since -= 5000;
        b->pool->age[1].moment_ends = 0;
        close(b->peer[i]);
        b->peer[i] = -1;
        turn(b);
    }
    assert_in_range(b->pool->age[1].limit, 3000, 4100);
    assert_int_equal(b->pool->age[0].limit, 0); /* of those that have served nothing */
}

static void test_what_is_learned_ends_connections_before(void **state)
{
    struct bench *b = *state;

    teach(b, 400);
    no_scout(b);
    ln_pool_return(adopt(b), 8, LONG);
    assert_in_range(time_to_close(b, b->peer[0]), 200, 390);
    assert_null(ln_pool_take(b->pool));
}

static void test_what_was_kept_before_is_not_lent_any_more(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < 2; i++)
        ln_pool_return(adopt(b), 8, LONG);
    teach(b, 5000);
    b->conn[0]->since -= 5000;
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[1]);
    assert_null(ln_pool_take(b->pool));
    turn(b);
    assert_true(is_closed(b->peer[0]));
    ln_upconn_close(b->conn[1]);
}

static void test_a_scout_is_lent_to_nobody(void **state)
{
    struct bench *b = *state;

    teach(b, 400);
    ln_pool_return(adopt(b), 8, LONG);
    while (b->pool->scout == NULL)
        ev_run(ln_loop_ev(b->yard.turns.loop), EVRUN_ONCE);
    assert_int_equal(b->pool->idle_count, 0);
    assert_null(ln_pool_take(b->pool));
    assert_false(is_closed(b->peer[0]));
    close(b->peer[0]); /* it has found what it was for */
    b->peer[0] = -1;
    turn(b);
    assert_null(b->pool->scout);
    assert_true(b->pool->age[1].limit > 0);
}

static void test_scouts_that_come_back_end_the_limit(void **state)
{
    struct bench *b = *state;

    teach(b, 400);
    for (unsigned i = 0; i < LN_IDLE_DOUBTS; i++) {
        assert_true(b->pool->age[1].limit > 0);
        ln_pool_return(adopt(b), 8, LONG);
        assert_in_range(time_to_close(b, b->peer[i]), 500, 2000);
    }
    assert_int_equal(b->pool->age[1].limit, 0);
}

static void test_so_do_connections_that_are_lent_and_serve(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, LONG);
    for (unsigned i = 1; i < LN_IDLE_AGREE; i++)
        ln_idle_age_closed(&b->pool->age[1], 400, i * 1000000);
    b->conn[0]->since -= 5000;
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[0]);
    ln_pool_return(b->conn[0], 8, LONG);
    ln_idle_age_closed(&b->pool->age[1], 400, 9000000);
    assert_int_equal(b->pool->age[1].limit, 0);
}

static void test_the_pool_ends_with_its_scout(void **state)
{
    struct bench *b = *state;

    teach(b, 400);
    ln_pool_return(adopt(b), 8, LONG);
    while (b->pool->scout == NULL)
        ev_run(ln_loop_ev(b->yard.turns.loop), EVRUN_ONCE);
}

static uint64_t counted(const struct bench *b, enum ln_stat stat)
{
    return ln_slot_get(&b->yard.pools.slot->counters[stat]);
}

static void test_every_end_of_an_idle_connection_is_counted(void **state)
{
    static struct ln_shm_slot slot;
    struct bench *b = *state;

    b->yard.pools.slot = &slot;
    for (unsigned i = 0; i < 4; i++)
        adopt(b);
    for (unsigned i = 0; i < 4; i++)
        ln_pool_return(b->conn[i], 3, LONG);
    close(b->peer[1]);
    b->peer[1] = -1;
    assert_int_equal(write(b->peer[2], "H", 1), 1);
    turn(b);
    ln_upconn_close(ln_pool_take(b->pool));
    assert_int_equal(counted(b, LN_STAT_UPSTREAM_OPENED), 4);
    assert_int_equal(counted(b, LN_STAT_UPSTREAM_REUSED), 1);
    assert_int_equal(counted(b, LN_STAT_IDLE_DROPPED), 1);
    assert_int_equal(counted(b, LN_STAT_IDLE_LOST), 1);
    assert_int_equal(counted(b, LN_STAT_IDLE_UNSOLICITED), 1);
    b->yard.pools.slot = NULL;
}

/* ---- bounds ---- */

static void test_room_is_what_is_idle_or_may_be_opened(void **state)
{
    struct bench *b = *state;

    assert_true(ln_pool_has_room(b->pool, 0));
    assert_true(ln_pool_has_room(b->pool, 2));
    adopt(b);
    b->pool->opening = 1;
    assert_false(ln_pool_has_room(b->pool, 2)); /* one lent, one on the way */
    assert_true(ln_pool_has_room(b->pool, 3));
    b->pool->opening = 0;
    adopt(b);
    assert_false(ln_pool_has_room(b->pool, 2));
    ln_pool_return(b->conn[0], 8, LONG);
    assert_true(ln_pool_has_room(b->pool, 2));
    ln_upconn_close(b->conn[1]);
    assert_int_equal(b->pool->open, 1);
}

static void test_room_is_made_among_the_idle(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < 2; i++)
        ln_pool_return(adopt(b), 8, LONG);
    ln_pool_make_room(b->pool, 0);
    ln_pool_make_room(b->pool, 3);
    assert_int_equal(b->pool->open, 2);
    ln_pool_make_room(b->pool, 2);
    assert_int_equal(b->pool->open, 1);
    assert_true(is_closed(b->peer[0])); /* the coldest */
    assert_false(is_closed(b->peer[1]));
}

static void test_a_scout_takes_nobodys_place(void **state)
{
    struct bench *b = *state;

    teach(b, 400);
    ln_pool_return(adopt(b), 8, LONG);
    while (b->pool->scout == NULL)
        ev_run(ln_loop_ev(b->yard.turns.loop), EVRUN_ONCE);
    assert_true(ln_pool_has_room(b->pool, 1));
    ln_pool_make_room(b->pool, 1);
    assert_null(b->pool->scout);
    assert_int_equal(b->pool->open, 0);
}

static void test_who_is_cut_off_unused_is_counted(void **state)
{
    struct bench *b = *state;

    ln_pool_keep(adopt(b), LONG);
    ln_pool_keep(adopt(b), LONG);
    ln_pool_return(adopt(b), 8, LONG);
    b->conn[1]->since -= 2000;
    for (unsigned i = 0; i < 3; i++) {
        close(b->peer[i]);
        b->peer[i] = -1;
    }
    turn(b);
    assert_int_equal(b->pool->cut_off, 1);
    assert_int_equal(b->pool->open, 0);
}

static void test_what_is_kept_ready_is_lent_last(void **state)
{
    struct bench *b = *state;

    ln_pool_return(adopt(b), 8, LONG);
    ln_pool_keep(adopt(b), LONG);
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[0]);
    assert_ptr_equal(ln_pool_take(b->pool), b->conn[1]);
    assert_int_equal(b->conn[1]->served, 0);
    for (unsigned i = 0; i < 2; i++)
        ln_upconn_close(b->conn[i]);
}

static void test_idle_ones_go_with_the_last_holder(void **state)
{
    struct bench *b = *state;

    for (unsigned i = 0; i < 2; i++)
        assert_ptr_equal(ln_pool_hold(&b->yard.pools, LN_SLICE("http://a:1")), b->pool);
    ln_pool_return(adopt(b), 8, LONG);
    ln_pool_let_go(b->pool);
    assert_false(is_closed(b->peer[0]));
    ln_pool_let_go(b->pool);
    assert_true(is_closed(b->peer[0]));
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
        TEST(test_what_has_ended_in_this_turn_is_not_lent),
        TEST(test_idle_connections_have_a_time_limit),
        TEST(test_taking_stops_the_clock),
        TEST(test_the_instances_own_limit_holds_when_it_is_shorter),
        TEST(test_without_a_limit_it_stays),
        TEST(test_a_lent_connection_gives_its_buffer_back_when_closed),
        TEST(test_keys_have_pools_of_their_own),
        TEST(test_a_pool_outlives_a_generation),
        TEST(test_a_lent_connection_keeps_its_pool),
        TEST(test_ages_of_closes_are_learned),
        TEST(test_what_is_learned_ends_connections_before),
        TEST(test_what_was_kept_before_is_not_lent_any_more),
        TEST(test_a_scout_is_lent_to_nobody),
        TEST(test_scouts_that_come_back_end_the_limit),
        TEST(test_so_do_connections_that_are_lent_and_serve),
        TEST(test_the_pool_ends_with_its_scout),
        TEST(test_every_end_of_an_idle_connection_is_counted),
        TEST(test_room_is_what_is_idle_or_may_be_opened),
        TEST(test_room_is_made_among_the_idle),
        TEST(test_a_scout_takes_nobodys_place),
        TEST(test_who_is_cut_off_unused_is_counted),
        TEST(test_what_is_kept_ready_is_lent_last),
        TEST(test_idle_ones_go_with_the_last_holder),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
