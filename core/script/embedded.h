/* SPDX-License-Identifier: Apache-2.0
 * embedded.h - the files that the binary carries: lua/lunette, the standard plugins, the boundary
 * header.
 *
 * The table is made by cmake/embed.cmake; names are paths in the source tree. Constant, from before
 * main().
 */
#ifndef LN_SCRIPT_EMBEDDED_H
#define LN_SCRIPT_EMBEDDED_H

#include "base/slice.h"

struct ln_embedded_file {
    const char *name;
    const unsigned char *bytes;
    const unsigned long *size;
};

/* Ends with a row whose name is NULL. */
extern const struct ln_embedded_file ln_embedded_files[];

/* The bytes of a file, or p == NULL. */
struct ln_slice ln_embedded_find(struct ln_slice name);

#endif
