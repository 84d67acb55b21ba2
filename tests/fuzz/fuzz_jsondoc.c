/* SPDX-License-Identifier: Apache-2.0
 * fuzz_jsondoc.c - a path, a line end, a value, a line end, a JSON text: what is read prints as
 * what is read again, and after any edit it still does.
 */
#include <string.h>

#include "base/assert.h"
#include "base/jsondoc.h"
#include "fuzz.h"

static struct ln_slice take_line(struct ln_slice *rest)
{
    const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    struct ln_slice line = *rest;

    if (end == NULL) {
        *rest = ln_slice(rest->p, 0);
        return line;
    }
    line.n = (size_t)(end - line.p);
    *rest = ln_slice(end + 1, rest->n - line.n - 1);
    return line;
}

/* What was printed is JSON, and prints as itself. */
static void print_twice(const struct ln_jsondoc *d, struct ln_text *out)
{
    struct ln_jsondoc *again = ln_jsondoc_new();
    struct ln_text second;
    const char *why;

    out->n = 0;
    ln_jsondoc_print(d, out);
    ln_text_init(&second);
    bool ok = ln_jsondoc_parse(again, ln_slice(out->p, out->n), &why);

    ln_assert(ok || strstr(why, "too") != NULL); /* an edit may have made it deeper */
    if (ok) {
        ln_jsondoc_print(again, &second);
        ln_assert(second.n == out->n && memcmp(second.p, out->p, out->n) == 0);
    }
    ln_text_fini(&second);
    ln_jsondoc_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ln_slice rest = ln_slice((const char *)bytes, n), path = take_line(&rest),
                    value = take_line(&rest);
    struct ln_jsondoc *d = ln_jsondoc_new();
    struct ln_text out;
    const char *why;

    ln_text_init(&out);
    for (int op = LN_JSONDOC_SET; op <= LN_JSONDOC_RENAME; op++) {
        if (!ln_jsondoc_parse(d, rest, &why))
            break;
        print_twice(d, &out);
        bool ok = ln_jsondoc_edit(d, (enum ln_jsondoc_op)op, path, value);

        ln_assert(!ok || ln_jsondoc_path_fault(path, (enum ln_jsondoc_op)op) == NULL);
        print_twice(d, &out);
    }
    ln_text_fini(&out);
    ln_jsondoc_free(d);
    return 0;
}
