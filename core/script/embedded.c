/* SPDX-License-Identifier: Apache-2.0
 * embedded.c - finds a file among those that the binary carries.
 */
#include "script/embedded.h"

struct ln_slice ln_embedded_find(struct ln_slice name)
{
    for (const struct ln_embedded_file *f = ln_embedded_files; f->name != NULL; f++) {
        if (ln_slice_eq(ln_slice_of(f->name), name))
            return ln_slice((const char *)f->bytes, *f->size);
    }
    return ln_slice(NULL, 0);
}
