/* SPDX-License-Identifier: Apache-2.0
 * test_slab.c - recycled objects.
 */
#include "unit.h"

#include "base/slab.h"

static void test_the_last_given_is_the_first_taken(void **state)
{
    struct ln_slab s;

    (void)state;
    ln_slab_init(&s, 64, 8);
    void *a = ln_slab_take(&s), *b = ln_slab_take(&s);

    assert_ptr_not_equal(a, b);
    ln_slab_give(&s, a);
    ln_slab_give(&s, b);
    assert_ptr_equal(ln_slab_take(&s), b);
    assert_ptr_equal(ln_slab_take(&s), a);
    ln_slab_give(&s, a);
    ln_slab_give(&s, b);
    ln_slab_fini(&s);
}

static void test_whole_objects_are_usable(void **state)
{
    struct ln_slab s;
    char *object[3];

    (void)state;
    ln_slab_init(&s, 100, 8);
    for (int i = 0; i < 3; i++)
        memset(object[i] = ln_slab_take(&s), i, 100);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(object[i][99], i);
        ln_slab_give(&s, object[i]);
    }
    ln_slab_fini(&s);
}

static void test_no_more_than_the_bound_stay_idle(void **state)
{
    struct ln_slab s;
    void *object[5];

    (void)state;
    ln_slab_init(&s, 32, 2);
    for (int i = 0; i < 5; i++)
        object[i] = ln_slab_take(&s);
    for (int i = 0; i < 5; i++)
        ln_slab_give(&s, object[i]);
    assert_int_equal(s.count, 2);
    ln_slab_fini(&s);
    assert_int_equal(s.count, 0);
}

static void test_a_slab_without_idle_objects_is_the_heap(void **state)
{
    struct ln_slab s;

    (void)state;
    ln_slab_init(&s, 32, 0);
    ln_slab_give(&s, ln_slab_take(&s));
    assert_null(s.idle);
    ln_slab_fini(&s);
}

static void test_an_object_comes_back_as_it_was_left(void **state)
{
    struct ln_slab s;

    (void)state;
    ln_slab_init(&s, 5, 8); /* smaller than a pointer */
    char *a = ln_slab_take(&s), *b = ln_slab_take(&s);

    memcpy(a, "moon", 5);
    memcpy(b, "gate", 5);
    ln_slab_give(&s, a);
    ln_slab_give(&s, b);
    assert_string_equal(ln_slab_take(&s), "gate");
    assert_string_equal(ln_slab_take(&s), "moon");
    ln_slab_give(&s, a);
    ln_slab_give(&s, b);
    ln_slab_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_given_is_the_first_taken),
        cmocka_unit_test(test_whole_objects_are_usable),
        cmocka_unit_test(test_no_more_than_the_bound_stay_idle),
        cmocka_unit_test(test_a_slab_without_idle_objects_is_the_heap),
        cmocka_unit_test(test_an_object_comes_back_as_it_was_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
