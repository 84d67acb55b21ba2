/* SPDX-License-Identifier: Apache-2.0
 * test_coding.c - what was made piece by piece is what zlib reads.
 */
#include "unit.h"

#include <zlib.h>

#include "base/assert.h"
#include "http/coding.h"

static unsigned char plain[1 << 20];

static void fill(size_t n, uint32_t seed, bool random)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        plain[i] = random ? (unsigned char)(seed >> 24) : (unsigned char)("abcdefgh"[seed >> 29]);
    }
}

/* Reads on, and returns how much is known by now. */
static size_t read_on(z_stream *z, struct ln_slice piece, unsigned char *out, size_t size, int *rc)
{
    z->next_in = (Bytef *)(uintptr_t)piece.p;
    z->avail_in = (uInt)piece.n;
    *rc = Z_OK;
    while (z->avail_in > 0 && *rc == Z_OK) {
        z->next_out = out + z->total_out;
        z->avail_out = (uInt)(size - z->total_out);
        *rc = inflate(z, Z_NO_FLUSH);
    }
    return z->total_out;
}

static void roundtrip(struct ln_coder *c, size_t n, size_t step, int level, bool flush)
{
    static unsigned char back[sizeof plain + 1];
    struct ln_arena arena;
    z_stream z = {0};
    size_t made = 0, known = 0;
    int rc = Z_OK;

    ln_arena_init(&arena, NULL);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    ln_coder_begin(c, level);
    for (size_t at = 0; at < n; at += step) {
        size_t size = n - at < step ? n - at : step;
        struct ln_slice out = ln_coder_run(c, ln_slice((char *)plain + at, size),
                                           flush ? LN_CODER_FLUSH : LN_CODER_GATHER, &arena);

        made += out.n;
        known = read_on(&z, out, back, sizeof back, &rc);
        if (flush)
            assert_int_equal(known, at + size);
    }
    struct ln_slice end = ln_coder_run(c, ln_slice(NULL, 0), LN_CODER_END, &arena);

    made += end.n;
    known = read_on(&z, end, back, sizeof back, &rc);
    assert_int_equal(rc, Z_STREAM_END);
    assert_int_equal(known, n);
    if (n > 0)
        assert_memory_equal(back, plain, n);
    assert_true(flush || made <= n + LN_CODER_SLACK);
    inflateEnd(&z);
    ln_arena_reset(&arena);
}

static void test_pieces_of_every_size(void **state)
{
    static const size_t steps[] = {1, 7, 100, 4096, 65536, sizeof plain};
    struct ln_coder *c = ln_coder_new();

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(steps); i++) {
        size_t n = steps[i] < 100 ? 5000 : sizeof plain;

        fill(n, i, i % 2 == 0);
        roundtrip(c, n, steps[i], 1 + (int)i % 9, false);
        roundtrip(c, n, steps[i], 9 - (int)i % 9, true);
    }
    ln_coder_free(c);
}

static void test_nothing(void **state)
{
    struct ln_coder *c = ln_coder_new();

    (void)state;
    roundtrip(c, 0, 1, 5, false);
    roundtrip(c, 0, 1, 5, true);
    ln_coder_free(c);
    ln_coder_free(NULL);
}

static void test_content_that_is_left_in_the_middle(void **state)
{
    struct ln_coder *c = ln_coder_new();
    struct ln_arena arena;

    (void)state;
    ln_arena_init(&arena, NULL);
    fill(100000, 3, true);
    ln_coder_begin(c, 9);
    ln_coder_run(c, ln_slice((char *)plain, 100000), LN_CODER_GATHER, &arena);
    roundtrip(c, 100000, 1000, 1, false); /* the next one begins afresh */
    ln_arena_reset(&arena);
    ln_coder_free(c);
}

static void test_it_is_worth_it(void **state)
{
    struct ln_coder *c = ln_coder_new();
    struct ln_arena arena;

    (void)state;
    ln_arena_init(&arena, NULL);
    memset(plain, 'a', sizeof plain);
    ln_coder_begin(c, 5);
    struct ln_slice out =
        ln_coder_run(c, ln_slice((char *)plain, sizeof plain), LN_CODER_END, &arena);

    assert_true(out.n < sizeof plain / 500);
    ln_arena_reset(&arena);
    ln_coder_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_of_every_size),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_content_that_is_left_in_the_middle),
        cmocka_unit_test(test_it_is_worth_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
