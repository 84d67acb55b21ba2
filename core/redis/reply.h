/* SPDX-License-Identifier: Apache-2.0
 * reply.h - what Redis answers, as values, and the reader that makes them: hiredis' reader with
 * memory of ours.
 *
 * Replies live in the arena of the call that they answer. Bounded in bytes; hiredis bounds the
 * depth of arrays in arrays (7).
 */
#ifndef LN_REDIS_REPLY_H
#define LN_REDIS_REPLY_H

#include <stdint.h>

#include "base/arena.h"
#include "redis/error.h"

enum ln_redis_kind {
    LN_REDIS_NIL,
    LN_REDIS_STATUS, /* such as OK; a text too */
    LN_REDIS_TEXT,
    LN_REDIS_INTEGER,
    LN_REDIS_ARRAY,
    LN_REDIS_FAULT, /* an error that Redis answered; its sentence is the text */
};

struct ln_redis_reply {
    enum ln_redis_kind kind;
    unsigned count; /* of an array */
    union {
        int64_t integer;
        struct ln_slice text;
        struct ln_redis_reply **items; /* none is NULL */
    };
};

struct ln_redis_reader;

struct ln_redis_reader *ln_redis_reader_new(size_t max);
void ln_redis_reader_free(struct ln_redis_reader *r);

/* Bytes have come. False: more than a reply may have. */
bool ln_redis_reader_feed(struct ln_redis_reader *r, const char *bytes, size_t n);

enum ln_redis_read { LN_REDIS_READ, LN_REDIS_READ_MORE, LN_REDIS_READ_LARGE, LN_REDIS_READ_BROKEN };

/* The next reply, in `arena`, which must be the same until it is whole. BROKEN and LARGE are final.
 */
enum ln_redis_read ln_redis_reader_next(struct ln_redis_reader *r, struct ln_arena *arena,
                                        struct ln_redis_reply **reply);
/* Are there bytes of a reply that is not whole, or of one that nobody has asked for? */
bool ln_redis_reader_has_rest(const struct ln_redis_reader *r);

#endif
