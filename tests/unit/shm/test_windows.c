/* SPDX-License-Identifier: Apache-2.0
 * test_windows.c - several windows as one: all let pass or none counts, and the tightest answers.
 */
#include "zone.h"

#include "shm/windows.h"

enum { NOW = 1000000 };

struct pair {
    struct ln_limit_window w[2];
    void *at[2];
    size_t size;
};

static void open_pair(struct pair *p, uint64_t first, uint64_t second)
{
    const struct ln_limit limits[2] = {{LN_LIMIT_FIXED_WINDOW, first, 1000, 1},
                                       {LN_LIMIT_FIXED_WINDOW, second, 60000, 1}};

    memset(p, 0, sizeof *p);
    for (unsigned i = 0; i < 2; i++) {
        p->w[i].plan = ln_plan_make(&limits[i]);
        p->size = ln_limiter_size(&p->w[i].plan, 100);
        p->at[i] = zone_new(p->size);
        ln_limiter_open(&p->w[i].zone, &p->w[i].plan, p->at[i], p->size);
    }
    p->w[0].also = &p->w[1];
}

static void close_pair(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++)
        munmap(p->at[i], p->size);
}

static struct ln_limit_answer ask(const struct pair *p, uint64_t cost, enum ln_plan_mode mode,
                                  ln_nsec now, unsigned which)
{
    struct ln_limit_answer a;

    assert_int_equal(ln_windows_take(p->w, zone_id(1), cost, mode, now, &a), which);
    return a;
}

static void test_none_counts_what_another_refuses(void **state)
{
    struct pair p;

    (void)state;
    open_pair(&p, 2, 3);
    assert_int_equal(ask(&p, 1, LN_PLAN_TAKE, NOW, 1).left, 1);
    assert_int_equal(ask(&p, 1, LN_PLAN_TAKE, NOW, 1).left, 0);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(ask(&p, 1, LN_PLAN_TAKE, NOW, 1).wait, ZONE_SECOND);
    assert_true(ask(&p, 1, LN_PLAN_TAKE, NOW + ZONE_SECOND, 2).ok);
    assert_int_equal(ask(&p, 1, LN_PLAN_TAKE, NOW + ZONE_SECOND, 2).wait, 59ull * ZONE_SECOND);
    assert_int_equal(p.w[0].plan.most, 2);
    close_pair(&p);
}

static void test_who_refuses_longest_answers(void **state)
{
    struct pair p;

    (void)state;
    open_pair(&p, 3, 3);
    assert_true(ask(&p, 3, LN_PLAN_TAKE, NOW, 2).ok); /* the same is left: for longer */
    assert_int_equal(ask(&p, 1, LN_PLAN_TAKE, NOW, 2).wait, 60ull * ZONE_SECOND);
    close_pair(&p);
}

static void test_a_look_takes_of_none_and_a_charge_of_all(void **state)
{
    struct pair p;

    (void)state;
    open_pair(&p, 2, 9);
    for (unsigned i = 0; i < 5; i++)
        assert_true(ask(&p, 2, LN_PLAN_LOOK, NOW, 1).ok);
    assert_false(ask(&p, 3, LN_PLAN_LOOK, NOW, 1).ok);
    assert_true(ask(&p, 5, LN_PLAN_CHARGE, NOW, 1).ok);
    assert_false(ask(&p, 1, LN_PLAN_TAKE, NOW, 1).ok);
    assert_int_equal(ask(&p, 1, LN_PLAN_TAKE, NOW + ZONE_SECOND, 1).left, 1);
    assert_int_equal(ask(&p, 3, LN_PLAN_LOOK, NOW + 2 * (ln_nsec)ZONE_SECOND, 1).left, 2);
    close_pair(&p);
}

static void test_salts_tell_limits_apart(void **state)
{
    struct pair p;
    struct ln_limit_answer a;

    (void)state;
    open_pair(&p, 1, 1);
    p.w[0].also = NULL;
    ln_windows_take(p.w, zone_id(1), 1, LN_PLAN_TAKE, NOW, &a);
    p.w[0].salt = 1234567;
    ln_windows_take(p.w, zone_id(1), 1, LN_PLAN_TAKE, NOW, &a);
    assert_true(a.ok);
    ln_windows_take(p.w, zone_id(1), 1, LN_PLAN_TAKE, NOW, &a);
    assert_false(a.ok);
    close_pair(&p);
}

/* Clients of a shorter window look for room in the zone of a longer one. */
static void test_a_shorter_window_frees_nobody_of_a_longer_one(void **state)
{
    static const enum ln_limit_way ways[] = {LN_LIMIT_FIXED_WINDOW, LN_LIMIT_SLIDING_WINDOW,
                                             LN_LIMIT_SLIDING_LOG};
    const ln_nsec now = 1000 * (ln_nsec)ZONE_SECOND;

    (void)state;
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct ln_limit longer = {ways[i], 5, 60000, 1}, shorter = {ways[i], 5, 1000, 1};
        struct ln_limit_window w = {.plan = ln_plan_make(&longer)}, other;
        size_t size = ln_limiter_size(&w.plan, 16); /* one set */
        void *at = zone_new(size);
        struct ln_limit_answer a;

        ln_limiter_open(&w.zone, &w.plan, at, size);
        other = w;
        other.plan = ln_plan_make(&shorter);
        ln_windows_take(&w, zone_id(1), 4, LN_PLAN_TAKE, now, &a);
        assert_true(a.ok);
        for (unsigned k = 2; k < 6; k++)
            ln_windows_take(&other, zone_id(k), 1, LN_PLAN_TAKE, now + 50 * (ln_nsec)ZONE_SECOND,
                            &a);
        ln_windows_take(&w, zone_id(1), 5, LN_PLAN_TAKE, now + 52 * (ln_nsec)ZONE_SECOND, &a);
        assert_false(a.ok);
        ln_windows_take(&w, zone_id(1), 5, LN_PLAN_TAKE, now + 200 * (ln_nsec)ZONE_SECOND, &a);
        assert_true(a.ok);
        munmap(at, size);
    }
}

static void test_names_of_zones(void **state)
{
    struct ln_plan gcra = ln_plan_make(&(struct ln_limit){LN_LIMIT_GCRA, 1, 1, 1});
    struct ln_plan log = ln_plan_make(&(struct ln_limit){LN_LIMIT_SLIDING_LOG, 20, 1000, 1});
    struct ln_plan fixed = ln_plan_make(&(struct ln_limit){LN_LIMIT_FIXED_WINDOW, 20, 1000, 1});
    struct ln_arena a;

    (void)state;
    ln_arena_init(&a, NULL);
    assert_slice(ln_windows_name(&a, LN_SLICE("z"), &gcra, 0), "z");
    assert_slice(ln_windows_name(&a, LN_SLICE("z"), &gcra, 2), "z\n3");
    assert_slice(ln_windows_name(&a, LN_SLICE("z"), &log, 0), "z\nsliding_log20\n1000");
    assert_slice(ln_windows_name(&a, LN_SLICE("z"), &fixed, 1), "z\n2\nfixed_window\n1000");
    ln_arena_reset(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_counts_what_another_refuses),
        cmocka_unit_test(test_who_refuses_longest_answers),
        cmocka_unit_test(test_a_look_takes_of_none_and_a_charge_of_all),
        cmocka_unit_test(test_salts_tell_limits_apart),
        cmocka_unit_test(test_a_shorter_window_frees_nobody_of_a_longer_one),
        cmocka_unit_test(test_names_of_zones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
