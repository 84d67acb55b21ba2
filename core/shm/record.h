/* SPDX-License-Identifier: Apache-2.0
 * record.h - what all workers share about services and instances. Zeroed memory is a valid record.
 *
 * Lock-free: every field is one word, a worker killed between two stores leaves nothing that
 * another could misread.
 */
#ifndef LN_SHM_RECORD_H
#define LN_SHM_RECORD_H

#include <stdatomic.h>
#include <stdint.h>

/* LN_ZONE_CURSOR, one per service: how many picks there have been, over all workers and
 * generations. */
struct ln_cursor_record {
    _Alignas(64) _Atomic uint64_t picks;
};

/* LN_ZONE_INSTANCE, one per instance (service and URL). */
struct ln_instance_record {
    _Alignas(64) _Atomic uint64_t
        down; /* 0 = up; else monotonic milliseconds * 2, plus 1 while a trial is out */
    _Atomic uint32_t strikes; /* since the last success */
    _Atomic uint32_t trips;   /* times marked down since the last success */
};

#endif
