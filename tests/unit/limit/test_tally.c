/* SPDX-License-Identifier: Apache-2.0
 * test_tally.c - keys, what else may stand there, limits that change, clocks that go back.
 */
#include "limit/clocked.h"

#include "base/rand.h"

static struct ln_tally tally;

static void use(enum ln_limit_way way, uint64_t count, ln_msec per, uint64_t burst)
{
    ln_tally_init(&tally, &tallies, &(struct ln_limit){way, count, per, burst}, 1, LN_SLICE("r"));
}

static void fast_forward(int64_t ms)
{
    *clock_us += ms * 1000;
}

static void assert_took(const char *identity, uint64_t n, bool ok, uint64_t left)
{
    struct ln_tally_answer a = take(&tally, identity, (int64_t)n, n);

    assert_int_equal(a.ok, ok);
    assert_int_equal(a.left, left);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    char out[LN_TALLY_KEY_MAX];

    (void)state;
    use(LN_LIMIT_GCRA, 1, 1, 1);
    assert_slice(ln_tally_key(&tally, LN_SLICE("10.1.2.3"), out), "rate_limit:{r:10.1.2.3}");
    assert_slice(ln_tally_key(&tally, LN_SLICE("::1"), out), "rate_limit:{r:::1}");
    assert_slice(ln_tally_key(&tally, LN_SLICE(""), out), "rate_limit:{r:}");
    assert_slice(ln_tally_key(&tally, ln_slice("a\0b}\r\n%\xff", 8), out),
                 "rate_limit:{r:a%00b%7D%0D%0A%25%FF}");
    assert_slice(ln_tally_key(&tally, LN_SLICE("~a"), out),
                 "rate_limit:{r:~"
                 "8d5679ec94e658e1de328401393caa90b352cc5bc28b6a3601f38f7fdf1de3cb}");
    assert_slice(ln_tally_gateways_key(&tally, out), "rate_limit:{r}:gateways");
}

static void test_the_longest_keys_have_room(void **state)
{
    char rule[LN_TALLY_RULE_MAX], identity[LN_TALLY_IDENTITY_MAX + 1], out[LN_TALLY_KEY_MAX];
    struct ln_limit limit = {LN_LIMIT_GCRA, 1, 1, 1};

    (void)state;
    memset(rule, ':', sizeof rule);
    memset(identity, '}', sizeof identity);
    ln_tally_init(&tally, &tallies, &limit, 1, ln_slice(rule, sizeof rule));
    assert_int_equal(ln_tally_key(&tally, ln_slice(identity, LN_TALLY_IDENTITY_MAX), out).n,
                     12 + 3 * LN_TALLY_RULE_MAX + 1 + 3 * LN_TALLY_IDENTITY_MAX + 1);
    assert_int_equal(ln_tally_key(&tally, ln_slice(identity, sizeof identity), out).n,
                     12 + 3 * LN_TALLY_RULE_MAX + 1 + 65 + 1); /* a digest */
    ln_tally_gateways_key(&tally, out);
}

/* ---- what else stands there ---- */

static void forget(enum ln_limit_way way)
{
    char command[96];

    snprintf(command, sizeof command, "DEL rate_limit:{r:a} rate_limit:{r:a}:%s",
             ln_limit_words[way]);
    said(command);
}

/* Each counts in full, and neither begins anew because of the other: not while they take turns, and
 * not when the one is gone whose key it was. */
static void test_two_algorithms_of_one_name(void **state)
{
    (void)state;
    for (unsigned one = 0; one < LN_LIMIT_WAYS; one++)
        for (unsigned other = 0; other < LN_LIMIT_WAYS; other++) {
            char aside[96];

            if (one == other)
                continue;
            snprintf(aside, sizeof aside, "PTTL rate_limit:{r:a}:%s", ln_limit_words[other]);
            use((enum ln_limit_way)one, 5, 60000, 5);
            assert_took("a", 3, true, 2);
            use((enum ln_limit_way)other, 5, 60000, 5);
            assert_took("a", 1, true, 4);
            assert_true(atoi(said("PTTL rate_limit:{r:a}")) > 0 && atoi(said(aside)) > 0);
            use((enum ln_limit_way)one, 5, 60000, 5);
            assert_took("a", 2, true, 0);
            assert_took("a", 1, false, 0);
            use((enum ln_limit_way)other, 5, 60000, 5);
            assert_took("a", 1, true, 3);
            said("DEL rate_limit:{r:a}");
            assert_took("a", 3, true, 0);
            assert_took("a", 1, false, 0);
            forget((enum ln_limit_way)other);
        }
}

/* No count of ours is for ever: that is somebody else's. */
static void test_a_count_that_never_ends_is_none(void **state)
{
    static const char *const others[] = {
        "SET rate_limit:{r:a} 3", "SET rate_limit:{r:a} window:1:2:3", "SADD rate_limit:{r:a} x",
        "ZADD rate_limit:{r:a} 1 x", "SET rate_limit:{r:a} nonsense PX 60000"};

    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++)
        for (unsigned i = 0; i < LN_ARRAY_LEN(others); i++) {
            said("DEL rate_limit:{r:a}");
            said(others[i]);
            use((enum ln_limit_way)way, 5, 60000, 5);
            assert_took("a", 1, true, way == LN_LIMIT_FIXED_WINDOW && i == 0 ? 1 : 4);
            assert_true(atoi(said("PTTL rate_limit:{r:a}")) > 0);
            forget((enum ln_limit_way)way);
        }
}

/* What was taken stays taken when the limit is another one. */
static void test_limits_that_change(void **state)
{
    (void)state;
    use(LN_LIMIT_GCRA, 10, 10000, 10);
    assert_took("a", 4, true, 6);
    use(LN_LIMIT_GCRA, 3, 10000, 20);
    assert_took("a", 1, true, 15);
    use(LN_LIMIT_SLIDING_LOG, 10, 10000, 1);
    assert_took("b", 4, true, 6);
    use(LN_LIMIT_SLIDING_LOG, 20, 20000, 1);
    assert_took("b", 1, true, 15);
    use(LN_LIMIT_SLIDING_LOG, 2, 20000, 1);
    assert_took("b", 1, false, 0);
    use(LN_LIMIT_SLIDING_WINDOW, 10, 10000, 1);
    assert_took("c", 4, true, 6);
    use(LN_LIMIT_SLIDING_WINDOW, 20, 7000, 1);
    assert_took("c", 1, true, 15);
    use(LN_LIMIT_FIXED_WINDOW, 10, 3600000, 1);
    assert_took("d", 4, true, 6);
    use(LN_LIMIT_FIXED_WINDOW, 20, 10000, 1);
    assert_took("d", 1, true, 15);
    assert_true(atoi(said("PTTL rate_limit:{r:d}")) <= 10000); /* not for an hour */
}

/* Nobody is locked out by what was taken of a larger one, for longer than the new one lasts. */
static void test_limits_that_become_small(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        struct ln_tally_answer a;

        use((enum ln_limit_way)way, 1000, 3600000, 1000);
        assert_took("a", 500, true, 500);
        use((enum ln_limit_way)way, 10, 1000, 10);
        a = take(&tally, "a", 1, 1);
        assert_false(a.ok);
        assert_in_range(a.wait, 1, 2000 * (ln_nsec)LN_NSEC_PER_MSEC);
        *clock_us += (int64_t)(a.wait / 1000);
        assert_true(take(&tally, "a", 1, 1).ok);
        assert_string_equal(said("DEL rate_limit:{r:a}"), "1");
    }
}

/* A key that somebody has made immortal, too. */
static void test_keys_end(void **state)
{
    (void)state;
    use(LN_LIMIT_FIXED_WINDOW, 3, 1000, 1);
    assert_took("a", 3, true, 0);
    assert_string_equal(said("PERSIST rate_limit:{r:a}"), "1");
    assert_took("a", 1, false, 0);
    fast_forward(1000);
    assert_took("a", 1, true, 2);
    use(LN_LIMIT_SLIDING_WINDOW, 5, 1000, 1);
    assert_took("b", 5, true, 0);
    assert_string_equal(said("PERSIST rate_limit:{r:b}"), "1");
    use(LN_LIMIT_SLIDING_WINDOW, 5, 700, 1); /* and the limit has changed since */
    assert_took("b", 1, false, 0);
    fast_forward(2000);
    assert_took("b", 1, true, 4);
}

/* ---- clocks ---- */

/* By much: nobody is locked out until the old time comes again, whatever was taken. */
static void test_a_clock_that_goes_far_back(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        char identity[8];

        snprintf(identity, sizeof identity, "c%u", way);
        use((enum ln_limit_way)way, 5, 1000, 5);
        assert_took(identity, 5, true, 0);
        fast_forward(-3600 * 1000);
        take(&tally, identity, 1, 1);
        fast_forward(2000); /* as long as any of them remembers */
        assert_took(identity, 1, true, 4);
    }
}

/* By little: it gives nothing back. */
static void test_a_clock_that_goes_a_little_back(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        use((enum ln_limit_way)way, 5, 1000, 5);
        assert_took("a", 5, true, 0);
        fast_forward(-10);
        assert_false(take(&tally, "a", 1, 1).ok);
        assert_string_equal(said("DEL rate_limit:{r:a}"), "1");
        fast_forward(10);
    }
}

/* What is said of waiting is enough, by the clock that there is now. */
static void test_waiting_after_a_clock_has_gone_a_little_back(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++)
        for (unsigned before = 0; before < 2; before++) {
            struct ln_tally_answer a;

            use((enum ln_limit_way)way, 5, 1000, 5);
            assert_took("a", 5, true, 0);
            if (before ==
                1) { /* it goes back to the window before, or to one in which much was taken */
                fast_forward(1500);
                take(&tally, "a", 2, 2);
            }
            fast_forward(-700);
            a = take(&tally, "a", 5, 5);
            assert_false(a.ok);
            assert_true(a.reset >= a.wait);
            *clock_us += (int64_t)(a.wait / 1000);
            assert_true(take(&tally, "a", 5, 5).ok);
            assert_string_equal(said("DEL rate_limit:{r:a}"), "1");
        }
}

/* Whatever a clock does, an answer is one, and who waits as long as it says passes. */
static void test_waiting_whatever_the_clock_does(void **state)
{
    struct ln_rand dice;

    (void)state;
    ln_rand_init(&dice, 1);
    for (unsigned i = 0; i < 4000; i++) {
        const uint64_t count = 1 + ln_rand_below(&dice, 6), n = 1 + ln_rand_below(&dice, count);
        const ln_msec per = 500 * (1 + ln_rand_below(&dice, 3));
        struct ln_tally_answer a;
        char identity[8];

        use((enum ln_limit_way)(i % LN_LIMIT_WAYS), count, per, count);
        snprintf(identity, sizeof identity, "r%u", i % 8);
        *clock_us += (int64_t)ln_rand_below(&dice, 3000000) - 1400000;
        a = take(&tally, identity, ln_rand_below(&dice, 8) == 0 ? LN_TALLY_CHARGE : (int64_t)n, n);
        assert_true(a.left <= count);
        if (a.ok)
            continue;
        assert_true(a.wait > 0 && a.reset > 0);
        *clock_us += (int64_t)(a.wait / 1000);
        assert_true(take(&tally, identity, (int64_t)n, n).ok);
    }
}

/* ---- figures ---- */

/* Products of these are beyond 2^53. A bucket rounds there: by a part of a token that is back
 * within a microsecond. */
static void test_the_last_of_many(void **state)
{
    (void)state;
    for (unsigned way = LN_LIMIT_GCRA + 1; way < LN_LIMIT_WAYS; way++)
        for (uint64_t i = 1; i <= 9; i++) {
            const uint64_t count = 16000000 - i * i, per = 31535999999 - 2 * i;
            struct ln_tally_answer a;

            use((enum ln_limit_way)way, count, per, count);
            *clock_us += 1234567;
            assert_took("m", count - 2 * i, true, 2 * i);
            for (uint64_t k = 2 * i; k-- > 0;)
                assert_took("m", 1, true, k);
            a = take(&tally, "m", 1, 1);
            assert_false(a.ok);
            assert_in_range(a.wait, 1, 2 * per * LN_NSEC_PER_MSEC);
            assert_string_equal(said("DEL rate_limit:{r:m}"), "1");
        }
}

static void test_huge_numbers(void **state)
{
    const uint64_t huge = 1000000000;
    const ln_msec year = 365 * 86400000ULL;

    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        char identity[8];

        snprintf(identity, sizeof identity, "h%u", way);
        use((enum ln_limit_way)way, huge, year, huge);
        assert_took(identity, huge, true, 0);
        assert_took(identity, 1, false, 0);
        assert_took(identity, huge + 1, false, 0);
        use((enum ln_limit_way)way, 1, year, huge); /* a thousand million years until all is back */
        assert_took(identity, huge, false, 0);
        use((enum ln_limit_way)way, huge, 1, 1);
        fast_forward(1);
        assert_true(take(&tally, "fast", 1, 1).ok);
        assert_string_equal(said("DEL rate_limit:{r:fast}"), "1");
    }
}

static void test_looks_and_refusals_write_nothing(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        char offset[64];

        use((enum ln_limit_way)way, 5, 60000, 5);
        assert_took("a", 0, true, 5);
        assert_string_equal(said("EXISTS rate_limit:{r:a}"), "0");
        assert_took("a", 4, true, 1);
        snprintf(offset, sizeof offset, "%s", said("DEBUG DIGEST"));
        fast_forward(1);
        assert_took("a", 2, false, 1);
        assert_took("a", 0, true, 1);
        assert_string_equal(said("DEBUG DIGEST"), offset);
        assert_string_equal(said("DEL rate_limit:{r:a}"), "1");
    }
}

static void test_as_many_as_there_are(void **state)
{
    (void)state;
    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++) {
        use((enum ln_limit_way)way, 5, 60000, 5);
        assert_int_equal(take(&tally, "a", 1, 3).granted, 3);
        assert_int_equal(take(&tally, "a", 1, 3).granted, 2);
        assert_false(take(&tally, "a", 1, 3).ok);
        assert_string_equal(said("DEL rate_limit:{r:a}"), "1");
    }
}

/* ---- gateways ---- */

static const char *beat(const char *who)
{
    struct ask *a = draft();

    ln_redis_call_script(a->call, &tallies.gateways, 4);
    ln_redis_call_word(a->call, "1", 1);
    ln_redis_call_word(a->call, "g", 1);
    ln_redis_call_word(a->call, who, strlen(who));
    ln_redis_call_number(a->call, 7000000);
    post(a, 5000);
    await_all();
    return a->text;
}

static void test_gateways_are_counted_while_they_live(void **state)
{
    (void)state;
    assert_string_equal(said("SET g nonsense"), "OK");
    assert_string_equal(beat("a"), "1");
    assert_string_equal(beat("b"), "2");
    assert_string_equal(beat("a"), "2");
    fast_forward(6000);
    assert_string_equal(beat("a"), "2");
    fast_forward(1001);
    assert_string_equal(beat("a"), "1");
    assert_string_equal(beat("b"), "2");
    fast_forward(-3600 * 1000); /* b was heard in a time that is no more */
    assert_string_equal(beat("a"), "1");
    assert_string_not_equal(said("PTTL g"), "-1");
    fast_forward(7001);
    assert_string_equal(said("EXISTS g"), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOCKED(test_keys),
        CLOCKED(test_the_longest_keys_have_room),
        CLOCKED(test_two_algorithms_of_one_name),
        CLOCKED(test_a_count_that_never_ends_is_none),
        CLOCKED(test_limits_that_change),
        CLOCKED(test_limits_that_become_small),
        CLOCKED(test_keys_end),
        CLOCKED(test_a_clock_that_goes_far_back),
        CLOCKED(test_a_clock_that_goes_a_little_back),
        CLOCKED(test_waiting_after_a_clock_has_gone_a_little_back),
        CLOCKED(test_waiting_whatever_the_clock_does),
        CLOCKED(test_the_last_of_many),
        CLOCKED(test_huge_numbers),
        CLOCKED(test_looks_and_refusals_write_nothing),
        CLOCKED(test_as_many_as_there_are),
        CLOCKED(test_gateways_are_counted_while_they_live),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
