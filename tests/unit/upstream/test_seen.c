/* SPDX-License-Identifier: Apache-2.0
 * test_seen.c - what a report says of records that are in each state.
 */
#include "unit.h"

#include <string.h>

#include "shm/steer.h"
#include "upstream/check.h"
#include "upstream/health.h"
#include "upstream/latency.h"
#include "upstream/seen.h"

enum { NOW = 1000000, WORKERS = 2 };

struct known {
    struct ln_instance_record r;
    _Atomic uint32_t cells[WORKERS];
};

static const struct ln_breaker_conf breaker = {.on = true,
                                               .min_requests = 1,
                                               .failure_ratio = 1,
                                               .window = 10000,
                                               .open_for = 1000,
                                               .max_open_for = 1000,
                                               .probes = 1};
static const struct ln_health_conf health = {.on = true, .rise = 1, .fall = 1};

static struct ln_seen see(const struct known *k, bool panic, ln_msec now)
{
    struct ln_seen seen;

    ln_seen_read(&k->r, panic, WORKERS, now, &seen);
    return seen;
}

static void publish(struct known *k, bool with_health, bool with_breaker)
{
    struct ln_service_conf s = {.health.on = with_health, .breaker.on = with_breaker};
    struct ln_instance_conf i = {.weight = 65535, .backup = true};

    ln_seen_publish(&k->r, &s, &i);
}

static void test_zeroed_memory_is_up(void **state)
{
    struct known k = {0};
    struct ln_seen seen = see(&k, false, NOW);

    (void)state;
    assert_int_equal(seen.state, LN_SEEN_UP);
    assert_false(seen.checked);
    assert_int_equal(seen.active, 0);
    assert_true(seen.latency <= 0);
    assert_string_equal(seen.error, "");
}

static void test_what_the_configuration_says(void **state)
{
    struct known k = {0};
    struct ln_seen seen;

    (void)state;
    publish(&k, true, false);
    k.r.active[0] = 2;
    k.r.active[1] = 3;
    ln_latency_note(&k.r.latency, 1500, NOW);
    seen = see(&k, false, NOW);
    assert_int_equal(seen.weight, 65535);
    assert_true(seen.backup);
    assert_true(seen.checked);
    assert_true(seen.checks_up);
    assert_int_equal(seen.active, 5);
    assert_true(seen.latency > 0.00149 && seen.latency < 0.00151);
}

static void test_checks(void **state)
{
    struct known k = {0};

    (void)state;
    publish(&k, true, false);
    ln_check_note(&k.r.check, &health, false);
    assert_int_equal(see(&k, false, NOW).state, LN_SEEN_UNHEALTHY);
    assert_int_equal(see(&k, true, NOW).state, LN_SEEN_UP);
    assert_false(see(&k, true, NOW).checks_up);
    publish(&k, false, false);
    assert_int_equal(see(&k, false, NOW).state, LN_SEEN_UP);
}

static void test_down_and_back(void **state)
{
    struct known k = {0};

    (void)state;
    assert_true(ln_health_strike(&k.r, 0, LN_STRIKES_DOWN, NOW));
    assert_int_equal(see(&k, false, NOW).state, LN_SEEN_DOWN);
    assert_int_equal(see(&k, false, NOW + 100000).state, LN_SEEN_DOWN); /* nobody knows better */
    ln_health_forgive(&k.r);
    assert_int_equal(see(&k, false, NOW).state, LN_SEEN_UP);
}

static void test_the_breaker(void **state)
{
    struct known k = {0};
    struct ln_ticket ticket;
    enum ln_breaker_news news;
    unsigned total, failed;

    (void)state;
    publish(&k, false, true);
    assert_true(ln_breaker_admit(&k.r.breaker, &breaker, NOW, &ticket, &news));
    ln_breaker_report(&k.r.breaker, &breaker, ticket, false, NOW, &total, &failed);
    assert_int_equal(see(&k, false, NOW).state, LN_SEEN_OPEN);
    assert_true(ln_breaker_admit(&k.r.breaker, &breaker, NOW + 2000, &ticket, &news));
    assert_int_equal(see(&k, false, NOW + 2000).state, LN_SEEN_HALF_OPEN);
    publish(&k, false, false); /* it was turned off meanwhile */
    assert_int_equal(see(&k, false, NOW + 2000).state, LN_SEEN_UP);
}

static void test_what_the_operator_says(void **state)
{
    struct known k = {0};

    (void)state;
    publish(&k, true, true);
    ln_check_note(&k.r.check, &health, false);
    atomic_store(&k.r.steer, ln_steer_word(LN_STEER_DRAINING, 7));
    assert_int_equal(see(&k, false, NOW).state, LN_SEEN_DRAINING);
    assert_int_equal(see(&k, false, NOW).weight, 7);
    atomic_store(&k.r.steer, ln_steer_word(LN_STEER_DISABLED, 0));
    assert_int_equal(see(&k, false, NOW).state, LN_SEEN_DISABLED);
    assert_int_equal(see(&k, false, NOW).weight, 65535);
}

static void test_the_last_error_is_told(void **state)
{
    struct known k = {0};

    (void)state;
    for (int i = 0; i < LN_OUTCOME_COUNT; i++) {
        ln_seen_fail(&k.r, (enum ln_outcome)i, 0, NOW);
        assert_string_equal(see(&k, false, NOW).error,
                            ln_outcome_row((enum ln_outcome)i)->sentence);
    }
    ln_seen_fail(&k.r, LN_OUTCOME_OK, 599, NOW);
    assert_string_equal(see(&k, false, NOW).error, "status 599");
    assert_int_equal(see(&k, false, NOW + 1234).error_age, 1234);
    strcpy(k.r.check.text, "connection refused");
    atomic_store(&k.r.check.failed, NOW + 1);
    assert_string_equal(see(&k, false, NOW + 2).error, "check: connection refused");
    ln_seen_fail(&k.r, LN_OUTCOME_OK, 500, NOW + 2);
    assert_string_equal(see(&k, false, NOW + 2).error, "status 500");
    memset(k.r.check.text, 'x', sizeof k.r.check.text); /* no end: its writer is at it */
    atomic_store(&k.r.check.failed, NOW + 3);
    assert_int_equal(strlen(see(&k, false, NOW + 3).error), LN_CHECK_TEXT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_memory_is_up),
        cmocka_unit_test(test_what_the_configuration_says),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_down_and_back),
        cmocka_unit_test(test_the_breaker),
        cmocka_unit_test(test_what_the_operator_says),
        cmocka_unit_test(test_the_last_error_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
