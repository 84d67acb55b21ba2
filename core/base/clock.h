/* SPDX-License-Identifier: Apache-2.0
 * clock.h - time. Durations are milliseconds unless a name says otherwise.
 *
 * Pure code takes `now` as an argument; only the loop and start-up code ask here. Specs freeze the
 * clock and move it by hand: that switch is process-wide, which is why it lives in this file and
 * nowhere else.
 */
#ifndef LN_BASE_CLOCK_H
#define LN_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t ln_msec;
typedef uint64_t ln_nsec;

enum { LN_NSEC_PER_MSEC = 1000000 };

/* Monotonic, the same for all processes of the machine, never 0. */
ln_nsec ln_clock_mono(void);

/* Nanoseconds since 1970 (UTC). */
ln_nsec ln_clock_wall(void);

/* From now on both clocks stand still at these values until they are moved. For specs and tests. */
void ln_clock_freeze(ln_nsec mono, ln_nsec wall);
void ln_clock_advance(ln_nsec by);
void ln_clock_thaw(void);
bool ln_clock_is_frozen(void);

#endif
