/* SPDX-License-Identifier: Apache-2.0
 * limits.h - a zone of limits for tests, in memory that processes share.
 */
#ifndef LN_UNIT_SHM_LIMITS_H
#define LN_UNIT_SHM_LIMITS_H

#include "zone.h"

#include "shm/limiter.h"

struct limits {
    struct ln_plan plan;
    struct ln_limiter_zone zone;
    void *at;
    size_t size;
};

static inline struct limits limits_new(enum ln_limit_way way, uint64_t count, ln_msec per,
                                       uint64_t burst, size_t entries)
{
    struct limits l = {.plan = ln_plan_make(&(struct ln_limit){way, count, per, burst})};

    l.size = ln_limiter_size(&l.plan, entries);
    l.at = zone_new(l.size);
    ln_limiter_open(&l.zone, &l.plan, l.at, l.size);
    return l;
}

static inline void limits_free(struct limits *l)
{
    munmap(l->at, l->size);
}

static inline struct ln_limit_answer limits_ask(struct limits *l, uint64_t client, uint64_t cost,
                                                enum ln_plan_mode mode, ln_nsec now)
{
    struct ln_limit_answer a;

    ln_limiter_take(&l->zone, &l->plan, zone_id(client), cost, mode, now, &a);
    return a;
}

static inline bool limits_take(struct limits *l, uint64_t client, ln_nsec now)
{
    return limits_ask(l, client, 1, LN_PLAN_TAKE, now).ok;
}

#endif
