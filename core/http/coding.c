/* SPDX-License-Identifier: Apache-2.0
 * coding.c - one stream of zlib.
 */
#include "http/coding.h"

#include <string.h>
#include <zlib.h>

#include "base/assert.h"
#include "base/mem.h"

enum {
    WINDOW_BITS = 14,
    GZIP = 16, /* added to the bits: the format of RFC 1952, and not zlib's own */
    MEMORY = 7,
    GUESS_MIN = 512,
};

struct ln_coder {
    z_stream z;
};

static void *take(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return ln_zalloc((size_t)count * size);
}

static void give(void *opaque, void *memory)
{
    (void)opaque;
    ln_free(memory);
}

struct ln_coder *ln_coder_new(void)
{
    struct ln_coder *c = ln_zalloc(sizeof *c);

    c->z.zalloc = take;
    c->z.zfree = give;
    int rc = deflateInit2(&c->z, LN_CODER_LEVEL_MIN, Z_DEFLATED, WINDOW_BITS + GZIP, MEMORY,
                          Z_DEFAULT_STRATEGY);
    ln_assert(rc == Z_OK);
    return c;
}

void ln_coder_free(struct ln_coder *c)
{
    if (c == NULL)
        return;
    deflateEnd(&c->z);
    ln_free(c);
}

void ln_coder_begin(struct ln_coder *c, int level)
{
    ln_assert(level >= LN_CODER_LEVEL_MIN && level <= LN_CODER_LEVEL_MAX);
    int rc = deflateReset(&c->z);

    if (rc == Z_OK)
        rc = deflateParams(&c->z, level, Z_DEFAULT_STRATEGY);
    ln_assert(rc == Z_OK);
}

/* Twice the room for what comes out. */
static char *enlarge(struct ln_arena *arena, const char *out, size_t used, size_t *size)
{
    char *more = ln_arena_alloc(arena, *size * 2);

    memcpy(more, out, used);
    *size *= 2;
    return more;
}

struct ln_slice ln_coder_run(struct ln_coder *c, struct ln_slice in, enum ln_coder_step step,
                             struct ln_arena *arena)
{
    static const int flushes[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    size_t size = in.n / 2 + GUESS_MIN, used = 0;
    char *out = ln_arena_alloc(arena, size);

    ln_assert(in.n <= UINT32_MAX / 4);
    c->z.next_in = (Bytef *)(uintptr_t)in.p;
    c->z.avail_in = (uInt)in.n;
    for (;;) {
        c->z.next_out = (Bytef *)out + used;
        c->z.avail_out = (uInt)(size - used);
        int rc = deflate(&c->z, flushes[step]);

        ln_assert(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
        used = size - c->z.avail_out;
        if (c->z.avail_out > 0) /* all has gone in, and out what the step wants out */
            break;
        out = enlarge(arena, out, used, &size);
    }
    return ln_slice(used > 0 ? out : NULL, used);
}
