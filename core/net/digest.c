/* SPDX-License-Identifier: Apache-2.0
 * digest.c - one context of libcrypto for each algorithm, used again and again.
 */
#include "net/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum { KINDS = LN_DIGEST_KINDS, BLOCK_MAX = 128 };

struct ln_digest {
    EVP_MD_CTX *ctx[KINDS]; /* NULL until first needed */
};

static const struct {
    const EVP_MD *(*algorithm)(void);
    size_t size, block; /* bytes */
} kinds[KINDS] = {
    [LN_DIGEST_KIND_SHA1] = {EVP_sha1, 20, 64},
    [LN_DIGEST_KIND_SHA256] = {EVP_sha256, 32, 64},
    [LN_DIGEST_KIND_SHA512] = {EVP_sha512, 64, 128},
    [LN_DIGEST_KIND_SHA384] = {EVP_sha384, 48, 128},
};

struct ln_digest *ln_digest_new(void)
{
    return ln_zalloc(sizeof(struct ln_digest));
}

void ln_digest_free(struct ln_digest *d)
{
    if (d == NULL)
        return;
    for (int i = 0; i < KINDS; i++)
        EVP_MD_CTX_free(d->ctx[i]);
    ln_free(d);
}

static EVP_MD_CTX *begin(struct ln_digest *d, enum ln_digest_kind kind)
{
    EVP_MD_CTX **ctx = &d->ctx[kind];
    const EVP_MD *algorithm = NULL; /* the one of before */

    if (*ctx == NULL) {
        *ctx = EVP_MD_CTX_new();
        algorithm = kinds[kind].algorithm();
    }
    ln_assert(*ctx != NULL && EVP_DigestInit_ex(*ctx, algorithm, NULL) == 1);
    return *ctx;
}

static void digest_two(struct ln_digest *d, enum ln_digest_kind kind, const void *a, size_t a_n,
                       const void *b, size_t b_n, unsigned char *out)
{
    EVP_MD_CTX *ctx = begin(d, kind);
    int ok = EVP_DigestUpdate(ctx, a, a_n) && EVP_DigestUpdate(ctx, b, b_n) &&
             EVP_DigestFinal_ex(ctx, out, NULL);

    ln_assert(ok);
}

size_t ln_digest_make(struct ln_digest *d, enum ln_digest_kind kind, const void *bytes, size_t n,
                      unsigned char out[LN_DIGEST_MAX])
{
    digest_two(d, kind, bytes, n, "", 0, out);
    return kinds[kind].size;
}

void ln_digest_sha256(struct ln_digest *d, const void *bytes, size_t n,
                      unsigned char out[LN_DIGEST_SHA256])
{
    digest_two(d, LN_DIGEST_KIND_SHA256, bytes, n, "", 0, out);
}

size_t ln_digest_hmac(struct ln_digest *d, enum ln_digest_kind kind, const void *key, size_t key_n,
                      const void *bytes, size_t n, unsigned char out[LN_DIGEST_MAX])
{
    size_t block = kinds[kind].block, size = kinds[kind].size;
    unsigned char pad[BLOCK_MAX] = {0}, inner[LN_DIGEST_MAX];

    if (key_n > block)
        digest_two(d, kind, key, key_n, "", 0, pad);
    else if (key_n > 0)
        memcpy(pad, key, key_n);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36;
    digest_two(d, kind, pad, block, bytes, n, inner);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    digest_two(d, kind, pad, block, inner, size, out);
    OPENSSL_cleanse(pad, sizeof pad);
    return size;
}

bool ln_digest_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
