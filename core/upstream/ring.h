/* SPDX-License-Identifier: Apache-2.0
 * ring.h - the order in which round robin visits instances: smooth, weighted, the same in every
 * worker.
 *
 * Built once per generation by smooth weighted round robin (each turn: add every weight to its
 * instance's credit, visit the largest, take the sum off it), so that 5:1:1 gives a a b a c a a and
 * not a a a a a b c. A visit is then one shared counter modulo the length: exact over all workers.
 * Weights are divided by their greatest common divisor, and scaled down when the ring would be
 * longer than LN_RING_MAX.
 */
#ifndef LN_UPSTREAM_RING_H
#define LN_UPSTREAM_RING_H

#include <stdint.h>

enum { LN_RING_MAX = 16384 };

struct ln_ring {
    uint16_t *at;  /* owned: indexes of instances */
    unsigned size; /* 0 = no instances */
};

/* `weights` of `count` instances, each at least 1. */
void ln_ring_init(struct ln_ring *ring, const unsigned *weights, unsigned count);
void ln_ring_fini(struct ln_ring *ring);

#endif
