/* SPDX-License-Identifier: Apache-2.0
 * listener.h - accepts connections from a listening socket.
 *
 * Several at each wake-up, so that a burst costs few turns. The last quarter of the process'
 * descriptors is not for clients: without one left for an instance, those that are here already
 * could only be refused. Newcomers wait in the kernel's queue meanwhile, and are looked after ten
 * times a second. The socket stays its opener's.
 */
#ifndef LN_NET_LISTENER_H
#define LN_NET_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "net/loop.h"

struct ln_listener {
    ev_io readable;       /* private */
    struct ln_timer rest; /* private */
    struct ln_loop *loop; /* private */
    int fd;
    int mark;     /* private: descriptors from here on are for others */
    int last;     /* private: the one that was handed out last */
    bool crowded; /* private: said so */
    /* A new connection, non-blocking; the callee's from now on. */
    void (*on_accept)(struct ln_listener *l, int fd, const struct sockaddr_storage *peer,
                      socklen_t len);
};

void ln_listener_start(struct ln_listener *l, struct ln_loop *loop, int fd,
                       void (*on_accept)(struct ln_listener *, int, const struct sockaddr_storage *,
                                         socklen_t));
/* Accepts what has been waiting, up to a bound, before the socket is left for good. */
void ln_listener_empty(struct ln_listener *l);

void ln_listener_stop(struct ln_listener *l);

#endif
