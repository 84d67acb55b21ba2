/* SPDX-License-Identifier: Apache-2.0
 * zone.h - memory that processes of a test share, and processes that are killed while they work.
 */
#ifndef LN_UNIT_SHM_ZONE_H
#define LN_UNIT_SHM_ZONE_H

#include "../unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/rand.h"

enum { ZONE_NOW = 1000, ZONE_SECOND = 1000000000 };

/* Zeroed, like a zone of the region. */
static inline void *zone_new(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(at, MAP_FAILED);
    return at;
}

/* Spreads small numbers over all buckets, as a real hash does. */
static inline uint64_t zone_id(uint64_t n)
{
    n = (n + 1) * 0x9e3779b97f4a7c15u;
    n ^= n >> 29;
    return n * 0xbf58476d1ce4e5b9u;
}

/* Rounds of a slow test: fewer where the machine is said to be slow. */
static inline unsigned zone_rounds(unsigned n)
{
    const char *slow = getenv("LN_SLOW");

    return slow != NULL && atoi(slow) > 1 ? n / (unsigned)atoi(slow) + 1 : n;
}

/* Runs `work(arg, number)` in so many processes; each must end well. */
static inline void zone_crowd(unsigned processes, void (*work)(void *arg, unsigned number),
                              void *arg)
{
    pid_t pids[16];

    for (unsigned i = 0; i < processes; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            work(arg, i);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < processes; i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
}

/* Starts a process that works for ever and kills it after it has said `until` times that it does:
 * it counts `*progress` up. */
static inline void zone_kill(void (*work)(void *arg, unsigned number), void *arg, unsigned number,
                             _Atomic uint64_t *progress, uint64_t until)
{
    uint64_t start = atomic_load(progress);
    pid_t pid = fork();

    if (pid == 0) {
        work(arg, number);
        _exit(0);
    }
    while (atomic_load(progress) - start < until)
        sched_yield();
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
