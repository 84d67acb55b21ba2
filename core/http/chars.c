/* SPDX-License-Identifier: Apache-2.0
 * chars.c - the table of byte classes, and the tests that look at many bytes at once.
 */
#include "http/chars.h"

/* Combinations that occur, named by what has them. */
enum {
    TEXT = LN_CHARS_VALUE,
    MARK = TEXT | LN_CHARS_TOKEN,
    INSIDE = TEXT | LN_CHARS_PATH | LN_CHARS_QUERY,
    DELIM = INSIDE | LN_CHARS_SUBDELIM,
    TOKEN_DELIM = DELIM | LN_CHARS_TOKEN,
    UNRESERVED = INSIDE | LN_CHARS_TOKEN | LN_CHARS_UNRESERVED,
    PLAIN = UNRESERVED | LN_CHARS_NAME,
    HEX_LETTER = PLAIN | LN_CHARS_HEX,
    DECIMAL = HEX_LETTER | LN_CHARS_DIGIT,
};

const uint16_t ln_chars_table[256] = {
    ['\t'] = TEXT,         [' '] = TEXT,
    ['!'] = TOKEN_DELIM,   ['"'] = TEXT,
    ['#'] = MARK,          ['$'] = TOKEN_DELIM,
    ['%'] = MARK,          ['&'] = TOKEN_DELIM,
    ['\''] = TOKEN_DELIM,  ['('] = DELIM,
    [')'] = DELIM,         ['*'] = TOKEN_DELIM,
    ['+'] = TOKEN_DELIM,   [','] = DELIM,
    ['-'] = PLAIN,         ['.'] = UNRESERVED,
    ['/'] = INSIDE,        ['0' ... '9'] = DECIMAL,
    [':'] = INSIDE,        [';'] = DELIM,
    ['<'] = TEXT,          ['='] = DELIM,
    ['>'] = TEXT,          ['?'] = TEXT | LN_CHARS_QUERY,
    ['@'] = INSIDE,        ['A' ... 'F'] = HEX_LETTER,
    ['G' ... 'Z'] = PLAIN, ['['] = TEXT | LN_CHARS_QUERY,
    ['\\'] = TEXT,         [']'] = TEXT | LN_CHARS_QUERY,
    ['^'] = MARK,          ['_'] = UNRESERVED,
    ['`'] = MARK,          ['a' ... 'f'] = HEX_LETTER,
    ['g' ... 'z'] = PLAIN, ['{'] = TEXT,
    ['|'] = MARK,          ['}'] = TEXT,
    ['~'] = UNRESERVED,    [0x80 ... 0xff] = TEXT, /* obs-text */
};

int ln_chars_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);

    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int ln_chars_escaped(const char *p, size_t n)
{
    if (n < 3 || p[0] != '%')
        return -1;
    int high = ln_chars_hex(p[1]), low = ln_chars_hex(p[2]);

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Nonzero when one of the eight bytes is below 0x20 or is 0x7f. A borrow may mark a neighbour too,
 * never a clean word: the lowest byte that is marked is a true hit (the classic "has a byte less
 * than n" test). */
static inline uint64_t controls(uint64_t w)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t del = w ^ (ones * 0x7f);

    return (((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & highs;
}

bool ln_chars_value_ok(const char *p, size_t n)
{
    size_t i = 0;

    for (; n - i >= 8; i += 8) {
        uint64_t w;

        memcpy(&w, p + i, 8);
        if (controls(w) != 0 && !ln_chars_are(p + i, 8, LN_CHARS_VALUE)) /* HTAB is a control too */
            return false;
    }
    return ln_chars_are(p + i, n - i, LN_CHARS_VALUE);
}

/* Sixteen bytes at a time, by the compilers' vector extension: plain instructions of any 64-bit
 * machine. */
typedef unsigned char v16 __attribute__((vector_size(16)));
typedef uint64_t v2 __attribute__((vector_size(16)));

enum { STEP = sizeof(v16) };

static inline v16 load(const char *p)
{
    v16 v;

    memcpy(&v, p, STEP);
    return v;
}

static inline bool any(v16 hits)
{
    v2 w = (v2)hits;

    return (w[0] | w[1]) != 0;
}

/* Each CR has its LF behind it and each LF its CR before it: at every place one is there exactly
 * when the other is. */
static inline v16 bad_bytes(v16 at, v16 next)
{
    v16 control = (v16)(at < 0x20) & (v16)(at != '\t') & (v16)(at != '\r') & (v16)(at != '\n');

    return control | (v16)(at == 0x7f) | ((v16)(at == '\r') ^ (v16)(next == '\n'));
}

static bool is_bad_pair(char at, char next)
{
    return (!ln_chars_is(at, LN_CHARS_VALUE) && at != '\r' && at != '\n') ||
           (at == '\r') != (next == '\n');
}

bool ln_chars_lines_ok(const char *p, size_t n)
{
    size_t i = 0;

    if (n > STEP) {
        v16 bad = {0};

        for (; i + STEP < n; i += STEP)
            bad |= bad_bytes(load(p + i), load(p + i + 1));
        bad |=
            bad_bytes(load(p + n - STEP - 1), load(p + n - STEP)); /* the rest, some of it again */
        return !any(bad) && (p[n - 1] == '\n' || ln_chars_is(p[n - 1], LN_CHARS_VALUE));
    }
    for (; i + 1 < n; i++)
        if (is_bad_pair(p[i], p[i + 1]))
            return false;
    return n == 0 || p[n - 1] == '\n' || ln_chars_is(p[n - 1], LN_CHARS_VALUE);
}

size_t ln_chars_find_end(const char *p, size_t n)
{
    size_t i = 0;

    for (; i + STEP + 2 <= n; i += STEP) {
        v16 hits = (v16)(load(p + i) == '\n') & (v16)(load(p + i + 1) == '\r') &
                   (v16)(load(p + i + 2) == '\n');

        if (any(hits))
            break;
    }
    for (; i + 3 <= n; i++)
        if (p[i] == '\n' && p[i + 1] == '\r' && p[i + 2] == '\n')
            return i;
    return n;
}
