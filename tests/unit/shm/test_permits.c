/* SPDX-License-Identifier: Apache-2.0
 * test_permits.c - never more than `most` at once, whoever takes and gives, and whoever dies.
 */
#include "zone.h"

#include <stdio.h>

#include "shm/permits.h"

enum { SIZE = 1 << 20, MOST = 5, FOREVER = 0, PROCESSES = 4 };

struct desk {
    struct ln_shm *shm;
    void *zone;
    struct ln_permits p[PROCESSES];
};

static void open_desk(struct desk *d)
{
    struct ln_err err;

    d->shm = ln_shm_new(PROCESSES, &err);
    assert_non_null(d->shm);
    d->zone = zone_new(SIZE);
    for (unsigned i = 0; i < PROCESSES; i++) {
        ln_slot_set(&ln_shm_slot(d->shm, i)->starts, 1);
        atomic_store(&ln_shm_slot(d->shm, i)->pid, 1000 + (int)i);
        ln_permits_init(&d->p[i], d->shm, i, d->zone, SIZE);
    }
}

static void close_desk(struct desk *d)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        ln_permits_fini(&d->p[i]);
    munmap(d->zone, SIZE);
    ln_shm_free(d->shm);
}

static int64_t take(struct ln_permits *p, const char *client, unsigned most, ln_nsec now)
{
    return ln_permits_take(p, ln_slice_of(client), most, FOREVER, now);
}

static void test_so_many_and_no_more(void **state)
{
    struct desk d;
    bool seen[MOST] = {false};

    (void)state;
    open_desk(&d);
    for (unsigned i = 0; i < MOST; i++) {
        int64_t ticket = take(&d.p[i % 2], "ann", MOST, ZONE_NOW);
        unsigned number = (unsigned)ticket & 0x3fff;

        assert_true(ticket >= 0 && number < MOST);
        assert_false(seen[number]);
        seen[number] = true;
    }
    assert_int_equal(take(&d.p[0], "ann", MOST, ZONE_NOW), LN_PERMITS_NONE);
    assert_int_equal(take(&d.p[2], "ann", MOST, ZONE_NOW), LN_PERMITS_NONE);
    assert_true(take(&d.p[2], "bob", MOST, ZONE_NOW) >= 0);
    close_desk(&d);
}

static void test_what_is_given_back_is_free(void **state)
{
    struct desk d;
    int64_t first, second;

    (void)state;
    open_desk(&d);
    first = take(&d.p[0], "ann", 1, ZONE_NOW);
    assert_true(first >= 0);
    assert_int_equal(take(&d.p[1], "ann", 1, ZONE_NOW), LN_PERMITS_NONE);
    ln_permits_give(&d.p[1], LN_SLICE("ann"), first, ZONE_NOW); /* not hers */
    assert_int_equal(take(&d.p[1], "ann", 1, ZONE_NOW), LN_PERMITS_NONE);
    ln_permits_give(&d.p[0], LN_SLICE("ann"), first, ZONE_NOW);
    second = take(&d.p[0], "ann", 1, ZONE_NOW);
    assert_true(second >= 0 && second != first);
    ln_permits_give(&d.p[0], LN_SLICE("ann"), first, ZONE_NOW); /* twice */
    assert_int_equal(take(&d.p[0], "ann", 1, ZONE_NOW), LN_PERMITS_NONE);
    ln_permits_give(&d.p[0], LN_SLICE("ann"), second, ZONE_NOW);
    assert_true(take(&d.p[1], "ann", 1, ZONE_NOW) >= 0);
    close_desk(&d);
}

static void test_time_brings_it_back(void **state)
{
    struct desk d;

    (void)state;
    open_desk(&d);
    assert_true(ln_permits_take(&d.p[0], LN_SLICE("ann"), 1, 5000, ZONE_NOW) >= 0);
    assert_int_equal(take(&d.p[0], "ann", 1, 4999), LN_PERMITS_NONE);
    assert_true(take(&d.p[1], "ann", 1, 5001) >= 0);
    close_desk(&d);
}

static void test_the_dead_give_back(void **state)
{
    struct desk d;
    ln_nsec now = ZONE_NOW;

    (void)state;
    open_desk(&d);
    for (unsigned i = 0; i < MOST; i++)
        assert_true(take(&d.p[i == 0], "ann", MOST, now) >= 0);
    assert_int_equal(take(&d.p[2], "ann", MOST, now), LN_PERMITS_NONE);
    atomic_store(&ln_shm_slot(d.shm, 0)->pid, 0); /* killed; it had four of them */
    assert_int_equal(take(&d.p[2], "ann", MOST, now + 10), LN_PERMITS_NONE); /* has just looked */
    now += ZONE_SECOND;
    for (unsigned i = 0; i < MOST - 1; i++)
        assert_true(take(&d.p[2], "ann", MOST, now) >= 0);
    assert_int_equal(take(&d.p[2], "ann", MOST, now), LN_PERMITS_NONE);
    ln_slot_set(&ln_shm_slot(d.shm, 1)->starts, 2); /* and this one has a successor */
    now += 2 * (ln_nsec)ZONE_SECOND;
    assert_true(take(&d.p[3], "ann", MOST, now) >= 0);
    assert_int_equal(take(&d.p[3], "ann", MOST, now), LN_PERMITS_NONE);
    close_desk(&d);
}

static void test_a_zone_that_is_full_says_so(void **state)
{
    struct desk d;
    struct ln_permits p;
    void *zone = zone_new(LN_DICT_SIZE_MIN);
    char name[16];
    int64_t rc = 0;

    (void)state;
    open_desk(&d);
    ln_permits_init(&p, d.shm, 0, zone, LN_DICT_SIZE_MIN);
    for (unsigned i = 0; i < 10000 && rc >= 0; i++) {
        snprintf(name, sizeof name, "c%u", i);
        rc = take(&p, name, 1, ZONE_NOW);
    }
    assert_int_equal(rc, LN_PERMITS_FULL);
    ln_permits_fini(&p);
    munmap(zone, LN_DICT_SIZE_MIN);
    close_desk(&d);
}

static void test_long_clients_differ(void **state)
{
    static char a[3000], b[3000];
    struct desk d;

    (void)state;
    open_desk(&d);
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    b[2999] = 'y';
    assert_true(ln_permits_take(&d.p[0], ln_slice(a, 3000), 1, 0, 1) >= 0);
    assert_true(ln_permits_take(&d.p[0], ln_slice(b, 3000), 1, 0, 1) >= 0);
    assert_int_equal(ln_permits_take(&d.p[0], ln_slice(a, 3000), 1, 0, 1), LN_PERMITS_NONE);
    close_desk(&d);
}

/* Four processes take and give at full speed; how many are inside is counted beside. */
struct crowd {
    struct desk d;
    _Atomic int64_t inside, most_seen;
    _Atomic uint64_t passed;
};

static void come_and_go(void *arg, unsigned number)
{
    struct crowd *c = arg;
    struct ln_permits *p = &c->d.p[number];

    for (unsigned i = 0; i < 20000; i++) {
        int64_t permit = take(p, "ann", 3, ZONE_NOW);

        if (permit < 0)
            continue;
        int64_t inside = atomic_fetch_add(&c->inside, 1) + 1, most = atomic_load(&c->most_seen);

        while (inside > most && !atomic_compare_exchange_weak(&c->most_seen, &most, inside))
            ;
        if (i % 64 == 0)
            sched_yield();
        atomic_fetch_sub(&c->inside, 1);
        atomic_fetch_add(&c->passed, 1);
        ln_permits_give(p, LN_SLICE("ann"), permit, ZONE_NOW);
    }
}

static void test_a_crowd_is_never_more(void **state)
{
    struct crowd *c = zone_new(sizeof *c);

    (void)state;
    open_desk(&c->d);
    zone_crowd(PROCESSES, come_and_go, c);
    assert_in_range(atomic_load(&c->most_seen), 1, 3);
    assert_true(atomic_load(&c->passed) > 20000);
    for (unsigned i = 0; i < 3; i++)
        assert_true(take(&c->d.p[0], "ann", 3, ZONE_NOW) >= 0); /* all were given back */
    assert_int_equal(take(&c->d.p[0], "ann", 3, ZONE_NOW), LN_PERMITS_NONE);
    close_desk(&c->d);
    munmap(c, sizeof *c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_so_many_and_no_more),
        cmocka_unit_test(test_what_is_given_back_is_free),
        cmocka_unit_test(test_time_brings_it_back),
        cmocka_unit_test(test_the_dead_give_back),
        cmocka_unit_test(test_a_zone_that_is_full_says_so),
        cmocka_unit_test(test_long_clients_differ),
        cmocka_unit_test(test_a_crowd_is_never_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
