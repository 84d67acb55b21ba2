/* SPDX-License-Identifier: Apache-2.0
 * tunnel.c - two flows without framing.
 */
#include "gateway/tunnel.h"

#include "gateway/headwrite.h"
#include "gateway/pacing.h"

static void settle(struct ln_exchange *x)
{
    bool up_done = x->up.ended && x->up.pending == NULL,
         down_done = x->down.ended && x->down.pending == NULL;

    if (x->attempt.conn == NULL)
        return;
    ln_deadline_set(x->gw->deadlines, &x->deadline, x->gen->conf->gateway.timeouts.tunnel);
    if (!up_done || !down_done)
        return;
    ln_attempts_release(x, LN_OUTCOME_OK, false);
    x->finished = true;
}

void ln_tunnel_sent(struct ln_exchange *x, enum ln_flow_result result)
{
    switch (result) {
    case LN_FLOW_MORE:
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
    case LN_FLOW_END:
        ln_stream_shutdown_write(&x->attempt.conn->stream);
        break;
    default:
        x->gone = true;
        return;
    }
    settle(x);
}

void ln_tunnel_received(struct ln_exchange *x, enum ln_flow_result result)
{
    switch (result) {
    case LN_FLOW_MORE:
        ln_stream_watch_read(&x->attempt.conn->stream, true);
        break;
    case LN_FLOW_FULL:
        ln_stream_watch_read(&x->attempt.conn->stream, false);
        ln_stream_watch_write(&x->d->stream, true);
        break;
    case LN_FLOW_HELD:
        ln_stream_watch_read(&x->attempt.conn->stream, false);
        ln_pacing_hold(x, LN_PACE_RESPONSE);
        break;
    case LN_FLOW_END:
        ln_stream_watch_read(&x->attempt.conn->stream, false);
        ln_stream_shutdown_write(&x->d->stream);
        break;
    default:
        x->gone = true;
        return;
    }
    settle(x);
}

void ln_tunnel_client_eof(struct ln_exchange *x)
{
    struct ln_window w = {x->gw->scratch_out, 0, LN_SCRATCH_OUT};

    if (!x->up.ended)
        ln_tunnel_sent(x, ln_flow_close(&x->up, &x->attempt.conn->stream, &w));
    ln_exchange_advance(x);
}

static enum ln_flow_result push(struct ln_flow *f, struct ln_stream *to, struct ln_window *w,
                                struct ln_buf *from)
{
    enum ln_reject why;
    const char *p = from != NULL ? ln_buf_at(from) : NULL,
               *end = from != NULL ? ln_buf_end(from) : NULL;
    enum ln_flow_result result = ln_flow_push(f, to, w, &p, end, &why);

    if (from != NULL)
        from->head = from->tail;
    return result;
}

bool ln_tunnel_open(struct ln_exchange *x)
{
    struct ln_upconn *c = x->attempt.conn;
    struct ln_window w = {x->gw->scratch_out, 0, LN_SCRATCH_OUT};
    struct ln_writer writer = ln_writer(w.base, w.size - 4096);

    ln_flow_init(&x->up, &x->gw->bufs, LN_FRAMING_CLOSE, 0, LN_FRAMING_CLOSE, NULL);
    ln_flow_init(&x->down, &x->gw->bufs, LN_FRAMING_CLOSE, 0, LN_FRAMING_CLOSE, NULL);
    x->up.pace = x->req.paces[LN_PACE_REQUEST];
    x->down.pace = x->req.paces[LN_PACE_RESPONSE];
    if (!ln_headwrite_response(x, &writer, x->res.reason))
        return false;
    w.used = (size_t)(writer.at - w.base);
    x->keep = false;
    x->started = true;
    ln_stream_watch_read(&c->stream, true);
    ln_tunnel_received(x, push(&x->down, &x->d->stream, &w, c->in));
    ln_relay_drop_input(x, c);
    w.used = 0;
    if (!x->gone)
        ln_tunnel_sent(x, push(&x->up, &c->stream, &w, x->d->in));
    if (!x->gone && x->d->eof)
        ln_tunnel_client_eof(x);
    return true;
}
