/* SPDX-License-Identifier: Apache-2.0
 * arena.c - bump allocation from recycled blocks.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"

struct ln_arena_block {
    struct ln_arena_block *next;
    size_t size; /* of the whole block; only blocks of LN_ARENA_BLOCK are cached */
};

enum { HEADER = (sizeof(struct ln_arena_block) + 15) & ~15u };

void ln_arena_cache_init(struct ln_arena_cache *c, size_t max)
{
    *c = (struct ln_arena_cache){.max = max};
}

void ln_arena_cache_fini(struct ln_arena_cache *c)
{
    while (c->idle != NULL) {
        struct ln_arena_block *b = c->idle;

        c->idle = b->next;
        ln_free(b);
    }
    c->count = 0;
}

void ln_arena_init(struct ln_arena *a, struct ln_arena_cache *cache)
{
    *a = (struct ln_arena){.cache = cache};
}

void ln_arena_reset(struct ln_arena *a)
{
    struct ln_arena_cache *c = a->cache;

    while (a->blocks != NULL) {
        struct ln_arena_block *b = a->blocks;

        a->blocks = b->next;
        if (c != NULL && b->size == LN_ARENA_BLOCK && c->count < c->max) {
            b->next = c->idle;
            c->idle = b;
            c->count++;
        } else {
            ln_free(b);
        }
    }
    a->at = a->end = NULL;
    a->used = 0;
}

static struct ln_arena_block *take_block(struct ln_arena *a, size_t size)
{
    struct ln_arena_cache *c = a->cache;
    struct ln_arena_block *b;

    if (size == LN_ARENA_BLOCK && c != NULL && c->idle != NULL) {
        b = c->idle;
        c->idle = b->next;
        c->count--;
    } else {
        b = ln_alloc(size);
        b->size = size;
    }
    a->used += size;
    return b;
}

void *ln_arena_slow(struct ln_arena *a, size_t size)
{
    ln_assert(size < SIZE_MAX / 2);
    size = (size + 15) & ~(size_t)15;
    if (size > LN_ARENA_BLOCK / 2) { /* a block of its own, behind the one that is being filled */
        struct ln_arena_block *big = take_block(a, HEADER + size);

        if (a->blocks != NULL) {
            big->next = a->blocks->next;
            a->blocks->next = big;
        } else {
            big->next = NULL;
            a->blocks = big;
        }
        return (char *)big + HEADER;
    }
    struct ln_arena_block *b = take_block(a, LN_ARENA_BLOCK);

    b->next = a->blocks;
    a->blocks = b;
    a->at = (char *)b + HEADER + size;
    a->end = (char *)b + LN_ARENA_BLOCK;
    return (char *)b + HEADER;
}

void *ln_arena_zalloc(struct ln_arena *a, size_t size)
{
    return memset(ln_arena_alloc(a, size), 0, size);
}

struct ln_slice ln_arena_dup(struct ln_arena *a, struct ln_slice s)
{
    char *copy = ln_arena_alloc(a, s.n + 1);

    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return ln_slice(copy, s.n);
}

char *ln_arena_strdup(struct ln_arena *a, const char *s)
{
    size_t n = strlen(s);

    return memcpy(ln_arena_alloc(a, n + 1), s, n + 1);
}

struct ln_slice ln_arena_printf(struct ln_arena *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ln_assert(n >= 0);

    char *text = ln_arena_alloc(a, (size_t)n + 1);

    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return ln_slice(text, (size_t)n);
}
