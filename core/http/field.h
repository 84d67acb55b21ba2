/* SPDX-License-Identifier: Apache-2.0
 * field.h - header fields (RFC 9110 section 5): an ordered list that keeps case, order and
 * duplicates.
 *
 * Names and values are slices of the read buffer or of the exchange's arena; the list itself grows
 * in that arena.
 */
#ifndef LN_HTTP_FIELD_H
#define LN_HTTP_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/slice.h"

/* Names that the gateway itself looks at; the rest is LN_FIELD_OTHER. Rows: http/field.def */
enum ln_field_id {
    LN_FIELD_OTHER,
#define FIELD(id, name, hop) LN_FIELD_##id,
#include "http/field.def"
#undef FIELD
    LN_FIELD_COUNT
};

struct ln_field {
    const char *name, *value;
    uint32_t value_len;
    uint16_t name_len;
    uint8_t id;      /* enum ln_field_id */
    uint8_t dropped; /* nonzero: not there any more (removing keeps the others in place) */
};

struct ln_fields {
    struct ln_field *v;
    unsigned count, cap;
    uint64_t ids;           /* bit n: a field of id n was pushed */
    struct ln_arena *arena; /* borrowed: where the list and new values live */
};
_Static_assert(LN_FIELD_COUNT <= 64, "ln_fields.ids has a bit for each");

void ln_fields_init(struct ln_fields *f, struct ln_arena *arena);

/* Any case. A name that is known is a token too. */
enum ln_field_id ln_field_identify(const char *name, size_t n);

/* Concerns one connection only and never passes (RFC 9110 section 7.6.1). */
bool ln_field_is_hop(enum ln_field_id id);

void ln_fields_grow(struct ln_fields *f); /* private: ln_fields_push() when the list is full */

/* Appends without copying or judging: for the parser, and for fields of our own. `id` is what
 * ln_field_identify() says of the name. */
static inline void ln_fields_push(struct ln_fields *f, enum ln_field_id id, struct ln_slice name,
                                  struct ln_slice value)
{
    ln_assert(name.n <= UINT16_MAX && value.n <= UINT32_MAX);
    if (LN_UNLIKELY(f->count == f->cap))
        ln_fields_grow(f);
    f->ids |= 1ULL << id;
    f->v[f->count++] = (struct ln_field){
        .name = name.p,
        .value = value.p,
        .value_len = (uint32_t)value.n,
        .name_len = (uint16_t)name.n,
        .id = (uint8_t)id,
    };
}

struct ln_field *ln_fields_walk(const struct ln_fields *f, enum ln_field_id id); /* private */

/* First field of that id or name (any case), or NULL. */
static inline struct ln_field *ln_fields_find(const struct ln_fields *f, enum ln_field_id id)
{
    return f->ids >> id & 1 ? ln_fields_walk(f, id) : NULL;
}
struct ln_field *ln_fields_get(const struct ln_fields *f, struct ln_slice name);
/* The next one after `after` with the same name, or NULL. */
struct ln_field *ln_fields_next(const struct ln_fields *f, const struct ln_field *after);

/* Name and value are judged (RFC 9110 sections 5.1 and 5.5): false and nothing changed when the
 * name is not a token or the value has CR, LF, NUL or another control but tab, or edges of white
 * space. They are copied into the arena. set: the first field of the name gets the value, further
 * ones go, or a new one is appended. */
bool ln_fields_set(struct ln_fields *f, struct ln_slice name, struct ln_slice value);
bool ln_fields_add(struct ln_fields *f, struct ln_slice name, struct ln_slice value);
/* As set, for what was judged before and lives as long as the list: nothing is copied. `id` as in
 * ln_fields_push(). */
void ln_fields_put(struct ln_fields *f, enum ln_field_id id, struct ln_slice name,
                   struct ln_slice value);
/* Copies both into one block, as a line is written. */
void ln_field_copy(struct ln_arena *arena, struct ln_slice *name, struct ln_slice *value);
/* All fields of the name; how many there were. */
unsigned ln_fields_remove(struct ln_fields *f, struct ln_slice name);

bool ln_field_name_ok(struct ln_slice name);
bool ln_field_value_ok(struct ln_slice value);

static inline struct ln_slice ln_field_name(const struct ln_field *f)
{
    return ln_slice(f->name, f->name_len);
}

static inline struct ln_slice ln_field_value(const struct ln_field *f)
{
    return ln_slice(f->value, f->value_len);
}

#endif
