/* SPDX-License-Identifier: Apache-2.0
 * rendezvous.c - drawing lots for slots.
 */
#include "upstream/rendezvous.h"

#include <math.h>

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

/* Not secret: restarts and other gateways must agree. What somebody gains who aims at one instance
 * is bounded by what it may have in flight. */
static const struct ln_hash_key public_key = {0x6c756e6574746521u, 0x72656e64657a7621u};

static const uint64_t golden = 0x9e3779b97f4a7c15u;

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the result depends on all. */
static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void ln_rendezvous_init(struct ln_rendezvous *r, unsigned count)
{
    ln_assert(count < UINT16_MAX);
    *r = (struct ln_rendezvous){.count = count, .equal = true};
    r->seeds = ln_zalloc(count * sizeof *r->seeds);
    r->shares = ln_zalloc(count * sizeof *r->shares);
    if (count > LN_RENDEZVOUS_DIRECT)
        r->table = ln_zalloc(LN_RENDEZVOUS_SLOTS * sizeof *r->table);
}

void ln_rendezvous_set(struct ln_rendezvous *r, unsigned index, struct ln_slice name,
                       unsigned weight)
{
    ln_assert(index < r->count && weight > 0);
    r->seeds[index] = ln_rendezvous_key(name);
    r->shares[index] = 1.0f / (float)weight;
    r->equal = r->equal && r->shares[index] == r->shares[0];
}

void ln_rendezvous_fini(struct ln_rendezvous *r)
{
    ln_free(r->seeds);
    ln_free(r->shares);
    ln_free(r->table);
    *r = (struct ln_rendezvous){0};
}

uint64_t ln_rendezvous_key(struct ln_slice key)
{
    return ln_hash(&public_key, key.p, key.n);
}

static unsigned best_of_equals(const struct ln_rendezvous *r, uint64_t slot)
{
    uint64_t most = 0;
    unsigned best = 0;

    for (unsigned i = 0; i < r->count; i++) {
        uint64_t lot = mix(slot ^ r->seeds[i]);

        if (lot > most) {
            most = lot;
            best = i;
        }
    }
    return best;
}

/* The lot is the time until something happens that happens `weight` times in a while: the shortest
 * of several belongs to each with the probability of its share of the weights. */
static unsigned best_by_weight(const struct ln_rendezvous *r, uint64_t slot)
{
    float least = INFINITY;
    unsigned best = 0;

    for (unsigned i = 0; i < r->count; i++) {
        float u = ((float)(mix(slot ^ r->seeds[i]) >> 40) + 0.5f) * 0x1p-24f;
        float lot = -logf(u) * r->shares[i];

        if (lot < least) {
            least = lot;
            best = i;
        }
    }
    return best;
}

static unsigned draw(const struct ln_rendezvous *r, uint64_t slot)
{
    slot = mix(slot + golden);
    return r->equal ? best_of_equals(r, slot) : best_by_weight(r, slot);
}

unsigned ln_rendezvous_owner(struct ln_rendezvous *r, uint64_t key, unsigned turn)
{
    uint64_t slot = mix(key + turn * golden) >> (64 - LN_RENDEZVOUS_BITS);

    if (r->table == NULL)
        return draw(r, slot);
    if (r->table[slot] == 0)
        r->table[slot] = (uint16_t)(draw(r, slot) + 1);
    return r->table[slot] - 1u;
}
