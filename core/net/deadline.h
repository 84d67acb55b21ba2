/* SPDX-License-Identifier: Apache-2.0
 * deadline.h - time limits by the hundred thousand, without a heap.
 *
 * Deadlines of one duration come due in the order in which they were set. So each duration has a
 * queue, setting appends, clearing unlinks, and one timer per queue looks at its head. The timer is
 * not moved when the head goes: it fires, finds the new head, and sleeps on. A request that sets
 * and clears five deadlines touches no timer at all.
 *
 * A process that was held up (stopped, or by a plugin) finds that time is over for everybody, and
 * what was sent to it meanwhile unread. It reads that first: deadlines that it comes to much too
 * late are put off by a moment, once.
 */
#ifndef LN_NET_DEADLINE_H
#define LN_NET_DEADLINE_H

#include "base/list.h"
#include "net/loop.h"

struct ln_deadline {
    struct ln_list node; /* private */
    ln_msec at;          /* private */
    void (*on_deadline)(struct ln_deadline *self);
};

struct ln_deadlines; /* all queues of a worker */

struct ln_deadlines *ln_deadlines_new(struct ln_loop *loop);
void ln_deadlines_free(struct ln_deadlines *all);

/* How many durations it has queues for. */
unsigned ln_deadlines_queues(const struct ln_deadlines *all);

/* Once before the first use. */
void ln_deadline_init(struct ln_deadline *d, void (*on_deadline)(struct ln_deadline *self));

/* Due `after` from now, whatever it was before. 0 = never: cleared. */
void ln_deadline_set(struct ln_deadlines *all, struct ln_deadline *d, ln_msec after);
void ln_deadline_clear(struct ln_deadline *d);
bool ln_deadline_is_set(const struct ln_deadline *d);

#endif
