/* SPDX-License-Identifier: Apache-2.0
 * map.h - hash map from byte strings to pointers. Keys are copied, values are borrowed. Not for the
 * hot path's writes.
 */
#ifndef LN_BASE_MAP_H
#define LN_BASE_MAP_H

#include <stddef.h>

#include "base/hash.h"
#include "base/slice.h"

struct ln_map_entry; /* private */

struct ln_map {
    struct ln_map_entry *entries; /* private; open addressing */
    size_t count, cap;
    struct ln_hash_key key;
};

void ln_map_init(struct ln_map *m);
void ln_map_fini(struct ln_map *m);

/* The value, or NULL when the key is absent. */
void *ln_map_get(const struct ln_map *m, struct ln_slice key);

/* Stores a value (not NULL) and returns the one that it replaces, or NULL. */
void *ln_map_put(struct ln_map *m, struct ln_slice key, void *value);

/* Removes a key and returns its value, or NULL. */
void *ln_map_remove(struct ln_map *m, struct ln_slice key);

/* Walks all entries in no particular order: start with *at = 0; false at the end. No changes while
 * walking. */
bool ln_map_next(const struct ln_map *m, size_t *at, struct ln_slice *key, void **value);

#endif
