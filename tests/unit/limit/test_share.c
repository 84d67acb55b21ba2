/* SPDX-License-Identifier: Apache-2.0
 * test_share.c - all shares together are never more than the limit, and nobody's is nothing.
 */
#include "unit.h"

#include "limit/share.h"

static void test_shares(void **state)
{
    (void)state;
    for (uint64_t count = 1; count <= 40; count++)
        for (uint64_t n = 1; n <= 40; n++)
            for (ln_msec per = 1; per < 3000; per += 997) {
                struct ln_limit limit = {LN_LIMIT_GCRA, count, per, count};
                struct ln_limit share = ln_share_of(&limit, n);

                assert_true(share.count >= 1 && share.burst >= 1);
                assert_true(n * share.count * per <= count * share.per);
                assert_true(share.burst * n <= limit.burst || share.burst == 1);
                if (count % n == 0) /* and not less, where it can be exact */
                    assert_true(share.count == count / n && share.per == per);
            }
}

/* More than there can be, in a time that is longer than any. */
static void test_gateways_beyond_number(void **state)
{
    (void)state;
    for (unsigned bits = 20; bits < 64; bits++)
        for (uint64_t count = 1; count <= 1000000000; count *= 10) {
            struct ln_limit limit = {LN_LIMIT_GCRA, count, 1000000000000, 1};
            struct ln_limit share = ln_share_of(&limit, (uint64_t)1 << bits);

            assert_true(share.count >= 1 && share.burst == 1);
            assert_true(share.per >= limit.per);
            assert_true(share.per / share.count >= limit.per / limit.count);
        }
}

static void test_alone_is_all(void **state)
{
    struct ln_limit limit = {LN_LIMIT_FIXED_WINDOW, 100, 60000, 10};
    struct ln_limit share = ln_share_of(&limit, 1);

    (void)state;
    assert_int_equal(share.way, limit.way); /* not its bytes: those between fields are anything */
    assert_int_equal(share.count, limit.count);
    assert_int_equal(share.per, limit.per);
    assert_int_equal(share.burst, limit.burst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_gateways_beyond_number),
        cmocka_unit_test(test_alone_is_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
