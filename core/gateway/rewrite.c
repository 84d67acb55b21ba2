/* SPDX-License-Identifier: Apache-2.0
 * rewrite.c - prefixes back on, base paths off.
 */
#include "gateway/rewrite.h"

#include "gateway/headwrite.h"

static bool begins_with_segments(struct ln_slice path, struct ln_slice prefix)
{
    return prefix.n > 0 && ln_slice_has_prefix(path, prefix) &&
           (path.n == prefix.n || path.p[prefix.n] == '/' || path.p[prefix.n] == '?' ||
            path.p[prefix.n] == '#');
}

static struct ln_slice join(struct ln_slice a, struct ln_slice b, struct ln_slice c,
                            struct ln_arena *arena)
{
    return ln_arena_printf(arena, "%.*s%.*s%.*s", (int)a.n, a.p, (int)b.n, b.p, (int)c.n, c.p);
}

struct ln_slice ln_rewrite_path(struct ln_slice path, struct ln_slice base, struct ln_slice prefix,
                                struct ln_arena *arena)
{
    if (begins_with_segments(path, base)) {
        path.p += base.n;
        path.n -= base.n;
    }
    return prefix.n > 0 ? join(prefix, path, LN_SLICE(""), arena) : path;
}

struct ln_slice ln_rewrite_reference(struct ln_slice reference, struct ln_slice authority,
                                     struct ln_slice base, struct ln_slice prefix,
                                     struct ln_arena *arena)
{
    struct ln_slice path = reference, scheme = LN_SLICE("http://");

    if (ln_slice_has_prefix(reference, scheme)) {
        path = ln_slice(reference.p + scheme.n, reference.n - scheme.n);
        if (path.n < authority.n || !ln_slice_caseeq(ln_slice(path.p, authority.n), authority))
            return reference;
        path = ln_slice(path.p + authority.n, path.n - authority.n);
        if (path.n == 0)
            path = LN_SLICE("/");
    }
    if (path.n == 0 || path.p[0] != '/' || (path.n > 1 && path.p[1] == '/'))
        return reference; /* relative, of another host, or "//host": not ours to judge */
    return ln_rewrite_path(path, base, prefix, arena);
}

static bool is_path_attribute(struct ln_slice piece, struct ln_slice *path)
{
    piece = ln_slice_trim(piece);
    if (piece.n < 6 || !ln_slice_caseeq(ln_slice(piece.p, 5), LN_SLICE("path=")) ||
        piece.p[5] != '/')
        return false;
    *path = ln_slice(piece.p + 5, piece.n - 5);
    return true;
}

struct ln_slice ln_rewrite_cookie(struct ln_slice value, struct ln_slice base,
                                  struct ln_slice prefix, struct ln_arena *arena)
{
    const char *end = value.p + value.n;

    for (const char *at = value.p; at != NULL && at < end;) {
        const char *semicolon = memchr(at, ';', (size_t)(end - at));
        struct ln_slice path;

        if (at > value.p &&
            is_path_attribute(ln_slice(at, (size_t)((semicolon != NULL ? semicolon : end) - at)),
                              &path)) {
            struct ln_slice front = ln_slice(value.p, (size_t)(path.p - value.p));
            struct ln_slice back = ln_slice(path.p + path.n, (size_t)(end - path.p) - path.n);
            struct ln_slice seen = ln_rewrite_path(path, base, prefix, arena);

            return join(front, seen.n > 0 ? seen : LN_SLICE("/"), back, arena);
        }
        at = semicolon != NULL ? semicolon + 1 : NULL;
    }
    return value;
}

/* "5; url=/x": what stands behind "url=" is the reference. */
static struct ln_slice rewrite_refresh(struct ln_slice value, struct ln_slice authority,
                                       struct ln_slice base, struct ln_slice prefix,
                                       struct ln_arena *arena)
{
    for (size_t i = 0; i + 4 < value.n; i++) {
        if (!ln_slice_caseeq(ln_slice(value.p + i, 4), LN_SLICE("url=")))
            continue;
        struct ln_slice seen = ln_rewrite_reference(ln_slice(value.p + i + 4, value.n - i - 4),
                                                    authority, base, prefix, arena);

        return join(ln_slice(value.p, i + 4), seen, LN_SLICE(""), arena);
    }
    return value;
}

static void put(struct ln_field *f, struct ln_slice value)
{
    f->value = value.p;
    f->value_len = (uint32_t)value.n;
}

static void rewrite_field(struct ln_field *f, const struct ln_service_conf *conf,
                          const struct ln_instance_conf *i, struct ln_slice prefix,
                          struct ln_arena *arena)
{
    struct ln_slice name = ln_field_name(f), base = ln_slice_of(i->base),
                    authority = ln_slice_of(i->authority);

    if (conf->rewrite_location && (ln_slice_caseeq(name, LN_SLICE("location")) ||
                                   ln_slice_caseeq(name, LN_SLICE("content-location"))))
        put(f, ln_rewrite_reference(ln_field_value(f), authority, base, prefix, arena));
    else if (conf->rewrite_location && ln_slice_caseeq(name, LN_SLICE("refresh")))
        put(f, rewrite_refresh(ln_field_value(f), authority, base, prefix, arena));
    else if (conf->rewrite_cookie_path && ln_slice_caseeq(name, LN_SLICE("set-cookie")))
        put(f, ln_rewrite_cookie(ln_field_value(f), base, prefix, arena));
}

void ln_rewrite_response(struct ln_exchange *x)
{
    const struct ln_service_conf *conf = ln_exchange_service(x);
    const struct ln_instance_conf *i = x->attempt.instance->conf;
    struct ln_slice prefix = ln_headwrite_prefix(x);

    if (prefix.n == 0 && i->base[0] == '\0')
        return;
    for (unsigned k = 0; k < x->res.fields.count; k++) {
        struct ln_field *f = &x->res.fields.v[k];

        if (!f->dropped && f->id == LN_FIELD_OTHER)
            rewrite_field(f, conf, i, prefix, &x->arena);
    }
}
