/* SPDX-License-Identifier: Apache-2.0
 * mem.c - malloc that aborts when there is no memory.
 */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *ptr, size_t size)
{
    if (ptr == NULL) {
        fprintf(stderr, "lunette: out of memory: %zu bytes wanted\n", size);
        abort();
    }
    return ptr;
}

void *ln_alloc(size_t size)
{
    return check(malloc(size > 0 ? size : 1), size);
}

void *ln_zalloc(size_t size)
{
    return check(calloc(1, size > 0 ? size : 1), size);
}

void *ln_realloc(void *old, size_t size)
{
    return check(realloc(old, size > 0 ? size : 1), size);
}

char *ln_strdup(const char *s)
{
    return ln_strndup(s, strlen(s));
}

char *ln_strndup(const char *s, size_t n)
{
    char *copy = ln_alloc(n + 1);

    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void ln_free(void *ptr)
{
    free(ptr);
}
