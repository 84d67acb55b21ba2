/* SPDX-License-Identifier: Apache-2.0
 * test_region.c - zones by name and size, slots, and that processes see the same memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/region.h"

static int setup(void **state)
{
    struct ln_err err;

    *state = ln_shm_new(3, &err);
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    ln_shm_free(*state);
    return 0;
}

static void satisfy(struct ln_shm *shm, const char *name, size_t size)
{
    struct ln_demand d;
    struct ln_err err;

    ln_demand_init(&d);
    ln_demand_add(&d, LN_ZONE_LIMITER, ln_slice_of(name), size);
    assert_int_equal(ln_shm_satisfy(shm, &d, &err), 0);
    ln_demand_fini(&d);
}

static void *find(struct ln_shm *shm, const char *name, size_t size)
{
    return ln_shm_find(shm, LN_ZONE_LIMITER, ln_slice_of(name), &size);
}

static void test_unknown_zone_is_null(void **state)
{
    assert_null(find(*state, "nothing", 1));
    satisfy(*state, "nothing", 1);
    assert_non_null(find(*state, "nothing", 1));
}

static void test_zones_are_zero_aligned_and_apart(void **state)
{
    satisfy(*state, "a", 100);
    satisfy(*state, "b", 100);

    unsigned char *a = find(*state, "a", 100), *b = find(*state, "b", 100);

    assert_int_equal((uintptr_t)a % 64, 0);
    assert_true(b >= a + 100 || a >= b + 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(a[i], 0);
    memset(a, 0xff, 100);
    assert_int_equal(b[0], 0);
}

static void test_asking_again_finds_the_same_memory(void **state)
{
    satisfy(*state, "kept", 64);

    void *first = find(*state, "kept", 64);

    satisfy(*state, "kept", 64);
    assert_ptr_equal(find(*state, "kept", 64), first);
}

static void test_larger_size_is_a_new_zone_and_the_old_one_stays(void **state)
{
    satisfy(*state, "grows", 64);

    void *small = find(*state, "grows", 64);

    assert_null(find(*state, "grows", 65));
    satisfy(*state, "grows", 4096);

    void *large = find(*state, "grows", 4096);

    assert_ptr_not_equal(small, large);
    assert_ptr_equal(find(*state, "grows", 64), small);
    assert_ptr_equal(find(*state, "grows", 100), large);
}

static void test_smaller_wish_keeps_the_larger_zone(void **state)
{
    size_t size = 10;

    satisfy(*state, "shrinks", 4096);

    uint64_t used = ln_shm_used(*state);

    satisfy(*state, "shrinks", 10);
    assert_int_equal(ln_shm_used(*state), used);
    assert_non_null(ln_shm_find(*state, LN_ZONE_LIMITER, LN_SLICE("shrinks"), &size));
    assert_int_equal(size, 4096);
    assert_non_null(ln_shm_find(*state, LN_ZONE_LIMITER, LN_SLICE("shrinks"), NULL));
}

static void test_kind_is_part_of_the_name(void **state)
{
    satisfy(*state, "x", 8);
    assert_null(ln_shm_find(*state, LN_ZONE_CURSOR, LN_SLICE("x"), NULL));
    assert_non_null(ln_shm_find(*state, LN_ZONE_LIMITER, LN_SLICE("x"), NULL));
}

static void test_full_region_is_a_sentence_and_not_the_end(void **state)
{
    struct ln_demand d;
    struct ln_err err;

    ln_demand_init(&d);
    ln_demand_add(&d, LN_ZONE_LIMITER, LN_SLICE("monster"), (size_t)1 << 40);
    assert_int_equal(ln_shm_satisfy(*state, &d, &err), -1);
    assert_int_equal(err.code, LN_E_LIMIT);
    assert_non_null(strstr(err.text, "no room for \"monster\""));
    ln_demand_fini(&d);
    satisfy(*state, "modest", 64);
    assert_non_null(find(*state, "modest", 64));
}

static void test_full_directory_is_a_sentence_and_not_the_end(void **state)
{
    struct ln_demand d;
    struct ln_err err;
    char name[16];

    ln_demand_init(&d);
    for (unsigned i = 0; i < 50000; i++) {
        int n = snprintf(name, sizeof name, "%u", i);

        ln_demand_add(&d, LN_ZONE_INSTANCE, ln_slice(name, (size_t)n), 16);
    }
    assert_int_equal(ln_shm_satisfy(*state, &d, &err), -1);
    assert_int_equal(err.code, LN_E_LIMIT);
    assert_non_null(strstr(err.text, "restart"));
    ln_demand_fini(&d);
    assert_non_null(ln_shm_find(*state, LN_ZONE_INSTANCE, LN_SLICE("0"), NULL));
    assert_non_null(ln_shm_find(*state, LN_ZONE_INSTANCE, LN_SLICE("40000"), NULL));
    assert_null(ln_shm_find(*state, LN_ZONE_INSTANCE, LN_SLICE("49999"), NULL));
}

static void test_child_and_parent_share(void **state)
{
    satisfy(*state, "shared", 8);

    _Atomic int *cell = find(*state, "shared", 8);
    pid_t pid = fork();

    if (pid == 0) {
        atomic_store(cell, 42);
        atomic_store(ln_shm_commit_word(*state), 7);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(atomic_load(cell), 42);
    assert_int_equal(atomic_load(ln_shm_commit_word(*state)), 7);
}

static void test_zone_made_after_the_fork_is_found_by_the_child(void **state)
{
    int go[2], status;
    char c;

    assert_int_equal(pipe(go), 0);

    pid_t pid = fork();

    if (pid == 0) {
        if (read(go[0], &c, 1) != 1)
            _exit(2);
        _exit(find(*state, "late", 8) != NULL ? 0 : 1);
    }
    satisfy(*state, "late", 8);
    assert_int_equal(write(go[1], "", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(go[0]);
    close(go[1]);
}

static void test_hash_keys_differ_between_regions(void **state)
{
    struct ln_err err;
    struct ln_shm *other = ln_shm_new(1, &err);

    assert_non_null(other);
    assert_memory_not_equal(ln_shm_hash_key(*state), ln_shm_hash_key(other),
                            sizeof(struct ln_hash_key));
    ln_shm_free(other);
}

static void test_slots_lie_on_lines_of_their_own(void **state)
{
    assert_int_equal(ln_shm_workers(*state), 3);
    assert_int_equal((uintptr_t)ln_shm_slot(*state, 1) % 64, 0);
    assert_ptr_equal(ln_shm_slot(*state, 0) + 1, ln_shm_slot(*state, 1));
}

static void test_settling_keeps_totals_and_drops_what_was_in_flight(void **state)
{
    struct ln_shm_slot *slot = ln_shm_slot(*state, 2);

    atomic_store(&slot->pid, 1234);
    ln_slot_set(&slot->served, 10);
    ln_slot_set(&slot->exchanges, 3);
    ln_stat_add(slot, LN_STAT_ACCEPTED, 5);
    ln_stat_add(slot, LN_STAT_CONNECTIONS, 5);
    ln_stat_sub(slot, LN_STAT_CONNECTIONS, 1);
    ln_slot_settle(slot);
    assert_int_equal(ln_slot_get(&slot->counters[LN_STAT_ACCEPTED]), 5);
    assert_int_equal(ln_slot_get(&slot->counters[LN_STAT_CONNECTIONS]), 0);
    assert_int_equal(ln_slot_get(&slot->served), 10);
    assert_int_equal(ln_slot_get(&slot->exchanges), 0);
    assert_int_equal(atomic_load(&slot->pid), 0);
}

static void test_every_counter_has_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LN_STAT_COUNT; i++) {
        assert_non_null(ln_stat_rows[i].name);
        assert_true(strlen(ln_stat_rows[i].text) > 10);
    }
}

static void add_up(void *zone, size_t size, void *arg)
{
    size_t *sum = arg;

    assert_int_equal(*(char *)zone, 0);
    *sum += size;
}

static void test_slots_are_counted_with_the_workers(void **state)
{
    struct ln_shm *shm = *state;
    struct ln_demand d;
    struct ln_err err;
    size_t size = 100 + 8 * ln_shm_workers(shm), sum = 0;

    ln_demand_init(&d);
    ln_demand_add_slots(&d, LN_ZONE_CURSOR, LN_SLICE("a"), 100, 8);
    ln_demand_add_slots(&d, LN_ZONE_CURSOR, LN_SLICE("b"), 100, 8);
    ln_demand_add(&d, LN_ZONE_INSTANCE, LN_SLICE("c"), 7);
    assert_int_equal(ln_shm_satisfy(shm, &d, &err), 0);
    assert_int_equal(ln_shm_satisfy(shm, &d, &err), 0); /* they are there */
    ln_demand_fini(&d);
    assert_non_null(ln_shm_find(shm, LN_ZONE_CURSOR, LN_SLICE("a"), &size));
    assert_int_equal(size, 100 + 8 * ln_shm_workers(shm));
    ln_shm_each(shm, LN_ZONE_CURSOR, add_up, &sum);
    assert_int_equal(sum, 2 * size);
    ln_shm_each(shm, LN_ZONE_INSTANCE, add_up, &sum);
    assert_int_equal(sum, 2 * size + 7);
    ln_shm_each(shm, LN_ZONE_LIMITER, add_up, &sum);
    assert_int_equal(sum, 2 * size + 7);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unknown_zone_is_null),
        TEST(test_zones_are_zero_aligned_and_apart),
        TEST(test_asking_again_finds_the_same_memory),
        TEST(test_larger_size_is_a_new_zone_and_the_old_one_stays),
        TEST(test_smaller_wish_keeps_the_larger_zone),
        TEST(test_kind_is_part_of_the_name),
        TEST(test_full_region_is_a_sentence_and_not_the_end),
        TEST(test_full_directory_is_a_sentence_and_not_the_end),
        TEST(test_child_and_parent_share),
        TEST(test_zone_made_after_the_fork_is_found_by_the_child),
        TEST(test_hash_keys_differ_between_regions),
        TEST(test_slots_lie_on_lines_of_their_own),
        TEST(test_settling_keeps_totals_and_drops_what_was_in_flight),
        TEST(test_every_counter_has_a_sentence),
        TEST(test_slots_are_counted_with_the_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
