/* SPDX-License-Identifier: Apache-2.0
 * client.c - sends, reads, judges, and whom to ask at an address. Through a service:
 * client_service.c
 *
 * Every way out is one of three: ln_client_again() and its like take the next attempt,
 * ln_client_conclude() ends the call with a response or a sentence, ln_client_stop() ends it
 * without a word. A callback does nothing after any of them: the call may be gone.
 */
#include "upstream/client.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "http/hop.h"
#include "http/proxy.h"
#include "http/write.h"
#include "shm/slot.h"
#include "upstream/client_inner.h"

enum { INTERIM_MAX = 64, IDLE_MAX_S = 600, HEAD_GUESS = 2048, KEY_MAX = 512 };

static const struct ln_head_limits head_limits = {8192, 65536, 200};

static struct ln_loop *loop_of(const struct ln_client_call *c)
{
    return c->client->pools->loop;
}

void ln_client_expect(struct ln_client_call *c, ln_msec within)
{
    ln_deadline_set(c->client->pools->deadlines, &c->phase, within);
}

static void count(const struct ln_client_call *c, enum ln_stat stat)
{
    if (c->client->slot != NULL)
        ln_stat_add(c->client->slot, stat, 1);
}

/* ---- the end ---- */

void ln_client_drop_content(struct ln_client_call *c)
{
    if (c->body_in == NULL)
        return;
    ln_buf_return(c->client->pools->bufs, c->body_in);
    c->body_in = NULL;
    c->client->held -= c->held;
    c->held = 0;
}

static void drop_input(struct ln_client_call *c)
{
    ln_buf_return(c->client->pools->bufs, c->conn->in);
    c->conn->in = NULL;
}

/* How long the peer has promised to keep the connection, less a second. */
static ln_msec promised_idle(const struct ln_client_call *c)
{
    uint64_t seconds = c->got_head ? c->head.keep_alive_timeout : 0;

    if (seconds == 0)
        return 0;
    return seconds > IDLE_MAX_S ? IDLE_MAX_S * 1000 : seconds > 1 ? (seconds - 1) * 1000 : 500;
}

static void release_loose(struct ln_client_call *c, bool reusable)
{
    struct ln_upconn *conn = c->conn;

    ln_connect_cancel(&c->connect);
    if (conn == NULL)
        return;
    if (reusable && c->alone == NULL && c->client->pools->loose_idle < LN_CLIENT_IDLE_ALL)
        ln_pool_return(conn, LN_CLIENT_IDLE_MAX, LN_CLIENT_IDLE_MS);
    else
        ln_upconn_close(conn);
}

void ln_client_release(struct ln_client_call *c, enum ln_outcome outcome, bool reusable)
{
    ln_deadline_clear(&c->phase);
    if (c->conn != NULL) {
        drop_input(c);
        c->conn->max_idle = promised_idle(c);
        ln_stream_watch_write(&c->conn->stream, false);
    }
    if (c->service == NULL)
        release_loose(c, reusable);
    else if (c->attempt.instance != NULL)
        ln_attempt_release(&c->attempt, outcome,
                           reusable && c->service->conf->proxy == LN_PROXY_SEND_OFF);
    c->conn = NULL;
}

static bool take_place(struct ln_client_call *c)
{
    struct ln_service *s = c->service;

    if (s->load.record == NULL)
        return true;
    c->placed = ln_concurrency_enter(&s->load, s->conf->priority, ln_loop_now_ms(loop_of(c)));
    return c->placed;
}

static void leave_place(struct ln_client_call *c)
{
    if (c->placed)
        ln_concurrency_leave(&c->service->load, ln_loop_now_ms(loop_of(c)));
    c->placed = false;
}

/* Nothing of it is under way any more; the response, if any, stays. */
static void settle(struct ln_client_call *c, enum ln_outcome outcome, bool reusable)
{
    ln_client_release(c, outcome, reusable);
    ln_queue_leave(&c->waiter);
    leave_place(c);
    ln_timer_stop(loop_of(c), &c->whole);
    ln_resolve_done(&c->names);
    c->resolving = false;
    if (c->pool != NULL)
        ln_pool_put(c->pool);
    c->pool = NULL;
    c->on = false;
    c->client->calls--;
}

void ln_client_conclude(struct ln_client_call *c, enum ln_outcome outcome, bool reusable,
                        const char *error)
{
    settle(c, outcome, reusable);
    c->error = error;
    c->outcome = outcome;
    if (error != NULL)
        count(c, LN_STAT_CALLS_FAILED);
    if (error != NULL)
        ln_client_drop_content(c);
    else if (c->body_in != NULL)
        c->content = ln_slice(ln_buf_at(c->body_in), ln_buf_len(c->body_in));
    c->on_end(c);
}

void ln_client_stop(struct ln_client_call *c)
{
    if (c->client == NULL)
        return;
    if (c->on)
        settle(c, LN_OUTCOME_CLIENT_GONE, false);
    ln_client_drop_content(c);
    ln_arena_reset(&c->arena);
    c->content = ln_slice(NULL, 0);
    c->client = NULL;
}

/* ---- failing ---- */

static const char *sentence(struct ln_client_call *c, enum ln_outcome outcome, int error)
{
    const char *what = ln_outcome_row(outcome)->sentence;

    if (outcome == LN_OUTCOME_REFUSED && error != 0)
        what = strerror(error);
    return ln_arena_printf(&c->arena, "%.*s: %s", (int)c->address.n, c->address.p, what).p;
}

/* A pooled connection to an address that turned out to be closed is all that is repeated there. */
static bool may_repeat(struct ln_client_call *c, enum ln_outcome outcome)
{
    if (c->service != NULL)
        return ln_client_may_repeat(c, outcome);
    return outcome == LN_OUTCOME_STALE && (c->sent == 0 || ln_client_is_safe(c));
}

static void try_address(struct ln_client_call *c);

void ln_client_fail(struct ln_client_call *c, enum ln_outcome outcome, int error)
{
    enum ln_repeat repeat = ln_outcome_row(outcome)->repeat;

    if (!may_repeat(c, outcome)) {
        ln_client_conclude(c, outcome, false, sentence(c, outcome, error));
        return;
    }
    c->error = sentence(c, outcome, error); /* if nobody else can be asked */
    ln_client_release(c, outcome, false);
    ln_client_drop_content(c);
    if (outcome == LN_OUTCOME_STALE) { /* the peer has not had its chance yet */
        c->fresh = true;
        c->tries--;
        if (c->tried.count > 0)
            c->tried.count--;
    }
    if (c->service == NULL)
        try_address(c);
    else
        ln_client_again(c, repeat != LN_REPEAT_CONNECT && repeat != LN_REPEAT_STALE);
}

/* The peer is fine, or not to blame; the response is not taken. */
static void refuse(struct ln_client_call *c, enum ln_outcome outcome, const char *why)
{
    ln_client_conclude(
        c, outcome, false,
        ln_arena_printf(&c->arena, "%.*s: %s", (int)c->address.n, c->address.p, why).p);
}

static void broke_off(struct ln_client_call *c)
{
    if (c->got_head)
        ln_client_fail(c, LN_OUTCOME_TRUNCATED, 0);
    else
        ln_client_fail(c, c->pooled && !c->seen ? LN_OUTCOME_STALE : LN_OUTCOME_RESET, 0);
}

static void on_phase(struct ln_deadline *d)
{
    struct ln_client_call *c = ln_container_of(d, struct ln_client_call, phase);

    if (ln_client_is_waiting(c)) {
        ln_client_go_on(c);
        return;
    }
    ln_client_fail(c,
                   c->conn == NULL ? LN_OUTCOME_CONNECT_TIME
                   : c->got_head   ? LN_OUTCOME_BODY_TIME
                                   : LN_OUTCOME_HEAD_TIME,
                   0);
}

/* What the caller gives says nothing about the instance. */
static void on_whole(struct ln_timer *t)
{
    struct ln_client_call *c = ln_container_of(t, struct ln_client_call, whole);
    const char *where = c->resolving              ? "looking up the name"
                        : c->waiter.queue != NULL ? "waiting for an instance that is not full"
                        : c->pausing              ? "waiting before it is repeated"
                        : c->conn == NULL         ? "connecting"
                        : c->got_head             ? "the response was coming"
                                                  : "waiting for the response";

    ln_client_conclude(c, LN_OUTCOME_TOTAL_TIME, false,
                       ln_arena_printf(&c->arena, "%.*s%stimed out after %llu ms, %s",
                                       (int)c->address.n, c->address.p,
                                       c->address.n > 0 ? ": " : "", (unsigned long long)c->timeout,
                                       where)
                           .p);
}

/* ---- receiving ---- */

bool ln_client_is_sent(const struct ln_client_call *c)
{
    return c->sent == c->out.n + c->body.n;
}

static void finish(struct ln_client_call *c)
{
    bool clean = c->conn->in == NULL || ln_buf_len(c->conn->in) == 0;

    ln_client_conclude(c, LN_OUTCOME_OK,
                       clean && ln_client_is_sent(c) && c->head.keep_alive &&
                           c->reader.framing != LN_FRAMING_CLOSE,
                       NULL);
}

/* False: there is no room for it, and the call has ended. */
static bool keep(struct ln_client_call *c, struct ln_slice piece)
{
    struct ln_buf_cache *bufs = c->client->pools->bufs;
    struct ln_buf *b = c->body_in;

    if (c->reader.total > c->most) {
        refuse(c, LN_OUTCOME_OK,
               ln_arena_printf(&c->arena, "the response is larger than %llu bytes",
                               (unsigned long long)c->most)
                   .p);
        return false;
    }
    if (b == NULL)
        b = ln_buf_borrow(bufs, piece.n);
    else if (ln_buf_room(b) < piece.n)
        b = ln_buf_enlarge(bufs, b, (ln_buf_len(b) + piece.n) * 2);
    c->body_in = b;
    c->client->held += b->cap - c->held;
    c->held = b->cap;
    if (c->client->held > LN_CLIENT_HELD_MAX) {
        refuse(c, LN_OUTCOME_OK, "too much content is being received at once");
        return false;
    }
    ln_buf_put(b, piece.p, piece.n);
    return true;
}

/* False: the call has ended. */
static bool read_content(struct ln_client_call *c)
{
    struct ln_buf *in = c->conn->in;
    const char *p = ln_buf_at(in), *end = ln_buf_end(in);
    enum ln_reject why = LN_REJECT_NONE;
    struct ln_slice piece;

    for (;;) {
        switch (ln_body_next(&c->reader, &p, end, &piece, &why)) {
        case LN_BODY_DATA:
            if (!keep(c, piece))
                return false;
            break;
        case LN_BODY_MORE:
            in->head = in->tail = 0;
            return true;
        case LN_BODY_END:
            in->head = (size_t)(p - in->bytes);
            finish(c);
            return false;
        default:
            refuse(c, LN_OUTCOME_BAD_RESPONSE, ln_reject_row(why)->sentence);
            return false;
        }
    }
}

/* False: the call has ended. */
static bool begin_content(struct ln_client_call *c)
{
    if (c->service != NULL && c->service->conf->concurrency.adaptive)
        leave_place(c);
    if (c->head.framing == LN_FRAMING_LENGTH && c->head.length > c->most) {
        refuse(c, LN_OUTCOME_OK,
               ln_arena_printf(&c->arena, "the response has %llu bytes, at most %llu are taken",
                               (unsigned long long)c->head.length, (unsigned long long)c->most)
                   .p);
        return false;
    }
    ln_body_init(&c->reader, c->head.framing, c->head.length, NULL);
    if (ln_body_is_done(&c->reader)) {
        finish(c);
        return false;
    }
    return true;
}

/* The final head is in. False: the call has ended, or asks somebody else. */
static bool take_answer(struct ln_client_call *c)
{
    ln_res_head_settle(&c->head, ln_method_identify(c->method));
    ln_fields_drop_hop_by_hop(&c->head.fields);
    c->got_head = true;
    if (c->attempt.instance == NULL)
        return begin_content(c);
    ln_attempt_answered(&c->attempt, c->head.status);
    if (!ln_client_may_repeat_status(c))
        return begin_content(c);
    c->holds_back = true;
    ln_stream_watch_read(&c->conn->stream, false);
    ln_stream_watch_write(&c->conn->stream, false);
    ln_client_again(c, true);
    return false;
}

/* One head of `n` bytes is complete. False: the call has ended, or asks somebody else. */
static bool take_head(struct ln_client_call *c, size_t n)
{
    struct ln_buf *in = c->conn->in;
    struct ln_slice head = ln_arena_dup(&c->arena, ln_slice(ln_buf_at(in), n));

    ln_buf_eat(in, n);
    c->scan = (struct ln_head_scan){0};
    ln_fields_init(&c->head.fields, &c->arena);
    enum ln_reject why = ln_res_head_parse(&c->head, head.p, n, &head_limits);

    if (why != LN_REJECT_NONE) {
        refuse(c, LN_OUTCOME_BAD_RESPONSE, ln_reject_row(why)->sentence);
        return false;
    }
    if (c->head.status == 101 || ++c->interims > INTERIM_MAX) {
        refuse(c, LN_OUTCOME_BAD_RESPONSE,
               c->head.status == 101 ? "101 without a request to upgrade"
                                     : "too many interim responses");
        return false;
    }
    return c->head.status < 200 || take_answer(c);
}

/* Heads until one is final. False: as above. */
static bool look_for_head(struct ln_client_call *c)
{
    struct ln_buf *in = c->conn->in;

    while (!c->got_head) {
        enum ln_reject why = LN_REJECT_NONE;
        long n = ln_head_end(&c->scan, ln_buf_at(in), ln_buf_len(in), &head_limits, false, &why);

        if (n == 0)
            return true;
        if (n < 0) {
            refuse(c, LN_OUTCOME_BAD_RESPONSE, ln_reject_row(why)->sentence);
            return false;
        }
        if (!take_head(c, (size_t)n))
            return false;
    }
    return true;
}

static void at_eof(struct ln_client_call *c)
{
    if (c->got_head && ln_body_is_complete_at_eof(&c->reader))
        finish(c);
    else
        broke_off(c);
}

static ln_msec smaller(ln_msec a, ln_msec b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* It is the peer's turn: to take the request, to answer, to go on. */
static void await(struct ln_client_call *c)
{
    const struct ln_service_conf *conf = c->service != NULL ? c->service->conf : NULL;

    if (conf == NULL)
        ln_client_expect(c, 0);
    else if (c->got_head)
        ln_client_expect(c, conf->idle);
    else
        ln_client_expect(c, smaller(conf->first_byte, conf->retry.per_try));
}

/* Room for what comes next: heads are judged in one run of bytes. */
static void make_room(struct ln_client_call *c)
{
    struct ln_upconn *conn = c->conn;
    struct ln_buf_cache *bufs = c->client->pools->bufs;

    if (conn->in == NULL)
        conn->in = ln_buf_borrow(bufs, LN_BUF_SIZE);
    else if (ln_buf_room(conn->in) == 0)
        conn->in = ln_buf_enlarge(bufs, conn->in, ln_buf_len(conn->in) * 2);
}

void ln_client_take_response(struct ln_client_call *c)
{
    c->holds_back = false;
    ln_stream_watch_read(&c->conn->stream, true);
    ln_stream_watch_write(&c->conn->stream, !ln_client_is_sent(c));
    if (!begin_content(c) || !read_content(c))
        return;
    if (ln_buf_len(c->conn->in) == 0)
        drop_input(c);
    await(c);
}

static void on_readable(struct ln_stream *s)
{
    struct ln_upconn *conn = ln_container_of(s, struct ln_upconn, stream);
    struct ln_client_call *c = conn->user;

    make_room(c);
    ssize_t n = ln_stream_read(s, ln_buf_end(conn->in), ln_buf_room(conn->in));

    if (n == LN_STREAM_AGAIN)
        return;
    if (n == LN_STREAM_ERROR) {
        broke_off(c);
        return;
    }
    if (n == 0) {
        at_eof(c);
        return;
    }
    c->seen = true;
    conn->in->tail += (size_t)n;
    if (!c->got_head && !look_for_head(c))
        return;
    if (c->got_head && !read_content(c))
        return;
    if (ln_buf_len(conn->in) == 0)
        drop_input(c);
    await(c);
}

/* ---- sending ---- */

static ssize_t write_on(struct ln_client_call *c)
{
    struct iovec iov[2];
    int count = 0;

    if (c->sent < c->out.n)
        iov[count++] = (struct iovec){(char *)(uintptr_t)c->out.p + c->sent, c->out.n - c->sent};
    size_t of_body = c->sent > c->out.n ? c->sent - c->out.n : 0;

    if (c->body.n > of_body)
        iov[count++] = (struct iovec){(char *)(uintptr_t)c->body.p + of_body, c->body.n - of_body};
    return ln_stream_writev(&c->conn->stream, iov, count);
}

static void send_on(struct ln_client_call *c)
{
    while (!ln_client_is_sent(c)) {
        ssize_t n = write_on(c);

        if (n == LN_STREAM_AGAIN) {
            ln_stream_watch_write(&c->conn->stream, true);
            await(c);
            return;
        }
        if (n == LN_STREAM_ERROR) /* it may have answered before it closed: reading tells */
            break;
        c->sent += (size_t)n;
    }
    if (ln_client_is_sent(c) && c->attempt.instance != NULL)
        ln_attempt_asked(&c->attempt);
    ln_stream_watch_write(&c->conn->stream, false);
    await(c);
}

static void on_writable(struct ln_stream *s)
{
    send_on(ln_container_of(s, struct ln_upconn, stream)->user);
}

static bool is_ours(const struct ln_field *f)
{
    return f->dropped || f->id == LN_FIELD_CONTENT_LENGTH || f->id == LN_FIELD_TRANSFER_ENCODING ||
           f->id == LN_FIELD_EXPECT || ln_field_is_hop((enum ln_field_id)f->id);
}

static void write_fields(struct ln_client_call *c, struct ln_slice host, struct ln_writer *w)
{
    const struct ln_fields *f = c->fields;
    const struct ln_field *own = f != NULL ? ln_fields_find(f, LN_FIELD_HOST) : NULL;

    ln_write_field(w, LN_SLICE("Host"), own != NULL ? ln_field_value(own) : host);
    for (unsigned i = 0; f != NULL && i < f->count; i++)
        if (!is_ours(&f->v[i]) && f->v[i].id != LN_FIELD_HOST)
            ln_write_field(w, ln_field_name(&f->v[i]), ln_field_value(&f->v[i]));
    if (c->alone != NULL)
        ln_write_literal(w, "Connection: close\r\n");
    if (c->has_body)
        ln_write_field_u64(w, LN_SLICE("Content-Length"), c->body.n);
    ln_write_crlf(w);
}

/* What stands before everything when the service wants to know for whom we speak: nobody. */
static size_t announce(const struct ln_client_call *c, char *out)
{
    static const struct ln_proxy nobody = {.local = true};
    const struct ln_service *s = c->alone != NULL ? c->alone->service : c->service;

    if (s == NULL || s->conf->proxy == LN_PROXY_SEND_OFF)
        return 0;
    return s->conf->proxy == LN_PROXY_SEND_V1 ? ln_proxy_write_v1(out, &nobody)
                                              : ln_proxy_write_v2(out, &nobody);
}

/* The head for this attempt, in the arena: a second attempt has another Host and path. */
static void compose(struct ln_client_call *c)
{
    const struct ln_instance_conf *i =
        c->attempt.instance != NULL ? c->attempt.instance->conf : NULL;
    struct ln_slice host = i != NULL ? ln_slice_of(i->authority) : c->authority;

    for (size_t size = HEAD_GUESS + c->target.n + c->method.n;; size *= 2) {
        char *text = ln_arena_alloc(&c->arena, size);
        size_t announced = announce(c, text);
        struct ln_writer w = ln_writer(text + announced, size - announced);

        ln_write_slice(&w, c->method);
        ln_write_literal(&w, " ");
        if (i != NULL)
            ln_write_slice(&w, ln_slice_of(i->base));
        ln_write_slice(&w, c->target);
        ln_write_literal(&w, " HTTP/1.1\r\n");
        write_fields(c, host, &w);
        if (w.overflow)
            continue;
        c->out = ln_slice(text, (size_t)(w.at - text));
        return;
    }
}

void ln_client_connected(struct ln_client_call *c, struct ln_upconn *conn)
{
    c->conn = conn;
    conn->user = c;
    conn->stream.on_readable = on_readable;
    conn->stream.on_writable = on_writable;
    c->seen = c->got_head = false;
    c->scan = (struct ln_head_scan){0};
    c->sent = 0;
    compose(c);
    ln_stream_watch_read(&conn->stream, true);
    ln_client_expect(c, 0);
    send_on(c);
}

/* ---- to an address ---- */

static const struct sockaddr *address_of(struct ln_connect *connect, unsigned i, socklen_t *len)
{
    struct ln_client_call *c = ln_container_of(connect, struct ln_client_call, connect);

    if (c->alone != NULL) {
        *len = c->alone->conf->addrs[i].len;
        return &c->alone->conf->addrs[i].any;
    }
    if (c->unix_path.n == 0)
        return ln_resolve_address(&c->names, i, len);
    *len = c->unix_addr.len;
    return &c->unix_addr.any;
}

static void on_connect(struct ln_connect *connect, int fd)
{
    struct ln_client_call *c = ln_container_of(connect, struct ln_client_call, connect);

    if (fd >= 0)
        ln_client_connected(c, ln_pool_adopt(c->pool, fd));
    else
        ln_client_fail(c, ln_outcome_of_connect(connect->error), connect->error);
}

static void connect_to(struct ln_client_call *c, unsigned count)
{
    ln_msec within = c->alone != NULL ? c->timeout : LN_CLIENT_CONNECT_MS;

    c->connect.address = address_of;
    c->connect.on_connect = on_connect;
    ln_client_expect(c, within);
    ln_connect_start(&c->connect, loop_of(c), count, within);
}

static void on_resolved(struct ln_resolve_op *op)
{
    struct ln_client_call *c = ln_container_of(op, struct ln_client_call, names);
    enum ln_resolve_status status = ln_resolve_status(op);

    c->resolving = false;
    if (status == LN_RESOLVED)
        connect_to(c, ln_resolve_count(op));
    else
        refuse(c, LN_OUTCOME_CLIENT_GONE, ln_resolve_status_text(status));
}

enum ln_attempt_want ln_client_want(const struct ln_client_call *c)
{
    if (c->fresh || c->alone != NULL ||
        (c->service != NULL && c->service->conf->proxy != LN_PROXY_SEND_OFF))
        return LN_ATTEMPT_FRESH;
    return ln_client_is_safe(c) ? LN_ATTEMPT_ANY : LN_ATTEMPT_PROVEN;
}

static struct ln_upconn *take_loose(struct ln_client_call *c)
{
    enum ln_attempt_want want = ln_client_want(c);
    struct ln_upconn *conn;

    while (want != LN_ATTEMPT_FRESH && (conn = ln_pool_take(c->pool)) != NULL) {
        if (want == LN_ATTEMPT_ANY || ln_stream_is_quiet(&conn->stream))
            return conn;
        ln_upconn_close(conn);
    }
    return NULL;
}

static void name_pool(struct ln_client_call *c)
{
    char key[KEY_MAX];
    int n = c->alone != NULL ? snprintf(key, sizeof key, "client %s", c->alone->conf->url)
            : c->unix_path.n > 0
                ? snprintf(key, sizeof key, "client unix:%.*s", (int)c->unix_path.n, c->unix_path.p)
                : snprintf(key, sizeof key, "client %.*s:%u", (int)c->host.n, c->host.p, c->port);
    struct ln_slice name = ln_slice(key, n < KEY_MAX ? (size_t)n : KEY_MAX - 1);

    c->address = ln_arena_dup(&c->arena, ln_slice(name.p + 7, name.n - 7));
    c->pool = ln_pool_get(c->client->pools, name);
    c->pool->loose = true;
}

static void try_address(struct ln_client_call *c)
{
    c->tries++;
    struct ln_upconn *conn = take_loose(c);

    c->pooled = conn != NULL;
    if (conn != NULL) {
        ln_client_connected(c, conn);
        return;
    }
    if (c->alone != NULL) {
        connect_to(c, c->alone->conf->addr_count);
        return;
    }
    if (c->unix_path.n > 0) {
        if (ln_addr_unix(c->unix_path, &c->unix_addr))
            connect_to(c, 1);
        else
            refuse(c, LN_OUTCOME_CLIENT_GONE, "not the path of a socket");
        return;
    }
    if (c->names.answer != NULL) { /* asked for already */
        connect_to(c, ln_resolve_count(&c->names));
        return;
    }
    if (c->client->resolver == NULL) {
        refuse(c, LN_OUTCOME_CLIENT_GONE, "names cannot be looked up");
        return;
    }
    c->resolving = true;
    if (ln_resolve(c->client->resolver, c->host, c->port, AF_UNSPEC, &c->names, on_resolved))
        on_resolved(&c->names);
}

/* ---- the beginning ---- */

void ln_client_start(struct ln_client *client, struct ln_client_call *c)
{
    ln_assert(!c->on && c->client == NULL);
    c->client = client;
    c->on = true;
    client->calls++;
    count(c, LN_STAT_CALLS);
    ln_arena_init(&c->arena, client->arenas);
    ln_deadline_init(&c->phase, on_phase);
    c->connect.fd = -1;
    if (client->calls > LN_CLIENT_CALLS_MAX) {
        ln_client_conclude(c, LN_OUTCOME_CLIENT_GONE, false, "too many requests are under way");
        return;
    }
    if (c->service != NULL && !take_place(c)) {
        ln_client_conclude(c, LN_OUTCOME_CLIENT_GONE, false,
                           ln_arena_printf(&c->arena,
                                           "%s has as many requests as it is given at once",
                                           c->service->conf->name)
                               .p);
        return;
    }
    if (c->timeout > 0)
        ln_timer_start(loop_of(c), &c->whole, c->timeout, on_whole);
    if (c->service != NULL) {
        ln_client_pick(c);
        return;
    }
    name_pool(c);
    try_address(c);
}
