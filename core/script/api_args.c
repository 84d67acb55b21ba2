/* SPDX-License-Identifier: Apache-2.0
 * api_args.c - the arguments of the query and the cookies of a request, as Lua sees them.
 *
 * Nothing is parsed ahead: a look-up walks the text. The position of a walk is an offset into the
 * query; of cookies, the number of the Cookie field in the high bits and an offset into its value
 * in the low ones.
 */
#include "http/cookie.h"
#include "http/query.h"
#include "script/api_inner.h"

enum { OFFSET_BITS = 20, OFFSET_MASK = (1 << OFFSET_BITS) - 1 };

static struct ln_slice query_of(const struct ln_req *r)
{
    return r->has_query ? r->query : ln_slice("", 0);
}

static struct ln_slice from(struct ln_slice s, size_t at)
{
    return at < s.n ? ln_slice(s.p + at, s.n - at) : ln_slice("", 0);
}

int ln_args_get(const struct ln_handle *h, const char *name, size_t name_len, struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_query_arg arg;

    if (r == NULL)
        return LN_EGONE;
    if (!ln_query_get(query_of(r), ln_slice(name, name_len), &arg, r->arena))
        return LN_NONE;
    return ln_str_put(value, arg.value);
}

int ln_args_next(const struct ln_handle *h, uint32_t *at, struct ln_str *name, struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_query_arg arg;

    if (r == NULL)
        return LN_EGONE;
    struct ln_slice query = query_of(r), rest = from(query, *at);
    if (!ln_query_next(&rest, &arg, r->arena))
        return LN_NONE;
    *at = (uint32_t)(query.n - rest.n);
    ln_str_put(name, arg.name);
    return ln_str_put(value, arg.value);
}

struct query {
    char *p;
    size_t n;
};

static void join(struct query *q, struct ln_slice piece)
{
    while (piece.n > 0 && piece.p[0] == '&')
        piece = ln_slice(piece.p + 1, piece.n - 1);
    while (piece.n > 0 && piece.p[piece.n - 1] == '&')
        piece.n--;
    if (q->n > 0)
        q->p[q->n++] = '&';
    memcpy(q->p + q->n, piece.p, piece.n);
    q->n += piece.n;
}

static struct ln_slice pair_of(struct ln_arena *arena, struct ln_slice name, struct ln_slice value)
{
    struct ln_slice n = ln_query_encode(name, true, arena), v = ln_query_encode(value, true, arena);

    return ln_arena_printf(arena, "%.*s=%.*s", (int)n.n, n.p, (int)v.n, v.p);
}

/* The first argument of the name is replaced in its place, further ones go, a new one is appended;
 * the others stay as they were written. */
int ln_args_set(const struct ln_handle *h, const char *name, size_t name_len, const char *value,
                size_t value_len)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice key = ln_slice(name, name_len), fresh = ln_slice("", 0);
    struct ln_query_arg arg;

    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    if (name_len == 0)
        return LN_EINVAL;
    if (!ln_req_has_room(r, query_of(r).n + 6 * (name_len + value_len)))
        return LN_EFULL;
    if (value != NULL)
        fresh = pair_of(r->arena, key, ln_slice(value, value_len));
    struct ln_slice query = query_of(r), rest = query;
    struct query q = {ln_arena_alloc(r->arena, query.n + fresh.n + 2), 0};
    for (struct ln_slice before = rest; ln_query_next(&rest, &arg, r->arena); before = rest) {
        if (!ln_slice_eq(arg.name, key)) {
            join(&q, ln_slice(before.p, before.n - rest.n));
        } else if (fresh.n > 0) {
            join(&q, fresh);
            fresh.n = 0;
        }
    }
    if (fresh.n > 0)
        join(&q, fresh);
    r->has_query = q.n > 0;
    r->query = ln_slice(q.p, q.n);
    r->target_changed = true;
    return LN_OK;
}

int ln_cookies_get(const struct ln_handle *h, const char *name, size_t name_len,
                   struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice found;

    if (r == NULL)
        return LN_EGONE;
    return ln_cookie_get(r->fields, ln_slice(name, name_len), &found) ? ln_str_put(value, found)
                                                                      : LN_NONE;
}

int ln_cookies_next(const struct ln_handle *h, uint32_t *at, struct ln_str *name,
                    struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);
    uint32_t seen = 0;
    struct ln_slice n, v;

    if (r == NULL)
        return LN_EGONE;
    for (const struct ln_field *f = ln_fields_find(r->fields, LN_FIELD_COOKIE); f != NULL;
         f = ln_fields_next(r->fields, f), seen++) {
        if (seen < *at >> OFFSET_BITS)
            continue;
        struct ln_slice all = ln_field_value(f);
        struct ln_slice rest = from(all, seen == *at >> OFFSET_BITS ? *at & OFFSET_MASK : 0);
        if (ln_cookie_next(&rest, &n, &v)) {
            *at = seen << OFFSET_BITS | (uint32_t)((all.n - rest.n) & OFFSET_MASK);
            ln_str_put(name, n);
            return ln_str_put(value, v);
        }
    }
    return LN_NONE;
}
