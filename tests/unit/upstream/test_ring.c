/* SPDX-License-Identifier: Apache-2.0
 * test_ring.c - smooth orders, exact shares in any window of the ring's length, and bounds.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/assert.h"
#include "upstream/ring.h"

/* The ring as letters. */
static const char *order(const unsigned *weights, unsigned count)
{
    static char text[64];
    struct ln_ring ring;

    ln_ring_init(&ring, weights, count);
    assert_true(ring.size < sizeof text);
    for (unsigned i = 0; i < ring.size; i++)
        text[i] = (char)('a' + ring.at[i]);
    text[ring.size] = '\0';
    ln_ring_fini(&ring);
    assert_int_equal(ring.size, 0);
    return text;
}

#define ORDER(...)                                                                                 \
    order((const unsigned[]){__VA_ARGS__},                                                         \
          sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static void test_equal_weights_take_turns(void **state)
{
    (void)state;
    assert_string_equal(ORDER(1), "a");
    assert_string_equal(ORDER(1, 1), "ab");
    assert_string_equal(ORDER(1, 1, 1, 1), "abcd");
}

static void test_weights_are_spread_smoothly(void **state)
{
    (void)state;
    assert_string_equal(ORDER(5, 1, 1), "aabacaa");
    assert_string_equal(ORDER(5, 3, 2), "abcaabacba");
    assert_string_equal(ORDER(2, 1), "aba");
    assert_string_equal(ORDER(1, 2), "bab");
}

static void test_a_common_divisor_is_taken_out(void **state)
{
    (void)state;
    assert_string_equal(ORDER(50, 10, 10), "aabacaa");
    assert_string_equal(ORDER(65535, 65535), "ab");
    assert_string_equal(ORDER(300, 300, 300), "abc");
    assert_string_equal(ORDER(65535), "a");
}

static void test_no_instances_no_ring(void **state)
{
    struct ln_ring ring;

    (void)state;
    ln_ring_init(&ring, NULL, 0);
    assert_int_equal(ring.size, 0);
    assert_null(ring.at);
    ln_ring_fini(&ring);
}

/* In every window of the ring's length, wherever it begins, each instance is met exactly as often
 * as its weight says: slides a window over two rounds and keeps count. */
static void assert_exact(const unsigned *weights, unsigned count)
{
    struct ln_ring ring;
    unsigned *met = calloc(count, sizeof *met), sum = 0;

    assert_non_null(met);
    ln_ring_init(&ring, weights, count);
    for (unsigned i = 0; i < count; i++)
        sum += weights[i];
    assert_int_equal(ring.size, sum);
    for (unsigned i = 0; i < 2 * ring.size; i++) {
        met[ring.at[i % ring.size]]++;
        if (i >= ring.size)
            met[ring.at[i - ring.size]]--;
        for (unsigned k = 0; i + 1 >= ring.size && k < count; k++)
            assert_int_equal(met[k], weights[k]);
    }
    ln_ring_fini(&ring);
    free(met);
}

static void test_shares_are_exact_in_every_window(void **state)
{
    static const unsigned a[] = {5, 3, 2}, b[] = {5, 1, 1}, c[] = {100, 1},
                          d[] = {7, 7, 3, 1, 1, 11}, e[] = {1, 2, 3, 4, 5, 6};

    (void)state;
    assert_exact(a, LN_ARRAY_LEN(a));
    assert_exact(b, LN_ARRAY_LEN(b));
    assert_exact(c, LN_ARRAY_LEN(c));
    assert_exact(d, LN_ARRAY_LEN(d));
    assert_exact(e, LN_ARRAY_LEN(e));
}

/* Smooth: however far a client has come, no instance is a whole visit behind or ahead of its share.
 */
static void test_nobody_waits_long(void **state)
{
    static const unsigned weights[] = {13, 8, 5, 3, 2, 1};
    struct ln_ring ring;
    unsigned met[LN_ARRAY_LEN(weights)] = {0};

    (void)state;
    ln_ring_init(&ring, weights, LN_ARRAY_LEN(weights));
    for (unsigned i = 0; i < ring.size; i++) {
        met[ring.at[i]]++;
        for (unsigned k = 0; k < LN_ARRAY_LEN(weights); k++) {
            double share = (double)weights[k] * (i + 1) / ring.size, off = (double)met[k] - share;

            assert_true(off > -2.0 && off < 2.0);
        }
    }
    ln_ring_fini(&ring);
}

static void test_random_weights_are_exact(void **state)
{
    unsigned weights[20];

    (void)state;
    srand(5);
    for (unsigned round = 0; round < 50; round++) {
        unsigned count = 2 + (unsigned)rand() % 18;

        for (unsigned i = 0; i < count; i++)
            weights[i] = 1 + (unsigned)rand() % 40;
        weights[0] = 1; /* no common divisor */
        assert_exact(weights, count);
    }
}

/* Too long to be written out: scaled down, nobody is left out, and shares stay close. */
static void test_long_rings_are_bounded(void **state)
{
    static const unsigned weights[] = {65535, 65534, 1, 32768};
    struct ln_ring ring;
    unsigned met[LN_ARRAY_LEN(weights)] = {0}, sum = 0;

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(weights); i++)
        sum += weights[i];
    ln_ring_init(&ring, weights, LN_ARRAY_LEN(weights));
    assert_in_range(ring.size, LN_RING_MAX / 2, LN_RING_MAX + LN_ARRAY_LEN(weights));
    for (unsigned i = 0; i < ring.size; i++)
        met[ring.at[i]]++;
    assert_int_equal(met[2], 1);
    for (unsigned i = 0; i < LN_ARRAY_LEN(weights); i++) {
        double want = (double)weights[i] / sum, got = (double)met[i] / ring.size;

        assert_true(got - want < 0.001 && want - got < 0.001);
    }
    ln_ring_fini(&ring);
}

static void test_a_thousand_instances(void **state)
{
    enum { COUNT = 1000 };
    unsigned *weights = calloc(COUNT, sizeof *weights);

    (void)state;
    assert_non_null(weights);
    for (unsigned i = 0; i < COUNT; i++)
        weights[i] = 1;

    struct ln_ring ring;

    ln_ring_init(&ring, weights, COUNT);
    assert_int_equal(ring.size, COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(ring.at[i], i);
    ln_ring_fini(&ring);
    weights[500] = 10;
    ln_ring_init(&ring, weights, COUNT);
    assert_int_equal(ring.size, COUNT + 9);
    ln_ring_fini(&ring);
    free(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_weights_take_turns),
        cmocka_unit_test(test_weights_are_spread_smoothly),
        cmocka_unit_test(test_a_common_divisor_is_taken_out),
        cmocka_unit_test(test_no_instances_no_ring),
        cmocka_unit_test(test_shares_are_exact_in_every_window),
        cmocka_unit_test(test_nobody_waits_long),
        cmocka_unit_test(test_random_weights_are_exact),
        cmocka_unit_test(test_long_rings_are_bounded),
        cmocka_unit_test(test_a_thousand_instances),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
