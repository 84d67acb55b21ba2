/* SPDX-License-Identifier: Apache-2.0
 * test_limiter_steps.c - the limiter under chosen interleavings: at every swap that one worker is
 * about to make, another one does something first, or the first one dies.
 *
 * Processes that race by chance meet the narrow windows too rarely. Here the swaps are ours, of
 * states and of a log's cells: they call a hook. Every race is tried with every way to count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define ln_pair_cas real_cas
#include "shm/pair.h"
#undef ln_pair_cas
#define ln_word_cas real_word_cas
#define ln_word_get real_word_get
#include "shm/word.h"
#undef ln_word_cas
#undef ln_word_get

static struct {
    unsigned at; /* the hook is called before the at-th swap from now, or after it */
    bool after;
    void (*hook)(void);
    void (*on_get)(void); /* before a cell of a log is read */
} swaps;

/* What is to be called after the swap. */
static void (*before_swap(void))(void)
{
    void (*hook)(void) = swaps.hook;

    if (hook == NULL || swaps.at-- > 0)
        return NULL;
    swaps.hook = NULL; /* what the hook does is not disturbed itself */
    if (swaps.after)
        return hook;
    hook();
    return NULL;
}

static bool ln_pair_cas(struct ln_pair *p, struct ln_pair from, struct ln_pair to)
{
    void (*hook)(void) = before_swap();
    bool done = real_cas(p, from, to);

    if (hook != NULL)
        hook();
    return done;
}

static bool ln_word_cas(uint64_t *w, uint64_t from, uint64_t to)
{
    void (*hook)(void) = before_swap();
    bool done = real_word_cas(w, from, to);

    if (hook != NULL)
        hook();
    return done;
}

static uint64_t ln_word_get(const uint64_t *w)
{
    void (*hook)(void) = swaps.on_get;

    swaps.on_get = NULL;
    if (hook != NULL)
        hook();
    return real_word_get(w);
}

#include "shm/limiter.c" /* the real ones, on our swaps */
#include "shm/plan.c"

enum { STEPS = 10, MOST = 3 };

static const ln_nsec NOW = 9000ull * TICK;
static struct {
    struct set set;
    uint64_t cells[(WAYS + 1) * MOST];
} zone[1];
static jmp_buf death;
static struct ln_limit_answer first, second;
static uint64_t second_hash, second_cost;
static enum ln_limit_way way; /* that is tried */

static const struct ln_plan *limit(void)
{
    static struct ln_plan p;
    bool is_bucket = way == LN_LIMIT_GCRA;

    p = ln_plan_make(&(struct ln_limit){way, is_bucket ? 1 : MOST, is_bucket ? 1000 : 3000, MOST});
    return &p;
}

/* After this long, nothing is known any more of a client that has taken one unit. */
static ln_nsec until_forgotten(void)
{
    switch (way) {
    case LN_LIMIT_GCRA:
        return limit()->step + 1;
    case LN_LIMIT_SLIDING_WINDOW:
        return NOW / limit()->span * limit()->span + limit()->step + 2 * limit()->span + 1 - NOW;
    case LN_LIMIT_FIXED_WINDOW:
        return limit()->step + limit()->span;
    default:
        return limit()->span;
    }
}

static struct ln_limit_answer take(uint64_t hash, uint64_t cost, ln_nsec now)
{
    struct ln_limit_answer a;
    struct ln_limiter_zone z;

    ln_limiter_open(&z, limit(), zone, sizeof zone);
    ln_limiter_take(&z, limit(), hash, cost, LN_PLAN_TAKE, now, &a);
    return a;
}

static void another_takes(void)
{
    second = take(second_hash, second_cost, NOW);
}

static void die(void)
{
    longjmp(death, 1);
}

static void fill(unsigned ways)
{
    memset(zone, 0, sizeof zone);
    for (unsigned i = 0; i < ways; i++)
        assert_true(take(1000 + i, 1, NOW).ok);
}

static unsigned ways_of(uint64_t hash)
{
    unsigned n = 0;

    for (unsigned i = 0; i < WAYS; i++)
        n += zone[0].set.way[i].id >> LN_PLAN_MORE_BITS == hash;
    return n;
}

/* How many single tokens the client still gets. */
static unsigned drain(uint64_t hash)
{
    unsigned n = 0;

    while (take(hash, 1, NOW).ok)
        n++;
    return n;
}

static void take_until_death(uint64_t hash)
{
    if (setjmp(death) == 0)
        first = take(hash, 1, NOW);
}

/* One token is taken, with the hook at each of the swaps that this needs; `check` judges after
 * each. */
static void at_every_step(unsigned ways, uint64_t hash, void (*hook)(void), void (*check)(void))
{
    for (unsigned step = 0; step < STEPS; step++)
        for (unsigned after = 0; after < 2; after++) {
            fill(ways);
            swaps.at = step;
            swaps.after = after;
            swaps.hook = hook;
            take_until_death(hash);
            swaps.hook = NULL;
            check();
        }
}

static void check_same_client(void)
{
    assert_true(first.ok);
    assert_true(ways_of(7) <= 1);
    assert_int_equal(zone[0].set.claim.id >> LN_PLAN_MORE_BITS, 0);
    /* Of three tokens two were asked for, if the other was there at all. */
    assert_int_equal(drain(7), second.ok ? 1 : 2);
    second.ok = false;
}

static void test_two_workers_with_one_new_client(void **state)
{
    (void)state;
    second_hash = 7;
    second_cost = 1;
    for (way = 0; way < LN_LIMIT_WAYS; way++)
        for (unsigned ways = 0; ways <= WAYS; ways++)
            at_every_step(ways, 7, another_takes, check_same_client);
}

static void check_two_clients(void)
{
    assert_true(first.ok);
    assert_true(ways_of(7) <= 1 && ways_of(8) <= 1);
    if (ways_of(7) == 1)
        assert_int_equal(drain(7), 2);
    if (ways_of(8) == 1)
        assert_int_equal(drain(8), second.ok ? 2 : 3);
    assert_true(drain(7) + drain(8) <= 4);
    second.ok = false;
}

static void test_two_workers_with_two_new_clients_for_the_last_way(void **state)
{
    (void)state;
    second_hash = 8;
    second_cost = 1;
    for (way = 0; way < LN_LIMIT_WAYS; way++)
        for (unsigned ways = WAYS - 2; ways <= WAYS; ways++)
            at_every_step(ways, 7, another_takes, check_two_clients);
}

/* By the state of a log alone: its place in a ring that began at 0. -1: it has no way. */
static int counted_by_state(uint64_t hash)
{
    for (unsigned i = 0; i < WAYS; i++)
        if (zone[0].set.way[i].id >> LN_PLAN_MORE_BITS == hash)
            return (int)(zone[0].set.way[i].id & MORE_MASK) >> LOG_BITS;
    return -1;
}

/* What was counted when the worker died is counted once; the next newcomer finishes what was begun.
 */
static void check_after_death(void)
{
    int counted = counted_by_state(7);
    unsigned left = drain(7);
    ln_nsec then = NOW + 3 * limit()->span;

    assert_true(left == 2 || left == 3);
    if (way == LN_LIMIT_SLIDING_LOG && counted >= 0)
        assert_int_equal(left, MOST - counted); /* what the state says, and not the cells */
    assert_false(take(7, 1, NOW).ok);
    if (way == LN_LIMIT_GCRA) {
        assert_true(take(7, 1, NOW + limit()->step).ok);
        assert_false(take(7, 1, NOW + limit()->step).ok);
    }
    assert_true(take(8, 3, then).ok);
    assert_false(take(8, 1, then).ok);
    assert_true(take(7, 3, then).ok);
    assert_false(take(7, 1, then).ok);
    assert_true(ways_of(7) == 1 && ways_of(8) == 1);
    assert_int_equal(zone[0].set.claim.id >> LN_PLAN_MORE_BITS, 0);
}

static void test_death_at_every_swap(void **state)
{
    (void)state;
    for (way = 0; way < LN_LIMIT_WAYS; way++)
        for (unsigned ways = 0; ways <= WAYS; ways++)
            at_every_step(ways, 7, die, check_after_death);
}

/* While one is about to be counted in the shared bucket, a way becomes free and another worker
 * gives it to the client. */
static void a_way_is_taken(void)
{
    second = take(7, 3, NOW + 3 * limit()->span);
}

static void move_out_late(void)
{
    ln_nsec then = NOW + 3 * limit()->span;

    fill(WAYS);
    swaps.at = 0; /* the swap of the shared bucket */
    swaps.after = false;
    swaps.hook = a_way_is_taken;
    first = take(7, 1, NOW);
    assert_null(swaps.hook);
    assert_true(second.ok); /* its whole bucket, at the later time */
    assert_false(first.ok); /* and not one more from the shared one */
    assert_int_equal(ways_of(7), 1);
    assert_false(take(7, 1, then).ok);
    assert_true(take(8, 1, then).ok);
}

static void test_moving_out_of_the_shared_bucket_is_seen_by_who_is_late(void **state)
{
    (void)state;
    for (way = 0; way < LN_LIMIT_WAYS; way++)
        move_out_late();
}

/* The entry that a claim wants to replace is used again just before: the claim is void, nobody is
 * charged for another. */
static void the_old_client_returns(void)
{
    second = take(1000, 3, NOW + until_forgotten());
}

static void use_the_victim_again(void)
{
    ln_nsec then = NOW + until_forgotten(); /* all entries have just become free */

    for (unsigned step = 0; step < STEPS; step++)
        for (unsigned after = 0; after < 2; after++) {
            fill(WAYS);
            swaps.at = step;
            swaps.after = after;
            swaps.hook = the_old_client_returns;
            first = take(7, 1, then);
            if (swaps.hook != NULL) { /* there were fewer swaps */
                swaps.hook = NULL;
                continue;
            }
            assert_true(first.ok);
            assert_true(second.ok);
            assert_int_equal(ways_of(7), 1);
            assert_int_equal(ways_of(1000), 1);
            assert_false(take(1000, 1, then).ok);
            assert_int_equal(take(7, 0, then).left, 2);
        }
}

static void test_a_victim_that_is_used_again_keeps_its_entry(void **state)
{
    (void)state;
    for (way = 0; way < LN_LIMIT_WAYS; way++)
        use_the_victim_again();
}

/* Another worker's clock is a little ahead, so it would choose another way for the same client. */
static void another_takes_later(void)
{
    second = take(7, 1, NOW + limit()->span + 1);
}

static void test_two_workers_that_would_choose_different_ways(void **state)
{
    (void)state;
    way = LN_LIMIT_GCRA; /* with others all become free at one time */
    for (unsigned step = 0; step < STEPS; step++)
        for (unsigned after = 0; after < 2; after++) {
            memset(zone, 0, sizeof zone);
            assert_true(take(1000, 3, NOW).ok); /* expires last, stands first */
            for (unsigned i = 1; i < WAYS; i++)
                assert_true(take(1000 + i, 1, NOW).ok);
            second.ok = false;
            swaps.at = step;
            swaps.after = after;
            swaps.hook = another_takes_later;
            first = take(7, 1, NOW + limit()->step + 1);
            swaps.hook = NULL;
            assert_true(first.ok || second.ok); /* to the slower clock the bucket may look empty */
            assert_int_equal(ways_of(7), 1);
        }
}

/* A worker is kept from the processor before it writes the cell of its request; by then all of the
 * ring belongs to later ones. */
static void three_come_later(void)
{
    second = take(7, 3, NOW + limit()->span);
}

static void test_a_cell_that_is_written_late_forgets_nobody(void **state)
{
    (void)state;
    way = LN_LIMIT_SLIDING_LOG;
    fill(0);
    assert_true(take(7, 1, NOW).ok);
    swaps.at = 0; /* the swap of the state */
    swaps.after = true;
    swaps.hook = three_come_later;
    first = take(7, 1, NOW + 1);
    assert_null(swaps.hook);
    assert_true(first.ok);
    assert_false(second.ok); /* of three places one is taken for a tick longer */
    fill(0);
    swaps.at = 4; /* the state of a new client, after its claim */
    swaps.hook = three_come_later;
    first = take(7, 1, NOW);
    assert_null(swaps.hook);
    assert_true(first.ok && second.ok);
    assert_false(take(7, 1, NOW + limit()->span).ok);
    assert_false(take(7, 1, NOW + 2 * limit()->span - 1).ok);
    assert_true(take(7, 1, NOW + 2 * limit()->span + TICK).ok);
}

/* Cells that change while they are read must not make a refusal that no moment deserves. */
static void two_are_taken(void)
{
    second = take(7, 2, NOW + 2 * limit()->span);
}

static void test_a_refusal_is_of_one_moment(void **state)
{
    (void)state;
    way = LN_LIMIT_SLIDING_LOG;
    fill(0);
    assert_true(take(7, 3, NOW).ok);
    swaps.on_get = NULL;
    for (unsigned skip = 0; skip < 2; skip++) {
        swaps.on_get = two_are_taken;
        first = take(7, 1, NOW + 2 * limit()->span);
        assert_null(swaps.on_get);
        assert_true(second.ok);
        assert_true(first.ok);
        assert_false(take(7, 1, NOW + 2 * limit()->span).ok);
        fill(0);
        assert_true(take(7, 3, NOW).ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_workers_with_one_new_client),
        cmocka_unit_test(test_two_workers_with_two_new_clients_for_the_last_way),
        cmocka_unit_test(test_death_at_every_swap),
        cmocka_unit_test(test_moving_out_of_the_shared_bucket_is_seen_by_who_is_late),
        cmocka_unit_test(test_two_workers_that_would_choose_different_ways),
        cmocka_unit_test(test_a_victim_that_is_used_again_keeps_its_entry),
        cmocka_unit_test(test_a_cell_that_is_written_late_forgets_nobody),
        cmocka_unit_test(test_a_refusal_is_of_one_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
