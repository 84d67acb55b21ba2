/* SPDX-License-Identifier: Apache-2.0
 * test_spares.c - connections that are ready before anybody asks: how many, for whom, and for whom
 * not.
 */
#include "upstream/balance.h"
#include "upstream/market.h"
#include "upstream/spares.h"

enum { COUNT = 40 };

struct shop {
    struct market *m;
    struct ln_service *s;
    struct ln_spares *spares;
    struct ln_addr addr;
    int door;
};

static void open_shop(struct shop *p, void **state, unsigned count, struct ln_pool_conf pool)
{
    struct market *m = *state;

    *p = (struct shop){.m = m};
    p->door = yard_door(&p->addr.v4, true);
    assert_int_equal(listen(p->door, 128), 0);
    p->addr.len = sizeof p->addr.v4;
    for (unsigned i = 0; i < count; i++) {
        m->instance[i].addrs = &p->addr;
        m->instance[i].addr_count = 1;
    }
    pool.idle = 64;
    pool.idle_timeout = 60000;
    m->service[0].pool = pool;
    m->service[0].connect = 5000;
    p->s = open_market(m, NULL, count);
    p->spares = ln_spares_start(p->m->all, &m->yard.pools);
}

static void close_shop(struct shop *p)
{
    ln_spares_stop(p->spares);
    close(p->door);
}

/* Turns of the loop until so many are idle at the instance. */
static void await_idle(struct shop *p, unsigned i, unsigned count)
{
    ln_nsec start = ln_clock_mono();

    while (p->s->instances[i].pool->idle_count != count) {
        ev_run(ln_loop_ev(p->m->yard.turns.loop), EVRUN_ONCE);
        ln_loop_bury(p->m->yard.turns.loop);
        assert_true(ln_clock_mono() - start < 10000ull * LN_NSEC_PER_MSEC);
    }
}

/* Two looks, and nothing is opened. */
static void assert_idle_stays(struct shop *p, unsigned i, unsigned count)
{
    ln_nsec start = ln_clock_mono();

    while (ln_clock_mono() - start < (2ull * LN_SPARES_LOOK_MS + 50) * LN_NSEC_PER_MSEC) {
        ev_run(ln_loop_ev(p->m->yard.turns.loop), EVRUN_ONCE);
        ln_loop_bury(p->m->yard.turns.loop);
    }
    assert_int_equal(p->s->instances[i].pool->idle_count, count);
    assert_int_equal(p->s->instances[i].pool->opening, 0);
}

static void test_none_without_a_wish(void **state)
{
    struct shop p;

    open_shop(&p, state, 2, (struct ln_pool_conf){.min_idle = 0});
    assert_null(p.spares);
    close_shop(&p);
}

static void test_each_instance_gets_its_number(void **state)
{
    struct shop p;

    open_shop(&p, state, 3, (struct ln_pool_conf){.min_idle = 2});
    for (unsigned i = 0; i < 3; i++)
        await_idle(&p, i, 2);
    assert_idle_stays(&p, 0, 2);
    close_shop(&p);
}

static void test_what_is_lost_is_replaced(void **state)
{
    struct shop p;

    open_shop(&p, state, 1, (struct ln_pool_conf){.min_idle = 2});
    await_idle(&p, 0, 2);
    ln_upconn_close(ln_pool_take(p.s->instances[0].pool));
    assert_int_equal(p.s->instances[0].pool->idle_count, 1);
    await_idle(&p, 0, 2);
    close_shop(&p);
}

static void test_new_ones_are_the_coldest(void **state)
{
    struct shop p;

    open_shop(&p, state, 1, (struct ln_pool_conf){.min_idle = 1});
    await_idle(&p, 0, 1);
    struct ln_upconn *c = ln_pool_take(p.s->instances[0].pool);

    await_idle(&p, 0, 1);
    ln_pool_return(c, 64, 60000);
    assert_ptr_equal(ln_pool_take(p.s->instances[0].pool), c);
    ln_pool_return(c, 64, 60000);
    close_shop(&p);
}

static void test_never_more_than_may_be_open(void **state)
{
    struct shop p;

    open_shop(&p, state, 1, (struct ln_pool_conf){.min_idle = 2, .max = 2});
    await_idle(&p, 0, 2);
    struct ln_upconn *c = ln_pool_take(p.s->instances[0].pool);

    assert_idle_stays(&p, 0, 1);
    assert_int_equal(p.s->instances[0].pool->open, 2);
    ln_pool_return(c, 64, 60000);
    close_shop(&p);
}

static void test_one_turn_begins_a_bounded_number(void **state)
{
    struct shop p;
    unsigned opening = 0;

    open_shop(&p, state, COUNT, (struct ln_pool_conf){.min_idle = 1});
    for (unsigned i = 0; i < COUNT; i++)
        opening += p.s->instances[i].pool->opening;
    assert_int_equal(opening, LN_SPARES_TURN);
    for (unsigned i = 0; i < COUNT; i++)
        await_idle(&p, i, 1);
    close_shop(&p);
}

/* Each instance is out for a reason of its own; the last is not. */
static void test_none_to_those_that_get_no_requests(void **state)
{
    struct market *m = *state;
    struct ln_instance_record *r[6];
    struct shop p;

    m->service[0].health =
        (struct ln_health_conf){.on = true, .interval = 60000, .rise = 1, .fall = 1};
    m->service[0].breaker = (struct ln_breaker_conf){.on = true,
                                                     .min_requests = 1,
                                                     .failure_ratio = 0.1,
                                                     .window = 10000,
                                                     .open_for = 10000,
                                                     .max_open_for = 10000,
                                                     .probes = 1};
    open_shop(&p, state, 6, (struct ln_pool_conf){.min_idle = 0});
    for (unsigned i = 0; i < 6; i++)
        r[i] = p.s->instances[i].record;
    ln_msec now = ln_loop_now_ms(m->yard.turns.loop);
    struct ln_loan loan = {0};
    enum ln_breaker_news news;

    atomic_store(&r[0]->steer, ln_steer_word(LN_STEER_DRAINING, 0));
    atomic_store(&r[1]->steer, ln_steer_word(LN_STEER_DISABLED, 0));
    assert_true(ln_health_strike(r[2], 0, LN_STRIKES_DOWN, now - 2 * LN_HEALTH_FIRST_MS));
    assert_true(ln_health_is_up(r[2], now)); /* a trial is due: that is for a request */
    assert_true(ln_breaker_admit(&r[3]->breaker, &m->service[0].breaker, now, &loan.ticket, &news));
    ln_instance_report(&p.s->instances[3], &loan, LN_OUTCOME_RESET, now);
    assert_int_equal(ln_breaker_state(&r[3]->breaker), LN_BREAKER_OPEN);
    ln_instance_checked(&p.s->instances[4], false, "status 500", now);

    m->service[0].pool.min_idle = 1;
    p.spares = ln_spares_start(m->all, &m->yard.pools);
    await_idle(&p, 5, 1);
    assert_idle_stays(&p, 5, 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(p.s->instances[i].pool->open, 0);

    atomic_store(&r[0]->steer, ln_steer_word(LN_STEER_ENABLED, 0));
    await_idle(&p, 0, 1);
    close_shop(&p);
}

static void test_what_is_under_way_ends_with_the_generation(void **state)
{
    struct shop p;

    open_shop(&p, state, 1, (struct ln_pool_conf){.min_idle = 1});
    assert_int_equal(p.s->instances[0].pool->opening, 1);
    ln_spares_stop(p.spares);
    assert_int_equal(p.s->instances[0].pool->opening, 0);
    p.spares = NULL;
    for (unsigned i = 0; i < 5; i++)
        turns_once(&p.m->yard.turns);
    assert_int_equal(p.s->instances[0].pool->open, 0);
    close_shop(&p);
}

static void test_who_refuses_is_asked_less_and_less(void **state)
{
    struct shop p;
    unsigned tries = 0;

    open_shop(&p, state, 1, (struct ln_pool_conf){.min_idle = 0});
    close(p.door);
    p.door = yard_door(&p.addr.v4, false); /* refuses */
    p.m->service[0].pool.min_idle = 1;
    p.spares = ln_spares_start(p.m->all, &p.m->yard.pools);
    bool was_opening = p.s->instances[0].pool->opening > 0;
    ln_nsec start = ln_clock_mono();

    tries += was_opening;
    while (ln_clock_mono() - start < 1000ull * LN_NSEC_PER_MSEC) {
        ev_run(ln_loop_ev(p.m->yard.turns.loop), EVRUN_ONCE);
        bool is_opening = p.s->instances[0].pool->opening > 0;

        tries += is_opening && !was_opening;
        was_opening = is_opening;
    }
    assert_in_range(tries, 1, 3);
    close_shop(&p);
}

/* The generation is gone, and nobody wants its instances any more. */
static void test_they_go_with_the_last_service_that_has_the_instance(void **state)
{
    struct shop p;
    struct ln_err err;

    open_shop(&p, state, 1, (struct ln_pool_conf){.min_idle = 1});
    await_idle(&p, 0, 1);
    struct ln_pool *pool = p.s->instances[0].pool;
    int line = accept4(p.door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    char byte;
    struct ln_services *old = p.m->all;

    assert_true(line >= 0);
    p.m->all = ln_services_new(&p.m->conf, p.m->shm, &p.m->yard.pools, &err);
    assert_non_null(p.m->all);
    p.s = &p.m->all->v[0];
    ln_spares_stop(p.spares);
    ln_services_free(old);
    assert_int_equal(pool->idle_count, 1); /* the next generation has it as well */
    ln_services_free(p.m->all);
    p.m->all = NULL;
    p.spares = NULL;
    assert_int_equal(recv(line, &byte, 1, MSG_DONTWAIT), 0);
    close(line);
    close_shop(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_none_without_a_wish),
        TEST(test_each_instance_gets_its_number),
        TEST(test_what_is_lost_is_replaced),
        TEST(test_new_ones_are_the_coldest),
        TEST(test_never_more_than_may_be_open),
        TEST(test_one_turn_begins_a_bounded_number),
        TEST(test_none_to_those_that_get_no_requests),
        TEST(test_what_is_under_way_ends_with_the_generation),
        TEST(test_who_refuses_is_asked_less_and_less),
        TEST(test_they_go_with_the_last_service_that_has_the_instance),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
