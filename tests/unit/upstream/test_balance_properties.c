/* SPDX-License-Identifier: Apache-2.0
 * test_balance_properties.c - what holds of every pick, in services drawn by chance from fixed
 * seeds: random_two and peak_ewma never take the worst of all, a key moves only when its own
 * instance goes, who is down is never taken, and no pick asks the kernel for anything.
 */
#include "upstream/market.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "upstream/balance.h"
#include "upstream/latency.h"

enum { SERVICES = 200, PICKS = 300, MOST = 24 };

/* A service of 2 to MOST instances that weigh from 1 to 9. */
static struct ln_service *draw_service(struct market *m, struct ln_rand *rand)
{
    unsigned weights[MOST], count = 2 + (unsigned)ln_rand_below(rand, MOST - 1);
    struct ln_err err;

    if (m->all != NULL)
        ln_services_free(m->all);
    ln_shm_free(m->shm);
    m->shm = ln_shm_new(4, &err);
    assert_non_null(m->shm);
    for (unsigned i = 0; i < count; i++)
        weights[i] = 1 + (unsigned)ln_rand_below(rand, 9);
    return open_market(m, weights, count);
}

/* In flight in the cell of another worker, so that picks of ours change nothing of it. */
static void load(struct ln_service *s, struct ln_rand *rand)
{
    for (unsigned i = 0; i < s->count; i++) {
        atomic_store(&s->instances[i].record->active[3], (uint32_t)ln_rand_below(rand, 40));
        ln_latency_note(&s->instances[i].record->latency, 1 + ln_rand_below(rand, 100000), NOW);
    }
}

static struct ln_instance *pick(struct ln_service *s, bool has_key, uint64_t key)
{
    struct ln_wish wish = {.tried = &nowhere, .has_key = has_key, .key = key};
    struct ln_loan loan;
    bool full;

    return ln_service_pick(s, &wish, NOW, &loan, &full);
}

static void give_back(struct ln_instance *i)
{
    ln_service_release(i, &(struct ln_loan){0}, LN_OUTCOME_CLIENT_GONE, NOW);
}

static double fewer(const struct ln_instance *i)
{
    return (double)ln_instance_active(i) / i->weight;
}

static double sooner(const struct ln_instance *i)
{
    double latency = (double)ln_latency_read(atomic_load(&i->record->latency), NOW);

    return latency * (ln_instance_active(i) + 1) / i->weight;
}

/* Two different ones are compared, so the one that is worse than all others loses always. */
static void the_worst_is_never_taken(struct market *m, double (*cost)(const struct ln_instance *),
                                     uint64_t seed)
{
    struct ln_rand rand;

    ln_rand_init(&rand, seed);
    for (unsigned n = 0; n < SERVICES; n++) {
        struct ln_service *s = draw_service(m, &rand);
        unsigned worst = 0, ties = 0;

        load(s, &rand);
        for (unsigned i = 1; i < s->count; i++)
            if (cost(&s->instances[i]) > cost(&s->instances[worst]))
                worst = i;
        for (unsigned i = 0; i < s->count; i++)
            ties += cost(&s->instances[i]) > cost(&s->instances[worst]) * 0.999;
        for (unsigned i = 0; i < PICKS && ties == 1; i++) {
            struct ln_instance *taken = pick(s, false, 0);

            assert_non_null(taken);
            assert_int_not_equal(index_of(taken), worst);
            give_back(taken);
        }
    }
}

static void test_random_two_never_takes_the_worst(void **state)
{
    struct market *m = *state;

    m->service[0].strategy = LN_STRATEGY_RANDOM_TWO;
    the_worst_is_never_taken(m, fewer, 1);
}

static void test_peak_ewma_never_takes_the_worst(void **state)
{
    struct market *m = *state;

    m->service[0].strategy = LN_STRATEGY_PEAK_EWMA;
    the_worst_is_never_taken(m, sooner, 2);
}

/* Any set of instances goes down and comes back: a key whose instance stays, stays. */
static void test_a_key_moves_only_with_its_own_instance(void **state)
{
    struct market *m = *state;
    struct ln_rand rand;

    m->service[0].strategy = LN_STRATEGY_CONSISTENT_HASH;
    ln_rand_init(&rand, 3);
    for (unsigned n = 0; n < SERVICES; n++) {
        struct ln_service *s = draw_service(m, &rand);
        uint64_t down = ln_rand_next(&rand) & ln_rand_next(&rand);
        struct {
            uint64_t key;
            unsigned home;
        } keys[PICKS];

        for (unsigned k = 0; k < PICKS; k++) {
            struct ln_instance *i = pick(s, true, keys[k].key = ln_rand_next(&rand));

            keys[k].home = index_of(i);
            give_back(i);
        }
        down &= ~(UINT64_C(1) << ln_rand_below(&rand, s->count)); /* one stays up */
        for (unsigned i = 0; i < s->count; i++)
            if (down >> i & 1)
                knock_down(m, i);
        for (unsigned k = 0; k < PICKS; k++) {
            struct ln_instance *i = pick(s, true, keys[k].key);

            assert_non_null(i);
            assert_false(down >> index_of(i) & 1);
            if ((down >> keys[k].home & 1) == 0)
                assert_int_equal(index_of(i), keys[k].home);
            give_back(i);
        }
        for (unsigned i = 0; i < s->count; i++)
            atomic_store(&s->instances[i].record->down, 0);
        for (unsigned k = 0; k < PICKS; k++) {
            struct ln_instance *i = pick(s, true, keys[k].key);

            assert_int_equal(index_of(i), keys[k].home);
            give_back(i);
        }
    }
}

static const enum ln_strategy strategies[] = {
    LN_STRATEGY_ROUND_ROBIN,       LN_STRATEGY_WEIGHTED_ROUND_ROBIN,
    LN_STRATEGY_LEAST_CONNECTIONS, LN_STRATEGY_RANDOM_TWO,
    LN_STRATEGY_PEAK_EWMA,         LN_STRATEGY_CONSISTENT_HASH};

static void test_who_is_down_is_never_taken(void **state)
{
    struct market *m = *state;
    struct ln_rand rand;

    ln_rand_init(&rand, 4);
    for (unsigned n = 0; n < SERVICES; n++) {
        m->service[0].strategy = strategies[n % LN_ARRAY_LEN(strategies)];
        struct ln_service *s = draw_service(m, &rand);
        uint64_t down = ln_rand_next(&rand);

        down &= ~(UINT64_C(1) << ln_rand_below(&rand, s->count));
        load(s, &rand);
        for (unsigned i = 0; i < s->count; i++)
            if (down >> i & 1)
                knock_down(m, i);
        for (unsigned i = 0; i < PICKS; i++) {
            struct ln_instance *taken = pick(s, i % 2 == 0, ln_rand_next(&rand));

            assert_non_null(taken);
            assert_false(down >> index_of(taken) & 1);
            give_back(taken);
        }
    }
}

/* In a process that the kernel ends at any call but exit. */
static void pick_in_silence(struct ln_service *s)
{
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        _exit(2);
    for (unsigned i = 0; i < PICKS; i++) {
        struct ln_instance *taken = pick(s, i % 2 == 0, i);

        if (taken == NULL)
            syscall(SYS_exit, 1);
        give_back(taken);
    }
    syscall(SYS_exit, 0);
}

static void test_a_pick_makes_no_system_call(void **state)
{
    struct market *m = *state;
    struct ln_rand rand;

    ln_rand_init(&rand, 5);
    for (unsigned n = 0; n < LN_ARRAY_LEN(strategies); n++) {
        int status;

        m->service[0].strategy = strategies[n];
        m->service[0].breaker = (struct ln_breaker_conf){
            .on = true, .min_requests = 5, .failure_ratio = 1, .window = 10000, .probes = 3};
        struct ln_service *s = draw_service(m, &rand);
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0)
            pick_in_silence(s);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_random_two_never_takes_the_worst),
        TEST(test_peak_ewma_never_takes_the_worst),
        TEST(test_a_key_moves_only_with_its_own_instance),
        TEST(test_who_is_down_is_never_taken),
        TEST(test_a_pick_makes_no_system_call),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
