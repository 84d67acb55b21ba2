/* SPDX-License-Identifier: Apache-2.0
 * SHA-256 against the vectors of FIPS 180-4, one object for many digests.
 */
#include "net/digest.h"

#include "unit.h"

static void check(struct ln_digest *d, const char *text, size_t n, const char *hex)
{
    unsigned char out[LN_DIGEST_SHA256];
    char seen[2 * LN_DIGEST_SHA256 + 1];

    ln_digest_sha256(d, text, n, out);
    for (size_t i = 0; i < sizeof out; i++) {
        seen[2 * i] = "0123456789abcdef"[out[i] >> 4];
        seen[2 * i + 1] = "0123456789abcdef"[out[i] & 15];
    }
    seen[sizeof seen - 1] = '\0';
    assert_string_equal(seen, hex);
}

static void test_vectors(void **state)
{
    struct ln_digest *d = ln_digest_new();
    static char million[1000000];

    (void)state;
    memset(million, 'a', sizeof million);
    for (int round = 0; round < 2; round++) {
        check(d, "abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(d, "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(d, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        check(d, million, sizeof million,
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    ln_digest_free(d);
}

static void test_nothing_to_free(void **state)
{
    (void)state;
    ln_digest_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_nothing_to_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
