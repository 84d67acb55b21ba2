/* SPDX-License-Identifier: Apache-2.0
 * fuzz_target.c - request targets: a normal form is its own normal form, has only characters that a
 * path may have, and no dot segment in any spelling.
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "http/accept.h"
#include "http/chars.h"
#include "http/query.h"
#include "http/target.h"

/* Looks at the bytes one by one, without the parser's tables. */
static void check_path(struct ln_slice path)
{
    size_t start = 1;

    ln_assert(path.n > 0 && path.p[0] == '/');
    for (size_t i = 1; i <= path.n; i++) {
        if (i < path.n && path.p[i] != '/') {
            ln_assert(strchr(" #?\\\"<>^`{|}[]", path.p[i]) == NULL && path.p[i] > ' ' &&
                      path.p[i] < 0x7f);
            continue;
        }
        ln_assert(!ln_slice_eq(ln_slice(path.p + start, i - start), LN_SLICE(".")));
        ln_assert(!ln_slice_eq(ln_slice(path.p + start, i - start), LN_SLICE("..")));
        start = i + 1;
    }
    for (size_t i = 0; i < path.n; i++) {
        int c = path.p[i] == '%' ? ln_chars_escaped(path.p + i, path.n - i) : -1;

        ln_assert(path.p[i] != '%' || c >= 0);
        ln_assert(c < 0 || !ln_chars_is((char)c, LN_CHARS_UNRESERVED));
    }
}

static void walk_query(struct ln_slice query, struct ln_arena *arena)
{
    struct ln_query_arg arg;

    while (ln_query_next(&query, &arg, arena)) {
        struct ln_slice again = ln_query_encode(arg.value, true, arena);

        ln_assert(ln_slice_eq(ln_query_decode(again, true, arena), arg.value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ln_slice raw = ln_slice((const char *)bytes, n), path;
    struct ln_target t, again;
    struct ln_arena arena;

    ln_arena_init(&arena, NULL);
    (void)ln_accept_prefers_json(raw);
    (void)ln_target_parse(&t, raw, LN_METHOD_CONNECT, &arena);
    if (ln_target_parse(&t, raw, LN_METHOD_GET, &arena) == LN_REJECT_NONE) {
        check_path(t.path);
        ln_assert(ln_target_parse(&again, t.path, LN_METHOD_GET, &arena) == LN_REJECT_NONE);
        ln_assert(ln_slice_eq(again.path, t.path) && again.query.p == NULL);
        ln_assert(t.form != LN_TARGET_ABSOLUTE || ln_authority_ok(t.authority));
        if (t.query.p != NULL)
            walk_query(t.query, &arena);
    }
    if (ln_target_normalise(raw, &arena, &path))
        check_path(path);
    ln_arena_reset(&arena);
    return 0;
}
