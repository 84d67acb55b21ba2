/* SPDX-License-Identifier: Apache-2.0
 * census.h - how many gateways count by a rule: each tells Redis every two seconds that it lives.
 *
 * All workers of a gateway speak with its one name, so that one of them is enough. Who has not been
 * heard of for seven seconds does not count any more. While Redis is down the last number holds; it
 * lies in shared memory, so a worker that is started then knows it too.
 *
 * A heartbeat is also what finds out whether Redis is fast enough again for those who have given up
 * on it: nobody waits for it.
 *
 * Owner: the meter that embeds it. One thread.
 */
#ifndef LN_LIMIT_CENSUS_H
#define LN_LIMIT_CENSUS_H

#include <stdatomic.h>

#include "limit/tally.h"

struct ln_census {
    struct ln_loop *loop;
    struct ln_redis *redis;
    const struct ln_redis_script *script;
    _Atomic uint64_t *gateways; /* where the number is kept: 0 = never known */
    uint64_t self;              /* the gateway's name */
    struct ln_slice key;        /* borrowed, as everything above */
    /* Redis has answered after `took`; may be NULL. */
    void (*on_beat)(struct ln_census *c, ln_msec took);
    struct ln_redis_call *call; /* under way */
    ln_msec asked;
    struct ln_timer timer;
};

/* The fields above `call` are filled in. Begins at once. */
void ln_census_start(struct ln_census *c);
void ln_census_stop(struct ln_census *c);

/* The next heartbeat comes after so long; those behind it as ever. */
void ln_census_hurry(struct ln_census *c, ln_msec after);

/* At least 1: this one. */
uint64_t ln_census_count(const struct ln_census *c);

#endif
