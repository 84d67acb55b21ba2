/* SPDX-License-Identifier: Apache-2.0
 * test_service.c - who is next: exact shares over all workers, and what becomes of the share of one
 * that is down.
 */
#include "upstream/market.h"

#include <sys/mman.h>

static void pick(struct market *m, unsigned times, const struct ln_tried *tried)
{
    memset(m->met, 0, sizeof m->met);
    for (unsigned i = 0; i < times; i++) {
        struct ln_instance *got = next_of(&m->all->v[0], tried, NOW);

        assert_non_null(got);
        m->met[index_of(got)]++;
    }
}

static void test_turns_are_taken(void **state)
{
    struct market *m = *state;
    struct ln_service *s = OPEN(m, 1, 1, 1);

    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(index_of(next_of(s, &nowhere, NOW)), i % 3);
}

static void test_shares_follow_the_weights_exactly(void **state)
{
    struct market *m = *state;

    OPEN(m, 5, 3, 2);
    pick(m, 1000, &nowhere);
    assert_int_equal(m->met[0], 500);
    assert_int_equal(m->met[1], 300);
    assert_int_equal(m->met[2], 200);
}

static void test_plain_round_robin_knows_no_weights(void **state)
{
    struct market *m = *state;

    OPEN(m, 5, 3, 2);
    ln_services_free(m->all);
    m->service[0].strategy = LN_STRATEGY_ROUND_ROBIN;

    struct ln_err err;

    m->all = ln_services_new(&m->conf, m->shm, &m->yard.pools, &err);
    assert_non_null(m->all);
    pick(m, 300, &nowhere);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(m->met[i], 100);
}

/* The share of a dead instance goes to all others by their weights, not to its neighbour. */
static void test_a_dead_ones_share_is_spread(void **state)
{
    struct market *m = *state;

    OPEN(m, 1, 1, 1, 1, 1);
    knock_down(m, 1);
    pick(m, 400, &nowhere);
    assert_int_equal(m->met[1], 0);
    assert_int_equal(m->met[0], 100);
    assert_int_equal(m->met[2], 100);
    assert_int_equal(m->met[3], 100);
    assert_int_equal(m->met[4], 100);
}

static void test_a_dead_ones_share_is_spread_by_weight(void **state)
{
    struct market *m = *state;

    OPEN(m, 4, 2, 2, 1);
    knock_down(m, 1);
    pick(m, 700, &nowhere);
    assert_int_equal(m->met[0], 400);
    assert_int_equal(m->met[1], 0);
    assert_int_equal(m->met[2], 200);
    assert_int_equal(m->met[3], 100);
}

static void test_one_left_gets_all(void **state)
{
    struct market *m = *state;

    OPEN(m, 1, 1, 1, 1);
    for (unsigned i = 0; i < 3; i++)
        knock_down(m, i);
    pick(m, 100, &nowhere);
    assert_int_equal(m->met[3], 100);
}

/* A rare one among many dead: the draws are bounded, and still it is found. */
static void test_the_needle_is_found(void **state)
{
    struct market *m = *state;

    OPEN(m, 1000, 1000, 1);
    knock_down(m, 0);
    knock_down(m, 1);
    pick(m, 50, &nowhere);
    assert_int_equal(m->met[2], 50);
}

static void test_none_is_up(void **state)
{
    struct market *m = *state;
    struct ln_service *s = OPEN(m, 1, 1, 1);

    for (unsigned i = 0; i < 3; i++)
        knock_down(m, i);
    for (unsigned i = 0; i < 10; i++)
        assert_null(next_of(s, &nowhere, NOW));
    /* When their time is over each is tried, once. */
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(next_of(s, &nowhere, NOW + LN_HEALTH_FIRST_MS));
    assert_null(next_of(s, &nowhere, NOW + LN_HEALTH_FIRST_MS));
}

static void test_exactly_one_request_is_the_trial(void **state)
{
    struct market *m = *state;
    struct ln_service *s = OPEN(m, 1, 1);
    unsigned trials = 0;

    knock_down(m, 1);
    for (unsigned i = 0; i < 100; i++)
        trials += index_of(next_of(s, &nowhere, NOW + LN_HEALTH_FIRST_MS)) == 1;
    assert_int_equal(trials, 1);
    struct ln_loan trial = {.door = atomic_load(&s->instances[1].record->down)};

    ln_instance_report(&s->instances[1], &trial, LN_OUTCOME_OK, NOW + LN_HEALTH_FIRST_MS);
    pick(m, 100, &nowhere);
    assert_int_equal(m->met[0], 50); /* back in its old place */
}

static void test_repeats_go_elsewhere(void **state)
{
    struct market *m = *state;
    struct ln_tried tried = {.at = {0, 2}, .count = 2};

    OPEN(m, 1, 1, 1, 1);
    pick(m, 100, &tried);
    assert_int_equal(m->met[0] + m->met[2], 0);
}

static void test_when_all_were_tried_any_will_do(void **state)
{
    struct market *m = *state;
    struct ln_tried tried = {.at = {0, 1}, .count = 2};

    OPEN(m, 1, 1, 1);
    knock_down(m, 2);
    pick(m, 100, &tried);
    assert_int_equal(m->met[2], 0); /* any but a dead one */
}

static void test_a_service_without_instances(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_market(m, NULL, 0);

    assert_null(next_of(s, &nowhere, NOW));
}

/* ---- several workers
 * ------------------------------------------------------------------------------------------ */

/* Four processes draw from one cursor, each at its own pace. Together they are as exact as one. */
static void test_shares_are_exact_over_processes(void **state)
{
    enum { WORKERS = 4, EACH = 5000 };
    struct market *m = *state;
    unsigned(*met)[INSTANCES] = mmap(NULL, WORKERS * sizeof *met, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned sum[3] = {0};
    pid_t child[WORKERS];

    assert_true(met != MAP_FAILED);
    struct ln_service *s = OPEN(m, 5, 3, 2);

    for (unsigned w = 0; w < WORKERS; w++) {
        child[w] = fork();
        assert_true(child[w] >= 0);
        if (child[w] == 0) {
            for (unsigned i = 0; i < EACH; i++)
                met[w][index_of(next_of(s, &nowhere, NOW))]++;
            _exit(0);
        }
    }
    for (unsigned w = 0; w < WORKERS; w++) {
        int status;

        assert_int_equal(waitpid(child[w], &status, 0), child[w]);
        assert_int_equal(status, 0);
        for (unsigned i = 0; i < 3; i++)
            sum[i] += met[w][i];
    }
    assert_int_equal(sum[0], WORKERS * EACH * 5 / 10);
    assert_int_equal(sum[1], WORKERS * EACH * 3 / 10);
    assert_int_equal(sum[2], WORKERS * EACH * 2 / 10);
    munmap(met, WORKERS * sizeof *met);
}

static void test_a_new_generation_goes_on_where_the_old_one_stood(void **state)
{
    struct market *m = *state;
    struct ln_service *s = OPEN(m, 1, 1, 1);
    struct ln_err err;

    assert_int_equal(index_of(next_of(s, &nowhere, NOW)), 0);
    knock_down(m, 2);

    struct ln_services *next = ln_services_new(&m->conf, m->shm, &m->yard.pools, &err);

    assert_non_null(next);
    assert_int_equal(index_of(next_of(&next->v[0], &nowhere, NOW)), 1);
    assert_int_equal(index_of(next_of(&next->v[0], &nowhere, NOW)), 0); /* what was down is down */
    assert_ptr_equal(next->v[0].instances[0].pool, s->instances[0].pool);
    ln_services_free(next);
}

static void test_memory_that_was_not_demanded_is_an_error(void **state)
{
    struct market *m = *state;
    struct ln_err err;

    OPEN(m, 1, 1);
    m->service[1] =
        (struct ln_service_conf){.name = "orders", .instances = m->instance, .instance_count = 2};
    m->conf.service_count = 2;
    assert_null(ln_services_new(&m->conf, m->shm, &m->yard.pools, &err));
    assert_non_null(strstr(err.text, "orders"));
    demand(m);

    struct ln_services *both = ln_services_new(&m->conf, m->shm, &m->yard.pools, &err);

    assert_non_null(both);
    ln_services_free(both);
}

/* ---- reports
 * --------------------------------------------------------------------------------------------------
 */

static struct ln_loan lend(struct ln_instance *i)
{
    struct ln_loan loan;
    enum ln_breaker_news news;

    assert_true(ln_breaker_admit(&i->record->breaker, &i->service->conf->breaker, NOW, &loan.ticket,
                                 &news));
    assert_true(ln_health_admits(i->record, NOW, &loan.door));
    return loan;
}

/* An attempt that got a head with `status`, unless that is 0, and ended with `outcome`. */
static void report(struct ln_instance *i, enum ln_outcome outcome, int status)
{
    struct ln_loan loan = lend(i);

    if (status > 0)
        ln_instance_answered(i, &loan, status, NOW);
    ln_instance_report(i, &loan, outcome, NOW);
    assert_false(loan.ticket.valid); /* told once */
}

static void set_right(struct ln_instance *i)
{
    atomic_store(&i->record->down, 0);
    memset((void *)&i->record->breaker, 0, sizeof i->record->breaker);
}

/* Without a breaker every strike counts here. */
static void test_outcomes_become_strikes(void **state)
{
    struct market *m = *state;
    struct ln_instance *at = &OPEN(m, 1, 1)->instances[0];

    for (int i = 0; i < LN_OUTCOME_COUNT; i++) {
        const struct ln_outcome_row *row = ln_outcome_row((enum ln_outcome)i);

        report(at, LN_OUTCOME_OK, 500);
        for (unsigned k = 1; row->strikes > 0 && k * row->strikes < LN_STRIKES_DOWN; k++) {
            report(at, (enum ln_outcome)i, 0);
            assert_true(ln_health_is_up(at->record, NOW));
        }
        report(at, (enum ln_outcome)i, 0);
        assert_int_equal(ln_health_is_up(at->record, NOW), row->strikes == 0);
        set_right(at);
    }
}

/* Who cannot be reached is down, bad answers count for the breaker, too, and what is our own doing
 * or the client's is neither. */
static void test_each_outcome_has_its_judge(void **state)
{
    struct market *m = *state;
    struct ln_instance *at;

    m->service[0].breaker = (struct ln_breaker_conf){.on = true,
                                                     .min_requests = 5,
                                                     .failure_ratio = 0.6,
                                                     .window = 10000,
                                                     .open_for = 10000,
                                                     .max_open_for = 10000,
                                                     .probes = 3,
                                                     .statuses = {{{500, 502}, {504, 504}}, 2}};
    at = &OPEN(m, 1, 1)->instances[0];
    for (int i = 0; i < LN_OUTCOME_COUNT; i++) {
        unsigned strikes = ln_outcome_row((enum ln_outcome)i)->strikes;
        bool bad = strikes > 0 && strikes < LN_STRIKES_DOWN;

        for (unsigned k = 0; k < 5; k++) {
            report(at, (enum ln_outcome)i, i == LN_OUTCOME_OK ? 200 : 0);
            assert_int_equal(ln_health_is_up(at->record, NOW), strikes < LN_STRIKES_DOWN);
            atomic_store(&at->record->down, 0); /* here the breaker alone is judged */
            atomic_store(&at->record->strikes, 0);
        }
        assert_int_equal(ln_breaker_state(&at->record->breaker),
                         bad ? LN_BREAKER_OPEN : LN_BREAKER_CLOSED);
        set_right(at);
    }
    for (int status = 100; status <= 599; status++) {
        bool bad = (status >= 500 && status <= 502) || status == 504;

        for (unsigned k = 0; k < 5; k++)
            report(at, LN_OUTCOME_OK, status);
        assert_int_equal(ln_breaker_state(&at->record->breaker),
                         bad ? LN_BREAKER_OPEN : LN_BREAKER_CLOSED);
        set_right(at);
    }
}

static const struct ln_breaker_conf of_five = {.on = true,
                                               .min_requests = 5,
                                               .failure_ratio = 0.6,
                                               .window = 10000,
                                               .open_for = 10000,
                                               .max_open_for = 10000,
                                               .probes = 3,
                                               .statuses = {{{500, 599}}, 1}};

/* Whoever comes after the client of the fifth finds it open, though no content has come yet. */
static void test_a_bad_status_is_told_with_its_head(void **state)
{
    struct market *m = *state;
    struct ln_instance *at;
    struct ln_loan loans[5];

    m->service[0].breaker = of_five;
    at = &OPEN(m, 1, 1)->instances[0];
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_CLOSED);
        loans[i] = lend(at);
        ln_instance_answered(at, &loans[i], 503, NOW);
        assert_false(loans[i].ticket.valid);
    }
    assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_OPEN);
    for (unsigned i = 0; i < 5; i++)
        ln_instance_report(at, &loans[i], LN_OUTCOME_OK, NOW);
    assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_OPEN);
    assert_true(ln_health_is_up(at->record, NOW)); /* it answers */
}

/* What becomes of the content of a bad answer is no second failure; that of a good one may still be
 * the first. */
static void test_an_answer_is_one_failure_at_most(void **state)
{
    struct market *m = *state;
    struct ln_instance *at;

    m->service[0].breaker = of_five;
    at = &OPEN(m, 1, 1)->instances[0];
    for (unsigned i = 0; i < 4; i++) {
        report(at, LN_OUTCOME_TRUNCATED, i % 2 == 0 ? 500 : 200);
        atomic_store(&at->record->strikes, 0); /* here the breaker alone is judged */
    }
    assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_CLOSED);
    report(at, LN_OUTCOME_TRUNCATED, 200);
    assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_OPEN);
}

/* One that failed as a probe at its head has shown nothing more when its content has come. */
static void test_a_probe_is_told_with_its_head(void **state)
{
    struct market *m = *state;
    struct ln_instance *at;
    struct ln_loan probe;
    enum ln_breaker_news news;

    m->service[0].breaker = of_five;
    at = &OPEN(m, 1, 1)->instances[0];
    for (unsigned i = 0; i < 5; i++)
        report(at, LN_OUTCOME_OK, 500);
    assert_true(ln_breaker_admit(&at->record->breaker, &m->service[0].breaker, NOW + 10000,
                                 &probe.ticket, &news));
    probe.door = 0;
    assert_int_equal(news, LN_BREAKER_PROBES);
    ln_instance_answered(at, &probe, 500, NOW + 10000);
    assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_OPEN);
    ln_instance_report(at, &probe, LN_OUTCOME_OK, NOW + 10000);
    assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_OPEN);
}

/* A restart drops twelve requests at one moment: the instance is down for a moment, and its breaker
 * does not open. */
static void test_one_event_is_one_failure(void **state)
{
    struct market *m = *state;
    struct ln_instance *at;
    struct ln_loan loans[12];
    enum ln_breaker_news news;

    m->service[0].breaker = of_five;
    at = &OPEN(m, 1, 1)->instances[0];
    for (unsigned i = 0; i < 12; i++) {
        assert_true(ln_breaker_admit(&at->record->breaker, &m->service[0].breaker, NOW,
                                     &loans[i].ticket, &news));
        loans[i].door = 0;
    }
    for (unsigned i = 0; i < 12; i++)
        ln_instance_report(at, &loans[i], LN_OUTCOME_RESET, NOW);
    assert_false(ln_health_is_up(at->record, NOW));
    assert_int_equal(ln_breaker_state(&at->record->breaker), LN_BREAKER_CLOSED);
}

/* A request that was sent before an instance went down is answered late: it stays down. */
static void test_late_news_bring_nobody_back(void **state)
{
    struct market *m = *state;
    struct ln_instance *at = &OPEN(m, 1, 1)->instances[0];
    struct ln_loan early = {.door = 0};

    knock_down(m, 0);
    ln_instance_report(at, &early, LN_OUTCOME_OK, NOW);
    assert_false(ln_health_is_up(at->record, NOW));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_turns_are_taken),
        TEST(test_shares_follow_the_weights_exactly),
        TEST(test_plain_round_robin_knows_no_weights),
        TEST(test_a_dead_ones_share_is_spread),
        TEST(test_a_dead_ones_share_is_spread_by_weight),
        TEST(test_one_left_gets_all),
        TEST(test_the_needle_is_found),
        TEST(test_none_is_up),
        TEST(test_exactly_one_request_is_the_trial),
        TEST(test_repeats_go_elsewhere),
        TEST(test_when_all_were_tried_any_will_do),
        TEST(test_a_service_without_instances),
        TEST(test_shares_are_exact_over_processes),
        TEST(test_a_new_generation_goes_on_where_the_old_one_stood),
        TEST(test_memory_that_was_not_demanded_is_an_error),
        TEST(test_outcomes_become_strikes),
        TEST(test_each_outcome_has_its_judge),
        TEST(test_a_bad_status_is_told_with_its_head),
        TEST(test_an_answer_is_one_failure_at_most),
        TEST(test_a_probe_is_told_with_its_head),
        TEST(test_one_event_is_one_failure),
        TEST(test_late_news_bring_nobody_back),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
