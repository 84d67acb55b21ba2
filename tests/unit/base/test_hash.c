/* SPDX-License-Identifier: Apache-2.0
 * test_hash.c - SipHash-1-3 against a second implementation, written byte by byte from the paper's
 * description. The second one is itself proven with the paper's own vector, which is for two and
 * four rounds.
 */
#include "unit.h"

#include "base/hash.h"
#include "base/rand.h"

static void turn(uint64_t v[4])
{
    static const struct {
        int into, from, by;
    } halves[] = {{0, 1, 13}, {2, 3, 16}, {0, 3, 21}, {2, 1, 17}};

    for (int i = 0; i < 4; i++) {
        uint64_t *into = &v[halves[i].into], *from = &v[halves[i].from];
        int by = halves[i].by;

        *into += *from;
        *from = (*from << by | *from >> (64 - by)) ^ *into;
        if (i == 0 ||
            i == 3) /* the sum's halves change places: v0 after the first step, v2 after the last */
            *into = *into << 32 | *into >> 32;
    }
}

static uint64_t little_endian(const unsigned char *p)
{
    uint64_t x = 0;

    for (int i = 7; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

static uint64_t plain_siphash(int compress, int finish, const unsigned char key[16],
                              const unsigned char *bytes, size_t n)
{
    unsigned char padded[256] = {0};
    size_t blocks = n / 8 + 1;
    uint64_t k0 = little_endian(key), k1 = little_endian(key + 8);
    uint64_t v[4];

    memcpy(padded, bytes, n);
    padded[blocks * 8 - 1] = (unsigned char)n;
    v[0] = k0 ^ little_endian((const unsigned char *)"uespemos");
    v[1] = k1 ^ little_endian((const unsigned char *)"modnarod");
    v[2] = k0 ^ little_endian((const unsigned char *)"arenegyl");
    v[3] = k1 ^ little_endian((const unsigned char *)"setybdet");
    for (size_t i = 0; i < blocks; i++) {
        uint64_t word = little_endian(padded + 8 * i);

        v[3] ^= word;
        for (int c = 0; c < compress; c++)
            turn(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int f = 0; f < finish; f++)
        turn(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void test_the_second_implementation_knows_the_papers_vector(void **state)
{
    unsigned char key[16], bytes[15];

    (void)state;
    for (unsigned char i = 0; i < 16; i++)
        key[i] = i;
    memcpy(bytes, key, sizeof bytes);
    assert_true(plain_siphash(2, 4, key, bytes, sizeof bytes) == 0xa129ca6149be45e5u);
}

static void test_both_agree_on_every_length(void **state)
{
    unsigned char key[16], bytes[200];
    struct ln_hash_key words;
    struct ln_rand r;

    (void)state;
    ln_rand_init(&r, 7);
    for (size_t n = 0; n < sizeof bytes; n++) {
        for (size_t i = 0; i < 16; i++)
            key[i] = (unsigned char)ln_rand_next(&r);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)ln_rand_next(&r);
        words.k0 = little_endian(key);
        words.k1 = little_endian(key + 8);
        assert_true(ln_hash(&words, bytes, n) == plain_siphash(1, 3, key, bytes, n));
    }
}

static void test_unaligned_bytes_hash_the_same(void **state)
{
    const struct ln_hash_key key = {1, 2};
    char place[64];

    (void)state;
    uint64_t expected = ln_hash(&key, "a lunette guards the gate", 25);

    for (size_t shift = 0; shift < 16; shift++) {
        memcpy(place + shift, "a lunette guards the gate", 25);
        assert_true(ln_hash(&key, place + shift, 25) == expected);
    }
}

static void test_another_key_gives_another_hash(void **state)
{
    const struct ln_hash_key a = {1, 2}, b = {1, 3};

    (void)state;
    assert_true(ln_hash(&a, "x", 1) != ln_hash(&b, "x", 1));
    assert_true(ln_hash(&a, NULL, 0) != ln_hash(&b, NULL, 0));
}

static void test_length_counts_even_for_zero_bytes(void **state)
{
    const struct ln_hash_key key = {3, 4};
    const char zeros[16] = {0};

    (void)state;
    for (size_t n = 1; n < sizeof zeros; n++)
        assert_true(ln_hash(&key, zeros, n) != ln_hash(&key, zeros, n - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_second_implementation_knows_the_papers_vector),
        cmocka_unit_test(test_both_agree_on_every_length),
        cmocka_unit_test(test_unaligned_bytes_hash_the_same),
        cmocka_unit_test(test_another_key_gives_another_hash),
        cmocka_unit_test(test_length_counts_even_for_zero_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
