/* SPDX-License-Identifier: Apache-2.0
 * record.h - what all workers share about services and instances. Zeroed memory is a valid record.
 *
 * Lock-free: every field is one word, a worker killed between two stores leaves nothing that
 * another could misread. What is in flight is counted by each worker in a cell of its own: one
 * writer, plain moves, readers add up. The cells of a worker that has died are settled by the
 * supervisor before the next one starts (ln_record_settle).
 */
#ifndef LN_SHM_RECORD_H
#define LN_SHM_RECORD_H

#include <stdatomic.h>
#include <stdint.h>

/* LN_ZONE_CURSOR, one per service. */
struct ln_cursor_record {
    _Alignas(64) _Atomic uint64_t picks; /* turns taken, over all workers and generations */
    _Atomic uint64_t born;    /* monotonic milliseconds of its first generation; 0 = not yet */
    _Atomic uint32_t panic;   /* its checks call so many instances down that they are not heeded */
    _Atomic uint32_t steered; /* times that the operator has changed a weight in it */
    _Alignas(64) _Atomic uint32_t active[]; /* requests in flight, one cell per worker */
};

enum { LN_BREAKER_BUCKETS = 10 };

/* Of an instance: upstream/breaker.h. */
struct ln_breaker_record {
    _Atomic uint64_t word;
    _Atomic uint64_t buckets[LN_BREAKER_BUCKETS]; /* of the window */
    _Atomic uint64_t
        failed;           /* tenth of a window in which a request last failed, + 1; 0 = none yet */
    _Atomic uint64_t row; /* failures since the last success, and of which epoch */
};

enum { LN_CHECK_TEXT = 112 };

/* Of an instance: upstream/check.h. Written by whoever has the lease of the checks. */
struct ln_check_record {
    _Atomic uint64_t word;
    _Atomic uint64_t due;     /* monotonic milliseconds of the next one; 0 = there was none yet */
    _Atomic uint64_t failed;  /* monotonic milliseconds of the last failure; 0 = none */
    char text[LN_CHECK_TEXT]; /* of the last failure; only for people to read */
};

/* LN_ZONE_INSTANCE, one per instance (service and URL). */
struct ln_instance_record {
    _Alignas(64) _Atomic uint64_t down; /* 0 = up; else upstream/health.c */
    _Atomic uint32_t strikes;           /* since the last success */
    _Atomic uint32_t trips;   /* times marked down, or tried in vain, since the last success */
    _Atomic uint64_t latency; /* upstream/latency.h */
    struct ln_breaker_record breaker;
    _Atomic uint64_t since; /* monotonic milliseconds from which it warms up; 0 = not seen yet */
    struct ln_check_record check;
    _Atomic uint32_t steer; /* shm/steer.h; written by the supervisor */
    _Atomic uint64_t about; /* upstream/seen.h: what its configuration says, for reports */
    _Atomic uint64_t error; /* likewise: how a request of it failed last */
    _Alignas(64) _Atomic uint32_t active[]; /* requests in flight, one cell per worker */
};

/* For the one writer of the cell. */
static inline void ln_record_add(_Atomic uint32_t *cell, int by)
{
    uint32_t now = atomic_load_explicit(cell, memory_order_relaxed);

    atomic_store_explicit(cell, now + (uint32_t)by, memory_order_relaxed);
}

/* Over all workers. */
static inline uint32_t ln_record_sum(const _Atomic uint32_t *cells, unsigned workers)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < workers; i++)
        sum += atomic_load_explicit(&cells[i], memory_order_relaxed);
    return sum;
}

struct ln_shm;

/* That worker is dead: nothing of it is in flight. For the supervisor. */
void ln_record_settle(struct ln_shm *shm, unsigned worker);

#endif
