/* SPDX-License-Identifier: Apache-2.0
 * pair.h - sixteen bytes in shared memory that change as one.
 *
 * Compilers either call a library for this or want a flag, and the library may take a lock, which a
 * killed process would leave behind. So it is one instruction (or one exclusive pair) here. Readers
 * rely on a rule that all users keep: `stamp` never returns to an earlier value.
 */
#ifndef LN_SHM_PAIR_H
#define LN_SHM_PAIR_H

#include <stdbool.h>
#include <stdint.h>

struct ln_pair {
    _Alignas(16) uint64_t id;
    uint64_t stamp;
};

/* A value that the pair really had: a stamp that is the same before and after stood still in
 * between. */
static inline struct ln_pair ln_pair_read(const struct ln_pair *p)
{
    uint64_t stamp = __atomic_load_n(&p->stamp, __ATOMIC_ACQUIRE);

    for (;;) {
        uint64_t id = __atomic_load_n(&p->id, __ATOMIC_ACQUIRE);
        uint64_t again = __atomic_load_n(&p->stamp, __ATOMIC_ACQUIRE);

        if (again == stamp)
            return (struct ln_pair){id, stamp};
        stamp = again;
    }
}

#if defined(__x86_64__)

/* Both halves, or nothing; a full barrier. */
static inline bool ln_pair_cas(struct ln_pair *p, struct ln_pair from, struct ln_pair to)
{
    bool done;

    __asm__ volatile("lock cmpxchg16b %[mem]"
                     : [mem] "+m"(*p), "+a"(from.id), "+d"(from.stamp), "=@ccz"(done)
                     : "b"(to.id), "c"(to.stamp)
                     : "memory");
    return done;
}

#elif defined(__aarch64__)

/* Both halves, or nothing; acquires and releases. May fail for no reason. */
static inline bool ln_pair_cas(struct ln_pair *p, struct ln_pair from, struct ln_pair to)
{
    uint64_t id, stamp;
    uint32_t done;

    __asm__ volatile("1: ldaxp %[id], %[stamp], %[mem]\n"
                     "   cmp %[id], %[from_id]\n"
                     "   ccmp %[stamp], %[from_stamp], #0, eq\n"
                     "   b.ne 2f\n"
                     "   stlxp %w[done], %[to_id], %[to_stamp], %[mem]\n"
                     "   cbnz %w[done], 1b\n"
                     "2: cset %w[done], eq\n"
                     : [id] "=&r"(id), [stamp] "=&r"(stamp), [done] "=&r"(done), [mem] "+Q"(*p)
                     : [from_id] "r"(from.id), [from_stamp] "r"(from.stamp), [to_id] "r"(to.id),
                       [to_stamp] "r"(to.stamp)
                     : "cc", "memory");
    return done != 0;
}

#else
#error "pair.h needs a compare-and-swap of sixteen bytes for this processor"
#endif

#endif
