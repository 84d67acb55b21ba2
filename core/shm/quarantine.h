/* SPDX-License-Identifier: Apache-2.0
 * quarantine.h - handlers of plugins that keep failing, known to all workers.
 *
 *   runs ── fails too often ──> out until a moment ── the moment has passed: one trial ──> runs
 *     ^                            ^                                          │
 *     │                            └──── it failed: out for twice as long ────┘
 *   two strikes of the supervisor: out for good, which is until the next generation
 *
 * A record exists only for what has failed; its key stands for a handler of one use in one
 * generation, so that a new generation begins clean and a worker that is started again does not.
 *
 * Owner: the zone is memory of the region (zero = empty). Processes: any; no locks. One that is
 * killed while it claims a record leaves that record unused until it is the last one left. Clock:
 * the caller's `now`, monotonic milliseconds, not 0.
 */
#ifndef LN_SHM_QUARANTINE_H
#define LN_SHM_QUARANTINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/slice.h"

enum {
    LN_QUARANTINE_RECORDS = 512,
    LN_QUARANTINE_TEXT = 416,
    LN_QUARANTINE_STRIKES = 2, /* that put a handler out for good */
    LN_QUARANTINE_WAIT = 1000, /* milliseconds of the first time; doubled each time */
    LN_QUARANTINE_WAIT_MAX = 60 * 1000
};

struct ln_quarantine_record {
    _Alignas(64) _Atomic uint64_t key; /* 0 = free, 1 = being claimed */
    _Atomic uint64_t generation;
    _Atomic uint64_t until; /* 0 = runs; LN_QUARANTINE_FOR_GOOD */
    _Atomic uint32_t trips; /* times put out since it last worked */
    _Atomic uint32_t strikes;
    char text[LN_QUARANTINE_TEXT]; /* who it is; the same bytes whoever writes them */
};

struct ln_quarantine {
    _Atomic uint64_t changes; /* grows when a handler is put out or let in */
    struct ln_quarantine_record records[LN_QUARANTINE_RECORDS];
};

#define LN_QUARANTINE_FOR_GOOD UINT64_MAX

/* The name of the zone, of the kind LN_ZONE_USE; its size is that of struct ln_quarantine. */
struct ln_slice ln_quarantine_zone(void);

/* Of that key; NULL: it has not failed yet. Keys 0 and 1 are not used. */
struct ln_quarantine_record *ln_quarantine_find(struct ln_quarantine *q, uint64_t key);

/* The same, made if there is none. NULL: there is no room among those of this generation. */
struct ln_quarantine_record *ln_quarantine_claim(struct ln_quarantine *q, uint64_t key,
                                                 uint64_t generation, const char *text);

/* Puts it out. How long, in milliseconds; 0: it is out already, somebody else was first. */
ln_msec ln_quarantine_put_out(struct ln_quarantine *q, struct ln_quarantine_record *r, ln_msec now);

enum ln_quarantine_verdict { LN_QUARANTINE_RUNS, LN_QUARANTINE_OUT, LN_QUARANTINE_TRIAL };

/* May the handler run? TRIAL: this once, and the caller says how it went; if it never does, there
 * is another trial after the same time. */
enum ln_quarantine_verdict ln_quarantine_ask(struct ln_quarantine_record *r, ln_msec now);

void ln_quarantine_let_in(struct ln_quarantine *q, struct ln_quarantine_record *r);
void ln_quarantine_trial_failed(struct ln_quarantine_record *r, ln_msec now);

/* The supervisor had to kill a worker that was in there. True: it is out for good now. */
bool ln_quarantine_strike(struct ln_quarantine *q, struct ln_quarantine_record *r);

/* What is out in this generation: walk with *at = 0 until NULL. */
const struct ln_quarantine_record *ln_quarantine_next(const struct ln_quarantine *q,
                                                      uint64_t generation, unsigned *at);

#endif
