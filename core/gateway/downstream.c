/* SPDX-License-Identifier: Apache-2.0
 * downstream.c - reading requests from a client connection.
 */
#include "gateway/downstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/log.h"
#include "gateway/exchange.h"
#include "gateway/identity.h"
#include "http/proxy.h"

enum {
    EXCHANGES_PER_TURN = 32, /* of one connection, so that a long pipeline starves nobody */
    LINGER_SILENCE_MS = 5000,
    LINGER_MS = 30000,
    LINGER_LAST_MS = 300,  /* when the worker ends */
    TURNED_AWAY_MAX = 256, /* connections that are being told so at one time */
};

static void process(struct ln_downstream *d);

static const struct ln_gateway_conf *conf_of(const struct ln_downstream *d)
{
    return &d->gw->current->conf->gateway;
}

void ln_downstream_patience(struct ln_downstream *d, enum ln_patience patience, ln_msec after)
{
    d->patience = patience;
    ln_deadline_set(d->gw->deadlines, &d->deadline, after);
}

void ln_downstream_pause(struct ln_downstream *d)
{
    if (!d->paused)
        ln_stream_watch_read(&d->stream, false);
    d->paused = true;
}

void ln_downstream_resume(struct ln_downstream *d)
{
    if (d->paused && !d->eof)
        ln_stream_watch_read(&d->stream, true);
    d->paused = d->eof;
}

void ln_downstream_unread(struct ln_downstream *d, const char *p, size_t n)
{
    if (n == 0)
        return;
    ln_assert(ln_downstream_waiting(d) == 0);
    if (d->in != d->gw->hot)
        ln_buf_return(&d->gw->bufs, d->in);
    d->in = ln_buf_borrow(&d->gw->bufs, n);
    ln_buf_put(d->in, p, n);
}

bool ln_downstream_is_idle(const struct ln_downstream *d)
{
    return d->x == NULL && d->in == NULL && !d->lingering;
}

/* ---- the end
 * --------------------------------------------------------------------------------------------------
 */

static void free_downstream(struct ln_reap *r)
{
    struct ln_downstream *d = ln_container_of(r, struct ln_downstream, reap);

    ln_slab_give(&d->gw->downstreams, d);
}

static void give_back_buffer(struct ln_downstream *d)
{
    if (d->in != d->gw->hot)
        ln_buf_return(&d->gw->bufs, d->in);
    d->in = NULL;
}

void ln_downstream_close(struct ln_downstream *d)
{
    struct ln_gateway *gw = d->gw;

    ln_assert(d->x == NULL);
    if (d->closed)
        return;
    d->closed = true;
    ln_deadline_clear(&d->deadline);
    ln_stream_close(&d->stream);
    give_back_buffer(d);
    ln_list_remove(&d->node);
    gw->connection_count--;
    ln_slot_set(&gw->slot->connections, gw->connection_count);
    ln_stat_sub(gw->slot, LN_STAT_CONNECTIONS, 1);
    ln_loop_reap(gw->loop, &d->reap);
    ln_gateway_check_drained(gw);
}

void ln_downstream_reset(struct ln_downstream *d)
{
    ln_stream_reset(&d->stream);
    ln_downstream_close(d);
}

static ln_msec linger_patience(const struct ln_downstream *d)
{
    return d->gw->draining ? LINGER_LAST_MS : LINGER_SILENCE_MS;
}

/* Closing a socket with unread bytes sends RST, and RST may destroy an answer that the client has
 * not read yet. So: say that we are done, and throw away what comes until the client closes too, or
 * has had enough time and bytes. */
static void begin_linger(struct ln_downstream *d)
{
    if (d->eof) {
        ln_downstream_close(d);
        return;
    }
    d->lingering = true;
    give_back_buffer(d);
    ln_stream_shutdown_write(&d->stream);
    ln_downstream_resume(d);
    d->linger_until = ln_loop_now_ms(d->gw->loop) + LINGER_MS;
    ln_downstream_patience(d, LN_PATIENCE_LINGER, linger_patience(d));
}

void ln_downstream_hurry(struct ln_downstream *d)
{
    ln_msec last = ln_loop_now_ms(d->gw->loop) + LINGER_LAST_MS;

    if (!d->lingering)
        return;
    d->linger_until = d->linger_until < last ? d->linger_until : last;
    ln_downstream_patience(d, LN_PATIENCE_LINGER, LINGER_LAST_MS);
}

static void linger(struct ln_downstream *d)
{
    ssize_t n = ln_stream_read(&d->stream, d->gw->scratch_in, LN_SCRATCH_IN);

    if (n == LN_STREAM_AGAIN)
        return;
    if (n <= 0 || ln_loop_now_ms(d->gw->loop) >= d->linger_until)
        ln_downstream_close(d);
    else
        ln_downstream_patience(d, LN_PATIENCE_LINGER, linger_patience(d));
}

/* ---- between requests
 * ----------------------------------------------------------------------------------------- */

void ln_downstream_next(struct ln_downstream *d, bool keep, bool linger_first)
{
    ln_assert(d->x == NULL);
    d->scan = (struct ln_head_scan){0};
    if (ln_downstream_waiting(d) == 0)
        give_back_buffer(d);
    if (!keep || d->gw->draining) {
        if (linger_first || d->in != NULL)
            begin_linger(d);
        else
            ln_downstream_close(d);
        return;
    }
    if (d->in == NULL)
        ln_downstream_patience(d, LN_PATIENCE_IDLE, conf_of(d)->timeouts.idle);
    else
        ln_deadline_clear(&d->deadline);
    ln_downstream_resume(d);
    if (!d->processing)
        process(d);
}

/* ---- reading
 * --------------------------------------------------------------------------------------------------
 */

/* Room for a whole head within the limits; false when there is none left. */
static bool make_room(struct ln_downstream *d)
{
    const struct ln_limits_conf *l = &conf_of(d)->limits;
    size_t most = l->request_line + l->headers + 16;

    if (d->in == NULL) {
        d->in = d->gw->hot;
        d->in->head = d->in->tail = 0;
    }
    if (ln_buf_room(d->in) > 0)
        return true;
    if (d->x != NULL) /* that may want to send these bytes again: they must not move */
        return false;
    if (d->in->head == 0 && d->in->cap >= most)
        return false;
    d->in =
        ln_buf_enlarge(&d->gw->bufs, d->in, ln_buf_len(d->in) < LN_BUF_SIZE ? LN_BUF_SIZE : most);
    return true;
}

/* The event is over and the warm buffer must be free for the next: what is still needed moves to a
 * buffer of our own. */
static void keep_input(struct ln_downstream *d)
{
    struct ln_buf *hot = d->in;

    if (hot != d->gw->hot)
        return;
    size_t from = d->x != NULL ? ln_exchange_input_from(d->x, hot) : hot->head;

    d->in = NULL;
    if (hot->tail == from)
        return;
    d->in = ln_buf_borrow(&d->gw->bufs, hot->tail - from);
    ln_buf_put(d->in, hot->bytes + from, hot->tail - from);
    d->in->head = hot->head - from;
}

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

static void set_peer(struct ln_downstream *d, const unsigned char ip[16], unsigned port)
{
    d->has_ip = true;
    d->port = port;
    memcpy(d->ip, ip, 16);
    if (memcmp(ip, mapped, 12) == 0)
        inet_ntop(AF_INET, ip + 12, d->peer_text, sizeof d->peer_text);
    else
        inet_ntop(AF_INET6, ip, d->peer_text, sizeof d->peer_text);
    d->peer = ln_slice_of(d->peer_text);
}

/* A PROXY header in front of the first request: from trusted proxies only, then it tells who is
 * really there. False: not complete yet, or the connection was closed. */
static bool take_proxy(struct ln_downstream *d)
{
    struct ln_proxy proxy;
    const char *why = NULL;
    bool maybe = ln_proxy_could_begin(ln_buf_at(d->in), ln_buf_len(d->in));
    long n = maybe ? ln_proxy_parse(ln_buf_at(d->in), ln_buf_len(d->in), &proxy, &why) : -1;

    if (!maybe && !d->must_proxy) {
        d->awaits_proxy = false;
        return true;
    }
    if (n == 0)
        return false;
    if (n < 0) {
        ln_warn("connection from %.*s: %s", (int)d->peer.n, d->peer.p,
                why != NULL ? why : "no PROXY header, and the listener requires one");
        ln_downstream_close(d);
        return false;
    }
    d->awaits_proxy = false;
    d->in->head += (size_t)n;
    if (!proxy.local && proxy.has_addresses) {
        set_peer(d, proxy.source, proxy.source_port);
        d->local_port = proxy.destination_port;
        d->has_local_ip = true;
        memcpy(d->local_ip, proxy.destination, 16);
    }
    return true;
}

/* Looks for a request head in what has come. */
static void process(struct ln_downstream *d)
{
    unsigned count = 0;

    d->processing = true;
    while (d->x == NULL && !d->closed && !d->lingering && d->in != NULL) {
        struct ln_generation *gen = ln_gateway_current(d->gw);
        const struct ln_limits_conf *l = &gen->conf->gateway.limits;
        struct ln_head_limits limits = {l->request_line, l->headers, (unsigned)l->header_count};
        enum ln_reject why = LN_REJECT_NONE;

        if (d->awaits_proxy && !take_proxy(d))
            break;
        if (d->scan.seen == 0)
            d->in->head += ln_head_skip_empty(ln_buf_at(d->in), ln_buf_len(d->in));
        if (ln_buf_len(d->in) == 0) { /* an empty line, and nothing behind it yet */
            give_back_buffer(d);
            if (!ln_deadline_is_set(&d->deadline))
                ln_downstream_patience(d, LN_PATIENCE_IDLE, gen->conf->gateway.timeouts.idle);
            break;
        }
        if (++count > EXCHANGES_PER_TURN) {
            ln_downstream_pause(d);
            ln_downstream_patience(d, LN_PATIENCE_TURN, 1);
            break;
        }
        long n = ln_head_end(&d->scan, ln_buf_at(d->in), ln_buf_len(d->in), &limits, true, &why);

        if (n == 0) {
            if (d->eof)
                ln_downstream_close(d);
            else if (d->patience != LN_PATIENCE_HEADER || !ln_deadline_is_set(&d->deadline))
                ln_downstream_patience(d, LN_PATIENCE_HEADER, gen->conf->gateway.timeouts.header);
            break;
        }
        ln_deadline_clear(&d->deadline);
        d->requests++;
        if (n > 0) {
            ln_exchange_start(d, gen, (size_t)n, &limits);
        } else {
            struct ln_answer no = ln_answer_reject(why);

            ln_exchange_refuse(d, gen, &no);
        }
    }
    d->processing = false;
    if (d->eof && d->x == NULL && d->in == NULL && !d->closed)
        ln_downstream_close(d);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void on_eof(struct ln_downstream *d)
{
    d->eof = true;
    ln_downstream_pause(d);
    if (d->x != NULL)
        ln_exchange_client_eof(d->x);
    else
        ln_downstream_close(d);
}

static void on_readable(struct ln_stream *s)
{
    struct ln_downstream *d = ln_container_of(s, struct ln_downstream, stream);

    if (d->lingering) {
        linger(d);
        return;
    }
    if (d->x != NULL && ln_exchange_wants_body(d->x)) {
        ln_exchange_read_body(d->x);
        return;
    }
    if (!make_room(d)) {
        ln_downstream_pause(d);
        return;
    }
    ssize_t n =
        ln_stream_read(s, ln_buf_end(d->in),
                       d->x == NULL ? ln_buf_room(d->in) : least(ln_buf_room(d->in), LN_BUF_SIZE));

    if (n > 0) {
        d->in->tail += (size_t)n;
        ln_stat_add(d->gw->slot, LN_STAT_BYTES_IN, (uint64_t)n);
        if (d->x == NULL)
            process(d);
        keep_input(d);
        return;
    }
    keep_input(d);
    if (n == LN_STREAM_AGAIN)
        return;
    if (n == 0)
        on_eof(d);
    else if (d->x != NULL)
        ln_exchange_client_gone(d->x);
    else
        ln_downstream_close(d);
}

static void on_writable(struct ln_stream *s)
{
    struct ln_downstream *d = ln_container_of(s, struct ln_downstream, stream);

    if (d->x != NULL)
        ln_exchange_client_writable(d->x);
}

static void on_deadline(struct ln_deadline *deadline)
{
    struct ln_downstream *d = ln_container_of(deadline, struct ln_downstream, deadline);

    if (d->x != NULL) {
        ln_exchange_client_slow(d->x, d->patience);
        return;
    }
    if (d->patience == LN_PATIENCE_TURN) {
        ln_downstream_resume(d);
        process(d);
        return;
    }
    if (d->patience == LN_PATIENCE_HEADER && ln_downstream_waiting(d) > 0) {
        ln_exchange_refuse(d, ln_gateway_current(d->gw), ln_answer(LN_ANSWER_HEADER_TIMEOUT));
        return;
    }
    ln_downstream_close(d);
}

/* ---- accepting
 * ------------------------------------------------------------------------------------------------
 */

static void remember_peer(struct ln_downstream *d, const struct sockaddr_storage *peer)
{
    unsigned char ip[16];

    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;

        memcpy(ip, mapped, 12);
        memcpy(ip + 12, &v4->sin_addr, 4);
        set_peer(d, ip, ntohs(v4->sin_port));
    } else if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;

        memcpy(ip, &v6->sin6_addr, 16);
        set_peer(d, ip, ntohs(v6->sin6_port));
    } else {
        snprintf(d->peer_text, sizeof d->peer_text, "unix:");
        d->peer = ln_slice_of(d->peer_text);
    }
}

/* Cheap: no parsing, no exchange, no Lua. The connection lingers so that the client can read it. */
static void turn_away(struct ln_downstream *d)
{
    static const char answer[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "X-Lunette-Reason: too_many_connections\r\nRetry-After: 1\r\nContent-Length: 21\r\n"
        "Connection: close\r\n\r\nToo many connections\n";

    ln_stream_write(&d->stream, answer, sizeof answer - 1);
    begin_linger(d);
}

enum capacity { ROOM, FULL, OVERFULL };

static enum capacity capacity(struct ln_gateway *gw)
{
    uint64_t most = gw->current->conf->gateway.limits.connections;

    if (most == 0 || gw->connection_count < most) {
        gw->complained = false;
        return ROOM;
    }
    if (!gw->complained)
        ln_warn("limits.connections: %llu connections are open, further ones are turned away",
                (unsigned long long)most);
    gw->complained = true;
    return gw->connection_count < most + TURNED_AWAY_MAX ? FULL : OVERFULL;
}

void ln_downstream_accept(struct ln_port *port, int fd, const struct sockaddr_storage *peer,
                          socklen_t len)
{
    struct ln_gateway *gw = port->gw;
    struct ln_downstream *d = ln_slab_take(&gw->downstreams);

    (void)len;
    memset(d, 0, sizeof *d);
    d->gw = gw;
    d->listener = port->index;
    d->local_port = port->number;
    d->reap.free = free_downstream;
    remember_peer(d, peer);
    ln_list_init(&d->node);
    ln_deadline_init(&d->deadline, on_deadline);
    ln_stream_open(&d->stream, gw->loop, fd, on_readable, on_writable);
    enum capacity room = capacity(gw);
    enum ln_proxy_mode proxy = conf_of(d)->listeners[d->listener].proxy;
    bool trusted = proxy != LN_PROXY_OFF && ln_identity_is_trusted(conf_of(d), d);

    d->awaits_proxy = trusted;
    d->must_proxy = proxy == LN_PROXY_REQUIRE;
    if (room == OVERFULL || (d->must_proxy && !trusted)) {
        ln_stream_close(&d->stream);
        ln_slab_give(&gw->downstreams, d);
        return;
    }
    ln_list_append(&gw->connections, &d->node);
    gw->connection_count++;
    ln_slot_set(&gw->slot->connections, gw->connection_count);
    ln_stat_add(gw->slot, LN_STAT_CONNECTIONS, 1);
    ln_stat_add(gw->slot, LN_STAT_ACCEPTED, 1);
    ln_stream_watch_read(&d->stream, true);
    if (room == ROOM)
        ln_downstream_patience(d, LN_PATIENCE_HEADER, conf_of(d)->timeouts.header);
    else
        turn_away(d);
}
