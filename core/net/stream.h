/* SPDX-License-Identifier: Apache-2.0
 * stream.h - one connected socket: reads, writes and readiness. Plain TCP and Unix sockets.
 *
 * Interest in readability is registered once and stays, so that a busy connection costs no
 * epoll_ctl; interest in writability only while the socket is full. Embed it; the owner closes it
 * before its memory goes.
 */
#ifndef LN_NET_STREAM_H
#define LN_NET_STREAM_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "net/loop.h"

enum { LN_STREAM_AGAIN = -1, LN_STREAM_ERROR = -2 };

struct ln_stream {
    ev_io readable, writable; /* private */
    struct ln_loop *loop;     /* borrowed */
    int fd;                   /* -1 = closed */
    int error;                /* errno of the last LN_STREAM_ERROR */
    void (*on_readable)(struct ln_stream *s);
    void (*on_writable)(struct ln_stream *s);
};

/* Takes the descriptor over (non-blocking). Watches nothing yet. */
void ln_stream_open(struct ln_stream *s, struct ln_loop *loop, int fd,
                    void (*on_readable)(struct ln_stream *),
                    void (*on_writable)(struct ln_stream *));

/* Options of a TCP socket, listening or connected (accepted ones inherit them); nothing for other
 * sockets. */
struct ln_tcp_options {
    bool no_delay;
    ln_msec keep_alive; /* silence before the kernel asks the peer, and for as long again until it
                           gives it up; 0 = never */
};
void ln_stream_tcp(int fd, const struct ln_tcp_options *o);

/* Bytes read, 0 at the end of the stream, LN_STREAM_AGAIN or LN_STREAM_ERROR. */
ssize_t ln_stream_read(struct ln_stream *s, char *into, size_t room);

/* Bytes taken (fewer than asked when the socket is full), LN_STREAM_AGAIN (none) or
 * LN_STREAM_ERROR. */
ssize_t ln_stream_write(struct ln_stream *s, const char *bytes, size_t n);
ssize_t ln_stream_writev(struct ln_stream *s, struct iovec *iov, int count);

void ln_stream_watch_read(struct ln_stream *s, bool on);
void ln_stream_watch_write(struct ln_stream *s, bool on);

/* Has the peer closed, or sent something nobody asked for? One system call, no bytes taken. */
bool ln_stream_is_quiet(struct ln_stream *s);

/* Is it to be told in this turn of the loop that it is readable? No system call. */
bool ln_stream_has_news(const struct ln_stream *s);

/* From now on an end of this process is a reset for the peer, never a clean end; until it is taken
 * back. */
void ln_stream_close_hard(struct ln_stream *s, bool hard);

void ln_stream_shutdown_write(struct ln_stream *s);
void ln_stream_close(struct ln_stream *s); /* twice is harmless */
void ln_stream_reset(
    struct ln_stream *s); /* closes with RST: the peer must not take it for a clean end */

#endif
