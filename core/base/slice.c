/* SPDX-License-Identifier: Apache-2.0
 * slice.c - comparing and cutting runs of bytes.
 */
#include "base/slice.h"

static bool same_letters(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ln_lower(a[i]) != ln_lower(b[i]))
            return false;
    return true;
}

/* Eight bytes at a time: the cases of a letter differ in one bit. */
bool ln_slice_caseeq(struct ln_slice a, struct ln_slice b)
{
    size_t i = 0;

    if (a.n != b.n)
        return false;
    for (; i + 8 <= a.n; i += 8) {
        uint64_t x, y;

        memcpy(&x, a.p + i, 8);
        memcpy(&y, b.p + i, 8);
        if (x == y)
            continue;
        if (((x ^ y) & ~0x2020202020202020u) != 0 || !same_letters(a.p + i, b.p + i, 8))
            return false;
    }
    return same_letters(a.p + i, b.p + i, a.n - i);
}

bool ln_slice_has_prefix(struct ln_slice s, struct ln_slice prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

struct ln_slice ln_slice_trim(struct ln_slice s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool ln_slice_next_token(struct ln_slice *rest, struct ln_slice *token)
{
    while (rest->n > 0) {
        const char *comma = memchr(rest->p, ',', rest->n);
        size_t n = comma != NULL ? (size_t)(comma - rest->p) : rest->n;

        *token = ln_slice_trim(ln_slice(rest->p, n));
        size_t cut = comma != NULL ? n + 1 : n;
        rest->p += cut;
        rest->n -= cut;
        if (token->n > 0)
            return true;
    }
    return false;
}

bool ln_slice_to_u64(struct ln_slice s, uint64_t *value)
{
    uint64_t v = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}
