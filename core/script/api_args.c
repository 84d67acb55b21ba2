/* SPDX-License-Identifier: Apache-2.0
 * api_args.c - the query as names and values (application/x-www-form-urlencoded), and the cookies of a request.
 *
 * Nothing is parsed ahead: a look-up walks the text, decodes names into the request's arena only where an escape makes it
 * necessary, and compares.
 */
#include "script/api_inner.h"

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ln_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "+" is a space, "%41" is "A"; an escape that is none stays as it is. */
static struct ln_slice decode(struct ln_arena *arena, struct ln_slice s)
{
    if (memchr(s.p, '%', s.n) == NULL && memchr(s.p, '+', s.n) == NULL)
        return s;
    char *out = ln_arena_alloc(arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && i + 2 < s.n && digit(s.p[i + 1]) >= 0 && digit(s.p[i + 2]) >= 0) {
            out[n++] = (char)(digit(s.p[i + 1]) * 16 + digit(s.p[i + 2]));
            i += 2;
        } else {
            out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    return ln_slice(out, n);
}

struct pair {
    struct ln_slice whole, name, value; /* not decoded */
};

/* Cuts the next "name=value" off at `separator`; empty ones are skipped. *at is an offset into `text`. */
static bool next_pair(struct ln_slice text, char separator, uint32_t *at, struct pair *out)
{
    while (*at < text.n) {
        const char *p = text.p + *at, *end = memchr(p, separator, text.n - *at);
        size_t n = end != NULL ? (size_t)(end - p) : text.n - *at;

        *at += (uint32_t)n + (end != NULL);
        if (n == 0)
            continue;
        const char *eq = memchr(p, '=', n);
        out->whole = ln_slice(p, n);
        out->name = ln_slice(p, eq != NULL ? (size_t)(eq - p) : n);
        out->value = eq != NULL ? ln_slice(eq + 1, (size_t)(p + n - eq - 1)) : ln_slice("", 0);
        return true;
    }
    return false;
}

static struct ln_slice query_of(const struct ln_req *r)
{
    return r->has_query ? r->query : ln_slice("", 0);
}

int ln_args_get(const struct ln_args *a, const char *name, size_t name_len, struct ln_str *value)
{
    struct ln_req *r = ln_req_alive(a->ln_req, a->ln_serial);
    struct pair pair;

    if (r == NULL)
        return LN_EGONE;
    for (uint32_t at = 0; next_pair(query_of(r), '&', &at, &pair);) {
        if (ln_slice_eq(decode(r->arena, pair.name), ln_slice(name, name_len)))
            return ln_str_put(value, decode(r->arena, pair.value));
    }
    return LN_NONE;
}

int ln_args_next(const struct ln_args *a, uint32_t *at, struct ln_str *name, struct ln_str *value)
{
    struct ln_req *r = ln_req_alive(a->ln_req, a->ln_serial);
    struct pair pair;

    if (r == NULL)
        return LN_EGONE;
    if (!next_pair(query_of(r), '&', at, &pair))
        return LN_NONE;
    ln_str_put(name, decode(r->arena, pair.name));
    return ln_str_put(value, decode(r->arena, pair.value));
}

/* Everything but unreserved characters is escaped (RFC 3986 section 2.3). Returns the length. */
static size_t encode(char *out, struct ln_slice s)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], l = (unsigned char)ln_lower(s.p[i]);

        if ((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || (c != 0 && strchr("-._~", c) != NULL)) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    return n;
}

struct query {
    char *p;
    size_t n;
};

static void join(struct query *q, struct ln_slice pair)
{
    if (q->n > 0)
        q->p[q->n++] = '&';
    memcpy(q->p + q->n, pair.p, pair.n);
    q->n += pair.n;
}

/* The first pair of the name is replaced in its place, further ones go, a new one is appended. */
int ln_args_set(const struct ln_args *a, const char *name, size_t name_len, const char *value, size_t value_len)
{
    struct ln_req *r = ln_req_alive(a->ln_req, a->ln_serial);
    struct pair pair;

    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    if (name_len == 0)
        return LN_EINVAL;
    char *fresh = ln_arena_alloc(r->arena, 3 * (name_len + value_len) + 1);
    size_t n = encode(fresh, ln_slice(name, name_len));
    fresh[n++] = '=';
    n += encode(fresh + n, ln_slice(value, value_len));
    struct query q = {ln_arena_alloc(r->arena, query_of(r).n + n + 2), 0};
    bool done = value == NULL;
    for (uint32_t at = 0; next_pair(query_of(r), '&', &at, &pair);) {
        if (!ln_slice_eq(decode(r->arena, pair.name), ln_slice(name, name_len)))
            join(&q, pair.whole);
        else if (!done)
            join(&q, ln_slice(fresh, n)), done = true;
    }
    if (!done)
        join(&q, ln_slice(fresh, n));
    r->has_query = q.n > 0;
    r->query = ln_slice(q.p, q.n);
    r->target_changed = true;
    return LN_OK;
}

/* RFC 6265 section 4.2.1: pairs with "; " between them, perhaps in several fields (HTTP/2 does that); values in quotes lose
 * them. The high bits of *at count the fields, so that a walk goes on in the next one. */
static int next_cookie(struct ln_req *r, uint32_t *at, struct ln_slice *name, struct ln_slice *value)
{
    unsigned field = *at >> 20, seen = 0;

    for (const struct ln_field *f = ln_fields_find(r->fields, LN_FIELD_COOKIE); f != NULL;
         f = ln_fields_next(r->fields, f)) {
        uint32_t offset = seen == field ? *at & 0xfffff : 0;
        struct pair pair;

        if (seen++ < field)
            continue;
        while (next_pair(ln_field_value(f), ';', &offset, &pair)) {
            *at = (seen - 1) << 20 | offset;
            *name = ln_slice_trim(pair.name);
            *value = ln_slice_trim(pair.value);
            if (value->n >= 2 && value->p[0] == '"' && value->p[value->n - 1] == '"')
                *value = ln_slice(value->p + 1, value->n - 2);
            return LN_OK;
        }
    }
    return LN_NONE;
}

int ln_cookies_next(const struct ln_cookies *c, uint32_t *at, struct ln_str *name, struct ln_str *value)
{
    struct ln_req *r = ln_req_alive(c->ln_req, c->ln_serial);
    struct ln_slice n, v;

    if (r == NULL)
        return LN_EGONE;
    if (next_cookie(r, at, &n, &v) != LN_OK)
        return LN_NONE;
    ln_str_put(name, n);
    return ln_str_put(value, v);
}

int ln_cookies_get(const struct ln_cookies *c, const char *name, size_t name_len, struct ln_str *value)
{
    struct ln_req *r = ln_req_alive(c->ln_req, c->ln_serial);
    struct ln_slice n, v;
    uint32_t at = 0;

    if (r == NULL)
        return LN_EGONE;
    while (next_cookie(r, &at, &n, &v) == LN_OK) {
        if (ln_slice_eq(n, ln_slice(name, name_len)))
            return ln_str_put(value, v);
    }
    return LN_NONE;
}
