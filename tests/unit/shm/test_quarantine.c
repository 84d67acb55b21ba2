/* SPDX-License-Identifier: Apache-2.0
 * Handlers are put out, tried again after growing times, and struck out for good.
 */
#include "shm/quarantine.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static struct ln_quarantine *zone;

static int make(void **state)
{
    (void)state;
    zone = mmap(NULL, sizeof *zone, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return zone == MAP_FAILED;
}

static int drop(void **state)
{
    (void)state;
    return munmap(zone, sizeof *zone);
}

static void test_what_has_not_failed_has_no_record(void **state)
{
    (void)state;
    assert_null(ln_quarantine_find(zone, 7));
    struct ln_quarantine_record *r = ln_quarantine_claim(zone, 7, 1, "who");
    assert_non_null(r);
    assert_string_equal(r->text, "who");
    assert_ptr_equal(ln_quarantine_find(zone, 7), r);
    assert_ptr_equal(ln_quarantine_claim(zone, 7, 1, "who"), r);
    assert_int_equal(ln_quarantine_ask(r, 100), LN_QUARANTINE_RUNS);
}

static void test_trials_come_after_growing_times(void **state)
{
    struct ln_quarantine_record *r = ln_quarantine_claim(zone, 7, 1, "who");
    ln_msec now = 5000, wait = LN_QUARANTINE_WAIT;

    (void)state;
    assert_int_equal(ln_quarantine_put_out(zone, r, now), wait);
    assert_int_equal(ln_quarantine_put_out(zone, r, now), 0); /* the second one is not first */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ln_quarantine_ask(r, now + wait - 1), LN_QUARANTINE_OUT);
        now += wait;
        assert_int_equal(ln_quarantine_ask(r, now), LN_QUARANTINE_TRIAL);
        assert_int_equal(ln_quarantine_ask(r, now), LN_QUARANTINE_OUT); /* one at a time */
        ln_quarantine_trial_failed(r, now);
        wait = wait * 2 < LN_QUARANTINE_WAIT_MAX ? wait * 2 : LN_QUARANTINE_WAIT_MAX;
    }
    now += wait;
    assert_int_equal(ln_quarantine_ask(r, now), LN_QUARANTINE_TRIAL);
    ln_quarantine_let_in(zone, r);
    assert_int_equal(ln_quarantine_ask(r, now), LN_QUARANTINE_RUNS);
    assert_int_equal(ln_quarantine_put_out(zone, r, now), LN_QUARANTINE_WAIT); /* begins anew */
}

static void test_a_trial_without_an_end_is_followed_by_another(void **state)
{
    struct ln_quarantine_record *r = ln_quarantine_claim(zone, 9, 1, "who");

    (void)state;
    ln_quarantine_put_out(zone, r, 1);
    assert_int_equal(ln_quarantine_ask(r, 1001), LN_QUARANTINE_TRIAL);
    assert_int_equal(ln_quarantine_ask(r, 2000), LN_QUARANTINE_OUT);
    assert_int_equal(ln_quarantine_ask(r, 2001), LN_QUARANTINE_TRIAL);
}

static void test_two_strikes_are_for_good(void **state)
{
    struct ln_quarantine_record *r = ln_quarantine_claim(zone, 9, 1, "who");
    uint64_t changes = atomic_load(&zone->changes);

    (void)state;
    assert_false(ln_quarantine_strike(zone, r));
    assert_int_equal(ln_quarantine_ask(r, 5), LN_QUARANTINE_RUNS);
    assert_true(ln_quarantine_strike(zone, r));
    assert_int_equal(ln_quarantine_ask(r, UINT64_MAX - 1), LN_QUARANTINE_OUT);
    ln_quarantine_let_in(zone, r);
    assert_int_equal(ln_quarantine_ask(r, UINT64_MAX - 1), LN_QUARANTINE_OUT);
    assert_true(atomic_load(&zone->changes) > changes);
}

static void test_a_generation_sees_its_own(void **state)
{
    unsigned at = 0, n = 0;

    (void)state;
    for (uint64_t key = 10; key < 13; key++)
        ln_quarantine_put_out(zone, ln_quarantine_claim(zone, key, key < 12 ? 1 : 2, "who"), 5);
    ln_quarantine_claim(zone, 20, 1, "runs");
    while (ln_quarantine_next(zone, 1, &at) != NULL)
        n++;
    assert_int_equal(n, 2);
}

static void test_a_full_table_has_room_for_the_next_generation(void **state)
{
    (void)state;
    for (uint64_t key = 2; key < LN_QUARANTINE_RECORDS + 2; key++)
        assert_non_null(ln_quarantine_claim(zone, key * 7919, 1, "old"));
    assert_null(ln_quarantine_claim(zone, 3, 1, "too many"));
    struct ln_quarantine_record *r = ln_quarantine_claim(zone, 3, 2, "new");
    assert_non_null(r);
    assert_string_equal(r->text, "new");
    assert_ptr_equal(ln_quarantine_find(zone, 3), r);
}

static void test_a_claim_that_never_ended_is_taken_last(void **state)
{
    (void)state;
    for (uint64_t key = 2; key < LN_QUARANTINE_RECORDS + 2; key++)
        ln_quarantine_claim(zone, key, 1, "old");
    atomic_store(&zone->records[100].key, 1); /* its claimer was killed */
    struct ln_quarantine_record *r = ln_quarantine_claim(zone, 1000003, 1, "new");
    assert_ptr_equal(r, &zone->records[100]);
}

/* Processes that claim the same keys and are killed in the middle leave a table that works. */
static void test_killed_claimers(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        pid_t pid = fork();

        if (pid == 0)
            for (uint64_t i = 0;; i++) {
                uint64_t key = 2 + i % 64;
                struct ln_quarantine_record *r =
                    ln_quarantine_claim(zone, key * 31, 1 + i / 640, "who");
                if (r != NULL)
                    ln_quarantine_put_out(zone, r, 1 + i);
            }
        usleep(1000);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    for (uint64_t key = 500; key < 520; key++) {
        struct ln_quarantine_record *r = ln_quarantine_claim(zone, key, UINT64_MAX - 1, "after");

        assert_non_null(r);
        assert_string_equal(r->text, "after");
        assert_int_equal(ln_quarantine_ask(r, 5), LN_QUARANTINE_RUNS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_has_not_failed_has_no_record, make, drop),
        cmocka_unit_test_setup_teardown(test_trials_come_after_growing_times, make, drop),
        cmocka_unit_test_setup_teardown(test_a_trial_without_an_end_is_followed_by_another, make,
                                        drop),
        cmocka_unit_test_setup_teardown(test_two_strikes_are_for_good, make, drop),
        cmocka_unit_test_setup_teardown(test_a_generation_sees_its_own, make, drop),
        cmocka_unit_test_setup_teardown(test_a_full_table_has_room_for_the_next_generation, make,
                                        drop),
        cmocka_unit_test_setup_teardown(test_a_claim_that_never_ended_is_taken_last, make, drop),
        cmocka_unit_test_setup_teardown(test_killed_claimers, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
