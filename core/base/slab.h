/* SPDX-License-Identifier: Apache-2.0
 * slab.h - recycled objects of one size: connections, exchanges. Single-threaded.
 */
#ifndef LN_BASE_SLAB_H
#define LN_BASE_SLAB_H

#include <stddef.h>

struct ln_slab {
    void *idle; /* private: linked behind their last byte */
    size_t size, count, max;
};

/* Objects of `size` bytes, at most `max` of them kept idle. */
void ln_slab_init(struct ln_slab *s, size_t size, size_t max);
void ln_slab_fini(struct ln_slab *s);
/* A new object is zeroed; a recycled one is as it was given back. */
void *ln_slab_take(struct ln_slab *s);
void ln_slab_give(struct ln_slab *s, void *object);

#endif
