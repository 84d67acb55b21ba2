/* SPDX-License-Identifier: Apache-2.0
 * flow.c - decode, frame anew, write; keep what does not fit.
 */
#include "gateway/flow.h"

#include "base/assert.h"

enum {
    COPY_MAX = 4096, /* smaller pieces are copied behind the head: cheaper than one more iovec */
    PIECES = 24,
};

/* What goes out with the next system call: runs of the window and pieces of the source, in order.
 */
struct gather {
    struct ln_flow *f;
    struct ln_stream *dst;
    struct ln_window *w;
    struct iovec iov[PIECES];
    int count;
    size_t bytes;
    bool open; /* the last piece ends where the window ends: more may be put behind it */
    bool gone;
};

void ln_flow_init(struct ln_flow *f, struct ln_buf_cache *bufs, enum ln_framing in, uint64_t length,
                  enum ln_framing out, struct ln_fields *trailers)
{
    ln_body_init(&f->body, in, length, trailers);
    f->out = out;
    f->pending = NULL;
    f->pace = NULL;
    f->bufs = bufs;
    f->most = f->written = 0;
    f->ended = false;
}

void ln_flow_fini(struct ln_flow *f)
{
    ln_buf_return(f->bufs, f->pending);
    f->pending = NULL;
}

static void keep(struct ln_flow *f, const char *p, size_t n)
{
    if (n == 0)
        return;
    if (f->pending == NULL)
        f->pending = ln_buf_borrow(f->bufs, n);
    else if (ln_buf_room(f->pending) < n)
        f->pending = ln_buf_enlarge(f->bufs, f->pending, (ln_buf_len(f->pending) + n) * 2);
    ln_buf_put(f->pending, p, n);
}

/* Sends what was gathered; what the socket does not take becomes pending. Where there is a pace,
 * all of it does: finish() sends as much as may go. */
static void send_out(struct gather *g)
{
    ssize_t n = 0;

    if (g->count == 0)
        return;
    if (!g->gone && g->f->pending == NULL && LN_LIKELY(g->f->pace == NULL)) {
        n = g->count == 1 ? ln_stream_write(g->dst, g->iov[0].iov_base, g->iov[0].iov_len)
                          : ln_stream_writev(g->dst, g->iov, g->count);
        if (n == LN_STREAM_ERROR)
            g->gone = true;
        if (n < 0)
            n = 0;
        g->f->written += (uint64_t)n;
    }
    if ((size_t)n < g->bytes && !g->gone) {
        size_t skip = (size_t)n;

        for (int i = 0; i < g->count; i++) {
            size_t len = g->iov[i].iov_len, cut = skip < len ? skip : len;

            keep(g->f, (char *)g->iov[i].iov_base + cut, len - cut);
            skip -= cut;
        }
    }
    g->count = 0;
    g->bytes = 0;
    g->open = false;
    g->w->used = 0;
}

static void add_ref(struct gather *g, const char *p, size_t n)
{
    if (g->count == PIECES)
        send_out(g);
    g->iov[g->count++] = (struct iovec){.iov_base = (char *)(uintptr_t)p, .iov_len = n};
    g->bytes += n;
    g->open = false;
}

static void add_copy(struct gather *g, const char *p, size_t n)
{
    if (g->w->size - g->w->used < n || (!g->open && g->count == PIECES))
        send_out(g);

    char *at = g->w->base + g->w->used;

    memcpy(at, p, n);
    g->w->used += n;
    if (g->open) {
        g->iov[g->count - 1].iov_len += n;
        g->bytes += n;
        return;
    }
    add_ref(g, at, n);
    g->open = true;
}

static void add_content(struct gather *g, struct ln_slice piece)
{
    char head[LN_CHUNK_HEAD_MAX];
    bool chunked = g->f->out == LN_FRAMING_CHUNKED;

    if (g->f->out == LN_FRAMING_NONE)
        return;
    if (chunked)
        add_copy(g, head, ln_chunk_head(head, piece.n));
    if (piece.n <= COPY_MAX)
        add_copy(g, piece.p, piece.n);
    else
        add_ref(g, piece.p, piece.n);
    if (chunked)
        add_copy(g, "\r\n", 2);
}

/* The last chunk and the trailer section (RFC 9112 section 7.1.2). */
static void add_end(struct gather *g)
{
    struct ln_flow *f = g->f;

    f->ended = true;
    if (f->out != LN_FRAMING_CHUNKED)
        return;
    add_copy(g, "0\r\n", 3);
    for (unsigned i = 0; f->body.trailers != NULL && i < f->body.trailers->count; i++) {
        const struct ln_field *t = &f->body.trailers->v[i];

        if (t->dropped || (f->strip != NULL && ln_strip_has(f->strip, t)))
            continue;
        add_copy(g, t->name, t->name_len);
        add_copy(g, ": ", 2);
        add_copy(g, t->value, t->value_len);
        add_copy(g, "\r\n", 2);
    }
    add_copy(g, "\r\n", 2);
}

static void begin(struct gather *g, struct ln_flow *f, struct ln_stream *dst, struct ln_window *w)
{
    g->f = f;
    g->dst = dst;
    g->w = w;
    g->count = 0;
    g->bytes = 0;
    g->open = g->gone = false;
    if (w->used > 0) {
        add_ref(g, w->base, w->used);
        g->open = true;
    }
}

static enum ln_flow_result finish(struct gather *g)
{
    send_out(g);
    if (g->gone)
        return LN_FLOW_GONE;
    if (g->f->pending != NULL)
        return LN_LIKELY(g->f->pace == NULL) ? LN_FLOW_FULL : ln_flow_flush(g->f, g->dst);
    return g->f->ended ? LN_FLOW_END : LN_FLOW_MORE;
}

enum ln_flow_result ln_flow_push(struct ln_flow *f, struct ln_stream *dst, struct ln_window *w,
                                 const char **p, const char *end, enum ln_reject *why)
{
    struct gather g;
    struct ln_slice piece;
    enum ln_body_event event = LN_BODY_MORE;

    begin(&g, f, dst, w);
    while (!f->ended && (event = ln_body_next(&f->body, p, end, &piece, why)) == LN_BODY_DATA) {
        if (f->most > 0 && f->body.total > f->most)
            return LN_FLOW_LARGE;
        add_content(&g, piece);
    }
    if (event == LN_BODY_END)
        add_end(&g);

    enum ln_flow_result result = finish(&g);

    return event == LN_BODY_BAD ? LN_FLOW_BAD : result;
}

enum ln_flow_result ln_flow_write(struct ln_flow *f, struct ln_stream *dst, struct ln_window *w,
                                  struct ln_slice content, bool last)
{
    struct gather g;

    begin(&g, f, dst, w);
    if (content.n > 0)
        add_content(&g, content);
    if (last && !f->ended)
        add_end(&g);
    return finish(&g);
}

enum ln_flow_result ln_flow_close(struct ln_flow *f, struct ln_stream *dst, struct ln_window *w)
{
    struct gather g;

    begin(&g, f, dst, w);
    if (!f->ended)
        add_end(&g);
    return finish(&g);
}

static size_t may_go(struct ln_flow *f, const struct ln_stream *dst)
{
    size_t all = ln_buf_len(f->pending);

    return f->pace == NULL ? all : (size_t)ln_pace_room(f->pace, all, ln_loop_now(dst->loop));
}

enum ln_flow_result ln_flow_flush(struct ln_flow *f, struct ln_stream *dst)
{
    while (f->pending != NULL) {
        size_t room = may_go(f, dst);

        if (room == 0)
            return LN_FLOW_HELD;
        ssize_t n = ln_stream_write(dst, ln_buf_at(f->pending), room);

        if (n == LN_STREAM_ERROR)
            return LN_FLOW_GONE;
        if (n == LN_STREAM_AGAIN)
            return LN_FLOW_FULL;
        f->written += (uint64_t)n;
        ln_pace_spend(f->pace, (uint64_t)n);
        ln_buf_eat(f->pending, (size_t)n);
        if (ln_buf_len(f->pending) == 0)
            ln_flow_fini(f);
    }
    return f->ended ? LN_FLOW_END : LN_FLOW_MORE;
}
