/* SPDX-License-Identifier: Apache-2.0
 * test_demand.c - demand lists: no repetitions, and the trip through bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "shm/demand.h"

static void test_same_name_is_asked_once_for_the_larger_size(void **state)
{
    struct ln_demand d;

    (void)state;
    ln_demand_init(&d);
    ln_demand_add(&d, LN_ZONE_LIMITER, LN_SLICE("api"), 100);
    ln_demand_add(&d, LN_ZONE_LIMITER, LN_SLICE("api"), 300);
    ln_demand_add(&d, LN_ZONE_LIMITER, LN_SLICE("api"), 200);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.items[0].size, 300);
    ln_demand_fini(&d);
}

static void test_kinds_do_not_meet(void **state)
{
    struct ln_demand d;

    (void)state;
    ln_demand_init(&d);
    ln_demand_add(&d, LN_ZONE_LIMITER, LN_SLICE("api"), 1);
    ln_demand_add(&d, LN_ZONE_CURSOR, LN_SLICE("api"), 2);
    assert_int_equal(d.count, 2);
    ln_demand_fini(&d);
}

static void test_names_are_copied(void **state)
{
    struct ln_demand d;
    char name[] = "first";

    (void)state;
    ln_demand_init(&d);
    ln_demand_add(&d, LN_ZONE_CURSOR, ln_slice_of(name), 8);
    memcpy(name, "other", sizeof name);
    assert_true(ln_slice_eq(d.items[0].name, LN_SLICE("first")));
    ln_demand_fini(&d);
}

static void test_bytes_and_back(void **state)
{
    struct ln_demand d, copy;
    struct ln_text bytes;
    char name[16];

    (void)state;
    ln_demand_init(&d);
    for (unsigned i = 0; i < 1000; i++) {
        int n = snprintf(name, sizeof name, "zone%u", i);

        ln_demand_add_slots(&d, (enum ln_zone_kind)(i % LN_ZONE_KINDS), ln_slice(name, (size_t)n),
                            i + 1, i % 3);
    }
    ln_demand_add(&d, LN_ZONE_COUNTER, ln_slice(NULL, 0), 7); /* the empty name is a name */
    ln_text_init(&bytes);
    ln_demand_save(&d, &bytes);

    ln_demand_init(&copy);
    assert_true(ln_demand_load(&copy, ln_slice(bytes.p, bytes.n)));
    assert_int_equal(copy.count, d.count);
    for (unsigned i = 0; i < d.count; i++) {
        assert_int_equal(copy.items[i].kind, d.items[i].kind);
        assert_int_equal(copy.items[i].size, d.items[i].size);
        assert_int_equal(copy.items[i].each, d.items[i].each);
        assert_true(ln_slice_eq(copy.items[i].name, d.items[i].name));
    }
    ln_text_fini(&bytes);
    ln_demand_fini(&copy);
    ln_demand_fini(&d);
}

static void test_cut_or_foreign_bytes_are_refused(void **state)
{
    struct ln_demand d;
    struct ln_text bytes;

    (void)state;
    ln_demand_init(&d);
    ln_demand_add(&d, LN_ZONE_LIMITER, LN_SLICE("something"), 64);
    ln_text_init(&bytes);
    ln_demand_save(&d, &bytes);
    for (size_t n = 1; n < bytes.n; n++) {
        struct ln_demand cut;

        ln_demand_init(&cut);
        assert_false(ln_demand_load(&cut, ln_slice(bytes.p, n)));
        ln_demand_fini(&cut);
    }
    bytes.p[16] = (char)LN_ZONE_KINDS; /* the kind */
    assert_false(ln_demand_load(&d, ln_slice(bytes.p, bytes.n)));
    bytes.p[16] = 0;
    assert_true(ln_demand_load(&d, ln_slice(bytes.p, bytes.n)));
    ln_text_fini(&bytes);
    ln_demand_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_name_is_asked_once_for_the_larger_size),
        cmocka_unit_test(test_kinds_do_not_meet),
        cmocka_unit_test(test_names_are_copied),
        cmocka_unit_test(test_bytes_and_back),
        cmocka_unit_test(test_cut_or_foreign_bytes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
