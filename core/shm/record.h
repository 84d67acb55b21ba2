/* SPDX-License-Identifier: Apache-2.0
 * record.h - what all workers share about services and instances. Zeroed memory is a valid record.
 *
 * Lock-free: every field is one word, a worker killed between two stores leaves nothing that
 * another could misread. What is in flight, and what has come of it, is counted by each worker in
 * cells of its own: one writer, plain moves, readers add up. What a worker that has died had in
 * flight is settled by the supervisor before the next one starts (ln_record_settle); what it had
 * counted stays. Changes are rare: whoever makes one counts it, in one word for all.
 *
 *   record | in flight: a word for each worker, side by side, for those who add them up at every
 *   pick | counts: some lines of cache for each worker
 */
#ifndef LN_SHM_RECORD_H
#define LN_SHM_RECORD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* LN_ZONE_CURSOR, one per service. */
struct ln_cursor_record {
    _Alignas(64) _Atomic uint64_t picks; /* turns taken, over all workers and generations */
    _Atomic uint64_t born;    /* monotonic milliseconds of its first generation; 0 = not yet */
    _Atomic uint32_t panic;   /* its checks call so many instances down that they are not heeded */
    _Atomic uint32_t steered; /* times that the operator has changed a weight in it */
    _Alignas(64) _Atomic uint32_t active[]; /* requests in flight, one cell per worker */
};

/* Of a service, by one worker. */
struct ln_service_counts {
    _Alignas(64) _Atomic uint64_t retries; /* attempts after the first one */
    _Atomic uint64_t retries_refused;      /* for want of budget */
    _Atomic uint64_t turned_away;          /* the queue was full */
    _Atomic uint64_t waited_out;           /* in the queue for as long as they may */
    _Atomic uint32_t waiting;              /* in the queue now */
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
    _Atomic uint64_t due;       /* monotonic milliseconds of the next one; 0 = there was none yet */
    _Atomic uint64_t failed;    /* monotonic milliseconds of the last failure; 0 = none */
    _Atomic uint64_t good, bad; /* how many have ended so */
    char text[LN_CHECK_TEXT];   /* of the last failure; only for people to read */
};

/* What can become of an instance: upstream/news.h. */
enum ln_change {
    LN_CHANGE_CLOSED, /* its breaker */
    LN_CHANGE_OPEN,
    LN_CHANGE_HALF_OPEN,
    LN_CHANGE_DOWN, /* in the eyes of passive health */
    LN_CHANGE_BACK,
    LN_CHANGE_FELL, /* in those of its checks */
    LN_CHANGE_ROSE,
    LN_CHANGES
};

enum { LN_COUNTED_OUTCOMES = 15 };

/* Of an instance, by one worker. */
struct ln_instance_counts {
    _Alignas(64) _Atomic uint64_t ended[LN_COUNTED_OUTCOMES]; /* attempts: upstream/outcome.h */
    _Atomic uint64_t bad_statuses; /* responses whose status counts as a failure */
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
    _Atomic uint64_t changes[LN_CHANGES];   /* since the gateway started */
    _Alignas(64) _Atomic uint32_t active[]; /* requests in flight, one cell per worker */
};

/* Bytes of a zone, and further ones for each worker. */
enum {
    LN_SERVICE_SIZE = sizeof(struct ln_cursor_record) + 64,
    LN_SERVICE_EACH = sizeof(_Atomic uint32_t) + sizeof(struct ln_service_counts),
    LN_INSTANCE_SIZE = sizeof(struct ln_instance_record) + 64,
    LN_INSTANCE_EACH = sizeof(_Atomic uint32_t) + sizeof(struct ln_instance_counts),
};

/* Where the counts of a worker stand in such a zone. */
static inline void *ln_record_counts(_Atomic uint32_t *active, size_t counts, unsigned workers,
                                     unsigned worker)
{
    size_t cells = (workers * sizeof *active + 63) / 64 * 64;

    return (char *)active + cells + worker * counts;
}

static inline struct ln_service_counts *ln_service_counts(struct ln_cursor_record *r,
                                                          unsigned workers, unsigned worker)
{
    return ln_record_counts(r->active, sizeof(struct ln_service_counts), workers, worker);
}

static inline struct ln_instance_counts *ln_instance_counts(struct ln_instance_record *r,
                                                            unsigned workers, unsigned worker)
{
    return ln_record_counts(r->active, sizeof(struct ln_instance_counts), workers, worker);
}

/* For the one writer of the count. */
static inline void ln_record_count(_Atomic uint64_t *cell)
{
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

enum { LN_LOAD_PRIORITIES = 3 };

/* What is learned of how much a service can bear: upstream/gradient.h. */
struct ln_gradient_record {
    _Atomic uint64_t word;   /* the limit, latencies, and what is under way */
    _Atomic uint64_t trial;  /* what it was before the limit was halved */
    _Atomic uint64_t next;   /* monotonic milliseconds of the next trial of one that is held */
    _Atomic uint64_t since;  /* and of the beginning of the window; 0 = there was none yet */
    _Atomic uint64_t window; /* samples of the window */
    _Atomic uint32_t peak;   /* most places that were taken in it */
};

/* LN_ZONE_LOAD, one per service that has a limit: upstream/concurrency.h. */
struct ln_load_record {
    _Alignas(64) _Atomic uint64_t about; /* what its configuration says, for reports */
    _Atomic uint64_t shed; /* the last refusal, as long as they have not ended; 0 = all is well */
    _Atomic uint64_t high; /* monotonic milliseconds when a request of high priority came; 0 = never
                            */
    _Atomic uint64_t refused[LN_LOAD_PRIORITIES];
    _Alignas(64) struct ln_gradient_record gradient;
    _Alignas(64) _Atomic uint32_t places[]; /* taken by requests, one cell per worker */
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

/* Another instance is behind it now: nothing is known of it, and it warms up from `since` on. What
 * is in flight stays, and what the operator has said. */
void ln_record_renew(struct ln_instance_record *r, uint64_t since);

/* It has another name, too: what the operator has said, and what was counted, was of somebody else.
 * Nothing may be in flight. */
void ln_record_rename(struct ln_instance_record *r, unsigned workers);

struct ln_shm;

/* That worker is dead: nothing of it is in flight. For the supervisor. */
void ln_record_settle(struct ln_shm *shm, unsigned worker);

#endif
