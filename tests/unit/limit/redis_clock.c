/* SPDX-License-Identifier: Apache-2.0
 * redis_clock.c - loaded into a redis-server by LD_PRELOAD: its clock is a number in a file that
 * the test has mapped.
 *
 * So the real server runs the real scripts, its own expiring of keys included, on a day that takes
 * a second. Redis asks for its time with gettimeofday() alone; what it measures (its event loop,
 * its statistics) goes by another clock and is left alone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *virtual_clock;

__attribute__((constructor)) static void map_clock(void)
{
    const char *path = getenv("LN_REDIS_CLOCK");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *at = MAP_FAILED;

    if (fd >= 0) {
        at = mmap(NULL, sizeof *virtual_clock, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
    }
    if (at == MAP_FAILED)
        _exit(126);
    virtual_clock = at;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict tv,
                                                        void *restrict zone)
{
    int64_t now = *virtual_clock;

    (void)zone;
    tv->tv_sec = (time_t)(now / 1000000);
    tv->tv_usec = (suseconds_t)(now % 1000000);
    return 0;
}
