/* SPDX-License-Identifier: Apache-2.0
 * turnover.h - who comes and who goes when a name stands for others than before.
 *
 * Places are numbers that stay: whoever is still there keeps hers, with all that is known of her.
 * A newcomer gets one that nobody has: her own of earlier, if she was here before (what the
 * operator has said of her still holds), else one that was never used, else the first that is free.
 * Whoever goes gets no more requests, and her spot is free when the last one of all workers has
 * ended.
 *
 * Pure: shared memory and an answer in, shared memory and a count out. For the holder of the lease.
 */
#ifndef LN_UPSTREAM_TURNOVER_H
#define LN_UPSTREAM_TURNOVER_H

#include "shm/members.h"

struct ln_turnover_rules {
    unsigned max;      /* members at most: those that are there first, then as they stand */
    unsigned spots;    /* that may be had; who sits further on, because there were more, moves */
    unsigned workers;  /* whose cells are added up */
    ln_msec since;     /* newcomers warm up from then on: struct ln_instance_record */
    bool keeps_others; /* the answer is not all: nobody goes for not being in it */
    _Atomic uint32_t *come; /* counted up when all that join are there and nobody has left yet: who
                               finds that hers have left finds these */
};

struct ln_turnover_news {
    unsigned joined, left, changed;
    unsigned refused; /* that would have come, but for `max` or for want of a spot */
};

/* `wanted` have ip, port, weight and backup, and none twice. `tell` hears of every one that joins
 * or leaves, before anybody else can. */
struct ln_turnover_news
ln_turnover_take(struct ln_members *m, const struct ln_spot *wanted, unsigned count,
                 const struct ln_turnover_rules *rules,
                 void (*tell)(void *arg, unsigned spot, const struct ln_spot *who), void *arg);

/* Frees the spots of those that have gone and have nothing in flight. */
void ln_turnover_sweep(struct ln_members *m, unsigned workers);

/* Writes down the addresses of one instance, in this order. False: it has had just these, in
 * whatever order, or, when the answer is only a part, these and others, and nothing was changed.
 * *apart: it has none of the former ones any more. */
bool ln_turnover_list(struct ln_members *m, const struct ln_spot *wanted, unsigned count,
                      bool partial, bool *apart);

static inline bool ln_spot_equals(const struct ln_spot *a, const struct ln_spot *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

#endif
