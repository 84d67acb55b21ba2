/* SPDX-License-Identifier: Apache-2.0
 * downstream.h - one client connection: reads requests one after the other and hands each to an
 * exchange.
 *
 * An idle connection holds no buffer, and one that waits for an instance none either: what a client
 * sends is read into one buffer that the worker always has warm, a head is copied into its
 * exchange's arena, and only what is left of the bytes when the event is over goes to a buffer of
 * the connection. Pipelined requests are served in order: the next is looked at when the exchange
 * before it has ended. Owner: the gateway's list; ended by ln_downstream_close(), freed by the
 * loop's reap list.
 *
 *            accept
 *              |           bytes           head complete            response written
 *   (idle) ----+--> in buffer --> head scan --------> exchange ------------------------> (idle), or
 * linger, or close
 *
 * Half-closed clients: an end of stream after a complete request is not an abort; the answer is
 * still sent, then the connection is closed. An end of stream in the middle of a request, or a
 * reset at any time, is.
 */
#ifndef LN_GATEWAY_DOWNSTREAM_H
#define LN_GATEWAY_DOWNSTREAM_H

#include "gateway/core.h"
#include "http/head.h"
#include "net/stream.h"

struct ln_exchange;

enum ln_patience { /* what the connection's deadline is about */
                   LN_PATIENCE_IDLE,
                   LN_PATIENCE_HEADER,
                   LN_PATIENCE_BODY,
                   LN_PATIENCE_SEND,
                   LN_PATIENCE_LINGER,
                   LN_PATIENCE_TURN, /* nobody waits: the connection has had its share of this turn
                                        of the loop */
};

struct ln_downstream {
    struct ln_stream stream;
    struct ln_gateway *gw;
    struct ln_list node;   /* in gw->connections */
    struct ln_exchange *x; /* the one that is running, or NULL */
    struct ln_buf *in;     /* [head, tail): bytes not yet used; NULL when there are none */
    struct ln_head_scan scan;
    struct ln_deadline deadline;
    enum ln_patience patience;
    unsigned requests;
    unsigned listener;
    unsigned local_port;           /* 0 for unix sockets */
    bool awaits_proxy, must_proxy; /* a PROXY header may, or must, come first */
    bool eof;                      /* the client will send no more */
    bool paused;                   /* not watching for bytes: no room, or not their turn */
    bool processing;               /* guards against recursion */
    bool lingering;
    bool closed;
    ln_msec linger_until; /* however much still comes */
    bool has_ip;
    unsigned char ip[16]; /* the peer's; IPv4 mapped */
    bool has_local_ip;    /* a PROXY header has told where the client connected to */
    unsigned char local_ip[16];
    unsigned port;
    struct ln_slice peer; /* text of the address */
    char peer_text[48];
    struct ln_reap reap;
};

void ln_downstream_accept(struct ln_port *port, int fd, const struct sockaddr_storage *peer,
                          socklen_t len);

/* The exchange has ended (d->x is NULL now): go on with the next request, or end the connection.
 * `keep`: it may stay open; `linger`: the client may still be sending, let it read the answer
 * first. */
void ln_downstream_next(struct ln_downstream *d, bool keep, bool linger);

/* Bytes that wait in d->in. */
static inline size_t ln_downstream_waiting(const struct ln_downstream *d)
{
    return d->in != NULL ? ln_buf_len(d->in) : 0;
}

/* Bytes read beyond the end of a request's content: the next request begins with them. d->in must
 * be empty. */
void ln_downstream_unread(struct ln_downstream *d, const char *p, size_t n);

/* Watch for bytes from the client again after a pause. */
void ln_downstream_resume(struct ln_downstream *d);
void ln_downstream_pause(struct ln_downstream *d);

void ln_downstream_patience(struct ln_downstream *d, enum ln_patience patience, ln_msec after);

void ln_downstream_close(struct ln_downstream *d);
void ln_downstream_reset(
    struct ln_downstream *d); /* with RST: what was sent must not look complete */

/* Is it between two requests, with nothing read? */
bool ln_downstream_is_idle(const struct ln_downstream *d);

/* The worker ends: a client that lingers has had its answer, and little time is left for it. */
void ln_downstream_hurry(struct ln_downstream *d);

#endif
