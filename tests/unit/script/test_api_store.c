/* SPDX-License-Identifier: Apache-2.0
 * test_api_store.c - the functions of the boundary about shared memory: good arguments, bad ones,
 * and handles without a zone, as they are while a configuration is checked.
 */
#include "../unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "script/api.h"
#include "script/stores.h"
#include "shm/region.h"

struct fixture {
    struct ln_vm vm;
    struct ln_store_counters counters, no_counters;
    struct ln_store_dict dict, no_dict;
    struct ln_metric_handle metric, no_metric;
    void *zones[3];
    double n;
    struct ln_value v;
};

static void *zone(size_t size)
{
    void *at = NULL;

    assert_int_equal(posix_memalign(&at, 64, size), 0);
    memset(at, 0, size);
    return at;
}

static int setup(void **state)
{
    struct fixture *x = ln_zalloc(sizeof *x);
    struct ln_err err;
    size_t counters = ln_counters_size(100);

    x->vm.env.shm = ln_shm_new(1, &err);
    assert_non_null(x->vm.env.shm);
    x->counters.vm = x->no_counters.vm = x->dict.vm = x->no_dict.vm = x->metric.vm = &x->vm;
    x->no_metric.vm = &x->vm;
    x->zones[0] = zone(counters);
    ln_counters_init(&x->counters.counters, x->zones[0], counters);
    x->zones[1] = zone(1 << 16);
    ln_dict_init(&x->dict.dict, x->zones[1], 1 << 16, true);
    assert_true(ln_metric_parse(&x->metric.about, LN_SLICE("counter\nx_total\na\n\n3\nx")));
    x->no_metric.about = x->metric.about;
    x->zones[2] = zone(ln_metric_size(&x->metric.about) + ln_metric_each(&x->metric.about));
    ln_metric_open(&x->metric.metric, &x->metric.about, x->zones[2], 0);
    ln_metric_open(&x->no_metric.metric, &x->no_metric.about, NULL, 0);
    x->counters.is_open = x->dict.is_open = x->metric.is_open = true;
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    ln_dict_fini(&x->dict.dict);
    for (unsigned i = 0; i < 3; i++)
        free(x->zones[i]);
    ln_shm_free(x->vm.env.shm);
    ln_free(x);
    return 0;
}

static void test_counters(void **state)
{
    struct fixture *x = *state;
    struct ln_store_counters *c = &x->counters;

    assert_int_equal(ln_store_counters_get(c, "k", 1, &x->n), LN_NONE);
    assert_int_equal(ln_store_counters_incr(c, "k", 1, 5, 0, &x->n), LN_OK);
    assert_int_equal(ln_store_counters_incr(c, "k", 1, -2, 10, &x->n), LN_OK);
    assert_true(x->n == 3);
    assert_int_equal(ln_store_counters_get(c, "k", 1, &x->n), LN_OK);
    assert_int_equal(ln_store_counters_incr(c, "k", 1, 9007199254740992.0, 0, &x->n), LN_ESTATE);
    assert_int_equal(ln_store_counters_delete(c, "k", 1, &x->n), LN_OK);
    assert_true(x->n == 3);
    assert_int_equal(ln_store_counters_delete(c, "k", 1, &x->n), LN_NONE);

    const double bad[] = {0.5, NAN, INFINITY, -INFINITY, 1e300};
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ln_store_counters_incr(c, "k", 1, bad[i], 0, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_counters_incr(c, "k", 1, 1, -1, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_counters_incr(c, "k", 1, 1, NAN, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_counters_incr(c, "k", 1, 1, 2e9, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_counters_incr(NULL, "k", 1, 1, 0, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_counters_get(NULL, "k", 1, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_counters_delete(NULL, "k", 1, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_counters_incr(c, "k", 1, 1, 0, &x->n), LN_OK);
}

static void test_counters_full(void **state)
{
    struct fixture *x = *state;
    unsigned full = 0;

    for (unsigned i = 0; i < 300; i++) {
        int rc = ln_store_counters_incr(&x->counters, (char *)&i, sizeof i, 1, 0, &x->n);

        assert_true(rc == LN_OK || rc == LN_ELIMIT);
        full += rc == LN_ELIMIT;
    }
    assert_true(full >= 190 && full <= 205);
}

static void test_counters_while_checking(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(ln_store_counters_incr(&x->no_counters, "k", 1, 5, 0, &x->n), LN_OK);
    assert_true(x->n == 5);
    assert_int_equal(ln_store_counters_get(&x->no_counters, "k", 1, &x->n), LN_NONE);
    assert_int_equal(ln_store_counters_delete(&x->no_counters, "k", 1, &x->n), LN_NONE);
}

static void test_dict(void **state)
{
    struct fixture *x = *state;
    struct ln_store_dict *d = &x->dict;

    assert_int_equal(ln_store_dict_get(d, "k", 1, &x->v), LN_NONE);
    assert_int_equal(ln_store_dict_set(d, "k", 1, LN_VALUE_STRING, 0, "one", 3, 0), LN_OK);
    assert_int_equal(ln_store_dict_get(d, "k", 1, &x->v), LN_OK);
    assert_int_equal(x->v.type, LN_VALUE_STRING);
    assert_slice(ln_slice(x->v.ptr, x->v.len), "one");
    assert_int_equal(ln_store_dict_incr(d, "k", 1, 1, 0, &x->n), LN_ESTATE);
    assert_int_equal(
        ln_store_dict_cas(d, "k", 1, LN_VALUE_STRING, 0, "two", 3, LN_VALUE_NUMBER, 4, "", 0, 0),
        LN_NONE);
    assert_int_equal(
        ln_store_dict_cas(d, "k", 1, LN_VALUE_STRING, 0, "one", 3, LN_VALUE_NUMBER, 4, "", 0, 0),
        LN_OK);
    assert_int_equal(ln_store_dict_incr(d, "k", 1, 0.5, 0, &x->n), LN_OK);
    assert_true(x->n == 4.5);
    assert_int_equal(ln_store_dict_delete(d, "k", 1), LN_OK);
    assert_int_equal(ln_store_dict_delete(d, "k", 1), LN_NONE);
}

static void test_dict_refuses(void **state)
{
    struct fixture *x = *state;
    struct ln_store_dict *d = &x->dict;
    char *large = ln_zalloc(1 << 16);

    assert_int_equal(ln_store_dict_set(d, "k", 1, LN_VALUE_STRING, 0, large, 1 << 16, 0),
                     LN_EINVAL);
    assert_int_equal(ln_store_dict_set(d, large, 1 << 16, LN_VALUE_TRUE, 0, "", 0, 0), LN_EINVAL);
    assert_int_equal(ln_store_dict_get(d, large, 1 << 16, &x->v), LN_NONE);
    assert_int_equal(ln_store_dict_set(d, "k", 1, 5, 0, "", 0, 0), LN_EINVAL);
    assert_int_equal(ln_store_dict_set(d, "k", 1, -1, 0, "", 0, 0), LN_EINVAL);
    assert_int_equal(ln_store_dict_cas(d, "k", 1, 5, 0, "", 0, LN_VALUE_TRUE, 0, "", 0, 0),
                     LN_EINVAL);
    assert_int_equal(ln_store_dict_set(d, "k", 1, LN_VALUE_TRUE, 0, "", 0, NAN), LN_EINVAL);
    assert_int_equal(ln_store_dict_incr(d, "k", 1, 1, -1, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_dict_get(NULL, "k", 1, &x->v), LN_EINVAL);
    assert_int_equal(ln_store_dict_set(NULL, "k", 1, LN_VALUE_TRUE, 0, "", 0, 0), LN_EINVAL);
    assert_int_equal(ln_store_dict_cas(NULL, "k", 1, 0, 0, "", 0, 3, 0, "", 0, 0), LN_EINVAL);
    assert_int_equal(ln_store_dict_delete(NULL, "k", 1), LN_EINVAL);
    assert_int_equal(ln_store_dict_incr(NULL, "k", 1, 1, 0, &x->n), LN_EINVAL);
    assert_int_equal(ln_store_dict_set(d, "k", 1, LN_VALUE_TRUE, 0, "", 0, 1e9), LN_OK);
    ln_free(large);
}

static void test_dict_while_checking(void **state)
{
    struct fixture *x = *state;
    struct ln_store_dict *d = &x->no_dict;

    assert_int_equal(ln_store_dict_set(d, "k", 1, LN_VALUE_TRUE, 0, "", 0, 0), LN_OK);
    assert_int_equal(ln_store_dict_get(d, "k", 1, &x->v), LN_NONE);
    assert_int_equal(ln_store_dict_cas(d, "k", 1, 0, 0, "", 0, 3, 0, "", 0, 0), LN_OK);
    assert_int_equal(ln_store_dict_cas(d, "k", 1, 3, 0, "", 0, 3, 0, "", 0, 0), LN_NONE);
    assert_int_equal(ln_store_dict_delete(d, "k", 1), LN_NONE);
    assert_int_equal(ln_store_dict_incr(d, "k", 1, 2, 0, &x->n), LN_OK);
    assert_true(x->n == 2);
}

static void test_metrics(void **state)
{
    struct fixture *x = *state;
    struct ln_metric_handle *m = &x->metric;
    double series, other;

    assert_int_equal(ln_metric_find(m, "\1a", 2, &series), LN_OK);
    assert_int_equal(ln_metric_change(m, series, LN_METRIC_BY_ADD, 2), LN_OK);
    assert_int_equal(ln_metric_find(m, "\1b", 2, &other), LN_OK);
    assert_int_equal(ln_metric_find(m, "\1c", 2, &other), LN_OK);
    assert_int_equal(ln_metric_find(m, "\1d", 2, &other), LN_NONE);
    assert_int_equal(ln_metric_change(m, other, LN_METRIC_BY_ADD, 2), LN_OK);
    assert_int_equal(
        ln_slot_get(&ln_shm_slot(x->vm.env.shm, 0)->counters[LN_STAT_METRIC_OVERFLOWS]), 1);

    const char *bad[] = {"", "\2a", "\1a\1b", "\0\0"};
    const size_t lengths[] = {0, 2, 4, 2};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ln_metric_find(m, bad[i], lengths[i], &other), LN_EINVAL);
    const double no_series[] = {-1, NAN, INFINITY, 1e9, 7, 20001};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(ln_metric_change(m, no_series[i], LN_METRIC_BY_ADD, 2), LN_EINVAL);
    assert_int_equal(ln_metric_change(m, series, LN_METRIC_BY_SET, 2), LN_EINVAL);
    assert_int_equal(ln_metric_change(m, series, LN_METRIC_BY_OBSERVE, 2), LN_EINVAL);
    assert_int_equal(ln_metric_change(m, series, LN_METRIC_BY_ADD, -1), LN_EINVAL);
    assert_int_equal(ln_metric_change(m, series, LN_METRIC_BY_ADD, NAN), LN_EINVAL);
    assert_int_equal(ln_metric_change(m, series, 9, 1), LN_EINVAL);
    assert_int_equal(ln_metric_change(NULL, 0, LN_METRIC_BY_ADD, 1), LN_EINVAL);
    assert_int_equal(ln_metric_find(NULL, "\1a", 2, &series), LN_EINVAL);
    assert_int_equal(ln_metric_find(&x->no_metric, "\1a", 2, &series), LN_OK);
    assert_int_equal(ln_metric_change(&x->no_metric, series, LN_METRIC_BY_ADD, 1), LN_OK);
}

static void test_zones_can_be_cleared(void **state)
{
    struct fixture *x = *state;
    size_t size = 3 * 4096 + 100;
    struct ln_demand d;

    ln_demand_init(&d);
    ln_demand_add(&d, LN_ZONE_DICT, LN_SLICE("z"), size);
    ln_demand_add(&d, LN_ZONE_DICT, LN_SLICE("next"), 64);
    assert_int_equal(ln_shm_satisfy(x->vm.env.shm, &d, NULL), 0);
    char *z = ln_shm_find(x->vm.env.shm, LN_ZONE_DICT, LN_SLICE("z"), NULL),
         *next = ln_shm_find(x->vm.env.shm, LN_ZONE_DICT, LN_SLICE("next"), NULL);
    for (unsigned round = 0; round < 3; round++) {
        memset(z, 'x', size);
        memset(next, 'y', 64);
        ln_shm_clear(z, size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(z[i], 0);
        assert_int_equal(next[0], 'y');
        assert_int_equal(next[63], 'y');
        ln_shm_clear(next + 1, 5);
        assert_int_equal(next[0] + next[6], 2 * 'y');
    }
    ln_demand_fini(&d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counters),
        TEST(test_counters_full),
        TEST(test_dict),
        TEST(test_dict_refuses),
        TEST(test_dict_while_checking),
        TEST(test_counters_while_checking),
        TEST(test_metrics),
        TEST(test_zones_can_be_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
