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
    PLAIN = INSIDE | LN_CHARS_TOKEN | LN_CHARS_UNRESERVED,
    HEX_LETTER = PLAIN | LN_CHARS_HEX,
    DECIMAL = HEX_LETTER | LN_CHARS_DIGIT,
};

const uint8_t ln_chars_table[256] = {
    ['\t'] = TEXT,
    [' '] = TEXT,
    ['!'] = TOKEN_DELIM,
    ['"'] = TEXT,
    ['#'] = MARK,
    ['$'] = TOKEN_DELIM,
    ['%'] = MARK,
    ['&'] = TOKEN_DELIM,
    ['\''] = TOKEN_DELIM,
    ['('] = DELIM,
    [')'] = DELIM,
    ['*'] = TOKEN_DELIM,
    ['+'] = TOKEN_DELIM,
    [','] = DELIM,
    ['-'] = PLAIN,
    ['.'] = PLAIN,
    ['/'] = INSIDE,
    ['0' ... '9'] = DECIMAL,
    [':'] = INSIDE,
    [';'] = DELIM,
    ['<'] = TEXT,
    ['='] = DELIM,
    ['>'] = TEXT,
    ['?'] = TEXT | LN_CHARS_QUERY,
    ['@'] = INSIDE,
    ['A' ... 'F'] = HEX_LETTER,
    ['G' ... 'Z'] = PLAIN,
    ['['] = TEXT | LN_CHARS_QUERY,
    ['\\'] = TEXT,
    [']'] = TEXT | LN_CHARS_QUERY,
    ['^'] = MARK,
    ['_'] = PLAIN,
    ['`'] = MARK,
    ['a' ... 'f'] = HEX_LETTER,
    ['g' ... 'z'] = PLAIN,
    ['{'] = TEXT,
    ['|'] = MARK,
    ['}'] = TEXT,
    ['~'] = PLAIN,
    [0x80 ... 0xff] = TEXT, /* obs-text */
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

/* Nonzero when one of the eight bytes is below 0x20 or is 0x7f. A borrow may mark a neighbour too, never a clean word:
 * the lowest byte that is marked is a true hit (the classic "has a byte less than n" test). */
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
