/* SPDX-License-Identifier: Apache-2.0
 * test_budget.c - repeats never exceed their share of what was asked lately, and never stop
 * altogether.
 */
#include "unit.h"

#include "base/rand.h"
#include "upstream/budget.h"

enum { CELL = 1 << LN_BUDGET_CELL_SHIFT, START = 1000 * CELL };

static unsigned take_all(struct ln_budget *b, double share, ln_msec now)
{
    unsigned n = 0;

    while (n < 100000 && ln_budget_take(b, share, now))
        n++;
    return n;
}

static void note(struct ln_budget *b, unsigned n, ln_msec now)
{
    while (n-- > 0)
        ln_budget_note(b, now);
}

static void test_the_floor(void **state)
{
    struct ln_budget b = {0};

    (void)state;
    assert_int_equal(take_all(&b, 0, START), LN_BUDGET_FLOOR);
    assert_int_equal(take_all(&b, 0, START + CELL - 1), 0);
    assert_int_equal(take_all(&b, 0, START + CELL), LN_BUDGET_FLOOR);
    b = (struct ln_budget){0};
    assert_int_equal(take_all(&b, 0, 0), LN_BUDGET_FLOOR); /* a machine that has just begun */
}

static void test_the_share(void **state)
{
    struct ln_budget b = {0};

    (void)state;
    note(&b, 1000, START);
    assert_int_equal(take_all(&b, 0.2, START), 200);
    note(&b, 500, START + CELL);
    assert_int_equal(take_all(&b, 0.2, START + CELL), 100);
    note(&b, 5, START + 2 * CELL); /* hardly anything: what is left is the floor */
    assert_int_equal(take_all(&b, 0.2, START + 2 * CELL), LN_BUDGET_FLOOR);
}

static void test_what_is_old_does_not_count(void **state)
{
    struct ln_budget b = {0};

    (void)state;
    note(&b, 1000, START);
    assert_int_equal(take_all(&b, 0.2, START + (LN_BUDGET_CELLS - 1) * CELL), 200);
    b = (struct ln_budget){0};
    note(&b, 1000, START);
    assert_int_equal(take_all(&b, 0.2, START + LN_BUDGET_CELLS * CELL), LN_BUDGET_FLOOR);
    note(&b, 1000, START + 1000 * CELL);
    assert_int_equal(take_all(&b, 0.2, START + 1000 * CELL), 200);
}

static void test_off(void **state)
{
    struct ln_budget b = {0};

    (void)state;
    assert_int_equal(take_all(&b, -1, START), 100000);
}

/* Whatever comes when: in no window are there more than the share and the floors. */
static void test_no_window_exceeds_it(void **state)
{
    enum { TICKS = 400 };
    struct ln_budget b = {0};
    struct ln_rand rand;
    unsigned requests[TICKS], repeats[TICKS];

    (void)state;
    ln_rand_init(&rand, 42);
    for (unsigned t = 0; t < TICKS; t++) {
        ln_msec now = START + (ln_msec)t * CELL + ln_rand_below(&rand, CELL);

        requests[t] = (unsigned)ln_rand_below(&rand, t % 3 == 0 ? 1000 : 20);
        note(&b, requests[t], now);
        repeats[t] = take_all(&b, 0.2, now);

        unsigned asked = 0, repeated = 0;

        for (unsigned k = t < LN_BUDGET_CELLS - 1 ? 0 : t - (LN_BUDGET_CELLS - 1); k <= t; k++) {
            asked += requests[k];
            repeated += repeats[k];
        }
        assert_true(repeats[t] >= LN_BUDGET_FLOOR);
        assert_true(repeats[t] == LN_BUDGET_FLOOR || repeated <= asked * 0.2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_floor),
        cmocka_unit_test(test_the_share),
        cmocka_unit_test(test_what_is_old_does_not_count),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_no_window_exceeds_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
