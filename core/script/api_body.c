/* SPDX-License-Identifier: Apache-2.0
 * api_body.c - content as Lua sees it: the request's as a whole, the response's piece by piece.
 *
 * A piece goes through the body handlers one after the other. What a handler makes of it lies in
 * the piece's own arena, which the gateway empties when the piece has been written. Only the few
 * bytes that may be the beginning of a match stay behind, in the request's arena: see struct
 * ln_held.
 */
#include "script/api_body.h"

#include "script/api_inner.h"
#include "script/vm.h"

enum {
    PLAIN_MAX = 4096, /* bytes of a text that is searched for */
    HELD_MAX = 64,    /* texts that the plugins of one request search for */
};

/* The end of a piece that may be the beginning of a match in the next one. There is one for each
 * place in a handler where a text is replaced: two replacements in a row hold different bytes
 * back. */
struct ln_held {
    struct ln_held *next;
    int at;           /* the plugin */
    uint32_t touched; /* the piece that it was last used for */
    struct ln_slice plain;
    uint32_t *border; /* by length of a beginning of `plain`: its longest proper beginning that is
                       * also its end */
    char *tail, *old; /* plain.n bytes each: now, and before the piece that `touched` names */
    size_t tail_n, old_n;
};

/* ---- the request's ---- */

int ln_req_body(const struct ln_handle *h, struct ln_str *out)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (r->body_state != LN_BODY_READ && !r->body_replaced)
        return LN_NONE;
    return ln_str_put(out, r->body);
}

int ln_req_set_body(const struct ln_handle *h, const char *ptr, size_t len)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    if (r->has_content && r->body_state != LN_BODY_READ)
        return LN_NONE;
    if (!ln_req_has_room(r, len))
        return LN_EFULL;
    r->body = ln_arena_dup(r->arena, ln_slice(ptr, len));
    r->body_replaced = true;
    return LN_OK;
}

/* ---- who sees the response's ---- */

static uint64_t bit(int at)
{
    return at > 0 && at < 64 ? (uint64_t)1 << at : 0;
}

bool ln_vm_wants_body(const struct ln_req *r)
{
    uint64_t above = r->made_by == 0 ? ~(uint64_t)0 : bit(r->made_by) - 1;

    return r->route != NULL && (r->route->bodies & above & ~r->body_out) != 0;
}

int ln_res_skip_body(const struct ln_handle *h, int at)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (r->res_fields == NULL || r->pieces != 0)
        return LN_ESTATE;
    r->body_out |= bit(at);
    return LN_OK;
}

int ln_reply_from(const struct ln_handle *h, int at)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    r->made_by = (uint16_t)at;
    return LN_OK;
}

/* ---- one piece ---- */

int ln_piece_text(const struct ln_piece *p, struct ln_str *out)
{
    const struct ln_req *r = ln_piece_req(p);

    if (r == NULL)
        return LN_EGONE;
    out->ptr = r->chunk.text.n > 0 ? r->chunk.text.p : "";
    out->len = r->chunk.text.n;
    return LN_OK;
}

int ln_piece_is_last(const struct ln_piece *p)
{
    const struct ln_req *r = ln_piece_req(p);

    if (r == NULL)
        return LN_EGONE;
    return r->chunk.last ? LN_OK : LN_NONE;
}

int ln_piece_set(const struct ln_piece *p, const char *text, size_t len)
{
    struct ln_req *r = ln_piece_req(p);

    if (r == NULL)
        return LN_EGONE;
    if (!ln_piece_has_room(r, len))
        return LN_ELIMIT;
    r->chunk.text = len > 0 ? ln_arena_dup(r->chunk.arena, ln_slice(text, len)) : ln_slice(NULL, 0);
    return LN_OK;
}

static void put_in_front(struct ln_req *r, const char *bytes, size_t n)
{
    struct ln_slice text = r->chunk.text;

    if (n == 0)
        return;
    char *all = ln_arena_alloc(r->chunk.arena, n + text.n);

    memcpy(all, bytes, n);
    if (text.n > 0)
        memcpy(all + n, text.p, text.n);
    r->chunk.text = ln_slice(all, n + text.n);
}

int ln_piece_enter(struct ln_cur *cur, int at)
{
    struct ln_req *r = cur->req;

    cur->at = at;
    r->piece_at = at;
    r->piece_before = r->chunk.text;
    return (r->body_out & bit(at)) != 0 ? LN_NONE : LN_OK;
}

/* What the handler has held back of earlier pieces, and has not asked for again, goes on. */
int ln_piece_leave(struct ln_cur *cur)
{
    struct ln_req *r = cur->req;

    for (struct ln_held *h = r->held; h != NULL; h = h->next) {
        if (h->at != r->piece_at || h->touched == r->pieces)
            continue;
        put_in_front(r, h->tail, h->tail_n);
        h->tail_n = 0;
    }
    ln_coded_leave(r);
    return LN_OK;
}

void ln_piece_undo(struct ln_req *r, int at)
{
    r->chunk.text = r->piece_before;
    r->body_out |= bit(at);
    for (struct ln_held *h = r->held; h != NULL; h = h->next) {
        bool touched = h->touched == r->pieces;

        if (h->at != at)
            continue;
        put_in_front(r, touched ? h->old : h->tail, touched ? h->old_n : h->tail_n);
        h->tail_n = 0;
    }
}

/* ---- replacing ---- */

/* Knuth, Morris and Pratt's table. */
static void fill_borders(struct ln_held *h)
{
    const char *s = h->plain.p;
    uint32_t k = 0;

    h->border[0] = h->border[1] = 0;
    for (size_t i = 1; i < h->plain.n; i++) {
        while (k > 0 && s[i] != s[k])
            k = h->border[k];
        k += s[i] == s[k];
        h->border[i + 1] = k;
    }
}

static struct ln_held *held_new(struct ln_req *r, struct ln_slice plain)
{
    struct ln_held *h = ln_arena_zalloc(r->arena, sizeof *h), **end = &r->held;

    h->at = r->piece_at;
    h->plain = ln_arena_dup(r->arena, plain);
    h->border = ln_arena_alloc(r->arena, (plain.n + 1) * sizeof *h->border);
    h->tail = ln_arena_alloc(r->arena, 2 * plain.n);
    h->old = h->tail + plain.n;
    fill_borders(h);
    while (*end != NULL)
        end = &(*end)->next;
    return *end = h;
}

/* The one that the handler means; NULL: there are too many. */
static struct ln_held *held_of(struct ln_req *r, struct ln_slice plain)
{
    int count = 0;

    for (struct ln_held *h = r->held; h != NULL; h = h->next, count++)
        if (h->at == r->piece_at && h->touched != r->pieces && ln_slice_eq(h->plain, plain))
            return h;
    return count < HELD_MAX ? held_new(r, plain) : NULL;
}

/* How often `plain` is in the text, at most so often; *rest begins behind the last one. */
static size_t count_matches(struct ln_slice text, struct ln_slice plain, size_t most,
                            struct ln_slice *rest)
{
    const char *p = text.p, *end = text.p + text.n, *found;
    size_t n = 0;

    while (p != NULL && n < most &&
           (found = memmem(p, (size_t)(end - p), plain.p, plain.n)) != NULL) {
        p = found + plain.n;
        n++;
    }
    *rest = ln_slice(p, (size_t)(end - p));
    return n;
}

/* The longest end of the text that is a beginning of what is searched for. */
static size_t count_held(const struct ln_held *h, struct ln_slice rest)
{
    size_t skip = rest.n >= h->plain.n ? rest.n - (h->plain.n - 1) : 0;
    uint32_t k = 0;

    for (size_t i = skip; i < rest.n; i++) {
        while (k > 0 && rest.p[i] != h->plain.p[k])
            k = h->border[k];
        k += rest.p[i] == h->plain.p[k];
    }
    return k;
}

static char *put(char *at, const char *bytes, size_t n)
{
    if (n > 0)
        memcpy(at, bytes, n);
    return at + n;
}

/* The first n of them. */
static struct ln_slice rewrite(struct ln_req *r, struct ln_slice text, struct ln_slice plain,
                               struct ln_slice with, size_t n, size_t size)
{
    char *out = ln_arena_alloc(r->chunk.arena, size), *at = out;
    const char *p = text.p, *end = text.p + text.n, *found;

    for (; n > 0 && (found = memmem(p, (size_t)(end - p), plain.p, plain.n)) != NULL; n--) {
        at = put(at, p, (size_t)(found - p));
        at = put(at, with.p, with.n);
        p = found + plain.n;
    }
    at = put(at, p, (size_t)(end - p));
    return ln_slice(out, (size_t)(at - out));
}

static void touch(struct ln_req *r, struct ln_held *h)
{
    h->touched = r->pieces;
    put(h->old, h->tail, h->tail_n);
    h->old_n = h->tail_n;
    put_in_front(r, h->tail, h->tail_n);
    h->tail_n = 0;
}

int ln_piece_replace(const struct ln_piece *p, const char *plain, size_t plain_len,
                     const char *with, size_t with_len, double most, double *count)
{
    struct ln_req *r = ln_piece_req(p);
    struct ln_slice rest, what = ln_slice(plain, plain_len);

    if (r == NULL)
        return LN_EGONE;
    if (plain_len == 0 || plain_len > PLAIN_MAX)
        return LN_EINVAL;
    struct ln_held *h = held_of(r, what);

    if (h == NULL || !ln_piece_has_room(r, r->chunk.text.n + h->tail_n))
        return LN_ELIMIT;
    touch(r, h);

    struct ln_slice text = r->chunk.text;
    size_t times = most >= 1 && most < (double)SIZE_MAX ? (size_t)most : SIZE_MAX;
    size_t n = count_matches(text, what, times, &rest);

    size_t kept = r->chunk.last || n == times ? 0 : count_held(h, rest);
    size_t size = text.n - kept - n * plain_len;

    if ((with_len > 0 && n > SIZE_MAX / 2 / with_len) || !ln_piece_has_room(r, size + n * with_len))
        return LN_ELIMIT;
    put(h->tail, rest.p + (rest.n - kept), kept);
    h->tail_n = kept;
    text.n -= kept;
    *count = (double)n;
    r->chunk.text =
        n > 0 ? rewrite(r, text, what, ln_slice(with, with_len), n, size + n * with_len) : text;
    return LN_OK;
}
