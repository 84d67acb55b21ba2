/* SPDX-License-Identifier: Apache-2.0
 * relay.c - bytes between the two connections of an exchange, and the facts that follow from them.
 *
 * Both directions run at the same time and end independently: an instance may answer while the
 * request is still coming. A direction whose destination is full stops reading its source.
 */
#include "base/log.h"
#include "gateway/collect.h"
#include "gateway/exchange.h"
#include "gateway/filter.h"
#include "gateway/headwrite.h"
#include "gateway/pacing.h"
#include "gateway/repeat.h"
#include "gateway/tunnel.h"
#include "http/hop.h"

enum { INTERIM_MAX = 64 }; /* of one exchange: each head stays in its arena */

/* All of a short body at once, a long one in pieces that are still warm when they are written. */
static size_t read_size(const struct ln_exchange *x, const struct ln_body *body)
{
    uint64_t most = x->gen->conf->gateway.limits.buffer;
    size_t size = body->framing == LN_FRAMING_LENGTH && body->left <= LN_SCRATCH_IN ? LN_SCRATCH_IN
                                                                                    : LN_PIECE;

    return most > 0 && most < size ? (size_t)most : size;
}

/* ---- the request's content
 * ------------------------------------------------------------------------------------ */

bool ln_exchange_wants_body(const struct ln_exchange *x)
{
    if (ln_collect_is_on(x))
        return ln_downstream_waiting(x->d) == 0;
    return (x->step == LN_STEP_AWAIT || x->step == LN_STEP_RELAY) && x->attempt.conn != NULL &&
           !x->up.ended && !x->up_broken && x->up.pending == NULL &&
           ln_downstream_waiting(x->d) == 0;
}

/* To read, to send, or nothing. */
static void expect_client(struct ln_exchange *x)
{
    const struct ln_timeouts_conf *t = &x->gen->conf->gateway.timeouts;

    if (ln_pacing_is_held(x, LN_PACE_RESPONSE))
        ln_deadline_clear(&x->d->deadline);
    else if (x->down.pending != NULL)
        ln_downstream_patience(x->d, LN_PATIENCE_SEND, t->send);
    else if (ln_exchange_wants_body(x) ||
             (x->step == LN_STEP_SEND && !x->up.ended && x->up.pending == NULL))
        ln_downstream_patience(x->d, LN_PATIENCE_BODY, t->body);
    else
        ln_deadline_clear(&x->d->deadline);
}

/* Is it the instance's turn before its head has come? While the client is sending it may wait for
 * more; not so when the client itself waits for a 100. */
static bool is_head_due(const struct ln_exchange *x)
{
    if (ln_pacing_is_held(x, LN_PACE_REQUEST))
        return false;
    return x->up.ended || x->up.pending != NULL || x->up_broken ||
           (x->head.expect_continue && x->up.body.total == 0);
}

static void expect_instance(struct ln_exchange *x)
{
    ln_msec after;

    if (x->attempt.conn == NULL || x->step == LN_STEP_PICK) /* that has a time of its own */
        return;
    if (x->down.pending != NULL || x->step == LN_STEP_FILTER || x->chunk_parked)
        after = 0;
    else if (!x->got_head)
        after = is_head_due(x) ? ln_attempts_first_byte(x) : 0;
    else
        after = ln_exchange_wants_body(x) ? 0 : ln_exchange_service(x)->idle;
    ln_deadline_set(x->gw->deadlines, &x->deadline, after);
}

void ln_relay_expect(struct ln_exchange *x)
{
    expect_instance(x);
    if (x->head.framing != LN_FRAMING_NONE || x->down.pending != NULL ||
        x->d->patience == LN_PATIENCE_SEND)
        expect_client(x);
}

/* The request cannot be completed. As long as the client has seen nothing it is told why. */
static void refuse_content(struct ln_exchange *x, const struct ln_answer *a)
{
    ln_attempts_release(x, LN_OUTCOME_CLIENT_GONE, false);
    if (x->started)
        x->abort = true;
    else
        x->answer = *a;
}

void ln_relay_sent(struct ln_exchange *x, enum ln_flow_result result, enum ln_reject why)
{
    if (x->tunnel) {
        ln_tunnel_sent(x, result);
        return;
    }
    switch (result) {
    case LN_FLOW_MORE:
        if (x->step != LN_STEP_FILTER)
            ln_downstream_resume(x->d);
        break;
    case LN_FLOW_END:
        ln_attempt_asked(&x->attempt);
        ln_downstream_resume(x->d);
        break;
    case LN_FLOW_FULL:
        ln_downstream_pause(x->d);
        ln_stream_watch_write(&x->attempt.conn->stream, true);
        break;
    case LN_FLOW_HELD:
        ln_downstream_pause(x->d);
        ln_pacing_hold(x, LN_PACE_REQUEST);
        break;
    case LN_FLOW_LARGE:
        x->body_bad = true;
        refuse_content(x, ln_answer(LN_ANSWER_BODY_LARGE));
        return;
    case LN_FLOW_BAD: {
        struct ln_answer a = ln_answer_reject(why);

        x->body_bad = true;
        refuse_content(x, &a);
        return;
    }
    case LN_FLOW_GONE: /* it may have answered before it closed: reading tells */
        x->up_broken = true;
        ln_downstream_pause(x->d);
        break;
    }
    ln_relay_expect(x);
}

/* A client that sends just enough to be never silent still holds an instance. */
bool ln_relay_is_too_slow(const struct ln_exchange *x)
{
    const struct ln_limits_conf *l = &x->gen->conf->gateway.limits;
    ln_nsec held = ln_pacing_held_for(x, LN_PACE_REQUEST); /* it is we who were slow */
    ln_nsec all = ln_loop_now(x->gw->loop) - x->sent_at;
    ln_msec spent = (all > held ? all - held : 0) / LN_NSEC_PER_MSEC;

    return l->body_rate > 0 && !x->tunnel && spent > l->body_grace &&
           x->up.body.total < l->body_rate * (spent - l->body_grace) / 1000;
}

void ln_exchange_read_body(struct ln_exchange *x)
{
    struct ln_gateway *gw = x->gw;
    struct ln_downstream *d = x->d;
    struct ln_window w = {gw->scratch_out, 0, LN_SCRATCH_OUT};
    size_t room = read_size(x, &x->up.body);
    enum ln_reject why = LN_REJECT_NONE;

    if (ln_collect_is_on(x)) {
        ln_collect_read(x);
        return;
    }
    if (x->up.body.framing == LN_FRAMING_LENGTH && x->up.body.left < room)
        room =
            (size_t)
                x->up.body.left; /* what follows is the next request: leave it to the next read */

    ssize_t n = ln_stream_read(&d->stream, gw->scratch_in, room);

    if (n == LN_STREAM_AGAIN)
        return;
    if (n == 0 && x->tunnel) {
        d->eof = true;
        ln_downstream_pause(d);
        ln_tunnel_client_eof(x);
        return;
    }
    if (n <= 0) { /* the request breaks off */
        ln_exchange_client_gone(x);
        return;
    }
    ln_stat_add(gw->slot, LN_STAT_BYTES_IN, (uint64_t)n);
    if (ln_relay_is_too_slow(x)) {
        ln_exchange_client_slow(x, LN_PATIENCE_BODY);
        return;
    }

    const char *p = gw->scratch_in, *end = p + n;
    enum ln_flow_result result = ln_flow_push(&x->up, &x->attempt.conn->stream, &w, &p, end, &why);

    if (!x->body_lost)
        ln_repeat_keep(x, gw->scratch_in, (size_t)(p - gw->scratch_in));
    if (x->up.ended)
        ln_downstream_unread(d, p, (size_t)(end - p));
    ln_relay_sent(x, result, why);
    ln_exchange_advance(x);
}

void ln_relay_on_up_writable(struct ln_stream *s)
{
    struct ln_exchange *x = ln_container_of(s, struct ln_upconn, stream)->user;
    enum ln_flow_result result = ln_flow_flush(&x->up, s);

    ln_stream_watch_write(s, result == LN_FLOW_FULL);
    if (result == LN_FLOW_FULL)
        return;
    ln_relay_sent(x, result, LN_REJECT_NONE);
    ln_exchange_advance(x);
}

/* ---- the response's head
 * -------------------------------------------------------------------------------------- */

static void fail(struct ln_exchange *x, enum ln_outcome outcome)
{
    x->failed = true;
    x->outcome = outcome;
}

/* Interim responses go to clients that know them (RFC 9110 section 15.2). They are optional: one
 * that finds the client's socket full is left out; one that is taken in part leaves a connection
 * that cannot be saved. */
static void pass_interim(struct ln_exchange *x, const struct ln_res_head *h)
{
    struct ln_writer w = ln_writer(x->gw->scratch_out, LN_SCRATCH_OUT);

    if (x->head.minor == 0 || (h->status == 100 && !x->head.expect_continue) ||
        !ln_headwrite_interim(h, &w))
        return;
    size_t size = (size_t)(w.at - x->gw->scratch_out);
    ssize_t n = ln_stream_write(&x->d->stream, x->gw->scratch_out, size);

    if (n == LN_STREAM_ERROR || (n > 0 && (size_t)n < size))
        x->gone = true;
}

/* RFC 9110 section 7.8: a 101 names the protocol, and it is one of those that were offered. */
static bool was_offered(struct ln_slice offered, struct ln_slice chosen)
{
    struct ln_slice want, one, rest;
    bool any = false;

    while (ln_slice_next_token(&chosen, &want)) {
        bool found = false;

        for (rest = offered; !found && ln_slice_next_token(&rest, &one);)
            found = ln_slice_caseeq(one, want);
        if (!found)
            return false;
        any = true;
    }
    return any;
}

static bool agree_upgrade(struct ln_exchange *x)
{
    const struct ln_field *f = ln_fields_find(&x->res.fields, LN_FIELD_UPGRADE);

    if (f == NULL || !was_offered(x->upgrade, ln_field_value(f))) {
        fail(x, LN_OUTCOME_BAD_RESPONSE);
        return false;
    }
    x->upgrade = ln_field_value(f);
    ln_fields_drop_hop_by_hop(&x->res.fields);
    x->tunnel = x->got_head = true;
    ln_deadline_clear(&x->deadline);
    return false;
}

/* One head is complete in c->in. True when it was an interim one and there may be another behind
 * it. */
static bool take_head(struct ln_exchange *x, struct ln_upconn *c, size_t n,
                      const struct ln_head_limits *limits)
{
    struct ln_slice head = ln_arena_dup(&x->arena, ln_slice(ln_buf_at(c->in), n));

    ln_fields_init(&x->res.fields, &x->arena);
    enum ln_reject why = ln_res_head_parse(&x->res, head.p, n, limits);

    c->in->head += n;
    x->scan = (struct ln_head_scan){0};
    if (why == LN_REJECT_NONE && x->res.status == 101 && x->upgrade.p != NULL)
        return agree_upgrade(x);
    if (why != LN_REJECT_NONE || x->res.status == 101) { /* nobody asked to upgrade */
        ln_warn("instance %s: bad response: %s", x->attempt.instance->conf->url,
                why != LN_REJECT_NONE ? ln_reject_row(why)->sentence
                                      : "101 without a request to upgrade");
        fail(x, LN_OUTCOME_BAD_RESPONSE);
        return false;
    }
    ln_fields_drop_hop_by_hop(&x->res.fields);
    if (x->res.status < 200) {
        x->interims++;
        pass_interim(x, &x->res);
        return true;
    }
    ln_res_head_settle(
        &x->res,
        ln_method_identify(x->req.method)); /* of the request that was sent, whatever came in */
    x->got_head = true;
    ln_deadline_clear(&x->deadline);
    return false;
}

static void look_for_head(struct ln_exchange *x, struct ln_upconn *c)
{
    const struct ln_limits_conf *l = &x->gen->conf->gateway.limits;
    struct ln_head_limits limits = {l->request_line, l->headers, (unsigned)l->header_count};

    while (x->interims < INTERIM_MAX) {
        enum ln_reject why = LN_REJECT_NONE;

        if (ln_buf_len(c->in) ==
            0) /* a cleared buffer begins anew, so that interim heads do not use it up */
            c->in->head = c->in->tail = 0;
        long n = ln_head_end(&x->scan, ln_buf_at(c->in), ln_buf_len(c->in), &limits, false, &why);

        if (n == 0)
            return;
        if (n < 0) {
            ln_warn("instance %s: bad response: %s", x->attempt.instance->conf->url,
                    ln_reject_row(why)->sentence);
            fail(x, LN_OUTCOME_BAD_RESPONSE);
            return;
        }
        if (!take_head(x, c, (size_t)n, &limits))
            return;
    }
    fail(x, LN_OUTCOME_BAD_RESPONSE);
}

void ln_relay_drop_input(struct ln_exchange *x, struct ln_upconn *c)
{
    if (c->in != x->gw->hot_up)
        ln_buf_return(&x->gw->bufs, c->in);
    c->in = NULL;
}

/* The event is over and the warm buffer must be free for the next: what waits there moves to a
 * buffer of the connection's own. */
static void keep_input(struct ln_gateway *gw, struct ln_upconn *c)
{
    struct ln_buf *hot = c->in;

    if (hot != gw->hot_up)
        return;
    c->in = ln_buf_borrow(&gw->bufs, ln_buf_len(hot));
    ln_buf_put(c->in, ln_buf_at(hot), ln_buf_len(hot));
}

/* Room for a whole head within the limits; false when there is none left. */
static bool make_room(struct ln_exchange *x, struct ln_upconn *c)
{
    const struct ln_limits_conf *l = &x->gen->conf->gateway.limits;
    size_t most = l->request_line + l->headers + 16;

    if (c->in == NULL) {
        c->in = x->gw->hot_up;
        c->in->head = c->in->tail = 0;
    }
    if (ln_buf_room(c->in) > 0)
        return true;
    if (c->in->cap >= most)
        return false;
    keep_input(x->gw, c);
    c->in = ln_buf_enlarge(&x->gw->bufs, c->in, most);
    return true;
}

static void read_head(struct ln_exchange *x, struct ln_upconn *c)
{
    if (!make_room(x, c)) {
        fail(x, LN_OUTCOME_BAD_RESPONSE);
        return;
    }
    ssize_t n = ln_stream_read(&c->stream, ln_buf_end(c->in), ln_buf_room(c->in));

    if (n == LN_STREAM_AGAIN)
        return;
    if (n <= 0) {
        bool silent = ln_buf_len(c->in) == 0;

        fail(x, x->attempt.pooled && silent ? LN_OUTCOME_STALE : LN_OUTCOME_RESET);
        return;
    }
    c->in->tail += (size_t)n;
    look_for_head(x, c);
}

/* ---- the response's content
 * ----------------------------------------------------------------------------------- */

/* The instance is done with; whether its connection can be used again depends on both directions.
 */
static void release_done(struct ln_exchange *x)
{
    bool clean = x->res.keep_alive && x->up.ended && x->up.pending == NULL && !x->up_broken &&
                 x->res.framing != LN_FRAMING_CLOSE;

    ln_attempts_release(x, LN_OUTCOME_OK, clean);
}

void ln_relay_received(struct ln_exchange *x, enum ln_flow_result result)
{
    struct ln_upconn *c = x->attempt.conn;

    if (x->tunnel && c != NULL) {
        ln_tunnel_received(x, result);
        return;
    }
    if (x->down.ended && c != NULL) {
        release_done(x);
        c = NULL;
    }
    switch (result) {
    case LN_FLOW_MORE:
        break;
    case LN_FLOW_FULL:
        if (c != NULL)
            ln_stream_watch_read(&c->stream, false);
        ln_stream_watch_write(&x->d->stream, true);
        break;
    case LN_FLOW_HELD:
        if (c != NULL)
            ln_stream_watch_read(&c->stream, false);
        ln_pacing_hold(x, LN_PACE_RESPONSE);
        break;
    case LN_FLOW_END:
        x->finished = true;
        break;
    case LN_FLOW_LARGE: /* responses have no bound */
    case LN_FLOW_BAD:
        ln_attempts_release(x, x->cut ? LN_OUTCOME_OK : LN_OUTCOME_BAD_RESPONSE, false);
        x->abort = true;
        break;
    case LN_FLOW_GONE:
        x->gone = true;
        break;
    }
    if (!x->finished)
        ln_relay_expect(x);
}

static void truncated(struct ln_exchange *x)
{
    ln_warn("instance %s: the connection was closed in the middle of a response",
            x->attempt.instance->conf->url);
    ln_attempts_release(x, LN_OUTCOME_TRUNCATED, false);
    x->abort = true;
}

static void read_content(struct ln_exchange *x, struct ln_upconn *c)
{
    struct ln_gateway *gw = x->gw;
    struct ln_window w = {gw->scratch_out, 0, LN_SCRATCH_OUT};
    ssize_t n = ln_stream_read(&c->stream, gw->scratch_in, read_size(x, &x->down.body));
    enum ln_reject why = LN_REJECT_NONE;

    if (n == LN_STREAM_AGAIN)
        return;
    if (n <= 0) {
        if (n == 0 && ln_body_is_complete_at_eof(&x->down.body))
            ln_relay_received(x, x->filtering ? ln_filter_close(x, &w)
                                              : ln_flow_close(&x->down, &x->d->stream, &w));
        else
            truncated(x);
        return;
    }
    const char *p = gw->scratch_in, *end = p + n;
    enum ln_flow_result result;

    if (x->filtering) {
        ln_relay_received(x, ln_filter_push(x, p, (size_t)n, &w));
        return;
    }
    result = ln_flow_push(&x->down, &x->d->stream, &w, &p, end, &why);
    if (p < end)
        x->res.keep_alive = false; /* bytes behind the end of the response */
    ln_relay_received(x, result);
}

void ln_relay_on_up_readable(struct ln_stream *s)
{
    struct ln_upconn *c = ln_container_of(s, struct ln_upconn, stream);
    struct ln_exchange *x = c->user;
    struct ln_gateway *gw = x->gw;

    if (x->step == LN_STEP_AWAIT && !x->got_head) {
        read_head(x, c);
    } else if (x->step == LN_STEP_RELAY && x->down.pending == NULL && !x->chunk_parked) {
        read_content(x, c);
    } else { /* a response handler is waiting: so does the instance */
        ln_stream_watch_read(s, false);
        return;
    }
    ln_exchange_advance(x);
    keep_input(gw, c);
}

/* ---- facts from the client's connection
 * ----------------------------------------------------------------------- */

void ln_exchange_client_writable(struct ln_exchange *x)
{
    struct ln_downstream *d = x->d;
    uint64_t before = x->down.written;
    struct ln_window w = {x->gw->scratch_out, 0, LN_SCRATCH_OUT};
    enum ln_flow_result result = ln_flow_flush(&x->down, &d->stream);

    if (result == LN_FLOW_MORE && x->filtering)
        result = ln_filter_pump(x, &w);
    ln_stream_watch_write(&d->stream, result == LN_FLOW_FULL);
    if (result == LN_FLOW_FULL) {
        if (x->down.written > before ||
            !ln_deadline_is_set(&d->deadline)) /* it reads, if slowly; or it is its turn again */
            ln_downstream_patience(d, LN_PATIENCE_SEND, x->gen->conf->gateway.timeouts.send);
        return;
    }
    if (x->attempt.conn != NULL && !x->down.ended && result != LN_FLOW_HELD)
        ln_stream_watch_read(&x->attempt.conn->stream, true);
    ln_relay_received(x, result);
    ln_exchange_advance(x);
}

void ln_exchange_client_eof(struct ln_exchange *x)
{
    if (x->tunnel && x->step == LN_STEP_RELAY) {
        ln_tunnel_client_eof(x);
        return;
    }
    /* Before the request is sent its content may still lie in the buffer: then sending decides. */
    if (x->has_head && !ln_body_is_done(&x->up.body) && x->step > LN_STEP_SEND)
        ln_exchange_client_gone(x);
}

void ln_exchange_client_gone(struct ln_exchange *x)
{
    x->gone = true;
    ln_exchange_advance(x);
}

void ln_exchange_client_slow(struct ln_exchange *x, enum ln_patience patience)
{
    if (patience == LN_PATIENCE_BODY && !x->started) {
        ln_attempts_release(x, LN_OUTCOME_CLIENT_GONE, false);
        x->answer = *ln_answer(LN_ANSWER_BODY_TIMEOUT);
    } else {
        ln_attempts_release(x, LN_OUTCOME_CLIENT_GONE, false);
        x->abort = x->started;
        x->gone = true;
    }
    ln_exchange_advance(x);
}
