/* SPDX-License-Identifier: Apache-2.0
 * router.c - the tree of segments.
 */
#include "gateway/router.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"

enum { LINEAR = 8, DEPTH_MAX = 64 };

/* A route at the node where its path ends. */
struct candidate {
    const struct ln_route *route;
    struct ln_slice names[LN_PARAMS_MAX]; /* of its parameters, in the order of the path */
    unsigned name_count;
    unsigned rank; /* higher is tried first */
};

struct leaves {
    struct candidate *v; /* owned; by rank, highest first */
    unsigned count;
};

struct node {
    struct ln_slice segment; /* borrowed from a route's path */
    struct node **exact;     /* owned; a map stands beside it when there are many */
    unsigned exact_count;
    struct ln_map *by_segment;
    struct node *param;
    struct leaves here, rest; /* routes that end here; routes for everything below */
};

struct ln_router {
    struct node *root;
};

static struct node *node_new(struct ln_slice segment)
{
    struct node *n = ln_zalloc(sizeof *n);

    n->segment = segment;
    return n;
}

static void node_free(struct node *n)
{
    if (n == NULL)
        return;
    for (unsigned i = 0; i < n->exact_count; i++)
        node_free(n->exact[i]);
    ln_free(n->exact);
    if (n->by_segment != NULL) {
        ln_map_fini(n->by_segment);
        ln_free(n->by_segment);
    }
    node_free(n->param);
    ln_free(n->here.v);
    ln_free(n->rest.v);
    ln_free(n);
}

static struct node *find_exact(const struct node *n, struct ln_slice segment)
{
    if (n->by_segment != NULL)
        return ln_map_get(n->by_segment, segment);
    for (unsigned i = 0; i < n->exact_count; i++)
        if (ln_slice_eq(n->exact[i]->segment, segment))
            return n->exact[i];
    return NULL;
}

static struct node *add_exact(struct node *n, struct ln_slice segment)
{
    struct node *child = find_exact(n, segment);

    if (child != NULL)
        return child;
    child = node_new(segment);
    n->exact = ln_realloc(n->exact, (n->exact_count + 1) * sizeof(struct node *));
    n->exact[n->exact_count++] = child;
    if (n->by_segment != NULL) {
        ln_map_put(n->by_segment, segment, child);
    } else if (n->exact_count > LINEAR) {
        n->by_segment = ln_alloc(sizeof *n->by_segment);
        ln_map_init(n->by_segment);
        for (unsigned i = 0; i < n->exact_count; i++)
            ln_map_put(n->by_segment, n->exact[i]->segment, n->exact[i]);
    }
    return child;
}

/* Cuts the next segment off "/a/b": "a". False when nothing is left; "/" has one empty segment. */
static bool next_segment(struct ln_slice *path, struct ln_slice *segment)
{
    if (path->n == 0)
        return false;
    path->p++; /* the slash */
    path->n--;

    const char *slash = memchr(path->p, '/', path->n);
    size_t n = slash != NULL ? (size_t)(slash - path->p) : path->n;

    *segment = ln_slice(path->p, n);
    path->p += n;
    path->n -= n;
    return true;
}

static unsigned rank_of(const struct ln_route *r)
{
    unsigned host = r->host == NULL ? 0 : r->host[0] == '*' ? 1 : 2;

    return host * 4 + (r->listener != NULL ? 2 : 0) + (r->methods != NULL ? 1 : 0);
}

/* Do two comma-separated lists share a word? NULL is everything. */
static bool lists_meet(const char *a, const char *b)
{
    struct ln_slice rest = ln_slice_of(a), word, others, other;

    if (a == NULL || b == NULL)
        return true;
    while (ln_slice_next_token(&rest, &word))
        for (others = ln_slice_of(b); ln_slice_next_token(&others, &other);)
            if (ln_slice_eq(word, other))
                return true;
    return false;
}

static bool are_equal(const struct ln_route *a, const struct ln_route *b)
{
    bool same_host = ln_slice_caseeq(ln_slice_of(a->host), ln_slice_of(b->host));

    return rank_of(a) == rank_of(b) && same_host && lists_meet(a->methods, b->methods) &&
           lists_meet(a->listener, b->listener);
}

static void add_leaf(struct leaves *l, const struct candidate *c, struct ln_diag *diag)
{
    unsigned at = 0;

    for (unsigned i = 0; i < l->count; i++) {
        const struct ln_route *other = l->v[i].route;

        if (are_equal(other, c->route))
            ln_diag_error(diag, &c->route->place,
                          "route %s: the same requests are taken by %s at %s:%u", c->route->name,
                          other->name, other->place.file != NULL ? other->place.file : "?",
                          other->place.line);
    }
    l->v = ln_realloc(l->v, (l->count + 1) * sizeof *l->v);
    while (at < l->count && l->v[at].rank >= c->rank)
        at++;
    memmove(&l->v[at + 1], &l->v[at], (l->count - at) * sizeof *l->v);
    l->v[at] = *c;
    l->count++;
}

static bool add_name(struct candidate *c, struct ln_slice name, struct ln_diag *diag)
{
    if (c->name_count == LN_PARAMS_MAX) {
        ln_diag_error(diag, &c->route->place, "route %s: more than %d parameters", c->route->name,
                      LN_PARAMS_MAX);
        return false;
    }
    c->names[c->name_count++] = name;
    return true;
}

static void add_route(struct ln_router *r, const struct ln_route *route, struct ln_diag *diag)
{
    struct candidate c = {.route = route, .rank = rank_of(route)};
    struct ln_slice path = ln_slice_of(route->path), segment;
    struct node *n = r->root;
    unsigned depth = 0;

    if (path.n == 0 || path.p[0] != '/') {
        ln_diag_error(diag, &route->place, "route %s: expected a path that begins with \"/\"",
                      route->name);
        return;
    }
    while (next_segment(&path, &segment)) {
        if (++depth > DEPTH_MAX) {
            ln_diag_error(diag, &route->place, "route %s: more than %d segments", route->name,
                          DEPTH_MAX);
            return;
        }
        if (ln_slice_eq(segment, LN_SLICE("*"))) {
            if (path.n > 0)
                ln_diag_error(diag, &route->place, "route %s: \"*\" may only stand at the end",
                              route->name);
            else if (add_name(&c, LN_SLICE("rest"), diag))
                add_leaf(&n->rest, &c, diag);
            return;
        }
        if (segment.n > 1 && segment.p[0] == ':') {
            if (!add_name(&c, ln_slice(segment.p + 1, segment.n - 1), diag))
                return;
            if (n->param == NULL)
                n->param = node_new(segment);
            n = n->param;
        } else {
            n = add_exact(n, segment);
        }
    }
    add_leaf(&n->here, &c, diag);
}

struct ln_router *ln_router_new(const struct ln_route *routes, unsigned count, struct ln_diag *diag)
{
    struct ln_router *r = ln_zalloc(sizeof *r);
    unsigned errors = diag->errors;

    r->root = node_new(ln_slice(NULL, 0));
    for (unsigned i = 0; i < count; i++)
        add_route(r, &routes[i], diag);
    if (diag->errors == errors)
        return r;
    ln_router_free(r);
    return NULL;
}

void ln_router_free(struct ln_router *r)
{
    if (r == NULL)
        return;
    node_free(r->root);
    ln_free(r);
}

/* ---- finding
 * --------------------------------------------------------------------------------------------------
 */

struct search {
    const struct ln_router_query *q;
    struct ln_router_match *m;
    struct ln_text *why;
    struct ln_slice values[LN_PARAMS_MAX];
    unsigned value_count;
};

static bool list_has(const char *list, struct ln_slice word)
{
    struct ln_slice rest = ln_slice_of(list), element;

    while (ln_slice_next_token(&rest, &element))
        if (ln_slice_eq(element, word))
            return true;
    return false;
}

/* "*.example.com" stands for exactly one label in front. */
static bool host_matches(const char *pattern, struct ln_slice host)
{
    struct ln_slice want = ln_slice_of(pattern);

    if (pattern[0] != '*')
        return ln_slice_caseeq(want, host);
    if (host.n == 0)
        return false;

    const char *dot = memchr(host.p, '.', host.n);
    size_t label = dot != NULL ? (size_t)(dot - host.p) : host.n;

    return label > 0 && ln_slice_caseeq(ln_slice(want.p + 1, want.n - 1),
                                        ln_slice(host.p + label, host.n - label));
}

/* A route for GET answers HEAD too (RFC 9110 section 9.3.2). */
static bool method_matches(const char *methods, struct ln_slice method)
{
    return list_has(methods, method) ||
           (ln_slice_eq(method, LN_SLICE("HEAD")) && list_has(methods, LN_SLICE("GET")));
}

static uint32_t method_bits(const char *methods)
{
    static const struct {
        enum ln_method id;
        const char *name;
    } known[] = {{LN_METHOD_GET, "GET"},        {LN_METHOD_HEAD, "HEAD"},
                 {LN_METHOD_POST, "POST"},      {LN_METHOD_PUT, "PUT"},
                 {LN_METHOD_PATCH, "PATCH"},    {LN_METHOD_DELETE, "DELETE"},
                 {LN_METHOD_OPTIONS, "OPTIONS"}};
    uint32_t bits = 0;

    for (size_t i = 0; i < LN_ARRAY_LEN(known); i++)
        if (method_matches(methods, ln_slice_of(known[i].name)))
            bits |= 1u << known[i].id;
    return bits != 0 ? bits : 1u << LN_METHOD_OTHER;
}

static const char *objection(struct search *s, const struct ln_route *r)
{
    if (r->host != NULL && !host_matches(r->host, s->q->host))
        return "its host is another";
    if (r->listener != NULL && !list_has(r->listener, s->q->listener))
        return "it is for another listener";
    if (r->methods != NULL && !method_matches(r->methods, s->q->method)) {
        s->m->methods |= method_bits(r->methods);
        return "its method is another";
    }
    return NULL;
}

static bool take(struct search *s, const struct candidate *c, unsigned values)
{
    s->m->route = c->route;
    s->m->count = c->name_count < values ? c->name_count : values;
    for (unsigned k = 0; k < s->m->count; k++) {
        s->m->names[k] = c->names[k];
        s->m->params[k] = s->values[k];
    }
    return true;
}

static bool try_leaves(struct search *s, const struct leaves *l, unsigned values)
{
    const struct candidate *stand_in =
        NULL; /* a GET route for HEAD, unless there is one for HEAD itself */

    for (unsigned i = 0; i < l->count; i++) {
        const struct candidate *c = &l->v[i];
        const char *no = objection(s, c->route);

        if (s->why != NULL)
            ln_text_printf(s->why, "%s %s (%s:%u)%s%s\n", no != NULL ? "-" : "+", c->route->name,
                           c->route->place.file != NULL ? c->route->place.file : "?",
                           c->route->place.line, no != NULL ? ": " : "", no != NULL ? no : "");
        if (no != NULL)
            continue;
        if (stand_in != NULL && c->rank < stand_in->rank)
            break;
        if (c->route->methods == NULL || list_has(c->route->methods, s->q->method))
            return take(s, c, values);
        if (stand_in == NULL)
            stand_in = c;
    }
    return stand_in != NULL && take(s, stand_in, values);
}

/* What "*" stands for, without the slash in front. */
static bool try_rest(struct search *s, const struct node *n, struct ln_slice path)
{
    if (n->rest.count == 0 || s->value_count == LN_PARAMS_MAX)
        return false;
    s->values[s->value_count] = path.n > 0 ? ln_slice(path.p + 1, path.n - 1) : path;
    return try_leaves(s, &n->rest, s->value_count + 1);
}

static bool descend(struct search *s, const struct node *n, struct ln_slice path)
{
    struct ln_slice left = path, segment;

    if (!next_segment(&left, &segment))
        return try_leaves(s, &n->here, s->value_count) || try_rest(s, n, path);

    const struct node *child = find_exact(n, segment);

    if (child != NULL && descend(s, child, left))
        return true;
    if (n->param != NULL && segment.n > 0 && s->value_count < LN_PARAMS_MAX) {
        s->values[s->value_count++] = segment;
        if (descend(s, n->param, left))
            return true;
        s->value_count--;
    }
    return try_rest(s, n, path);
}

void ln_router_find(const struct ln_router *r, const struct ln_router_query *q,
                    struct ln_router_match *m, struct ln_text *why)
{
    struct search s = {.q = q, .m = m, .why = why};

    m->route = NULL;
    m->count = 0;
    m->methods = 0;
    if (q->path.n > 0 && q->path.p[0] == '/')
        descend(&s, r->root, q->path);
}
