/* SPDX-License-Identifier: Apache-2.0
 * text.h - a growing text on the heap, for reports and generated files; JSON strings; the nearest
 * known word.
 */
#ifndef LN_BASE_TEXT_H
#define LN_BASE_TEXT_H

#include <stddef.h>

#include "base/slice.h"

struct ln_text {
    char *p; /* NUL-terminated once something was added; NULL before */
    size_t n, cap;
};

void ln_text_init(struct ln_text *t);
void ln_text_fini(struct ln_text *t);
void ln_text_add(struct ln_text *t, const char *bytes, size_t n);
void ln_text_puts(struct ln_text *t, const char *s);
__attribute__((format(printf, 2, 3))) void ln_text_printf(struct ln_text *t, const char *format,
                                                          ...);

/* A JSON string (RFC 8259 section 7) with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void ln_text_json(struct ln_text *t, struct ln_slice s);

/* The candidate that `word` was probably meant to be, or NULL: least edit distance (insert, delete,
 * replace, swap of neighbours), at most a third of the length and never more than 3. `next` yields
 * candidates until NULL. */
const char *ln_text_nearest(struct ln_slice word, const char *(*next)(void *state), void *state);

#endif
