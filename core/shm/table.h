/* SPDX-License-Identifier: Apache-2.0
 * table.h - blocks of one size that are found by a hash: what dictionaries and counters are made
 * of.
 *
 *   head | buckets: four block numbers and a count of changes each, sixteen bytes | blocks
 *
 * A bucket changes as one (shm/pair.h), and every change counts up. What a published block says
 * does not change. So whoever reads a bucket, then blocks, then the bucket again and finds it
 * unchanged has read what was published; and whoever swaps a bucket for what follows from such a
 * reading has judged by what is true. That is all of the protocol that correctness rests on.
 *
 * Which blocks are free is never relied on, only found out: the truth is what buckets refer to. A
 * block that nobody refers to and that no living process is about to publish is free, whatever the
 * last owner did not come to do. So a process that is killed at any instruction loses nothing that
 * was published and leaves nothing that is not found again.
 *
 * Owner: the zone is memory of the region (zero = empty); the view below belongs to one process.
 * Threads: one per view. Processes: any. Clock: the caller's `now`, monotonic nanoseconds; it may
 * differ between workers by a turn of their loops.
 */
#ifndef LN_SHM_TABLE_H
#define LN_SHM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "shm/pair.h"

enum { LN_TABLE_WAYS = 4, LN_TABLE_BLOCKS_MIN = 16, LN_TABLE_BLOCKS_MAX = (1 << 21) - 1 };

/* What every block begins with. */
struct ln_block {
    uint64_t tag;     /* private: who may do what with it */
    uint64_t id;      /* hash of the key */
    ln_nsec expires;  /* 0 = never */
    uint32_t touched; /* was used since the hand of the clock passed; a hint */
    uint32_t next;    /* the block that goes on with the content; 0 = none */
};

/* Counts of a zone, for reports. */
struct ln_table_counts {
    uint64_t used;    /* blocks, about */
    uint64_t blocks;  /* in all */
    uint64_t evicted; /* entries that had not expired and made room for newer ones */
    uint64_t full;    /* entries refused because there was no room */
};

struct ln_table {
    struct ln_table_head *head; /* private from here on */
    struct ln_pair *buckets;
    char *blocks;
    uint32_t bucket_count, block_count, block_size;
    uint32_t pid;  /* of this process */
    uint32_t hint; /* a block that was free lately */
    bool evicts;   /* entries that have not expired make room for newer ones */
    bool (*is_dead)(const struct ln_block *b); /* NULL: published blocks are good until they expire
                                                */
    ln_nsec searched;                          /* when no room was found, and */
    uint64_t freed;                            /* how many had been freed by then */
};

/* Bytes of a zone with so many blocks; and the blocks of a zone with so many bytes. */
size_t ln_table_size(size_t blocks, size_t block_size);
size_t ln_table_blocks(size_t size, size_t block_size);

/* A view of the zone. block_size: a multiple of 16. */
void ln_table_open(struct ln_table *t, void *zone, size_t size, size_t block_size, bool evicts);

void ln_table_count(const struct ln_table *t, struct ln_table_counts *out);

static inline struct ln_block *ln_table_at(const struct ln_table *t, uint32_t block)
{
    return (struct ln_block *)(t->blocks + (size_t)block * t->block_size);
}

static inline struct ln_pair *ln_table_bucket(const struct ln_table *t, uint64_t id)
{
    return &t->buckets[(size_t)(((unsigned __int128)id * t->bucket_count) >> 64)];
}

/* The block number in a way of a bucket that was read; 0 = empty. */
uint32_t ln_table_way(struct ln_pair seen, unsigned way);

/* Is the bucket still as it was read? What was read in between is then true. */
static inline bool ln_table_holds(const struct ln_pair *bucket, struct ln_pair seen)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&bucket->stamp, __ATOMIC_RELAXED) == seen.stamp;
}

/* Where a new block can go in a bucket that was read: a way that is empty or expired, or, if the
 * table evicts, the least useful one (*evicts: it had not expired); LN_TABLE_WAYS: nowhere. */
unsigned ln_table_room(const struct ln_table *t, struct ln_pair seen, ln_nsec now, bool *evicts);

/* A block to write to; 0: there is no room, which is counted. Its content is the caller's until it
 * is published or dropped. */
uint32_t ln_table_claim(struct ln_table *t, ln_nsec now);
void ln_table_drop(struct ln_table *t, uint32_t block);

/* How often the block has been claimed; never repeats for it. */
uint64_t ln_table_version(const struct ln_table *t, uint32_t block);

/* `block`, claimed and written, belongs to the claimed block `head` and lives as long as that. */
void ln_table_attach(struct ln_table *t, uint32_t block, uint32_t head);

/* Puts a claimed block (0 = nothing) into a way, if the bucket is still as it was read; what was
 * there is free. On false nothing has happened. */
bool ln_table_publish(struct ln_table *t, struct ln_pair *bucket, struct ln_pair seen, unsigned way,
                      uint32_t block);

/* Counts an entry that was refused; one that had to go before its time. */
void ln_table_refused(struct ln_table *t);
void ln_table_evicted(struct ln_table *t);

#endif
