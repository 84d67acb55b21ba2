/* SPDX-License-Identifier: Apache-2.0
 * test_breaker.c - the breaker in virtual time: by hand, against a plain model with fixed seeds, by
 * many threads at once, and with workers that die.
 */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/rand.h"
#include "upstream/breaker.h"

enum { START = 1000000 };

static const struct ln_breaker_conf conf = {
    .on = true,
    .min_requests = 5,
    .failure_ratio = 0.6,
    .window = 10000,
    .open_for = 10000,
    .max_open_for = 120000,
    .probes = 3,
};

static bool admit(struct ln_breaker_record *r, ln_msec now, struct ln_ticket *ticket)
{
    enum ln_breaker_news news;
    bool can = ln_breaker_can(r, &conf, now);
    bool let_in = ln_breaker_admit(r, &conf, now, ticket, &news);

    assert_int_equal(can, let_in);
    assert_int_equal(let_in, ticket->valid);
    return let_in;
}

static enum ln_breaker_news report(struct ln_breaker_record *r, struct ln_ticket ticket, bool ok,
                                   ln_msec now)
{
    unsigned total, failed;

    return ln_breaker_report(r, &conf, ticket, ok, now, &total, &failed);
}

/* One request that comes and goes; false: it was not let in. */
static bool visit(struct ln_breaker_record *r, bool ok, ln_msec now)
{
    struct ln_ticket ticket;

    if (!admit(r, now, &ticket))
        return false;
    report(r, ticket, ok, now);
    return true;
}

static void trip(struct ln_breaker_record *r, ln_msec now)
{
    for (unsigned i = 0; i < 5; i++)
        assert_true(visit(r, false, now));
    assert_int_equal(ln_breaker_state(r), LN_BREAKER_OPEN);
}

/* ---- by hand ---- */

static void test_zeroed_memory_is_closed(void **state)
{
    struct ln_breaker_record r = {0};

    (void)state;
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
    assert_true(visit(&r, true, START));
}

static void test_off_means_off(void **state)
{
    static const struct ln_breaker_conf off = {.on = false};
    struct ln_breaker_record r = {0};
    struct ln_ticket ticket;
    enum ln_breaker_news news;

    (void)state;
    trip(&r, START); /* and then the configuration was changed */
    assert_true(ln_breaker_can(&r, &off, START));
    assert_true(ln_breaker_admit(&r, &off, START, &ticket, &news));
    assert_false(ticket.valid);
}

/* Ten requests half a second apart to an instance that always answers 500. */
static void test_it_trips_at_the_fifth_and_recovers_through_three_probes(void **state)
{
    struct ln_breaker_record r = {0};
    unsigned total = 0, failed = 0, seen = 0;
    ln_msec tripped = 0, now = START;

    (void)state;
    for (unsigned i = 1; i <= 10; i++, now += 500) {
        struct ln_ticket ticket;

        if (!admit(&r, now, &ticket))
            continue;
        seen++;
        if (ln_breaker_report(&r, &conf, ticket, false, now, &total, &failed) ==
            LN_BREAKER_OPENED) {
            assert_int_equal(i, 5);
            assert_int_equal(total, 5);
            assert_int_equal(failed, 5);
            tripped = now;
        }
    }
    assert_int_equal(seen, 5);
    assert_int_equal(tripped, START + 4 * 500);
    for (now = tripped; now < tripped + 10000; now += 10)
        assert_false(visit(&r, true, now));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ln_breaker_state(&r), i == 0 ? LN_BREAKER_OPEN : LN_BREAKER_HALF_OPEN);
        assert_true(visit(&r, true, now + i));
    }
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
}

static void test_too_few_prove_nothing(void **state)
{
    struct ln_breaker_record r = {0};

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_true(visit(&r, false, START));
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
}

/* Never five failures in a row. */
static void test_the_ratio_decides(void **state)
{
    (void)state;
    for (unsigned good = 1; good <= 20; good++)
        for (unsigned bad = 1; bad <= 4; bad++) {
            struct ln_breaker_record r = {0};
            unsigned total = 0, failed = 0;

            while (total < 200 && ln_breaker_state(&r) == LN_BREAKER_CLOSED) {
                bool ok = total % (good + bad) < good;

                visit(&r, ok, START);
                total++;
                failed += !ok;
                assert_int_equal(ln_breaker_state(&r) == LN_BREAKER_OPEN,
                                 total >= 5 && failed * 10 >= total * 6);
            }
        }
}

/* What was good until now is not believed for the rest of the window. */
static void test_enough_in_a_row_decide(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_ticket ticket;
    unsigned total = 0, failed = 0;

    (void)state;
    for (unsigned i = 0; i < 2800; i++)
        visit(&r, i % 14 < 10, START);
    visit(&r, true, START);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
        assert_true(admit(&r, START, &ticket));
        ln_breaker_report(&r, &conf, ticket, false, START, &total, &failed);
    }
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
    assert_int_equal(total, 5);
    assert_int_equal(failed, 5);
}

static void test_a_row_does_not_outlive_the_window(void **state)
{
    struct ln_breaker_record r = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        visit(&r, true, START);
    for (unsigned i = 0; i < 4; i++)
        visit(&r, false, START);
    for (unsigned i = 0; i < 100; i++)
        visit(&r, true, START + 10000);
    visit(&r, false, START + 10001);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
    for (unsigned i = 0; i < 4; i++)
        visit(&r, false, START + 10002);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
}

/* Somebody wants to hear of every failure; that is no reason to act on one among many. */
static void test_one_or_two_are_no_row(void **state)
{
    static const struct ln_breaker_conf nervous = {
        .on = true,
        .min_requests = 1,
        .failure_ratio = 0.6,
        .window = 10000,
        .open_for = 10000,
        .max_open_for = 120000,
        .probes = 3,
    };
    struct ln_breaker_record r = {0};
    struct ln_ticket ticket;
    enum ln_breaker_news news;
    unsigned total, failed;

    (void)state;
    for (unsigned i = 0; i < 103; i++) {
        assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
        assert_true(ln_breaker_admit(&r, &nervous, START, &ticket, &news));
        ln_breaker_report(&r, &nervous, ticket, i < 100, START, &total, &failed);
    }
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
}

/* The success that makes it enough requests may be what trips it. */
static void test_a_success_can_complete_the_count(void **state)
{
    struct ln_breaker_record r = {0};

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        visit(&r, false, START);
    visit(&r, true, START);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
}

static void test_the_window_slides(void **state)
{
    struct ln_breaker_record r = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++) /* four in any ten seconds */
        assert_true(visit(&r, false, START + i * 2600));
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
    for (unsigned i = 0; i < 5; i++)
        visit(&r, false, START + 100 * 2600 + i * 1500);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
}

static void test_half_open_admits_exactly_the_probes(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_ticket ticket[3], more;

    (void)state;
    trip(&r, START);
    for (unsigned i = 0; i < 3; i++)
        assert_true(admit(&r, START + 10000, &ticket[i]));
    for (unsigned i = 0; i < 100; i++)
        assert_false(admit(&r, START + 10000 + i * 99, &more));
    assert_int_equal(report(&r, ticket[1], true, START + 10100), LN_BREAKER_NO_NEWS);
    assert_int_equal(report(&r, ticket[0], true, START + 10100), LN_BREAKER_NO_NEWS);
    assert_false(admit(&r, START + 10100, &more));
    assert_int_equal(report(&r, ticket[2], true, START + 10100), LN_BREAKER_RECOVERED);
    assert_true(admit(&r, START + 10100, &more));
}

static void test_one_bad_probe_is_enough(void **state)
{
    (void)state;
    for (unsigned bad = 0; bad < 3; bad++) {
        struct ln_breaker_record r = {0};
        struct ln_ticket ticket[3];

        trip(&r, START);
        for (unsigned i = 0; i < 3; i++)
            assert_true(admit(&r, START + 10000, &ticket[i]));
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(report(&r, ticket[i], i != bad, START + 10000),
                             i == bad ? LN_BREAKER_REOPENED : LN_BREAKER_NO_NEWS);
        assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
        assert_false(visit(&r, true, START + 29990)); /* twice as long */
        assert_true(visit(&r, true, START + 30000));
    }
}

static void test_it_stays_open_ever_longer_up_to_the_bound(void **state)
{
    struct ln_breaker_record r = {0};
    ln_msec now = START, want = 10000;

    (void)state;
    trip(&r, now);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(ln_breaker_open_for(&conf, i + 1), want);
        assert_false(visit(&r, false, now + want - 10));
        now += want;
        assert_true(visit(&r, false, now));
        want = want * 2 < 120000 ? want * 2 : 120000;
    }
}

static void recover(struct ln_breaker_record *r, ln_msec now)
{
    for (unsigned i = 0; i < 3; i++)
        assert_true(visit(r, true, now));
    assert_int_equal(ln_breaker_state(r), LN_BREAKER_CLOSED);
}

static void test_a_quick_relapse_counts_as_the_same_trouble(void **state)
{
    struct ln_breaker_record r = {0};
    ln_msec now = START + 10000;

    (void)state;
    trip(&r, START);
    recover(&r, now);
    trip(&r, now + 9000); /* closed for less than it had been open */
    assert_false(visit(&r, true, now + 9000 + 19990));
    now += 9000 + 20000;
    recover(&r, now);
    now += 20000; /* for as long: trusted anew */
    trip(&r, now);
    assert_true(visit(&r, true, now + 10000));
}

/* Failures from before it opened do not count when it has closed again. */
static void test_a_new_life_has_a_clean_window(void **state)
{
    static const struct ln_breaker_conf quick = {.on = true,
                                                 .min_requests = 5,
                                                 .failure_ratio = 0.6,
                                                 .window = 60000,
                                                 .open_for = 100,
                                                 .max_open_for = 100,
                                                 .probes = 1};
    struct ln_breaker_record r = {0};
    struct ln_ticket ticket;
    enum ln_breaker_news news;
    unsigned total, failed;

    (void)state;
    trip(&r, START);
    assert_true(ln_breaker_admit(&r, &quick, START + 10000, &ticket, &news));
    assert_int_equal(news, LN_BREAKER_PROBES);
    assert_int_equal(ln_breaker_report(&r, &quick, ticket, true, START + 10000, &total, &failed),
                     LN_BREAKER_RECOVERED);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(ln_breaker_admit(&r, &quick, START + 10001, &ticket, &news));
        assert_int_equal(
            ln_breaker_report(&r, &quick, ticket, false, START + 10001, &total, &failed),
            LN_BREAKER_NO_NEWS);
        assert_int_equal(total, i + 1);
    }
}

/* Then it has to prove itself all the same, and what it has done before is not forgotten. */
static void test_probes_can_be_hastened(void **state)
{
    struct ln_breaker_record r = {0};
    ln_msec now = START;

    (void)state;
    ln_breaker_hasten(&r, now); /* it is closed */
    trip(&r, now);
    assert_false(visit(&r, true, ++now));
    ln_breaker_hasten(&r, now);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
    assert_true(visit(&r, false, now));
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_OPEN);
    assert_false(visit(&r, true, now + 19999)); /* twice as long */
    ln_breaker_hasten(&r, now);
    for (unsigned i = 0; i < 3; i++) {
        ln_breaker_hasten(&r, now); /* half open: that is no more probes */
        assert_true(visit(&r, true, now));
    }
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
    assert_true(visit(&r, true, now));
}

static void test_stale_tickets_change_nothing(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_ticket old, probe[3];

    (void)state;
    assert_true(admit(&r, START, &old));
    trip(&r, START);
    assert_int_equal(report(&r, old, true, START), LN_BREAKER_NO_NEWS);
    for (unsigned i = 0; i < 3; i++)
        assert_true(admit(&r, START + 10000, &probe[i]));
    assert_int_equal(report(&r, old, true, START + 10000), LN_BREAKER_NO_NEWS);
    assert_int_equal(report(&r, old, false, START + 10000), LN_BREAKER_NO_NEWS);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_HALF_OPEN);
    assert_int_equal(report(&r, probe[0], true, START + 10000), LN_BREAKER_NO_NEWS);
    assert_int_equal(report(&r, probe[1], true, START + 10000), LN_BREAKER_NO_NEWS);
    assert_int_equal(report(&r, probe[2], true, START + 10000), LN_BREAKER_RECOVERED);
    for (unsigned i = 0; i < 100; i++) /* nor is it a failure of the new life */
        assert_int_equal(report(&r, old, false, START + 10000), LN_BREAKER_NO_NEWS);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
}

/* Nothing was sent, such as for want of a descriptor: another goes instead. */
static void test_a_probe_that_was_not_sent_comes_back(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_ticket ticket[3], more;

    (void)state;
    trip(&r, START);
    for (unsigned i = 0; i < 3; i++)
        assert_true(admit(&r, START + 10000, &ticket[i]));
    ln_breaker_return(&r, ticket[1]);
    assert_true(admit(&r, START + 10001, &more));
    assert_false(admit(&r, START + 10001, &ticket[1]));
    ln_breaker_return(&r, (struct ln_ticket){0}); /* of a breaker that is off: nothing */
    assert_false(admit(&r, START + 10001, &ticket[1]));
}

/* Probes whose worker was killed never report: a new half open begins, with all of its probes. */
static void test_leases_end(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_ticket lost[3], late;
    enum ln_breaker_news news;

    (void)state;
    trip(&r, START);
    for (unsigned i = 0; i < 3; i++)
        assert_true(admit(&r, START + 10000, &lost[i]));
    assert_int_equal(report(&r, lost[0], true, START + 10000), LN_BREAKER_NO_NEWS);
    assert_false(admit(&r, START + 19990, &late));
    assert_true(ln_breaker_admit(&r, &conf, START + 20000, &late, &news));
    assert_int_equal(news, LN_BREAKER_PROBES_AGAIN);
    assert_int_equal(report(&r, late, true, START + 20000), LN_BREAKER_NO_NEWS);
    for (unsigned i = 0; i < 2; i++)
        assert_true(visit(&r, true, START + 20000));
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
    assert_int_equal(report(&r, lost[1], false, START + 20000), LN_BREAKER_NO_NEWS);
}

/* A reload asks for no more probes than have passed: nobody is left whose report would close it. */
static void test_fewer_probes_than_have_passed(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_breaker_conf fewer = conf;
    struct ln_ticket ticket;
    enum ln_breaker_news news;
    unsigned total, failed;

    (void)state;
    fewer.probes = 2;
    trip(&r, START);
    for (unsigned i = 0; i < 2; i++)
        assert_true(visit(&r, true, START + 10000));
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_HALF_OPEN);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(ln_breaker_can(&r, &fewer, START + 20000));
        assert_true(ln_breaker_admit(&r, &fewer, START + 20000, &ticket, &news));
        ln_breaker_report(&r, &fewer, ticket, true, START + 20000, &total, &failed);
    }
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
}

static void test_one_lost_probe_of_few_requests(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_ticket lost;
    ln_msec now = START + 10000;

    (void)state;
    trip(&r, START);
    assert_true(admit(&r, now, &lost));
    for (unsigned i = 1; i <= 3; i++) /* a request a minute: each finds the lease over */
        assert_true(visit(&r, true, now + i * 60000));
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
}

/* An open breaker that nobody asks for months is due, and not for another half of the clock. */
static void test_long_silence(void **state)
{
    struct ln_breaker_record r = {0};

    (void)state;
    trip(&r, START);
    assert_true(visit(&r, true, START + (ln_msec)200 * 86400000));
}

static void test_counts_are_halved_and_not_lost(void **state)
{
    struct ln_breaker_record r = {0};
    struct ln_ticket ticket;
    unsigned total, failed;

    (void)state;
    assert_true(admit(&r, START, &ticket));
    for (unsigned i = 0; i < 3000000; i++)
        ln_breaker_report(&r, &conf, ticket, i % 2 == 0, START, &total, &failed);
    assert_true(total >= 500000 && total <= 1048576);
    assert_true(failed * 2 > total - 10 && failed * 2 < total + 10);
    assert_int_equal(ln_breaker_state(&r), LN_BREAKER_CLOSED);
}

/* ---- against a model ---- */

enum { WHEN_MAX = 4096, OUT_MAX = 64 };

struct model {
    enum ln_breaker_state state;
    unsigned life, issued, passed, trips;
    ln_msec at;
    struct {
        ln_msec slice;
        bool ok;
    } seen[WHEN_MAX]; /* of this life */
    unsigned count;
};

static bool model_admit(struct model *m, ln_msec now, unsigned *life)
{
    bool begin =
        m->state == LN_BREAKER_OPEN || (m->state == LN_BREAKER_HALF_OPEN && m->passed < m->issued);

    if (m->state != LN_BREAKER_CLOSED) {
        if (begin && now >= m->at) {
            m->state = LN_BREAKER_HALF_OPEN;
            m->life++;
            m->issued = m->passed = 0;
        } else if (m->state == LN_BREAKER_OPEN || m->issued >= conf.probes) {
            return false;
        }
        m->issued++;
        m->at = now + conf.open_for;
    }
    *life = m->life;
    return true;
}

static void model_open(struct model *m, ln_msec now)
{
    m->trips = m->trips < 15 ? m->trips + 1 : 15;
    m->state = LN_BREAKER_OPEN;
    m->life++;
    m->count = 0;
    m->at = now + ln_breaker_open_for(&conf, m->trips);
}

/* Failures at the end of what was seen, with no window between them. */
static unsigned model_row(const struct model *m)
{
    unsigned i = m->count, row = 0;

    for (; i > 0 && !m->seen[i - 1].ok; i--, row++)
        if (row > 0 && m->seen[i].slice - m->seen[i - 1].slice >= LN_BREAKER_BUCKETS)
            break;
    return row;
}

static void model_count(struct model *m, bool ok, ln_msec now)
{
    ln_msec slice = now / (conf.window / LN_BREAKER_BUCKETS);
    unsigned total = 0, failed = 0;

    m->seen[m->count].slice = slice;
    m->seen[m->count++].ok = ok;
    for (unsigned i = 0; i < m->count; i++) {
        if (slice - m->seen[i].slice >= LN_BREAKER_BUCKETS)
            continue;
        total++;
        failed += !m->seen[i].ok;
    }
    if (failed == 0 || total < conf.min_requests ||
        (failed * 10 < total * 6 && model_row(m) < conf.min_requests))
        return;
    if (m->trips == 0 || now >= m->at + ln_breaker_open_for(&conf, m->trips))
        m->trips = 0;
    model_open(m, now);
}

static void model_report(struct model *m, unsigned life, bool ok, ln_msec now)
{
    if (life != m->life || m->state == LN_BREAKER_OPEN)
        return;
    if (m->state == LN_BREAKER_CLOSED) {
        model_count(m, ok, now);
    } else if (!ok) {
        model_open(m, now);
    } else if (++m->passed >= conf.probes) {
        m->state = LN_BREAKER_CLOSED;
        m->life++;
        m->count = 0;
        m->at = now;
    }
}

/* Random requests of random length, some of which never report; a service that is well and ill by
 * turns. */
static void test_it_follows_the_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct ln_breaker_record r = {0};
        static struct model m;
        struct {
            struct ln_ticket ticket;
            unsigned life;
        } out[OUT_MAX];
        unsigned outs = 0, sickness = 0;
        struct ln_rand rand;
        ln_msec now = START;

        memset(&m, 0, sizeof m);
        ln_rand_init(&rand, seed);
        for (unsigned step = 0; step < 2000; step++) {
            now += 10 * ln_rand_below(&rand, 1 << ln_rand_below(&rand, 9));
            if (ln_rand_below(&rand, 100) == 0)
                sickness = (unsigned)ln_rand_below(&rand, 101);
            if (outs < OUT_MAX && ln_rand_below(&rand, 2) == 0) {
                bool want = model_admit(&m, now, &out[outs].life);

                assert_int_equal(admit(&r, now, &out[outs].ticket), want);
                outs += want;
            } else if (outs > 0) {
                unsigned i = (unsigned)ln_rand_below(&rand, outs);
                bool ok = ln_rand_below(&rand, 100) >= sickness;

                if (ln_rand_below(&rand, 20) != 0) { /* else it is never heard of again */
                    report(&r, out[i].ticket, ok, now);
                    model_report(&m, out[i].life, ok, now);
                }
                out[i] = out[--outs];
            }
            assert_int_equal(ln_breaker_state(&r), m.state);
        }
    }
}

/* ---- many at once ---- */

enum { THREADS = 4, ROUNDS = 2000 };

struct race {
    struct ln_breaker_record r;
    pthread_barrier_t start;
    _Atomic unsigned probes, news[LN_BREAKER_RECOVERED + 1];
    ln_msec now;
};

static void *press(void *arg)
{
    struct race *race = arg;

    for (unsigned round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&race->start);
        for (unsigned i = 0; i < 4; i++) {
            struct ln_ticket ticket;
            enum ln_breaker_news news;

            if (!ln_breaker_admit(&race->r, &conf, race->now, &ticket, &news))
                continue;
            race->news[news]++;
            race->probes++;
        }
        pthread_barrier_wait(&race->start);
        pthread_barrier_wait(&race->start);
    }
    return NULL;
}

/* Sixteen want in at the same moment: three are let in, and one is told that it has begun. */
static void test_exactly_the_probes_over_threads(void **state)
{
    static struct race race;
    pthread_t threads[THREADS];

    (void)state;
    race.now = START;
    pthread_barrier_init(&race.start, NULL, THREADS + 1);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, press, &race), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        memset((void *)&race.r, 0, sizeof race.r);
        trip(&race.r, race.now);
        race.now += 10000;
        race.probes = race.news[LN_BREAKER_PROBES] = 0;
        pthread_barrier_wait(&race.start);
        pthread_barrier_wait(&race.start);
        assert_int_equal(race.probes, 3);
        assert_int_equal(race.news[LN_BREAKER_PROBES], 1);
        pthread_barrier_wait(&race.start);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&race.start);
}

static void *fail_all(void *arg)
{
    struct race *race = arg;

    for (unsigned i = 0; i < 50000; i++) {
        struct ln_ticket ticket;
        enum ln_breaker_news news;
        unsigned total, failed;

        if (ln_breaker_admit(&race->r, &conf, race->now, &ticket, &news))
            race->news[ln_breaker_report(&race->r, &conf, ticket, false, race->now, &total,
                                         &failed)]++;
    }
    return NULL;
}

static void test_a_trip_is_told_once(void **state)
{
    static struct race race;
    pthread_t threads[THREADS];

    (void)state;
    race.now = START;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fail_all, &race), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(race.news[LN_BREAKER_OPENED], 1);
    assert_int_equal(race.news[LN_BREAKER_REOPENED] + race.news[LN_BREAKER_RECOVERED], 0);
}

/* Processes that are killed in the middle of it leave a record that another can use: in the end it
 * closes. */
static void test_killed_workers_leak_nothing(void **state)
{
    struct race *race =
        mmap(NULL, sizeof *race, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(race != MAP_FAILED);
    for (unsigned round = 0; round < 50; round++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            struct ln_rand rand;

            ln_rand_init(&rand, round + 1);
            for (ln_msec now = START + round * 1000000;; now += ln_rand_below(&rand, 50) * 10) {
                struct ln_ticket ticket;
                enum ln_breaker_news news;

                if (ln_breaker_admit(&race->r, &conf, now, &ticket, &news) &&
                    ln_rand_below(&rand, 4) > 0)
                    report(&race->r, ticket, ln_rand_below(&rand, 2) == 0, now);
                race->probes++;
            }
        }
        while (race->probes < (round + 1) * 500)
            sched_yield();
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        race->probes = (round + 1) * 500;
    }
    ln_msec now = START + (ln_msec)30 * 86400000;

    for (unsigned i = 0; i < 1000 && ln_breaker_state(&race->r) != LN_BREAKER_CLOSED; i++)
        visit(&race->r, true, now += 1000);
    assert_int_equal(ln_breaker_state(&race->r), LN_BREAKER_CLOSED);
    munmap(race, sizeof *race);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_memory_is_closed),
        cmocka_unit_test(test_off_means_off),
        cmocka_unit_test(test_it_trips_at_the_fifth_and_recovers_through_three_probes),
        cmocka_unit_test(test_too_few_prove_nothing),
        cmocka_unit_test(test_the_ratio_decides),
        cmocka_unit_test(test_enough_in_a_row_decide),
        cmocka_unit_test(test_a_row_does_not_outlive_the_window),
        cmocka_unit_test(test_one_or_two_are_no_row),
        cmocka_unit_test(test_a_success_can_complete_the_count),
        cmocka_unit_test(test_the_window_slides),
        cmocka_unit_test(test_half_open_admits_exactly_the_probes),
        cmocka_unit_test(test_one_bad_probe_is_enough),
        cmocka_unit_test(test_it_stays_open_ever_longer_up_to_the_bound),
        cmocka_unit_test(test_a_quick_relapse_counts_as_the_same_trouble),
        cmocka_unit_test(test_a_new_life_has_a_clean_window),
        cmocka_unit_test(test_probes_can_be_hastened),
        cmocka_unit_test(test_stale_tickets_change_nothing),
        cmocka_unit_test(test_a_probe_that_was_not_sent_comes_back),
        cmocka_unit_test(test_leases_end),
        cmocka_unit_test(test_fewer_probes_than_have_passed),
        cmocka_unit_test(test_one_lost_probe_of_few_requests),
        cmocka_unit_test(test_long_silence),
        cmocka_unit_test(test_counts_are_halved_and_not_lost),
        cmocka_unit_test(test_it_follows_the_model),
        cmocka_unit_test(test_exactly_the_probes_over_threads),
        cmocka_unit_test(test_a_trip_is_told_once),
        cmocka_unit_test(test_killed_workers_leak_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
