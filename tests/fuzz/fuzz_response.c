/* SPDX-License-Identifier: Apache-2.0
 * fuzz_response.c - response heads: the same properties as for request heads.
 */
#include "base/assert.h"
#include "fuzz.h"
#include "http/head.h"
#include "http/write.h"

static const struct ln_head_limits limits = {.request_line = 512, .headers = 2048, .count = 16};

static bool judge(const char *p, size_t n, size_t cut, struct ln_res_head *h, long *end)
{
    struct ln_head_scan scan = {0};
    enum ln_reject why = LN_REJECT_NONE;

    *end = cut > 0 ? ln_head_end(&scan, p, cut, &limits, false, &why) : 0;
    if (*end == 0)
        *end = ln_head_end(&scan, p, n, &limits, false, &why);
    if (*end <= 0)
        return false;
    why = ln_res_head_parse(h, p, (size_t)*end, &limits);
    ln_assert(why != LN_REJECT_SYNTAX);
    return why == LN_REJECT_NONE;
}

static void check(struct ln_res_head *h)
{
    ln_assert(h->status >= 100 && h->status <= 599 && h->minor <= 1);
    for (unsigned i = 0; i < h->fields.count; i++) {
        const struct ln_field *f = &h->fields.v[i];

        ln_assert(ln_field_name_ok(ln_field_name(f)) && ln_field_value_ok(ln_field_value(f)));
    }
    ln_assert(h->framing != LN_FRAMING_CHUNKED || h->minor == 1);
}

static void write_again(const struct ln_res_head *h)
{
    char bytes[4096];
    struct ln_writer w = ln_writer(bytes, sizeof bytes);
    struct ln_res_head again;
    struct ln_arena arena;
    long end;

    ln_arena_init(&arena, NULL);
    ln_fields_init(&again.fields, &arena);
    ln_write_status_line(&w, h->status, h->reason);
    ln_write_fields(&w, &h->fields);
    ln_write_crlf(&w);
    size_t n = (size_t)(w.at - bytes);

    if (!w.overflow && n <= limits.headers) {
        ln_assert(judge(bytes, n, n / 2, &again, &end) && end == (long)n);
        ln_assert(again.framing == h->framing && again.length == h->length);
        ln_assert(again.status == h->status && again.fields.count == h->fields.count);
    }
    ln_arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *p = (const char *)bytes;
    struct ln_res_head whole, cut;
    struct ln_arena arena;
    long end, other;

    if (n == 0)
        return 0;
    ln_arena_init(&arena, NULL);
    ln_fields_init(&whole.fields, &arena);
    ln_fields_init(&cut.fields, &arena);
    bool good = judge(p, n, 0, &whole, &end);

    for (size_t at = 1; at < n && at < 600; at += 1 + at / 16)
        ln_assert(judge(p, n, at, &cut, &other) == good && (end == 0) == (other == 0));
    if (good) {
        check(&whole);
        write_again(&whole);
        ln_res_head_settle(&whole, LN_METHOD_GET);
        ln_assert(whole.framing != LN_FRAMING_CLOSE || !whole.keep_alive);
    }
    ln_arena_reset(&arena);
    return 0;
}
