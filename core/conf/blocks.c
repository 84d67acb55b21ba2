/* SPDX-License-Identifier: Apache-2.0
 * blocks.c - sorted ranges of addresses, those of IPv4 apart from those of IPv6.
 */
#include "conf/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct range {
    unsigned char first[16], last[16];
};

struct ranges {
    struct range *v;
    size_t count, cap;
};

struct ln_blocks {
    struct ranges by_family[2]; /* IPv6, IPv4 */
    bool sorted;
};

struct ln_blocks *ln_blocks_make(void)
{
    return ln_zalloc(sizeof(struct ln_blocks));
}

void ln_blocks_unmake(struct ln_blocks *b)
{
    if (b == NULL)
        return;
    ln_free(b->by_family[0].v);
    ln_free(b->by_family[1].v);
    ln_free(b);
}

static bool is_v4(const unsigned char ip[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(ip, mapped, sizeof mapped) == 0;
}

bool ln_blocks_add(struct ln_blocks *b, const struct ln_cidr *block)
{
    struct ranges *s = &b->by_family[block->bits >= 96 && is_v4(block->bytes)];

    if (b->by_family[0].count + b->by_family[1].count >= LN_BLOCKS_MAX)
        return false;
    if (s->count == s->cap) {
        s->cap = s->cap > 0 ? 2 * s->cap : 8;
        s->v = ln_realloc(s->v, s->cap * sizeof *s->v);
    }
    struct range *r = &s->v[s->count++];

    memcpy(r->first, block->bytes, 16);
    memcpy(r->last, block->bytes, 16);
    for (unsigned bit = block->bits; bit < 128; bit++)
        r->last[bit / 8] |= (unsigned char)(0x80u >> bit % 8);
    b->sorted = false;
    return true;
}

static int by_first(const void *a, const void *b)
{
    return memcmp(((const struct range *)a)->first, ((const struct range *)b)->first, 16);
}

/* Ranges that overlap become one, so that only the nearest one below an address can have it. */
static void sort(struct ranges *s)
{
    size_t n = 0;

    if (s->count > 0)
        qsort(s->v, s->count, sizeof *s->v, by_first);
    for (size_t i = 0; i < s->count; i++) {
        struct range *r = &s->v[i], *before = n > 0 ? &s->v[n - 1] : NULL;

        if (before == NULL || memcmp(r->first, before->last, 16) > 0)
            s->v[n++] = *r;
        else if (memcmp(r->last, before->last, 16) > 0)
            memcpy(before->last, r->last, 16);
    }
    s->count = n;
}

bool ln_blocks_have(struct ln_blocks *b, const unsigned char ip[16])
{
    struct ranges *s = &b->by_family[is_v4(ip)];
    size_t low = 0, high = s->count;

    if (!b->sorted) {
        sort(&b->by_family[0]);
        sort(&b->by_family[1]);
        b->sorted = true;
        high = s->count;
    }
    while (low < high) { /* the first one that begins behind the address is at `high` in the end */
        size_t middle = low + (high - low) / 2;

        if (memcmp(s->v[middle].first, ip, 16) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && memcmp(ip, s->v[low - 1].last, 16) <= 0;
}
