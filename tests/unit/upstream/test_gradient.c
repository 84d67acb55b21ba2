/* SPDX-License-Identifier: Apache-2.0
 * test_gradient.c - a limit that is learned, of services that are simulated in virtual time: so
 * many requests are worked on at once, and whatever else was let in waits inside. Seeds are fixed.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "upstream/crowd.h"

static const struct ln_concurrency_conf conf = {
    .on = true, .adaptive = true, .min = 4, .max = 1000, .initial = 20, .tolerance = 0.5};

struct world {
    struct crowd c;
    struct ln_gradient_record r;
};

/* `load`: requests that come, as a share of what the service can do. */
static void open_world(struct world *w, uint64_t seed, unsigned capacity, double work, double load)
{
    memset(w, 0, sizeof *w);
    w->c.record = &w->r;
    w->c.conf = &conf;
    w->c.capacity = capacity;
    w->c.work = work;
    w->c.rate = load * capacity / (work / 1e6);
    ln_rand_init(&w->c.rand, seed);
}

static double limit_of(const struct world *w)
{
    return ln_gradient_limit(&w->r, w->c.conf);
}

/* The mean of the limit over so many seconds, in capacities; *goodput: the share of what the
 * service can do that it did. */
static double mean_limit(struct world *w, unsigned seconds, double *goodput)
{
    double sum = 0;
    uint64_t served = 0;

    for (unsigned i = 0; i < seconds; i++) {
        crowd_run(&w->c, 1);
        sum += limit_of(w);
        served += w->c.served;
    }
    *goodput = (double)served / (seconds * w->c.capacity / (w->c.work / 1e6));
    return sum / seconds / w->c.capacity;
}

static void test_zeroed_memory_has_learned_nothing(void **state)
{
    struct ln_concurrency_conf other = conf;
    struct ln_gradient_record r = {0};

    (void)state;
    assert_int_equal(ln_gradient_limit(&r, &conf), 20);
    other.initial = 2000;
    assert_int_equal(ln_gradient_limit(&r, &other), 1000);
    other.initial = 1;
    assert_int_equal(ln_gradient_limit(&r, &other), 4);
}

/* Twice as many come as can be served. Between what the service works on and twice that, and it
 * loses next to none of its work to trials; where there are only four at once, and twenty answers
 * in a second, it takes chance for news more often. */
static void test_it_finds_what_a_service_can_bear(void **state)
{
    static const unsigned capacities[] = {4, 10, 50, 100};
    static const double works[] = {20e3, 200e3};

    (void)state;
    for (unsigned seed = 1; seed <= 2; seed++)
        for (size_t i = 0; i < LN_ARRAY_LEN(capacities); i++)
            for (size_t k = 0; k < LN_ARRAY_LEN(works); k++)
                for (unsigned steady = 0; steady < 2; steady++) {
                    struct world w;
                    double goodput, mean, least = capacities[i] < 50 ? 0.85 : 0.92;

                    open_world(&w, seed, capacities[i], works[k], 2);
                    w.c.steady = steady;
                    crowd_run(&w.c, 60);
                    mean = mean_limit(&w, 60, &goodput);
                    if (mean < 1.2 || mean > 2.1 || goodput < least)
                        print_error("seed %u, %u at once, %.0f us, %s: limit %.2f, goodput %.3f\n",
                                    seed, capacities[i], works[k], steady ? "steady" : "by chance",
                                    mean, goodput);
                    assert_true(mean >= 1.2 && mean <= 2.1);
                    assert_true(goodput >= least);
                }
}

static void test_it_follows_a_service_that_can_bear_less_and_more(void **state)
{
    struct world w;
    double goodput, mean;

    (void)state;
    open_world(&w, 3, 50, 10e3, 2);
    crowd_run(&w.c, 20);
    w.c.capacity = 10;
    crowd_run(&w.c, 15);
    mean = mean_limit(&w, 20, &goodput);
    assert_true(mean >= 1 && mean <= 2.2);
    assert_true(goodput > 0.9);
    w.c.capacity = 50;
    crowd_run(&w.c, 10);
    mean = mean_limit(&w, 20, &goodput);
    assert_true(mean >= 1.1 && mean <= 2.2);
    assert_true(goodput > 0.92);
}

/* Each request takes three times as long, and nobody waits for another. */
static void test_a_service_that_has_become_slower_is_not_throttled(void **state)
{
    struct world w;
    double goodput, mean;

    (void)state;
    open_world(&w, 4, 50, 10e3, 0.9);
    crowd_run(&w.c, 30);
    w.c.work = 30e3; /* and now three times as many come as it can do */
    crowd_run(&w.c, 10);
    mean = mean_limit(&w, 60, &goodput);
    assert_true(mean >= 1.2 && mean <= 2.2);
    assert_true(goodput > 0.95);
}

static void test_it_recovers_after_a_slow_phase(void **state)
{
    struct world w;
    double goodput, mean;

    (void)state;
    open_world(&w, 5, 50, 10e3, 2);
    crowd_run(&w.c, 20);
    w.c.work = 100e3;
    crowd_run(&w.c, 20);
    w.c.work = 10e3;
    crowd_run(&w.c, 15);
    mean = mean_limit(&w, 40, &goodput);
    assert_true(mean >= 1.2 && mean <= 2.1);
    assert_true(goodput > 0.95);
}

/* ---- what must not lower it ---- */

/* Half of what it can do, by chance: nobody is refused once it knows the service. */
static void test_noise_is_no_overload(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        struct world w;
        uint64_t refused = 0;

        open_world(&w, seed, 40, 20e3, 0.6);
        crowd_run(&w.c, 20);
        double learned = limit_of(&w);

        for (unsigned i = 0; i < 60; i++) {
            crowd_run(&w.c, 5);
            refused += w.c.refused;
        }
        assert_true(limit_of(&w) >= learned);
        assert_int_equal(refused, 0);
    }
}

/* Most requests are quick, and a few take a hundred times as long. */
static double quick_or_slow(struct crowd *c, double work)
{
    (void)work;
    return ln_rand_below(&c->rand, 100) < 5 ? 500e3 : 5e3;
}

static void test_two_kinds_of_requests_are_no_overload(void **state)
{
    enum { MEAN = 29750 };

    (void)state;
    for (unsigned seed = 1; seed <= 4; seed++) {
        struct world w;
        double goodput;
        uint64_t refused = 0, served = 0;

        open_world(&w, seed, 50, MEAN, 0.6);
        w.c.odd = quick_or_slow;
        crowd_run(&w.c, 20);
        for (unsigned i = 0; i < 60; i++) {
            crowd_run(&w.c, 2);
            refused += w.c.refused;
            served += w.c.served;
        }
        if (refused * 200 > served)
            print_error("seed %u: %u of %u refused\n", seed, (unsigned)refused,
                        (unsigned)(refused + served));
        assert_true(refused * 200 <= served);
        w.c.rate = 2 * 50 / (MEAN / 1e6);
        crowd_run(&w.c, 20);
        mean_limit(&w, 60, &goodput);
        if (goodput < 0.82)
            print_error("seed %u: goodput %.3f\n", seed, goodput);
        assert_true(goodput >= 0.82);
    }
}

static double one_in_two_thousand(struct crowd *c, double work)
{
    return ln_rand_below(&c->rand, 2000) == 0 ? 1000 * work : work;
}

static void test_an_outlier_is_no_overload(void **state)
{
    struct world w;
    uint64_t refused = 0;

    (void)state;
    open_world(&w, 6, 100, 10e3, 0.3);
    crowd_run(&w.c, 20);
    double learned = limit_of(&w);

    w.c.odd = one_in_two_thousand;
    for (unsigned i = 0; i < 20; i++) {
        crowd_run(&w.c, 1);
        refused += w.c.refused;
    }
    assert_true(limit_of(&w) >= learned);
    assert_int_equal(refused, 0);
}

/* Feeds answers that all took the same, `in_flight` at a time, for so many virtual milliseconds. */
static void feed(struct ln_gradient_record *r, ln_msec *now, ln_msec length, uint32_t in_flight,
                 uint64_t micros)
{
    for (ln_msec end = *now + length; *now < end; ++*now) {
        ln_gradient_reach(r, in_flight);
        ln_gradient_note(r, &conf, micros, *now);
    }
}

static void test_a_limit_that_is_not_used_stays(void **state)
{
    struct ln_gradient_record r = {0};
    ln_msec now = 1000;

    (void)state;
    feed(&r, &now, 20000, 9, 5000);
    assert_int_equal(ln_gradient_limit(&r, &conf), 20);
    feed(&r, &now, 20000, 2, 500000); /* slow, and hardly asked for anything */
    assert_int_equal(ln_gradient_limit(&r, &conf), 20);
    feed(&r, &now, 20000, 10, 5000); /* good path: it is used */
    assert_true(ln_gradient_limit(&r, &conf) > 20);
}

static void test_it_keeps_its_bounds(void **state)
{
    struct ln_gradient_record r = {0};
    ln_msec now = 1000;

    (void)state;
    feed(&r, &now, 600000, 1000, 5000);
    assert_int_equal(ln_gradient_limit(&r, &conf), 1000);
    for (unsigned i = 0; i < 200000; i++) {
        ln_gradient_reach(&r, 1000);
        ln_gradient_note_overload(&r, &conf, now++);
    }
    assert_int_equal(ln_gradient_limit(&r, &conf), 4);
    feed(&r, &now, 20000, 1000, 5000);
    assert_true(ln_gradient_limit(&r, &conf) > 20);
}

/* ---- signs of overload ---- */

/* `part` of all answers say "too much", for a minute. */
static unsigned limit_with(double part)
{
    struct ln_gradient_record r = {0};
    struct ln_rand rand;

    ln_rand_init(&rand, 7);
    for (ln_msec now = 1000; now < 61000; now++) {
        ln_gradient_reach(&r, ln_gradient_limit(&r, &conf));
        if ((double)ln_rand_below(&rand, 1000) < part * 1000)
            ln_gradient_note_overload(&r, &conf, now);
        else
            ln_gradient_note(&r, &conf, 5000, now);
    }
    return ln_gradient_limit(&r, &conf);
}

static void test_signs_of_overload_lower_it(void **state)
{
    (void)state;
    assert_true(limit_with(0.001) > 500);
    assert_true(limit_with(0.2) < 200);
    assert_true(limit_with(0.2) >
                40); /* a part that always fails is no reason to starve the rest */
    assert_true(limit_with(0.5) < 30);
    assert_int_equal(limit_with(1), 4);
}

/* ---- several workers ---- */

/* Time passes for all of them with each sample; whoever comes when a window is over closes it. */
static void sample_on(struct ln_gradient_record *r, _Atomic uint64_t *ticks, uint64_t end)
{
    for (;;) {
        uint64_t tick = atomic_fetch_add(ticks, 1);

        if (tick >= end)
            return;
        ln_gradient_reach(r, 1000);
        ln_gradient_note(r, &conf, 5000, 1000 + tick / 4);
    }
}

static unsigned learned_by(unsigned workers)
{
    enum { TICKS = 40000 }; /* ten seconds: 40 windows */
    struct shared {
        struct ln_gradient_record r;
        _Atomic uint64_t ticks;
    } *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child[4];
    unsigned limit;

    assert_true(s != MAP_FAILED);
    for (unsigned w = 0; w < workers; w++) {
        child[w] = fork();
        assert_true(child[w] >= 0);
        if (child[w] == 0) {
            sample_on(&s->r, &s->ticks, TICKS);
            _exit(0);
        }
    }
    for (unsigned w = 0; w < workers; w++) {
        int status;

        assert_int_equal(waitpid(child[w], &status, 0), child[w]);
        assert_int_equal(status, 0);
    }
    limit = ln_gradient_limit(&s->r, &conf);
    munmap(s, sizeof *s);
    return limit;
}

/* A worker that is held up between drawing its time and its sample makes a window a little longer;
 * two that closed the same window would make the limit grow twice as fast. */
static void test_four_workers_learn_what_one_learns(void **state)
{
    unsigned one = learned_by(1), four = learned_by(4);

    (void)state;
    assert_true(one > 300);
    assert_true(four <= one + one / 20);
    assert_true(four >= one - one / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_memory_has_learned_nothing),
        cmocka_unit_test(test_it_finds_what_a_service_can_bear),
        cmocka_unit_test(test_it_follows_a_service_that_can_bear_less_and_more),
        cmocka_unit_test(test_a_service_that_has_become_slower_is_not_throttled),
        cmocka_unit_test(test_it_recovers_after_a_slow_phase),
        cmocka_unit_test(test_noise_is_no_overload),
        cmocka_unit_test(test_two_kinds_of_requests_are_no_overload),
        cmocka_unit_test(test_an_outlier_is_no_overload),
        cmocka_unit_test(test_a_limit_that_is_not_used_stays),
        cmocka_unit_test(test_it_keeps_its_bounds),
        cmocka_unit_test(test_signs_of_overload_lower_it),
        cmocka_unit_test(test_four_workers_learn_what_one_learns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
