/* SPDX-License-Identifier: Apache-2.0
 * test_rand.c - random numbers: repeatable from a seed, within bounds, evenly spread.
 */
#include "unit.h"

#include "base/rand.h"

static void test_one_seed_gives_one_sequence(void **state)
{
    struct ln_rand a, b;

    (void)state;
    ln_rand_init(&a, 99);
    ln_rand_init(&b, 99);
    for (int i = 0; i < 100; i++)
        assert_true(ln_rand_next(&a) == ln_rand_next(&b));
}

/* The recurrence from the authors' paper, on a state that can be followed by hand: with s = {1, 2,
 * 3, 4} the first two outputs are rotl(2 * 5, 7) * 9 and rotl(0 * 5, 7) * 9. */
static void test_the_first_numbers_are_the_papers(void **state)
{
    struct ln_rand r = {{1, 2, 3, 4}};

    (void)state;
    assert_true(ln_rand_next(&r) == 11520);
    assert_true(ln_rand_next(&r) == 0);
    assert_true(ln_rand_next(&r) == 1509978240);
}

static void test_other_seeds_give_other_sequences(void **state)
{
    struct ln_rand a, b;

    (void)state;
    ln_rand_init(&a, 1);
    ln_rand_init(&b, 2);
    assert_true(ln_rand_next(&a) != ln_rand_next(&b));
}

static void test_seed_zero_asks_the_kernel(void **state)
{
    struct ln_rand a, b;

    (void)state;
    ln_rand_init(&a, 0);
    ln_rand_init(&b, 0);
    assert_true(ln_rand_next(&a) != ln_rand_next(&b) || ln_rand_next(&a) != ln_rand_next(&b));
}

static void test_below_stays_below(void **state)
{
    struct ln_rand r;

    (void)state;
    ln_rand_init(&r, 5);
    for (uint64_t below = 1; below < 300; below++)
        for (int i = 0; i < 20; i++)
            assert_true(ln_rand_below(&r, below) < below);
    assert_true(ln_rand_below(&r, 1) == 0);
}

static void test_below_is_even(void **state)
{
    enum { SIDES = 7, THROWS = 70000 };
    int seen[SIDES] = {0};
    struct ln_rand r;

    (void)state;
    ln_rand_init(&r, 6);
    for (int i = 0; i < THROWS; i++)
        seen[ln_rand_below(&r, SIDES)]++;
    for (int side = 0; side < SIDES; side++) /* five standard deviations of about 93 */
        assert_in_range(seen[side], THROWS / SIDES - 465, THROWS / SIDES + 465);
}

static void test_the_kernel_fills_every_byte(void **state)
{
    unsigned char bytes[1000] = {0}, seen = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        ln_rand_bytes(bytes, sizeof bytes);
        seen |= bytes[sizeof bytes - 1];
    }
    assert_int_not_equal(seen, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_seed_gives_one_sequence),
        cmocka_unit_test(test_the_first_numbers_are_the_papers),
        cmocka_unit_test(test_other_seeds_give_other_sequences),
        cmocka_unit_test(test_seed_zero_asks_the_kernel),
        cmocka_unit_test(test_below_stays_below),
        cmocka_unit_test(test_below_is_even),
        cmocka_unit_test(test_the_kernel_fills_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
