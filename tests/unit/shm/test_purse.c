/* SPDX-License-Identifier: Apache-2.0
 * test_purse.c - tokens are spent once, by whoever comes; what is over is nothing.
 */
#include "unit.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "shm/purse.h"

enum { CLIENTS = 64, NOW = 1000, BUSY = 50 };

static struct ln_purse purse;
static struct ln_purse_answer answer;

static int set_up(void **state)
{
    (void)state;
    purse.size = ln_purse_size(CLIENTS);
    purse.zone = mmap(NULL, purse.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return purse.zone == MAP_FAILED;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap(purse.zone, purse.size);
}

static enum ln_purse_is take(uint64_t hash, uint64_t cost, ln_msec now)
{
    return ln_purse_take(&purse, hash, cost, now, BUSY, &answer);
}

static void test_tokens_are_spent(void **state)
{
    (void)state;
    assert_int_equal(take(7, 1, NOW), LN_PURSE_EMPTY);
    ln_purse_put(&purse, 7, 3, 40, NOW + 100, NOW);
    assert_int_equal(take(7, 2, NOW + 1), LN_PURSE_PAID);
    assert_int_equal(answer.tokens, 1);
    assert_int_equal(answer.note, 40);
    assert_int_equal(answer.until, NOW + 100);
    assert_int_equal(take(8, 1, NOW + 1), LN_PURSE_EMPTY); /* another client */
    assert_int_equal(take(7, 1, NOW + 1), LN_PURSE_PAID);
    assert_int_equal(take(7, 1, NOW + 1), LN_PURSE_EMPTY);
}

static void test_one_fetches(void **state)
{
    (void)state;
    assert_int_equal(take(7, 1, NOW), LN_PURSE_EMPTY);
    assert_int_equal(take(7, 1, NOW + BUSY - 1), LN_PURSE_BUSY);
    assert_int_equal(take(7, 1, NOW + BUSY), LN_PURSE_EMPTY); /* the first one has died */
    ln_purse_put(&purse, 7, 0, 0, NOW + BUSY, NOW + BUSY);    /* or could not */
    assert_int_equal(take(7, 1, NOW + BUSY), LN_PURSE_EMPTY);
}

/* Whoever fetches has them meanwhile, with their end: they do not live on in what is fetched. */
static void test_what_was_too_little_goes_to_who_fetches(void **state)
{
    (void)state;
    ln_purse_put(&purse, 7, 3, 0, NOW + 30, NOW);
    assert_int_equal(take(7, 5, NOW), LN_PURSE_EMPTY);
    assert_int_equal(answer.tokens, 3);
    assert_int_equal(answer.until, NOW + 30);
    assert_int_equal(take(7, 1, NOW), LN_PURSE_BUSY);
    ln_purse_put(&purse, 7, 4, 0, NOW + 100, NOW + 40);
    assert_int_equal(take(7, 5, NOW + 40), LN_PURSE_EMPTY);
    assert_int_equal(answer.tokens, 4);
    assert_int_equal(take(8, 5, NOW), LN_PURSE_EMPTY);
    assert_int_equal(answer.tokens, 0);
}

static void test_two_lots_end_with_the_first(void **state)
{
    (void)state;
    ln_purse_put(&purse, 7, 3, 0, NOW + 30, NOW);
    ln_purse_put(&purse, 7, 4, 0, NOW + 100, NOW);
    assert_int_equal(take(7, 6, NOW), LN_PURSE_PAID);
    assert_int_equal(answer.tokens, 1);
    assert_int_equal(take(7, 1, NOW + 30), LN_PURSE_EMPTY);
}

/* Four clients fill a set; the fifth has nothing to put there. */
static void test_nothing_takes_nobodys_place(void **state)
{
    (void)state;
    purse.size = ln_purse_size(1);
    for (uint64_t i = 1; i <= 4; i++)
        ln_purse_put(&purse, i, 3, 0, NOW + 100, NOW);
    ln_purse_put(&purse, 5, 0, 0, NOW + 500, NOW);
    ln_purse_put(&purse, 6, 9, 0, NOW, NOW);
    ln_purse_deny(&purse, 7, NOW, 1000, 0, NOW);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(take(i, 3, NOW), LN_PURSE_PAID);
    purse.size = ln_purse_size(CLIENTS);
}

/* Until the end of the clock, not a while less than nothing. */
static void test_ends_that_are_far_away(void **state)
{
    (void)state;
    ln_purse_put(&purse, 7, 3, 0, ((ln_msec)1 << 42) + NOW, NOW);
    assert_int_equal(take(7, 1, NOW + 1), LN_PURSE_PAID);
    ln_purse_put(&purse, 8, 3, 0, UINT64_MAX, NOW);
    assert_int_equal(take(8, 1, NOW + 1000000), LN_PURSE_PAID);
}

static void test_tokens_end(void **state)
{
    (void)state;
    ln_purse_put(&purse, 7, 3, 0, NOW + 100, NOW);
    assert_int_equal(take(7, 1, NOW + 100), LN_PURSE_EMPTY);
    ln_purse_put(&purse, 7, 3, 0, NOW + 100, NOW + 100); /* over before they are there */
    assert_int_equal(take(7, 1, NOW + 100), LN_PURSE_EMPTY);
}

static void test_refusals_are_remembered(void **state)
{
    (void)state;
    ln_purse_deny(&purse, 7, NOW + 5000, 1000, 31, NOW);
    assert_int_equal(take(7, 1, NOW + 999), LN_PURSE_DENIED);
    assert_int_equal(answer.until, NOW + 5000);
    assert_int_equal(answer.note, 31);
    assert_int_equal(take(7, 1, NOW + 1000), LN_PURSE_EMPTY); /* to be believed no longer */
    ln_purse_deny(&purse, 7, NOW + 1010, 1000, 0, NOW + 1000);
    assert_int_equal(take(7, 1, NOW + 1009), LN_PURSE_DENIED);
    assert_int_equal(take(7, 1, NOW + 1010), LN_PURSE_EMPTY);
}

/* More clients than there is room for: nobody gets another one's tokens, and none twice. */
static void test_a_crowd(void **state)
{
    uint64_t paid = 0;

    (void)state;
    for (uint64_t i = 1; i <= 100 * CLIENTS; i++)
        ln_purse_put(&purse, i * 0x9e3779b97f4a7c15u, 1, 0, NOW + 100, NOW);
    for (unsigned round = 0; round < 2; round++)
        for (uint64_t i = 1; i <= 100 * CLIENTS; i++)
            paid += take(i * 0x9e3779b97f4a7c15u, 1, NOW + 1) == LN_PURSE_PAID;
    assert_true(paid >= 1 && paid <= CLIENTS + 4);
}

/* What all processes have spent is what was put in. */
static void test_processes_spend_each_token_once(void **state)
{
    enum { PROCESSES = 4, TOKENS = 200000 };
    volatile uint64_t *spent = mmap(NULL, sizeof(uint64_t) * PROCESSES, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t sum = 0;

    (void)state;
    assert_ptr_not_equal(spent, MAP_FAILED);
    ln_purse_put(&purse, 7, TOKENS, 0, NOW + 100, NOW);
    for (unsigned i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            while (take(7, 1 + i, NOW) == LN_PURSE_PAID)
                spent[i] += 1 + i;
            _exit(0);
        }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        sum += spent[i];
    assert_true(sum <= TOKENS && sum > TOKENS - PROCESSES);
    munmap((void *)(uintptr_t)spent, sizeof(uint64_t) * PROCESSES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tokens_are_spent),
        TEST(test_one_fetches),
        TEST(test_what_was_too_little_goes_to_who_fetches),
        TEST(test_two_lots_end_with_the_first),
        TEST(test_nothing_takes_nobodys_place),
        TEST(test_ends_that_are_far_away),
        TEST(test_tokens_end),
        TEST(test_refusals_are_remembered),
        TEST(test_a_crowd),
        TEST(test_processes_spend_each_token_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
