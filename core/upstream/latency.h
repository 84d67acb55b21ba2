/* SPDX-License-Identifier: Apache-2.0
 * latency.h - how long an instance takes to answer: a moving average that believes bad news at once
 * and good news by and by (peak EWMA, as in Twitter's Finagle).
 *
 * A sample above the average replaces it. One below moves it by 1 - e^(-t/tau), where t is the time
 * since the last sample: so the average depends on time and not on how many requests there are. It
 * decays towards nothing while nobody asks: an instance that was slow is tried again.
 *
 * All of it is one word that all workers share and change by compare-and-swap: the milliseconds of
 * the last sample (32 bits, they wrap) and the average in microseconds (a float). 0: no sample yet.
 */
#ifndef LN_UPSTREAM_LATENCY_H
#define LN_UPSTREAM_LATENCY_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"

enum { LN_LATENCY_TAU_MS = 10000 };

/* One answer took so many microseconds. */
void ln_latency_note(_Atomic uint64_t *word, uint64_t micros, ln_msec now);

/* A failure took so long: counts only where it is slower than the average. A quick failure is no
 * good news. */
void ln_latency_note_failure(_Atomic uint64_t *word, uint64_t micros, ln_msec now);

/* Microseconds, decayed to `now`; 0 = nothing is known. */
float ln_latency_read(uint64_t word, ln_msec now);

#endif
