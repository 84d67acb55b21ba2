/* SPDX-License-Identifier: Apache-2.0
 * digest.h - digests and their HMACs by libcrypto, which only this layer includes.
 *
 * An object is kept by whoever digests often: fetching the algorithm costs three times the digest
 * of a short text. One thread.
 */
#ifndef LN_NET_DIGEST_H
#define LN_NET_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum { LN_DIGEST_SHA256 = 32, LN_DIGEST_MAX = 64 }; /* bytes */

/* SHA-1 is broken where collisions matter; signatures of older protocols still ask for it. */
enum ln_digest_kind {
    LN_DIGEST_KIND_SHA1,
    LN_DIGEST_KIND_SHA256,
    LN_DIGEST_KIND_SHA512,
    LN_DIGEST_KIND_SHA384,
    LN_DIGEST_KINDS
};

struct ln_digest;

struct ln_digest *ln_digest_new(void);
void ln_digest_free(struct ln_digest *d);
void ln_digest_sha256(struct ln_digest *d, const void *bytes, size_t n,
                      unsigned char out[LN_DIGEST_SHA256]);

/* Both return the bytes of the result: 20, 32, 64 or 48. */
size_t ln_digest_make(struct ln_digest *d, enum ln_digest_kind kind, const void *bytes, size_t n,
                      unsigned char out[LN_DIGEST_MAX]);
/* RFC 2104 */
size_t ln_digest_hmac(struct ln_digest *d, enum ln_digest_kind kind, const void *key, size_t key_n,
                      const void *bytes, size_t n, unsigned char out[LN_DIGEST_MAX]);

/* Equal? The time it takes does not tell where they differ. */
bool ln_digest_equal(const void *a, const void *b, size_t n);

#endif
