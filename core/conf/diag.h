/* SPDX-License-Identifier: Apache-2.0
 * diag.h - what is wrong with a configuration: all of it, each with its place.
 */
#ifndef LN_CONF_DIAG_H
#define LN_CONF_DIAG_H

#include <stdbool.h>

#include "base/text.h"
#include "conf/conf.h"

enum ln_diag_kind { LN_DIAG_ERROR, LN_DIAG_WARNING };

struct ln_diag_item {
    enum ln_diag_kind kind;
    char *file; /* "" = none */
    unsigned line, column;
    char *text; /* "key: what is wrong, what was expected" */
};

struct ln_diag {
    struct ln_diag_item *items; /* sorted by nothing: in the order in which they were found */
    unsigned count, cap, errors;
};

void ln_diag_init(struct ln_diag *d);
void ln_diag_fini(struct ln_diag *d);

/* `place` may be NULL. At most 100 are kept; the last then says that there are more. */
__attribute__((format(printf, 4, 5))) void ln_diag_add(struct ln_diag *d, enum ln_diag_kind kind,
                                                       const struct ln_place *place,
                                                       const char *format, ...);
#define ln_diag_error(d, place, ...) ln_diag_add(d, LN_DIAG_ERROR, place, __VA_ARGS__)
#define ln_diag_warn(d, place, ...) ln_diag_add(d, LN_DIAG_WARNING, place, __VA_ARGS__)

/* Puts the items from index `from` on into the order of the file, line by line. */
void ln_diag_sort(struct ln_diag *d, unsigned from);

/* "file:line:column: text" per line (column left out when 0, "warning: " before a warning's text).
 */
void ln_diag_print(const struct ln_diag *d, struct ln_text *out);
/* A JSON array of {file,line,column,kind,message}. */
void ln_diag_json(const struct ln_diag *d, struct ln_text *out);

#endif
