/* SPDX-License-Identifier: Apache-2.0
 * test_service_checks.c - what checks mean for the choice: who is left out, who comes back, and
 * when they are not heeded.
 */
#include "upstream/balance.h"
#include "upstream/market.h"

static const struct ln_health_conf health = {
    .on = true, .interval = 1000, .timeout = 1000, .rise = 1, .fall = 1};

static struct ln_service *open_checked(struct market *m, unsigned count, double threshold)
{
    m->service[0].health = health;
    m->service[0].panic_threshold = threshold;
    return open_market(m, NULL, count);
}

static void check(struct ln_service *s, unsigned i, bool ok)
{
    ln_instance_checked(&s->instances[i], ok, "status 500", NOW);
}

/* Who gets something of many requests, as bits. */
static unsigned users(struct ln_service *s)
{
    unsigned seen = 0;

    for (int i = 0; i < 200; i++) {
        struct ln_instance *at = next_of(s, &nowhere, NOW);
        struct ln_loan loan = {0};

        if (at == NULL)
            return seen;
        seen |= 1u << index_of(at);
        ln_service_release(at, &loan, LN_OUTCOME_OK, NOW);
    }
    return seen;
}

static void test_down_is_not_chosen(void **state)
{
    static const enum ln_strategy all[] = {
        LN_STRATEGY_ROUND_ROBIN, LN_STRATEGY_LEAST_CONNECTIONS, LN_STRATEGY_RANDOM_TWO,
        LN_STRATEGY_PEAK_EWMA,   LN_STRATEGY_CONSISTENT_HASH,
    };
    struct market *m = *state;
    struct ln_service *s = open_checked(m, 3, 0.5);

    for (unsigned i = 0; i < LN_ARRAY_LEN(all); i++) {
        s->balancer = ln_balancer_of(all[i]);
        assert_int_equal(users(s), 7);
        check(s, 1, false);
        assert_int_equal(users(s), 5);
        check(s, 1, true);
        assert_int_equal(users(s), 7);
    }
}

static void test_heeded_only_where_there_are_checks(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_checked(m, 2, 0.5);

    check(s, 0, false);
    assert_int_equal(users(s), 2);
    m->service[0].health.on = false;
    assert_int_equal(users(s), 3);
}

static void test_who_is_back_is_forgiven(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_checked(m, 2, 0.5);

    check(s, 0, false);
    knock_down(m, 0);
    atomic_store(&s->instances[0].record->latency, 1);
    check(s, 0, true);
    assert_true(ln_health_is_up(s->instances[0].record, NOW));
    assert_int_equal(atomic_load(&s->instances[0].record->since), NOW);
    assert_int_equal(users(s), 3);
}

/* What is found twice changes nothing, and another judge is not overruled by it. */
static void test_success_alone_forgives_nothing(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_checked(m, 2, 0.5);

    knock_down(m, 0);
    check(s, 0, true);
    assert_int_equal(users(s), 2);
}

static void test_panic(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_checked(m, 4, 0.5);

    check(s, 0, false);
    check(s, 1, false);
    assert_int_equal(users(s), 12); /* half of them is enough */
    check(s, 2, false);
    assert_int_equal(users(s), 15);
    knock_down(m, 1); /* that is heeded all the same */
    assert_int_equal(users(s), 13);
    check(s, 2, true);
    assert_int_equal(users(s), 12);
}

static void test_no_panic_when_not_wanted(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_checked(m, 2, 0);

    check(s, 0, false);
    check(s, 1, false);
    assert_int_equal(users(s), 0);
    check(s, 1, true);
    assert_int_equal(users(s), 2);
}

static void test_backups_come_before_panic(void **state)
{
    struct market *m = *state;
    struct ln_service *s;

    m->instance[1].backup = true;
    s = open_checked(m, 2, 0.5);
    check(s, 0, false);
    assert_int_equal(users(s), 2);
    check(s, 1, false);
    assert_int_equal(users(s), 1);
}

/* A threshold that a reload has changed is weighed anew by whoever begins to check. */
static void test_the_threshold_is_weighed_anew(void **state)
{
    struct market *m = *state;
    struct ln_service *s = open_checked(m, 2, 0.5);

    check(s, 0, false);
    assert_int_equal(users(s), 2);
    m->service[0].panic_threshold = 0.6;
    ln_service_weigh_checks(s);
    assert_int_equal(users(s), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_down_is_not_chosen),
        TEST(test_heeded_only_where_there_are_checks),
        TEST(test_who_is_back_is_forgiven),
        TEST(test_success_alone_forgives_nothing),
        TEST(test_panic),
        TEST(test_no_panic_when_not_wanted),
        TEST(test_backups_come_before_panic),
        TEST(test_the_threshold_is_weighed_anew),
    };

    return cmocka_run_group_tests(tests, yard_silence, NULL);
}
