/* SPDX-License-Identifier: Apache-2.0
 * attempts.c - the steps on the instance's side: pick, connect, send, await. What may be repeated:
 * repeat.h
 */
#include "base/log.h"
#include "gateway/exchange.h"
#include "gateway/headwrite.h"
#include "gateway/identity.h"
#include "gateway/repeat.h"
#include "gateway/rewrite.h"
#include "http/proxy.h"
#include "script/up.h"

enum { IDLE_MAX_S = 600, RETRY_AFTER_MS = 1000 };

static struct ln_service *service_of(const struct ln_exchange *x)
{
    return &x->gen->services->v[x->req.service];
}

ln_msec ln_attempts_first_byte(const struct ln_exchange *x)
{
    const struct ln_service_conf *conf = service_of(x)->conf;
    ln_msec whole = x->req.route->timeout > 0 ? x->req.route->timeout : conf->first_byte;

    ln_msec per_try = conf->retry.per_try;

    return per_try > 0 && (whole == 0 || per_try < whole) ? per_try : whole;
}

/* How long the instance has promised to keep the connection, less a second: a request must not meet
 * its close half-way. */
static ln_msec promised_idle(const struct ln_exchange *x)
{
    uint64_t seconds = x->got_head ? x->res.keep_alive_timeout : 0;

    if (seconds == 0)
        return 0;
    return seconds > IDLE_MAX_S ? IDLE_MAX_S * 1000 : seconds > 1 ? (seconds - 1) * 1000 : 500;
}

/* ---- the place ---- */

static bool take_place(struct ln_exchange *x, struct ln_service *s)
{
    enum ln_priority priority =
        x->req.priority > 0 ? (enum ln_priority)(x->req.priority - 1) : s->conf->priority;

    if (!ln_concurrency_enter(&s->load, priority, ln_loop_now_ms(x->gw->loop)))
        return false;
    x->placed = ln_loop_now(x->gw->loop);
    return true;
}

static void leave_place(struct ln_exchange *x)
{
    if (x->placed == 0)
        return;
    x->placed = 0;
    ln_concurrency_leave(&service_of(x)->load, ln_loop_now_ms(x->gw->loop));
}

/* Before the request has waited anywhere. */
static enum ln_step refuse(struct ln_exchange *x, struct ln_service *s)
{
    x->retry_after = (ln_nsec)ln_concurrency_retry_after(&s->load) * 1000 * LN_NSEC_PER_MSEC;
    ln_stat_add(x->gw->slot, LN_STAT_SHED, 1);
    x->answer = *ln_answer(LN_ANSWER_OVERLOADED);
    return LN_STEP_ANSWER;
}

/* The attempt is over, but perhaps not the request. */
static void release(struct ln_exchange *x, enum ln_outcome outcome, bool reusable)
{
    struct ln_upconn *c = x->attempt.conn;

    if (x->attempt.instance == NULL)
        return;
    ln_deadline_clear(&x->deadline);
    if (ln_outcome_row(outcome)->strikes > 0)
        ln_stat_add(x->gw->slot, LN_STAT_ATTEMPTS_FAILED, 1);
    if (c != NULL) {
        ln_relay_drop_input(x, c);
        c->max_idle = promised_idle(x);
    }
    ln_attempt_release(&x->attempt, outcome,
                       reusable && service_of(x)->conf->proxy == LN_PROXY_SEND_OFF);
}

void ln_attempts_release(struct ln_exchange *x, enum ln_outcome outcome, bool reusable)
{
    release(x, outcome, reusable);
    leave_place(x);
}

/* ---- pick and connect
 * ----------------------------------------------------------------------------------------- */

/* Can it be sent again whatever happens on the first connection? */
static bool is_whole(const struct ln_exchange *x)
{
    return x->head.framing == LN_FRAMING_NONE || x->own_body ||
           (x->head.framing == LN_FRAMING_LENGTH && !x->body_lost &&
            ln_downstream_waiting(x->d) >= x->head.length);
}

static enum ln_attempt_want want_of(const struct ln_exchange *x, const struct ln_service *s)
{
    if (x->fresh || s->conf->proxy != LN_PROXY_SEND_OFF)
        return LN_ATTEMPT_FRESH;
    return is_whole(x) && ln_repeat_is_safe(x) ? LN_ATTEMPT_ANY : LN_ATTEMPT_PROVEN;
}

static void on_connected(struct ln_attempt *a)
{
    struct ln_exchange *x = ln_container_of(a, struct ln_exchange, attempt);

    x->connected = true;
    ln_exchange_advance(x);
}

static enum ln_step no_instance(struct ln_exchange *x)
{
    leave_place(x);
    /* An instance that failed just now says more than "none is left". */
    x->answer = x->failed ? ln_answer_outcome(x->outcome) : *ln_answer(LN_ANSWER_NO_BACKEND);
    return LN_STEP_ANSWER;
}

static void note_upstream(struct ln_exchange *x, struct ln_instance *i)
{
    x->req.upstream_service = ln_slice_of(i->service->conf->name);
    x->req.upstream_address = ln_slice_of(i->conf->url);
    if (i->spot != NULL) /* its spot may be another's by the time of the log */
        x->req.upstream_address = ln_arena_dup(&x->arena, x->req.upstream_address);
    x->req.attempt = x->tries;
}

static void wish_by_key(struct ln_wish *wish, struct ln_slice key)
{
    wish->has_key = key.n > 0;
    if (wish->has_key)
        wish->key = ln_rendezvous_key(key);
}

/* Whose cookie does not name the instance that has answered gets one that does, unless it has left
 * meanwhile. */
static void keep_client(struct ln_exchange *x, const struct ln_service *s)
{
    unsigned at = (unsigned)(x->attempt.instance - s->instances);
    struct ln_slice cookie;

    if (ln_sticky_find(s, x->req.fields) == at + 1)
        return;
    cookie = ln_sticky_cookie(s, at, &x->arena);
    if (cookie.n > 0)
        ln_fields_add(&x->res.fields, LN_SLICE("Set-Cookie"), cookie);
}

/* The response that was held back for a repeat is the answer after all. */
static enum ln_step take_response(struct ln_exchange *x)
{
    x->held = false;
    if (x->kept != NULL)
        ln_repeat_forget(x);
    if (service_of(x)->conf->concurrency.adaptive)
        leave_place(x);
    ln_rewrite_response(x);
    if (service_of(x)->conf->sticky.on)
        keep_client(x, service_of(x));
    x->req.status = x->res.status;
    x->req.res_fields = &x->res.fields;
    x->req.origin = LN_ORIGIN_UPSTREAM;
    return LN_STEP_FILTER;
}

/* Is all of the response here, so that its connection can serve again? */
static bool is_drained(struct ln_exchange *x)
{
    struct ln_buf *in = x->attempt.conn->in;
    const char *p = ln_buf_at(in), *end = ln_buf_end(in);
    struct ln_slice piece;
    struct ln_body body;
    enum ln_body_event event;
    enum ln_reject why;

    ln_body_init(&body, x->res.framing, x->res.length, NULL);
    while ((event = ln_body_next(&body, &p, end, &piece, &why)) == LN_BODY_DATA)
        ;
    return event == LN_BODY_END && p == end && x->res.keep_alive && x->up.ended &&
           x->up.pending == NULL && !x->up_broken;
}

/* The repeat begins: the response that was held back is not needed any more. */
static void drop_response(struct ln_exchange *x)
{
    x->held = false;
    release(x, LN_OUTCOME_OK, is_drained(x));
    ln_repeat_rewind(x);
}

/* The route's balance handlers come before the strategy. False: one of them has failed. */
static bool ask_handlers(struct ln_exchange *x, const struct ln_service *s, struct ln_wish *wish)
{
    struct ln_up up = {.attempt = x->tries + 1, .arena = &x->arena};

    if (x->held)
        up.last_error = LN_SLICE("status");
    else if (x->failed)
        up.last_error = ln_slice_of(ln_outcome_row(x->outcome)->code);
    ln_up_of_service(&up, s, ln_loop_now_ms(x->gw->loop));
    ln_vm_balance(x->gen->vm, &x->req, &up);
    wish->named = up.chosen > 0 ? s->present[up.chosen - 1] + 1u : 0;
    if (up.has_key) {
        wish_by_key(wish, up.key);
        wish->sticky = 0; /* what a handler says comes first */
    }
    return !up.failed;
}

static enum ln_step give_up_waiting(struct ln_exchange *x, struct ln_answer answer)
{
    ln_queue_leave(&x->waiter);
    ln_deadline_clear(&x->deadline);
    ln_attempts_release(x, LN_OUTCOME_OK, false); /* of a response that was held back */
    x->held = false;
    x->answer = answer;
    return LN_STEP_ANSWER;
}

static void on_turn(struct ln_waiter *w)
{
    ln_exchange_advance(ln_container_of(w, struct ln_exchange, waiter));
}

/* Every instance is full: parked until one is not, for a while. */
static enum ln_step wait_for_room(struct ln_exchange *x, struct ln_service *s)
{
    if (x->waiter.queue != NULL && !x->waited)
        return LN_STEP_PICK;
    x->waiter.on_turn = on_turn;
    if (x->waited || !ln_queue_join(&s->queue, &x->waiter, s->conf->queue_max)) {
        ln_record_count(x->waited ? &s->counts->waited_out : &s->counts->turned_away);
        x->retry_after = (ln_nsec)RETRY_AFTER_MS * LN_NSEC_PER_MSEC;
        return give_up_waiting(x, *ln_answer(LN_ANSWER_NO_CAPACITY));
    }
    ln_deadline_set(x->gw->deadlines, &x->deadline, s->conf->queue_timeout);
    return LN_STEP_PICK;
}

static enum ln_step begin(struct ln_exchange *x, struct ln_service *s, struct ln_instance *i)
{
    enum ln_attempt_want want = want_of(x, s);

    ln_queue_leave(&x->waiter);
    x->waited = false;
    if (!s->conf->upgrade)
        x->upgrade = ln_slice(NULL, 0);
    if (x->tries++ == 0) {
        x->attempt.queued = x->placed > 0 ? ln_loop_now(x->gw->loop) - x->placed : 0;
        ln_budget_note(&s->budget, ln_loop_now_ms(x->gw->loop));
        ln_deadline_set(x->gw->deadlines, &x->total, s->conf->total);
    }
    if (x->tried.count < LN_TRIED_MAX)
        x->tried.at[x->tried.count++] = (uint16_t)(i - s->instances);
    x->failed = x->connected = x->got_head = x->up_broken = false;
    x->scan = (struct ln_head_scan){0};
    ln_stat_add(x->gw->slot, LN_STAT_ATTEMPTS, 1);
    note_upstream(x, i);
    ln_deadline_set(x->gw->deadlines, &x->deadline, s->conf->connect);
    x->attempt.on_connected = on_connected;
    ln_attempt_start(&x->attempt, i, want);
    return LN_STEP_CONNECT;
}

enum ln_step ln_attempts_pick(struct ln_exchange *x)
{
    struct ln_service *s = service_of(x);
    struct ln_wish wish = {.tried = &x->tried};
    struct ln_instance *i;
    struct ln_loan other, *loan = x->held ? &other : &x->attempt.loan;
    bool full;

    if (x->failed && x->outcome == LN_OUTCOME_TOTAL_TIME)
        return give_up_waiting(x, ln_answer_outcome(x->outcome));
    if (x->pausing)
        return LN_STEP_PICK;
    if (s->load.record != NULL && x->placed == 0 && !take_place(x, s))
        return refuse(x, s);
    if (!x->held && s->queue.count > 0 && s->queue.waiting.next != &x->waiter.node)
        return wait_for_room(x, s); /* others came first */
    if (s->conf->sticky.on) {
        ln_service_notice(s); /* before numbers of instances mean others */
        wish.sticky = ln_sticky_find(s, x->req.fields);
    }
    if (s->conf->strategy == LN_STRATEGY_CONSISTENT_HASH)
        wish_by_key(&wish, ln_identity_key(s->conf, &x->req));
    if (x->req.route->has_balance && !ask_handlers(x, s, &wish))
        return give_up_waiting(x, *ln_answer(LN_ANSWER_PLUGIN_ERROR));
    i = ln_service_pick(s, &wish, ln_loop_now_ms(x->gw->loop), loan, &full);
    if (i != NULL) {
        if (x->held) {
            drop_response(x);
            x->attempt.loan = other;
        }
        return begin(x, s, i);
    }
    if (x->held)
        return take_response(x);
    if (full)
        return wait_for_room(x, s);
    ln_queue_leave(&x->waiter);
    return no_instance(x);
}

/* The attempt is over without a response: another one, or an answer of our own. */
static enum ln_step failed(struct ln_exchange *x, enum ln_outcome outcome)
{
    bool again = ln_repeat_after(x, outcome);

    ln_debug("request %.*s: %.*s: %s", (int)x->req.id.n, x->req.id.p,
             (int)x->req.upstream_address.n, x->req.upstream_address.p,
             ln_outcome_row(outcome)->sentence);
    release(x, outcome, false);
    x->failed = true;
    x->outcome = outcome;
    if (!again) {
        leave_place(x);
        x->answer = ln_answer_outcome(outcome);
        return LN_STEP_ANSWER;
    }
    if (outcome == LN_OUTCOME_STALE) {
        x->fresh = true;
        x->tries--;
        x->tried.count--;
    } else if (ln_outcome_row(outcome)->repeat != LN_REPEAT_CONNECT) {
        ln_repeat_pause(x);
    }
    ln_repeat_rewind(x);
    return LN_STEP_PICK;
}

enum ln_step ln_attempts_connect(struct ln_exchange *x)
{
    if (x->failed)
        return failed(x, x->outcome);
    if (!x->connected)
        return LN_STEP_CONNECT;
    if (x->attempt.conn == NULL)
        return failed(x, ln_outcome_of_connect(x->attempt.error));
    x->req.connected = ln_loop_now(x->gw->loop);
    return LN_STEP_SEND;
}

/* ---- send and await
 * ------------------------------------------------------------------------------------------- */

/* The PROXY header that the service wants in front of everything; its size. */
static size_t announce(const struct ln_exchange *x, char *out)
{
    enum ln_proxy_send version = service_of(x)->conf->proxy;
    struct ln_proxy proxy = {.has_addresses = x->d->has_ip, .source_port = x->d->port};
    struct ln_addr here = {.len = sizeof(struct sockaddr_un)};

    if (version == LN_PROXY_SEND_OFF)
        return 0;
    memcpy(proxy.source, x->d->ip, 16);
    if (x->d->has_local_ip)
        memcpy(proxy.destination, x->d->local_ip, 16);
    else if (getsockname(x->d->stream.fd, &here.any, &here.len) != 0 ||
             !ln_addr_ip(&here, proxy.destination))
        proxy.has_addresses = false;
    proxy.destination_port = x->d->local_port;
    return version == LN_PROXY_SEND_V1 ? ln_proxy_write_v1(out, &proxy)
                                       : ln_proxy_write_v2(out, &proxy);
}

static inline enum ln_flow_result send_content(struct ln_exchange *x, struct ln_window *w,
                                               enum ln_reject *why)
{
    struct ln_buf *in = x->own_body ? NULL : x->d->in;
    const char *p = in != NULL ? ln_buf_at(in) : x->req.body.p,
               *end = in != NULL ? ln_buf_end(in) : p + (x->own_body ? x->req.body.n : 0);
    enum ln_flow_result result = ln_flow_push(&x->up, &x->attempt.conn->stream, w, &p, end, why);

    if (in != NULL)
        in->head = (size_t)(p - in->bytes);
    return result;
}

/* What is kept, and behind it what has come meanwhile, which is kept too. */
static enum ln_flow_result send_again(struct ln_exchange *x, struct ln_window *w,
                                      enum ln_reject *why)
{
    struct ln_buf *in = x->d->in;
    size_t from = in != NULL ? in->head : 0;
    enum ln_flow_result result = ln_repeat_replay(x, w, why);

    if (result == LN_FLOW_GONE || in == NULL || ln_buf_len(in) == 0)
        return result;
    result = send_content(x, w, why);
    if (in->head > from)
        ln_repeat_keep(x, in->bytes + from, in->head - from);
    return result;
}

enum ln_step ln_attempts_send(struct ln_exchange *x)
{
    struct ln_upconn *c = x->attempt.conn;
    struct ln_window w = {x->gw->scratch_out, 0, LN_SCRATCH_OUT};
    size_t announced = announce(x, w.base);
    struct ln_writer writer = ln_writer(w.base + announced, w.size - 4096);
    enum ln_reject why = LN_REJECT_NONE;

    x->sent_at = ln_loop_now(x->gw->loop);
    x->up.pace = x->req.paces[LN_PACE_REQUEST];
    if (!ln_headwrite_request(x, &writer)) {
        ln_attempts_release(x, LN_OUTCOME_CLIENT_GONE, false);
        x->answer = *ln_answer(LN_ANSWER_HEAD_LARGE);
        return LN_STEP_ANSWER;
    }
    w.used = (size_t)(writer.at - w.base);
    c->user = x;
    c->stream.on_readable = ln_relay_on_up_readable;
    c->stream.on_writable = ln_relay_on_up_writable;
    ln_stream_watch_read(&c->stream, true);

    enum ln_flow_result result =
        LN_UNLIKELY(x->kept != NULL) ? send_again(x, &w, &why) : send_content(x, &w, &why);

    ln_relay_sent(x, result, why);
    if (result == LN_FLOW_MORE && x->d->eof)
        x->gone = true; /* the request breaks off */
    return x->answer.status != 0 ? LN_STEP_ANSWER : LN_STEP_AWAIT;
}

enum ln_step ln_attempts_await(struct ln_exchange *x)
{
    if (x->answer.status != 0)
        return LN_STEP_ANSWER;
    if (x->failed)
        return failed(x, x->outcome);
    if (!x->got_head)
        return LN_STEP_AWAIT;

    ln_attempt_answered(&x->attempt, x->res.status);
    if (!x->up.ended) /* nothing is read while response handlers run */
        ln_downstream_pause(x->d);
    ln_deadline_clear(&x->d->deadline);
    x->req.first_byte = ln_loop_now(x->gw->loop);
    if (service_of(x)->conf->retry.statuses.count == 0 || !ln_repeat_after_status(x))
        return take_response(x);
    x->held = true;
    ln_repeat_pause(x);
    return LN_STEP_PICK;
}
