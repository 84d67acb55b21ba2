/* SPDX-License-Identifier: Apache-2.0
 * test_news.c - each change of an instance is told to the listener once, and counted.
 */
#include "upstream/market.h"

#include "upstream/balance.h"
#include "upstream/news.h"

enum { HEARD_MAX = 16 };

struct paper {
    struct ln_news_listener listener;
    char heard[HEARD_MAX][160];
    unsigned count;
    const struct ln_instance *of; /* NULL, or whose requests in flight are looked at */
    uint32_t active;
};

/* "kind service instance from->to by: why, failed of total" */
static void on_news(void *arg, const struct ln_news *n)
{
    struct paper *p = arg;

    assert_true(p->count < HEARD_MAX);
    if (p->of != NULL)
        p->active = ln_instance_active(p->of);
    snprintf(p->heard[p->count++], sizeof p->heard[0], "%s %s %s %s->%s %s: %s, %u of %u",
             ln_news_kinds[n->kind], n->service, n->instance, n->from, n->to,
             n->by != NULL ? n->by : "-", n->why != NULL ? n->why : "-", n->failed, n->total);
}

static const struct ln_breaker_conf of_five = {.on = true,
                                               .min_requests = 5,
                                               .failure_ratio = 0.6,
                                               .window = 10000,
                                               .open_for = 10000,
                                               .max_open_for = 10000,
                                               .probes = 1,
                                               .statuses = {{{500, 599}}, 1}};

/* One request to the only instance. */
static void ask(struct ln_service *s, int status, enum ln_outcome outcome, ln_msec now)
{
    bool full;
    struct ln_loan loan;
    struct ln_instance *i =
        ln_service_pick(s, &(struct ln_wish){.tried = &nowhere}, now, &loan, &full);

    assert_non_null(i);
    if (status > 0)
        ln_instance_answered(i, &loan, status, now);
    ln_service_release(i, &loan, outcome, now);
}

static uint64_t changes(const struct ln_service *s, enum ln_change change)
{
    return atomic_load(&s->instances[0].record->changes[change]);
}

static void test_a_breaker_that_opens_and_closes(void **state)
{
    struct market *m = *state;
    struct paper p = {.listener = {on_news, &p}};

    m->service[0].breaker = of_five;
    struct ln_service *s = OPEN(m, 1);

    m->all->listener = &p.listener;
    ask(s, 200, LN_OUTCOME_OK, NOW);
    for (unsigned i = 0; i < 4; i++)
        ask(s, 500, LN_OUTCOME_OK, NOW);
    ask(s, 500, LN_OUTCOME_OK, NOW + 10000);
    ask(s, 200, LN_OUTCOME_OK, NOW + 30000);
    assert_int_equal(p.count, 5);
    assert_string_equal(p.heard[0], "breaker users http://127.0.0.1:1 closed->open -: -, 4 of 5");
    assert_string_equal(p.heard[1],
                        "breaker users http://127.0.0.1:1 open->half-open -: -, 0 of 0");
    assert_string_equal(
        p.heard[2], "breaker users http://127.0.0.1:1 half-open->open -: a probe failed, 0 of 0");
    assert_string_equal(p.heard[4],
                        "breaker users http://127.0.0.1:1 half-open->closed -: -, 0 of 0");
    assert_int_equal(changes(s, LN_CHANGE_OPEN), 2);
    assert_int_equal(changes(s, LN_CHANGE_HALF_OPEN), 2);
    assert_int_equal(changes(s, LN_CHANGE_CLOSED), 1);
    assert_int_equal(s->instances[0].counts->ended[LN_OUTCOME_OK], 7);
    assert_int_equal(s->instances[0].counts->bad_statuses, 5);
}

/* Trials that fail keep it down: that is no change. */
static void test_down_is_told_once_and_back_once(void **state)
{
    struct market *m = *state;
    struct paper p = {.listener = {on_news, &p}};
    struct ln_service *s = OPEN(m, 1);
    ln_msec now = NOW;

    m->all->listener = &p.listener;
    for (unsigned i = 0; i < 4; i++) {
        ask(s, 0, LN_OUTCOME_REFUSED, now);
        now += LN_HEALTH_MAX_MS;
    }
    ask(s, 200, LN_OUTCOME_OK, now);
    assert_int_equal(p.count, 2);
    assert_string_equal(p.heard[0], "health users http://127.0.0.1:1 up->down requests: the "
                                    "connection could not be opened, 0 of 0");
    assert_string_equal(p.heard[1], "health users http://127.0.0.1:1 down->up requests: -, 0 of 0");
    assert_int_equal(changes(s, LN_CHANGE_DOWN), 1);
    assert_int_equal(changes(s, LN_CHANGE_BACK), 1);
    assert_int_equal(s->instances[0].counts->ended[LN_OUTCOME_REFUSED], 4);
}

static void test_checks_are_told(void **state)
{
    struct market *m = *state;
    struct paper p = {.listener = {on_news, &p}};

    m->service[0].health = (struct ln_health_conf){.on = true, .rise = 2, .fall = 2};
    struct ln_service *s = OPEN(m, 1, 1, 1);

    m->all->listener = &p.listener;
    for (unsigned i = 0; i < 4; i++)
        ln_instance_checked(&s->instances[0], false, "status 503", NOW);
    for (unsigned i = 0; i < 4; i++)
        ln_instance_checked(&s->instances[0], true, NULL, NOW);
    assert_int_equal(p.count, 2);
    assert_string_equal(p.heard[0],
                        "health users http://127.0.0.1:1 up->down checks: status 503, 0 of 0");
    assert_string_equal(p.heard[1], "health users http://127.0.0.1:1 down->up checks: -, 0 of 0");
    assert_int_equal(changes(s, LN_CHANGE_FELL), 1);
    assert_int_equal(changes(s, LN_CHANGE_ROSE), 1);
    assert_int_equal(s->instances[0].record->check.bad, 4);
    assert_int_equal(s->instances[0].record->check.good, 4);
}

/* A half open that begins anew is in no other state than before. */
static void test_lost_probes_are_no_change(void **state)
{
    struct market *m = *state;
    struct paper p = {.listener = {on_news, &p}};

    m->service[0].breaker = of_five;
    struct ln_service *s = OPEN(m, 1);

    m->all->listener = &p.listener;
    for (unsigned i = 0; i < 5; i++)
        ask(s, 500, LN_OUTCOME_OK, NOW);
    for (unsigned i = 1; i <= 3; i++)
        ask(s, 0, LN_OUTCOME_CLIENT_GONE, NOW + i * 20000);
    assert_int_equal(p.count, 2);
    assert_int_equal(changes(s, LN_CHANGE_HALF_OPEN), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Whoever frees the spots of instances that have left sees it until the last word is said, or that
 * would be said of a newcomer. */
static void test_a_request_is_in_flight_until_its_end_is_told(void **state)
{
    struct market *m = *state;
    struct paper p = {.listener = {on_news, &p}};
    struct ln_service *s = OPEN(m, 1);

    m->all->listener = &p.listener;
    p.of = &s->instances[0];
    ask(s, 0, LN_OUTCOME_REFUSED, NOW);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.active, 1);
    assert_int_equal(ln_instance_active(p.of), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_breaker_that_opens_and_closes),
        TEST(test_down_is_told_once_and_back_once),
        TEST(test_checks_are_told),
        TEST(test_lost_probes_are_no_change),
        TEST(test_a_request_is_in_flight_until_its_end_is_told),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
