/* SPDX-License-Identifier: Apache-2.0
 * test_record.c - where workers count, and what is settled when one has died.
 */
#include "shm/record.h"

#include "unit.h"

#include <string.h>

#include "shm/region.h"

enum { WORKERS = 17 }; /* cells of more than a line of cache */

static int set_up(void **state)
{
    struct ln_demand d;
    struct ln_err err;
    struct ln_shm *shm = ln_shm_new(WORKERS, &err);

    ln_demand_init(&d);
    ln_demand_add_slots(&d, LN_ZONE_CURSOR, LN_SLICE("users"), LN_SERVICE_SIZE, LN_SERVICE_EACH);
    ln_demand_add(&d, LN_ZONE_CURSOR, LN_SLICE("split #1"), sizeof(struct ln_cursor_record));
    ln_demand_add_slots(&d, LN_ZONE_INSTANCE, LN_SLICE("users http://a"), LN_INSTANCE_SIZE,
                        LN_INSTANCE_EACH);
    ln_demand_add(&d, LN_ZONE_CURSOR, LN_SLICE("what follows"), 64);
    assert_int_equal(ln_shm_satisfy(shm, &d, &err), 0);
    ln_demand_fini(&d);
    *state = shm;
    return 0;
}

static int tear_down(void **state)
{
    ln_shm_free(*state);
    return 0;
}

static void *find(struct ln_shm *shm, enum ln_zone_kind kind, const char *name, size_t *size)
{
    *size = 0;
    return ln_shm_find(shm, kind, ln_slice_of(name), size);
}

/* Nobody's counts are anybody else's, nor beyond the end of the zone, and all begin with a line. */
static void test_everybody_has_a_place(void **state)
{
    size_t size;
    struct ln_instance_record *i = find(*state, LN_ZONE_INSTANCE, "users http://a", &size);
    char *end = (char *)i + size, *before = (char *)&i->active[WORKERS];

    for (unsigned w = 0; w < WORKERS; w++) {
        struct ln_instance_counts *c = ln_instance_counts(i, WORKERS, w);

        assert_true((char *)c >= before && (char *)(c + 1) <= end);
        assert_int_equal((uintptr_t)c % 64, 0);
        before = (char *)(c + 1);
    }

    struct ln_cursor_record *s = find(*state, LN_ZONE_CURSOR, "users", &size);

    end = (char *)s + size;
    before = (char *)&s->active[WORKERS];
    for (unsigned w = 0; w < WORKERS; w++) {
        struct ln_service_counts *c = ln_service_counts(s, WORKERS, w);

        assert_true((char *)c >= before && (char *)(c + 1) <= end);
        before = (char *)(c + 1);
    }
}

static void test_what_a_dead_worker_had_in_flight_is_settled(void **state)
{
    size_t size;
    struct ln_cursor_record *s = find(*state, LN_ZONE_CURSOR, "users", &size);
    struct ln_cursor_record *split = find(*state, LN_ZONE_CURSOR, "split #1", &size);
    struct ln_instance_record *i = find(*state, LN_ZONE_INSTANCE, "users http://a", &size);

    atomic_store(&split->picks, 7);
    for (unsigned w = 0; w < WORKERS; w++) {
        ln_record_add(&s->active[w], 2);
        ln_record_add(&i->active[w], 2);
        ln_record_add(&ln_service_counts(s, WORKERS, w)->waiting, 3);
        ln_record_count(&ln_service_counts(s, WORKERS, w)->retries);
        ln_record_count(&ln_instance_counts(i, WORKERS, w)->ended[0]);
    }
    ln_record_settle(*state, 16);
    for (unsigned w = 0; w < WORKERS; w++) {
        assert_int_equal(s->active[w], w == 16 ? 0 : 2);
        assert_int_equal(i->active[w], w == 16 ? 0 : 2);
        assert_int_equal(ln_service_counts(s, WORKERS, w)->waiting, w == 16 ? 0 : 3);
        assert_int_equal(ln_service_counts(s, WORKERS, w)->retries, 1); /* what it did, it did */
        assert_int_equal(ln_instance_counts(i, WORKERS, w)->ended[0], 1);
    }
    assert_int_equal(split->picks, 7);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_everybody_has_a_place),
        TEST(test_what_a_dead_worker_had_in_flight_is_settled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
