/* SPDX-License-Identifier: Apache-2.0
 * digest.c - one context of libcrypto, used again and again.
 */
#include "net/digest.h"

#include <openssl/evp.h>

#include "base/assert.h"
#include "base/mem.h"

struct ln_digest {
    EVP_MD_CTX *ctx;
};

struct ln_digest *ln_digest_new(void)
{
    struct ln_digest *d = ln_alloc(sizeof *d);

    d->ctx = EVP_MD_CTX_new();
    ln_assert(d->ctx != NULL && EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1);
    return d;
}

void ln_digest_free(struct ln_digest *d)
{
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->ctx);
    ln_free(d);
}

void ln_digest_sha256(struct ln_digest *d, const void *bytes, size_t n,
                      unsigned char out[LN_DIGEST_SHA256])
{
    int ok = EVP_DigestInit_ex(d->ctx, NULL, NULL) && EVP_DigestUpdate(d->ctx, bytes, n) &&
             EVP_DigestFinal_ex(d->ctx, out, NULL);

    ln_assert(ok);
}
