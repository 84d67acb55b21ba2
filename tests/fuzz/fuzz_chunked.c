/* SPDX-License-Identifier: Apache-2.0
 * fuzz_chunked.c - chunked bodies: single bytes and the whole give the same content and verdict,
 * and content that is chunked again comes out as it went in.
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "http/body.h"

enum { CONTENT_MAX = 8192 };

struct outcome {
    enum ln_body_event event;
    enum ln_reject why;
    size_t used, n;
    unsigned trailers;
    char content[CONTENT_MAX];
};

static void read_all(struct outcome *o, const char *p, size_t n, size_t step, bool keep)
{
    const char *at = p, *end = p + n;
    struct ln_arena arena;
    struct ln_fields trailers;
    struct ln_slice data;
    struct ln_body b;

    ln_arena_init(&arena, NULL);
    ln_fields_init(&trailers, &arena);
    ln_body_init(&b, LN_FRAMING_CHUNKED, 0, keep ? &trailers : NULL);
    *o = (struct outcome){.event = LN_BODY_MORE};
    while (at < end) {
        const char *stop = (size_t)(end - at) < step ? end : at + step;

        o->event = ln_body_next(&b, &at, stop, &data, &o->why);
        if (o->event == LN_BODY_DATA) {
            ln_assert(data.n > 0 && o->n + data.n <= CONTENT_MAX);
            memcpy(o->content + o->n, data.p, data.n);
            o->n += data.n;
        } else if (o->event != LN_BODY_MORE) {
            break;
        }
    }
    if (o->event == LN_BODY_DATA)
        o->event = LN_BODY_MORE;
    o->used = (size_t)(at - p);
    o->trailers = trailers.count;
    for (unsigned i = 0; i < trailers.count; i++) {
        ln_assert(ln_field_name_ok(ln_field_name(&trailers.v[i])));
        ln_assert(ln_field_value_ok(ln_field_value(&trailers.v[i])));
        ln_assert(trailers.v[i].id == LN_FIELD_OTHER);
    }
    ln_arena_reset(&arena);
}

static void same(const struct outcome *a, const struct outcome *b)
{
    ln_assert(a->event == b->event && a->used == b->used && a->n == b->n);
    ln_assert(a->event != LN_BODY_BAD || a->why == b->why);
    ln_assert(memcmp(a->content, b->content, a->n) == 0);
}

static void chunk_again(const struct outcome *o)
{
    char bytes[CONTENT_MAX + 64];
    struct outcome again;
    size_t n = 0;

    if (o->n > 0) {
        n = ln_chunk_head(bytes, o->n);
        memcpy(bytes + n, o->content, o->n);
        n += o->n;
        memcpy(bytes + n, "\r\n", 2);
        n += 2;
    }
    memcpy(bytes + n, "0\r\n\r\n", 5);
    n += 5;
    read_all(&again, bytes, n, n, false);
    ln_assert(again.event == LN_BODY_END && again.used == n && again.n == o->n);
    ln_assert(memcmp(again.content, o->content, o->n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *p = (const char *)bytes;
    struct outcome whole, other;

    if (n > CONTENT_MAX)
        return 0;
    read_all(&whole, p, n, n, true);
    read_all(&other, p, n, 1, true);
    same(&whole, &other);
    ln_assert(whole.trailers == other.trailers);
    read_all(&other, p, n, 3, false);
    same(&whole, &other);
    chunk_again(&whole);
    return 0;
}
