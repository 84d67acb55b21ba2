/* SPDX-License-Identifier: Apache-2.0
 * slot.h - what one worker tells about itself in shared memory.
 *
 * One writer each: the worker that holds the slot, and the supervisor while nobody holds it.
 * Readers add the slots up. With a single writer a counter needs no atomic addition: a relaxed load
 * and store are plain moves.
 */
#ifndef LN_SHM_SLOT_H
#define LN_SHM_SLOT_H

#include <stdatomic.h>
#include <stdint.h>

enum ln_stat {
#define LN_STAT(name, kind, text) LN_STAT_##name,
#include "shm/stat.def"
#undef LN_STAT
    LN_STAT_COUNT
};

/* TOTAL only grows and survives its worker; GAUGE is what is so now and dies with it. */
enum ln_stat_kind { LN_STAT_TOTAL, LN_STAT_GAUGE };

struct ln_stat_row {
    const char *name; /* as in stat.def */
    enum ln_stat_kind kind;
    const char *text;
};

/* One row per enum ln_stat. */
extern const struct ln_stat_row ln_stat_rows[LN_STAT_COUNT];

enum ln_slot_state {
    LN_SLOT_EMPTY,    /* never started, or waiting to be started again */
    LN_SLOT_STARTING, /* forked, loads its configuration */
    LN_SLOT_SERVING,
    LN_SLOT_DRAINING,
    LN_SLOT_STATES
};

enum { LN_SLOT_TEXT = 400 };

struct ln_shm_slot {
    _Alignas(64) _Atomic int32_t pid; /* 0 = nobody */
    _Atomic uint32_t state;           /* enum ln_slot_state */
    _Atomic uint64_t starts;          /* workers that this slot has had */
    _Atomic uint64_t heartbeat;       /* monotonic nanoseconds of the last sign of life */
    _Atomic uint64_t generation;      /* number of the generation that new exchanges use */
    _Atomic uint64_t connections;     /* open downstream connections */
    _Atomic uint64_t exchanges;       /* running exchanges */
    _Atomic uint64_t served;          /* exchanges ended, over all workers of this slot */
    _Atomic uint64_t counters[LN_STAT_COUNT];
    _Atomic uint64_t running; /* the plugin that is over its budget or was asked for: the key of its
                                 record in shm/quarantine.h; 0 = none */
    char running_text[LN_SLOT_TEXT]; /* who that is; written before its key */
};

static inline uint64_t ln_slot_get(const _Atomic uint64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

static inline void ln_slot_set(_Atomic uint64_t *cell, uint64_t value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}

static inline void ln_stat_add(struct ln_shm_slot *slot, enum ln_stat stat, uint64_t n)
{
    ln_slot_set(&slot->counters[stat], ln_slot_get(&slot->counters[stat]) + n);
}

static inline void ln_stat_sub(struct ln_shm_slot *slot, enum ln_stat stat, uint64_t n)
{
    ln_slot_set(&slot->counters[stat], ln_slot_get(&slot->counters[stat]) - n);
}

/* After the death of the worker: what was in flight is gone, totals stay. For the supervisor. */
void ln_slot_settle(struct ln_shm_slot *slot);

#endif
