/* SPDX-License-Identifier: Apache-2.0
 * queue.h - requests of one worker that wait until an instance of a service has room again
 * (instances[].maxConnections).
 *
 * First come, first served: whoever comes while others wait stands behind them. The head of the
 * queue is asked again when this worker gives an instance back, and every few milliseconds, because
 * other workers do so without telling. Bounded by whoever joins; time is the waiter's own business.
 */
#ifndef LN_UPSTREAM_QUEUE_H
#define LN_UPSTREAM_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "net/loop.h"

struct ln_queue {
    struct ln_loop *loop;   /* borrowed */
    struct ln_list waiting; /* private */
    unsigned count;
    _Atomic uint32_t *length; /* borrowed; where else it is counted, with this worker as its one
                                 writer; NULL: nowhere */
    struct ln_timer timer;    /* private */
};

/* Embedded by who waits; zeroed = waits for nothing. */
struct ln_waiter {
    struct ln_list node;    /* private */
    struct ln_queue *queue; /* NULL = does not wait */
    /* It may be its turn: it takes what it waited for and leaves, or stays and is asked again.
     * Never called from inside a call of this file. */
    void (*on_turn)(struct ln_waiter *w);
};

void ln_queue_init(struct ln_queue *q, struct ln_loop *loop);
void ln_queue_fini(struct ln_queue *q); /* nobody may wait */

/* False: `most` wait already. */
bool ln_queue_join(struct ln_queue *q, struct ln_waiter *w, unsigned most);
/* Allowed for who does not wait. */
void ln_queue_leave(struct ln_waiter *w);

/* There may be room: the waiters are asked in the loop's next turn. */
void ln_queue_wake(struct ln_queue *q);

#endif
