/* SPDX-License-Identifier: Apache-2.0
 * test_rendezvous.c - where keys belong: shares by weight, and which keys move when the list of
 * instances changes. The hash is fixed, so every count is the same in every run.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "upstream/rendezvous.h"

enum { KEYS = 100000, MOST = 1000 };

struct crowd {
    struct ln_rendezvous keys;
    unsigned names[MOST]; /* instance n is called after names[n] */
    unsigned count;
};

static void gather(struct crowd *c, const unsigned *names, const unsigned *weights, unsigned count)
{
    char name[32];

    c->count = count;
    ln_rendezvous_init(&c->keys, count);
    for (unsigned i = 0; i < count; i++) {
        int n = snprintf(name, sizeof name, "http://10.0.%u.%u:80", names[i] / 256, names[i] % 256);

        c->names[i] = names[i];
        ln_rendezvous_set(&c->keys, i, ln_slice(name, (size_t)n), weights != NULL ? weights[i] : 1);
    }
}

static void number(struct crowd *c, unsigned count)
{
    unsigned names[MOST];

    for (unsigned i = 0; i < count; i++)
        names[i] = i;
    gather(c, names, NULL, count);
}

static uint64_t key_of(unsigned k)
{
    char text[16];
    int n = snprintf(text, sizeof text, "user-%u", k);

    return ln_rendezvous_key(ln_slice(text, (size_t)n));
}

/* The name of the owner. */
static unsigned owner(struct crowd *c, unsigned k, unsigned turn)
{
    return c->names[ln_rendezvous_owner(&c->keys, key_of(k), turn)];
}

static double share(struct crowd *c, unsigned index)
{
    unsigned met = 0;

    for (unsigned k = 0; k < KEYS; k++)
        met += ln_rendezvous_owner(&c->keys, key_of(k), 0) == index;
    return (double)met / KEYS;
}

static void test_equal_shares_are_within_one_percent(void **state)
{
    struct crowd c;

    (void)state;
    for (unsigned count = 1; count <= 10; count++) {
        number(&c, count);
        for (unsigned i = 0; i < count; i++)
            assert_true(fabs(share(&c, i) - 1.0 / count) < 0.01);
        ln_rendezvous_fini(&c.keys);
    }
}

static void test_weights_are_honoured_within_one_percent(void **state)
{
    static const unsigned names[] = {0, 1, 2, 3}, weights[] = {5, 3, 2, 10};
    struct crowd c;

    (void)state;
    gather(&c, names, weights, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_true(fabs(share(&c, i) - weights[i] / 20.0) < 0.01);
    ln_rendezvous_fini(&c.keys);
}

static void test_large_weights_and_small(void **state)
{
    static const unsigned names[] = {0, 1}, weights[] = {65535, 1};
    struct crowd c;

    (void)state;
    gather(&c, names, weights, 2);
    assert_true(share(&c, 1) < 0.001);
    ln_rendezvous_fini(&c.keys);
}

/* A thousand: nobody has twice its share, nobody a third of it. */
static void test_a_thousand_have_their_shares(void **state)
{
    struct crowd c;
    unsigned *met = calloc(1000, sizeof *met);

    (void)state;
    number(&c, 1000);
    for (unsigned k = 0; k < KEYS; k++)
        met[owner(&c, k, 0)]++;
    for (unsigned i = 0; i < 1000; i++)
        assert_true(met[i] > KEYS / 1000 / 2 && met[i] < 2 * KEYS / 1000);
    free(met);
    ln_rendezvous_fini(&c.keys);
}

/* Whoever joins takes its share, and nothing else moves: not one key. */
static void test_a_newcomer_takes_only_its_own(void **state)
{
    static const unsigned sizes[] = {1, 2, 3, 9, 15, 16, 17, 40};
    struct crowd before, after;

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned n = sizes[i], moved = 0;

        number(&before, n);
        number(&after, n + 1);
        for (unsigned k = 0; k < KEYS; k++) {
            unsigned old = owner(&before, k, 0), new = owner(&after, k, 0);

            assert_true(new == old || new == n);
            moved += new != old;
        }
        assert_true(fabs((double)moved / KEYS - 1.0 / (n + 1)) < 0.01);
        ln_rendezvous_fini(&before.keys);
        ln_rendezvous_fini(&after.keys);
    }
}

/* One that leaves from the middle: its keys go to all others, the others' stay. */
static void test_one_that_leaves_moves_only_its_own(void **state)
{
    static const unsigned rest[] = {0, 1, 2, 4, 5, 6, 7};
    struct crowd before, after;
    unsigned heirs[8] = {0}, orphans = 0;

    (void)state;
    number(&before, 8);
    gather(&after, rest, NULL, 7);
    for (unsigned k = 0; k < KEYS; k++) {
        unsigned old = owner(&before, k, 0), new = owner(&after, k, 0);

        if (old != 3) {
            assert_int_equal(new, old);
            continue;
        }
        heirs[new]++;
        orphans++;
    }
    for (unsigned i = 0; i < 7; i++)
        assert_true(fabs((double)heirs[rest[i]] / orphans - 1.0 / 7) < 0.01);
    ln_rendezvous_fini(&before.keys);
    ln_rendezvous_fini(&after.keys);
}

static void test_a_new_weight_moves_keys_in_one_direction(void **state)
{
    static const unsigned names[] = {0, 1, 2, 3}, old_weights[] = {2, 3, 2, 2},
                          weights[] = {2, 5, 2, 2};
    struct crowd before, after;

    (void)state;
    gather(&before, names, old_weights, 4);
    gather(&after, names, weights, 4);
    for (unsigned k = 0; k < KEYS; k++) {
        unsigned old = owner(&before, k, 0), new = owner(&after, k, 0);

        assert_true(new == old || new == 1);
    }
    ln_rendezvous_fini(&before.keys);
    ln_rendezvous_fini(&after.keys);
}

static void test_the_order_of_the_list_means_nothing(void **state)
{
    static const unsigned forth[] = {0, 1, 2, 3, 4}, back[] = {4, 2, 0, 3, 1};
    struct crowd one, other;

    (void)state;
    gather(&one, forth, NULL, 5);
    gather(&other, back, NULL, 5);
    for (unsigned k = 0; k < KEYS; k++)
        assert_int_equal(owner(&one, k, 0), owner(&other, k, 0));
    ln_rendezvous_fini(&one.keys);
    ln_rendezvous_fini(&other.keys);
}

/* The next best of a key is its own: the keys of one instance do not all fall on its neighbour. */
static void test_the_next_best_are_spread(void **state)
{
    struct crowd c;
    unsigned heirs[5] = {0}, orphans = 0;

    (void)state;
    number(&c, 5);
    for (unsigned k = 0; k < KEYS; k++) {
        unsigned turn = 1;

        if (owner(&c, k, 0) != 2)
            continue;
        while (owner(&c, k, turn) == 2)
            turn++;
        heirs[owner(&c, k, turn)]++;
        orphans++;
    }
    for (unsigned i = 0; i < 5; i++)
        if (i != 2)
            assert_true(fabs((double)heirs[i] / orphans - 0.25) < 0.015);
    ln_rendezvous_fini(&c.keys);
}

/* What is remembered in the table is what would be drawn. */
static void test_the_table_forgets_nothing(void **state)
{
    struct crowd c;

    (void)state;
    number(&c, LN_RENDEZVOUS_DIRECT + 1);
    assert_non_null(c.keys.table);
    for (unsigned k = 0; k < KEYS; k++)
        assert_int_equal(owner(&c, k, 0), owner(&c, k, 0));
    ln_rendezvous_fini(&c.keys);
    number(&c, LN_RENDEZVOUS_DIRECT);
    assert_null(c.keys.table);
    ln_rendezvous_fini(&c.keys);
}

/* Gateways of different releases agree about these. */
static void test_keys_keep_their_numbers(void **state)
{
    (void)state;
    assert_true(ln_rendezvous_key(LN_SLICE("")) != ln_rendezvous_key(LN_SLICE("a")));
    assert_true(ln_rendezvous_key(LN_SLICE("alice")) == 0x6bea66f7ce6f0c32u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_shares_are_within_one_percent),
        cmocka_unit_test(test_weights_are_honoured_within_one_percent),
        cmocka_unit_test(test_large_weights_and_small),
        cmocka_unit_test(test_a_thousand_have_their_shares),
        cmocka_unit_test(test_a_newcomer_takes_only_its_own),
        cmocka_unit_test(test_one_that_leaves_moves_only_its_own),
        cmocka_unit_test(test_a_new_weight_moves_keys_in_one_direction),
        cmocka_unit_test(test_the_order_of_the_list_means_nothing),
        cmocka_unit_test(test_the_next_best_are_spread),
        cmocka_unit_test(test_the_table_forgets_nothing),
        cmocka_unit_test(test_keys_keep_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
