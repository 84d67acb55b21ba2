/* SPDX-License-Identifier: Apache-2.0
 * spares.h - keeps connections open and ready (services[].pool.minIdle).
 *
 * Every worker for itself, since connections cannot be shared. It looks a few times in a second at
 * how many are idle and opens what is missing, one at a time for each instance and a bounded number
 * in each turn of the loop. Instances that nobody would be sent to now are left alone; one that
 * does not take connections, or ends them at once, is asked less and less often.
 *
 * Owner: the generation; the services must live longer. One worker, one thread.
 */
#ifndef LN_UPSTREAM_SPARES_H
#define LN_UPSTREAM_SPARES_H

#include "upstream/service.h"

struct ln_spares;

enum {
    LN_SPARES_LOOK_MS = 200,  /* from one look to the next */
    LN_SPARES_TURN = 16,      /* connections that are begun in one turn of the loop */
    LN_SPARES_AGAIN_MS = 400, /* until an instance is asked again that took none; doubles up to */
    LN_SPARES_AGAIN_MAX_MS = 30000,
};

/* NULL: no service wants any. */
struct ln_spares *ln_spares_start(struct ln_services *services, struct ln_pools *pools);

/* Those that are there stay in the pool. NULL is harmless. */
void ln_spares_stop(struct ln_spares *s);

#endif
