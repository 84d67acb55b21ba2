/* SPDX-License-Identifier: Apache-2.0
 * api_escape.c - texts that stand in others: in a URL, a path, a JSON string, HTML.
 */
#include "script/vm_inner.h"

enum { LENGTH_MAX = 1 << 20 };

/* RFC 3986 section 2.3: what never needs an escape; in a path also what section 3.3 leaves free. */
static bool is_plain(char c, enum ln_escape way)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr(way == LN_ESCAPE_PATH ? "-._~/!$&'()*+,;=:@" : "-._~", c) != NULL;
}

static void escape_url(struct ln_text *t, struct ln_slice s, enum ln_escape way)
{
    for (size_t i = 0; i < s.n; i++) {
        size_t from = i;

        while (i < s.n && is_plain(s.p[i], way))
            i++;
        ln_text_add(t, s.p + from, i - from);
        if (i < s.n)
            ln_text_printf(t, "%%%02X", (unsigned char)s.p[i]);
    }
}

static void escape_html(struct ln_text *t, struct ln_slice s)
{
    static const char special[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] != '\0' ? strchr(special, s.p[i]) : NULL;

        if (at != NULL)
            ln_text_puts(t, names[at - special]);
        else
            ln_text_add(t, s.p + i, 1);
    }
}

int ln_escape_text(struct ln_cur *cur, int way, const char *text, size_t len, struct ln_str *out)
{
    struct ln_text *t = &ln_container_of(cur, struct ln_vm, cur)->escaped;
    struct ln_slice s = ln_slice(text, len);
    size_t quotes = way == LN_ESCAPE_JSON ? 1 : 0;

    if (len > LENGTH_MAX)
        return LN_ELIMIT;
    if (t->cap > LENGTH_MAX) /* one long text is no reason to keep so much */
        ln_text_fini(t);
    t->n = 0;
    switch (way) {
    case LN_ESCAPE_URL:
    case LN_ESCAPE_PATH:
        escape_url(t, s, (enum ln_escape)way);
        break;
    case LN_ESCAPE_JSON:
        ln_text_json(t, s);
        break;
    case LN_ESCAPE_HTML:
        escape_html(t, s);
        break;
    default:
        return LN_EINVAL;
    }
    out->ptr = t->n > 0 ? t->p + quotes : "";
    out->len = t->n - 2 * quotes;
    return LN_OK;
}
