/* SPDX-License-Identifier: Apache-2.0
 * query.h - arguments of a query string, as forms write them (WHATWG URL,
 * application/x-www-form-urlencoded).
 */
#ifndef LN_HTTP_QUERY_H
#define LN_HTTP_QUERY_H

#include "base/arena.h"

struct ln_query_arg {
    struct ln_slice name, value; /* decoded; value is empty, not absent, without "=" */
    bool has_value;              /* there was a "=" */
};

/* Cuts the next argument off the front of *rest (start with the whole query, without "?"); false
 * when none is left. Empty pieces ("a&&b") are skipped. Slices point into the query, or into the
 * arena where something was decoded. */
bool ln_query_next(struct ln_slice *rest, struct ln_query_arg *arg, struct ln_arena *arena);

/* The first argument of that (decoded) name. */
bool ln_query_get(struct ln_slice query, struct ln_slice name, struct ln_query_arg *arg,
                  struct ln_arena *arena);

/* "%XY" to bytes, and "+" to space when `plus`. An escape that is none stays as it is. */
struct ln_slice ln_query_decode(struct ln_slice s, bool plus, struct ln_arena *arena);

/* The reverse: all but unreserved characters become escapes, space "+" when `plus`. */
struct ln_slice ln_query_encode(struct ln_slice s, bool plus, struct ln_arena *arena);

#endif
