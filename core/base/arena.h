/* SPDX-License-Identifier: Apache-2.0
 * arena.h - memory with one lifetime: allocate piece by piece, free all at once.
 *
 * An arena takes blocks from a cache (one per worker) and gives them back when it is reset, so that
 * a steady load calls neither malloc nor free. Without a cache it uses the heap. Single-threaded.
 */
#ifndef LN_BASE_ARENA_H
#define LN_BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

enum { LN_ARENA_BLOCK = 4096 };

struct ln_arena_block; /* private */

/* Idle blocks of LN_ARENA_BLOCK bytes, at most `max` of them. */
struct ln_arena_cache {
    struct ln_arena_block *idle; /* private */
    size_t count, max;           /* private */
};

struct ln_arena {
    char *at, *end;                /* private: free space of the newest block */
    struct ln_arena_block *blocks; /* private: newest first */
    struct ln_arena_cache *cache;  /* borrowed; may be NULL */
    size_t used;                   /* bytes taken from blocks so far, for bounds */
};

void ln_arena_cache_init(struct ln_arena_cache *c, size_t max);
void ln_arena_cache_fini(struct ln_arena_cache *c);

void ln_arena_init(struct ln_arena *a, struct ln_arena_cache *cache);

/* Gives every block back; the arena may be used again at once. */
void ln_arena_reset(struct ln_arena *a);

void *ln_arena_slow(struct ln_arena *a,
                    size_t size); /* private: ln_arena_alloc() when the block is full */

/* Uninitialised memory aligned for any type; never NULL. */
static inline void *ln_arena_alloc(struct ln_arena *a, size_t size)
{
    size += size == 0;
    if ((size_t)(a->end - a->at) <
        size) /* before rounding up: the free space is a multiple of 16 */
        return ln_arena_slow(a, size);
    void *p = a->at;
    a->at += (size + 15) & ~(size_t)15;
    return p;
}

void *ln_arena_zalloc(struct ln_arena *a, size_t size);

/* Copies; the copy is followed by a NUL that its length does not count. */
struct ln_slice ln_arena_dup(struct ln_arena *a, struct ln_slice s);
char *ln_arena_strdup(struct ln_arena *a, const char *s);
__attribute__((format(printf, 2, 3))) struct ln_slice ln_arena_printf(struct ln_arena *a,
                                                                      const char *format, ...);

#endif
