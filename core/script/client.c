/* SPDX-License-Identifier: Apache-2.0
 * client.c - identities and their keys.
 */
#include "script/client.h"

#include "base/mem.h"
#include "script/vm_inner.h"

/* Made when first asked for: many requests are counted nowhere. */
struct ln_slice ln_client_key(struct ln_req *r)
{
    struct ln_slice source = r->client_source, id = r->client_id;

    if (ln_slice_eq(source, LN_SLICE("address")))
        return id;
    if (r->client_key.p == NULL) {
        char *key = ln_arena_alloc(r->arena, source.n + 1 + id.n);

        if (source.n > 0)
            memcpy(key, source.p, source.n);
        key[source.n] = ':';
        if (id.n > 0)
            memcpy(key + source.n + 1, id.p, id.n);
        r->client_key = ln_slice(key, source.n + 1 + id.n);
    }
    return r->client_key;
}

void ln_client_assign(struct ln_req *r, struct ln_slice source, struct ln_slice id)
{
    r->client_source = source;
    r->client_id = id;
    r->client_key = ln_slice(NULL, 0);
}

void ln_client_claim(struct ln_req *r, int rank, struct ln_slice source, struct ln_slice id)
{
    if (rank > r->client_rank)
        return;
    ln_client_assign(r, source, id);
    r->client_rank = rank;
}

int ln_client_rank(const struct ln_vm *vm)
{
    const struct ln_identity_conf *conf = vm->identity;
    int rank = -1;

    for (unsigned i = 0; conf != NULL && i < conf->from_count; i++) {
        if (conf->from[i].kind == LN_IDENTITY_CONSUMER)
            return (int)i;
        if (conf->from[i].kind == LN_IDENTITY_JWT)
            rank = (int)i;
    }
    return rank;
}

void ln_client_reserve(struct ln_vm *vm, const char *name)
{
    vm->reserved = ln_realloc(vm->reserved, (vm->reserved_count + 1) * sizeof(const char *));
    vm->reserved[vm->reserved_count++] = ln_arena_strdup(&vm->arena, name);
}

const char *const *ln_vm_reserved(const struct ln_vm *vm, unsigned *count)
{
    *count = vm->reserved_count;
    return vm->reserved;
}
