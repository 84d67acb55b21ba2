/* SPDX-License-Identifier: Apache-2.0
 * listener.c - accept4 in small batches.
 */
#include "net/listener.h"

#include <errno.h>

#include "base/assert.h"
#include "base/log.h"

enum { BATCH = 16, REST_MS = 100, LAST_BATCH = 4096 };

static void on_rested(struct ln_timer *t)
{
    struct ln_listener *l = ln_container_of(t, struct ln_listener, rest);

    ev_io_start(ln_loop_ev(l->loop), &l->readable);
}

static void take_rest(struct ln_listener *l)
{
    ln_warn("cannot accept connections: %m; trying again in %d ms", REST_MS);
    ev_io_stop(ln_loop_ev(l->loop), &l->readable);
    ln_timer_start(l->loop, &l->rest, REST_MS, on_rested);
}

static void accept_some(struct ln_listener *l, int most)
{
    for (int i = 0; i < most && ev_is_active(&l->readable); i++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            l->on_accept(l, fd, &peer, len);
            continue;
        }
        if (errno == EAGAIN)
            return; /* nobody is waiting any more */
        if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO)
            take_rest(l);
    }
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev;
    (void)events;
    accept_some(ln_container_of(w, struct ln_listener, readable), BATCH);
}

void ln_listener_empty(struct ln_listener *l)
{
    accept_some(l, LAST_BATCH);
}

void ln_listener_start(struct ln_listener *l, struct ln_loop *loop, int fd,
                       void (*on_accept)(struct ln_listener *, int, const struct sockaddr_storage *,
                                         socklen_t))
{
    *l = (struct ln_listener){.loop = loop, .fd = fd, .on_accept = on_accept};
    ev_io_init(&l->readable, on_readable, fd, EV_READ);
    ev_io_start(ln_loop_ev(loop), &l->readable);
}

void ln_listener_stop(struct ln_listener *l)
{
    ev_io_stop(ln_loop_ev(l->loop), &l->readable);
    ln_timer_stop(l->loop, &l->rest);
}
