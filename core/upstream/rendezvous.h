/* SPDX-License-Identifier: Apache-2.0
 * rendezvous.h - which instance a key belongs to: weighted rendezvous hashing (Thaler and
 * Ravishankar 1998; weights by Schindelhauer and Schomaker 2005) over a fixed number of slots.
 *
 * A key falls into a slot; every instance draws a lot for the slot, from the hash of its name and
 * its weight, and the best lot owns it. So an instance that joins takes keys from all others in
 * proportion and moves no other key; one that leaves, or gets another weight, likewise. Nothing
 * depends on the order of instances, on their number, or on the process: gateways agree.
 *
 * Rejected: a ring of virtual nodes (shares within 1 % need ten thousand points for each instance,
 * and lookups grow with the logarithm), Maglev (even shares, but a change of the list moves keys
 * between instances that stay), jump hash (instances are numbers, and only the last may leave).
 *
 * Up to LN_RENDEZVOUS_DIRECT instances the lots are drawn for each key, and nothing is stored. With
 * more the owners are remembered in a table that is filled as keys come: a look-up costs the same
 * for a thousand instances, and a reload builds nothing.
 */
#ifndef LN_UPSTREAM_RENDEZVOUS_H
#define LN_UPSTREAM_RENDEZVOUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    LN_RENDEZVOUS_BITS = 18,
    LN_RENDEZVOUS_SLOTS = 1 << LN_RENDEZVOUS_BITS,
    LN_RENDEZVOUS_DIRECT = 16,
};

struct ln_rendezvous {
    uint64_t *seeds; /* owned: one per instance */
    float *shares;   /* owned: 1 / weight */
    uint16_t *table; /* owned: owner + 1 by slot, 0 = not drawn yet; NULL = direct */
    unsigned count;
    bool equal; /* all weights are */
};

/* No instances yet; then one call for each. `weight` at least 1. */
void ln_rendezvous_init(struct ln_rendezvous *r, unsigned count);
void ln_rendezvous_set(struct ln_rendezvous *r, unsigned index, struct ln_slice name,
                       unsigned weight);
void ln_rendezvous_fini(struct ln_rendezvous *r);

/* A key as a number, the same in all processes and gateways. */
uint64_t ln_rendezvous_key(struct ln_slice key);

/* The owner of a key: an index below count, which must not be 0. `turn` 0 is the owner, 1 the next
 * best for this very key, and so on; one may come up again. */
unsigned ln_rendezvous_owner(struct ln_rendezvous *r, uint64_t key, unsigned turn);

#endif
