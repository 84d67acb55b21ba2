/* SPDX-License-Identifier: Apache-2.0
 * test_keyslot.c - the slots that Redis itself computes, and where commands have their keys.
 */
#include "unit.h"

#include <stdio.h>

#include "redis/keyslot.h"

static void test_keys(void **state)
{
    (void)state;
    /* The check value of CRC16/XMODEM is 0x31c3; the others are what CLUSTER KEYSLOT of Redis 7
     * says. */
    assert_int_equal(ln_keyslot_of(LN_SLICE("123456789")), 0x31c3);
    assert_int_equal(ln_keyslot_of(LN_SLICE("")), 0);
    assert_int_equal(ln_keyslot_of(LN_SLICE("foo")), 12182);
    assert_int_equal(ln_keyslot_of(LN_SLICE("somekey")), 11058);
}

static void test_hash_tags(void **state)
{
    unsigned tagged = ln_keyslot_of(LN_SLICE("user1000"));

    (void)state;
    assert_int_equal(ln_keyslot_of(LN_SLICE("{user1000}.following")), tagged);
    assert_int_equal(ln_keyslot_of(LN_SLICE("x{user1000}{y}")), tagged);
    assert_int_equal(ln_keyslot_of(LN_SLICE("foo{bar}{zap}")), ln_keyslot_of(LN_SLICE("bar")));
    assert_int_equal(ln_keyslot_of(LN_SLICE("foo{{bar}}zap")), ln_keyslot_of(LN_SLICE("{bar")));
    assert_int_not_equal(ln_keyslot_of(LN_SLICE("foo{}{bar}")), ln_keyslot_of(LN_SLICE("bar")));
    assert_int_not_equal(ln_keyslot_of(LN_SLICE("foo{bar")), ln_keyslot_of(LN_SLICE("bar")));
}

/* Words separated by spaces, as the client would write them. */
static int slot_of(const char *text)
{
    char wire[512], copy[256], *word, *words;
    size_t n = 0;
    unsigned count = 1;

    snprintf(copy, sizeof copy, "%s", text);
    for (const char *p = text; (p = strchr(p, ' ')) != NULL; p++)
        count++;
    n = (size_t)snprintf(wire, sizeof wire, "*%u\r\n", count);
    for (word = strtok_r(copy, " ", &words); word != NULL; word = strtok_r(NULL, " ", &words))
        n += (size_t)snprintf(wire + n, sizeof wire - n, "$%zu\r\n%s\r\n", strlen(word), word);
    n += (size_t)snprintf(wire + n, sizeof wire - n, "*1\r\n");

    struct ln_slice rest = ln_slice(wire, n), name;
    int slot = ln_keyslot_read(&rest, &name);

    assert_int_equal(rest.n, 4); /* exactly behind it */
    assert_int_equal(name.n, strcspn(text, " "));
    return slot;
}

static void test_commands(void **state)
{
    static const struct {
        const char *text;
        bool has_key; /* foo */
    } cases[] = {
        {"GET foo", true},
        {"get foo", true},
        {"MSET foo 1 bar 2", true},
        {"NOSUCH foo", true},
        {"PING", false},
        {"INFO foo", false},
        {"multi", false},
        {"EVAL return 1 foo", true},
        {"EVALSHA 0123 2 foo bar", true},
        {"EVALSHA 0123 0 foo", false},
        {"FCALL f 0", false},
        {"BITOP AND foo bar", true},
        {"OBJECT ENCODING foo", true},
        {"MEMORY USAGE foo", true},
        {"MEMORY DOCTOR", false},
        {"ZUNION 2 foo bar", true},
        {"ZUNIONSTORE foo 1 bar", true},
        {"XREAD COUNT 2 STREAMS foo 0", true},
        {"xreadgroup GROUP g c streams foo >", true},
        {"XREAD COUNT 2", false},
        {"GET", false},
        {"EVAL x", false},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        int slot = slot_of(cases[i].text);

        if (slot != (cases[i].has_key ? 12182 : LN_REDIS_NO_SLOT))
            fail_msg("%s: %d", cases[i].text, slot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_hash_tags),
        cmocka_unit_test(test_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
