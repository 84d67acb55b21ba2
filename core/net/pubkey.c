/* SPDX-License-Identifier: Apache-2.0
 * pubkey.c - libcrypto's keys, made from what JSON and PEM have, and asked.
 */
#include "net/pubkey.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "base/mem.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 16384, EC_MAX = 66 /* bytes of a coordinate */ };

enum kind { RSA_PKCS1, RSA_PSS, ECDSA, EDDSA };

/* What an algorithm is. */
static const struct row {
    const char *name;
    enum kind kind;
    const EVP_MD *(*digest)(void); /* NULL: the algorithm has its own */
    const char *group;             /* of ECDSA */
    size_t half;                   /* bytes of r and of s */
} rows[] = {
    {"RS256", RSA_PKCS1, EVP_sha256, NULL, 0},      {"RS384", RSA_PKCS1, EVP_sha384, NULL, 0},
    {"RS512", RSA_PKCS1, EVP_sha512, NULL, 0},      {"PS256", RSA_PSS, EVP_sha256, NULL, 0},
    {"PS384", RSA_PSS, EVP_sha384, NULL, 0},        {"PS512", RSA_PSS, EVP_sha512, NULL, 0},
    {"ES256", ECDSA, EVP_sha256, "prime256v1", 32}, {"ES384", ECDSA, EVP_sha384, "secp384r1", 48},
    {"ES512", ECDSA, EVP_sha512, "secp521r1", 66},  {"EdDSA", EDDSA, NULL, NULL, 0},
};

/* The curves of JSON Web Keys under libcrypto's names. */
static const struct {
    const char *name, *group;
    size_t size;
} curves[] = {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};

static const struct {
    const char *name, *type;
    size_t size;
} edwards[] = {{"Ed25519", "ED25519", 32}, {"Ed448", "ED448", 57}};

struct ln_pubkey {
    EVP_PKEY *key;
    EVP_MD_CTX *ctx;
};

int ln_pubkey_alg(struct ln_slice name)
{
    for (unsigned i = 0; i < LN_ARRAY_LEN(rows); i++)
        if (ln_slice_eq(name, ln_slice_of(rows[i].name)))
            return (int)i;
    return -1;
}

static struct ln_pubkey *refuse(EVP_PKEY *key, const char **out, const char *why)
{
    EVP_PKEY_free(key);
    ERR_clear_error();
    *out = why;
    return NULL;
}

static bool has_group(const EVP_PKEY *key, const char *group)
{
    char name[64];

    return EVP_PKEY_get_group_name(key, name, sizeof name, NULL) == 1 && strcmp(name, group) == 0;
}

/* With an exponent that is even, or 1, anybody could make signatures. */
static bool has_good_exponent(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    bool good =
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) && !BN_is_one(e);

    BN_free(e);
    return good;
}

/* NULL: it can be used. */
static const char *find_fault(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
        return NULL;
    if (EVP_PKEY_is_a(key, "EC")) {
        for (unsigned i = 0; i < LN_ARRAY_LEN(curves); i++)
            if (has_group(key, curves[i].group))
                return NULL;
        return "curve of an EC key: expected P-256, P-384 or P-521";
    }
    if (!EVP_PKEY_is_a(key, "RSA"))
        return "expected a key for RSA, ECDSA or EdDSA";
    if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN || EVP_PKEY_get_bits(key) > RSA_BITS_MAX)
        return "an RSA key has from 2048 to 16384 bits";
    return has_good_exponent(key) ? NULL : "the exponent of an RSA key is odd and more than 1";
}

static struct ln_pubkey *keep(EVP_PKEY *key, const char **why)
{
    const char *fault = find_fault(key);
    struct ln_pubkey *k;

    if (fault != NULL)
        return refuse(key, why, fault);
    k = ln_zalloc(sizeof *k);
    k->key = key;
    k->ctx = EVP_MD_CTX_new();
    ln_assert(k->ctx != NULL);
    ERR_clear_error();
    return k;
}

void ln_pubkey_free(struct ln_pubkey *k)
{
    if (k == NULL)
        return;
    EVP_MD_CTX_free(k->ctx);
    EVP_PKEY_free(k->key);
    ln_free(k);
}

/* ---- from texts ---- */

/* Nobody is asked for the password of one that is encrypted: none that is meant here is. */
static int no_password(char *text, int room, int for_writing, void *arg)
{
    (void)text;
    (void)room;
    (void)for_writing;
    (void)arg;
    return -1;
}

static EVP_PKEY *read_certificate(BIO *bio)
{
    X509 *x = PEM_read_bio_X509(bio, NULL, no_password, NULL);
    EVP_PKEY *key = x != NULL ? X509_get_pubkey(x) : NULL;

    X509_free(x);
    return key;
}

struct ln_pubkey *ln_pubkey_pem(struct ln_slice text, const char **why)
{
    EVP_PKEY *key = NULL;

    for (unsigned i = 0; i < 2 && key == NULL && text.n <= LN_PUBKEY_TEXT_MAX; i++) {
        BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);

        ln_assert(bio != NULL);
        key = i == 0 ? PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL) : read_certificate(bio);
        BIO_free(bio);
    }
    if (key == NULL)
        return refuse(NULL, why,
                      "no PEM of a public key: expected -----BEGIN PUBLIC KEY----- or "
                      "-----BEGIN CERTIFICATE-----");
    return keep(key, why);
}

/* ---- from numbers ---- */

static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *parts)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    ln_assert(params != NULL && ctx != NULL);
    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

struct ln_pubkey *ln_pubkey_rsa(struct ln_slice n, struct ln_slice e, const char **why)
{
    OSSL_PARAM_BLD *parts;
    BIGNUM *modulus, *exponent;
    EVP_PKEY *key;

    if (n.n == 0 || n.n > RSA_BITS_MAX / 8 + 1 || e.n == 0 || e.n > 8)
        return refuse(NULL, why, "not an RSA key: n or e is missing or has a size that none has");
    parts = OSSL_PARAM_BLD_new();
    modulus = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
    exponent = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
    ln_assert(parts != NULL && modulus != NULL && exponent != NULL);
    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, exponent);
    key = BN_is_odd(modulus) ? build("RSA", parts) : NULL;
    OSSL_PARAM_BLD_free(parts);
    BN_free(modulus);
    BN_free(exponent);
    return key != NULL ? keep(key, why) : refuse(NULL, why, "not an RSA key: n and e make none");
}

/* Is the point on the curve? */
static bool is_sound(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool sound = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return sound;
}

struct ln_pubkey *ln_pubkey_ec(struct ln_slice curve, struct ln_slice x, struct ln_slice y,
                               const char **why)
{
    unsigned char point[1 + 2 * EC_MAX] = {4}; /* uncompressed: 4, x, y (SEC 1 section 2.3.3) */
    OSSL_PARAM_BLD *parts;
    EVP_PKEY *key;
    size_t i = 0, size;

    while (i < LN_ARRAY_LEN(curves) && !ln_slice_eq(curve, ln_slice_of(curves[i].name)))
        i++;
    if (i == LN_ARRAY_LEN(curves))
        return refuse(NULL, why, "crv of an EC key: expected P-256, P-384 or P-521");
    size = curves[i].size;
    if (x.n != size || y.n != size)
        return refuse(NULL, why, "not an EC key: x or y is missing or not as long as the curve's");
    memcpy(point + 1, x.p, size);
    memcpy(point + 1 + size, y.p, size);
    parts = OSSL_PARAM_BLD_new();
    ln_assert(parts != NULL);
    OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, curves[i].group, 0);
    OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size);
    key = build("EC", parts);
    OSSL_PARAM_BLD_free(parts);
    if (key != NULL && !is_sound(key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key != NULL ? keep(key, why)
                       : refuse(NULL, why, "not an EC key: the point is not on the curve");
}

struct ln_pubkey *ln_pubkey_okp(struct ln_slice curve, struct ln_slice x, const char **why)
{
    EVP_PKEY *key;
    size_t i = 0;

    while (i < LN_ARRAY_LEN(edwards) && !ln_slice_eq(curve, ln_slice_of(edwards[i].name)))
        i++;
    if (i == LN_ARRAY_LEN(edwards))
        return refuse(NULL, why, "crv of an OKP key: expected Ed25519 or Ed448");
    if (x.n != edwards[i].size)
        return refuse(NULL, why, "not an OKP key: x is missing or not as long as the curve's");
    key = EVP_PKEY_new_raw_public_key_ex(NULL, edwards[i].type, NULL, (const unsigned char *)x.p,
                                         x.n);
    return key != NULL ? keep(key, why) : refuse(NULL, why, "not an OKP key");
}

/* ---- signatures ---- */

bool ln_pubkey_fits(const struct ln_pubkey *k, int alg)
{
    if (alg < 0 || (size_t)alg >= LN_ARRAY_LEN(rows))
        return false;
    switch (rows[alg].kind) {
    case RSA_PKCS1:
    case RSA_PSS:
        return EVP_PKEY_is_a(k->key, "RSA");
    case ECDSA:
        return EVP_PKEY_is_a(k->key, "EC") && has_group(k->key, rows[alg].group);
    case EDDSA:
        break;
    }
    return EVP_PKEY_is_a(k->key, "ED25519") || EVP_PKEY_is_a(k->key, "ED448");
}

/* r and s side by side (RFC 7518 section 3.4), as libcrypto wants them. The bytes of *der are to be
 * freed. */
static int to_der(struct ln_slice signature, size_t half, unsigned char **der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    const unsigned char *p = (const unsigned char *)signature.p;
    BIGNUM *r = BN_bin2bn(p, (int)half, NULL), *s = BN_bin2bn(p + half, (int)half, NULL);
    int n;

    ln_assert(sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1);
    *der = NULL;
    n = i2d_ECDSA_SIG(sig, der);
    ECDSA_SIG_free(sig);
    return n;
}

static bool verify(const struct ln_pubkey *k, const struct row *row, struct ln_slice text,
                   const unsigned char *signature, size_t n)
{
    EVP_PKEY_CTX *ctx; /* the MD context's */

    if (EVP_DigestVerifyInit(k->ctx, &ctx, row->digest != NULL ? row->digest() : NULL, NULL,
                             k->key) != 1)
        return false;
    if (row->kind == RSA_PSS &&
        (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) != 1))
        return false;
    return EVP_DigestVerify(k->ctx, signature, n, (const unsigned char *)text.p, text.n) == 1;
}

bool ln_pubkey_verify(const struct ln_pubkey *k, int alg, struct ln_slice text,
                      struct ln_slice signature)
{
    const struct row *row = &rows[alg < 0 ? 0 : alg];
    unsigned char *der;
    bool good = false;

    if (!ln_pubkey_fits(k, alg))
        return false;
    if (row->kind != ECDSA) {
        good = verify(k, row, text, (const unsigned char *)signature.p, signature.n);
    } else if (signature.n == 2 * row->half) {
        int n = to_der(signature, row->half, &der);

        good = n > 0 && verify(k, row, text, der, (size_t)n);
        OPENSSL_free(der);
    }
    EVP_MD_CTX_reset(k->ctx);
    ERR_clear_error();
    return good;
}
