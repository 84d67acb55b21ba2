/* SPDX-License-Identifier: Apache-2.0
 * client_service.c - requests of our own through a service: whom to ask, whether to ask again, and
 * waiting for either.
 */
#include <string.h>

#include "upstream/client_inner.h"
#include "upstream/retry.h"

static ln_msec now_of(const struct ln_client_call *c)
{
    return ln_loop_now_ms(c->client->pools->loop);
}

/* ---- asking again ---- */

bool ln_client_is_safe(const struct ln_client_call *c)
{
    return ln_method_is_idempotent(c->method) ||
           (c->service != NULL &&
            ln_retry_is_allowed(&c->service->conf->retry.idempotent, c->fields));
}

/* Everything that was sent is still here, so it can be sent again. */
static bool may_try_again(const struct ln_client_call *c)
{
    return c->tries < c->service->conf->retry.tries && c->tries < LN_TRIED_MAX;
}

static bool afford(struct ln_client_call *c)
{
    return ln_retry_afford(c->service, c->client->slot, now_of(c));
}

bool ln_client_may_repeat(struct ln_client_call *c, enum ln_outcome outcome)
{
    enum ln_repeat repeat = ln_outcome_row(outcome)->repeat;

    if (repeat != LN_REPEAT_CONNECT && c->sent > 0 && !ln_client_is_safe(c))
        return false;
    if (repeat == LN_REPEAT_STALE) /* no try of its own: the instance has not had its chance yet */
        return true;
    return may_try_again(c) && ln_retry_is_reason(&c->service->conf->retry, repeat) && afford(c);
}

bool ln_client_may_repeat_status(struct ln_client_call *c)
{
    return may_try_again(c) &&
           ln_statuses_have(&c->service->conf->retry.statuses, c->head.status) &&
           ln_client_is_safe(c) && afford(c);
}

void ln_client_again(struct ln_client_call *c, bool pause)
{
    struct ln_service *s = c->service;
    ln_msec wait = pause ? ln_retry_wait(&s->conf->retry, c->tries, &s->all->rand) : 0;

    if (wait == 0) {
        ln_client_pick(c);
        return;
    }
    c->pausing = true;
    ln_client_expect(c, wait);
}

/* ---- every instance is full ---- */

static void give_up(struct ln_client_call *c, const char *before, const char *after)
{
    ln_client_conclude(
        c, LN_OUTCOME_CLIENT_GONE, false,
        ln_arena_printf(&c->arena, "%s %s %s", before, c->service->conf->name, after).p);
}

static void on_turn(struct ln_waiter *w)
{
    ln_client_pick(ln_container_of(w, struct ln_client_call, waiter));
}

static void wait_for_room(struct ln_client_call *c)
{
    struct ln_service *s = c->service;

    if (c->waiter.queue != NULL)
        return;
    c->waiter.on_turn = on_turn;
    if (ln_queue_join(&s->queue, &c->waiter, s->conf->queue_max)) {
        c->joined = c->joined > 0 ? c->joined : ln_loop_now(c->client->pools->loop);
        ln_client_expect(c, s->conf->queue_timeout);
        return;
    }
    ln_record_count(&s->counts->turned_away);
    give_up(c, "every instance of", "is full, and so is its queue");
}

void ln_client_go_on(struct ln_client_call *c)
{
    if (c->pausing) {
        c->pausing = false;
        ln_client_pick(c);
        return;
    }
    ln_record_count(&c->service->counts->waited_out);
    give_up(c, "every instance of", "is full");
}

/* ---- asking ---- */

static void on_attempt(struct ln_attempt *a)
{
    struct ln_client_call *c = ln_container_of(a, struct ln_client_call, attempt);

    c->pooled = a->pooled;
    if (a->conn != NULL)
        ln_client_connected(c, a->conn);
    else
        ln_client_fail(c, ln_outcome_of_connect(a->error), a->error);
}

/* There is no client to go by: of all keys only the path is known. */
static struct ln_wish wish_of(const struct ln_client_call *c)
{
    const struct ln_service_conf *conf = c->service->conf;
    const char *query = memchr(c->target.p, '?', c->target.n);
    size_t n = query != NULL ? (size_t)(query - c->target.p) : c->target.n;
    bool has_key =
        conf->strategy == LN_STRATEGY_CONSISTENT_HASH && conf->hash_on == LN_HASH_ON_PATH;

    return (struct ln_wish){.tried = &c->tried,
                            .has_key = has_key,
                            .key = has_key ? ln_rendezvous_key(ln_slice(c->target.p, n)) : 0};
}

/* Is all of the response here, so that its connection can serve again? */
static bool is_drained(const struct ln_client_call *c)
{
    struct ln_buf *in = c->conn->in;
    const char *p = ln_buf_at(in), *end = ln_buf_end(in);
    struct ln_slice piece;
    struct ln_body body;
    enum ln_body_event event;
    enum ln_reject why;

    ln_body_init(&body, c->head.framing, c->head.length, NULL);
    while ((event = ln_body_next(&body, &p, end, &piece, &why)) == LN_BODY_DATA)
        ;
    return event == LN_BODY_END && p == end && c->head.keep_alive && ln_client_is_sent(c);
}

/* A repeat begins: the response that was held back is not needed any more. */
static void drop_response(struct ln_client_call *c, const struct ln_loan *loan)
{
    c->holds_back = false;
    ln_client_release(c, LN_OUTCOME_OK, is_drained(c));
    c->attempt.loan = *loan;
}

static void begin(struct ln_client_call *c, struct ln_instance *i)
{
    struct ln_service *s = c->service;

    ln_queue_leave(&c->waiter);
    if (c->tries++ > 0) {
        ln_retry_count(s, c->client->slot);
    } else {
        ln_budget_note(&s->budget, now_of(c));
        c->attempt.queued = c->joined > 0 ? ln_loop_now(c->client->pools->loop) - c->joined : 0;
    }
    if (c->tried.count < LN_TRIED_MAX)
        c->tried.at[c->tried.count++] = (uint16_t)(i - s->instances);
    c->address = ln_arena_dup(&c->arena, ln_slice_of(i->conf->url));
    c->attempt.on_connected = on_attempt;
    ln_client_expect(c, s->conf->connect);
    ln_attempt_start(&c->attempt, i, ln_client_want(c));
}

static void nobody(struct ln_client_call *c)
{
    if (c->error != NULL) /* an instance that failed just now says more than "none is left" */
        ln_client_conclude(c, LN_OUTCOME_CLIENT_GONE, false, c->error);
    else
        give_up(c, "no instance of", "is available");
}

void ln_client_pick(struct ln_client_call *c)
{
    struct ln_service *s = c->service;
    struct ln_wish wish = wish_of(c);
    struct ln_loan other, *loan = c->holds_back ? &other : &c->attempt.loan;
    bool full;

    if (!c->holds_back && s->queue.count > 0 && s->queue.waiting.next != &c->waiter.node) {
        wait_for_room(c); /* others came first */
        return;
    }
    struct ln_instance *i = ln_service_pick(s, &wish, now_of(c), loan, &full);

    if (i == NULL && c->holds_back) {
        ln_client_take_response(c);
    } else if (i == NULL && full) {
        wait_for_room(c);
    } else if (i == NULL) {
        nobody(c);
    } else {
        if (c->holds_back)
            drop_response(c, &other);
        begin(c, i);
    }
}
