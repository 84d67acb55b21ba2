/* SPDX-License-Identifier: Apache-2.0
 * row.h - directives are rows: name, type, offset, default, range, sentence. Everything else
 * follows from them.
 *
 *   rows -> parsing and defaults (row.c), checks and errors (row.c, row_type.c), the reference page
 * (reference.c)
 *
 * A block is a table of rows over one struct; a block inside a block is a row too. Defaults exist
 * nowhere else: a default is read by the same setter as a value in the file. Only conf's own files
 * include this.
 */
#ifndef LN_CONF_ROW_H
#define LN_CONF_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "conf/bundle.h"
#include "conf/conf.h"
#include "conf/diag.h"
#include "conf/node.h"

/* Where the reader is, for the key in messages: "services[2].instances[0].url". */
struct ln_trail {
    const struct ln_trail *up;
    const char *name; /* NULL: an index */
    unsigned index;
};

struct ln_reader {
    struct ln_conf *conf;
    struct ln_bundle *bundle;
    struct ln_diag *diag;
    const struct ln_trail *trail;
    struct ln_place place; /* of the nearest thing that was written, for what is missing in it */
};

struct ln_row;

/* How the values of a row are read and described. */
struct ln_row_type {
    const char *name; /* in the reference */
    /* Stores the value in *field, or reports and leaves it. */
    void (*set)(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                void *field);
    /* Appends what is expected: "a duration such as 30s, from 1ms to 1h". */
    void (*expect)(const struct ln_row *row, struct ln_text *out);
};

struct ln_block {
    const struct ln_row *rows; /* the last has no name */
    /* Both may be NULL. prepare: before the rows, for defaults that depend on other directives.
     * check: after them, for what concerns several; `map` is NULL when the block was not written.
     */
    void (*prepare)(struct ln_reader *r, void *base);
    void (*check)(struct ln_reader *r, const struct ln_node *map, void *base);
};

struct ln_range {
    uint64_t min, max;            /* numbers, durations, sizes */
    const char *const *words;     /* ends with NULL */
    const struct ln_block *block; /* blocks and lists of blocks */
};

struct ln_row {
    const char *name;
    const struct ln_row_type *type;
    size_t offset; /* in the block's struct */
    /* As it would be written in the file. NULL: the key must be given. Begins with "=": not a value
     * but words for the reference, because it follows from something else and `prepare` or code
     * beside the block stores it. */
    const char *def;
    struct ln_range range;
    const char *sentence;
};

/* Reads a mapping (or defaults only, when n is NULL) into the struct at `base`, which is zeroed. */
void ln_row_read(struct ln_reader *r, const struct ln_block *block, const struct ln_node *n,
                 void *base);

/* "trail: text", at a place. */
__attribute__((format(printf, 3, 4))) void
ln_row_error(struct ln_reader *r, const struct ln_place *place, const char *format, ...);
__attribute__((format(printf, 3, 4))) void
ln_row_warn(struct ln_reader *r, const struct ln_place *place, const char *format, ...);

/* "trail: got X, expected Y" with the row's own expectation. */
void ln_row_refuse(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n);
/* "trail: missing, expected Y" */
void ln_row_missing(struct ln_reader *r, const struct ln_row *row);

/* Calls `each` for every item of a list that is not broken; a single scalar counts as a list of
 * one; nothing is an empty list. The trail has the index. Returns how many, or -1 when n is
 * something else (reported).
 */
typedef void (*ln_row_each)(struct ln_reader *r, const struct ln_row *row,
                            const struct ln_node *item, unsigned index, void *arg);
int ln_row_items(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                 ln_row_each each, void *arg);
unsigned ln_row_count(const struct ln_node *n); /* items that ln_row_items() would visit */

/* `text` relative to the configuration's folder; in the configuration's arena. */
const char *ln_row_path(struct ln_reader *r, struct ln_slice text);

#endif
