/* SPDX-License-Identifier: Apache-2.0
 * test_health.c - strikes, trips and trials in virtual time: by hand, against a plain model, and by
 * many threads at once.
 */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "upstream/health.h"

enum { START = 1000000 };

/* The door of a request that has come in by the present one: while a trial is out, the trial. */
static uint64_t present(const struct ln_instance_record *r)
{
    uint64_t word = atomic_load(&r->down);

    return (word & 1) != 0 ? word : 0;
}

static bool admits(struct ln_instance_record *r, ln_msec now)
{
    uint64_t door;

    return ln_health_admits(r, now, &door);
}

static bool strike(struct ln_instance_record *r, unsigned strikes, ln_msec now)
{
    return ln_health_strike(r, present(r), strikes, now);
}

static bool success(struct ln_instance_record *r)
{
    return ln_health_success(r, present(r));
}

static void knock_down(struct ln_instance_record *r, ln_msec now)
{
    assert_true(strike(r, LN_STRIKES_DOWN, now));
}

static void test_zeroed_memory_is_up(void **state)
{
    struct ln_instance_record r = {0};

    (void)state;
    assert_true(ln_health_is_up(&r, START));
    assert_true(admits(&r, START));
    assert_false(success(&r)); /* it was not away */
}

static void test_strikes_add_up(void **state)
{
    struct ln_instance_record r = {0};

    (void)state;
    for (unsigned i = 1; i < LN_STRIKES_DOWN; i++) {
        assert_false(strike(&r, 1, START));
        assert_true(admits(&r, START));
    }
    assert_true(strike(&r, 1, START));
    assert_false(ln_health_is_up(&r, START));
    assert_false(admits(&r, START));
}

static void test_a_success_wipes_the_strikes(void **state)
{
    struct ln_instance_record r = {0};

    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 1; i < LN_STRIKES_DOWN; i++)
            assert_false(strike(&r, 1, START));
        assert_false(success(&r));
    }
    assert_true(ln_health_is_up(&r, START));
    knock_down(&r, START); /* and they still count */
}

static void test_no_strike_is_no_failure(void **state)
{
    struct ln_instance_record r = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_false(strike(&r, 0, START));
    assert_true(admits(&r, START));
}

static void test_intervals_double_up_to_the_bound(void **state)
{
    ln_msec want = LN_HEALTH_FIRST_MS;

    (void)state;
    for (unsigned trips = 1; trips < 100; trips++) {
        assert_int_equal(ln_health_interval(trips), want);
        want = want * 2 < LN_HEALTH_MAX_MS ? want * 2 : LN_HEALTH_MAX_MS;
    }
    assert_int_equal(ln_health_interval(0), LN_HEALTH_FIRST_MS);
    assert_int_equal(ln_health_interval(UINT32_MAX), LN_HEALTH_MAX_MS);
}

/* Every millisecond of the first interval, and the first one after it. */
static void test_it_is_left_alone_for_the_interval(void **state)
{
    struct ln_instance_record r = {0};

    (void)state;
    knock_down(&r, START);
    for (ln_msec now = START; now < START + LN_HEALTH_FIRST_MS; now++) {
        assert_false(ln_health_is_up(&r, now));
        assert_false(admits(&r, now));
    }
    assert_true(ln_health_is_up(&r, START + LN_HEALTH_FIRST_MS)); /* a look takes nothing */
    assert_true(ln_health_is_up(&r, START + LN_HEALTH_FIRST_MS));
    assert_true(admits(&r, START + LN_HEALTH_FIRST_MS));
}

static void test_exactly_one_trial(void **state)
{
    struct ln_instance_record r = {0};
    unsigned admitted = 0;
    ln_msec due = START + LN_HEALTH_FIRST_MS;

    (void)state;
    knock_down(&r, START);
    for (unsigned i = 0; i < 1000; i++)
        admitted += admits(&r, due + i / 10);
    assert_int_equal(admitted, 1);
}

static void test_a_trial_that_succeeds_opens_the_door(void **state)
{
    struct ln_instance_record r = {0};
    ln_msec now = START + LN_HEALTH_FIRST_MS;

    (void)state;
    knock_down(&r, START);
    assert_true(admits(&r, now));
    assert_true(success(&r));
    assert_false(success(&r)); /* said once */
    for (unsigned i = 0; i < 10; i++)
        assert_true(admits(&r, now));
    knock_down(&r, now);
    assert_true(ln_health_is_up(&r, now + LN_HEALTH_FIRST_MS)); /* doubling has begun anew */
}

/* Whatever its strikes: a single one is enough for somebody on trial. */
static void test_a_trial_that_fails_doubles_the_interval(void **state)
{
    struct ln_instance_record r = {0};
    ln_msec now = START, interval = LN_HEALTH_FIRST_MS;

    (void)state;
    knock_down(&r, now);
    for (unsigned i = 0; i < 12; i++) {
        now += interval;
        assert_false(admits(&r, now - 1));
        assert_true(admits(&r, now));
        assert_true(strike(&r, 1, now));
        interval = interval * 2 < LN_HEALTH_MAX_MS ? interval * 2 : LN_HEALTH_MAX_MS;
    }
    assert_int_equal(interval, LN_HEALTH_MAX_MS);
}

/* Its worker was killed, say: after the interval somebody else may try, and after twice as much. */
static void test_a_trial_without_news_is_joined_by_others(void **state)
{
    struct ln_instance_record r = {0};
    ln_msec now = START, interval = LN_HEALTH_FIRST_MS;

    (void)state;
    knock_down(&r, now);
    for (unsigned i = 0; i < 10; i++) {
        now += interval;
        assert_false(admits(&r, now - 1));
        assert_true(admits(&r, now));
        assert_false(admits(&r, now));
        if (i > 0)
            interval = interval * 2 < LN_HEALTH_MAX_MS ? interval * 2 : LN_HEALTH_MAX_MS;
    }
    assert_true(success(&r));
    assert_true(admits(&r, now));
}

/* An instance that needs longer for an answer than it is left alone is heard all the same. */
static void test_each_trial_of_one_trip_is_heard(void **state)
{
    (void)state;
    for (unsigned heard = 0; heard < 4; heard++)
        for (unsigned well = 0; well < 2; well++) {
            struct ln_instance_record r = {0};
            uint64_t door[4];
            ln_msec now = START;

            knock_down(&r, now);
            for (unsigned i = 0; i < 4; i++) {
                now += LN_HEALTH_MAX_MS;
                assert_true(ln_health_admits(&r, now, &door[i]));
            }
            assert_true(ln_health_is_news(&r, door[heard]));
            assert_true(well ? ln_health_success(&r, door[heard])
                             : ln_health_strike(&r, door[heard], 1, now));
            for (unsigned i = 0; i < 4; i++) { /* and the others are old news */
                assert_false(ln_health_is_news(&r, door[i]));
                assert_false(ln_health_success(&r, door[i]));
                assert_false(ln_health_strike(&r, door[i], LN_STRIKES_DOWN, now));
            }
            assert_int_equal(ln_health_is_up(&r, now), well);
        }
}

/* ... while what came in before it went down never is, nor a trial of an earlier trip. */
static void test_a_trial_of_an_earlier_trip_is_not(void **state)
{
    struct ln_instance_record r = {0};
    uint64_t early, late, old = 0;
    ln_msec now = START;

    (void)state;
    knock_down(&r, now);
    now += LN_HEALTH_MAX_MS;
    assert_true(ln_health_admits(&r, now, &early));
    now += LN_HEALTH_MAX_MS;
    assert_true(ln_health_admits(&r, now, &late));
    assert_true(ln_health_strike(&r, late, 1, now));
    now += LN_HEALTH_MAX_MS;
    assert_true(admits(&r, now));
    assert_false(ln_health_is_news(&r, old));
    assert_false(ln_health_is_news(&r, early));
    assert_false(ln_health_success(&r, early));
    assert_true(success(&r));
}

/* Every millisecond of a long interval: not before the shortest one is over, and one trial then. */
static void test_a_trial_can_be_hastened(void **state)
{
    struct ln_instance_record r = {0};
    ln_msec now = START;

    (void)state;
    assert_false(ln_health_hasten(&r, now)); /* it is up */
    atomic_store(&r.trips, 20);
    knock_down(&r, now);
    for (unsigned i = 0; i < 10; i++) {
        for (ln_msec end = now + LN_HEALTH_FIRST_MS; now < end; now++)
            assert_false(ln_health_hasten(&r, now) || admits(&r, now));
        assert_true(ln_health_hasten(&r, now));
        assert_false(ln_health_hasten(&r, now));
        assert_true(admits(&r, now));
        assert_false(ln_health_hasten(&r, now + LN_HEALTH_MAX_MS - 1)); /* it is out */
        assert_true(strike(&r, 1, now));
    }
    now += LN_HEALTH_MAX_MS;
    assert_false(ln_health_hasten(&r, now)); /* it may come anyway */
    assert_true(admits(&r, now));
    assert_true(success(&r));
}

/* Ten requests were under way when the instance died: one trip, one line in the log, one interval.
 */
static void test_late_failures_are_old_news(void **state)
{
    struct ln_instance_record r = {0};

    (void)state;
    knock_down(&r, START);
    for (unsigned i = 0; i < 10; i++)
        assert_false(strike(&r, LN_STRIKES_DOWN, START + i));
    assert_false(ln_health_is_up(&r, START + LN_HEALTH_FIRST_MS - 1));
    assert_true(admits(&r, START + LN_HEALTH_FIRST_MS));
    assert_true(strike(&r, 1, START + LN_HEALTH_FIRST_MS)); /* the trial's own failure is news */
    for (unsigned i = 0; i < 10; i++)
        assert_false(strike(&r, LN_STRIKES_DOWN, START + LN_HEALTH_FIRST_MS + i));
    assert_true(ln_health_is_up(&r, START + 3 * LN_HEALTH_FIRST_MS));
}

/* ---- against a model
 * ------------------------------------------------------------------------------------------ */

/* What the header says, in the plainest words. */
struct model {
    bool down, trial;
    ln_msec until;
    unsigned strikes, trips;
};

static bool model_admits(struct model *m, ln_msec now)
{
    if (!m->down)
        return true;
    if (now < m->until)
        return false;
    m->trips += m->trial;
    m->trial = true;
    m->until = now + ln_health_interval(m->trips);
    return true;
}

static bool model_strike(struct model *m, unsigned strikes, ln_msec now)
{
    if (strikes == 0 || (m->down && !m->trial))
        return false;
    m->strikes += strikes;
    if (!m->trial && m->strikes < LN_STRIKES_DOWN)
        return false;
    m->down = true;
    m->trial = false;
    m->strikes = 0;
    m->until = now + ln_health_interval(++m->trips);
    return true;
}

static bool model_success(struct model *m)
{
    bool was_down = m->down;

    *m = (struct model){0};
    return was_down;
}

static void test_a_million_events_against_the_model(void **state)
{
    struct ln_instance_record r = {0};
    struct model m = {0};
    ln_msec now = START;
    unsigned trips = 0, trials = 0;

    (void)state;
    srand(20);
    for (unsigned i = 0; i < 1000000; i++) {
        unsigned dice = (unsigned)rand() % 100;

        now += (unsigned)rand() % 60;
        if (dice < 50) {
            bool down = m.down, admitted = model_admits(&m, now);

            assert_int_equal(admits(&r, now), admitted);
            trials += down && admitted;
        } else if (dice < 95) {
            unsigned strikes = dice % 4;
            bool tripped = model_strike(&m, strikes, now);

            assert_int_equal(strike(&r, strikes, now), tripped);
            trips += tripped;
        } else if (!m.down || m.trial) { /* nobody is there to succeed while it is left alone */
            assert_int_equal(success(&r), model_success(&m));
        }
        assert_int_equal(ln_health_is_up(&r, now), !m.down || now >= m.until);
    }
    assert_true(trips > 1000 && trials > 1000);
}

/* ---- many workers
 * --------------------------------------------------------------------------------------------- */

enum { WORKERS = 8, ROUNDS = 300 };

struct crowd {
    struct ln_instance_record record;
    pthread_barrier_t together;
    ln_msec now;
    bool trial;
    unsigned count[WORKERS]; /* how often each was told that it was the one */
};

struct worker {
    struct crowd *crowd;
    unsigned number;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct crowd *c = w->crowd;

    for (unsigned i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&c->together);
        if (c->trial)
            c->count[w->number] += admits(&c->record, c->now);
        else
            c->count[w->number] += strike(&c->record, LN_STRIKES_DOWN, c->now);
        pthread_barrier_wait(&c->together);
        pthread_barrier_wait(&c->together); /* meanwhile the test prepares the next round */
    }
    return NULL;
}

/* Everybody does the same thing at the same moment; exactly one of them was the one, in each round.
 */
static void all_at_once(bool trial)
{
    struct crowd c = {.now = START, .trial = trial};
    struct worker worker[WORKERS];
    pthread_t thread[WORKERS];

    pthread_barrier_init(&c.together, NULL, WORKERS + 1);
    for (unsigned i = 0; i < WORKERS; i++) {
        worker[i] = (struct worker){&c, i};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &worker[i]), 0);
    }
    unsigned wrong = 0, before = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned sum = 0;

        if (trial) {
            strike(&c.record, LN_STRIKES_DOWN, c.now);
            c.now += LN_HEALTH_MAX_MS;
        }
        pthread_barrier_wait(&c.together);
        pthread_barrier_wait(&c.together);
        for (unsigned k = 0; k < WORKERS; k++)
            sum += c.count[k];
        wrong += sum - before != 1;
        before = sum;
        c.now += LN_HEALTH_MAX_MS;
        admits(&c.record, c.now);
        success(&c.record); /* of the trial: nobody else's would count */
        pthread_barrier_wait(&c.together);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&c.together);
    assert_int_equal(wrong, 0);
}

static void test_simultaneous_failures_are_one_trip(void **state)
{
    (void)state;
    all_at_once(false);
}

static void test_simultaneous_requests_get_one_trial(void **state)
{
    (void)state;
    all_at_once(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_memory_is_up),
        cmocka_unit_test(test_strikes_add_up),
        cmocka_unit_test(test_a_success_wipes_the_strikes),
        cmocka_unit_test(test_no_strike_is_no_failure),
        cmocka_unit_test(test_intervals_double_up_to_the_bound),
        cmocka_unit_test(test_it_is_left_alone_for_the_interval),
        cmocka_unit_test(test_exactly_one_trial),
        cmocka_unit_test(test_a_trial_that_succeeds_opens_the_door),
        cmocka_unit_test(test_a_trial_that_fails_doubles_the_interval),
        cmocka_unit_test(test_a_trial_without_news_is_joined_by_others),
        cmocka_unit_test(test_each_trial_of_one_trip_is_heard),
        cmocka_unit_test(test_a_trial_of_an_earlier_trip_is_not),
        cmocka_unit_test(test_a_trial_can_be_hastened),
        cmocka_unit_test(test_late_failures_are_old_news),
        cmocka_unit_test(test_a_million_events_against_the_model),
        cmocka_unit_test(test_simultaneous_failures_are_one_trip),
        cmocka_unit_test(test_simultaneous_requests_get_one_trial),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
