/* SPDX-License-Identifier: Apache-2.0
 * test_rows_limit.c - rateLimit: two ways to say how much, and nothing in between.
 */
#include "file.h"

#define HEAD "gateway: {port: \":0\"}\n"

static void test_absent_is_off(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD);
    assert_int_equal(l.conf->limit.count, 0);
    load_end(&l);
}

static void test_a_bandwidth_alone(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD "rateLimit: {bandwidth: 1m}\n");
    assert_int_equal(l.conf->limit.bandwidth, 1 << 20);
    assert_int_equal(l.conf->limit.count, 0);
    load_end(&l);
    load_good(&l, HEAD "rateLimit: {bandwidth: 1m, requestsPerSecond: 5}\n");
    assert_int_equal(l.conf->limit.count, 1);
    load_end(&l);
}

static void test_requests_per_second(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 100}\n");
    assert_int_equal(l.conf->limit.count, 1);
    assert_int_equal(l.conf->limit.limit.count, 100);
    assert_int_equal(l.conf->limit.limit.per, 1000);
    assert_int_equal(l.conf->limit.limit.burst, 10);
    assert_string_equal(l.conf->limit.redis_url, "");
    assert_int_equal(l.conf->limit.place.line, 2);
    load_end(&l);
}

static void test_limit_with_window(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD "rateLimit: {limit: 5, window: 1m, burstSize: 2}\n");
    assert_int_equal(l.conf->limit.limit.count, 5);
    assert_int_equal(l.conf->limit.limit.per, 60000);
    assert_int_equal(l.conf->limit.limit.burst, 2);
    load_end(&l);
}

static void test_redis_urls(void **state)
{
    static const char *const good[] = {"redis://localhost:6379", "redis://:secret@h:1/2",
                                       "unix:/run/r.sock", ""};
    static const char *const bad[] = {"redis://", "redis:///",      "redisx://h", "http://h",
                                      "unix:",    "localhost:6379", "redis://a b"};
    char yaml[256];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct load l;

        snprintf(yaml, sizeof yaml, HEAD "rateLimit: {requestsPerSecond: 1, redisURL: \"%s\"}\n",
                 good[i]);
        load_good(&l, yaml);
        assert_string_equal(l.conf->limit.redis_url, good[i]);
        load_end(&l);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(yaml, sizeof yaml, HEAD "rateLimit: {requestsPerSecond: 1, redisURL: \"%s\"}\n",
                 bad[i]);
        assert_refused(
            yaml, "gateway.yaml:2:45: rateLimit.redisURL: not the address of a Redis, expected "
                  "redis://host:6379 or unix:/path\n");
    }
}

static void test_algorithm_in_redis(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 9, redisURL: 'redis://h'}\n");
    assert_int_equal(l.conf->limit.limit.way, LN_LIMIT_SLIDING_LOG); /* of one second */
    assert_int_equal(l.conf->limit.limit.per, 1000);
    assert_int_equal(l.conf->limit.without, LN_LIMIT_GCRA); /* as if there were no Redis */
    assert_int_equal(l.conf->limit.timeout, 50);
    assert_int_equal(l.conf->limit.on_down, LN_LIMIT_DOWN_LOCAL);
    assert_string_equal(l.conf->limit.name, "gateway");
    load_end(&l);
    load_good(&l,
              HEAD "rateLimit: {requestsPerSecond: 9, redisURL: 'redis://h', algorithm: gcra}\n");
    assert_int_equal(l.conf->limit.limit.way, LN_LIMIT_GCRA);
    load_end(&l);
    load_good(&l, HEAD "rateLimit: {limit: 9, window: 1m, algorithm: fixed_window, redisURL: "
                       "'redis://h', onDown: deny, timeout: 5ms}\n");
    assert_int_equal(l.conf->limit.limit.way, LN_LIMIT_FIXED_WINDOW);
    assert_int_equal(l.conf->limit.without, LN_LIMIT_FIXED_WINDOW);
    assert_int_equal(l.conf->limit.timeout, 5);
    assert_int_equal(l.conf->limit.on_down, LN_LIMIT_DOWN_DENY);
    load_end(&l);
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 9}\n");
    assert_int_equal(l.conf->limit.limit.way, LN_LIMIT_GCRA);
    load_end(&l);
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 9, algorithm: sliding_log}\n");
    assert_int_equal(l.conf->limit.limits[0].way, LN_LIMIT_SLIDING_LOG);
    assert_int_equal(l.conf->limit.count, 1);
    load_end(&l);
}

static void test_several_windows(void **state)
{
    static const struct ln_limit want[] = {{LN_LIMIT_FIXED_WINDOW, 10, 1000, 10},
                                           {LN_LIMIT_FIXED_WINDOW, 500, 30 * 60000, 500},
                                           {LN_LIMIT_FIXED_WINDOW, 10000, 86400000, 10000}};
    struct load l;

    (void)state;
    load_good(&l, HEAD "rateLimit: {limits: [10/s, 500/30m, 10000/d], algorithm: fixed_window}\n");
    assert_int_equal(l.conf->limit.count, 3);
    assert_memory_equal(l.conf->limit.limits, want, sizeof want);
    assert_int_equal(l.conf->limit.limit.count, 10);
    load_end(&l);
    load_good(&l, HEAD "rateLimit: {limits: 10/h}\n");
    assert_int_equal(l.conf->limit.count, 1);
    assert_int_equal(l.conf->limit.limits[0].burst, 10);
    load_end(&l);
}

static void test_windows_that_are_none(void **state)
{
    static const char *const bad[] = {
        "''",    "10",     "10/",  "/s",     "0/s",
        "10/x",  "10/0s",  "-1/s", "10/s s", "10/99999999999999999999s",
        "1.5/s", "10/400d"};
    char yaml[256], message[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct load l;

        snprintf(yaml, sizeof yaml, HEAD "rateLimit: {limits: [1/s, %s]}\n", bad[i]);
        load_text(&l, yaml);
        snprintf(message, sizeof message, "rateLimit.limits[1]: ");
        assert_non_null(strstr(l.printed.p, message));
        assert_non_null(strstr(l.printed.p, "expected 1 to 8 rates such as 10/s or 5000/h"));
        load_end(&l);
    }
    assert_refused(HEAD "rateLimit: {limits: []}\n",
                   "gateway.yaml:2:21: rateLimit.limits: got a list, expected 1 to 8 rates such as "
                   "10/s or 5000/h\n");
    assert_refused(HEAD "rateLimit: {limits: [1/s], burstSize: 3}\n",
                   "gateway.yaml:2:13: rateLimit.limits: given beside burstSize, expected only one "
                   "of them\n");
}

static void test_what_clients_are_told(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 9}\n");
    assert_true(l.conf->limit.headers);
    assert_false(l.conf->limit.dry_run);
    assert_int_equal(l.conf->limit.status, 429);
    assert_string_equal(l.conf->limit.message, "Rate limit exceeded");
    load_end(&l);
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 9, headers: off, dryRun: on, status: 503, "
                       "message: 'Later'}\n");
    assert_false(l.conf->limit.headers);
    assert_true(l.conf->limit.dry_run);
    assert_int_equal(l.conf->limit.status, 503);
    assert_string_equal(l.conf->limit.message, "Later");
    load_end(&l);
    assert_refused(
        HEAD "rateLimit: {requestsPerSecond: 9, message: \"a\\nb\"}\n",
        "gateway.yaml:2:44: rateLimit.message: got \"a\\nb\", expected a line of at most "
        "200 bytes\n");
}

static void test_neither_rate_nor_limit(void **state)
{
    (void)state;
    assert_refused(
        HEAD "rateLimit:\n  burstSize: 5\n",
        "gateway.yaml:3:3: rateLimit.requestsPerSecond: missing, expected a whole number from 1 to "
        "1000000000, or limit with window\n");
}

static void test_both_rate_and_limit(void **state)
{
    (void)state;
    assert_refused(HEAD "rateLimit: {requestsPerSecond: 1, limit: 1, window: 1s}\n",
                   "gateway.yaml:2:35: rateLimit.limit: given beside requestsPerSecond, expected "
                   "only one of them\n");
}

static void test_limit_without_window(void **state)
{
    (void)state;
    assert_refused(HEAD "rateLimit: {limit: 1}\n", "gateway.yaml:2:20: rateLimit.window: missing, "
                                                   "expected a duration such as 1m beside limit\n");
}

static void test_window_without_limit(void **state)
{
    (void)state;
    assert_refused(
        HEAD "rateLimit: {requestsPerSecond: 1, window: 1s}\n",
        "gateway.yaml:2:35: rateLimit.window: given without limit, expected both or none\n");
}

static void test_entries(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 1}\n");
    assert_int_equal(l.conf->limit.entries, 0); /* nobody has said */
    load_end(&l);
    load_good(&l, HEAD "rateLimit: {requestsPerSecond: 1, entries: 67108864}\n");
    assert_int_equal(l.conf->limit.entries, 67108864);
    load_end(&l);
    assert_refused(HEAD "rateLimit: {requestsPerSecond: 1, entries: 63}\n",
                   "gateway.yaml:2:44: rateLimit.entries: got \"63\", expected a whole number from "
                   "64 to 67108864\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_is_off),
        cmocka_unit_test(test_a_bandwidth_alone),
        cmocka_unit_test(test_requests_per_second),
        cmocka_unit_test(test_limit_with_window),
        cmocka_unit_test(test_redis_urls),
        cmocka_unit_test(test_algorithm_in_redis),
        cmocka_unit_test(test_neither_rate_nor_limit),
        cmocka_unit_test(test_both_rate_and_limit),
        cmocka_unit_test(test_limit_without_window),
        cmocka_unit_test(test_window_without_limit),
        cmocka_unit_test(test_several_windows),
        cmocka_unit_test(test_windows_that_are_none),
        cmocka_unit_test(test_what_clients_are_told),
        cmocka_unit_test(test_entries),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
