/* SPDX-License-Identifier: Apache-2.0
 * hash.h - SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): a keyed
 * hash, so that nobody who does not know the key can aim at a bucket.
 */
#ifndef LN_BASE_HASH_H
#define LN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct ln_hash_key {
    uint64_t k0, k1;
};

uint64_t ln_hash(const struct ln_hash_key *key, const void *bytes, size_t n);

#endif
