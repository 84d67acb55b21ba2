/* SPDX-License-Identifier: Apache-2.0
 * text.c - growing text, JSON escapes, edit distance.
 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"

void ln_text_init(struct ln_text *t)
{
    *t = (struct ln_text){.n = 0};
}

void ln_text_fini(struct ln_text *t)
{
    ln_free(t->p);
    ln_text_init(t);
}

static char *room(struct ln_text *t, size_t n)
{
    if (t->cap - t->n <= n) {
        t->cap = (t->n + n + 1) * 2;
        t->p = ln_realloc(t->p, t->cap);
    }
    return t->p + t->n;
}

void ln_text_add(struct ln_text *t, const char *bytes, size_t n)
{
    char *at = room(t, n);

    if (n > 0)
        memcpy(at, bytes, n);
    t->n += n;
    t->p[t->n] = '\0';
}

void ln_text_puts(struct ln_text *t, const char *s)
{
    ln_text_add(t, s, strlen(s));
}

void ln_text_printf(struct ln_text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ln_assert(n >= 0);

    char *at = room(t, (size_t)n);

    va_start(args, format);
    vsnprintf(at, (size_t)n + 1, format, args);
    va_end(args);
    t->n += (size_t)n;
}

/* Length of the well-formed UTF-8 sequence at p (Unicode table 3-7), or 0. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char lo, hi, second_lo, second_hi, len;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++) {
        if (p[0] < rows[i].lo || p[0] > rows[i].hi)
            continue;
        size_t len = rows[i].len;

        if (len > n || (len > 1 && (p[1] < rows[i].second_lo || p[1] > rows[i].second_hi)))
            return 0;
        for (size_t k = 2; k < len; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return len;
    }
    return 0;
}

/* Bytes of ASCII that stand in JSON as they are. */
static size_t plain_len(const unsigned char *p, size_t n)
{
    static const bool special[256] = {
        [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x7f ... 0xff] = true};
    size_t i = 0;

    while (i < n && !special[p[i]])
        i++;
    return i;
}

void ln_text_json(struct ln_text *t, struct ln_slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    ln_text_puts(t, "\"");
    for (size_t i = 0; i < s.n;) {
        size_t plain = plain_len(p + i, s.n - i);

        ln_text_add(t, s.p + i, plain);
        i += plain;
        if (i == s.n)
            break;
        size_t len = utf8_len(p + i, s.n - i);

        if (len == 0)
            ln_text_puts(t, "\\ufffd");
        else if (p[i] == '"' || p[i] == '\\')
            ln_text_printf(t, "\\%c", p[i]);
        else if (p[i] == '\n')
            ln_text_puts(t, "\\n");
        else if (p[i] == '\t')
            ln_text_puts(t, "\\t");
        else if (p[i] == '\r')
            ln_text_puts(t, "\\r");
        else if (p[i] < 0x20 || p[i] == 0x7f)
            ln_text_printf(t, "\\u%04x", p[i]);
        else
            ln_text_add(t, s.p + i, len);
        i += len > 0 ? len : 1;
    }
    ln_text_puts(t, "\"");
}

enum { WORD_MAX = 40 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Restricted Damerau-Levenshtein distance; words longer than WORD_MAX are taken as far apart. */
static unsigned distance(struct ln_slice a, struct ln_slice b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    if (a.n > WORD_MAX || b.n > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= b.n; j++)
        above[j] = before[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            char x = ln_lower(a.p[i - 1]), y = ln_lower(b.p[j - 1]);

            row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == ln_lower(b.p[j - 2]) && ln_lower(a.p[i - 2]) == y)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *spare = before;

        before = above;
        above = row;
        row = spare;
    }
    return above[b.n];
}

const char *ln_text_nearest(struct ln_slice word, const char *(*next)(void *state), void *state)
{
    const char *best = NULL, *candidate;
    unsigned bound = least((unsigned)(word.n / 3 > 0 ? word.n / 3 : 1), 3);

    while ((candidate = next(state)) != NULL) {
        unsigned d = distance(word, ln_slice_of(candidate));

        if (d <= bound && (best == NULL || d < bound)) {
            best = candidate;
            bound = d;
        }
    }
    return best;
}
