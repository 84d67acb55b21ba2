/* SPDX-License-Identifier: Apache-2.0
 * test_buf.c - buffers, and the cache that lends them.
 */
#include "unit.h"

#include "base/buf.h"

static struct ln_buf_cache cache;

static int set_up(void **state)
{
    (void)state;
    ln_buf_cache_init(&cache, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ln_buf_cache_fini(&cache);
    return 0;
}

static void test_a_borrowed_buffer_is_empty(void **state)
{
    (void)state;
    struct ln_buf *b = ln_buf_borrow(&cache, 1);

    assert_int_equal(ln_buf_len(b), 0);
    assert_int_equal(ln_buf_room(b), LN_BUF_SIZE);
    assert_int_equal(cache.lent, 1);
    ln_buf_return(&cache, b);
    assert_int_equal(cache.lent, 0);
}

static void test_bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct ln_buf *b = ln_buf_borrow(&cache, 1);

    ln_buf_put(b, "hello ", 6);
    ln_buf_put(b, "moon", 4);
    ln_buf_eat(b, 6);
    assert_slice(ln_slice(ln_buf_at(b), ln_buf_len(b)), "moon");
    assert_ptr_equal(ln_buf_end(b), ln_buf_at(b) + 4);
    assert_int_equal(ln_buf_room(b), LN_BUF_SIZE - 10);
    ln_buf_return(&cache, b);
}

static void test_eating_everything_makes_all_the_room_again(void **state)
{
    (void)state;
    struct ln_buf *b = ln_buf_borrow(&cache, 1);

    ln_buf_put(b, "xyz", 3);
    ln_buf_eat(b, 3);
    assert_int_equal(ln_buf_room(b), LN_BUF_SIZE);
    ln_buf_return(&cache, b);
}

static void test_the_last_returned_is_the_first_lent(void **state)
{
    (void)state;
    struct ln_buf *a = ln_buf_borrow(&cache, 1), *b = ln_buf_borrow(&cache, 1);

    ln_buf_put(a, "dirty", 5);
    ln_buf_return(&cache, b);
    ln_buf_return(&cache, a);
    assert_ptr_equal(ln_buf_borrow(&cache, 1), a);
    assert_int_equal(ln_buf_len(a), 0);
    ln_buf_return(&cache, a);
}

static void test_the_cache_keeps_no_more_than_its_bound(void **state)
{
    struct ln_buf *b[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        b[i] = ln_buf_borrow(&cache, 1);
    for (int i = 0; i < 4; i++)
        ln_buf_return(&cache, b[i]);
    assert_int_equal(cache.count, 2);
    assert_int_equal(cache.lent, 0);
}

static void test_a_large_buffer_is_never_cached(void **state)
{
    (void)state;
    struct ln_buf *b = ln_buf_borrow(&cache, LN_BUF_SIZE + 1);

    assert_int_equal(b->cap, LN_BUF_SIZE + 1);
    memset(ln_buf_end(b), 1, ln_buf_room(b));
    ln_buf_return(&cache, b);
    assert_int_equal(cache.count, 0);
}

static void test_enlarging_keeps_what_waits(void **state)
{
    (void)state;
    struct ln_buf *b = ln_buf_borrow(&cache, 1);

    ln_buf_put(b, "eaten", 5);
    ln_buf_put(b, "waiting", 7);
    ln_buf_eat(b, 5);
    b = ln_buf_enlarge(&cache, b, 5 * LN_BUF_SIZE);
    assert_slice(ln_slice(ln_buf_at(b), ln_buf_len(b)), "waiting");
    assert_int_equal(ln_buf_room(b), 5 * LN_BUF_SIZE - 7);
    assert_int_equal(cache.lent, 1);
    ln_buf_return(&cache, b);
}

static void test_returning_nothing_is_harmless(void **state)
{
    (void)state;
    ln_buf_return(&cache, NULL);
    assert_int_equal(cache.lent, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_borrowed_buffer_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_come_out_as_they_went_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_eating_everything_makes_all_the_room_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_returned_is_the_first_lent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_cache_keeps_no_more_than_its_bound, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_large_buffer_is_never_cached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_enlarging_keeps_what_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_returning_nothing_is_harmless, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
