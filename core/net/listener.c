/* SPDX-License-Identifier: Apache-2.0
 * listener.c - accept4 in small batches.
 */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"

enum { BATCH = 16, REST_MS = 100, LAST_BATCH = 4096, OWN = 16 };

static void on_rested(struct ln_timer *t)
{
    struct ln_listener *l = ln_container_of(t, struct ln_listener, rest);

    ev_io_start(ln_loop_ev(l->loop), &l->readable);
}

/* The descriptor from which on a quarter is left of what the process may have beside its own few.
 */
static int find_mark(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > INT_MAX)
        return INT_MAX;
    return (int)(files.rlim_cur - (files.rlim_cur > OWN ? (files.rlim_cur - OWN) / 4 : 0));
}

/* Descriptors are handed out from below, so the number of the next one says how many are in use, at
 * least. */
static bool is_crowded(struct ln_listener *l)
{
    int next;

    if (l->last < l->mark)
        return false;
    next = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
    if (next >= 0)
        close(next);
    if (next < 0 || next >= l->mark)
        return true;
    l->last = next;
    l->crowded = false;
    return false;
}

static void take_rest(struct ln_listener *l)
{
    ev_io_stop(ln_loop_ev(l->loop), &l->readable);
    ln_timer_start(l->loop, &l->rest, REST_MS, on_rested);
}

static void rest_crowded(struct ln_listener *l)
{
    if (!l->crowded)
        ln_warn("three quarters of the descriptors are in use: new connections wait; "
                "the limit of open files is too low for so many clients");
    l->crowded = true;
    take_rest(l);
}

/* -> whether to go on: false when nobody waits any more, or descriptors are out */
static bool accept_one(struct ln_listener *l)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        l->last = fd;
        l->on_accept(l, fd, &peer, len);
        return true;
    }
    if (errno == EAGAIN)
        return false;
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
        return true;
    ln_warn("cannot accept connections: %m; trying again in %d ms", REST_MS);
    take_rest(l);
    return false;
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    struct ln_listener *l = ln_container_of(w, struct ln_listener, readable);

    (void)ev;
    (void)events;
    for (int i = 0; i < BATCH && ev_is_active(&l->readable); i++) {
        if (is_crowded(l)) {
            rest_crowded(l);
            return;
        }
        if (!accept_one(l))
            return;
    }
}

void ln_listener_empty(struct ln_listener *l)
{
    for (int i = 0; i < LAST_BATCH && ev_is_active(&l->readable); i++)
        if (!accept_one(l))
            return;
}

void ln_listener_start(struct ln_listener *l, struct ln_loop *loop, int fd,
                       void (*on_accept)(struct ln_listener *, int, const struct sockaddr_storage *,
                                         socklen_t))
{
    *l = (struct ln_listener){.loop = loop, .fd = fd, .mark = find_mark(), .on_accept = on_accept};
    ev_io_init(&l->readable, on_readable, fd, EV_READ);
    ev_io_start(ln_loop_ev(loop), &l->readable);
}

void ln_listener_stop(struct ln_listener *l)
{
    ev_io_stop(ln_loop_ev(l->loop), &l->readable);
    ln_timer_stop(l->loop, &l->rest);
}
