/* SPDX-License-Identifier: Apache-2.0
 * connect.h - opens a TCP connection to the first address of several that answers, without waiting.
 *
 * The caller bounds the whole attempt with a deadline of its own. Embed it; cancel before its
 * memory goes.
 */
#ifndef LN_NET_CONNECT_H
#define LN_NET_CONNECT_H

#include <sys/socket.h>

#include "net/loop.h"

struct ln_connect {
    ev_io writable; /* private */
    struct ln_loop *loop;
    int fd;                   /* private: -1 = none */
    unsigned at;              /* private: address being tried */
    unsigned count;           /* private */
    ln_msec each;             /* private: for every address but the last; 0 = no bound */
    struct ln_timer patience; /* private */
    int error;                /* errno of the last failure */
    /* Yields the i-th address. */
    const struct sockaddr *(*address)(struct ln_connect *c, unsigned i, socklen_t *len);
    /* fd >= 0: connected, non-blocking, the callee's now. -1: every address failed, c->error tells.
     * May be called from inside ln_connect_start(). */
    void (*on_connect)(struct ln_connect *c, int fd);
};

/* `within`: what the caller gives the whole attempt (0 = unbounded); each address but the last gets
 * its share, so that one which swallows packets does not hide the next. */
void ln_connect_start(struct ln_connect *c, struct ln_loop *loop, unsigned count, ln_msec within);
void ln_connect_cancel(struct ln_connect *c); /* harmless when nothing is under way */

#endif
