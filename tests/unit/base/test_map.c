/* SPDX-License-Identifier: Apache-2.0
 * test_map.c - the hash map, against a plain array that does the same.
 */
#include "unit.h"

#include <stdio.h>

#include "base/map.h"
#include "base/rand.h"

static void *number(size_t n)
{
    return (void *)(uintptr_t)n;
}

static struct ln_slice key_of(char buffer[16], unsigned n)
{
    return ln_slice(buffer, (size_t)snprintf(buffer, 16, "key-%u", n));
}

static void test_an_empty_map_answers(void **state)
{
    struct ln_map m;

    (void)state;
    ln_map_init(&m);
    assert_null(ln_map_get(&m, LN_SLICE("x")));
    assert_null(ln_map_remove(&m, LN_SLICE("x")));
    ln_map_fini(&m);
}

static void test_put_tells_what_it_replaces(void **state)
{
    struct ln_map m;

    (void)state;
    ln_map_init(&m);
    assert_null(ln_map_put(&m, LN_SLICE("a"), number(1)));
    assert_ptr_equal(ln_map_put(&m, LN_SLICE("a"), number(2)), number(1));
    assert_ptr_equal(ln_map_get(&m, LN_SLICE("a")), number(2));
    assert_int_equal(m.count, 1);
    ln_map_fini(&m);
}

static void test_keys_are_copied(void **state)
{
    struct ln_map m;
    char key[] = "name";

    (void)state;
    ln_map_init(&m);
    ln_map_put(&m, ln_slice_of(key), number(1));
    key[0] = 'x';
    assert_ptr_equal(ln_map_get(&m, LN_SLICE("name")), number(1));
    assert_null(ln_map_get(&m, LN_SLICE("xame")));
    ln_map_fini(&m);
}

static void test_any_bytes_are_a_key(void **state)
{
    struct ln_map m;

    (void)state;
    ln_map_init(&m);
    ln_map_put(&m, ln_slice(NULL, 0), number(1));
    ln_map_put(&m, ln_slice("\0", 1), number(2));
    ln_map_put(&m, ln_slice("\0\0", 2), number(3));
    assert_ptr_equal(ln_map_get(&m, LN_SLICE("")), number(1));
    assert_ptr_equal(ln_map_get(&m, ln_slice("\0", 1)), number(2));
    assert_ptr_equal(ln_map_get(&m, ln_slice("\0\0", 2)), number(3));
    ln_map_fini(&m);
}

/* Random writes to a map and to an array; both must always agree. */
static void test_a_long_random_life_agrees_with_an_array(void **state)
{
    enum { KEYS = 500, TURNS = 40000 };
    static size_t truth[KEYS];
    struct ln_map m;
    struct ln_rand r;
    size_t count = 0;
    char buffer[16];

    (void)state;
    ln_map_init(&m);
    ln_rand_init(&r, 42);
    for (size_t turn = 1; turn <= TURNS; turn++) {
        unsigned k = (unsigned)ln_rand_below(&r, KEYS);
        struct ln_slice key = key_of(buffer, k);

        assert_ptr_equal(ln_map_get(&m, key), number(truth[k]));
        if (ln_rand_below(&r, 5) < 3) {
            assert_ptr_equal(ln_map_put(&m, key, number(turn)), number(truth[k]));
            count += truth[k] == 0;
            truth[k] = turn;
        } else {
            assert_ptr_equal(ln_map_remove(&m, key), number(truth[k]));
            count -= truth[k] != 0;
            truth[k] = 0;
        }
        assert_int_equal(m.count, count);
    }
    for (unsigned k = 0; k < KEYS; k++)
        assert_ptr_equal(ln_map_get(&m, key_of(buffer, k)), number(truth[k]));
    ln_map_fini(&m);
}

static void test_a_walk_sees_each_entry_once(void **state)
{
    enum { KEYS = 100 };
    bool seen[KEYS + 1] = {false};
    struct ln_map m;
    struct ln_slice key;
    void *value;
    size_t at = 0;
    char buffer[16];

    (void)state;
    ln_map_init(&m);
    for (unsigned k = 1; k <= KEYS; k++)
        ln_map_put(&m, key_of(buffer, k), number(k));
    for (unsigned n = 0; ln_map_next(&m, &at, &key, &value); n++) {
        size_t k = (uintptr_t)value;

        assert_true(n < KEYS && k >= 1 && k <= KEYS && !seen[k]);
        assert_true(ln_slice_eq(key, key_of(buffer, (unsigned)k)));
        seen[k] = true;
    }
    for (unsigned k = 1; k <= KEYS; k++)
        assert_true(seen[k]);
    ln_map_fini(&m);
}

static void test_each_map_has_its_own_hash_key(void **state)
{
    struct ln_map a, b;

    (void)state;
    ln_map_init(&a);
    ln_map_init(&b);
    assert_memory_not_equal(&a.key, &b.key, sizeof a.key);
    ln_map_fini(&a);
    ln_map_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_map_answers),
        cmocka_unit_test(test_put_tells_what_it_replaces),
        cmocka_unit_test(test_keys_are_copied),
        cmocka_unit_test(test_any_bytes_are_a_key),
        cmocka_unit_test(test_a_long_random_life_agrees_with_an_array),
        cmocka_unit_test(test_a_walk_sees_each_entry_once),
        cmocka_unit_test(test_each_map_has_its_own_hash_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
