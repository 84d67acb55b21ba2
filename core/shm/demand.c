/* SPDX-License-Identifier: Apache-2.0
 * demand.c - a list without repetitions, and its form as bytes.
 */
#include "shm/demand.h"

#include <stdint.h>

#include "base/assert.h"
#include "base/mem.h"

/* The form as bytes: this, then the name. */
struct wire_item {
    uint64_t size, each;
    uint32_t kind, name_len;
};

void ln_demand_init(struct ln_demand *d)
{
    *d = (struct ln_demand){0};
    ln_map_init(&d->index);
}

void ln_demand_fini(struct ln_demand *d)
{
    for (unsigned i = 0; i < d->count; i++)
        ln_free((void *)(uintptr_t)d->items[i].name.p);
    ln_free(d->items);
    ln_map_fini(&d->index);
    *d = (struct ln_demand){0};
}

/* The map holds positions, counted from 1 because NULL means absent. */
static struct ln_slice index_key(struct ln_text *text, enum ln_zone_kind kind, struct ln_slice name)
{
    char tag = (char)('a' + (int)kind);

    ln_text_init(text);
    ln_text_add(text, &tag, 1);
    ln_text_add(text, name.p, name.n);
    return ln_slice(text->p, text->n);
}

static void append(struct ln_demand *d, enum ln_zone_kind kind, struct ln_slice name, size_t size,
                   size_t each)
{
    if (d->count == d->cap) {
        d->cap = d->cap > 0 ? d->cap * 2 : 16;
        d->items = ln_realloc(d->items, d->cap * sizeof *d->items);
    }
    d->items[d->count++] = (struct ln_demand_item){
        kind, {ln_strndup(name.n > 0 ? name.p : "", name.n), name.n}, size, each};
}

void ln_demand_add(struct ln_demand *d, enum ln_zone_kind kind, struct ln_slice name, size_t size)
{
    ln_demand_add_slots(d, kind, name, size, 0);
}

void ln_demand_add_slots(struct ln_demand *d, enum ln_zone_kind kind, struct ln_slice name,
                         size_t size, size_t each)
{
    struct ln_text text;
    struct ln_slice key = index_key(&text, kind, name);
    uintptr_t at = (uintptr_t)ln_map_get(&d->index, key);

    ln_assert(kind < LN_ZONE_KINDS);
    if (at == 0) {
        append(d, kind, name, size, each);
        ln_map_put(&d->index, key, (void *)(uintptr_t)d->count);
    } else {
        struct ln_demand_item *item = &d->items[at - 1];

        item->size = size > item->size ? size : item->size;
        item->each = each > item->each ? each : item->each;
    }
    ln_text_fini(&text);
}

void ln_demand_save(const struct ln_demand *d, struct ln_text *out)
{
    for (unsigned i = 0; i < d->count; i++) {
        const struct ln_demand_item *item = &d->items[i];
        struct wire_item wire = {item->size, item->each, (uint32_t)item->kind,
                                 (uint32_t)item->name.n};

        ln_text_add(out, (const char *)&wire, sizeof wire);
        ln_text_add(out, item->name.p, item->name.n);
    }
}

bool ln_demand_load(struct ln_demand *d, struct ln_slice bytes)
{
    while (bytes.n > 0) {
        struct wire_item wire;

        if (bytes.n < sizeof wire)
            return false;
        memcpy(&wire, bytes.p, sizeof wire);
        bytes = ln_slice(bytes.p + sizeof wire, bytes.n - sizeof wire);
        if (wire.kind >= LN_ZONE_KINDS || wire.name_len > bytes.n)
            return false;
        ln_demand_add_slots(d, (enum ln_zone_kind)wire.kind, ln_slice(bytes.p, wire.name_len),
                            (size_t)wire.size, (size_t)wire.each);
        bytes = ln_slice(bytes.p + wire.name_len, bytes.n - wire.name_len);
    }
    return true;
}
