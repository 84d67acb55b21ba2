/* SPDX-License-Identifier: Apache-2.0
 * test_limiter_crowd.c - four processes at full speed on one client: the moments at which requests
 * were let through never break the rule, and as many are let through as one process gets alone.
 *
 * The clock is a counter that they push on, so that a process that is kept from the processor costs
 * nothing; nobody is more than SKEW behind, as workers are a turn of their loops apart.
 */
#include "limits.h"

#include <string.h>

enum {
    PROCESSES = 4,
    MOST = 500,
    WINDOW = 50, /* ms */
    BURST = 50,
    WINDOWS = 40,
    CLIENT = 7
};

#define SPAN ((ln_nsec)WINDOW * 1000000)
#define LASTS (WINDOWS * SPAN)
#define SKEW ((ln_nsec)100000)
#define BEGIN (100 * SPAN)
#define ROOM ((size_t)(WINDOWS + 3) * MOST)

struct crowd {
    struct limits l;
    _Atomic uint64_t clock, seen[PROCESSES];
    struct {
        _Atomic uint64_t count;
        ln_nsec at[ROOM];
    } passed[PROCESSES];
    _Atomic uint64_t lefts[MOST + 1]; /* how often so much was left */
};

static ln_nsec oldest(struct crowd *c)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < PROCESSES; i++) {
        uint64_t seen = atomic_load(&c->seen[i]);

        least = seen < least ? seen : least;
    }
    return least;
}

static void hammer(void *arg, unsigned number)
{
    struct crowd *c = arg;
    struct ln_rand r;

    ln_rand_init(&r, number + 1);
    for (;;) {
        ln_nsec now = BEGIN + atomic_fetch_add(&c->clock, ln_rand_below(&r, 20000));

        if (now >= BEGIN + LASTS)
            break;
        atomic_store(&c->seen[number], now);
        while (now > oldest(c) + SKEW)
            sched_yield();

        struct ln_limit_answer a = limits_ask(&c->l, CLIENT, 1, LN_PLAN_TAKE, now);

        if (!a.ok)
            continue;
        c->passed[number].at[c->passed[number].count++] = now;
        atomic_fetch_add(&c->lefts[a.left], 1);
    }
    atomic_store(&c->seen[number], UINT64_MAX);
}

static uint64_t alone(enum ln_limit_way way)
{
    struct limits l = limits_new(way, MOST, WINDOW, BURST, 100);
    uint64_t passed = 0;
    struct ln_rand r;

    ln_rand_init(&r, 1);
    for (ln_nsec at = 0; at < LASTS; at += ln_rand_below(&r, 20000))
        passed += limits_take(&l, CLIENT, BEGIN + at);
    limits_free(&l);
    return passed;
}

static int by_time(const void *a, const void *b)
{
    ln_nsec x = *(const ln_nsec *)a, y = *(const ln_nsec *)b;

    return x < y ? -1 : x > y;
}

static ln_nsec *gather(struct crowd *c, uint64_t *count)
{
    ln_nsec *all = malloc(PROCESSES * ROOM * sizeof *all);

    *count = 0;
    for (unsigned i = 0; i < PROCESSES; i++) {
        uint64_t n = atomic_load(&c->passed[i].count);

        memcpy(all + *count, c->passed[i].at, n * sizeof *all);
        *count += n;
    }
    qsort(all, *count, sizeof *all, by_time);
    return all;
}

/* Between one that passed and the n-th after it lies at least so much time. */
static void assert_apart(const ln_nsec *at, uint64_t count, uint64_t n, ln_nsec time)
{
    for (uint64_t i = n; i < count; i++)
        assert_true(at[i] - at[i - n] >= time);
}

/* In any time: at most `most`, and `most` for each window that it lasts. */
static void assert_slope(const ln_nsec *at, uint64_t count, uint64_t most, ln_nsec slack)
{
    double owed = 0; /* a bucket of `most` that fills in a window; what is missing in it */

    for (uint64_t i = 0; i < count; i++) {
        double back = i > 0 ? (double)(at[i] - at[i - 1]) / (double)SPAN * MOST : 0;

        owed = owed > back ? owed - back : 0;
        owed += 1;
        assert_true(owed <= (double)most + (double)slack / (double)SPAN * MOST + 1e-3);
    }
}

static void run(enum ln_limit_way way, void (*judge)(const ln_nsec *at, uint64_t count))
{
    struct crowd *c = zone_new(sizeof *c);
    uint64_t count;

    c->l = limits_new(way, MOST, WINDOW, BURST, 100);
    for (unsigned i = 0; i < PROCESSES; i++)
        atomic_store(&c->seen[i], BEGIN);
    zone_crowd(PROCESSES, hammer, c);

    ln_nsec *at = gather(c, &count);

    judge(at, count);
    assert_true((double)count >= 0.999 * (double)alone(way));
    if (way == LN_LIMIT_FIXED_WINDOW) /* each window has each number once */
        for (unsigned i = 0; i < MOST; i++)
            assert_true(atomic_load(&c->lefts[i]) <= WINDOWS);
    free(at);
    limits_free(&c->l);
    munmap(c, sizeof *c);
}

static void judge_gcra(const ln_nsec *at, uint64_t count)
{
    assert_slope(at, count, BURST, 0);
}

static void judge_log(const ln_nsec *at, uint64_t count)
{
    assert_apart(at, count, MOST, SPAN);
}

static void judge_sliding(const ln_nsec *at, uint64_t count)
{
    assert_slope(at, count, MOST, 2 * SKEW);
}

static void judge_fixed(const ln_nsec *at, uint64_t count)
{
    assert_apart(at, count, 2 * (uint64_t)MOST, SPAN - 2 * SKEW);
}

static void test_gcra(void **state)
{
    (void)state;
    run(LN_LIMIT_GCRA, judge_gcra);
}

static void test_sliding_window(void **state)
{
    (void)state;
    run(LN_LIMIT_SLIDING_WINDOW, judge_sliding);
}

static void test_sliding_log(void **state)
{
    (void)state;
    run(LN_LIMIT_SLIDING_LOG, judge_log);
}

static void test_fixed_window(void **state)
{
    (void)state;
    run(LN_LIMIT_FIXED_WINDOW, judge_fixed);
}

/* A process is killed again and again while it counts; what it leaves is counted by the next. */
struct victim {
    struct limits l;
    _Atomic uint64_t progress, passed;
    ln_nsec now;
};

static void take_for_ever(void *arg, unsigned number)
{
    struct victim *v = arg;

    (void)number;
    for (uint64_t n = 0;; n++) {
        if (limits_take(&v->l, CLIENT, v->now))
            atomic_fetch_add(&v->passed, 1);
        limits_take(&v->l, 1000 + n % 50, v->now);
        atomic_fetch_add(&v->progress, 1);
    }
}

/* One that was counted by the swap before the kill and not yet by `passed` is lost to the client:
 * one at most for each kill. */
static void kill_while_counting(enum ln_limit_way way)
{
    enum { KILLS = 60, ALL = 4000 };

    struct victim *v = zone_new(sizeof *v);
    struct ln_rand r;

    ln_rand_init(&r, (uint64_t)way + 1);
    v->l = limits_new(way, ALL, 3600000, ALL, 1);
    v->now = BEGIN;
    for (unsigned i = 0; i < KILLS; i++)
        zone_kill(take_for_ever, v, 0, &v->progress, 1 + ln_rand_below(&r, 60));
    while (limits_take(&v->l, CLIENT, v->now))
        v->passed++;
    assert_in_range(v->passed, ALL - KILLS, ALL);
    assert_true(limits_take(&v->l, CLIENT, v->now + 2 * v->l.plan.span));
    limits_free(&v->l);
    munmap(v, sizeof *v);
}

static void test_kills(void **state)
{
    (void)state;
    for (enum ln_limit_way way = 0; way < LN_LIMIT_WAYS; way++)
        kill_while_counting(way);
}

/* New identities without end: who is limited stays so, and memory is what it was. */
static void flood(enum ln_limit_way way)
{
    struct limits l = limits_new(way, 5, 60000, 5, 1000);
    unsigned shared = 0;

    assert_true(limits_ask(&l, CLIENT, 5, LN_PLAN_TAKE, BEGIN).ok);
    for (uint64_t n = 1000; n < 100000; n++) {
        shared += limits_ask(&l, n, 1, LN_PLAN_TAKE, BEGIN + n).shared;
        if (n % 1000 == 0)
            assert_false(limits_take(&l, CLIENT, BEGIN + n));
    }
    assert_true(shared > 90000);
    assert_true(limits_take(&l, CLIENT, BEGIN + 2 * l.plan.span));
    limits_free(&l);
}

static void test_a_flood_frees_nobody(void **state)
{
    (void)state;
    for (enum ln_limit_way way = 0; way < LN_LIMIT_WAYS; way++)
        flood(way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gcra),        cmocka_unit_test(test_sliding_window),
        cmocka_unit_test(test_sliding_log), cmocka_unit_test(test_fixed_window),
        cmocka_unit_test(test_kills),       cmocka_unit_test(test_a_flood_frees_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
