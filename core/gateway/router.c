/* SPDX-License-Identifier: Apache-2.0
 * router.c - the tree of segments, and the candidates at its nodes, by host.
 */
#include "gateway/router.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "gateway/precedence.h"
#include "http/query.h"
#include "script/condition.h"

enum { LINEAR = 8, DEPTH_MAX = 64, HOST_MAX = 256 };

/* A route at the node where its path ends. */
struct candidate {
    const struct ln_route *route;
    struct ln_slice names[LN_PARAMS_MAX]; /* of its parameters, in the order of the path */
    unsigned name_count;
    unsigned rank; /* of host, listener and methods: higher is tried first */
};

/* Those that ask for one host: in the order in which they are tried. */
struct hosted {
    char *host;          /* owned, lower case; "" = any, "*.example.com" = any one label in front */
    struct candidate *v; /* owned */
    unsigned count;
};

struct leaves {
    struct hosted **v; /* owned; a map stands beside it when there are many */
    unsigned count;
    struct ln_map *by_host;
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

static void leaves_free(struct leaves *l)
{
    for (unsigned i = 0; i < l->count; i++) {
        ln_free(l->v[i]->host);
        ln_free(l->v[i]->v);
        ln_free(l->v[i]);
    }
    ln_free(l->v);
    if (l->by_host != NULL) {
        ln_map_fini(l->by_host);
        ln_free(l->by_host);
    }
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
    leaves_free(&n->here);
    leaves_free(&n->rest);
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

/* ---- candidates ---- */

static struct hosted *find_hosted(const struct leaves *l, struct ln_slice host)
{
    if (l->by_host != NULL)
        return ln_map_get(l->by_host, host);
    for (unsigned i = 0; i < l->count; i++)
        if (ln_slice_eq(ln_slice_of(l->v[i]->host), host))
            return l->v[i];
    return NULL;
}

static struct hosted *add_hosted(struct leaves *l, const char *host)
{
    struct ln_slice name = ln_slice_of(host);
    char *lower = ln_strndup(name.n > 0 ? host : "", name.n);

    for (char *p = lower; *p != '\0'; p++)
        *p = ln_lower(*p);
    struct hosted *h = find_hosted(l, ln_slice_of(lower));

    if (h != NULL) {
        ln_free(lower);
        return h;
    }
    h = ln_zalloc(sizeof *h);
    h->host = lower;
    l->v = ln_realloc(l->v, (l->count + 1) * sizeof(struct hosted *));
    l->v[l->count++] = h;
    if (l->by_host != NULL) {
        ln_map_put(l->by_host, ln_slice_of(lower), h);
    } else if (l->count > LINEAR) {
        l->by_host = ln_alloc(sizeof *l->by_host);
        ln_map_init(l->by_host);
        for (unsigned i = 0; i < l->count; i++)
            ln_map_put(l->by_host, ln_slice_of(l->v[i]->host), l->v[i]);
    }
    return h;
}

static void refuse(const struct ln_route *a, const struct ln_route *other, const char *why,
                   struct ln_diag *diag)
{
    ln_diag_error(diag, &a->place, "route %s: %s %s at %s:%u%s", a->name, why, other->name,
                  other->place.file != NULL ? other->place.file : "?", other->place.line,
                  why[0] == 't' ? ""
                                : ", and neither says more; add a condition to one of them, such "
                                  "as a header = false");
}

/* Before the first one that must come after it; else it is tried last, as it was read. */
static void add_leaf(struct leaves *l, const struct candidate *c, struct ln_diag *diag)
{
    struct hosted *h = add_hosted(l, c->route->host);
    unsigned at = h->count;

    for (unsigned i = 0; i < h->count; i++) {
        const struct ln_route *other = h->v[i].route;

        switch (ln_precedence_of(c->route, other)) {
        case LN_PRECEDENCE_FIRST:
            at = i < at ? i : at;
            break;
        case LN_PRECEDENCE_EQUAL:
            refuse(c->route, other, "the same requests are taken by", diag);
            break;
        case LN_PRECEDENCE_UNCLEAR:
            refuse(c->route, other, "some of its requests fit", diag);
            break;
        case LN_PRECEDENCE_SECOND:
        case LN_PRECEDENCE_EITHER:
            break;
        }
    }
    h->v = ln_realloc(h->v, (h->count + 1) * sizeof *h->v);
    memmove(&h->v[at + 1], &h->v[at], (h->count - at) * sizeof *h->v);
    h->v[at] = *c;
    h->count++;
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
    struct candidate c = {.route = route, .rank = ln_precedence_rank(route)};
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

/* ---- finding ---- */

struct search {
    const struct ln_router_query *q;
    struct ln_router_match *m;
    const struct ln_router_story *story;
    struct ln_text said;
    struct ln_slice values[LN_PARAMS_MAX];
    unsigned value_count;
    char host[HOST_MAX]; /* lower case, once it was needed */
    size_t host_n;
    bool lowered;
    bool allows;   /* looks for methods, when nothing matched */
    bool objected; /* a method did */
};

static bool list_has(const char *list, struct ln_slice word)
{
    struct ln_slice rest = ln_slice_of(list), element;

    while (ln_slice_next_token(&rest, &element))
        if (ln_slice_eq(element, word))
            return true;
    return false;
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

/* ---- conditions ---- */

static void put_params(const struct ln_slice *names, const struct ln_slice *values, unsigned count,
                       struct ln_req *r)
{
    r->param_count = count;
    for (unsigned i = 0; i < count; i++) {
        r->params[i].name = names[i];
        r->params[i].value = ln_query_decode(values[i], false, r->arena);
    }
}

/* The function sees the request as the route would get it. */
static bool ask(struct search *s, const struct candidate *c, unsigned values,
                const struct ln_condition *condition)
{
    struct ln_req *r = s->q->req;

    if (s->q->vm == NULL)
        return false;
    r->route = c->route;
    put_params(c->names, s->values, c->name_count < values ? c->name_count : values, r);
    int answer = ln_vm_when(s->q->vm, r, condition);
    r->route = NULL;
    r->param_count = 0;
    if (answer < 0)
        s->m->failed = c->route;
    return answer > 0;
}

static const char *unmet(struct search *s, const struct ln_condition *c)
{
    if (s->story == NULL)
        return "a condition does not hold";
    s->said.n = 0;
    ln_text_printf(&s->said, "%s does not hold: ", c->text != NULL ? c->text : "a condition");
    if (s->m->failed != NULL)
        ln_text_puts(&s->said, "it raised an error");
    else if (s->q->req != NULL)
        ln_condition_seen(c, s->q->req, &s->said);
    return s->said.p;
}

static const char *condition_objection(struct search *s, const struct candidate *c, unsigned values)
{
    const struct ln_route *r = c->route;

    for (unsigned i = 0; i < r->condition_count; i++) {
        const struct ln_condition *condition = &r->conditions[i];

        if (s->q->req == NULL ||
            !(condition->kind == LN_CONDITION_FUNCTION ? ask(s, c, values, condition)
                                                       : ln_condition_holds(condition, s->q->req)))
            return unmet(s, condition);
    }
    return NULL;
}

/* ---- candidates ---- */

static const char *method_objection(struct search *s, const struct ln_route *r)
{
    if (r->methods == NULL || method_matches(r->methods, s->q->method))
        return NULL;
    s->objected = true;
    if (s->story == NULL)
        return "its method is another";
    s->said.n = 0;
    ln_text_printf(&s->said, "its method is %s", r->methods);
    return s->said.p;
}

static const char *objection(struct search *s, const struct candidate *c, unsigned values)
{
    const struct ln_route *r = c->route;
    const char *no;

    if (r->listener != NULL && !list_has(r->listener, s->q->listener))
        return "it is for another listener";
    no = method_objection(s, r);
    return no != NULL ? no : condition_objection(s, c, values);
}

/* Notes the methods of a route that all but the method fits. Never takes it. */
static void note_methods(struct search *s, const struct candidate *c, unsigned values)
{
    const struct ln_route *r = c->route;

    if ((r->listener != NULL && !list_has(r->listener, s->q->listener)) || r->methods == NULL ||
        method_matches(r->methods, s->q->method))
        return;
    if (condition_objection(s, c, values) == NULL)
        s->m->methods |= method_bits(r->methods);
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

static void tell(const struct search *s, const struct candidate *c, const char *no)
{
    if (s->story != NULL && !s->allows)
        s->story->tell(s->story->arg, c->route, no);
}

static bool take_told(struct search *s, const struct candidate *c, unsigned values)
{
    tell(s, c, NULL);
    return take(s, c, values);
}

/* A GET route stands in for HEAD, unless there is one of the same rank for HEAD itself. */
static bool try_hosted(struct search *s, const struct hosted *h, unsigned values)
{
    const struct candidate *stand_in = NULL;

    for (unsigned i = 0; h != NULL && i < h->count && s->m->failed == NULL; i++) {
        const struct candidate *c = &h->v[i];

        if (s->allows) {
            note_methods(s, c, values);
            continue;
        }
        if (stand_in != NULL && c->rank < stand_in->rank)
            break;
        const char *no = objection(s, c, values);

        if (no != NULL)
            tell(s, c, no);
        else if (c->route->methods == NULL || list_has(c->route->methods, s->q->method))
            return take_told(s, c, values);
        else if (stand_in == NULL)
            stand_in = c;
    }
    return s->m->failed != NULL || (stand_in != NULL && take_told(s, stand_in, values));
}

/* ---- hosts ---- */

/* "example.com." names the same host (RFC 3986 section 3.2.2): it must not lead past its routes. */
static void lower_host(struct search *s)
{
    struct ln_slice host = s->q->host;

    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--;
    s->lowered = true;
    s->host_n = host.n < HOST_MAX ? host.n : 0; /* no route has one so long */
    for (size_t i = 0; i < s->host_n; i++)
        s->host[i] = ln_lower(host.p[i]);
}

/* "*.example.com" for a host with one label in front of that. */
static struct hosted *find_wildcard(struct search *s, const struct leaves *l)
{
    char *dot = s->host_n > 0 ? memchr(s->host, '.', s->host_n) : NULL;

    if (dot == NULL || dot == s->host)
        return NULL;
    char before = dot[-1];

    dot[-1] = '*';
    struct hosted *h = find_hosted(l, ln_slice(dot - 1, s->host_n - (size_t)(dot - 1 - s->host)));

    dot[-1] = before;
    return h;
}

static void tell_other_hosts(struct search *s, const struct leaves *l, const struct hosted *exact,
                             const struct hosted *wildcard)
{
    for (unsigned i = 0; i < l->count; i++) {
        const struct hosted *h = l->v[i];

        if (h == exact || h == wildcard || h->host[0] == '\0')
            continue;
        s->said.n = 0;
        ln_text_printf(&s->said, "its host is %s", h->host);
        for (unsigned k = 0; k < h->count; k++)
            tell(s, &h->v[k], s->said.p);
    }
}

static bool try_leaves(struct search *s, const struct leaves *l, unsigned values)
{
    const struct hosted *exact = NULL, *wildcard = NULL;

    if (l->count == 0)
        return false;
    if (l->count > 1 || l->v[0]->host[0] != '\0') {
        if (!s->lowered)
            lower_host(s);
        exact = s->host_n > 0 ? find_hosted(l, ln_slice(s->host, s->host_n)) : NULL;
        wildcard = find_wildcard(s, l);
    }
    if (LN_UNLIKELY(s->story != NULL && !s->allows))
        tell_other_hosts(s, l, exact, wildcard);
    return try_hosted(s, exact, values) || try_hosted(s, wildcard, values) ||
           try_hosted(s, find_hosted(l, LN_SLICE("")), values);
}

/* ---- paths ---- */

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
                    struct ln_router_match *m, const struct ln_router_story *story)
{
    struct search s;

    s.q = q; /* not all of it is cleared: this is asked for every request */
    s.m = m;
    s.story = story;
    s.value_count = 0;
    s.lowered = s.allows = s.objected = false;
    m->route = m->failed = NULL;
    m->count = 0;
    m->methods = 0;
    if (q->path.n == 0 || q->path.p[0] != '/')
        return;
    ln_text_init(&s.said);
    descend(&s, r->root, q->path);
    if (m->route == NULL && m->failed == NULL && s.objected) {
        s.allows = true; /* another walk: an answer of 405 may cost more than one of 200 */
        s.value_count = 0;
        descend(&s, r->root, q->path);
    }
    ln_text_fini(&s.said);
}

void ln_router_apply(const struct ln_router_match *m, struct ln_req *r)
{
    r->route = m->route;
    r->service = m->route->service;
    r->priority = m->route->priority;
    put_params(m->names, m->params, m->count, r);
}
