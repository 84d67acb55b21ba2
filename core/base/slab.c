/* SPDX-License-Identifier: Apache-2.0
 * slab.c - a free list.
 */
#include "base/slab.h"

#include "base/mem.h"

/* The link stands behind the object, whose own bytes stay as they were left. */
static void **link_of(struct ln_slab *s, void *object)
{
    return (void **)(void *)((char *)object + s->size);
}

void ln_slab_init(struct ln_slab *s, size_t size, size_t max)
{
    *s = (struct ln_slab){.size = (size + 15) & ~(size_t)15, .max = max};
}

void ln_slab_fini(struct ln_slab *s)
{
    while (s->idle != NULL) {
        void *object = s->idle;

        s->idle = *link_of(s, object);
        ln_free(object);
    }
    s->count = 0;
}

void *ln_slab_take(struct ln_slab *s)
{
    void *object = s->idle;

    if (object == NULL)
        return ln_zalloc(s->size + sizeof(void *));
    s->idle = *link_of(s, object);
    s->count--;
    return object;
}

void ln_slab_give(struct ln_slab *s, void *object)
{
    if (s->count == s->max) {
        ln_free(object);
        return;
    }
    *link_of(s, object) = s->idle;
    s->idle = object;
    s->count++;
}
