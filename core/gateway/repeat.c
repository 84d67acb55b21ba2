/* SPDX-License-Identifier: Apache-2.0
 * repeat.c - the rules of repeating, and the content that is kept for it.
 */
#include "gateway/repeat.h"

#include "base/log.h"
#include "upstream/retry.h"

static struct ln_service *service_of(const struct ln_exchange *x)
{
    return &x->gen->services->v[x->req.service];
}

static unsigned tries_of(const struct ln_exchange *x)
{
    unsigned tries =
        x->req.route->tries > 0 ? (unsigned)x->req.route->tries : service_of(x)->conf->retry.tries;

    return tries < LN_TRIED_MAX ? tries : LN_TRIED_MAX;
}

/* ---- the rules
 * -----------------------------------------------------------------------------------------------
 */

bool ln_repeat_is_allowed(const struct ln_exchange *x)
{
    const struct ln_idempotent *i = x->req.route->idempotent;

    return ln_retry_is_allowed(i != NULL ? i : &service_of(x)->conf->retry.idempotent,
                               x->req.fields);
}

static bool afford(struct ln_exchange *x)
{
    struct ln_service *s = service_of(x);

    if (ln_retry_afford(s, x->gw->slot, ln_loop_now_ms(x->gw->loop)))
        return true;
    ln_debug("request %.*s: no repeat: the budget of %s is spent", (int)x->req.id.n, x->req.id.p,
             s->conf->name);
    return false;
}

bool ln_repeat_after(struct ln_exchange *x, enum ln_outcome outcome)
{
    enum ln_repeat repeat = ln_outcome_row(outcome)->repeat;
    bool unseen = x->up.written == 0;

    if (x->started || x->body_lost)
        return false;
    if (repeat != LN_REPEAT_CONNECT && !unseen && !ln_repeat_is_safe(x))
        return false;
    if (repeat == LN_REPEAT_STALE) /* no try of its own: the instance has not had its chance yet */
        return true;
    return x->tries < tries_of(x) && ln_retry_is_reason(&service_of(x)->conf->retry, repeat) &&
           afford(x);
}

bool ln_repeat_after_status(struct ln_exchange *x)
{
    return !x->started && !x->body_lost && !x->tunnel && x->tries < tries_of(x) &&
           ln_statuses_have(&service_of(x)->conf->retry.statuses, x->res.status) &&
           ln_repeat_is_safe(x) && afford(x);
}

void ln_repeat_pause(struct ln_exchange *x)
{
    ln_msec wait = ln_retry_wait(&service_of(x)->conf->retry, x->tries, &x->gw->rand);

    if (wait == 0)
        return;
    x->pausing = true;
    ln_deadline_set(x->gw->deadlines, &x->deadline, wait);
}

/* ---- the content
 * --------------------------------------------------------------------------------------------- */

void ln_repeat_rewind(struct ln_exchange *x)
{
    ln_retry_count(service_of(x), x->gw->slot);
    ln_deadline_clear(&x->d->deadline); /* the client has nothing to do meanwhile */
    ln_flow_fini(&x->up);
    x->trailers_up.count = 0;
    ln_flow_init(&x->up, &x->gw->bufs, x->head.framing, x->head.length, x->head.framing,
                 &x->trailers_up);
    x->up.strip = &x->gen->strip;
    x->up.most = x->own_body ? 0 : ln_exchange_body_most(x);
    x->replay = x->kept != NULL;
    if (x->kept == NULL && x->d->in != NULL && x->head.framing != LN_FRAMING_NONE &&
        !x->body_lost && !x->own_body)
        x->d->in->head = x->body_at;
}

void ln_repeat_forget(struct ln_exchange *x)
{
    ln_buf_return(&x->gw->bufs, x->kept);
    x->kept = NULL;
    x->replay = false;
}

static bool put(struct ln_exchange *x, const char *p, size_t n, size_t most)
{
    size_t have = x->kept != NULL ? ln_buf_len(x->kept) : 0, want = have + n;

    if (want > most)
        return false;
    if (x->kept == NULL)
        x->kept = ln_buf_borrow(&x->gw->bufs, n);
    else if (ln_buf_room(x->kept) < n)
        x->kept = ln_buf_enlarge(&x->gw->bufs, x->kept, want * 2 < most ? want * 2 : most);
    ln_buf_put(x->kept, p, n);
    return true;
}

/* What has waited in the client's buffer until now comes first. */
static bool take_over(struct ln_exchange *x, size_t most)
{
    struct ln_downstream *d = x->d;
    size_t from = x->body_at;

    if (d->in == NULL || x->kept != NULL)
        return true;
    x->body_at = d->in->head;
    return d->in->head == from || put(x, d->in->bytes + from, d->in->head - from, most);
}

bool ln_repeat_keep(struct ln_exchange *x, const char *p, size_t n)
{
    uint64_t keep = service_of(x)->conf->retry.keep;

    if (!x->body_lost && !x->got_head && ln_repeat_is_safe(x) && take_over(x, keep) &&
        put(x, p, n, keep))
        return true;
    ln_repeat_forget(x);
    x->body_lost = true;
    return false;
}

enum ln_flow_result ln_repeat_replay(struct ln_exchange *x, struct ln_window *w,
                                     enum ln_reject *why)
{
    const char *p = ln_buf_at(x->kept), *end = ln_buf_end(x->kept);

    x->replay = false;
    return ln_flow_push(&x->up, &x->attempt.conn->stream, w, &p, end, why);
}

void ln_repeat_skip(struct ln_exchange *x)
{
    const char *p = ln_buf_at(x->kept), *end = ln_buf_end(x->kept);
    struct ln_slice piece;
    enum ln_reject why;

    x->replay = false;
    while (ln_body_next(&x->up.body, &p, end, &piece, &why) == LN_BODY_DATA)
        ;
}
