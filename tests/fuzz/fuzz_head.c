/* SPDX-License-Identifier: Apache-2.0
 * fuzz_head.c - request heads: every split gives the same verdict, llhttp agrees
 * with what our rules accept, and an accepted head that is written again means the same.
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "http/target.h"
#include "http/write.h"

static const struct ln_head_limits limits = {.request_line = 512, .headers = 2048, .count = 16};

/* Feeds the bytes up to `cut` first; accepted or not, and the head if so. */
static bool judge(const char *p, size_t n, size_t cut, struct ln_req_head *h, long *end)
{
    struct ln_head_scan scan = {0};
    enum ln_reject why = LN_REJECT_NONE;

    *end = cut > 0 ? ln_head_end(&scan, p, cut, &limits, true, &why) : 0;
    if (*end == 0)
        *end = ln_head_end(&scan, p, n, &limits, true, &why);
    if (*end <= 0)
        return false;
    why = ln_req_head_parse(h, p, (size_t)*end, &limits);
    ln_assert(why != LN_REJECT_SYNTAX); /* each refusal has a rule of ours that names it */
    return why == LN_REJECT_NONE;
}

/* What a strict reader must see in every accepted head, looked at in another way than the parser
 * does. */
static void check(const struct ln_req_head *h)
{
    unsigned lengths = 0, codings = 0, hosts = 0;

    for (unsigned i = 0; i < h->fields.count; i++) {
        const struct ln_field *f = &h->fields.v[i];

        ln_assert(ln_field_name_ok(ln_field_name(f)) && ln_field_value_ok(ln_field_value(f)));
        lengths += ln_slice_caseeq(ln_field_name(f), LN_SLICE("content-length"));
        codings += ln_slice_caseeq(ln_field_name(f), LN_SLICE("transfer-encoding"));
        hosts += ln_slice_caseeq(ln_field_name(f), LN_SLICE("host"));
    }
    ln_assert(lengths + codings <= 1 && hosts <= 1);
    ln_assert(hosts == 1 || h->minor == 0);
    ln_assert((h->framing == LN_FRAMING_LENGTH) == (lengths == 1));
    ln_assert((h->framing == LN_FRAMING_CHUNKED) == (codings == 1));
    ln_assert(codings == 0 || h->minor == 1);
}

/* Every line of the head is a field of the list, in order: nothing hidden, nothing made up. The
 * bytes are split at CRLF and at the first colon, by nothing of the parser's. */
static void check_lines(const char *p, long n, const struct ln_req_head *h)
{
    const char *first = memmem(p, (size_t)n, "\r\n", 2), *line = first + 2, *end = p + n - 2;
    unsigned i = 0;

    for (; line < end; i++) {
        const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        const char *colon = memchr(line, ':', (size_t)(stop - line));
        const struct ln_field *f = &h->fields.v[i];

        ln_assert(colon != NULL && i < h->fields.count);
        ln_assert(f->name == line && f->name_len == colon - line);
        struct ln_slice value = ln_slice_trim(ln_slice(colon + 1, (size_t)(stop - colon - 1)));

        if (f->id == LN_FIELD_CONTENT_LENGTH) /* without leading zeros */
            ln_assert(f->value_len > 0 && f->value + f->value_len == value.p + value.n);
        else
            ln_assert(ln_slice_eq(value, ln_field_value(f)));
        line = stop + 2;
    }
    ln_assert(i == h->fields.count);
}

static void write_again(const struct ln_req_head *h)
{
    char bytes[4096];
    struct ln_writer w = ln_writer(bytes, sizeof bytes);
    struct ln_req_head again;
    struct ln_arena arena;
    long end;

    ln_arena_init(&arena, NULL);
    ln_fields_init(&again.fields, &arena);
    ln_write_slice(&w, h->method);
    ln_write_literal(&w, " ");
    ln_write_slice(&w, h->target);
    ln_write_slice(&w, h->minor == 1 ? LN_SLICE(" HTTP/1.1\r\n") : LN_SLICE(" HTTP/1.0\r\n"));
    ln_write_fields(&w, &h->fields);
    ln_write_crlf(&w);
    size_t n = (size_t)(w.at - bytes);

    /* "a:b" becomes "a: b": only the limits may now refuse it. */
    if (w.overflow || n > limits.headers) {
        ln_arena_reset(&arena);
        return;
    }
    ln_assert(judge(bytes, n, n / 2, &again, &end) && end == (long)n);
    ln_assert(again.framing == h->framing && again.length == h->length);
    ln_assert(again.keep_alive == h->keep_alive && again.upgrade == h->upgrade);
    ln_assert(again.expect_continue == h->expect_continue && ln_slice_eq(again.host, h->host));
    ln_assert(again.fields.count == h->fields.count);
    ln_arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *p = (const char *)bytes;
    struct ln_req_head whole, cut;
    struct ln_target target;
    struct ln_arena arena;
    long end, other;

    if (n == 0)
        return 0;
    ln_arena_init(&arena, NULL);
    ln_fields_init(&whole.fields, &arena);
    ln_fields_init(&cut.fields, &arena);
    bool good = judge(p, n, 0, &whole, &end);

    for (size_t at = 1; at < n && at < 600; at += 1 + at / 16) {
        ln_assert(judge(p, n, at, &cut, &other) == good && (end == 0) == (other == 0));
        ln_assert(!good || other == end);
    }
    if (good) {
        check(&whole);
        check_lines(p, end, &whole);
        write_again(&whole);
        (void)ln_target_parse(&target, whole.target, whole.method_id, &arena);
    }
    ln_arena_reset(&arena);
    return 0;
}
