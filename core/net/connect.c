/* SPDX-License-Identifier: Apache-2.0
 * connect.c - address after address until one takes the connection.
 */
#include "net/connect.h"

#include <errno.h>
#include <unistd.h>

#include "base/assert.h"

static void drop_socket(struct ln_connect *c)
{
    if (c->fd < 0)
        return;
    ev_io_stop(ln_loop_ev(c->loop), &c->writable);
    ln_timer_stop(c->loop, &c->patience);
    close(c->fd);
    c->fd = -1;
}

static void report(struct ln_connect *c)
{
    int fd = c->fd;

    if (fd >= 0) {
        ev_io_stop(ln_loop_ev(c->loop), &c->writable);
        ln_timer_stop(c->loop, &c->patience);
    }
    c->fd = -1;
    c->on_connect(c, fd);
}

static void try_from(struct ln_connect *c);

static void try_next(struct ln_connect *c, int error)
{
    c->error = error;
    drop_socket(c);
    c->at++;
    try_from(c);
}

static void on_patience(struct ln_timer *t)
{
    try_next(ln_container_of(t, struct ln_connect, patience), ETIMEDOUT);
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
    struct ln_connect *c = ln_container_of(w, struct ln_connect, writable);
    int error = 0;
    socklen_t len = sizeof error;

    (void)ev;
    (void)events;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0)
        report(c);
    else
        try_next(c, error);
}

static int open_socket(struct ln_connect *c)
{
    socklen_t len;
    const struct sockaddr *address = c->address(c, c->at, &len);
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, address, len) == 0 || errno == EINPROGRESS)
        return fd;

    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

/* The socket is writable at once when the peer is on this machine; the loop tells, in this turn or
 * a later one. */
static void try_from(struct ln_connect *c)
{
    for (; c->at < c->count; c->at++) {
        c->fd = open_socket(c);
        if (c->fd >= 0) {
            ev_io_init(&c->writable, on_writable, c->fd, EV_WRITE);
            ev_io_start(ln_loop_ev(c->loop), &c->writable);
            if (c->each > 0 && c->at + 1 < c->count)
                ln_timer_start(c->loop, &c->patience, c->each, on_patience);
            return;
        }
        c->error = errno;
    }
    report(c);
}

void ln_connect_start(struct ln_connect *c, struct ln_loop *loop, unsigned count, ln_msec within)
{
    c->loop = loop;
    c->each = count > 1 ? within / count : 0;
    c->patience = (struct ln_timer){.on_time = NULL};
    c->fd = -1;
    c->at = 0;
    c->count = count;
    c->error = EHOSTUNREACH; /* what a name without addresses amounts to */
    try_from(c);
}

void ln_connect_cancel(struct ln_connect *c)
{
    drop_socket(c);
}
