/* SPDX-License-Identifier: Apache-2.0
 * clock.c - the system's clocks, or frozen ones.
 */
#include "base/clock.h"

#include <time.h>

static struct {
    bool frozen;
    ln_nsec mono, wall;
} still;

static ln_nsec read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (ln_nsec)t.tv_sec * 1000000000u + (ln_nsec)t.tv_nsec;
}

ln_nsec ln_clock_mono(void)
{
    return still.frozen ? still.mono : read_clock(CLOCK_MONOTONIC);
}

ln_nsec ln_clock_wall(void)
{
    return still.frozen ? still.wall : read_clock(CLOCK_REALTIME);
}

void ln_clock_freeze(ln_nsec mono, ln_nsec wall)
{
    still.frozen = true;
    still.mono = mono;
    still.wall = wall;
}

void ln_clock_advance(ln_nsec by)
{
    still.mono += by;
    still.wall += by;
}

void ln_clock_thaw(void)
{
    still.frozen = false;
}

bool ln_clock_is_frozen(void)
{
    return still.frozen;
}
