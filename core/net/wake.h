/* SPDX-License-Identifier: Apache-2.0
 * wake.h - another thread wakes the loop. Embed it; zeroed = stopped.
 *
 * The only thing of this layer that a second thread may touch, and of it only ln_wake_send().
 * Several of them before the loop turns are one.
 */
#ifndef LN_NET_WAKE_H
#define LN_NET_WAKE_H

#include "net/loop.h"

struct ln_wake {
    struct ev_async ev; /* private */
    struct ln_loop *loop;
    void (*on_wake)(struct ln_wake *w);
};

void ln_wake_start(struct ln_loop *loop, struct ln_wake *w, void (*on_wake)(struct ln_wake *w));
void ln_wake_stop(struct ln_wake *w);

void ln_wake_send(struct ln_wake *w); /* from any thread, until the loop's own stops it */

#endif
