/* SPDX-License-Identifier: Apache-2.0
 * api_pace.c - how fast content may go, for plugins.
 */
#include "base/hash.h"
#include "script/api_inner.h"
#include "script/stores.h"
#include "shm/region.h"

_Static_assert((int)LN_SIDE_REQUEST == (int)LN_PACE_REQUEST &&
                   (int)LN_SIDE_RESPONSE == (int)LN_PACE_RESPONSE,
               "sides have one number on both sides");

/* Before the content begins: its flow takes the list as it is then. */
static bool may_pace(const struct ln_cur *cur, const struct ln_req *r, int side)
{
    if (side == LN_SIDE_REQUEST)
        return cur->phase == LN_PHASE_REQUEST && ln_req_is_open(r);
    return cur->phase == LN_PHASE_REQUEST || cur->phase == LN_PHASE_RESPONSE;
}

/* One zone for both sides: what a client gets does not take from what it sends. */
static uint64_t bucket_of(const struct ln_vm *vm, int side, struct ln_slice key)
{
    return ln_hash(ln_shm_hash_key(vm->env.shm), key.p, key.n) +
           (uint64_t)side * 0x9e3779b97f4a7c15u + vm->epoch * 0xc2b2ae3d27d4eb4fu;
}

int ln_bandwidth_pace(struct ln_bandwidth *b, struct ln_cur *cur, int side, const char *key,
                      size_t key_len, double rate, double burst)
{
    struct ln_req *r = ln_handle_req(&cur->request);
    struct ln_pace *p;

    if (b == NULL || side < LN_SIDE_REQUEST || side > LN_SIDE_RESPONSE ||
        !(rate >= 1 && rate <= (double)LN_PACE_MAX) ||
        !(burst >= 0 && burst <= (double)LN_PACE_MAX))
        return LN_EINVAL;
    if (r == NULL)
        return LN_EGONE;
    if (!may_pace(cur, r, side))
        return LN_ESTATE;
    p = ln_pace_add(&r->paces[side], r->arena, (uint64_t)rate, (uint64_t)burst);
    if (p == NULL)
        return LN_ELIMIT;
    if (key != NULL && b->is_open) {
        p->zone = &b->zone;
        p->hash = bucket_of(b->vm, side, ln_slice(key, key_len));
    }
    return LN_OK;
}
