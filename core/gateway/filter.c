/* SPDX-License-Identifier: Apache-2.0
 * filter.c - the pump between decoder and handlers.
 */
#include "gateway/filter.h"

#include "base/log.h"

enum { PUT_OFF_MAX = 4096 };

bool ln_filter_is_wanted(const struct ln_exchange *x)
{
    return !x->tunnel && ln_vm_wants_body(&x->req);
}

static void keep(struct ln_exchange *x, struct ln_buf **at, const char *p, size_t n)
{
    struct ln_buf *b = *at;

    if (n == 0)
        return;
    if (b == NULL)
        b = ln_buf_borrow(&x->gw->bufs, n);
    else if (ln_buf_room(b) < n)
        b = ln_buf_enlarge(&x->gw->bufs, b, (ln_buf_len(b) + n) * 2);
    ln_buf_put(b, p, n);
    *at = b;
}

static void give_back(struct ln_exchange *x, struct ln_buf **at)
{
    ln_buf_return(&x->gw->bufs, *at);
    *at = NULL;
}

void ln_filter_fini(struct ln_exchange *x)
{
    give_back(x, &x->raw);
    give_back(x, &x->gathered);
}

/* ---- pieces ---- */

static enum ln_body_event decode(struct ln_exchange *x, struct ln_slice *piece)
{
    enum ln_reject why;
    const char *p = x->raw != NULL ? ln_buf_at(x->raw) : NULL,
               *end = x->raw != NULL ? ln_buf_end(x->raw) : NULL;
    enum ln_body_event event =
        x->source_closed ? LN_BODY_END : ln_body_next(&x->down.body, &p, end, piece, &why);

    if (x->raw != NULL)
        x->raw->head = (size_t)(p - x->raw->bytes);
    return event;
}

static void complain_of_size(struct ln_exchange *x)
{
    const struct ln_route *route = x->req.route;

    ln_error("route %s: the content is larger than buffer (%llu bytes): the response of request "
             "%.*s is cut off",
             route->name, (unsigned long long)route->buffer, (int)x->req.id.n, x->req.id.p);
    x->cut = true;
}

/* All pieces become one. What is told to be too large is not even begun. */
static enum ln_body_event gather(struct ln_exchange *x, struct ln_slice *piece)
{
    const struct ln_body *body = &x->down.body;
    enum ln_body_event event = LN_BODY_DATA;

    while (event == LN_BODY_DATA) {
        if (body->total + (body->framing == LN_FRAMING_LENGTH ? body->left : 0) >
            x->req.route->buffer) {
            complain_of_size(x);
            return LN_BODY_BAD;
        }
        event = decode(x, piece);
        if (event == LN_BODY_DATA)
            keep(x, &x->gathered, piece->p, piece->n);
    }
    if (event == LN_BODY_END)
        *piece = x->gathered != NULL ? ln_slice(ln_buf_at(x->gathered), ln_buf_len(x->gathered))
                                     : ln_slice(NULL, 0);
    return event;
}

/* Decodes the next piece into r->chunk. False: more bytes are needed (or, `*bad`, the source broke
 * its framing). */
static bool next_piece(struct ln_exchange *x, bool *bad)
{
    struct ln_slice piece = {NULL, 0};
    enum ln_body_event event = x->req.route->buffer > 0 ? gather(x, &piece) : decode(x, &piece);

    *bad = event == LN_BODY_BAD;
    if (event == LN_BODY_MORE || event == LN_BODY_BAD)
        return false;
    x->req.chunk =
        (struct ln_chunk){.text = piece, .last = event == LN_BODY_END, .arena = &x->chunk_arena};
    return true;
}

/* A small piece that is not the last waits in the window: what the pump does in one go leaves in
 * one system call, the end of short content with its beginning. */
static bool put_off(struct ln_exchange *x, struct ln_window *w)
{
    struct ln_slice text = x->req.chunk.text;
    bool chunked = x->down.out == LN_FRAMING_CHUNKED;

    if (x->req.chunk.last || text.n > PUT_OFF_MAX || x->down.pending != NULL ||
        w->size - w->used < text.n + LN_CHUNK_HEAD_MAX + 2)
        return false;
    if (text.n == 0)
        return true;
    if (chunked)
        w->used += ln_chunk_head(w->base + w->used, text.n);
    memcpy(w->base + w->used, text.p, text.n);
    w->used += text.n;
    if (chunked) {
        memcpy(w->base + w->used, "\r\n", 2);
        w->used += 2;
    }
    return true;
}

/* What the handlers have made of it; BAD when one of them has failed. */
static enum ln_flow_result write_piece(struct ln_exchange *x, struct ln_window *w)
{
    enum ln_flow_result result = LN_FLOW_MORE;

    if (x->req.failed) {
        x->cut = true;
        result = LN_FLOW_BAD;
    } else if (!put_off(x, w)) {
        result = ln_flow_write(&x->down, &x->d->stream, w, x->req.chunk.text, x->req.chunk.last);
    }
    x->req.bytes += x->req.chunk.text.n;
    ln_arena_reset(&x->chunk_arena);
    return result;
}

/* ---- the pump ---- */

/* Bytes behind the end mean that the connection's next response would begin with them. */
static void judge_rest(struct ln_exchange *x)
{
    if (x->down.ended && x->raw != NULL && ln_buf_len(x->raw) > 0)
        x->res.keep_alive = false;
}

static enum ln_flow_result run(struct ln_exchange *x, struct ln_window *w)
{
    enum ln_flow_result result = LN_FLOW_MORE;
    bool bad = false;

    for (;;) {
        if (x->phase_done) { /* the handlers have finished a piece while parked */
            x->phase_done = x->chunk_parked = false;
            result = write_piece(x, w);
        }
        if (x->chunk_parked || result != LN_FLOW_MORE || x->down.ended)
            return result;
        if (!next_piece(x, &bad))
            return bad ? LN_FLOW_BAD : LN_FLOW_MORE;
        if (ln_vm_body(x->gen->vm, &x->req) == LN_RUN_WAIT)
            x->chunk_parked = true;
        else
            result = write_piece(x, w);
    }
}

enum ln_flow_result ln_filter_pump(struct ln_exchange *x, struct ln_window *w)
{
    enum ln_flow_result result = run(x, w);

    if (!x->chunk_parked) {
        judge_rest(x);
        if (x->raw != NULL && (ln_buf_len(x->raw) == 0 || x->down.ended))
            give_back(x, &x->raw);
    }
    /* What was put off, or a head alone. */
    if (w->used > 0 && (result == LN_FLOW_MORE || result == LN_FLOW_BAD)) {
        enum ln_flow_result wrote =
            ln_flow_write(&x->down, &x->d->stream, w, ln_slice(NULL, 0), false);

        return result == LN_FLOW_BAD ? result : wrote;
    }
    return result;
}

enum ln_flow_result ln_filter_push(struct ln_exchange *x, const char *p, size_t n,
                                   struct ln_window *w)
{
    keep(x, &x->raw, p, n);
    return ln_filter_pump(x, w);
}

enum ln_flow_result ln_filter_close(struct ln_exchange *x, struct ln_window *w)
{
    x->source_closed = true;
    return ln_filter_pump(x, w);
}
