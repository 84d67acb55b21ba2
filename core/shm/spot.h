/* SPDX-License-Identifier: Apache-2.0
 * spot.h - an address in shared memory that is read whole or not at all.
 *
 * Four words; the last one is a hash of the others. Who reads words of two writings finds that the
 * hash does not fit and reads again; who finds a writing that was never finished, because its
 * writer was killed, reads nothing until somebody writes there anew. So there are no locks and
 * nothing to be tidied up. One writer at a time (a lease says who: shm/lease.h); if two overlap,
 * the later one rules, and in between there is nothing.
 *
 * Zeroed memory is an empty spot that nobody has had yet.
 */
#ifndef LN_SHM_SPOT_H
#define LN_SHM_SPOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum ln_spot_state {
    LN_SPOT_EMPTY,   /* nobody, but whose it was is still there to read */
    LN_SPOT_MEMBER,  /* gets requests */
    LN_SPOT_LEAVING, /* gets no new ones; some may be under way */
};

struct ln_spot {
    unsigned char ip[16]; /* IPv4 mapped: conf/addr.h */
    uint16_t port, weight;
    bool backup;
    enum ln_spot_state state;
    uint32_t turn; /* how often the spot was given to somebody */
};

struct ln_spot_record {
    _Atomic uint64_t ip[2];
    _Atomic uint64_t what; /* all the rest */
    _Atomic uint64_t seal;
};

enum { LN_SPOT_PORT = 3, LN_SPOT_WEIGHT = 19, LN_SPOT_TURN = 35 }; /* bits of `what` */

static inline uint64_t ln_spot_what(const struct ln_spot *p)
{
    return (uint64_t)p->state | (uint64_t)p->backup << 2 | (uint64_t)p->port << LN_SPOT_PORT |
           (uint64_t)p->weight << LN_SPOT_WEIGHT | (uint64_t)p->turn << LN_SPOT_TURN;
}

/* Each step is that of splitmix64. Never 0 but for an empty spot. */
static inline uint64_t ln_spot_seal(uint64_t a, uint64_t b, uint64_t what)
{
    const uint64_t words[] = {a, b, what};
    uint64_t x = 0;

    if ((a | b | what) == 0)
        return 0;
    for (unsigned i = 0; i < 3; i++) {
        x = (x ^ words[i]) + 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        x ^= x >> 31;
    }
    return x | 1;
}

static inline void ln_spot_write(struct ln_spot_record *r, const struct ln_spot *p)
{
    uint64_t ip[2], what = ln_spot_what(p);

    memcpy(ip, p->ip, sizeof ip);
    /* First of all, for those who ask only who has the spot: ln_spot_is(). */
    atomic_store(&r->what, what);
    atomic_store_explicit(&r->ip[0], ip[0], memory_order_relaxed);
    atomic_store_explicit(&r->ip[1], ip[1], memory_order_relaxed);
    atomic_store_explicit(&r->seal, ln_spot_seal(ip[0], ip[1], what), memory_order_release);
}

/* False: it is being written, or never was to the end; *p says empty then. */
static inline bool ln_spot_read(const struct ln_spot_record *r, struct ln_spot *p)
{
    for (unsigned tries = 0; tries < 4; tries++) {
        uint64_t seal = atomic_load_explicit(&r->seal, memory_order_acquire);
        uint64_t ip[2] = {atomic_load_explicit(&r->ip[0], memory_order_relaxed),
                          atomic_load_explicit(&r->ip[1], memory_order_relaxed)};
        uint64_t what = atomic_load_explicit(&r->what, memory_order_relaxed);

        if (seal != ln_spot_seal(ip[0], ip[1], what))
            continue;
        *p = (struct ln_spot){.port = (uint16_t)(what >> LN_SPOT_PORT),
                              .weight = (uint16_t)(what >> LN_SPOT_WEIGHT),
                              .backup = (what >> 2 & 1) != 0,
                              .state = (enum ln_spot_state)(what & 3),
                              .turn = (uint32_t)(what >> LN_SPOT_TURN)};
        memcpy(p->ip, ip, sizeof ip);
        return true;
    }
    *p = (struct ln_spot){.state = LN_SPOT_EMPTY};
    return false;
}

/* Is it a member's, of this turn? Whoever has counted herself in flight before she asks and hears
 * yes is seen by whoever frees the spot. */
static inline bool ln_spot_is(const struct ln_spot_record *r, uint32_t turn)
{
    uint64_t what = atomic_load(&r->what);

    return (what & 3) == LN_SPOT_MEMBER && what >> LN_SPOT_TURN == turn;
}

#endif
