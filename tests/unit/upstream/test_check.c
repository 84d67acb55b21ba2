/* SPDX-License-Identifier: Apache-2.0
 * test_check.c - rise and fall against a plain model, times in virtual time, and many threads at
 * once.
 */
#include "unit.h"

#include <pthread.h>

#include "base/rand.h"
#include "upstream/check.h"

enum { NOW = 1000000, HALF = 0x80000000u, MOST = 0xffffffffu };

static const struct ln_health_conf conf = {
    .on = true, .interval = 30000, .timeout = 5000, .jitter = 0.1, .rise = 2, .fall = 3};

static void test_zeroed_memory_is_up(void **state)
{
    struct ln_check_record r = {0};

    (void)state;
    assert_false(ln_check_is_down(&r));
    assert_int_equal(ln_check_note(&r, &conf, true), LN_CHECK_NO_NEWS);
    assert_false(ln_check_is_down(&r));
}

static void test_falls_and_rises(void **state)
{
    struct ln_check_record r = {0};

    (void)state;
    assert_int_equal(ln_check_note(&r, &conf, false), LN_CHECK_NO_NEWS);
    assert_int_equal(ln_check_note(&r, &conf, false), LN_CHECK_NO_NEWS);
    assert_int_equal(ln_check_note(&r, &conf, false), LN_CHECK_FELL);
    assert_true(ln_check_is_down(&r));
    for (int i = 0; i < 10; i++) /* that is no news */
        assert_int_equal(ln_check_note(&r, &conf, false), LN_CHECK_NO_NEWS);
    assert_int_equal(ln_check_note(&r, &conf, true), LN_CHECK_NO_NEWS);
    assert_true(ln_check_is_down(&r));
    assert_int_equal(ln_check_note(&r, &conf, true), LN_CHECK_ROSE);
    assert_false(ln_check_is_down(&r));
}

static void test_one_result_to_the_contrary_begins_anew(void **state)
{
    struct ln_check_record r = {0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ln_check_note(&r, &conf, false), LN_CHECK_NO_NEWS);
        assert_int_equal(ln_check_note(&r, &conf, false), LN_CHECK_NO_NEWS);
        assert_int_equal(ln_check_note(&r, &conf, true), LN_CHECK_NO_NEWS);
    }
    assert_false(ln_check_is_down(&r));
}

static void test_one_is_enough_when_asked(void **state)
{
    struct ln_health_conf quick = conf;
    struct ln_check_record r = {0};

    (void)state;
    quick.rise = quick.fall = 1;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ln_check_note(&r, &quick, false), LN_CHECK_FELL);
        assert_int_equal(ln_check_note(&r, &quick, true), LN_CHECK_ROSE);
    }
}

/* A count that a reload has made too long is over at the next result. */
static void test_thresholds_may_shrink(void **state)
{
    struct ln_health_conf patient = conf;
    struct ln_check_record r = {0};

    (void)state;
    patient.fall = 1000;
    for (int i = 0; i < 50; i++)
        assert_int_equal(ln_check_note(&r, &patient, false), LN_CHECK_NO_NEWS);
    assert_int_equal(ln_check_note(&r, &conf, false), LN_CHECK_FELL);
}

static void test_like_the_model(void **state)
{
    struct ln_rand rand;

    (void)state;
    ln_rand_init(&rand, 11);
    for (unsigned run = 0; run < 200; run++) {
        struct ln_health_conf c = conf;
        struct ln_check_record r = {0};
        bool down = false;
        unsigned against = 0;

        c.rise = 1 + (unsigned)ln_rand_below(&rand, 5);
        c.fall = 1 + (unsigned)ln_rand_below(&rand, 5);
        for (unsigned i = 0; i < 500; i++) {
            bool ok = (ln_rand_below(&rand, 3) > 0) != (run % 2 == 0);
            enum ln_check_news want = LN_CHECK_NO_NEWS;

            against = ok == down ? against + 1 : 0;
            if (against == (down ? c.rise : c.fall)) {
                want = down ? LN_CHECK_ROSE : LN_CHECK_FELL;
                down = !down;
                against = 0;
            }
            assert_int_equal(ln_check_note(&r, &c, ok), want);
            assert_int_equal(ln_check_is_down(&r), down);
        }
    }
}

/* ---- times ---- */

static void test_first_checks_come_soon(void **state)
{
    struct ln_check_record r = {0};

    (void)state;
    assert_int_equal(ln_check_resume(&r, &conf, NOW, 0), 0);
    assert_int_equal(ln_check_resume(&r, &conf, NOW, MOST), LN_CHECK_SPREAD_MS);
    assert_in_range(ln_check_resume(&r, &conf, NOW, HALF), 499, 501);
}

static void test_the_next_one_is_due_an_interval_later(void **state)
{
    struct ln_check_record r = {0};

    (void)state;
    ln_check_begin(&r, &conf, NOW, 0);
    assert_int_equal(ln_check_wait(&r, NOW), 30000);
    assert_int_equal(ln_check_wait(&r, NOW + 29999), 1);
    assert_int_equal(ln_check_wait(&r, NOW + 30000), 0);
    assert_int_equal(ln_check_wait(&r, NOW + 40000), 0);
    ln_check_begin(&r, &conf, NOW, MOST);
    assert_int_equal(ln_check_wait(&r, NOW), 33000);
}

static void test_whoever_takes_over_goes_on(void **state)
{
    struct ln_health_conf often = conf;
    struct ln_check_record r = {0};

    (void)state;
    ln_check_begin(&r, &conf, NOW, 0);
    assert_int_equal(ln_check_resume(&r, &conf, NOW + 10000, MOST), 20000);
    assert_int_equal(ln_check_resume(&r, &conf, NOW + 31000, MOST), 0);
    often.interval = 1000;
    assert_int_equal(ln_check_resume(&r, &often, NOW + 10, MOST), 1100);
}

static void test_old_findings_are_forgotten(void **state)
{
    struct ln_check_record r = {0};

    (void)state;
    ln_check_begin(&r, &conf, NOW, 0);
    for (int i = 0; i < 3; i++)
        ln_check_note(&r, &conf, false);
    ln_check_resume(&r, &conf, NOW + 60000 + LN_CHECK_STALE_MS, 0);
    assert_true(ln_check_is_down(&r));
    ln_check_resume(&r, &conf, NOW + 60001 + LN_CHECK_STALE_MS, 0);
    assert_false(ln_check_is_down(&r));
}

/* ---- several at once ---- */

enum { THREADS = 4, NOTES = 30000 };

struct counter {
    struct ln_check_record *r;
    const struct ln_health_conf *conf;
    unsigned news;
};

static void *fail_often(void *arg)
{
    struct counter *c = arg;

    for (int i = 0; i < NOTES; i++)
        c->news += ln_check_note(c->r, c->conf, false) != LN_CHECK_NO_NEWS;
    return NULL;
}

static void test_a_change_is_told_once(void **state)
{
    struct ln_health_conf c = conf;
    struct ln_check_record r = {0};
    struct counter counters[THREADS];
    pthread_t threads[THREADS];
    unsigned news = 0;

    (void)state;
    c.fall = THREADS * NOTES; /* so each has to count */
    for (int i = 0; i < THREADS; i++) {
        counters[i] = (struct counter){&r, &c, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, fail_often, &counters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        news += counters[i].news;
    }
    assert_int_equal(news, 1);
    assert_true(ln_check_is_down(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_memory_is_up),
        cmocka_unit_test(test_falls_and_rises),
        cmocka_unit_test(test_one_result_to_the_contrary_begins_anew),
        cmocka_unit_test(test_one_is_enough_when_asked),
        cmocka_unit_test(test_thresholds_may_shrink),
        cmocka_unit_test(test_like_the_model),
        cmocka_unit_test(test_first_checks_come_soon),
        cmocka_unit_test(test_the_next_one_is_due_an_interval_later),
        cmocka_unit_test(test_whoever_takes_over_goes_on),
        cmocka_unit_test(test_old_findings_are_forgotten),
        cmocka_unit_test(test_a_change_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
