/* SPDX-License-Identifier: Apache-2.0
 * client.c - the connection of a client: opened, greeted, used, lost.
 *
 * Two endings of a connection are told apart. One that has served until now and is closed (Redis
 * was restarted, or closes idle clients) is opened again with the next call, which waits for it
 * within its own timeout. One that does not serve (refused, not greeted, silent) makes the client
 * down: calls fail at once, and probes with growing pauses find out when Redis is back. The pauses
 * begin anew when a call has been answered in time, not before: a Redis that greets and then is
 * silent does not make the gateway busy.
 */
#include "redis/client.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "redis/client_inner.h"
#include "redis/cluster.h"
#include "redis/sentinel.h"

enum {
    CONNECT_MS = 1000,  /* connecting and greeting */
    BACKOFF_MIN = 100,  /* milliseconds before the first probe; doubled for each ... */
    BACKOFF_MAX = 2000, /* ... up to this; the second half of it by chance */
    KEEP_ALIVE = 30000, /* silence before the kernel asks whether the peer is there */
    SILENT_CALLS = 3,   /* unanswered in a row while no byte comes: Redis hangs */
    LATE_CALLS = 10,    /* unanswered in a row although bytes come: Redis is too slow */
    OUT_MAX = 1 << 20,  /* bytes handed to the socket ahead; the rest waits with its calls */
    OUT_KEEP = 65536,   /* room kept when all is written */
    READ_SIZE = 16384,
    READ_ROUNDS = 16,   /* reads in one turn */
    RENEW_EVERY = 1000, /* milliseconds between new connections because of a replica */
    WATCH_EVERY = 1000, /* and between questions to sentinels whether the master is still it */
};

static void lost(struct ln_redis *r, const char *reason);

/* ---- the end of a connection ---- */

static void drop_connection(struct ln_redis *r)
{
    ln_resolve_done(&r->resolve);
    if (r->is_connecting)
        ln_connect_cancel(&r->connect);
    r->is_connecting = false;
    ln_stream_close(&r->stream);
    ln_redis_reader_free(r->reader);
    r->reader = NULL;
    ev_prepare_stop(ln_loop_ev(r->pool->loop), &r->flush);
    ln_deadline_clear(&r->patience);
    ln_timer_stop(r->pool->loop, &r->retry);
    ln_timer_stop(r->pool->loop, &r->watch);
    r->locating = false;
    r->out_len = r->out_at = 0;
    ln_redis_call_free(r->greeting);
    r->greeting = NULL;
    r->good = r->renew = false;
}

/* Callbacks may send new calls, which are in other lists, and free these. */
static void take_all(struct ln_list *from, struct ln_list *into)
{
    ln_list_init(into);
    if (ln_list_is_empty(from))
        return;
    ln_list_insert(from->next, into);
    ln_list_remove(from);
}

static void fail_all(struct ln_list *calls, enum ln_redis_error e, const char *reason)
{
    while (!ln_list_is_empty(calls))
        ln_redis_call_fail(ln_container_of(calls->next, struct ln_redis_call, node), e, reason);
}

static void on_retry(struct ln_timer *t)
{
    ln_redis_open(ln_container_of(t, struct ln_redis, retry));
}

static void retry_later(struct ln_redis *r)
{
    ln_msec pause;

    r->backoff = r->backoff == 0 ? BACKOFF_MIN : r->backoff * 2;
    if (r->backoff > BACKOFF_MAX)
        r->backoff = BACKOFF_MAX;
    pause = r->backoff / 2 + ln_rand_below(&r->pool->rand, r->backoff / 2 + 1);
    ln_timer_start(r->pool->loop, &r->retry, pause, on_retry);
}

/* From now on calls fail at once. The log hears of it once, and again when the reason changes. */
static void mark_down(struct ln_redis *r, const char *reason)
{
    char why[sizeof r->reason];

    snprintf(why, sizeof why, "%s", reason);
    if (!r->told || strcmp(r->reason, why) != 0)
        ln_warn("redis %s: down: %s", r->url.label, why);
    memcpy(r->reason, why, sizeof why);
    r->told = true;
    r->down = true;
    r->late = 0;
}

void ln_redis_go_down(struct ln_redis *r, const char *reason)
{
    struct ln_list sent, queued;
    char why[sizeof r->reason];

    mark_down(r, reason);
    memcpy(why, r->reason, sizeof why); /* callbacks may send a call, and that may change it */
    r->state = LN_REDIS_IS_DOWN;
    take_all(&r->sent, &sent);
    take_all(&r->queued, &queued);
    drop_connection(r);
    retry_later(r);
    fail_all(&sent, LN_REDIS_LOST, why);
    fail_all(&queued, LN_REDIS_DOWN, why);
}

static void lost(struct ln_redis *r, const char *reason)
{
    struct ln_list sent;

    if (!r->good) {
        ln_redis_go_down(r, reason);
        return;
    }
    ln_debug("redis %s: the connection is lost: %s", r->url.label, reason);
    take_all(&r->sent, &sent);
    drop_connection(r);
    r->state = LN_REDIS_IDLE;
    /* Before anybody is told: a call that is sent from within would open it, and if that fails at
     * once, those that wait here would end inside of its being sent. */
    if (!ln_list_is_empty(&r->queued))
        ln_redis_open(r);
    fail_all(&sent, LN_REDIS_LOST, reason);
}

void ln_redis_late(struct ln_redis_call *c)
{
    struct ln_redis *r = c->redis;
    bool silent = r->heard <= c->started;

    r->late++;
    ln_redis_call_late(c, LN_REDIS_TIMEOUT);
    if (r->state != LN_REDIS_UP)
        return;
    if (silent && r->late >= SILENT_CALLS)
        ln_redis_go_down(r, "it does not answer");
    else if (r->late >= LATE_CALLS)
        ln_redis_go_down(r, "it answers too late");
}

/* The connection that is being made takes longer than callers have: it goes on as a probe, and
 * those with more patience still wait for it. */
void ln_redis_waited(struct ln_redis *r)
{
    if (r->state == LN_REDIS_CONNECTING && !r->down && ++r->late >= SILENT_CALLS)
        mark_down(r, "it does not answer");
}

void ln_redis_shut(struct ln_redis *r)
{
    struct ln_list sent, queued;

    r->closing = true;
    r->state = LN_REDIS_IDLE;
    take_all(&r->sent, &sent);
    take_all(&r->queued, &queued);
    drop_connection(r);
    fail_all(&sent, LN_REDIS_DOWN, "it is no longer used");
    fail_all(&queued, LN_REDIS_DOWN, "it is no longer used");
    ln_redis_sentinels_free(r->sentinels);
    ln_redis_cluster_free(r->cluster);
    r->sentinels = NULL;
    r->cluster = NULL;
    ln_free(r->out);
    r->out = NULL;
}

/* ---- writing ---- */

static void put_out(struct ln_redis *r, const struct ln_redis_call *c)
{
    if (r->out_at > OUT_MAX) { /* a slow reader: what it has taken must not add up */
        r->out_len -= r->out_at;
        memmove(r->out, r->out + r->out_at, r->out_len);
        r->out_at = 0;
    }
    if (r->out_cap - r->out_len < c->len) {
        r->out_cap = r->out_len + c->len + OUT_KEEP;
        r->out = ln_realloc(r->out, r->out_cap);
    }
    memcpy(r->out + r->out_len, c->text, c->len);
    r->out_len += c->len;
}

static void send_call(struct ln_redis *r, struct ln_redis_call *c)
{
    put_out(r, c);
    if (c->step == LN_REDIS_QUEUED)
        r->queued_bytes -= c->len;
    c->step = LN_REDIS_SENT;
    ln_list_remove(&c->node);
    ln_list_append(&r->sent, &c->node);
}

static void move_queued(struct ln_redis *r)
{
    while (r->state == LN_REDIS_UP && !r->renew && !ln_list_is_empty(&r->queued) &&
           r->out_len - r->out_at < OUT_MAX)
        send_call(r, ln_container_of(r->queued.next, struct ln_redis_call, node));
}

static void trim_out(struct ln_redis *r)
{
    r->out_at = r->out_len = 0;
    if (r->out_cap > OUT_MAX + OUT_KEEP) {
        ln_free(r->out);
        r->out = NULL;
        r->out_cap = 0;
    }
}

/* Until all is written, or the socket is full. */
static void write_out(struct ln_redis *r)
{
    for (;;) {
        move_queued(r);
        if (r->out_at == r->out_len)
            break;

        ssize_t n = ln_stream_write(&r->stream, r->out + r->out_at, r->out_len - r->out_at);

        if (n == LN_STREAM_ERROR) {
            lost(r, strerror(r->stream.error));
            return;
        }
        if (n == LN_STREAM_AGAIN) {
            ln_stream_watch_write(&r->stream, true);
            return;
        }
        r->out_at += (size_t)n;
    }
    trim_out(r);
    ln_stream_watch_write(&r->stream, false);
}

/* Those that have waited for the map of the cluster. */
static void split_queued(struct ln_redis *r)
{
    while (r->state == LN_REDIS_UP && !ln_list_is_empty(&r->queued)) {
        struct ln_redis_call *c = ln_container_of(r->queued.next, struct ln_redis_call, node);

        ln_list_remove(&c->node);
        ln_list_append(&r->sent, &c->node);
        r->queued_bytes -= c->len;
        ln_deadline_clear(&c->deadline);
        if (!ln_redis_split(c))
            ln_redis_call_end(c);
    }
}

static void on_flush(struct ev_loop *ev, ev_prepare *w, int events)
{
    struct ln_redis *r = ln_container_of(w, struct ln_redis, flush);

    (void)events;
    ev_prepare_stop(ev, w);
    if (r->cluster != NULL)
        split_queued(r);
    else if (r->stream.fd >= 0)
        write_out(r);
}

void ln_redis_flush_later(struct ln_redis *r)
{
    if (r->state == LN_REDIS_UP && !ev_is_active(&r->flush)) {
        ev_prepare_init(&r->flush, on_flush);
        ev_prepare_start(ln_loop_ev(r->pool->loop), &r->flush);
    }
}

static void on_writable(struct ln_stream *s)
{
    write_out(ln_container_of(s, struct ln_redis, stream));
}

/* ---- reading ---- */

/* A master that has become a replica: its name, or what stands before it, may lead to another one
 * by now. The connection is made anew when all that was sent has been answered. */
static void renew(struct ln_redis *r, enum ln_redis_error fault)
{
    ln_msec now = ln_loop_now_ms(r->pool->loop);

    if (fault == LN_REDIS_READONLY && now - r->connected >= RENEW_EVERY)
        r->renew = true;
    if (!r->renew || r->state != LN_REDIS_UP || !ln_list_is_empty(&r->sent))
        return;
    drop_connection(r);
    r->state = LN_REDIS_IDLE;
    if (!ln_list_is_empty(&r->queued))
        ln_redis_open(r);
}

static void give_reply(struct ln_redis *r, struct ln_redis_call *c, struct ln_redis_reply *reply)
{
    enum ln_redis_error fault =
        reply->kind == LN_REDIS_FAULT ? ln_redis_error_of(reply->text) : LN_REDIS_OK;
    bool greets = c == r->greeting;
    char why[sizeof r->reason] = "";

    if (ln_redis_error_is_down(fault))
        snprintf(why, sizeof why, "%.*s", (int)(reply->text.n < 200 ? reply->text.n : 200),
                 reply->text.p);
    else if (!greets && !c->late) {
        r->good = true;
        r->late = 0;
        r->backoff = 0;
    }
    ln_redis_call_take(c, reply);
    if (why[0] != '\0' && !greets && r->state == LN_REDIS_UP)
        ln_redis_go_down(r, why);
    else if (LN_UNLIKELY(fault == LN_REDIS_READONLY || r->renew))
        renew(r, fault);
}

/* The one who asked for too much is told so; the connection cannot be used any more. */
static void give_large(struct ln_redis *r, struct ln_redis_call *c)
{
    ln_redis_call_late(c, LN_REDIS_TOO_LARGE);
    if (r->reader != NULL)
        lost(r, "a reply was too large");
}

static void give_replies(struct ln_redis *r)
{
    struct ln_redis_reader *reader = r->reader;
    struct ln_redis_reply *reply;

    while (reader != NULL && r->reader == reader) {
        struct ln_redis_call *c = ln_container_of(r->sent.next, struct ln_redis_call, node);

        if (ln_list_is_empty(&r->sent)) {
            if (ln_redis_reader_has_rest(reader))
                ln_redis_go_down(r, "it answers what nobody has asked");
            return;
        }
        switch (ln_redis_reader_next(reader, &c->arena, &reply)) {
        case LN_REDIS_READ:
            give_reply(r, c, reply);
            break;
        case LN_REDIS_READ_MORE:
            return;
        case LN_REDIS_READ_LARGE:
            give_large(r, c);
            return;
        case LN_REDIS_READ_BROKEN:
            ln_redis_go_down(r, "it does not speak the protocol of Redis");
            return;
        }
    }
}

static void on_readable(struct ln_stream *s)
{
    struct ln_redis *r = ln_container_of(s, struct ln_redis, stream);
    char bytes[READ_SIZE];

    for (unsigned round = 0; round < READ_ROUNDS && s->fd >= 0; round++) {
        ssize_t n = ln_stream_read(s, bytes, sizeof bytes);

        if (n == LN_STREAM_AGAIN)
            return;
        if (n <= 0) {
            lost(r, n == 0 ? "it closed the connection" : strerror(s->error));
            return;
        }
        r->heard = ln_loop_now_ms(r->pool->loop);
        if (!ln_redis_reader_feed(r->reader, bytes, (size_t)n)) {
            if (ln_list_is_empty(&r->sent))
                ln_redis_go_down(r, "it answers what nobody has asked");
            else
                give_large(r, ln_container_of(r->sent.next, struct ln_redis_call, node));
            return;
        }
        give_replies(r);
        if ((size_t)n < sizeof bytes)
            return;
    }
}

/* ---- greeting ---- */

static void on_watch(struct ln_timer *t)
{
    struct ln_redis *r = ln_container_of(t, struct ln_redis, watch);

    if (r->renew) { /* since the last time, but the old master does not answer what was sent */
        lost(r, "another server has become the master");
        return;
    }
    ln_timer_start(r->pool->loop, t, WATCH_EVERY, on_watch);
    ln_redis_sentinels_ask(r->sentinels);
}

void ln_redis_go_up(struct ln_redis *r)
{
    r->state = LN_REDIS_UP;
    r->connected = ln_loop_now_ms(r->pool->loop);
    if (r->told)
        ln_info("redis %s: up", r->url.label);
    else
        ln_debug("redis %s: connected", r->url.label);
    r->told = false;
    r->down = false;
    r->reason[0] = '\0';
    r->late = 0;
    ln_deadline_clear(&r->patience);
    ln_timer_stop(r->pool->loop, &r->retry);
    if (r->sentinels != NULL)
        ln_timer_start(r->pool->loop, &r->watch, WATCH_EVERY, on_watch);
    ln_redis_flush_later(r);
}

/* A name is a courtesy, and so are PING and ROLE where the user may not: only what calls need
 * counts. */
static const struct ln_redis_reply *find_refusal(const struct ln_redis_call *c)
{
    unsigned courtesies = c->redis->sentinels != NULL ? 3 : 2;

    for (unsigned i = 0; i < c->count; i++) {
        const struct ln_redis_reply *reply = c->replies[i];
        bool courtesy = i + courtesies >= c->count;

        if (reply->kind != LN_REDIS_FAULT)
            continue;
        if (i + 2 == c->count || (courtesy && ln_redis_error_of(reply->text) == LN_REDIS_NOPERM))
            continue;
        return reply;
    }
    return NULL;
}

/* Sentinels may not have heard yet what a server has become. */
static bool is_replica(const struct ln_redis_call *c)
{
    const struct ln_redis_reply *role = c->replies[c->count - 3];

    return role->kind == LN_REDIS_ARRAY && role->count > 0 &&
           role->items[0]->kind == LN_REDIS_TEXT &&
           !ln_slice_eq(role->items[0]->text, LN_SLICE("master"));
}

static void on_greeted(struct ln_redis_call *c)
{
    struct ln_redis *r = c->redis;
    const struct ln_redis_reply *refusal;
    char why[sizeof r->reason] = "";

    if (c->error !=
        LN_REDIS_OK) { /* endings of the connection free it first: only its size is left */
        ln_redis_go_down(r, "its answer to the greeting was too large");
        return;
    }
    refusal = find_refusal(c);
    if (refusal != NULL)
        snprintf(why, sizeof why, "%.*s", (int)(refusal->text.n < 200 ? refusal->text.n : 200),
                 refusal->text.p);
    if (r->url.password[0] != '\0' && strstr(why, r->url.password) != NULL)
        snprintf(why, sizeof why, "the password was refused"); /* whatever it has sent back */
    if (refusal == NULL && r->sentinels != NULL && is_replica(c))
        snprintf(why, sizeof why, "%.200s:%u is a replica, sentinels still call it the master",
                 r->master.host, r->master.port);
    r->greeting = NULL;
    ln_redis_call_free(c);
    if (why[0] != '\0')
        ln_redis_go_down(r, why);
    else
        ln_redis_go_up(r);
}

static void add_words(struct ln_redis_call *c, unsigned n, const char *const *words)
{
    ln_redis_call_command(c, n);
    for (unsigned i = 0; i < n; i++)
        ln_redis_call_word(c, words[i], strlen(words[i]));
}

static void greet(struct ln_redis *r)
{
    struct ln_redis_call *c = ln_redis_call_new(r, on_greeted, NULL);
    const struct ln_redis_url *u = &r->url;
    char db[16];

    snprintf(db, sizeof db, "%u", u->db);
    if (u->user[0] != '\0')
        add_words(c, 3, (const char *const[]){"AUTH", u->user, u->password});
    else if (u->password[0] != '\0')
        add_words(c, 2, (const char *const[]){"AUTH", u->password});
    if (u->db != 0)
        add_words(c, 2, (const char *const[]){"SELECT", db});
    if (r->sentinels != NULL)
        add_words(c, 1, (const char *const[]){"ROLE"});
    add_words(c, 3, (const char *const[]){"CLIENT", "SETNAME", "lunette"});
    add_words(c, 1, (const char *const[]){"PING"});
    r->greeting = c;
    r->waiting++;
    send_call(r, c);
    write_out(r);
}

/* ---- connecting ---- */

static void on_connected(struct ln_connect *connect, int fd)
{
    struct ln_redis *r = ln_container_of(connect, struct ln_redis, connect);

    r->is_connecting = false;
    ln_resolve_done(&r->resolve);
    if (fd < 0) {
        lost(r, strerror(connect->error));
        return;
    }
    ln_stream_tcp(fd, &(struct ln_tcp_options){.no_delay = true, .keep_alive = KEEP_ALIVE});
    ln_stream_open(&r->stream, r->pool->loop, fd, on_readable, on_writable);
    r->reader = ln_redis_reader_new(LN_REDIS_REPLY_MAX);
    ln_stream_watch_read(&r->stream, true);
    greet(r);
}

static const struct sockaddr *tcp_address(struct ln_connect *connect, unsigned i, socklen_t *len)
{
    return ln_resolve_address(&ln_container_of(connect, struct ln_redis, connect)->resolve, i, len);
}

static const struct sockaddr *unix_address(struct ln_connect *connect, unsigned i, socklen_t *len)
{
    struct ln_redis *r = ln_container_of(connect, struct ln_redis, connect);

    (void)i;
    r->local = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(r->local.sun_path, r->url.path, sizeof r->url.path);
    *len = sizeof r->local;
    return (const struct sockaddr *)&r->local;
}

static void connect_to(struct ln_redis *r, unsigned count,
                       const struct sockaddr *(*address)(struct ln_connect *, unsigned,
                                                         socklen_t *))
{
    r->connect.address = address;
    r->connect.on_connect = on_connected;
    r->is_connecting = true;
    ln_connect_start(&r->connect, r->pool->loop, count, CONNECT_MS);
}

static void on_resolved(struct ln_resolve_op *op)
{
    struct ln_redis *r = ln_container_of(op, struct ln_redis, resolve);

    if (ln_resolve_status(op) != LN_RESOLVED)
        lost(r, ln_resolve_status_text(ln_resolve_status(op)));
    else
        connect_to(r, ln_resolve_count(op), tcp_address);
}

static void look_up(struct ln_redis *r, const struct ln_redis_place *place)
{
    if (r->pool->resolver == NULL)
        lost(r, "names cannot be looked up");
    else if (ln_resolve(r->pool->resolver, ln_slice_of(place->host), place->port, AF_UNSPEC,
                        &r->resolve, on_resolved))
        on_resolved(&r->resolve);
}

/* To connect; or, while there is a connection, to see whether it is still the right one. */
void ln_redis_located(void *arg, const struct ln_redis_place *place, const char *reason)
{
    struct ln_redis *r = arg;
    bool moved = place != NULL &&
                 (place->port != r->master.port || strcmp(place->host, r->master.host) != 0);

    if (moved)
        r->master = *place;
    if (r->locating) {
        r->locating = false;
        if (place == NULL)
            lost(r, reason);
        else
            look_up(r, &r->master);
    } else if (moved && r->state == LN_REDIS_UP) {
        r->renew = true;
        renew(r, LN_REDIS_OK);
    }
}

static void on_patience(struct ln_deadline *d)
{
    lost(ln_container_of(d, struct ln_redis, patience), "no connection within a second");
}

void ln_redis_open(struct ln_redis *r)
{
    ln_assert(r->stream.fd < 0 && !r->is_connecting);
    r->state = LN_REDIS_CONNECTING;
    ln_deadline_init(&r->patience, on_patience);
    ln_deadline_set(r->pool->deadlines, &r->patience, CONNECT_MS);
    r->locating = r->sentinels != NULL;
    if (r->locating)
        ln_redis_sentinels_ask(r->sentinels);
    else if (r->cluster != NULL)
        ln_redis_cluster_look(r->cluster);
    else if (r->url.path[0] != '\0')
        connect_to(r, 1, unix_address);
    else
        look_up(r, &r->url.at[0]);
}
