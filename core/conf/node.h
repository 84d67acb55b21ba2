/* SPDX-License-Identifier: Apache-2.0
 * node.h - a tree of mappings, lists and scalars with the place of each: YAML as it was written, or
 * Lua tables.
 *
 * Owner: the arena that the nodes are made in. A tree is built once and then only read.
 */
#ifndef LN_CONF_NODE_H
#define LN_CONF_NODE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "conf/conf.h"

enum ln_node_kind { LN_NODE_NULL, LN_NODE_SCALAR, LN_NODE_SEQ, LN_NODE_MAP };

struct ln_node {
    enum ln_node_kind kind;
    bool quoted; /* SCALAR: written in quotes, or a string of Lua: never a number or a boolean */
    bool broken; /* SCALAR: what is wrong with it was reported, such as a missing variable */
    struct ln_place place;
    struct ln_slice text; /* SCALAR: followed by a NUL */
    struct ln_slice raw;  /* SCALAR: as written, where variables were put in; else absent */
    struct ln_slice key;  /* of an entry of a mapping, followed by a NUL; else absent */
    struct ln_place key_place;
    struct ln_node *first,
        *last;            /* SEQ: items, MAP: entries, in the order in which they were written */
    struct ln_node *next; /* the next item or entry */
    unsigned count;
};

/* Texts are copied into the arena; `place->file` is borrowed and has to live as long. */
struct ln_node *ln_node_new_null(struct ln_arena *a, const struct ln_place *place);
struct ln_node *ln_node_new_scalar(struct ln_arena *a, struct ln_slice text, bool quoted,
                                   const struct ln_place *place);
struct ln_node *ln_node_new_number(struct ln_arena *a, double value, const struct ln_place *place);
struct ln_node *ln_node_new_bool(struct ln_arena *a, bool value, const struct ln_place *place);
struct ln_node *ln_node_new_seq(struct ln_arena *a, const struct ln_place *place);
struct ln_node *ln_node_new_map(struct ln_arena *a, const struct ln_place *place);

/* The item must be new: in no other list or mapping. */
void ln_node_add(struct ln_node *seq, struct ln_node *item);
/* The caller sees to it that keys differ. key_place is the value's place until somebody sets it. */
void ln_node_put(struct ln_arena *a, struct ln_node *map, struct ln_slice key,
                 struct ln_node *value);

/* The value, or NULL; also NULL when `map` is not a mapping. */
const struct ln_node *ln_node_get(const struct ln_node *map, const char *key);

/* What an unquoted scalar says: true and on, false and off; numbers as JSON writes them. false: it
 * is something else. */
bool ln_node_to_bool(const struct ln_node *n, bool *value);
bool ln_node_to_number(const struct ln_node *n, double *value);

/* "a mapping", "a list", "nothing", or the scalar in quotes, shortened, for messages; into `out`,
 * which it returns. */
enum { LN_NODE_SHOWN = 120 };
const char *ln_node_show(const struct ln_node *n, char out[LN_NODE_SHOWN]);

#endif
