/* SPDX-License-Identifier: Apache-2.0
 * buf.h - byte buffers that are borrowed while bytes are waiting and given back when none are.
 *
 * A buffer has a read end and a write end. The cache (one per worker) keeps idle buffers of the
 * standard size, last in first out, so that the next borrower gets one that is warm.
 * Single-threaded.
 */
#ifndef LN_BASE_BUF_H
#define LN_BASE_BUF_H

#include <stddef.h>

#include "base/slice.h"

enum { LN_BUF_SIZE = 16384 }; /* capacity of a standard buffer */

struct ln_buf {
    struct ln_buf *next; /* free for whoever holds the buffer; the cache links idle ones */
    size_t cap;
    size_t head, tail; /* bytes [head, tail) wait to be read; [tail, cap) is room */
    char bytes[];
};

struct ln_buf_cache {
    struct ln_buf *idle; /* private */
    size_t count, max;   /* private */
    size_t lent;         /* buffers that are out now */
};

void ln_buf_cache_init(struct ln_buf_cache *c, size_t max);
void ln_buf_cache_fini(struct ln_buf_cache *c);

/* An empty buffer of at least `cap` bytes; larger than LN_BUF_SIZE comes from the heap. */
struct ln_buf *ln_buf_borrow(struct ln_buf_cache *c, size_t cap);
void ln_buf_return(struct ln_buf_cache *c, struct ln_buf *b); /* NULL is accepted */

/* A buffer of at least `cap` with the same waiting bytes; `b` is returned to the cache. */
struct ln_buf *ln_buf_enlarge(struct ln_buf_cache *c, struct ln_buf *b, size_t cap);

static inline size_t ln_buf_len(const struct ln_buf *b)
{
    return b->tail - b->head;
}

static inline size_t ln_buf_room(const struct ln_buf *b)
{
    return b->cap - b->tail;
}

static inline char *ln_buf_at(struct ln_buf *b)
{
    return b->bytes + b->head;
}

static inline char *ln_buf_end(struct ln_buf *b)
{
    return b->bytes + b->tail;
}

static inline void ln_buf_eat(struct ln_buf *b, size_t n)
{
    b->head += n;
    if (b->head == b->tail)
        b->head = b->tail = 0;
}

/* The caller has made sure of the room. */
static inline void ln_buf_put(struct ln_buf *b, const void *bytes, size_t n)
{
    memcpy(b->bytes + b->tail, bytes, n);
    b->tail += n;
}

#endif
