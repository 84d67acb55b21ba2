/* SPDX-License-Identifier: Apache-2.0
 * exchange.c - the table of steps, and the steps on the client's side.
 */
#include "gateway/exchange.h"

#include "base/limit.h"
#include "base/log.h"
#include "gateway/admit.h"
#include "gateway/collect.h"
#include "gateway/filter.h"
#include "gateway/headwrite.h"
#include "gateway/pacing.h"
#include "gateway/repeat.h"
#include "gateway/tunnel.h"
#include "http/accept.h"
#include "script/split.h"

const struct ln_service_conf *ln_exchange_service(const struct ln_exchange *x)
{
    return x->gen->services->v[x->req.service].conf;
}

static enum ln_step answer_with(struct ln_exchange *x, const struct ln_answer *a)
{
    x->answer = *a;
    return LN_STEP_ANSWER;
}

/* ---- the Lua phases
 * ------------------------------------------------------------------------------------------- */

static void on_phase_done(struct ln_req *r)
{
    struct ln_exchange *x = ln_container_of(r, struct ln_exchange, req);

    x->phase_done = true;
    ln_exchange_advance(x);
}

static void on_body_wanted(struct ln_req *r)
{
    ln_exchange_advance(ln_container_of(r, struct ln_exchange, req));
}

/* True when the phase has run to its end; false: parked. Called again after on_phase_done. */
static bool run_phase(struct ln_exchange *x, enum ln_run (*phase)(struct ln_vm *, struct ln_req *))
{
    if (!x->phase_done) {
        if (x->req.task != NULL || phase(x->gen->vm, &x->req) == LN_RUN_WAIT)
            return false;
    }
    x->phase_done = false;
    return true;
}

/* Lua may have set anything; what is forwarded must be a target that we would accept ourselves. */
static bool settle_target(struct ln_exchange *x)
{
    struct ln_req *r = &x->req;
    struct ln_slice raw;

    if (!r->target_changed)
        return true;
    r->target_changed = false;
    raw = ln_arena_printf(r->arena, "%.*s%s%.*s", (int)r->path.n, r->path.p,
                          r->has_query ? "?" : "", (int)r->query.n, r->has_query ? r->query.p : "");
    if (raw.n == 0 || raw.p[0] != '/' ||
        ln_target_parse(&x->target, raw, LN_METHOD_GET, r->arena) != LN_REJECT_NONE)
        return false;
    r->path = x->target.path;
    r->query = x->target.query;
    r->has_query = r->query.p != NULL;
    return true;
}

uint64_t ln_exchange_body_most(const struct ln_exchange *x)
{
    uint64_t most = x->gen->conf->gateway.limits.body;

    return x->req.body_limited && (most == 0 || x->req.body_most < most) ? x->req.body_most : most;
}

/* A plugin may have said how much content it wants to pass. False: it is known to be more. */
static bool limit_content(struct ln_exchange *x)
{
    if (!x->req.body_limited)
        return true;
    x->up.most = ln_exchange_body_most(x);
    return x->req.length == LN_LENGTH_UNKNOWN || x->req.length <= x->req.body_most;
}

static enum ln_step access_phase(struct ln_exchange *x)
{
    struct ln_req *r = &x->req;

    if (x->answer.status == 0 && r->route->has_request && !run_phase(x, ln_vm_request) &&
        !(ln_collect_is_on(x) && ln_collect_pump(x)))
        return LN_STEP_ACCESS;
    if (x->answer.status != 0) { /* the content was late, or broken */
        if (r->task != NULL)
            ln_vm_cancel(x->gen->vm, r);
        x->phase_done = false;
        return LN_STEP_ANSWER;
    }
    if (r->verdict == LN_VERDICT_REPLY)
        return r->failed ? answer_with(x, ln_answer(LN_ANSWER_PLUGIN_ERROR)) : LN_STEP_ANSWER;
    if (!settle_target(x))
        return answer_with(x, ln_answer(LN_ANSWER_BAD_TARGET));
    ln_split_settle(r);
    if (r->service < 0 || (unsigned)r->service >= x->gen->services->count)
        return answer_with(x, ln_answer(LN_ANSWER_NOT_FOUND));
    if (r->body_state == LN_BODY_TOO_LARGE)
        return answer_with(x, ln_answer(LN_ANSWER_BODY_LARGE));
    if (r->body_state == LN_BODY_READ || r->body_replaced)
        ln_collect_adopt(x);
    else if (!limit_content(x))
        return answer_with(x, ln_answer(LN_ANSWER_BODY_LARGE));
    return LN_STEP_PICK;
}

/* timeouts.total ended while response handlers were waiting. */
static enum ln_step too_late(struct ln_exchange *x)
{
    if (x->req.task != NULL)
        ln_vm_cancel(x->gen->vm, &x->req);
    x->phase_done = false;
    x->filtered = true;
    ln_attempts_release(x, x->outcome, false);
    x->answer = ln_answer_outcome(x->outcome);
    return LN_STEP_ANSWER;
}

static enum ln_step filter(struct ln_exchange *x)
{
    struct ln_req *r = &x->req;

    if (r->route == NULL)
        return LN_STEP_RESPOND;
    if (x->failed && x->attempt.instance != NULL)
        return too_late(x);
    if (!x->phase_done && r->task == NULL)
        r->verdict = LN_VERDICT_CONTINUE;
    if (!run_phase(x, ln_vm_response))
        return LN_STEP_FILTER;
    x->filtered = true;
    if (r->verdict != LN_VERDICT_REPLY)
        return LN_STEP_RESPOND;
    ln_attempts_release(x, LN_OUTCOME_OK, false);
    x->answer.status = 0;
    return r->failed ? answer_with(x, ln_answer(LN_ANSWER_PLUGIN_ERROR)) : LN_STEP_ANSWER;
}

/* ---- our own answers
 * ------------------------------------------------------------------------------------------ */

static bool wants_json(const struct ln_exchange *x)
{
    const struct ln_field *accept =
        x->has_head ? ln_fields_find(&x->head.fields, LN_FIELD_ACCEPT) : NULL;

    if (x->gen->json_always || x->gen->json_never)
        return x->gen->json_always;
    return accept != NULL && ln_accept_prefers_json(ln_field_value(accept));
}

static struct ln_slice allow_list(struct ln_exchange *x)
{
    static const char *const names[] = {
        [LN_METHOD_GET] = "GET",         [LN_METHOD_HEAD] = "HEAD",   [LN_METHOD_POST] = "POST",
        [LN_METHOD_PUT] = "PUT",         [LN_METHOD_PATCH] = "PATCH", [LN_METHOD_DELETE] = "DELETE",
        [LN_METHOD_OPTIONS] = "OPTIONS",
    };
    struct ln_slice list = LN_SLICE("");

    for (size_t i = LN_METHOD_GET; i < LN_ARRAY_LEN(names); i++)
        if (x->allowed >> i & 1)
            list = ln_arena_printf(&x->arena, "%.*s%s%s", (int)list.n, list.p,
                                   list.n > 0 ? ", " : "", names[i]);
    return list;
}

static struct ln_slice number_text(struct ln_arena *arena, uint64_t n)
{
    enum { DIGITS = 20 };
    struct ln_writer w = ln_writer(ln_arena_alloc(arena, DIGITS), DIGITS);
    const char *begin = w.at;

    ln_write_u64(&w, n);
    return ln_slice(begin, (size_t)(w.at - begin));
}

/* Our own words need no judging, and no copies. */
static void compose_answer(struct ln_exchange *x)
{
    struct ln_fields *f = &x->req.reply_fields;
    bool json = wants_json(x);

    ln_fields_init(f, &x->arena);
    ln_fields_push(f, LN_FIELD_CONTENT_TYPE, LN_SLICE("Content-Type"),
                   json ? LN_SLICE("application/json") : LN_SLICE("text/plain; charset=utf-8"));
    if (x->answer.status == 405 || x->answer.status == 204)
        ln_fields_push(f, LN_FIELD_OTHER, LN_SLICE("Allow"), allow_list(x));
    if (x->retry_after > 0)
        ln_fields_push(f, LN_FIELD_OTHER, LN_SLICE("Retry-After"),
                       number_text(&x->arena, ln_limit_retry_after(x->retry_after)));
    ln_fields_push(f, LN_FIELD_X_REQUEST_ID, LN_SLICE("X-Request-Id"), x->req.id);
    ln_fields_push(f, LN_FIELD_OTHER, LN_SLICE("X-Lunette-Reason"), ln_slice_of(x->answer.code));
    x->req.status = x->answer.status;
    x->req.origin = LN_ORIGIN_GATEWAY;
    x->reply = ln_answer_body(&x->answer, json, x->req.id, &x->arena);
    x->req.reply_body = x->reply;
}

/* What of the request's content has come already is thrown away; if that was all, the connection
 * can go on. */
static void skip_content(struct ln_exchange *x)
{
    struct ln_buf *in = x->d->in;
    struct ln_slice piece;
    enum ln_reject why;

    if (x->replay)
        ln_repeat_skip(x);
    if (in == NULL || !x->has_head || x->body_bad || ln_exchange_is_read(x))
        return;
    const char *p = ln_buf_at(in), *end = ln_buf_end(in);

    enum ln_body_event event;

    while ((event = ln_body_next(&x->up.body, &p, end, &piece, &why)) == LN_BODY_DATA)
        ;
    x->body_bad = event == LN_BODY_BAD;
    in->head = (size_t)(p - in->bytes);
}

static enum ln_step answer(struct ln_exchange *x)
{
    struct ln_req *r = &x->req;

    if (x->answer.status != 0) {
        compose_answer(x);
    } else {
        r->status = r->reply_status;
        r->origin = LN_ORIGIN_PLUGIN;
        x->reply = r->reply_body;
    }
    r->res_fields = &r->reply_fields;
    skip_content(x);
    return x->filtered ? LN_STEP_RESPOND : LN_STEP_FILTER;
}

/* ---- respond
 * --------------------------------------------------------------------------------------------------
 */

static bool may_have_content(const struct ln_exchange *x)
{
    return x->head.method_id != LN_METHOD_HEAD && x->req.status >= 200 && x->req.status != 204 &&
           x->req.status != 304;
}

static enum ln_framing client_framing(const struct ln_exchange *x)
{
    if (!may_have_content(x))
        return LN_FRAMING_NONE;
    if (x->filtering)
        return x->head.minor >= 1 ? LN_FRAMING_CHUNKED : LN_FRAMING_CLOSE;
    if (x->attempt.instance == NULL ||
        x->res.framing == LN_FRAMING_NONE) /* NONE: a plugin has made a HEAD of it */
        return LN_FRAMING_LENGTH;
    if (x->res.framing == LN_FRAMING_LENGTH)
        return LN_FRAMING_LENGTH;
    return x->head.minor >= 1 ? LN_FRAMING_CHUNKED : LN_FRAMING_CLOSE;
}

/* May the connection stay open after this response? Known when its head is written. */
static bool can_keep(const struct ln_exchange *x)
{
    uint64_t most = x->gen->conf->gateway.limits.requests_per_connection;
    bool content_open = x->attempt.instance == NULL && !ln_exchange_is_read(x);
    bool more_to_come = !x->d->eof || ln_downstream_waiting(x->d) > 0;

    return x->has_head && x->head.keep_alive && more_to_come && !x->gw->draining && !content_open &&
           x->down.out != LN_FRAMING_CLOSE && (most == 0 || x->d->requests < most);
}

static enum ln_step open_tunnel(struct ln_exchange *x)
{
    x->step = LN_STEP_RELAY; /* content is read from now on */
    x->abort = !ln_tunnel_open(x);
    x->step = LN_STEP_RESPOND;
    return LN_STEP_RELAY;
}

static enum ln_step respond(struct ln_exchange *x)
{
    if (x->tunnel && x->attempt.instance != NULL)
        return open_tunnel(x);

    struct ln_upconn *c = x->attempt.conn;
    struct ln_window w = {x->gw->scratch_out, 0, LN_SCRATCH_OUT};
    struct ln_writer writer = ln_writer(w.base, w.size - 4096);
    bool proxied = x->attempt.instance != NULL;
    enum ln_framing in = proxied ? x->res.framing : LN_FRAMING_LENGTH, out;
    enum ln_reject why = LN_REJECT_NONE;

    x->filtering = may_have_content(x) && ln_filter_is_wanted(x);
    out = client_framing(x);
    ln_flow_init(&x->down, &x->gw->bufs, in, proxied ? x->res.length : x->reply.n, out,
                 &x->trailers_down);
    x->down.pace = x->req.paces[LN_PACE_RESPONSE];
    x->keep = can_keep(x);
    if (!ln_headwrite_response(x, &writer, proxied ? x->res.reason : ln_slice(NULL, 0))) {
        ln_warn("request %.*s: the response head is too large to be passed on", (int)x->req.id.n,
                x->req.id.p);
        ln_attempts_release(x, LN_OUTCOME_OK, false);
        x->answer = ln_answer_outcome(LN_OUTCOME_BAD_RESPONSE);
        x->filtered = true;
        x->abort = !proxied;
        return proxied ? LN_STEP_ANSWER : LN_STEP_LOG;
    }
    w.used = (size_t)(writer.at - w.base);
    x->started = true;
    if (out == LN_FRAMING_CLOSE) /* should we be killed half-way, that must not look like the end */
        ln_stream_close_hard(&x->d->stream, true);

    const char *p = proxied ? ln_buf_at(c->in) : x->reply.p;
    const char *end = proxied ? ln_buf_end(c->in) : x->reply.p + x->reply.n;
    enum ln_flow_result result = x->filtering
                                     ? ln_filter_push(x, p, (size_t)(end - p), &w)
                                     : ln_flow_push(&x->down, &x->d->stream, &w, &p, end, &why);

    if (proxied) {
        if (p < end && !x->filtering)
            x->res.keep_alive = false; /* bytes behind the end of the response: whoever sent them is
                                          not to be trusted */
        ln_relay_drop_input(x, c);
        ln_stream_watch_read(&c->stream, true);
    }
    x->step = LN_STEP_RELAY; /* from now on content is read again */
    if (ln_exchange_wants_body(x))
        ln_downstream_resume(x->d);
    ln_relay_received(x, result);
    x->step = LN_STEP_RESPOND;
    return LN_STEP_RELAY;
}

/* Body handlers that waited have finished a piece. */
static void resume_filter(struct ln_exchange *x)
{
    struct ln_window w = {x->gw->scratch_out, 0, LN_SCRATCH_OUT};

    ln_relay_received(x, ln_filter_pump(x, &w));
    if (x->attempt.conn != NULL && !x->chunk_parked && x->down.pending == NULL)
        ln_stream_watch_read(&x->attempt.conn->stream, true);
}

static enum ln_step relay(struct ln_exchange *x)
{
    if (x->filtering && x->phase_done)
        resume_filter(x);
    return x->finished || x->abort ? LN_STEP_LOG : LN_STEP_RELAY;
}

/* ---- the end
 * --------------------------------------------------------------------------------------------------
 */

static void count(struct ln_exchange *x)
{
    static const enum ln_stat classes[] = {LN_STAT_ANSWERS_1XX, LN_STAT_ANSWERS_2XX,
                                           LN_STAT_ANSWERS_3XX, LN_STAT_ANSWERS_4XX,
                                           LN_STAT_ANSWERS_5XX};
    struct ln_shm_slot *slot = x->gw->slot;
    int class = x->req.status / 100;

    if (x->started && class >= 1 && class <= 5)
        ln_stat_add(slot, classes[class - 1], 1);
    if (x->gone)
        ln_stat_add(slot, LN_STAT_CLIENT_GONE, 1);
    if (!x->has_head)
        ln_stat_add(slot, LN_STAT_REJECTED, 1);
    ln_stat_add(slot, LN_STAT_BYTES_OUT, x->down.written);
    ln_stat_add(slot, LN_STAT_SERVED, 1);
    ln_slot_set(&slot->served, ln_slot_get(&slot->served) + 1);
}

/* The client's connection goes its own way. */
static void detach(struct ln_exchange *x)
{
    struct ln_downstream *d = x->d;
    bool open =
        !ln_exchange_is_read(x) || !x->has_head; /* the client may still be sending this request */
    bool cut = x->started && !x->finished;

    x->d = NULL;
    d->x = NULL;
    ln_stream_watch_write(&d->stream, false);
    if (!cut && x->down.out == LN_FRAMING_CLOSE)
        ln_stream_close_hard(&d->stream, false);
    if (cut && x->down.out == LN_FRAMING_CLOSE) /* a plain close would look like the end */
        ln_downstream_reset(d);
    else if (cut || x->abort || x->gone)
        ln_downstream_close(d);
    else
        ln_downstream_next(d, x->keep && !open, open);
}

static void settle(struct ln_exchange *x)
{
    ln_attempts_release(x, LN_OUTCOME_CLIENT_GONE, false);
    ln_queue_leave(&x->waiter);
    ln_admit_cancel(x);
    ln_deadline_clear(&x->deadline);
    ln_deadline_clear(&x->total);
    ln_pacing_end(x);
    ln_flow_fini(&x->up);
    ln_flow_fini(&x->down);
    ln_filter_fini(x);
    if (x->req.task != NULL) /* a body handler waits for a piece that nobody will see */
        ln_vm_cancel(x->gen->vm, &x->req);
    x->phase_done = false;
    x->req.ended = ln_loop_now(x->gw->loop);
    if (!x->filtering)
        x->req.bytes = x->down.body.total;
}

static enum ln_step log_phase(struct ln_exchange *x)
{
    struct ln_req *r = &x->req;
    bool parked = false;

    if (x->d != NULL) { /* the first time */
        settle(x);
        count(x);
        parked = r->route != NULL && r->route->has_log && ln_vm_log(x->gen->vm, r) == LN_RUN_WAIT;
        if (parked) {
            ln_list_append(&x->gw->detached, &x->node);
            detach(x);
            return LN_STEP_LOG;
        }
        return LN_STEP_DONE;
    }
    return x->phase_done ? LN_STEP_DONE : LN_STEP_LOG;
}

static void free_exchange(struct ln_reap *reap)
{
    struct ln_exchange *x = ln_container_of(reap, struct ln_exchange, reap);
    struct ln_gateway *gw = x->gw;

    ln_buf_return(&gw->bufs, x->collected);
    ln_buf_return(&gw->bufs, x->kept);
    ln_arena_reset(&x->chunk_arena);
    ln_arena_reset(&x->arena);
    ln_generation_put(x->gen);
    ln_slab_give(&gw->exchanges, x);
    gw->exchange_count--;
    ln_slot_set(&gw->slot->exchanges, gw->exchange_count);
    ln_gateway_check_drained(gw);
}

static void finish(struct ln_exchange *x)
{
    struct ln_gateway *gw = x->gw;

    ln_vm_forget(x->gen->vm, &x->req);
    ln_list_remove(&x->node);
    ln_stat_sub(gw->slot, LN_STAT_EXCHANGES, 1);
    ln_loop_reap(gw->loop, &x->reap);
    if (x->d != NULL)
        detach(x);
}

/* ---- the table
 * ------------------------------------------------------------------------------------------------
 */

#define TO(s) (1u << LN_STEP_##s)

static const struct {
    const char *name;
    enum ln_step (*run)(struct ln_exchange *);
    unsigned next; /* steps that this one may hand over to */
} steps[] = {
    [LN_STEP_JUDGE] = {"judge", ln_admit_judge, TO(ACCESS) | TO(ANSWER)},
    [LN_STEP_ACCESS] = {"access", access_phase, TO(PICK) | TO(ANSWER)},
    [LN_STEP_PICK] = {"pick", ln_attempts_pick, TO(CONNECT) | TO(FILTER) | TO(ANSWER)},
    [LN_STEP_CONNECT] = {"connect", ln_attempts_connect, TO(SEND) | TO(PICK) | TO(ANSWER)},
    [LN_STEP_SEND] = {"send", ln_attempts_send, TO(AWAIT) | TO(ANSWER)},
    [LN_STEP_AWAIT] = {"await", ln_attempts_await, TO(FILTER) | TO(PICK) | TO(ANSWER)},
    [LN_STEP_ANSWER] = {"answer", answer, TO(FILTER) | TO(RESPOND)},
    [LN_STEP_FILTER] = {"filter", filter, TO(RESPOND) | TO(ANSWER)},
    [LN_STEP_RESPOND] = {"respond", respond, TO(RELAY) | TO(ANSWER) | TO(LOG)},
    [LN_STEP_RELAY] = {"relay", relay, TO(LOG)},
    [LN_STEP_LOG] = {"log", log_phase, TO(DONE)},
};

/* The client is gone: whatever runs for it ends here, and the log phase is next. */
static void give_up(struct ln_exchange *x)
{
    if (x->req.task != NULL)
        ln_vm_cancel(x->gen->vm, &x->req);
    x->phase_done = false;
    x->step = LN_STEP_LOG;
}

void ln_exchange_advance(struct ln_exchange *x)
{
    if (x->running)
        return; /* the loop below looks at the facts again */
    x->running = true;
    for (;;) {
        if (LN_UNLIKELY(x->gone) && x->step < LN_STEP_LOG)
            give_up(x);

        enum ln_step next = steps[x->step].run(x);

        if (next == x->step) {
            if (!x->gone || x->step >= LN_STEP_LOG)
                break;
            continue;
        }
        ln_assert(steps[x->step].next & 1u << next);
        ln_debug("request %.*s: %s", (int)x->req.id.n, x->req.id.p,
                 next < LN_STEP_DONE ? steps[next].name : "done");
        x->step = next;
        if (next == LN_STEP_DONE) {
            finish(x);
            return;
        }
    }
    x->running = false;
}

/* ---- beginning
 * ------------------------------------------------------------------------------------------------
 */

static void on_deadline(struct ln_deadline *deadline)
{
    struct ln_exchange *x = ln_container_of(deadline, struct ln_exchange, deadline);

    if (x->step == LN_STEP_PICK) {
        x->waited = !x->pausing;
        x->pausing = false;
        ln_exchange_advance(x);
        return;
    }
    x->failed = true;
    x->outcome = x->tunnel                    ? LN_OUTCOME_CLIENT_GONE
                 : x->step == LN_STEP_CONNECT ? LN_OUTCOME_CONNECT_TIME
                 : x->step == LN_STEP_AWAIT   ? LN_OUTCOME_HEAD_TIME
                                              : LN_OUTCOME_BODY_TIME;
    if (x->started) {
        ln_attempts_release(x, x->outcome, false);
        x->abort = true;
    }
    ln_exchange_advance(x);
}

static void on_total(struct ln_deadline *deadline)
{
    struct ln_exchange *x = ln_container_of(deadline, struct ln_exchange, total);

    x->failed = true;
    x->outcome = LN_OUTCOME_TOTAL_TIME;
    if (x->started) {
        ln_attempts_release(x, x->outcome, false);
        x->abort = true;
    }
    ln_exchange_advance(x);
}

void ln_exchange_abandon(struct ln_exchange *x)
{
    ln_vm_cancel(x->gen->vm, &x->req);
    finish(x);
}

/* All but x->up. */
static struct ln_exchange *begin(struct ln_downstream *d, struct ln_generation *gen)
{
    struct ln_gateway *gw = d->gw;
    struct ln_exchange *x = ln_slab_take(&gw->exchanges);

    memset(x, 0, sizeof *x);
    x->gw = gw;
    x->d = d;
    d->x = x;
    x->gen = ln_generation_get(gen);
    x->reap.free = free_exchange;
    ln_arena_init(&x->arena, &gw->arenas);
    ln_arena_init(&x->chunk_arena, &gw->arenas);
    ln_list_init(&x->node);
    ln_deadline_init(&x->deadline, on_deadline);
    ln_deadline_init(&x->total, on_total);
    x->req.magic = LN_REQ_MAGIC;
    x->req.arena = &x->arena;
    x->req.service = -1;
    x->req.on_done = on_phase_done;
    x->req.on_body_wanted = on_body_wanted;
    x->req.started = ln_loop_now(gw->loop);
    x->req.started_wall = ln_clock_wall();
    ln_fields_init(&x->req.reply_fields, &x->arena);
    ln_fields_init(&x->trailers_up, &x->arena);
    ln_fields_init(&x->trailers_down, &x->arena);
    ln_flow_init(&x->down, &gw->bufs, LN_FRAMING_NONE, 0, LN_FRAMING_NONE, NULL);
    gw->exchange_count++;
    ln_slot_set(&gw->slot->exchanges, gw->exchange_count);
    ln_stat_add(gw->slot, LN_STAT_EXCHANGES, 1);
    return x;
}

static struct ln_slice merge_slashes(struct ln_slice path, struct ln_arena *arena)
{
    struct ln_slice merged = ln_arena_dup(arena, path);
    char *out = (char *)(uintptr_t)merged.p;
    size_t n = 0;

    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] != '/' || n == 0 || out[n - 1] != '/')
            out[n++] = path.p[i];
    return ln_slice(out, n);
}

void ln_exchange_start(struct ln_downstream *d, struct ln_generation *gen, size_t n,
                       const struct ln_head_limits *limits)
{
    struct ln_exchange *x = begin(d, gen);
    struct ln_slice head = ln_arena_dup(&x->arena, ln_slice(ln_buf_at(d->in), n));

    ln_fields_init(&x->head.fields, &x->arena);
    enum ln_reject why = ln_req_head_parse(&x->head, head.p, n, limits);

    if (why == LN_REJECT_NONE)
        why = ln_target_parse(&x->target, x->head.target, x->head.method_id, &x->arena);
    if (why == LN_REJECT_NONE && gen->conf->gateway.merge_slashes)
        x->target.path = merge_slashes(x->target.path, &x->arena);
    d->in->head += n;
    x->body_at = d->in->head;
    if (why == LN_REJECT_NONE) {
        x->has_head = true;
        ln_flow_init(&x->up, &d->gw->bufs, x->head.framing, x->head.length, x->head.framing,
                     &x->trailers_up);
        x->up.strip = &gen->strip;
        x->up.most = gen->conf->gateway.limits.body;
        x->req.has_content = !ln_body_is_done(&x->up.body);
        x->req.length = x->head.framing == LN_FRAMING_CHUNKED ? LN_LENGTH_UNKNOWN : x->head.length;
    } else {
        ln_flow_init(&x->up, &d->gw->bufs, LN_FRAMING_NONE, 0, LN_FRAMING_NONE, NULL);
        ln_admit_make_id(x);
        x->answer = ln_answer_reject(why);
    }
    ln_exchange_advance(x);
}

size_t ln_exchange_input_from(struct ln_exchange *x, const struct ln_buf *in)
{
    size_t from = in->head;

    if (x->head.framing == LN_FRAMING_NONE || x->body_lost || x->kept != NULL || x->started ||
        x->own_body) {
        x->body_at = 0;
        return from;
    }
    if (in->tail - x->body_at > LN_BUF_SIZE) { /* too much to be kept for a repeat */
        if (in->head > x->body_at)
            ln_repeat_keep(x, ln_buf_at(x->d->in), 0);
        from = in->head;
    } else {
        from = x->body_at;
    }
    x->body_at = 0;
    return from;
}

void ln_exchange_refuse(struct ln_downstream *d, struct ln_generation *gen,
                        const struct ln_answer *a)
{
    struct ln_exchange *x = begin(d, gen);

    ln_flow_init(&x->up, &d->gw->bufs, LN_FRAMING_NONE, 0, LN_FRAMING_NONE, NULL);
    ln_admit_make_id(x);
    x->answer = *a;
    ln_exchange_advance(x);
}
