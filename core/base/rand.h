/* SPDX-License-Identifier: Apache-2.0
 * rand.h - random numbers: the system's for keys, a fast generator (xoshiro256**, Blackman and
 * Vigna) for the rest.
 */
#ifndef LN_BASE_RAND_H
#define LN_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

struct ln_rand {
    uint64_t s[4];
};

/* From the kernel; for hash keys and seeds. Aborts if the kernel has none to give. */
void ln_rand_bytes(void *out, size_t n);

/* `seed` 0: from the kernel. The same other seed gives the same numbers. */
void ln_rand_init(struct ln_rand *r, uint64_t seed);
uint64_t ln_rand_next(struct ln_rand *r);

/* Uniform in [0, below); `below` at least 1. */
uint64_t ln_rand_below(struct ln_rand *r, uint64_t below);

#endif
