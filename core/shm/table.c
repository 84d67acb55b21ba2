/* SPDX-License-Identifier: Apache-2.0
 * table.c - buckets, and who gets which block.
 *
 * The tag of a block: a count of its claims (40 bits), the process that writes it (22 bits, as many
 * as Linux gives ids), and one of four states:
 *
 *   FREE     nobody's
 *   WRITING  of a process, until it has published the block, attached it to another or dropped it
 *   USED     has been published; whether it still is, only its bucket tells
 *   PART     goes on with the content of another block: `id` is that block's number and `expires`
 * the count of claims that it had
 *
 * A scout goes round all blocks. What it finds free it takes:
 *
 *   FREE; USED, but in no bucket: was removed, and the remover has not come to free it;
 *   PART of a block that is free or was claimed again;
 *   WRITING of a process that is no more, and in no bucket (if in a bucket: it becomes USED);
 *   USED and expired: is removed from its bucket first.
 *
 * When it finds nothing for a while and the table evicts, a second hand moves, that of the CLOCK
 * algorithm (Corbato, "A paging experiment with the Multics system", 1968), and removes what was
 * not touched since it came by last. Every step is taken by a swap of the tag that was judged, so
 * two processes never get one block, and one that slept for an hour in between gets none.
 */
#include "shm/table.h"

#include <unistd.h>

#include "base/assert.h"
#include "shm/word.h"

enum { FREE, WRITING, USED, PART, STATE_MASK = 3 };
enum { PID_SHIFT = 2, PID_MASK = (1 << 22) - 1, VERSION_SHIFT = 24 };
enum { SLOT_BITS = 21, SLOT_MASK = (1 << SLOT_BITS) - 1 };
enum {
    BUCKETS_PER_BLOCK = 4, /* then 1 bucket in 150,000 of a full table has more than four keys */
    STEPS = 4096,          /* in search of a free block */
    STEPS_FULL = 32,       /* the same in a table that is nearly full and evicts */
    CHANCES = 64,          /* entries that were touched and are passed over in one search */
    SEARCH_PAUSE = 50 * LN_NSEC_PER_MSEC, /* until a search that was in vain is repeated */
};

struct ln_table_head {
    _Alignas(64) uint64_t scout;
    uint64_t hand;
    uint64_t claimed, freed; /* their difference is how many are in use, but for those that kills
                                have left in between */
    _Alignas(64) uint64_t evicted;
    uint64_t full;
};

/* ---- size ---- */

static size_t bytes_per_block(size_t block_size)
{
    return block_size + BUCKETS_PER_BLOCK * sizeof(struct ln_pair);
}

size_t ln_table_size(size_t blocks, size_t block_size)
{
    return sizeof(struct ln_table_head) + (blocks + blocks % 2) * bytes_per_block(block_size);
}

size_t ln_table_blocks(size_t size, size_t block_size)
{
    size_t fixed = sizeof(struct ln_table_head);
    size_t blocks = size > fixed ? (size - fixed) / bytes_per_block(block_size) : 0;

    /* Even, so that blocks begin at cache lines. */
    return (blocks < LN_TABLE_BLOCKS_MAX ? blocks : LN_TABLE_BLOCKS_MAX) & ~(size_t)1;
}

void ln_table_open(struct ln_table *t, void *zone, size_t size, size_t block_size, bool evicts)
{
    size_t blocks = ln_table_blocks(size, block_size);

    ln_assert(blocks >= LN_TABLE_BLOCKS_MIN && block_size % 16 == 0 && ((uintptr_t)zone & 15) == 0);
    *t = (struct ln_table){
        .head = zone,
        .buckets = (struct ln_pair *)((struct ln_table_head *)zone + 1),
        .bucket_count = (uint32_t)blocks * BUCKETS_PER_BLOCK,
        .block_count = (uint32_t)blocks,
        .block_size = (uint32_t)block_size,
        .pid = (uint32_t)getpid() & PID_MASK,
        .evicts = evicts,
    };
    /* Numbers begin at 1. */
    t->blocks = (char *)(t->buckets + t->bucket_count) - block_size;
}

void ln_table_count(const struct ln_table *t, struct ln_table_counts *out)
{
    uint64_t freed = ln_word_get(&t->head->freed), claimed = ln_word_get(&t->head->claimed);

    *out = (struct ln_table_counts){
        .used = claimed > freed ? claimed - freed : 0,
        .blocks = t->block_count,
        .evicted = ln_word_get(&t->head->evicted),
        .full = ln_word_get(&t->head->full),
    };
}

void ln_table_refused(struct ln_table *t)
{
    ln_word_count(&t->head->full, 1);
}

void ln_table_evicted(struct ln_table *t)
{
    ln_word_count(&t->head->evicted, 1);
}

/* ---- buckets: three numbers in one half; the fourth, and the count of changes, in the other ----
 */

uint32_t ln_table_way(struct ln_pair seen, unsigned way)
{
    return (uint32_t)((way < 3 ? seen.id >> (SLOT_BITS * way) : seen.stamp) & SLOT_MASK);
}

static struct ln_pair with(struct ln_pair seen, unsigned way, uint32_t block)
{
    uint64_t *half = way < 3 ? &seen.id : &seen.stamp;
    unsigned shift = way < 3 ? SLOT_BITS * way : 0;

    *half = (*half & ~((uint64_t)SLOT_MASK << shift)) | (uint64_t)block << shift;
    seen.stamp += (uint64_t)1 << SLOT_BITS;
    return seen;
}

static unsigned find(struct ln_pair seen, uint32_t block)
{
    unsigned way = 0;

    while (way < LN_TABLE_WAYS && ln_table_way(seen, way) != block)
        way++;
    return way;
}

/* ---- tags ---- */

static unsigned state_of(uint64_t tag)
{
    return tag & STATE_MASK;
}

static uint32_t pid_of(uint64_t tag)
{
    return (uint32_t)(tag >> PID_SHIFT) & PID_MASK;
}

static uint64_t version_of(uint64_t tag)
{
    return tag >> VERSION_SHIFT;
}

static uint64_t in_state(uint64_t tag, unsigned state)
{
    return version_of(tag) << VERSION_SHIFT | state;
}

uint64_t ln_table_version(const struct ln_table *t, uint32_t block)
{
    return version_of(ln_word_get(&ln_table_at(t, block)->tag));
}

static bool take(struct ln_table *t, struct ln_block *b, uint64_t tag)
{
    uint64_t mine = (version_of(tag) + 1) << VERSION_SHIFT | t->pid << PID_SHIFT | WRITING;

    if (!ln_word_cas(&b->tag, tag, mine))
        return false;
    if (state_of(tag) == FREE)
        ln_word_count(&t->head->claimed, 1);
    /* What is written now must not be seen by those to whom the bucket still looks as before. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return true;
}

/* Frees a block that was claimed that often, unless somebody has done more with it already. */
static void release(struct ln_table *t, uint32_t block, uint64_t version)
{
    struct ln_block *b = ln_table_at(t, block);

    for (;;) {
        uint64_t tag = ln_word_get(&b->tag);

        if (version_of(tag) != version || state_of(tag) == FREE)
            return;
        if (!ln_word_cas(&b->tag, tag, in_state(tag, FREE)))
            continue;
        ln_word_count(&t->head->freed, 1);
        t->hint = block;
        return;
    }
}

/* The blocks that went on with one that was removed. Whatever is read here may be of a new life by
 * now; then the swap of the tag that was read first fails, or it does not say what it must. */
static void release_parts(struct ln_table *t, uint32_t head, uint64_t version)
{
    uint32_t at = ln_table_at(t, head)->next;

    while (at >= 1 && at <= t->block_count) {
        struct ln_block *b = ln_table_at(t, at);
        uint64_t tag = ln_word_get(&b->tag);
        uint32_t next = b->next;

        if (state_of(tag) != PART || b->id != head || b->expires != version ||
            !ln_word_cas(&b->tag, tag, in_state(tag, FREE)))
            return;
        ln_word_count(&t->head->freed, 1);
        at = next;
    }
}

void ln_table_drop(struct ln_table *t, uint32_t block)
{
    release(t, block, ln_table_version(t, block));
}

void ln_table_attach(struct ln_table *t, uint32_t block, uint32_t head)
{
    struct ln_block *b = ln_table_at(t, block);
    uint64_t tag = ln_word_get(&b->tag);

    b->id = head;
    b->expires = ln_table_version(t, head);
    ln_word_cas(&b->tag, tag, in_state(tag, PART));
}

/* ---- the search for a block ---- */

struct search {
    ln_nsec now;
    uint64_t steps;
    unsigned chances;
    bool evict;
};

static bool is_over(const struct ln_table *t, const struct ln_block *b, ln_nsec now)
{
    return (b->expires != 0 && b->expires <= now) || (t->is_dead != NULL && t->is_dead(b));
}

/* Was published. If it is in its bucket when that is read, and the bucket can be swapped after
 * that, then all that was read of the block in between was true. */
static bool try_used(struct ln_table *t, uint32_t block, uint64_t tag, struct search *s)
{
    struct ln_block *b = ln_table_at(t, block);
    struct ln_pair *bucket = ln_table_bucket(t, b->id), seen = ln_pair_read(bucket);
    unsigned way = find(seen, block);
    bool over = is_over(t, b, s->now);

    if (way == LN_TABLE_WAYS)
        return take(t, b, tag);
    if (!over && !s->evict)
        return false;
    if (!over && s->chances > 0 && __atomic_load_n(&b->touched, __ATOMIC_RELAXED) != 0) {
        __atomic_store_n(&b->touched, 0, __ATOMIC_RELAXED);
        s->chances--;
        return false;
    }
    if (!ln_pair_cas(bucket, seen, with(seen, way, 0)))
        return false;
    if (!over)
        ln_table_evicted(t);
    return take(t, b, tag);
}

/* Somebody was about to publish it. */
static bool try_writing(struct ln_table *t, uint32_t block, uint64_t tag)
{
    struct ln_block *b = ln_table_at(t, block);

    if (pid_of(tag) == t->pid || ln_word_owner_lives(pid_of(tag)))
        return false;
    if (find(ln_pair_read(ln_table_bucket(t, b->id)), block) == LN_TABLE_WAYS)
        return take(t, b, tag);
    ln_word_cas(&b->tag, tag, in_state(tag, USED));
    return false;
}

static bool try_part(struct ln_table *t, uint32_t block, uint64_t tag)
{
    struct ln_block *b = ln_table_at(t, block);
    uint64_t head = b->id, version = b->expires;

    if (head >= 1 && head <= t->block_count) {
        uint64_t of_head = ln_word_get(&ln_table_at(t, (uint32_t)head)->tag);

        if (version_of(of_head) == version && state_of(of_head) != FREE)
            return false;
    }
    return take(t, b, tag);
}

static bool try_block(struct ln_table *t, uint32_t block, struct search *s)
{
    struct ln_block *b = ln_table_at(t, block);
    uint64_t tag = ln_word_get(&b->tag);

    switch (state_of(tag)) {
    case FREE:
        return take(t, b, tag);
    case WRITING:
        return try_writing(t, block, tag);
    case PART:
        return try_part(t, block, tag);
    default:
        return try_used(t, block, tag, s);
    }
}

static uint32_t turn(struct ln_table *t, uint64_t *hand, struct search *s)
{
    for (; s->steps > 0; s->steps--) {
        uint64_t at = __atomic_fetch_add(hand, 1, __ATOMIC_RELAXED);
        uint32_t block = (uint32_t)(at % t->block_count) + 1;

        if (try_block(t, block, s))
            return block;
    }
    return 0;
}

/* A search that was in vain is not worth repeating at once: nothing was freed. */
static bool is_hopeless(const struct ln_table *t, ln_nsec now)
{
    return t->searched != 0 && t->freed == ln_word_get(&t->head->freed) && now >= t->searched &&
           now - t->searched < SEARCH_PAUSE;
}

static uint64_t steps_for(const struct ln_table *t, uint64_t wanted)
{
    uint64_t twice = (uint64_t)t->block_count * 2;

    return wanted < twice ? wanted : twice;
}

static uint32_t search(struct ln_table *t, ln_nsec now)
{
    struct ln_table_counts counts;
    struct search s = {.now = now, .chances = CHANCES};

    ln_table_count(t, &counts);
    bool nearly = t->evicts && counts.used > counts.blocks - counts.blocks / 16;
    s.steps = steps_for(t, nearly ? STEPS_FULL : STEPS);
    uint32_t block = turn(t, &t->head->scout, &s);

    if (block != 0 || !t->evicts)
        return block;
    s.steps = steps_for(t, (uint64_t)STEPS * 4);
    s.evict = true;
    return turn(t, &t->head->hand, &s);
}

uint32_t ln_table_claim(struct ln_table *t, ln_nsec now)
{
    uint32_t hint = t->hint;

    t->hint = 0;
    if (hint != 0) {
        struct ln_block *b = ln_table_at(t, hint);
        uint64_t tag = ln_word_get(&b->tag);

        if (state_of(tag) == FREE && take(t, b, tag))
            return hint;
    }
    if (!is_hopeless(t, now)) {
        uint64_t freed = ln_word_get(&t->head->freed);
        uint32_t block = search(t, now);

        t->searched = block == 0 ? now : 0;
        t->freed = freed;
        if (block != 0)
            return block;
    }
    ln_table_refused(t);
    return 0;
}

/* ---- publishing ---- */

unsigned ln_table_room(const struct ln_table *t, struct ln_pair seen, ln_nsec now, bool *evicts)
{
    unsigned over = LN_TABLE_WAYS, cold = LN_TABLE_WAYS;

    *evicts = false;
    for (unsigned way = 0; way < LN_TABLE_WAYS; way++) {
        uint32_t block = ln_table_way(seen, way);

        if (block == 0)
            return way;
        if (is_over(t, ln_table_at(t, block), now))
            over = way;
        else if (__atomic_load_n(&ln_table_at(t, block)->touched, __ATOMIC_RELAXED) == 0)
            cold = way;
    }
    if (over < LN_TABLE_WAYS || !t->evicts)
        return over;
    *evicts = true;
    return cold < LN_TABLE_WAYS ? cold : (unsigned)(seen.stamp >> SLOT_BITS) % LN_TABLE_WAYS;
}

bool ln_table_publish(struct ln_table *t, struct ln_pair *bucket, struct ln_pair seen, unsigned way,
                      uint32_t block)
{
    uint32_t old = ln_table_way(seen, way);
    uint64_t version = old != 0 ? ln_table_version(t, old) : 0;

    /* If this succeeds, `old` was published when its version was read. */
    if (!ln_pair_cas(bucket, seen, with(seen, way, block)))
        return false;
    if (block != 0) {
        struct ln_block *b = ln_table_at(t, block);
        uint64_t tag = ln_word_get(&b->tag);

        /* Another process may have removed it again, even freed it: that is its last word. */
        if (state_of(tag) == WRITING && pid_of(tag) == t->pid)
            ln_word_cas(&b->tag, tag, in_state(tag, USED));
    }
    if (old != 0) {
        release_parts(t, old, version);
        release(t, old, version);
    }
    return true;
}
