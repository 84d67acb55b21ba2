/* SPDX-License-Identifier: Apache-2.0
 * word.h - eight bytes in shared memory that change as one, and whether the process that wrote its
 * id there still lives.
 */
#ifndef LN_SHM_WORD_H
#define LN_SHM_WORD_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

static inline uint64_t ln_word_get(const uint64_t *w)
{
    return __atomic_load_n(w, __ATOMIC_ACQUIRE);
}

/* Acquires and releases. */
static inline bool ln_word_cas(uint64_t *w, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(w, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* For counting what is rare: any process may. */
static inline void ln_word_count(uint64_t *w, uint64_t n)
{
    __atomic_fetch_add(w, n, __ATOMIC_RELAXED);
}

/* False is certain: there is no such process. True may be about another one that got its id. */
static inline bool ln_word_owner_lives(uint32_t pid)
{
    return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

#endif
