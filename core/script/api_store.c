/* SPDX-License-Identifier: Apache-2.0
 * api_store.c - what plugins keep in shared memory.
 */
#include "base/assert.h"
#include "base/hash.h"
#include "script/api_inner.h"
#include "script/vm_inner.h"
#include "shm/region.h"

static ln_nsec now_of(const struct ln_vm *vm)
{
    return vm->env.loop != NULL ? ln_loop_now(vm->env.loop) : ln_clock_mono();
}

/* While a configuration is checked there is no zone, and everybody passes. */
int ln_limiter_take_key(struct ln_limiter *l, const char *key, size_t key_len, double cost,
                        struct ln_taken *out)
{
    if (l == NULL || !(cost >= 0 && cost <= 1e9))
        return LN_EINVAL;
    struct ln_limit_answer answer = {.ok = true, .left = l->limit.burst};
    if (LN_LIKELY(l->zone != NULL)) {
        uint64_t hash = ln_hash(ln_shm_hash_key(l->vm->env.shm), key, key_len) ^ l->salt;

        ln_limiter_take(l->zone, l->size, &l->limit, hash, (uint64_t)cost, now_of(l->vm), &answer);
    }
    out->left = (double)answer.left;
    out->wait = (double)answer.wait / 1e9;
    return answer.ok ? LN_OK : LN_NONE;
}
