/* SPDX-License-Identifier: Apache-2.0
 * test_blocks.c - sets of address blocks, against asking every block.
 */
#include "conf/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ln_cidr block(const char *text)
{
    struct ln_cidr range;

    assert_true(ln_cidr_parse(ln_slice_of(text), &range));
    return range;
}

static bool has(struct ln_blocks *b, const char *ip)
{
    return ln_blocks_have(b, block(ip).bytes);
}

static struct ln_blocks *set_of(const char *const *texts)
{
    struct ln_blocks *b = ln_blocks_make();

    for (; *texts != NULL; texts++) {
        struct ln_cidr range = block(*texts);

        assert_true(ln_blocks_add(b, &range));
    }
    return b;
}

static void test_the_empty_set_has_nothing(void **state)
{
    struct ln_blocks *b = ln_blocks_make();

    (void)state;
    assert_false(has(b, "10.0.0.1"));
    assert_false(has(b, "::1"));
    ln_blocks_unmake(b);
    ln_blocks_unmake(NULL);
}

static void test_edges(void **state)
{
    struct ln_blocks *b =
        set_of((const char *[]){"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "192.0.2.0/30", NULL});

    (void)state;
    assert_true(has(b, "10.0.0.0"));
    assert_true(has(b, "10.255.255.255"));
    assert_false(has(b, "9.255.255.255"));
    assert_false(has(b, "11.0.0.0"));
    assert_true(has(b, "192.0.2.3"));
    assert_false(has(b, "192.0.2.4"));
    assert_true(has(b, "192.0.2.7"));
    assert_false(has(b, "192.0.2.8"));
    assert_true(has(b, "2001:db8:ffff::"));
    assert_false(has(b, "2001:db9::"));
    assert_true(has(b, "::ffff:10.1.2.3")); /* the same client */
    ln_blocks_unmake(b);
}

static void test_a_block_within_another(void **state)
{
    struct ln_blocks *b =
        set_of((const char *[]){"10.0.0.0/8", "10.5.0.0/16", "10.0.0.0/8", "10.9.9.9", NULL});

    (void)state;
    assert_true(has(b, "10.200.0.1"));
    assert_true(has(b, "10.5.1.1"));
    assert_false(has(b, "12.0.0.1"));
    ln_blocks_unmake(b);
}

static void test_families_stay_apart(void **state)
{
    struct ln_blocks *six = set_of((const char *[]){"::/0", NULL});
    struct ln_blocks *four = set_of((const char *[]){"0.0.0.0/0", NULL});

    (void)state;
    assert_true(has(six, "2001:db8::1"));
    assert_false(has(six, "192.0.2.1"));
    assert_true(has(four, "192.0.2.1"));
    assert_false(has(four, "2001:db8::1"));
    ln_blocks_unmake(six);
    ln_blocks_unmake(four);
}

static void test_blocks_after_questions(void **state)
{
    struct ln_blocks *b = set_of((const char *[]){"10.0.0.0/8", NULL});
    struct ln_cidr more = block("192.0.2.0/24");

    (void)state;
    assert_false(has(b, "192.0.2.1"));
    assert_true(ln_blocks_add(b, &more));
    assert_true(has(b, "192.0.2.1"));
    assert_true(has(b, "10.1.1.1"));
    ln_blocks_unmake(b);
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct ln_cidr any_block(uint32_t *seed)
{
    char text[64];

    if (next(seed) % 2 == 0)
        snprintf(text, sizeof text, "10.%u.%u.%u/%u", next(seed) % 4, next(seed) % 4,
                 next(seed) % 256, 8 + next(seed) % 25);
    else
        snprintf(text, sizeof text, "2001:db8:%x::%x/%u", next(seed) % 4, next(seed) % 256,
                 next(seed) % 129);
    return block(text);
}

static void test_agrees_with_asking_every_block(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct ln_cidr list[40];
        struct ln_blocks *b = ln_blocks_make();
        size_t n = next(&seed) % 40;

        for (size_t i = 0; i < n; i++) {
            list[i] = any_block(&seed);
            assert_true(ln_blocks_add(b, &list[i]));
        }
        for (int ask = 0; ask < 400; ask++) {
            struct ln_cidr one = any_block(&seed);
            bool four, expected = false;

            one.bytes[15] = (unsigned char)next(&seed);
            four = memcmp(one.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
            for (size_t i = 0; i < n; i++)
                expected = expected || ((list[i].bits >= 96 && list[i].bytes[10] == 0xff &&
                                         list[i].bytes[0] == 0) == four &&
                                        ln_cidr_has(&list[i], one.bytes));
            assert_int_equal(ln_blocks_have(b, one.bytes), expected);
        }
        ln_blocks_unmake(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_empty_set_has_nothing),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_a_block_within_another),
        cmocka_unit_test(test_families_stay_apart),
        cmocka_unit_test(test_blocks_after_questions),
        cmocka_unit_test(test_agrees_with_asking_every_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
