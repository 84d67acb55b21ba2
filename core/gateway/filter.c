/* SPDX-License-Identifier: Apache-2.0
 * filter.c - the pump between decoder and handlers.
 */
#include "gateway/filter.h"

bool ln_filter_is_wanted(const struct ln_exchange *x)
{
    return x->req.route != NULL && x->req.route->has_body && !x->req.skip_body && !x->tunnel;
}

static void keep(struct ln_exchange *x, const char *p, size_t n)
{
    struct ln_buf *b = x->raw;

    if (n == 0)
        return;
    if (b == NULL)
        b = ln_buf_borrow(&x->gw->bufs, n);
    else if (ln_buf_room(b) < n)
        b = ln_buf_enlarge(&x->gw->bufs, b, ln_buf_len(b) + n);
    ln_buf_put(b, p, n);
    x->raw = b;
}

/* Decodes the next piece into r->chunk. False: more bytes are needed (or, `*bad`, the source broke its framing). */
static bool next_piece(struct ln_exchange *x, bool *bad)
{
    struct ln_slice piece = {NULL, 0};
    enum ln_reject why;
    const char *p = x->raw != NULL ? ln_buf_at(x->raw) : NULL, *end = x->raw != NULL ? ln_buf_end(x->raw) : NULL;
    enum ln_body_event event = x->source_closed ? LN_BODY_END : ln_body_next(&x->down.body, &p, end, &piece, &why);

    if (x->raw != NULL)
        x->raw->head = (size_t)(p - x->raw->bytes);
    *bad = event == LN_BODY_BAD;
    if (event == LN_BODY_MORE || event == LN_BODY_BAD)
        return false;
    x->req.chunk = (struct ln_chunk){.text = piece, .last = event == LN_BODY_END, .arena = &x->chunk_arena};
    x->source_ended = event == LN_BODY_END;
    return true;
}

static enum ln_flow_result write_piece(struct ln_exchange *x, struct ln_window *w)
{
    enum ln_flow_result result = ln_flow_write(&x->down, &x->d->stream, w, x->req.chunk.text, x->req.chunk.last);

    ln_arena_reset(&x->chunk_arena);
    return result;
}

/* Bytes behind the end mean that the connection's next response would begin with them. */
static void judge_rest(struct ln_exchange *x)
{
    if (x->raw != NULL && ln_buf_len(x->raw) > 0)
        x->res.keep_alive = false;
}

enum ln_flow_result ln_filter_pump(struct ln_exchange *x, struct ln_window *w)
{
    enum ln_flow_result result = LN_FLOW_MORE;
    bool bad = false;

    for (;;) {
        if (x->phase_done) { /* the handlers have finished a piece while parked */
            x->phase_done = x->chunk_parked = false;
            result = write_piece(x, w);
        }
        if (x->chunk_parked)
            return LN_FLOW_MORE;
        if (result != LN_FLOW_MORE || x->down.ended)
            break;
        if (!next_piece(x, &bad))
            break;
        if (ln_vm_body(x->gen->vm, &x->req) == LN_RUN_WAIT) {
            x->chunk_parked = true;
            return LN_FLOW_MORE;
        }
        result = write_piece(x, w);
    }
    judge_rest(x);
    if (x->raw != NULL && (ln_buf_len(x->raw) == 0 || x->down.ended)) {
        ln_buf_return(&x->gw->bufs, x->raw);
        x->raw = NULL;
    }
    if (w->used > 0 && result == LN_FLOW_MORE) /* a head without content yet */
        result = ln_flow_write(&x->down, &x->d->stream, w, ln_slice(NULL, 0), false);
    return bad ? LN_FLOW_BAD : result;
}

enum ln_flow_result ln_filter_push(struct ln_exchange *x, const char *p, size_t n, struct ln_window *w)
{
    keep(x, p, n);
    return ln_filter_pump(x, w);
}

enum ln_flow_result ln_filter_close(struct ln_exchange *x, struct ln_window *w)
{
    x->source_closed = true;
    return ln_filter_pump(x, w);
}
