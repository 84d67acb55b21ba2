/* SPDX-License-Identifier: Apache-2.0
 * counters.c - one block per counter.
 *
 * The value stands beside the count of claims of its block, and both change as one: an addition by
 * somebody who found the block in an earlier life fails. A deleted counter gets an end mark in the
 * same place first, so that its last value is known when it leaves the bucket, and nothing is added
 * to what nobody will read; whoever meets the mark removes it.
 */
#include "shm/counters.h"

#include "base/assert.h"

enum { ENDED = 1, ROOM_PER_16 = 17 };

struct counter {
    struct ln_block block;
    struct ln_pair value; /* the number as bits; claims * 2 + ENDED */
    char unused[16];      /* a cache line of its own */
};

_Static_assert(sizeof(struct counter) == 64, "a counter is a cache line");

static bool has_ended(const struct ln_block *b)
{
    return __atomic_load_n(&((const struct counter *)b)->value.stamp, __ATOMIC_RELAXED) & ENDED;
}

size_t ln_counters_size(size_t entries)
{
    size_t blocks = entries + entries / ROOM_PER_16;

    return ln_table_size(blocks > LN_TABLE_BLOCKS_MIN ? blocks : LN_TABLE_BLOCKS_MIN,
                         sizeof(struct counter));
}

void ln_counters_init(struct ln_counters *c, void *zone, size_t size)
{
    ln_table_open(&c->t, zone, size, sizeof(struct counter), false);
    c->t.is_dead = has_ended;
}

struct found {
    struct ln_pair *bucket, seen;
    unsigned way; /* WAYS: none of this key */
    struct counter *c;
    struct ln_pair value;
    bool expired;
};

/* What is true of the key at one moment. Counters that were deleted are out of the way then. */
static struct found find(struct ln_table *t, uint64_t id, ln_nsec now)
{
    struct ln_pair *bucket = ln_table_bucket(t, id);

    for (;;) {
        struct found f = {.bucket = bucket, .seen = ln_pair_read(bucket), .way = 0};

        for (; f.way < LN_TABLE_WAYS; f.way++) {
            uint32_t block = ln_table_way(f.seen, f.way);

            if (block == 0 || ln_table_at(t, block)->id != id)
                continue;
            f.c = (struct counter *)ln_table_at(t, block);
            f.value = ln_pair_read(&f.c->value);
            f.expired = f.c->block.expires != 0 && f.c->block.expires <= now;
            break;
        }
        if (!ln_table_holds(bucket, f.seen))
            continue;
        if (f.c == NULL || !(f.value.stamp & ENDED))
            return f;
        ln_table_publish(t, bucket, f.seen, f.way, 0);
    }
}

/* False when the counter has changed meanwhile. */
static bool put(const struct found *f, int64_t value, uint64_t mark)
{
    return ln_pair_cas(&f->c->value, f->value,
                       (struct ln_pair){(uint64_t)value, f->value.stamp | mark});
}

static uint32_t make(struct ln_table *t, uint64_t id, int64_t value, ln_nsec expires, ln_nsec now)
{
    uint32_t block = ln_table_claim(t, now);

    if (block == 0)
        return 0;
    struct counter *c = (struct counter *)ln_table_at(t, block);
    uint64_t stamp = ln_table_version(t, block) * 2;

    /* Somebody may be about to add to the life before this one: never a mixture. */
    while (
        !ln_pair_cas(&c->value, ln_pair_read(&c->value), (struct ln_pair){(uint64_t)value, stamp}))
        ;
    c->block.id = id;
    c->block.expires = expires;
    return block;
}

static enum ln_counters_rc add(const struct found *f, int64_t by, int64_t *sum, bool *again)
{
    int64_t old = (int64_t)f->value.id;

    if (old + by > LN_COUNTERS_VALUE_MAX || old + by < -LN_COUNTERS_VALUE_MAX)
        return LN_COUNTERS_RANGE;
    *sum = old + by;
    *again = !put(f, *sum, 0);
    return LN_COUNTERS_DONE;
}

enum ln_counters_rc ln_counters_incr(struct ln_counters *c, uint64_t id, int64_t by,
                                     ln_nsec expires, ln_nsec now, int64_t *sum)
{
    enum ln_counters_rc rc = LN_COUNTERS_DONE;
    uint32_t block = 0;
    bool again = true, unused;

    ln_assert(by <= LN_COUNTERS_VALUE_MAX && by >= -LN_COUNTERS_VALUE_MAX);
    while (again) {
        struct found f = find(&c->t, id, now);

        if (f.c != NULL && !f.expired) {
            rc = add(&f, by, sum, &again);
            if (rc != LN_COUNTERS_DONE || !again)
                break;
            continue;
        }
        if (block == 0) {
            block = make(&c->t, id, by, expires, now);
            if (block == 0)
                return LN_COUNTERS_FULL;
            continue; /* making room may have changed the bucket */
        }
        if (f.way == LN_TABLE_WAYS)
            f.way = ln_table_room(&c->t, f.seen, now, &unused);
        if (f.way == LN_TABLE_WAYS) {
            if (!ln_table_holds(f.bucket, f.seen))
                continue;
            ln_table_refused(&c->t);
            rc = LN_COUNTERS_FULL;
            break;
        }
        if (ln_table_publish(&c->t, f.bucket, f.seen, f.way, block)) {
            *sum = by;
            return LN_COUNTERS_DONE;
        }
    }
    if (block != 0)
        ln_table_drop(&c->t, block);
    return rc;
}

enum ln_counters_rc ln_counters_get(struct ln_counters *c, uint64_t id, ln_nsec now, int64_t *value)
{
    struct found f = find(&c->t, id, now);

    if (f.c == NULL || f.expired)
        return LN_COUNTERS_NOT;
    *value = (int64_t)f.value.id;
    return LN_COUNTERS_DONE;
}

enum ln_counters_rc ln_counters_delete(struct ln_counters *c, uint64_t id, ln_nsec now,
                                       int64_t *value)
{
    for (;;) {
        struct found f = find(&c->t, id, now);

        if (f.c == NULL || f.expired)
            return LN_COUNTERS_NOT;
        *value = (int64_t)f.value.id;
        if (!put(&f, *value, ENDED))
            continue;
        ln_table_publish(&c->t, f.bucket, f.seen, f.way, 0);
        return LN_COUNTERS_DONE;
    }
}
