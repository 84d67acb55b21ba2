/* SPDX-License-Identifier: Apache-2.0
 * collect.c - decodes content into one buffer.
 */
#include "gateway/collect.h"

static void keep(struct ln_exchange *x, struct ln_slice piece)
{
    struct ln_buf *b = x->collected;

    if (b == NULL)
        b = ln_buf_borrow(&x->gw->bufs, piece.n);
    else if (ln_buf_room(b) < piece.n)
        b = ln_buf_enlarge(&x->gw->bufs, b, (ln_buf_len(b) + piece.n) * 2);
    ln_buf_put(b, piece.p, piece.n);
    x->collected = b;
}

static enum ln_body_state take(struct ln_exchange *x, const char **p, const char *end,
                               enum ln_reject *why)
{
    uint64_t bound = ln_exchange_body_most(x), most = x->req.body_wanted;
    struct ln_slice piece;

    if (x->up.body.framing == LN_FRAMING_LENGTH && x->up.body.total + x->up.body.left > most) {
        x->body_bad = true; /* before the client is told to send it */
        return LN_BODY_TOO_LARGE;
    }
    for (;;) {
        switch (ln_body_next(&x->up.body, p, end, &piece, why)) {
        case LN_BODY_MORE:
            return LN_BODY_UNREAD;
        case LN_BODY_END:
            return LN_BODY_READ;
        case LN_BODY_BAD:
            x->body_bad = true;
            return LN_BODY_BROKEN;
        case LN_BODY_DATA:
            if (x->up.body.total > most || (bound > 0 && x->up.body.total > bound)) {
                x->body_bad = true; /* the rest is not read */
                return LN_BODY_TOO_LARGE;
            }
            keep(x, piece);
        }
    }
}

/* The client waits for permission, and it is we who want the content now (RFC 9110 section 10.1.1).
 */
static void permit(struct ln_exchange *x)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    ssize_t n;

    if (!x->head.expect_continue || x->permitted)
        return;
    x->permitted = true;
    n = ln_stream_write(&x->d->stream, interim, sizeof interim - 1);
    if (n != (ssize_t)sizeof interim - 1)
        x->gone = true; /* not even this fits: it has not read its last answers */
}

/* What has come is enough to go on, or to give up. */
static bool conclude(struct ln_exchange *x, enum ln_body_state state, enum ln_reject why)
{
    x->req.body_state = state;
    ln_deadline_clear(&x->d->deadline);
    if (state == LN_BODY_BROKEN) {
        ln_vm_cancel(x->gen->vm, &x->req);
        x->answer = ln_answer_reject(why);
        return true;
    }
    if (state == LN_BODY_READ)
        x->req.body = x->collected != NULL
                          ? ln_slice(ln_buf_at(x->collected), ln_buf_len(x->collected))
                          : LN_SLICE("");
    return ln_vm_body_ready(x->gen->vm, &x->req) == LN_RUN_DONE;
}

static void wait_for_more(struct ln_exchange *x)
{
    permit(x);
    ln_downstream_resume(x->d);
    ln_downstream_patience(x->d, LN_PATIENCE_BODY, x->gen->conf->gateway.timeouts.body);
    if (x->d->eof)
        x->gone = true;
}

bool ln_collect_pump(struct ln_exchange *x)
{
    struct ln_buf *in = x->d->in;
    const char *p = in != NULL ? ln_buf_at(in) : NULL, *end = in != NULL ? ln_buf_end(in) : NULL;
    enum ln_reject why = LN_REJECT_NONE;
    enum ln_body_state state = take(x, &p, end, &why);

    if (in != NULL)
        in->head = (size_t)(p - in->bytes);
    x->body_lost = true;
    if (x->sent_at == 0)
        x->sent_at = ln_loop_now(x->gw->loop);
    if (state != LN_BODY_UNREAD)
        return conclude(x, state, why);
    wait_for_more(x);
    return false;
}

void ln_collect_adopt(struct ln_exchange *x)
{
    for (struct ln_field *f = ln_fields_find(x->req.fields, LN_FIELD_EXPECT); f != NULL;
         f = ln_fields_next(x->req.fields, f))
        f->dropped = 1; /* met already */
    x->head.expect_continue = false;
    x->head.framing = x->req.body.n > 0 || x->head.framing != LN_FRAMING_NONE ? LN_FRAMING_LENGTH
                                                                              : LN_FRAMING_NONE;
    x->head.length = x->req.body.n;
    x->own_body = true;
    x->body_lost = false;
    ln_flow_init(&x->up, &x->gw->bufs, x->head.framing, x->head.length, x->head.framing, NULL);
}

void ln_collect_read(struct ln_exchange *x)
{
    struct ln_downstream *d = x->d;
    ssize_t n = ln_stream_read(&d->stream, x->gw->scratch_in, LN_SCRATCH_IN);
    enum ln_reject why = LN_REJECT_NONE;

    if (n == LN_STREAM_AGAIN)
        return;
    if (n <= 0) {
        ln_exchange_client_gone(x);
        return;
    }
    ln_stat_add(x->gw->slot, LN_STAT_BYTES_IN, (uint64_t)n);
    if (ln_relay_is_too_slow(x)) {
        ln_exchange_client_slow(x, LN_PATIENCE_BODY);
        return;
    }

    const char *p = x->gw->scratch_in, *end = p + n;
    enum ln_body_state state = take(x, &p, end, &why);

    ln_downstream_unread(d, p, (size_t)(end - p));
    if (state == LN_BODY_UNREAD)
        wait_for_more(x);
    else if (conclude(x, state, why))
        x->phase_done = true;
    ln_exchange_advance(x);
}
