/* SPDX-License-Identifier: Apache-2.0
 * chars.h - classes of bytes in HTTP and URI grammars, one table look-up each.
 *
 * For the parsers of this layer. Pure; any thread. A class is a bit, so that one look-up can ask
 * for several.
 */
#ifndef LN_HTTP_CHARS_H
#define LN_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    LN_CHARS_TOKEN = 1,      /* tchar: RFC 9110 section 5.6.2 */
    LN_CHARS_VALUE = 2,      /* field-vchar, SP, HTAB: RFC 9110 section 5.5 */
    LN_CHARS_UNRESERVED = 4, /* RFC 3986 section 2.3 */
    LN_CHARS_SUBDELIM = 8,   /* RFC 3986 section 2.2 */
    LN_CHARS_DIGIT = 16,
    LN_CHARS_HEX = 32,
    LN_CHARS_PATH = 64,   /* pchar without "%", and "/": RFC 3986 section 3.3 */
    LN_CHARS_QUERY = 128, /* pchar without "%", "/", "?", and "[" "]", as browsers send them */
    LN_CHARS_NAME = 256,  /* tchar without those that some servers take for "-" in field names */
};

extern const uint16_t ln_chars_table[256];

static inline bool ln_chars_is(char c, unsigned classes)
{
    return (ln_chars_table[(unsigned char)c] & classes) != 0;
}

/* How many bytes from the start of [p, p+n) are of one of the classes. */
static inline size_t ln_chars_span(const char *p, size_t n, unsigned classes)
{
    size_t i = 0;

    while (i < n && ln_chars_is(p[i], classes))
        i++;
    return i;
}

static inline bool ln_chars_are(const char *p, size_t n, unsigned classes)
{
    return ln_chars_span(p, n, classes) == n;
}

/* The value of a hexadecimal digit, or -1. */
int ln_chars_hex(char c);

/* The byte that "%XY" at p stands for, or -1: fewer than three bytes, or not hexadecimal. */
int ln_chars_escaped(const char *p, size_t n);

/* Only bytes that a field value may have (RFC 9110 section 5.5): no control but HTAB, no DEL. Eight
 * bytes at a step. */
bool ln_chars_value_ok(const char *p, size_t n);

/* A run of lines: no control but HTAB and CRLF pairs, no DEL. The first byte must not be LF. */
bool ln_chars_lines_ok(const char *p, size_t n);

/* Where the first LF CR LF in [p, p+n) begins, or n. */
size_t ln_chars_find_end(const char *p, size_t n);

#endif
