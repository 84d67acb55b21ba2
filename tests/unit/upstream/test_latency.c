/* SPDX-License-Identifier: Apache-2.0
 * test_latency.c - the moving average against the mathematics, in virtual time, and by many threads
 * at once.
 */
#include "unit.h"

#include <math.h>
#include <pthread.h>

#include "base/rand.h"
#include "upstream/latency.h"

enum { START = 1000000 };

static float read_at(const _Atomic uint64_t *word, ln_msec now)
{
    return ln_latency_read(atomic_load(word), now);
}

static bool is_near(double a, double b, double part)
{
    return fabs(a - b) <= part * fabs(b) + 1e-3;
}

static void test_nothing_is_known_of_zeroed_memory(void **state)
{
    _Atomic uint64_t word = 0;

    (void)state;
    assert_true(read_at(&word, START) == 0);
    ln_latency_note(&word, 0, START); /* quicker than a microsecond is not unknown */
    assert_true(read_at(&word, START) == 1);
}

static void test_bad_news_is_believed_at_once(void **state)
{
    _Atomic uint64_t word = 0;

    (void)state;
    ln_latency_note(&word, 1000, START);
    ln_latency_note(&word, 30000000, START);
    assert_true(read_at(&word, START) == 30e6f);
}

static void test_good_news_by_and_by(void **state)
{
    _Atomic uint64_t word = 0;

    (void)state;
    ln_latency_note(&word, 10000, START);
    ln_latency_note(&word, 1000, START); /* no time has passed: it weighs nothing */
    assert_true(read_at(&word, START) == 10000);
    ln_latency_note(&word, 1000, START + LN_LATENCY_TAU_MS);
    assert_true(is_near(read_at(&word, START + LN_LATENCY_TAU_MS),
                        10000 * exp(-1) + 1000 * (1 - exp(-1)), 1e-5));
}

static void test_silence_decays(void **state)
{
    _Atomic uint64_t word = 0;

    (void)state;
    ln_latency_note(&word, 5000000, START);
    for (unsigned t = 0; t < 200; t++)
        assert_true(is_near(read_at(&word, START + t * 1000), 5e6 * exp(-(double)t / 10.0), 1e-4));
}

/* However many samples there are in a second: the average depends on time alone. */
static void test_the_rate_of_samples_does_not_matter(void **state)
{
    (void)state;
    for (unsigned every = 1; every <= 1000; every *= 10) {
        _Atomic uint64_t word = 0;

        ln_latency_note(&word, 100000, START);
        for (ln_msec t = every; t <= 20000; t += every)
            ln_latency_note(&word, 1000, START + t);
        assert_true(
            is_near(read_at(&word, START + 20000), 100000 * exp(-2) + 1000 * (1 - exp(-2)), 0.01));
    }
}

static void test_a_quick_failure_is_no_good_news(void **state)
{
    _Atomic uint64_t word = 0;

    (void)state;
    ln_latency_note(&word, 10000, START);
    ln_latency_note_failure(&word, 10, START + 5000);
    assert_true(is_near(read_at(&word, START + 5000), 10000 * exp(-0.5), 1e-4));
    ln_latency_note_failure(&word, 1000000, START + 5000);
    assert_true(read_at(&word, START + 5000) == 1e6f);
}

/* The 32 bits of the stamp wrap after 49 days, and clocks of two workers differ by a turn. */
static void test_the_stamp_wraps(void **state)
{
    _Atomic uint64_t word = 0;
    ln_msec end = ((ln_msec)3 << 32) - 5000;

    (void)state;
    ln_latency_note(&word, 10000, end);
    assert_true(is_near(read_at(&word, end + 10000), 10000 * exp(-1), 1e-4));
    assert_true(read_at(&word, end - 20) == 10000);
}

/* A plain model in doubles, random samples and gaps. */
static void test_it_follows_the_model(void **state)
{
    struct ln_rand rand;

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        _Atomic uint64_t word = 0;
        double model = 0;
        ln_msec now = START, last = START;

        ln_rand_init(&rand, seed);
        for (unsigned i = 0; i < 500; i++) {
            uint64_t sample = 1 + ln_rand_below(&rand, 1u << ln_rand_below(&rand, 24));

            now += ln_rand_below(&rand, 3000);
            double w = exp(-(double)(now - last) / LN_LATENCY_TAU_MS), left = model * w;

            model =
                i == 0 || (double)sample >= left ? (double)sample : left + (double)sample * (1 - w);
            last = now;
            ln_latency_note(&word, sample, now);
            assert_true(is_near(read_at(&word, now), model, 1e-3));
        }
    }
}

static _Atomic uint64_t shared;

static void *hammer(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 100000; i++)
        ln_latency_note(&shared, 1000 + i % 1000, START + i / 100);
    return NULL;
}

static void test_many_writers_never_leave_the_range(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (unsigned i = 0; i < 1000; i++) {
        float value = read_at(&shared, START);

        assert_true(value == 0 || (value >= 900 && value < 2000));
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(read_at(&shared, START + 1000) >= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_of_zeroed_memory),
        cmocka_unit_test(test_bad_news_is_believed_at_once),
        cmocka_unit_test(test_good_news_by_and_by),
        cmocka_unit_test(test_silence_decays),
        cmocka_unit_test(test_the_rate_of_samples_does_not_matter),
        cmocka_unit_test(test_a_quick_failure_is_no_good_news),
        cmocka_unit_test(test_the_stamp_wraps),
        cmocka_unit_test(test_it_follows_the_model),
        cmocka_unit_test(test_many_writers_never_leave_the_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
