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

/* Takes "http://authority" or "//authority" off; false when it is of another host. */
static bool cut_authority(struct ln_slice *reference, struct ln_slice authority)
{
    struct ln_slice scheme = LN_SLICE("http:"), r = *reference;

    if (r.n >= scheme.n && ln_slice_caseeq(ln_slice(r.p, scheme.n), scheme))
        r = ln_slice(r.p + scheme.n, r.n - scheme.n);
    if (!ln_slice_has_prefix(r, LN_SLICE("//")) || r.n - 2 < authority.n ||
        !ln_slice_caseeq(ln_slice(r.p + 2, authority.n), authority))
        return false;
    r = ln_slice(r.p + 2 + authority.n, r.n - 2 - authority.n);
    if (r.n > 0 && r.p[0] != '/' && r.p[0] != '?' && r.p[0] != '#')
        return false; /* the authority goes on */
    *reference = r;
    return true;
}

/* The path behind an authority, which may be missing: "?a" is "/?a". */
static struct ln_slice rewrite_rooted(struct ln_slice path, struct ln_slice base,
                                      struct ln_slice prefix, struct ln_arena *arena)
{
    if (path.n == 0 || path.p[0] != '/')
        path = join(LN_SLICE("/"), path, LN_SLICE(""), arena);
    return ln_rewrite_path(path, base, prefix, arena);
}

struct ln_slice ln_rewrite_reference(struct ln_slice reference, const struct ln_rewrite *w)
{
    struct ln_slice path = reference;
    bool rooted = path.n > 0 && path.p[0] == '/' && !(path.n > 1 && path.p[1] == '/');

    if (rooted || cut_authority(&path, w->authority))
        return rewrite_rooted(path, w->base, w->prefix, w->arena);
    if (w->host.n == 0 || !cut_authority(&path, w->host))
        return reference; /* relative, or of another host: not ours to judge */
    return join(ln_slice(reference.p, reference.n - path.n),
                rewrite_rooted(path, w->base, w->prefix, w->arena), LN_SLICE(""), w->arena);
}

/* "Path=/x" with spaces around both: where the path stands. */
static bool is_path_attribute(struct ln_slice piece, struct ln_slice *path)
{
    const char *equals = memchr(piece.p, '=', piece.n);

    if (equals == NULL ||
        !ln_slice_caseeq(ln_slice_trim(ln_slice(piece.p, (size_t)(equals - piece.p))),
                         LN_SLICE("path")))
        return false;
    *path = ln_slice_trim(ln_slice(equals + 1, piece.n - (size_t)(equals - piece.p) - 1));
    return path->n > 0 && path->p[0] == '/';
}

/* "/" is the whole of the instance: the prefix itself. */
static struct ln_slice rewrite_cookie_path(struct ln_slice path, const struct ln_rewrite *w)
{
    struct ln_slice seen = ln_rewrite_path(path, w->base, w->prefix, w->arena);

    if (seen.n == 0)
        return LN_SLICE("/");
    return seen.n > 1 && seen.n == w->prefix.n + 1 && seen.p[seen.n - 1] == '/' ? w->prefix : seen;
}

struct ln_slice ln_rewrite_cookie(struct ln_slice value, const struct ln_rewrite *w)
{
    struct ln_slice rest = value, done = LN_SLICE("");
    bool first = true;

    while (rest.n > 0) {
        const char *semicolon = memchr(rest.p, ';', rest.n);
        size_t n = semicolon != NULL ? (size_t)(semicolon - rest.p) + 1 : rest.n;
        struct ln_slice piece = ln_slice(rest.p, semicolon != NULL ? n - 1 : n), path;

        if (!first && is_path_attribute(piece, &path)) {
            done = join(done, ln_slice(rest.p, (size_t)(path.p - rest.p)),
                        rewrite_cookie_path(path, w), w->arena);
            done = join(done, ln_slice(path.p + path.n, n - (size_t)(path.p - rest.p) - path.n),
                        LN_SLICE(""), w->arena);
        } else {
            done = join(done, ln_slice(rest.p, n), LN_SLICE(""), w->arena);
        }
        rest = ln_slice(rest.p + n, rest.n - n);
        first = false;
    }
    return done;
}

/* "5; url=/x", the reference perhaps in quotes. */
static struct ln_slice rewrite_refresh(struct ln_slice value, const struct ln_rewrite *w)
{
    for (size_t i = 0; i + 4 < value.n; i++) {
        size_t at = i + 4, end = value.n;

        if (!ln_slice_caseeq(ln_slice(value.p + i, 4), LN_SLICE("url=")))
            continue;
        if (end - at > 1 && (value.p[at] == '"' || value.p[at] == '\'') &&
            value.p[end - 1] == value.p[at]) {
            at++;
            end--;
        }
        return join(ln_slice(value.p, at),
                    ln_rewrite_reference(ln_slice(value.p + at, end - at), w),
                    ln_slice(value.p + end, value.n - end), w->arena);
    }
    return value;
}

static void put(struct ln_field *f, struct ln_slice value)
{
    f->value = value.p;
    f->value_len = (uint32_t)value.n;
}

static void rewrite_field(struct ln_field *f, const struct ln_service_conf *conf,
                          const struct ln_rewrite *w)
{
    struct ln_slice name = ln_field_name(f);

    if (conf->rewrite_location && (ln_slice_caseeq(name, LN_SLICE("location")) ||
                                   ln_slice_caseeq(name, LN_SLICE("content-location"))))
        put(f, ln_rewrite_reference(ln_field_value(f), w));
    else if (conf->rewrite_location && ln_slice_caseeq(name, LN_SLICE("refresh")))
        put(f, rewrite_refresh(ln_field_value(f), w));
    else if (conf->rewrite_cookie_path && ln_slice_caseeq(name, LN_SLICE("set-cookie")))
        put(f, ln_rewrite_cookie(ln_field_value(f), w));
}

void ln_rewrite_response(struct ln_exchange *x)
{
    const struct ln_instance_conf *i = x->attempt.instance->conf;
    struct ln_rewrite w = {.authority = ln_slice_of(i->authority),
                           .host = x->head.host,
                           .base = ln_slice_of(i->base),
                           .prefix = ln_headwrite_prefix(x),
                           .arena = &x->arena};

    if (w.prefix.n == 0 && w.base.n == 0)
        return;
    for (unsigned k = 0; k < x->res.fields.count; k++) {
        struct ln_field *f = &x->res.fields.v[k];

        if (!f->dropped && f->id == LN_FIELD_OTHER)
            rewrite_field(f, ln_exchange_service(x), &w);
    }
}
