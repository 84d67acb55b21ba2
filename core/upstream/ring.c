/* SPDX-License-Identifier: Apache-2.0
 * ring.c - smooth weighted round robin, written out in full.
 */
#include "upstream/ring.h"

#include "base/assert.h"
#include "base/mem.h"

static unsigned gcd(unsigned a, unsigned b)
{
    while (b != 0) {
        unsigned rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* Shares of the ring per instance; their sum is returned. */
static unsigned shares(unsigned *share, const unsigned *weights, unsigned count)
{
    uint64_t sum = 0;
    unsigned divisor = 0, total = 0;

    for (unsigned i = 0; i < count; i++) {
        sum += weights[i];
        divisor = gcd(divisor, weights[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        share[i] = weights[i] / divisor;
        if (sum / divisor > LN_RING_MAX)
            share[i] = (unsigned)((uint64_t)weights[i] * LN_RING_MAX / sum);
        if (share[i] == 0)
            share[i] = 1;
        total += share[i];
    }
    return total;
}

static unsigned turn(int64_t *credit, const unsigned *share, unsigned count, unsigned total)
{
    unsigned best = 0;

    for (unsigned i = 0; i < count; i++) {
        credit[i] += share[i];
        if (credit[i] > credit[best])
            best = i;
    }
    credit[best] -= total;
    return best;
}

void ln_ring_init(struct ln_ring *ring, const unsigned *weights, unsigned count)
{
    *ring = (struct ln_ring){.size = 0};
    if (count == 0)
        return;
    ln_assert(count <= UINT16_MAX);

    unsigned *share = ln_alloc(count * sizeof *share);
    int64_t *credit = ln_zalloc(count * sizeof *credit);

    ring->size = shares(share, weights, count);
    ring->at = ln_alloc(ring->size * sizeof *ring->at);
    for (unsigned i = 0; i < ring->size; i++)
        ring->at[i] = (uint16_t)turn(credit, share, count, ring->size);
    ln_free(share);
    ln_free(credit);
}

void ln_ring_fini(struct ln_ring *ring)
{
    ln_free(ring->at);
    *ring = (struct ln_ring){.size = 0};
}
