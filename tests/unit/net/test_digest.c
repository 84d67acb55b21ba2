/* SPDX-License-Identifier: Apache-2.0
 * test_digest.c - SHA-256 by known answers, and that one object may digest again and again.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/digest.h"

static const char *hex(struct ln_digest *d, const void *bytes, size_t n)
{
    static char text[2 * LN_DIGEST_SHA256 + 1];
    unsigned char out[LN_DIGEST_SHA256];

    ln_digest_sha256(d, bytes, n, out);
    for (unsigned i = 0; i < LN_DIGEST_SHA256; i++)
        snprintf(text + 2 * i, 3, "%02x", out[i]);
    return text;
}

/* FIPS 180-4 examples. */
static void test_known_answers(void **state)
{
    struct ln_digest *d = ln_digest_new();
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

    (void)state;
    assert_string_equal(hex(d, "abc", 3),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(hex(d, "", 0),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(hex(d, two_blocks, sizeof two_blocks - 1),
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    ln_digest_free(d);
}

static void test_a_million_letters_and_again(void **state)
{
    struct ln_digest *d = ln_digest_new();
    size_t n = 1000000;
    char *letters = malloc(n);

    (void)state;
    assert_non_null(letters);
    memset(letters, 'a', n);
    for (unsigned i = 0; i < 3; i++)
        assert_string_equal(hex(d, letters, n),
                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(letters);
    ln_digest_free(d);
    ln_digest_free(NULL); /* accepted */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_a_million_letters_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
