/* SPDX-License-Identifier: Apache-2.0
 * stream.c - recv, send, and two libev watchers.
 */
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"

static void on_ev_readable(struct ev_loop *ev, ev_io *w, int events)
{
    struct ln_stream *s = ln_container_of(w, struct ln_stream, readable);

    (void)ev;
    (void)events;
    s->on_readable(s);
}

static void on_ev_writable(struct ev_loop *ev, ev_io *w, int events)
{
    struct ln_stream *s = ln_container_of(w, struct ln_stream, writable);

    (void)ev;
    (void)events;
    s->on_writable(s);
}

void ln_stream_open(struct ln_stream *s, struct ln_loop *loop, int fd,
                    void (*on_readable)(struct ln_stream *),
                    void (*on_writable)(struct ln_stream *))
{
    s->loop = loop;
    s->fd = fd;
    s->error = 0;
    s->on_readable = on_readable;
    s->on_writable = on_writable;
    ev_io_init(&s->readable, on_ev_readable, fd, EV_READ);
    ev_io_init(&s->writable, on_ev_writable, fd, EV_WRITE);
}

enum { PROBES = 6 }; /* of the kernel, unanswered, until it gives a peer up */

void ln_stream_tcp(int fd, const struct ln_tcp_options *o)
{
    int no_delay = o->no_delay, alive = o->keep_alive > 0,
        seconds = (int)((o->keep_alive + 999) / 1000),
        each = seconds > PROBES ? seconds / PROBES : 1, probes = PROBES;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &alive, sizeof alive);
    if (!alive)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each, sizeof each);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

static ssize_t verdict(struct ln_stream *s, ssize_t n)
{
    if (LN_LIKELY(n >= 0))
        return n;
    if (errno == EAGAIN || errno == EINTR)
        return LN_STREAM_AGAIN;
    s->error = errno;
    return LN_STREAM_ERROR;
}

ssize_t ln_stream_read(struct ln_stream *s, char *into, size_t room)
{
    return verdict(s, recv(s->fd, into, room, 0));
}

ssize_t ln_stream_write(struct ln_stream *s, const char *bytes, size_t n)
{
    return verdict(s, send(s->fd, bytes, n, MSG_NOSIGNAL));
}

ssize_t ln_stream_writev(struct ln_stream *s, struct iovec *iov, int count)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)count};

    return verdict(s, sendmsg(s->fd, &m, MSG_NOSIGNAL));
}

void ln_stream_watch_read(struct ln_stream *s, bool on)
{
    struct ev_loop *ev = ln_loop_ev(s->loop);

    if (on)
        ev_io_start(ev, &s->readable);
    else
        ev_io_stop(ev, &s->readable);
}

void ln_stream_watch_write(struct ln_stream *s, bool on)
{
    struct ev_loop *ev = ln_loop_ev(s->loop);

    if (on)
        ev_io_start(ev, &s->writable);
    else
        ev_io_stop(ev, &s->writable);
}

bool ln_stream_is_quiet(struct ln_stream *s)
{
    char byte;

    return recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void ln_stream_shutdown_write(struct ln_stream *s)
{
    if (s->fd >= 0)
        shutdown(s->fd, SHUT_WR);
}

bool ln_stream_has_news(const struct ln_stream *s)
{
    return ev_is_pending(&s->readable);
}

void ln_stream_close(struct ln_stream *s)
{
    if (s->fd < 0)
        return;
    ln_stream_watch_read(s, false);
    ln_stream_watch_write(s, false);
    close(s->fd);
    s->fd = -1;
}

void ln_stream_close_hard(struct ln_stream *s, bool hard)
{
    struct linger how = {.l_onoff = hard, .l_linger = 0};

    if (s->fd >= 0)
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

void ln_stream_reset(struct ln_stream *s)
{
    ln_stream_close_hard(s, true);
    ln_stream_close(s);
}
