/* SPDX-License-Identifier: Apache-2.0
 * test_plan.c - every way to count against a slow model that remembers everything, in virtual time.
 *
 * The models say what the ways promise, in the plainest way. Ten thousand histories each: what
 * passes, what is left, how long to wait to the nanosecond, and when all is back.
 */
#include "limits.h"

#include "base/assert.h"

enum { HISTORIES = 10000, STEPS = 40, CLIENTS = 3, EVENTS = 2 * STEPS };

/* A log tells times apart by this much; time moves by multiples of it here. */
enum { TICK = 4096 };

struct event {
    ln_nsec at;
    uint64_t cost;
};

/* One client: all that was taken. */
struct model {
    struct event taken[EVENTS];
    unsigned count;
    int64_t level; /* gcra: nanoseconds of credit */
    ln_nsec seen;  /* gcra: when the level was that */
};

static uint64_t sum_since(const struct model *m, ln_nsec from, ln_nsec before)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < m->count; i++)
        if (m->taken[i].at >= from && m->taken[i].at < before)
            sum += m->taken[i].cost;
    return sum;
}

/* gcra: a bucket that gets a nanosecond each nanosecond; a unit costs `step` of them. */
static uint64_t credit(struct model *m, const struct ln_plan *p, ln_nsec now)
{
    if (m->seen == 0)
        m->level = (int64_t)p->span;
    m->level += (int64_t)(m->seen == 0 ? 0 : now - m->seen);
    if (m->level > (int64_t)p->span)
        m->level = (int64_t)p->span;
    m->seen = now;
    return m->level > 0 ? (uint64_t)m->level / p->step : 0;
}

/* fixed_window: windows begin with the first request after the one before. */
static uint64_t in_own_window(const struct model *m, const struct ln_plan *p, ln_nsec now)
{
    ln_nsec begin = 0;
    bool any = false;

    for (unsigned i = 0; i < m->count; i++)
        if (!any || m->taken[i].at >= begin + p->span) {
            begin = m->taken[i].at;
            any = true;
        }
    return any && now < begin + p->span ? sum_since(m, begin, now + 1) : 0;
}

static uint64_t in_two_windows(const struct model *m, const struct ln_plan *p, ln_nsec now)
{
    ln_nsec begin = now / p->span * p->span;
    uint64_t before = begin >= p->span ? sum_since(m, begin - p->span, begin) : 0;
    unsigned __int128 weighed = (unsigned __int128)before * (begin + p->span - now);

    return sum_since(m, begin, now + 1) + (uint64_t)((weighed + p->span - 1) / p->span);
}

static uint64_t in_log(const struct model *m, const struct ln_plan *p, ln_nsec now)
{
    uint64_t all = sum_since(m, now >= p->span ? now - p->span + 1 : 0, now + 1);

    return all < p->most ? all : p->most; /* what was charged beyond it is forgiven */
}

static uint64_t left_by_model(struct model *m, const struct ln_plan *p, ln_nsec now)
{
    uint64_t used;

    if (p->way == LN_LIMIT_GCRA)
        return credit(m, p, now);
    used = p->way == LN_LIMIT_FIXED_WINDOW     ? in_own_window(m, p, now)
           : p->way == LN_LIMIT_SLIDING_WINDOW ? in_two_windows(m, p, now)
                                               : in_log(m, p, now);
    return used < p->most ? p->most - used : 0;
}

static void note(struct model *m, const struct ln_plan *p, uint64_t cost, uint64_t left,
                 ln_nsec now)
{
    if (p->way == LN_LIMIT_GCRA) {
        m->level -= (int64_t)(cost * p->step);
        return;
    }
    if (p->way == LN_LIMIT_SLIDING_LOG)
        cost = cost < p->most ? cost : p->most;
    else
        cost = cost < left ? cost : left;
    if (cost > 0)
        m->taken[m->count++] = (struct event){now, cost};
}

static bool by_model(struct model *m, const struct ln_plan *p, uint64_t cost,
                     enum ln_plan_mode mode, ln_nsec now, uint64_t *left)
{
    *left = left_by_model(m, p, now);

    bool ok = mode == LN_PLAN_CHARGE || cost <= *left;

    if (ok && mode != LN_PLAN_LOOK)
        note(m, p, cost, *left, now);
    *left = left_by_model(m, p, now);
    return ok;
}

/* Waiting as long as was said lets the request pass, and one nanosecond less does not. */
static void assert_wait(struct limits *l, unsigned client, uint64_t cost, ln_nsec now,
                        const struct ln_limit_answer *a)
{
    assert_true(a->wait > 0);
    if (cost > l->plan.most) {
        assert_false(limits_ask(l, client, cost, LN_PLAN_LOOK, now + a->wait).ok);
        return;
    }
    assert_true(limits_ask(l, client, cost, LN_PLAN_LOOK, now + a->wait).ok);
    assert_false(limits_ask(l, client, cost, LN_PLAN_LOOK, now + a->wait - 1).ok);
}

static void assert_reset(struct limits *l, unsigned client, ln_nsec now,
                         const struct ln_limit_answer *a)
{
    assert_int_equal(limits_ask(l, client, 0, LN_PLAN_LOOK, now + a->reset).left, l->plan.most);
    if (a->reset > 0)
        assert_true(limits_ask(l, client, 0, LN_PLAN_LOOK, now + a->reset - 1).left <
                    l->plan.most + (a->left == l->plan.most));
    else
        assert_int_equal(a->left, l->plan.most);
}

static ln_nsec advance(struct ln_rand *r, const struct ln_plan *p)
{
    uint64_t most = ln_rand_below(r, 4) == 0 ? 3 * p->span : p->span / (1 + p->most);

    return ln_rand_below(r, most / TICK + 1) * TICK;
}

static void live_through(enum ln_limit_way way, uint64_t seed)
{
    struct ln_rand r;
    struct model m[CLIENTS] = {0};
    ln_nsec now = 5000 * (ln_nsec)TICK;

    ln_rand_init(&r, seed);

    struct limits l = limits_new(way, 1 + ln_rand_below(&r, 12), 1 + ln_rand_below(&r, 5000),
                                 1 + ln_rand_below(&r, 8), 100);

    for (unsigned i = 0; i < STEPS; i++) {
        unsigned client = (unsigned)ln_rand_below(&r, CLIENTS);
        uint64_t cost = ln_rand_below(&r, 3) > 0 ? 1 : ln_rand_below(&r, l.plan.most + 2), left;
        enum ln_plan_mode mode = ln_rand_below(&r, 8) > 1 ? LN_PLAN_TAKE
                                 : ln_rand_below(&r, 2)   ? LN_PLAN_LOOK
                                                          : LN_PLAN_CHARGE;

        now += advance(&r, &l.plan);

        struct ln_limit_answer a = limits_ask(&l, client, cost, mode, now);

        assert_int_equal(a.ok, by_model(&m[client], &l.plan, cost, mode, now, &left));
        assert_int_equal(a.left, left);
        assert_false(a.shared);
        if (a.ok)
            assert_int_equal(a.wait, 0);
        else
            assert_wait(&l, client, cost, now, &a);
        assert_reset(&l, client, now, &a);
    }
    limits_free(&l);
}

static void histories(enum ln_limit_way way)
{
    for (uint64_t seed = 1; seed <= zone_rounds(HISTORIES); seed++)
        live_through(way, seed);
}

static void test_gcra_is_its_model(void **state)
{
    (void)state;
    histories(LN_LIMIT_GCRA);
}

static void test_sliding_window_is_its_model(void **state)
{
    (void)state;
    histories(LN_LIMIT_SLIDING_WINDOW);
}

static void test_sliding_log_is_its_model(void **state)
{
    (void)state;
    histories(LN_LIMIT_SLIDING_LOG);
}

static void test_fixed_window_is_its_model(void **state)
{
    (void)state;
    histories(LN_LIMIT_FIXED_WINDOW);
}

static void test_what_cannot_be_counted_is_said(void **state)
{
    struct ln_limit l = {LN_LIMIT_SLIDING_LOG, LN_PLAN_LOG_MAX, 1000, 1};

    (void)state;
    assert_null(ln_plan_refusal(&l));
    l.count++;
    assert_non_null(strstr(ln_plan_refusal(&l), "4000"));
    l.way = LN_LIMIT_SLIDING_WINDOW;
    assert_null(ln_plan_refusal(&l));
    l.count = LN_PLAN_WINDOW_MAX + 1;
    assert_non_null(strstr(ln_plan_refusal(&l), "16000000"));
    l.way = LN_LIMIT_FIXED_WINDOW;
    assert_non_null(ln_plan_refusal(&l));
    l.way = LN_LIMIT_GCRA;
    assert_null(ln_plan_refusal(&l));
}

/* The largest of everything, a nanosecond apart and years apart. */
static void test_large_numbers(void **state)
{
    static const struct ln_limit all[] = {
        {LN_LIMIT_SLIDING_LOG, LN_PLAN_LOG_MAX, UINT64_MAX, 1},
        {LN_LIMIT_SLIDING_WINDOW, LN_PLAN_WINDOW_MAX, UINT64_MAX, 1},
        {LN_LIMIT_FIXED_WINDOW, LN_PLAN_WINDOW_MAX, UINT64_MAX, 1},
        {LN_LIMIT_GCRA, 1000000000, UINT64_MAX, 1000000000},
        {LN_LIMIT_SLIDING_WINDOW, LN_PLAN_WINDOW_MAX, 1, 1},
        {LN_LIMIT_FIXED_WINDOW, LN_PLAN_WINDOW_MAX, 1, 1},
        {LN_LIMIT_GCRA, UINT64_MAX, 1, UINT64_MAX},
        {LN_LIMIT_SLIDING_LOG, 1, 1, 1},
    };
    ln_nsec now = (ln_nsec)1 << 57;

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(all); i++) {
        struct limits l = limits_new(all[i].way, all[i].count, all[i].per, all[i].burst, 1);

        assert_true(limits_ask(&l, 1, l.plan.most, LN_PLAN_TAKE, now).ok);
        assert_false(limits_ask(&l, 1, l.plan.most, LN_PLAN_TAKE, now + 1).ok);
        assert_false(limits_ask(&l, 1, UINT64_MAX, LN_PLAN_TAKE, now + 1).ok);
        assert_true(limits_ask(&l, 1, UINT64_MAX, LN_PLAN_CHARGE, now + 1).ok);
        assert_false(limits_ask(&l, 1, l.plan.most, LN_PLAN_TAKE, now + 2).ok);
        assert_true(limits_ask(&l, 2, 1, LN_PLAN_TAKE, now).ok);
        limits_free(&l);
    }
}

static void test_debt_of_a_bucket_is_paid_and_that_of_a_window_forgiven(void **state)
{
    const ln_nsec second = ZONE_SECOND, now = 10 * second;
    struct limits l = limits_new(LN_LIMIT_GCRA, 10, 1000, 10, 1);

    (void)state;
    assert_true(limits_ask(&l, 1, 35, LN_PLAN_CHARGE, now).ok);
    assert_int_equal(limits_ask(&l, 1, 1, LN_PLAN_TAKE, now).wait, 26 * second / 10);
    assert_false(limits_take(&l, 1, now + 26 * second / 10 - 1));
    assert_true(limits_take(&l, 1, now + 26 * second / 10));
    limits_free(&l);
    l = limits_new(LN_LIMIT_FIXED_WINDOW, 10, 1000, 1, 1);
    assert_true(limits_ask(&l, 1, 35, LN_PLAN_CHARGE, now).ok);
    assert_false(limits_take(&l, 1, now + second - 1));
    assert_int_equal(limits_ask(&l, 1, 1, LN_PLAN_TAKE, now + second).left, 9);
    limits_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gcra_is_its_model),
        cmocka_unit_test(test_sliding_window_is_its_model),
        cmocka_unit_test(test_sliding_log_is_its_model),
        cmocka_unit_test(test_fixed_window_is_its_model),
        cmocka_unit_test(test_what_cannot_be_counted_is_said),
        cmocka_unit_test(test_large_numbers),
        cmocka_unit_test(test_debt_of_a_bucket_is_paid_and_that_of_a_window_forgiven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
