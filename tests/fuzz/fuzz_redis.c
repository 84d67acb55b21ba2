/* SPDX-License-Identifier: Apache-2.0
 * fuzz_redis.c - replies of Redis: whatever comes is read the same in one piece and byte by byte,
 * within its bound; and URLs, whose messages never show a password.
 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "fuzz.h"
#include "redis/reply.h"
#include "redis/url.h"

enum { MOST = 4096, DEPTH = 16 };

static void print(struct ln_text *t, const struct ln_redis_reply *r, unsigned depth)
{
    ln_assert(depth < DEPTH);
    ln_text_printf(t, "%d:", (int)r->kind);
    if (r->kind == LN_REDIS_INTEGER) {
        ln_text_printf(t, "%lld ", (long long)r->integer);
    } else if (r->kind == LN_REDIS_ARRAY) {
        ln_text_printf(t, "%u[", r->count);
        for (unsigned i = 0; i < r->count; i++)
            print(t, r->items[i], depth + 1);
        ln_text_puts(t, "]");
    } else if (r->kind != LN_REDIS_NIL) {
        ln_text_add(t, r->text.p, r->text.n);
        if (r->kind == LN_REDIS_FAULT)
            ln_assert(ln_redis_error_of(r->text) != LN_REDIS_OK);
    }
}

/* All replies, and how the reading ended: with `step` bytes at a time. */
static void read_all(const uint8_t *bytes, size_t n, size_t step, struct ln_text *t)
{
    struct ln_redis_reader *r = ln_redis_reader_new(MOST);
    struct ln_redis_reply *reply;
    struct ln_arena arena;
    enum ln_redis_read how = LN_REDIS_READ_MORE;

    ln_arena_init(&arena, NULL);
    for (size_t at = 0; at < n && how == LN_REDIS_READ_MORE; at += step) {
        if (!ln_redis_reader_feed(r, (const char *)bytes + at, n - at < step ? n - at : step))
            break;
        while ((how = ln_redis_reader_next(r, &arena, &reply)) == LN_REDIS_READ) {
            print(t, reply, 0);
            ln_assert(arena.used <= MOST + LN_ARENA_BLOCK);
            ln_arena_reset(&arena);
        }
    }
    ln_text_printf(t, "=%d", how == LN_REDIS_READ_MORE);
    ln_arena_reset(&arena);
    ln_redis_reader_free(r);
}

static void try_replies(const uint8_t *bytes, size_t n)
{
    struct ln_text whole, pieces;

    ln_text_init(&whole);
    ln_text_init(&pieces);
    read_all(bytes, n, n > 0 ? n : 1, &whole);
    read_all(bytes, n, 1, &pieces);
    ln_assert(ln_slice_eq(ln_slice(whole.p, whole.n), ln_slice(pieces.p, pieces.n)));
    ln_text_fini(&whole);
    ln_text_fini(&pieces);
}

static void try_url(const uint8_t *bytes, size_t n)
{
    struct ln_redis_url url;
    struct ln_err err = {.text = ""};

    if (ln_redis_url_parse(ln_slice((const char *)bytes, n), &url, &err) != 0) {
        ln_assert(err.text[0] != '\0');
        return;
    }
    ln_assert((url.at[0].host[0] != '\0') != (url.path[0] != '\0') && url.label[0] != '\0');
    if (strlen(url.password) > 8 && url.count == 1 &&
        strstr(url.at[0].host, url.password) == NULL && strstr(url.master, url.password) == NULL &&
        strstr(url.path, url.password) == NULL)
        ln_assert(strstr(url.label, url.password) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    try_replies(bytes, n);
    try_url(bytes, n);
    return 0;
}
