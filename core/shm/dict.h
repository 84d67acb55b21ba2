/* SPDX-License-Identifier: Apache-2.0
 * dict.h - typed values by key, with an end of life each, in shared memory.
 *
 * Every call takes effect in one instruction or not at all: readers see a whole value, add and cas
 * have one winner over all workers, and a worker that is killed in the middle of either has done it
 * or has not. How: shm/table.h. A record is a chain of blocks that is written once and never
 * changed.
 *
 * When there is no room, a dictionary that evicts lets go of what has expired, then of what was not
 * used since the last round (CLOCK); one that does not, refuses what is new. Both are counted.
 *
 * Owner: the zone is memory of the region (zero = empty); the view belongs to one process.
 * Threads: one per view. Clock: the caller's `now`, monotonic nanoseconds, not 0.
 */
#ifndef LN_SHM_DICT_H
#define LN_SHM_DICT_H

#include "base/slice.h"
#include "shm/table.h"

enum {
    LN_DICT_BLOCK = 128,
    LN_DICT_SIZE_MIN = 1 << 14,
    LN_DICT_SIZE_MAX = 1 << 28,
    LN_DICT_RECORD_MAX = 1 << 20, /* key and value, and no more than an eighth of the zone */
};

enum ln_dict_type {
    LN_DICT_ABSENT, /* as an expected value: there must be none; as a new one: there is to be none
                     */
    LN_DICT_STRING,
    LN_DICT_NUMBER,
    LN_DICT_TRUE,
    LN_DICT_FALSE,
};

struct ln_dict_value {
    enum ln_dict_type type;
    double number;        /* LN_DICT_NUMBER */
    struct ln_slice text; /* LN_DICT_STRING */
};

struct ln_dict_key {
    uint64_t id; /* keyed hash of the text */
    struct ln_slice text;
};

enum ln_dict_rc {
    LN_DICT_DONE,
    LN_DICT_NOT,  /* add: there is a value; cas: there is another; delete, get: there is none */
    LN_DICT_FULL, /* nothing has changed */
    LN_DICT_TOO_LARGE, /* nor here */
    LN_DICT_NO_NUMBER, /* incr: what is there is of another type */
};

struct ln_dict {
    struct ln_table t;
    char *copy; /* private: of the text last read; owned */
    size_t copied;
};

/* A view of the zone, of at least LN_DICT_SIZE_MIN bytes. */
void ln_dict_init(struct ln_dict *d, void *zone, size_t size, bool evicts);
void ln_dict_fini(struct ln_dict *d);

/* Bytes of key and value together that one record may have. */
size_t ln_dict_record_max(const struct ln_dict *d);

/* DONE or NOT. The text lives until the next call with this view. */
enum ln_dict_rc ln_dict_get(struct ln_dict *d, const struct ln_dict_key *key, ln_nsec now,
                            struct ln_dict_value *out);

/* Whatever is there. `expires`: monotonic nanoseconds, 0 = never. */
enum ln_dict_rc ln_dict_set(struct ln_dict *d, const struct ln_dict_key *key,
                            const struct ln_dict_value *value, ln_nsec expires, ln_nsec now);

/* If what is there equals `expected`. Both may be ABSENT: so this is add and delete, too. */
enum ln_dict_rc ln_dict_cas(struct ln_dict *d, const struct ln_dict_key *key,
                            const struct ln_dict_value *expected, const struct ln_dict_value *value,
                            ln_nsec expires, ln_nsec now);

enum ln_dict_rc ln_dict_delete(struct ln_dict *d, const struct ln_dict_key *key, ln_nsec now);

/* Adds to a number and tells the sum. Begins at 0 with `expires` when there is nothing; a number
 * that is there keeps its end. */
enum ln_dict_rc ln_dict_incr(struct ln_dict *d, const struct ln_dict_key *key, double by,
                             ln_nsec expires, ln_nsec now, double *sum);

#endif
