/* SPDX-License-Identifier: Apache-2.0
 * test_balance.c - every strategy: shares by weight, who is preferred, backups, bounds, warming up.
 * Random numbers have fixed seeds.
 */
#include "upstream/market.h"

#include <math.h>

#include "upstream/balance.h"
#include "upstream/latency.h"

static void choose_strategy(struct market *m, enum ln_strategy strategy)
{
    m->service[0].strategy = strategy;
}

static const enum ln_strategy strategies[] = {
    LN_STRATEGY_ROUND_ROBIN,       LN_STRATEGY_WEIGHTED_ROUND_ROBIN,
    LN_STRATEGY_LEAST_CONNECTIONS, LN_STRATEGY_RANDOM_TWO,
    LN_STRATEGY_PEAK_EWMA,         LN_STRATEGY_CONSISTENT_HASH};

static struct ln_instance *by_key(struct ln_service *s, uint64_t key)
{
    bool full;
    struct ln_loan loan;
    struct ln_wish wish = {.tried = &nowhere, .has_key = true, .key = key};

    return ln_service_pick(s, &wish, NOW, &loan, &full);
}

static void give_back(struct ln_instance *i)
{
    ln_service_release(i, &(struct ln_loan){0}, LN_OUTCOME_CLIENT_GONE, NOW);
}

static uint64_t key_of(unsigned k)
{
    return ln_rendezvous_key(ln_slice((const char *)&k, sizeof k));
}

/* Picks and gives back: a service where requests never meet. */
static void serve(struct market *m, unsigned times, ln_msec now)
{
    memset(m->met, 0, sizeof m->met);
    for (unsigned i = 0; i < times; i++) {
        struct ln_instance *at = next_of(&m->all->v[0], &nowhere, now);

        assert_non_null(at);
        m->met[index_of(at)]++;
        give_back(at);
    }
}

static void hold(struct market *m, unsigned times)
{
    memset(m->met, 0, sizeof m->met);
    for (unsigned i = 0; i < times; i++)
        m->met[index_of(next_of(&m->all->v[0], &nowhere, NOW))]++;
}

static void assert_share(const struct market *m, unsigned i, unsigned times, double want)
{
    assert_true(fabs((double)m->met[i] / times - want) < 0.01);
}

/* ---- all strategies
 * ----------------------------------------------------------------------------- */

static void each_strategy(struct market *m, void (*claim)(struct market *m))
{
    for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; i++) {
        choose_strategy(m, strategies[i]);
        claim(m);
        ln_services_free(m->all);
        m->all = NULL;
        ln_shm_free(m->shm);

        struct ln_err err;

        m->shm = ln_shm_new(4, &err);
        assert_non_null(m->shm);
    }
}

static void weights_are_honoured(struct market *m)
{
    OPEN(m, 5, 3, 2);
    if (m->service[0].strategy == LN_STRATEGY_ROUND_ROBIN)
        return;
    serve(m, 100000, NOW);
    assert_share(m, 0, 100000, 0.5);
    assert_share(m, 1, 100000, 0.3);
    assert_share(m, 2, 100000, 0.2);
}

static void dead_ones_get_nothing(struct market *m)
{
    struct ln_service *s = OPEN(m, 1, 1, 1, 1);

    knock_down(m, 2);
    serve(m, 30000, NOW);
    assert_int_equal(m->met[2], 0);
    for (unsigned i = 0; i < 4; i++)
        if (i != 2)
            assert_share(m, i, 30000, 1.0 / 3);
    knock_down(m, 0);
    knock_down(m, 1);
    knock_down(m, 3);
    assert_null(next_of(s, &nowhere, NOW));
}

static void the_last_of_a_thousand_is_found(struct market *m)
{
    open_market(m, NULL, 1000);
    for (unsigned i = 0; i < 1000; i++)
        if (i != 617)
            knock_down(m, i);
    serve(m, 20, NOW);
    assert_int_equal(m->met[617], 20);
}

static void one_trial_only(struct market *m)
{
    struct ln_service *s = OPEN(m, 1, 1);
    unsigned trials = 0;

    knock_down(m, 1);
    for (unsigned i = 0; i < 200; i++)
        trials += index_of(next_of(s, &nowhere, NOW + LN_HEALTH_FIRST_MS)) == 1;
    assert_int_equal(trials, 1);
}

/* Failures of long ago have made the time long for which each is left alone; but nobody else is
 * left. */
static void nobody_left_means_trials(struct market *m)
{
    struct ln_service *s = OPEN(m, 1, 1, 1);
    unsigned trials = 0;

    for (unsigned i = 0; i < 3; i++) {
        atomic_store(&s->instances[i].record->trips, 20);
        knock_down(m, i);
    }
    assert_null(next_of(s, &nowhere, NOW + LN_HEALTH_FIRST_MS - 1));
    for (unsigned i = 0; i < 200; i++)
        trials += next_of(s, &nowhere, NOW + LN_HEALTH_FIRST_MS) != NULL;
    assert_int_equal(trials, 3);
}

static void repeats_go_elsewhere(struct market *m)
{
    struct ln_service *s = OPEN(m, 1, 1, 1);
    struct ln_tried tried = {.at = {0, 2}, .count = 2};

    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(index_of(next_of(s, &tried, NOW)), 1);
    knock_down(m, 1);
    for (unsigned i = 0; i < 100; i++) /* rather one that was tried than none */
        assert_int_not_equal(index_of(next_of(s, &tried, NOW)), 1);
}

static void backups_wait(struct market *m)
{
    struct ln_tried tried = {.at = {0, 1}, .count = 2};
    struct ln_service *s;

    m->instance[2].backup = m->instance[3].backup = true;
    s = OPEN(m, 1, 1, 1, 1);
    serve(m, 100, NOW);
    assert_int_equal(m->met[2] + m->met[3], 0);
    assert_true(index_of(next_of(s, &tried, NOW)) >= 2); /* a repeat: nobody else is left */
    knock_down(m, 0);
    serve(m, 100, NOW);
    assert_int_equal(m->met[1], 100);
    knock_down(m, 1);
    serve(m, 100, NOW);
    assert_int_equal(m->met[2] + m->met[3], 100);
    m->instance[2].backup = m->instance[3].backup = false;
}

static void what_is_counted_is_given_back(struct market *m)
{
    struct ln_service *s = OPEN(m, 1, 1, 1);
    struct ln_instance *held[50];

    for (unsigned i = 0; i < 50; i++)
        held[i] = next_of(s, &nowhere, NOW);
    assert_int_equal(ln_record_sum(s->record->active, 4), 50);
    for (unsigned i = 0; i < 50; i++)
        give_back(held[i]);
    assert_int_equal(ln_record_sum(s->record->active, 4), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ln_instance_active(&s->instances[i]), 0);
}

static void test_weights_are_honoured(void **state)
{
    each_strategy(*state, weights_are_honoured);
}

static void test_dead_ones_get_nothing(void **state)
{
    each_strategy(*state, dead_ones_get_nothing);
}

static void test_the_last_of_a_thousand_is_found(void **state)
{
    each_strategy(*state, the_last_of_a_thousand_is_found);
}

static void test_one_trial_only(void **state)
{
    each_strategy(*state, one_trial_only);
}

static void test_nobody_left_means_trials(void **state)
{
    each_strategy(*state, nobody_left_means_trials);
}

static void test_repeats_go_elsewhere(void **state)
{
    each_strategy(*state, repeats_go_elsewhere);
}

static void test_backups_wait(void **state)
{
    each_strategy(*state, backups_wait);
}

static void test_what_is_counted_is_given_back(void **state)
{
    each_strategy(*state, what_is_counted_is_given_back);
}

/* ---- least_connections
 * -------------------------------------------------------------------------- */

static void test_least_connections_levels_exactly(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_LEAST_CONNECTIONS);
    OPEN(m, 5, 3, 2);
    hold(m, 1000);
    assert_int_equal(m->met[0], 500);
    assert_int_equal(m->met[1], 300);
    assert_int_equal(m->met[2], 200);
}

static void test_a_quiet_service_takes_exact_turns(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_LEAST_CONNECTIONS);
    OPEN(m, 5, 3, 2);
    serve(m, 1000, NOW);
    assert_int_equal(m->met[0], 500);
    assert_int_equal(m->met[1], 300);
    assert_int_equal(m->met[2], 200);
}

/* Whoever stalls collects requests, and gets no more than the others have. */
static void test_a_stalled_one_is_passed_over(void **state)
{
    struct market *m = *state;
    struct ln_service *s;

    choose_strategy(m, LN_STRATEGY_LEAST_CONNECTIONS);
    s = OPEN(m, 1, 1, 1);
    for (unsigned i = 0; i < 300; i++) {
        struct ln_instance *at = next_of(s, &nowhere, NOW);

        if (index_of(at) != 1)
            give_back(at);
    }
    assert_int_equal(ln_instance_active(&s->instances[1]), 1);
}

/* Another worker's requests count, until it is dead and its cells are settled. */
static void test_a_killed_workers_share_is_settled(void **state)
{
    struct market *m = *state;
    struct ln_service *s;
    pid_t child;
    int status;

    choose_strategy(m, LN_STRATEGY_LEAST_CONNECTIONS);
    s = OPEN(m, 1, 1, 1);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        m->all->worker = 3;
        for (unsigned i = 0; i < 9; i++)
            next_of(s, &nowhere, NOW);
        give_back(&s->instances[2]);
        give_back(&s->instances[2]);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(ln_instance_active(&s->instances[0]), 3);
    assert_int_equal(ln_instance_active(&s->instances[2]), 1);
    hold(m, 2);
    assert_int_equal(m->met[2], 2); /* 3 3 1 */
    ln_record_settle(m->shm, 3);
    assert_int_equal(ln_instance_active(&s->instances[0]), 0);
    assert_int_equal(ln_instance_active(&s->instances[2]), 2); /* ours */
    assert_int_equal(ln_record_sum(s->record->active, 4), 2);
    hold(m, 4);
    assert_int_equal(m->met[0], 2);
    assert_int_equal(m->met[1], 2);
}

/* ---- random_two and peak_ewma
 * ------------------------------------------------------------------- */

static void test_random_two_levels(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_RANDOM_TWO);
    open_market(m, NULL, 100);
    hold(m, 10000);
    for (unsigned i = 0; i < 100; i++) /* one choice alone would leave gaps of 40 and more */
        assert_true(m->met[i] >= 90 && m->met[i] <= 110);
}

static void test_random_two_passes_a_stalled_one_over(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_RANDOM_TWO);
    open_market(m, NULL, 2);
    ln_record_add(&m->all->v[0].instances[0].record->active[2], 5);
    serve(m, 1000, NOW);
    assert_int_equal(m->met[0], 0);
}

static void note(struct market *m, unsigned i, uint64_t micros, ln_msec now)
{
    ln_latency_note(&m->all->v[0].instances[i].record->latency, micros, now);
}

static void test_peak_ewma_prefers_who_answers_sooner(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_PEAK_EWMA);
    open_market(m, NULL, 3);
    note(m, 0, 1000, NOW);
    note(m, 1, 2000, NOW);
    note(m, 2, 50000, NOW);
    serve(m, 30000, NOW);
    assert_int_equal(m->met[2], 0); /* of two it is never the better one */
    assert_share(m, 0, 30000, 2.0 / 3);
    assert_share(m, 1, 30000, 1.0 / 3);
}

static void test_peak_ewma_counts_who_waits_already(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_PEAK_EWMA);
    open_market(m, NULL, 2);
    note(m, 0, 1000, NOW);
    note(m, 1, 4000, NOW);
    hold(m, 1000); /* as many requests as its share of the speed: 4 to 1 */
    assert_share(m, 0, 1000, 0.8);
}

static void test_peak_ewma_honours_weights(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_PEAK_EWMA);
    OPEN(m, 3, 1);
    note(m, 0, 1000, NOW);
    note(m, 1, 1000, NOW);
    hold(m, 1000);
    assert_share(m, 0, 1000, 0.75);
}

/* A newcomer gets one request, and the next when that one has told something. */
static void test_peak_ewma_tries_the_unknown_once(void **state)
{
    struct market *m = *state;
    struct ln_service *s;

    choose_strategy(m, LN_STRATEGY_PEAK_EWMA);
    s = open_market(m, NULL, 2);
    note(m, 0, 1000, NOW);
    hold(m, 100);
    assert_int_equal(m->met[1], 1);
    note(m, 1, 1000, NOW);
    give_back(&s->instances[1]);
    hold(m, 100);
    assert_true(m->met[1] > 80);
}

static void test_peak_ewma_forgives_by_and_by(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_PEAK_EWMA);
    open_market(m, NULL, 2);
    note(m, 1, 1000000, NOW);
    for (unsigned second = 1; second <= 100; second++) {
        note(m, 0, 1000, NOW + second * 1000);
        serve(m, 10, NOW + second * 1000);
        if (second < 60) /* e^-6: still 2.5 ms */
            assert_int_equal(m->met[1], 0);
    }
    assert_int_equal(m->met[1], 10); /* e^-10: less than anybody */
}

/* ---- consistent_hash
 * ---------------------------------------------------------------------------- */

enum { KEYS = 20000 };

static void map_keys(struct market *m, uint16_t *owner)
{
    for (unsigned k = 0; k < KEYS; k++) {
        struct ln_instance *i = by_key(&m->all->v[0], key_of(k));

        owner[k] = (uint16_t)index_of(i);
        give_back(i);
    }
}

/* One instance goes down and comes back, again and again: only its keys move, and they come back.
 */
static void test_a_flip_moves_only_its_own_keys(void **state)
{
    static uint16_t before[KEYS], during[KEYS], after[KEYS];
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_CONSISTENT_HASH);
    OPEN(m, 1, 2, 1, 3, 1);
    map_keys(m, before);
    for (unsigned gone = 0; gone < 5; gone++) {
        unsigned moved = 0, mine = 0;

        knock_down(m, gone);
        map_keys(m, during);
        for (unsigned k = 0; k < KEYS; k++) {
            mine += before[k] == gone;
            moved += during[k] != before[k];
            assert_true(before[k] == gone ? during[k] != gone : during[k] == before[k]);
        }
        assert_int_equal(moved, mine);
        atomic_store(&m->all->v[0].instances[gone].record->down, 0);
        map_keys(m, after);
        assert_memory_equal(after, before, sizeof before);
    }
}

/* Everybody asks for the same thing. */
static void test_a_hot_key_is_bounded(void **state)
{
    struct market *m = *state;
    struct ln_service *s;

    choose_strategy(m, LN_STRATEGY_CONSISTENT_HASH);
    s = open_market(m, NULL, 10);
    for (unsigned n = 1; n <= 2000; n++) {
        assert_non_null(by_key(s, key_of(7)));
        for (unsigned i = 0; i < 10; i++) {
            uint32_t active = ln_instance_active(&s->instances[i]);

            assert_true(active <= 8 || active <= ceil(n * 1.25 / 10));
        }
    }
}

static void test_a_calm_key_stays_together(void **state)
{
    struct market *m = *state;
    struct ln_service *s;
    unsigned home;

    choose_strategy(m, LN_STRATEGY_CONSISTENT_HASH);
    s = open_market(m, NULL, 10);
    home = index_of(by_key(s, key_of(7)));
    for (unsigned n = 1; n < 8; n++)
        assert_int_equal(index_of(by_key(s, key_of(7))), home);
}

static void test_the_bound_follows_those_that_are_up(void **state)
{
    struct market *m = *state;
    struct ln_service *s;

    choose_strategy(m, LN_STRATEGY_CONSISTENT_HASH);
    s = open_market(m, NULL, 10);
    for (unsigned i = 2; i < 10; i++)
        knock_down(m, i);
    for (unsigned n = 0; n < 1000; n++)
        assert_true(index_of(by_key(s, key_of(7))) < 2);
    assert_true(ln_instance_active(&s->instances[0]) <= 626);
    assert_true(ln_instance_active(&s->instances[1]) <= 626);
}

static void test_a_request_without_the_key_takes_a_turn(void **state)
{
    struct market *m = *state;

    choose_strategy(m, LN_STRATEGY_CONSISTENT_HASH);
    OPEN(m, 2, 1);
    serve(m, 300, NOW);
    assert_int_equal(m->met[0], 200);
}

/* ---- bounds and warming up
 * ---------------------------------------------------------------------- */

static void a_bound_holds(struct market *m)
{
    struct ln_service *s;
    bool full = false;
    struct ln_loan loan;

    m->instance[0].max_connections = m->instance[1].max_connections = 3;
    m->instance[2].backup = true;
    s = OPEN(m, 1, 1, 1);
    hold(m, 6);
    assert_int_equal(m->met[0], 3);
    assert_int_equal(m->met[1], 3);
    /* Full is not down: it does not fall on the backup. */
    assert_null(ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, NOW, &loan, &full));
    assert_true(full);
    give_back(&s->instances[1]);
    hold(m, 1);
    assert_int_equal(m->met[1], 1);
    m->instance[0].max_connections = m->instance[1].max_connections = 0;
    m->instance[2].backup = false;
}

static void test_a_bound_holds(void **state)
{
    each_strategy(*state, a_bound_holds);
}

/* Four processes that take and give back as fast as they can: never one too many. */
static void test_a_bound_holds_over_processes(void **state)
{
    enum { BOUND = 3, ROUNDS = 20000 };
    struct market *m = *state;
    struct ln_service *s;
    pid_t child[4];

    m->instance[0].max_connections = BOUND;
    s = open_market(m, NULL, 1);
    _Atomic uint32_t *inside = &s->record->active[0]; /* nobody here is worker 0 */

    for (unsigned w = 0; w < 4; w++) {
        child[w] = fork();
        assert_true(child[w] >= 0);
        if (child[w] != 0)
            continue;
        m->all->worker = w;
        s->record = aligned_alloc(64, 2 * sizeof *s->record); /* only ours, with cells behind */
        memset((void *)s->record, 0, 2 * sizeof *s->record);
        for (unsigned i = 0; i < ROUNDS; i++) {
            bool full;
            struct ln_loan loan;
            struct ln_instance *at =
                ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, NOW, &loan, &full);

            if (at == NULL)
                continue;
            if (atomic_fetch_add(inside, 1) >= BOUND)
                _exit(1);
            atomic_fetch_sub(inside, 1);
            give_back(at);
        }
        _exit(0);
    }
    for (unsigned w = 0; w < 4; w++) {
        int status;

        assert_int_equal(waitpid(child[w], &status, 0), child[w]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(ln_instance_active(&s->instances[0]), 0);
}

static void one_that_is_back_warms_up(struct market *m)
{
    struct ln_instance *back;
    double last = 0;

    m->service[0].slow_start = 10000;
    back = &OPEN(m, 1, 1)->instances[1];
    serve(m, 40000, NOW);
    assert_share(m, 1, 40000, 0.5); /* a new service: nobody is cold */
    atomic_store(&back->record->since, NOW);
    for (unsigned second = 0; second <= 10; second++) {
        double warmth = second == 0 ? 0.1 : second / 10.0, want = warmth / (1 + warmth);

        serve(m, 40000, NOW + second * 1000);
        assert_true(fabs(m->met[1] / 40000.0 - want) < 0.05);
        assert_true(m->met[1] / 40000.0 >= last - 0.01);
        last = m->met[1] / 40000.0;
    }
    m->service[0].slow_start = 0;
}

static void test_one_that_is_back_warms_up(void **state)
{
    struct market *m = *state;

    each_strategy(m, one_that_is_back_warms_up);
}

static void test_keys_come_home_by_and_by(void **state)
{
    static uint16_t cold[KEYS], warm[KEYS];
    struct market *m = *state;
    struct ln_instance *back;
    unsigned home = 0, early = 0;

    choose_strategy(m, LN_STRATEGY_CONSISTENT_HASH);
    m->service[0].slow_start = 10000;
    back = &open_market(m, NULL, 3)->instances[1];
    map_keys(m, warm);
    atomic_store(&back->record->since, NOW - 5000);
    map_keys(m, cold);
    for (unsigned k = 0; k < KEYS; k++) {
        home += warm[k] == 1;
        early += cold[k] == 1;
        assert_true(cold[k] == warm[k] || warm[k] == 1);
    }
    assert_true(fabs((double)early / home - 0.5) < 0.03);
}

static void test_a_newcomer_at_work_is_cold(void **state)
{
    struct market *m = *state;
    struct ln_services *next;
    struct ln_err err;
    ln_msec now = ln_loop_now_ms(m->yard.turns.loop);

    m->service[0].slow_start = 10000;
    OPEN(m, 1, 1);
    assert_int_equal(ln_instance_warmth(&m->all->v[0].instances[0], now), LN_WARM);
    atomic_store(&m->all->v[0].record->born, now - 60000);
    m->instance[2] = (struct ln_instance_conf){.url = "http://127.0.0.1:3000", .weight = 1};
    m->service[0].instance_count = 3;
    demand(m);
    next = ln_services_new(&m->conf, m->shm, &m->yard.pools, &err);
    assert_non_null(next);
    assert_int_equal(ln_instance_warmth(&next->v[0].instances[0], now), LN_WARM);
    assert_int_equal(ln_instance_warmth(&next->v[0].instances[2], now), LN_WARM / 10);
    assert_int_equal(ln_instance_warmth(&next->v[0].instances[2], now + 5000), LN_WARM / 2);
    assert_int_equal(ln_instance_warmth(&next->v[0].instances[2], now + 10000), LN_WARM);
    ln_services_free(next);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_weights_are_honoured),
        TEST(test_dead_ones_get_nothing),
        TEST(test_the_last_of_a_thousand_is_found),
        TEST(test_one_trial_only),
        TEST(test_nobody_left_means_trials),
        TEST(test_repeats_go_elsewhere),
        TEST(test_backups_wait),
        TEST(test_what_is_counted_is_given_back),
        TEST(test_least_connections_levels_exactly),
        TEST(test_a_quiet_service_takes_exact_turns),
        TEST(test_a_stalled_one_is_passed_over),
        TEST(test_a_killed_workers_share_is_settled),
        TEST(test_random_two_levels),
        TEST(test_random_two_passes_a_stalled_one_over),
        TEST(test_peak_ewma_prefers_who_answers_sooner),
        TEST(test_peak_ewma_counts_who_waits_already),
        TEST(test_peak_ewma_honours_weights),
        TEST(test_peak_ewma_tries_the_unknown_once),
        TEST(test_peak_ewma_forgives_by_and_by),
        TEST(test_a_flip_moves_only_its_own_keys),
        TEST(test_a_hot_key_is_bounded),
        TEST(test_a_calm_key_stays_together),
        TEST(test_the_bound_follows_those_that_are_up),
        TEST(test_a_request_without_the_key_takes_a_turn),
        TEST(test_a_bound_holds),
        TEST(test_a_bound_holds_over_processes),
        TEST(test_one_that_is_back_warms_up),
        TEST(test_keys_come_home_by_and_by),
        TEST(test_a_newcomer_at_work_is_cold),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
