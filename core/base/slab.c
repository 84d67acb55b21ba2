/* SPDX-License-Identifier: Apache-2.0
 * slab.c - a free list.
 */
#include "base/slab.h"

#include "base/assert.h"
#include "base/mem.h"

void ln_slab_init(struct ln_slab *s, size_t size, size_t max)
{
    ln_assert(size >= sizeof(void *));
    *s = (struct ln_slab){.size = size, .max = max};
}

void ln_slab_fini(struct ln_slab *s)
{
    while (s->idle != NULL) {
        void *object = s->idle;

        s->idle = *(void **)object;
        ln_free(object);
    }
    s->count = 0;
}

void *ln_slab_take(struct ln_slab *s)
{
    void *object = s->idle;

    if (object == NULL)
        return ln_alloc(s->size);
    s->idle = *(void **)object;
    s->count--;
    return object;
}

void ln_slab_give(struct ln_slab *s, void *object)
{
    if (s->count == s->max) {
        ln_free(object);
        return;
    }
    *(void **)object = s->idle;
    s->idle = object;
    s->count++;
}
