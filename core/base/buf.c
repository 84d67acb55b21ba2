/* SPDX-License-Identifier: Apache-2.0
 * buf.c - the cache of idle buffers.
 */
#include "base/buf.h"

#include "base/assert.h"
#include "base/mem.h"

void ln_buf_cache_init(struct ln_buf_cache *c, size_t max)
{
    *c = (struct ln_buf_cache){.max = max};
}

void ln_buf_cache_fini(struct ln_buf_cache *c)
{
    while (c->idle != NULL) {
        struct ln_buf *b = c->idle;

        c->idle = b->next;
        ln_free(b);
    }
    c->count = 0;
}

struct ln_buf *ln_buf_borrow(struct ln_buf_cache *c, size_t cap)
{
    struct ln_buf *b;

    c->lent++;
    if (cap <= LN_BUF_SIZE && c->idle != NULL) {
        b = c->idle;
        c->idle = b->next;
        c->count--;
    } else {
        if (cap < LN_BUF_SIZE)
            cap = LN_BUF_SIZE;
        b = ln_alloc(sizeof *b + cap);
        b->cap = cap;
    }
    b->next = NULL;
    b->head = b->tail = 0;
    return b;
}

void ln_buf_return(struct ln_buf_cache *c, struct ln_buf *b)
{
    if (b == NULL)
        return;
    ln_assert(c->lent > 0);
    c->lent--;
    if (b->cap == LN_BUF_SIZE && c->count < c->max) {
        b->next = c->idle;
        c->idle = b;
        c->count++;
    } else {
        ln_free(b);
    }
}

struct ln_buf *ln_buf_enlarge(struct ln_buf_cache *c, struct ln_buf *b, size_t cap)
{
    struct ln_buf *bigger = ln_buf_borrow(c, cap);

    ln_assert(bigger->cap >= ln_buf_len(b));
    ln_buf_put(bigger, ln_buf_at(b), ln_buf_len(b));
    ln_buf_return(c, b);
    return bigger;
}
