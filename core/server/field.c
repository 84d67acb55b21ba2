/* SPDX-License-Identifier: Apache-2.0
 * field.c - a walk over JSON that skips what is not asked for.
 */
#include "server/field.h"

/* Where the string that begins at `i` ends: behind its closing quote. */
static size_t skip_string(struct ln_slice s, size_t i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++)
        if (s.p[i] == '\\')
            i++;
    return i < s.n ? i + 1 : s.n;
}

/* Where the value that begins at `i` ends. */
static size_t skip_value(struct ln_slice s, size_t i)
{
    unsigned depth = 0;

    while (i < s.n) {
        char c = s.p[i];

        if (c == '"') {
            i = skip_string(s, i);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            break;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        i++;
    }
    return i;
}

struct ln_slice ln_field_raw(struct ln_slice s, const char *name)
{
    size_t i = 1; /* behind the brace */

    while (i < s.n && s.p[i] == '"') {
        size_t end = skip_string(s, i);
        struct ln_slice key = ln_slice(s.p + i + 1, end - i >= 2 ? end - i - 2 : 0);
        size_t value = end + 1; /* behind the colon */

        if (value > s.n)
            break;
        end = skip_value(s, value);
        if (ln_slice_eq(key, ln_slice_of(name)))
            return ln_slice(s.p + value, end - value);
        i = end + 1; /* behind the comma */
    }
    return ln_slice(NULL, 0);
}

static unsigned hex4(const char *p)
{
    unsigned value = 0;

    for (unsigned i = 0; i < 4; i++) {
        char c = ln_lower(p[i]);

        value = value * 16 + (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    return value;
}

/* Our writer escapes control characters, and puts U+FFFD for what is no UTF-8: never surrogates. */
static void add_utf8(struct ln_text *out, unsigned code)
{
    char bytes[3] = {(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 0x3f)),
                     (char)(0x80 | (code & 0x3f))};

    if (code >= 0x800) {
        ln_text_add(out, bytes, 3);
        return;
    }
    bytes[0] = (char)(code < 0x80 ? code : 0xc0 | code >> 6);
    bytes[1] = bytes[2];
    ln_text_add(out, bytes, code < 0x80 ? 1 : 2);
}

static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default:
        return c;
    }
}

void ln_field_text(struct ln_slice raw, struct ln_text *out)
{
    if (raw.n < 2 || raw.p[0] != '"')
        return;
    for (size_t i = 1; i + 1 < raw.n; i++) {
        char c = raw.p[i];

        if (c == '\\' && raw.p[i + 1] == 'u' && i + 6 < raw.n) {
            add_utf8(out, hex4(raw.p + i + 2));
            i += 5;
            continue;
        }
        if (c == '\\')
            c = unescape(raw.p[++i]);
        ln_text_add(out, &c, 1);
    }
}
