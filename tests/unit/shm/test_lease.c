/* SPDX-License-Identifier: Apache-2.0
 * Leases: one holder, turns that are taken once, and what happens when a holder is no more.
 */
#include "unit.h"

#include <pthread.h>

#include "shm/lease.h"

enum { ANN = 101, BOB = 102, PERIOD = 1000 };

static void test_one_holds_it(void **state)
{
    struct ln_lease_record r = {0};

    (void)state;
    assert_true(ln_lease_take(&r, ANN, 5000));
    assert_false(ln_lease_take(&r, BOB, 5001));
    assert_true(ln_lease_take(&r, ANN, 5002)); /* prolongs */
    assert_false(ln_lease_take(&r, BOB, 5000 + LN_LEASE_TERM));
    assert_true(ln_lease_take(&r, BOB, 5002 + LN_LEASE_TERM));
    ln_lease_give(&r, ANN); /* not hers any more */
    assert_false(ln_lease_take(&r, ANN, 5003 + LN_LEASE_TERM));
    ln_lease_give(&r, BOB);
    assert_true(ln_lease_take(&r, ANN, 5003 + LN_LEASE_TERM));
}

static void test_a_turn_is_taken_once(void **state)
{
    struct ln_lease_record r = {0};
    ln_msec wait;

    (void)state;
    assert_true(ln_lease_turn(&r, ANN, PERIOD, 5000, &wait));
    assert_false(ln_lease_turn(&r, ANN, PERIOD, 5000, &wait));
    assert_int_equal(wait, PERIOD);
    assert_false(ln_lease_turn(&r, BOB, PERIOD, 6100, &wait)); /* Ann's, though she is late */
    assert_int_equal(wait, LN_LEASE_TERM - 1100);
    assert_true(ln_lease_turn(&r, ANN, PERIOD, 6101, &wait));
    assert_int_equal(r.due, 7000); /* in step */
    ln_lease_give(&r, ANN);
    assert_false(ln_lease_turn(&r, BOB, PERIOD, 6200, &wait));
    assert_int_equal(wait, 800);
    assert_true(ln_lease_turn(&r, BOB, PERIOD, 7000, &wait));
}

static void test_another_comes_when_the_holder_is_dead(void **state)
{
    struct ln_lease_record r = {0};
    ln_msec wait;

    (void)state;
    assert_true(ln_lease_turn(&r, ANN, PERIOD, 5000, &wait)); /* and is killed at work */
    assert_false(ln_lease_turn(&r, BOB, PERIOD, 6000, &wait));
    assert_int_equal(wait, LN_LEASE_TERM - 1000);
    assert_true(ln_lease_turn(&r, BOB, PERIOD, 6000 + wait, &wait));
    ln_lease_keep(&r, ANN, 9000); /* not dead after all, but too late */
    assert_false(ln_lease_turn(&r, ANN, PERIOD, 9500, &wait));
}

static void test_a_holder_that_lives_stays(void **state)
{
    struct ln_lease_record r = {0};
    ln_msec wait;

    (void)state;
    assert_true(ln_lease_turn(&r, ANN, 60000, 5000, &wait));
    for (ln_msec now = 6000; now < 65000; now += 1000) {
        ln_lease_keep(&r, ANN, now);
        assert_false(ln_lease_turn(&r, BOB, 60000, now + 1, &wait));
    }
    assert_true(ln_lease_turn(&r, ANN, 60000, 65000, &wait));
}

static void test_a_shorter_period_counts_at_once(void **state)
{
    struct ln_lease_record r = {0};
    ln_msec wait;

    (void)state;
    assert_true(ln_lease_turn(&r, ANN, 3600000, 5000, &wait));
    ln_lease_give(&r, ANN);
    assert_false(ln_lease_turn(&r, ANN, 10, 5005, &wait));
    assert_int_equal(wait, 10);
}

static void test_once_in_a_generation(void **state)
{
    struct ln_lease_record r = {0};

    (void)state;
    assert_true(ln_lease_once(&r, 3));
    assert_false(ln_lease_once(&r, 3));
    assert_false(ln_lease_once(&r, 2));
    assert_true(ln_lease_once(&r, 4));
}

enum { THREADS = 4, TURNS = 20000 };

struct hammer {
    struct ln_lease_record *r;
    _Atomic uint64_t *now;
    _Atomic int *inside;
    uint32_t who;
    unsigned won, clashes;
};

/* Time stands still while somebody else holds the lease: she may be kept from the processor for
 * longer than a term. */
static void pass_time(struct hammer *h)
{
    uint64_t holder = atomic_load(&h->r->holder) & ((1u << 22) - 1);

    if (holder == 0 || holder == h->who)
        atomic_fetch_add(h->now, 1);
}

static void *hammer(void *arg)
{
    struct hammer *h = arg;
    ln_msec wait;

    for (;;) {
        ln_msec now = atomic_load(h->now);

        if (now > 5000 + TURNS)
            return NULL;
        if (!ln_lease_turn(h->r, h->who, 1, now, &wait)) {
            pass_time(h);
            continue;
        }
        h->won++;
        h->clashes += atomic_fetch_add(h->inside, 1) != 0;
        atomic_fetch_sub(h->inside, 1);
        ln_lease_give(h->r, h->who);
    }
}

static void test_many_at_once(void **state)
{
    struct ln_lease_record r = {0};
    _Atomic uint64_t now = 5000;
    _Atomic int inside = 0;
    struct hammer h[THREADS];
    pthread_t t[THREADS];
    unsigned won = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        h[i] = (struct hammer){&r, &now, &inside, 100 + i, 0, 0};
        assert_int_equal(pthread_create(&t[i], NULL, hammer, &h[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(h[i].clashes, 0);
        won += h[i].won;
    }
    assert_true(won > 0 && won <= TURNS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_holds_it),
        cmocka_unit_test(test_a_turn_is_taken_once),
        cmocka_unit_test(test_another_comes_when_the_holder_is_dead),
        cmocka_unit_test(test_a_holder_that_lives_stays),
        cmocka_unit_test(test_a_shorter_period_counts_at_once),
        cmocka_unit_test(test_once_in_a_generation),
        cmocka_unit_test(test_many_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
