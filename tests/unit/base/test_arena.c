/* SPDX-License-Identifier: Apache-2.0
 * test_arena.c - bump allocation, recycled blocks, copies.
 */
#include "unit.h"

#include "base/arena.h"
#include "base/assert.h"

enum { CACHED = 4 };

static struct ln_arena_cache cache;
static struct ln_arena arena;

static int set_up(void **state)
{
    (void)state;
    ln_arena_cache_init(&cache, CACHED);
    ln_arena_init(&arena, &cache);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ln_arena_reset(&arena);
    ln_arena_cache_fini(&cache);
    return 0;
}

static void test_memory_is_aligned_for_any_type(void **state)
{
    (void)state;
    for (size_t size = 0; size < 200; size++)
        assert_int_equal((uintptr_t)ln_arena_alloc(&arena, size) % 16, 0);
}

static void test_nothing_is_still_a_place(void **state)
{
    (void)state;
    assert_non_null(ln_arena_alloc(&arena, 0));
    assert_non_null(ln_arena_zalloc(&arena, 0));
}

static void test_pieces_do_not_overlap(void **state)
{
    unsigned char *piece[300];

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(piece); i++) {
        piece[i] = ln_arena_alloc(&arena, i);
        memset(piece[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < LN_ARRAY_LEN(piece); i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(piece[i][k], i & 0xff);
}

static void test_a_large_piece_leaves_the_current_block_in_use(void **state)
{
    (void)state;
    char *before = ln_arena_alloc(&arena, 16);
    char *large = ln_arena_alloc(&arena, 3 * LN_ARENA_BLOCK);

    memset(large, 1, 3 * LN_ARENA_BLOCK);
    assert_ptr_equal(ln_arena_alloc(&arena, 16), before + 16);
}

static void test_a_large_piece_may_come_first(void **state)
{
    (void)state;
    char *large = ln_arena_alloc(&arena, LN_ARENA_BLOCK);
    char *small = ln_arena_alloc(&arena, 8);

    memset(large, 1, LN_ARENA_BLOCK);
    memset(small, 2, 8);
    assert_int_equal(large[LN_ARENA_BLOCK - 1], 1);
}

static void test_used_counts_whole_blocks(void **state)
{
    (void)state;
    assert_int_equal(arena.used, 0);
    ln_arena_alloc(&arena, 1);
    assert_int_equal(arena.used, LN_ARENA_BLOCK);
    ln_arena_alloc(&arena, 1);
    assert_int_equal(arena.used, LN_ARENA_BLOCK);
    ln_arena_alloc(&arena, 10000);
    assert_true(arena.used >= LN_ARENA_BLOCK + 10000);
    ln_arena_reset(&arena);
    assert_int_equal(arena.used, 0);
}

static void test_reset_gives_blocks_to_the_cache(void **state)
{
    (void)state;
    void *first = ln_arena_alloc(&arena, 100);

    ln_arena_reset(&arena);
    assert_int_equal(cache.count, 1);
    assert_ptr_equal(ln_arena_alloc(&arena, 100), first);
    assert_int_equal(cache.count, 0);
}

static void test_the_cache_keeps_no_more_than_its_bound(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * CACHED; i++)
        ln_arena_alloc(&arena, LN_ARENA_BLOCK / 2);
    ln_arena_reset(&arena);
    assert_int_equal(cache.count, CACHED);
}

static void test_large_blocks_are_not_cached(void **state)
{
    (void)state;
    ln_arena_alloc(&arena, LN_ARENA_BLOCK * 2);
    ln_arena_reset(&arena);
    assert_int_equal(cache.count, 0);
}

static void test_an_arena_works_without_a_cache(void **state)
{
    struct ln_arena alone;

    (void)state;
    ln_arena_init(&alone, NULL);
    for (int i = 0; i < 50; i++)
        memset(ln_arena_alloc(&alone, 500), 7, 500);
    ln_arena_reset(&alone);
    assert_non_null(ln_arena_alloc(&alone, 1));
    ln_arena_reset(&alone);
}

static void test_zalloc_clears_recycled_memory(void **state)
{
    (void)state;
    memset(ln_arena_alloc(&arena, 64), 0xff, 64);
    ln_arena_reset(&arena);

    const char *p = ln_arena_zalloc(&arena, 64);

    for (int i = 0; i < 64; i++)
        assert_int_equal(p[i], 0);
}

static void test_dup_copies_bytes_and_ends_them_with_nul(void **state)
{
    char source[] = {'a', '\0', 'b'};

    (void)state;
    struct ln_slice copy = ln_arena_dup(&arena, ln_slice(source, sizeof source));

    source[0] = 'x';
    assert_int_equal(copy.n, 3);
    assert_memory_equal(copy.p, "a\0b\0", 4);
}

static void test_dup_of_an_absent_slice_is_empty(void **state)
{
    (void)state;
    struct ln_slice copy = ln_arena_dup(&arena, ln_slice(NULL, 0));

    assert_int_equal(copy.n, 0);
    assert_string_equal(copy.p, "");
}

static void test_printf_fits_any_length(void **state)
{
    (void)state;
    struct ln_slice s = ln_arena_printf(&arena, "%0*d|%s", 9000, 7, "end");

    assert_int_equal(s.n, 9004);
    assert_string_equal(s.p + s.n - 5, "7|end");
    assert_string_equal(ln_arena_strdup(&arena, "kept"), "kept");
}

static void ask_for(void *size)
{
    ln_arena_alloc(&arena, *(size_t *)size);
}

static void test_an_impossible_size_aborts_instead_of_wrapping(void **state)
{
    size_t all = SIZE_MAX, half = SIZE_MAX / 2 + 1, fine = 1;

    (void)state;
    assert_true(unit_dies(ask_for, &all));
    assert_true(unit_dies(ask_for, &half));
    assert_false(unit_dies(ask_for, &fine));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory_is_aligned_for_any_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_still_a_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pieces_do_not_overlap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_large_piece_leaves_the_current_block_in_use, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_large_piece_may_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_used_counts_whole_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reset_gives_blocks_to_the_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_cache_keeps_no_more_than_its_bound, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_large_blocks_are_not_cached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_arena_works_without_a_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zalloc_clears_recycled_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dup_copies_bytes_and_ends_them_with_nul, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_dup_of_an_absent_slice_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_printf_fits_any_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_impossible_size_aborts_instead_of_wrapping, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
