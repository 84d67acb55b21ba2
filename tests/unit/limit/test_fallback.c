/* SPDX-License-Identifier: Apache-2.0
 * test_fallback.c - limits that are counted here by the gateway's share: shares that change, ways
 * that cannot be counted here, limits of their own, several windows.
 */
#include "unit.h"

#include "limit/fallback.h"
#include "shm/region.h"

enum { CLIENTS = 100 };

static const ln_nsec SECOND = 1000 * (ln_nsec)LN_NSEC_PER_MSEC;

static struct ln_shm *shm;
static struct ln_fallback fallback;
static struct ln_limit limits[2];
static struct ln_limit_answer answer;
static ln_nsec now;
static unsigned which;

static int set_up(void **state)
{
    struct ln_err err;

    (void)state;
    now = 1000 * SECOND;
    shm = ln_shm_new(1, &err);
    return shm == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    ln_shm_free(shm);
    return 0;
}

/* The limits[], for so many clients; returns the bytes that it wants. */
static size_t open_for(unsigned count, size_t clients)
{
    struct ln_demand demand;
    struct ln_err err;
    size_t size = 0;

    ln_demand_init(&demand);
    ln_fallback_demand(limits, count, LN_SLICE("r"), clients, false, &demand);
    for (unsigned i = 0; i < demand.count; i++)
        size += demand.items[i].size;
    assert_int_equal(demand.count, count);
    assert_int_equal(ln_shm_satisfy(shm, &demand, &err), 0);
    ln_demand_fini(&demand);
    assert_true(ln_fallback_open(&fallback, limits, count, LN_SLICE("r"), clients, false, shm));
    return size;
}

static void use(enum ln_limit_way way, uint64_t count, ln_msec per, uint64_t burst)
{
    limits[0] = (struct ln_limit){way, count, per, burst};
    open_for(1, CLIENTS);
}

static bool take(uint64_t gateways, uint64_t hash, uint64_t cost)
{
    ln_fallback_take(&fallback, gateways, hash, cost, LN_PLAN_TAKE, now, &answer, &which);
    return answer.ok;
}

static bool take_as(const struct ln_limit *limit, uint64_t gateways, uint64_t hash, uint64_t cost)
{
    ln_fallback_take_as(&fallback, limit, gateways, hash, cost, LN_PLAN_TAKE, now, &answer);
    return answer.ok;
}

/* How many of one each pass. */
static unsigned passes(uint64_t gateways, uint64_t hash)
{
    unsigned n = 0;

    while (n < 1000 && take(gateways, hash, 1))
        n++;
    return n;
}

static unsigned passes_as(const struct ln_limit *limit, uint64_t gateways, uint64_t hash)
{
    unsigned n = 0;

    while (n < 1000 && take_as(limit, gateways, hash, 1))
        n++;
    return n;
}

/* ---- shares ---- */

static void test_a_part_for_each_gateway(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        use((enum ln_limit_way)way, 12, 60000, 12);
        for (unsigned gateways = 1; gateways <= 4; gateways++) {
            uint64_t hash = 1000 * way + gateways;

            assert_int_equal(passes(gateways, hash), 12 / gateways);
            assert_false(take(gateways, hash, 1));
            assert_true(answer.wait > 0 && answer.wait <= 120 * SECOND);
            now += answer.wait;
            assert_true(take(gateways, hash, 1));
        }
    }
}

/* Who comes or goes begins new shares; what was taken of another share is not read as of this one:
 * a client may get both, and no more. */
static void test_shares_that_change(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        use((enum ln_limit_way)way, 12, 60000, 12);
        assert_int_equal(passes(3, way), 4);
        assert_int_equal(passes(2, way), 6);
        assert_int_equal(passes(3, way), 0);
        assert_int_equal(passes(2, way), 0);
        assert_int_equal(passes(1, way), 12);
        now += 120 * SECOND;
        assert_int_equal(passes(3, way), 4);
    }
}

/* One passes at least, in a time that is longer by as much. */
static void test_more_gateways_than_tokens(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        use((enum ln_limit_way)way, 2, 1000, 2);
        assert_int_equal(passes(10, way), 1);
        assert_true(answer.wait > 4 * SECOND);
        now += answer.wait - 1;
        assert_false(take(10, way, 1));
        now += 1;
        assert_true(take(10, way, 1));
    }
}

/* Whatever Redis has said of their number. */
static void test_gateways_beyond_number(void **state)
{
    static const uint64_t numbers[] = {1u << 31, (uint64_t)1 << 62, INT64_MAX, UINT64_MAX};

    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++)
        for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            use((enum ln_limit_way)way, 2, 60000, 2);
            assert_int_equal(passes(numbers[i], 10 * way + i), 1);
            assert_true(answer.wait > 60 * SECOND);
        }
}

/* ---- ways that cannot be counted here ---- */

static void test_what_is_too_large_here_is_a_bucket(void **state)
{
    (void)state;
    use(LN_LIMIT_SLIDING_LOG, LN_PLAN_LOG_MAX + 1000, 1000, 1);
    assert_true(take(1, 7, LN_PLAN_LOG_MAX + 1000));
    assert_false(take(1, 7, 1));
    assert_int_equal(answer.wait, SECOND / 5000);
    use(LN_LIMIT_FIXED_WINDOW, LN_PLAN_WINDOW_MAX + 1, 1000, 1);
    assert_true(take(1, 7, LN_PLAN_WINDOW_MAX + 1));
    assert_false(take(1, 7, 1));
    assert_true(answer.wait < SECOND / 1000);
}

/* A share of it could be, and is not: its zone is that of a bucket. */
static void test_and_so_is_its_share(void **state)
{
    (void)state;
    use(LN_LIMIT_SLIDING_LOG, LN_PLAN_LOG_MAX + 1000, 1000, 1);
    assert_true(take(5, 7, 1000));
    assert_false(take(5, 7, 1));
    assert_int_equal(answer.wait, SECOND / 1000);
}

/* ---- limits of their own ---- */

static void test_a_limit_of_its_own_counts_apart(void **state)
{
    const struct ln_limit other = {LN_LIMIT_SLIDING_WINDOW, 6, 1000, 1};

    (void)state;
    use(LN_LIMIT_SLIDING_WINDOW, 12, 60000, 1);
    assert_int_equal(passes(2, 7), 6);
    assert_int_equal(passes_as(&other, 2, 7), 3);
    assert_int_equal(passes_as(&other, 1, 7), 6);
    assert_int_equal(passes(2, 7), 0);
    now += 2 * SECOND;
    assert_int_equal(passes_as(&other, 2, 7), 3);
    assert_int_equal(passes(2, 7), 0);
}

/* It is counted in the way of the zone, whatever that has become. */
static void test_a_limit_of_its_own_beside_a_bucket(void **state)
{
    const struct ln_limit other = {LN_LIMIT_SLIDING_LOG, 5, 1000, 1};

    (void)state;
    use(LN_LIMIT_SLIDING_LOG, LN_PLAN_LOG_MAX + 1, 1000, 1);
    assert_int_equal(passes_as(&other, 1, 7), 5);
    assert_int_equal(answer.wait, SECOND / 5);
}

/* ---- several windows ---- */

static void test_none_counts_what_another_refuses(void **state)
{
    (void)state;
    limits[0] = (struct ln_limit){LN_LIMIT_FIXED_WINDOW, 4, 1000, 1};
    limits[1] = (struct ln_limit){LN_LIMIT_FIXED_WINDOW, 6, 60000, 1};
    open_for(2, CLIENTS);
    assert_int_equal(passes(2, 7), 2);
    assert_int_equal(which, 0);
    assert_int_equal(answer.wait, SECOND);
    now += SECOND;
    assert_int_equal(passes(2, 7), 1); /* the third of three */
    assert_int_equal(which, 1);
    assert_int_equal(answer.wait, 59 * SECOND);
}

/* ---- zones ---- */

static void test_zones_that_are_not_there(void **state)
{
    (void)state;
    limits[0] = (struct ln_limit){LN_LIMIT_SLIDING_LOG, 10, 1000, 1};
    assert_false(ln_fallback_open(&fallback, limits, 1, LN_SLICE("r"), CLIENTS, false, shm));
    use(LN_LIMIT_SLIDING_LOG, 20, 1000, 1);
    limits[0].count = 10; /* another ring */
    assert_false(ln_fallback_open(&fallback, limits, 1, LN_SLICE("r"), CLIENTS, false, shm));
}

/* Of a log with a long ring fewer clients are told apart. */
static void test_logs_are_bounded(void **state)
{
    (void)state;
    limits[0] = (struct ln_limit){LN_LIMIT_SLIDING_LOG, LN_PLAN_LOG_MAX, 1000, 1};
    assert_in_range(open_for(1, 1000000), 32 << 20, 66 << 20);
    assert_true(take(1, 7, LN_PLAN_LOG_MAX));
    assert_false(take(1, 7, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define SHARED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        SHARED(test_a_part_for_each_gateway),
        SHARED(test_shares_that_change),
        SHARED(test_more_gateways_than_tokens),
        SHARED(test_gateways_beyond_number),
        SHARED(test_what_is_too_large_here_is_a_bucket),
        SHARED(test_and_so_is_its_share),
        SHARED(test_a_limit_of_its_own_counts_apart),
        SHARED(test_a_limit_of_its_own_beside_a_bucket),
        SHARED(test_none_counts_what_another_refuses),
        SHARED(test_zones_that_are_not_there),
        SHARED(test_logs_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
