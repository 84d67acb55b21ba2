/* SPDX-License-Identifier: Apache-2.0
 * slice.h - a run of bytes that somebody else owns. Never NUL-terminated; {NULL, 0} is "absent".
 */
#ifndef LN_BASE_SLICE_H
#define LN_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ln_slice {
    const char *p;
    size_t n;
};

#define LN_SLICE(literal) ((struct ln_slice){"" literal, sizeof(literal) - 1})

static inline struct ln_slice ln_slice(const char *p, size_t n)
{
    return (struct ln_slice){p, n};
}

static inline struct ln_slice ln_slice_of(const char *s)
{
    return (struct ln_slice){s, s != NULL ? strlen(s) : 0};
}

static inline bool ln_slice_eq(struct ln_slice a, struct ln_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII only, whatever the locale. */
static inline char ln_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool ln_slice_caseeq(struct ln_slice a, struct ln_slice b);
bool ln_slice_has_prefix(struct ln_slice s, struct ln_slice prefix);

/* Without spaces and tabs at both ends (RFC 9110 section 5.6.3, OWS). */
struct ln_slice ln_slice_trim(struct ln_slice s);

/* Cuts the next comma-separated element off the front of *rest, trimmed; false when nothing is
 * left. Empty elements are skipped (RFC 9110 section 5.6.1). Quotes are not looked at: for lists of
 * tokens only. */
bool ln_slice_next_token(struct ln_slice *rest, struct ln_slice *token);

/* Digits only, no sign, no space; false for anything else and above UINT64_MAX. */
bool ln_slice_to_u64(struct ln_slice s, uint64_t *value);

#endif
