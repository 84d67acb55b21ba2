/* SPDX-License-Identifier: Apache-2.0
 * digest.h - SHA-256 by libcrypto, which only this layer includes.
 *
 * An object is kept by whoever digests often: fetching the algorithm costs three times the digest
 * of a short text. One thread.
 */
#ifndef LN_NET_DIGEST_H
#define LN_NET_DIGEST_H

#include <stddef.h>

enum { LN_DIGEST_SHA256 = 32 };

struct ln_digest;

struct ln_digest *ln_digest_new(void);
void ln_digest_free(struct ln_digest *d);
void ln_digest_sha256(struct ln_digest *d, const void *bytes, size_t n,
                      unsigned char out[LN_DIGEST_SHA256]);

#endif
