/* SPDX-License-Identifier: Apache-2.0
 * test_pubkey.c - signatures of every algorithm, made by libcrypto, and every way to be another's.
 */
#include "unit.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "net/pubkey.h"

static const struct algorithm {
    const char *name, *type, *group;
    size_t half; /* of ECDSA */
    const EVP_MD *(*digest)(void);
} algorithms[] = {
    {"RS256", "RSA", NULL, 0, EVP_sha256},    {"RS384", "RSA", NULL, 0, EVP_sha384},
    {"RS512", "RSA", NULL, 0, EVP_sha512},    {"PS256", "RSA", NULL, 0, EVP_sha256},
    {"PS384", "RSA", NULL, 0, EVP_sha384},    {"PS512", "RSA", NULL, 0, EVP_sha512},
    {"ES256", "EC", "P-256", 32, EVP_sha256}, {"ES384", "EC", "P-384", 48, EVP_sha384},
    {"ES512", "EC", "P-521", 66, EVP_sha512}, {"EdDSA", "ED25519", NULL, 0, NULL},
    {"EdDSA", "ED448", NULL, 0, NULL},
};

enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

static EVP_PKEY *keys[ALGORITHMS];
static struct ln_pubkey *publics[ALGORITHMS];
static char signatures[ALGORITHMS][600];
static size_t lengths[ALGORITHMS];

static const struct ln_slice text = {"header.payload", 14};

static EVP_PKEY *make_key(const struct algorithm *a)
{
    if (strcmp(a->type, "RSA") == 0)
        return keys[0] != NULL ? EVP_PKEY_up_ref(keys[0]),
               keys[0]         : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    return strcmp(a->type, "EC") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", a->group)
                                      : EVP_PKEY_Q_keygen(NULL, NULL, a->type);
}

static struct ln_pubkey *by_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *why = NULL;
    char *pem;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);

    size_t n = (size_t)BIO_get_mem_data(bio, &pem);
    struct ln_pubkey *k = ln_pubkey_pem(ln_slice(pem, n), &why);

    assert_non_null(k);
    BIO_free(bio);
    return k;
}

static size_t to_halves(const char *der, size_t n, size_t half, char *out)
{
    const unsigned char *p = (const unsigned char *)der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);

    assert_non_null(sig);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), (unsigned char *)out, (int)half);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), (unsigned char *)out + half, (int)half);
    ECDSA_SIG_free(sig);
    return 2 * half;
}

/* `salt`: of PS256 and its like, as libcrypto has it. */
static size_t sign_salted(const struct algorithm *a, EVP_PKEY *key, int salt, char *out)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx;
    char raw[600];
    size_t n = sizeof raw;

    assert_int_equal(
        EVP_DigestSignInit(md, &ctx, a->digest != NULL ? a->digest() : NULL, NULL, key), 1);
    if (a->name[0] == 'P') {
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt);
    }
    assert_int_equal(
        EVP_DigestSign(md, (unsigned char *)raw, &n, (const unsigned char *)text.p, text.n), 1);
    EVP_MD_CTX_free(md);
    if (a->half > 0)
        return to_halves(raw, n, a->half, out);
    memcpy(out, raw, n);
    return n;
}

static size_t sign(const struct algorithm *a, EVP_PKEY *key, char *out)
{
    return sign_salted(a, key, RSA_PSS_SALTLEN_DIGEST, out);
}

static int make_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ALGORITHMS; i++) {
        keys[i] = make_key(&algorithms[i]);
        assert_non_null(keys[i]);
        publics[i] = by_pem(keys[i]);
        lengths[i] = sign(&algorithms[i], keys[i], signatures[i]);
    }
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ALGORITHMS; i++) {
        ln_pubkey_free(publics[i]);
        EVP_PKEY_free(keys[i]);
    }
    ln_pubkey_free(NULL);
    return 0;
}

static bool verify(unsigned key, unsigned alg, struct ln_slice of, const char *signature, size_t n)
{
    return ln_pubkey_verify(publics[key], ln_pubkey_alg(ln_slice_of(algorithms[alg].name)), of,
                            ln_slice(signature, n));
}

static void test_own_signatures_only(void **state)
{
    (void)state;
    for (unsigned key = 0; key < ALGORITHMS; key++)
        for (unsigned alg = 0; alg < ALGORITHMS; alg++) {
            bool own = key == alg || (key < 6 && alg < 6); /* RSA is one key here */

            assert_int_equal(verify(key, alg, text, signatures[alg], lengths[alg]), own);
        }
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ALGORITHMS; i++) {
        char *s = signatures[i];

        for (size_t at = 0; at < lengths[i]; at++) {
            s[at] ^= (char)(1 << at % 8);
            assert_false(verify(i, i, text, s, lengths[i]));
            s[at] ^= (char)(1 << at % 8);
        }
        for (size_t n = 0; n < lengths[i]; n += 1 + n / 8)
            assert_false(verify(i, i, text, s, n));
        assert_false(verify(i, i, text, s, lengths[i] + 1));
        assert_false(verify(i, i, LN_SLICE("header.Payload"), s, lengths[i]));
        assert_false(verify(i, i, LN_SLICE(""), s, lengths[i]));
        assert_true(verify(i, i, text, s, lengths[i]));
    }
}

/* r = s = 0 was a valid signature of anything in a well-known library. */
static void test_a_signature_of_nothing(void **state)
{
    static const char zeros[600];

    (void)state;
    for (unsigned i = 0; i < ALGORITHMS; i++)
        assert_false(verify(i, i, text, zeros, lengths[i]));
}

/* RFC 7518 section 3.5: the salt is as long as the digest. */
static void test_salts_of_other_lengths(void **state)
{
    static const int salts[] = {0, 20, 31, 33, RSA_PSS_SALTLEN_MAX};
    char signature[600];

    (void)state;
    for (unsigned i = 0; i < sizeof salts / sizeof *salts; i++) {
        size_t n = sign_salted(&algorithms[3], keys[3], salts[i], signature);

        assert_false(verify(3, 3, text, signature, n));
    }
}

/* s and s + L are one number modulo L, the order of the group; RFC 8032 section 5.1.7 takes the
 * smaller one only. */
static void test_eddsa_has_one_spelling(void **state)
{
    static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
                                            0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
                                            0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    char other[64];
    unsigned carry = 0;

    (void)state;
    memcpy(other, signatures[9], sizeof other);
    for (unsigned i = 0; i < 32; i++) {
        carry += (unsigned char)other[32 + i] + order[i];
        other[32 + i] = (char)carry;
        carry >>= 8;
    }
    assert_false(verify(9, 9, text, other, sizeof other));
}

static void test_names(void **state)
{
    static const char *const none[] = {"none", "None", "HS256", "", "rs256", "RS256 ", "ES256K"};

    (void)state;
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++) {
        int alg = ln_pubkey_alg(ln_slice_of(none[i]));

        assert_int_equal(alg, -1);
        assert_false(ln_pubkey_fits(publics[0], alg));
        assert_false(ln_pubkey_verify(publics[0], alg, text, ln_slice(signatures[0], lengths[0])));
    }
    assert_false(ln_pubkey_fits(publics[0], 1000));
}

/* The modulus of the first key with another exponent. */
static EVP_PKEY *with_exponent(unsigned long e)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    unsigned char n[256];
    BIGNUM *modulus = NULL;
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(keys[0], OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
    BN_bn2nativepad(modulus, n, sizeof n);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, sizeof n),
        OSSL_PARAM_construct_ulong(OSSL_PKEY_PARAM_RSA_E, &e),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    BN_free(modulus);
    return key;
}

static void test_what_is_no_key_for_signatures(void **state)
{
    EVP_PKEY *wrong[] = {
        EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
        EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"),
        with_exponent(1),
        with_exponent(65536),
    };
    const char *said[] = {
        "expected a key for RSA, ECDSA or EdDSA",
        "from 2048 to 16384 bits",
        "expected P-256, P-384 or P-521",
        "exponent",
        "exponent",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        const char *why = NULL;
        char *pem;

        assert_int_equal(PEM_write_bio_PUBKEY(bio, wrong[i]), 1);

        size_t n = (size_t)BIO_get_mem_data(bio, &pem);

        assert_null(ln_pubkey_pem(ln_slice(pem, n), &why));
        assert_non_null(strstr(why, said[i]));
        BIO_free(bio);
        EVP_PKEY_free(wrong[i]);
    }
}

static void test_a_private_key_is_not_taken(void **state)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *why = NULL;
    char *pem;

    (void)state;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, keys[0], NULL, NULL, 0, NULL, NULL), 1);

    size_t n = (size_t)BIO_get_mem_data(bio, &pem);

    assert_null(ln_pubkey_pem(ln_slice(pem, n), &why));
    assert_non_null(strstr(why, "no PEM of a public key"));
    BIO_free(bio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_signatures_only),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_a_signature_of_nothing),
        cmocka_unit_test(test_salts_of_other_lengths),
        cmocka_unit_test(test_eddsa_has_one_spelling),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_is_no_key_for_signatures),
        cmocka_unit_test(test_a_private_key_is_not_taken),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
