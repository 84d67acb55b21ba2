/* SPDX-License-Identifier: Apache-2.0
 * mem.h - the heap. Running out of memory aborts: the supervisor starts another worker.
 */
#ifndef LN_BASE_MEM_H
#define LN_BASE_MEM_H

#include <stddef.h>

/* None of these returns NULL. Give everything back with ln_free(); NULL is accepted there. */
__attribute__((malloc, alloc_size(1), returns_nonnull)) void *ln_alloc(size_t size);
__attribute__((malloc, alloc_size(1), returns_nonnull)) void *ln_zalloc(size_t size);
__attribute__((alloc_size(2), returns_nonnull)) void *ln_realloc(void *old, size_t size);
__attribute__((malloc, returns_nonnull)) char *ln_strdup(const char *s);
__attribute__((malloc, returns_nonnull)) char *ln_strndup(const char *s, size_t n);
void ln_free(void *ptr);

#endif
