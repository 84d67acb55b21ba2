/* SPDX-License-Identifier: Apache-2.0
 * jsondoc.h - edits a JSON text (RFC 8259) and leaves the rest of it as it was written.
 *
 * Numbers keep all their digits and names their order, which a way through Lua's tables would cost
 * them. White space between values goes. The text must live as long as the document is used; all
 * else lies in the document, which is used for one text after the other. One thread.
 *
 * A path names values: `user.name`, `items[0].id`, `items[].price` (of every item),
 * `a["b.c"]`. Names are compared as they mean, whatever escapes they are written with, and all
 * members of one name are meant.
 */
#ifndef LN_BASE_JSONDOC_H
#define LN_BASE_JSONDOC_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/text.h"

enum { LN_JSONDOC_DEPTH = 100, LN_JSONDOC_VALUES = 1 << 18 };

enum ln_jsondoc_op {
    LN_JSONDOC_SET,    /* a member of that value, made if it is not there, and what it lies in */
    LN_JSONDOC_ADD,    /* likewise, but what is there stays */
    LN_JSONDOC_REMOVE, /* the member or the items */
    LN_JSONDOC_RENAME, /* the member; what has the new name already goes */
};

struct ln_jsondoc;

struct ln_jsondoc *ln_jsondoc_new(void);
void ln_jsondoc_free(struct ln_jsondoc *d);

/* Takes a text in; false: why it is none. */
bool ln_jsondoc_parse(struct ln_jsondoc *d, struct ln_slice text, const char **why);

/* NULL, or what is wrong with it; for RENAME it must end with a name. */
const char *ln_jsondoc_path_fault(struct ln_slice path, enum ln_jsondoc_op op);

/* `value`: JSON for SET and ADD, the new name for RENAME. What the path does not find is no error.
 * False: the value is no JSON, or the path is none. */
bool ln_jsondoc_edit(struct ln_jsondoc *d, enum ln_jsondoc_op op, struct ln_slice path,
                     struct ln_slice value);

/* Appends the document as it is now. */
void ln_jsondoc_print(const struct ln_jsondoc *d, struct ln_text *out);

#endif
