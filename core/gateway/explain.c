/* SPDX-License-Identifier: Apache-2.0
 * explain.c - makes the request, asks the router, and looks around for routes that were meant.
 */
#include "gateway/explain.h"

#include "base/mem.h"
#include "conf/addr.h"
#include "gateway/address.h"
#include "gateway/identity.h"
#include "script/split.h"

enum { NEAR_MAX = 5 };

/* ---- the request ---- */

static int add_header(struct ln_explanation *e, const char *line, struct ln_err *err)
{
    const char *colon = strchr(line, ':');
    struct ln_slice name = ln_slice(line, colon != NULL ? (size_t)(colon - line) : 0), value;

    if (colon == NULL)
        return ln_fail(err, LN_E_CONF, "\"%s\" is no header, expected \"Name: value\"", line);
    value = ln_slice_trim(ln_slice_of(colon + 1));
    if (ln_slice_caseeq(name, LN_SLICE("host"))) {
        if (!ln_authority_ok(value))
            return ln_fail(err, LN_E_CONF, "\"%s\" is no host", line);
        e->req.host = ln_arena_dup(&e->arena, value);
    } else if (!ln_fields_add(&e->fields, name, value)) {
        return ln_fail(err, LN_E_CONF, "\"%s\" is no header that a request can have", line);
    }
    return 0;
}

static int set_client(struct ln_explanation *e, const struct ln_generation *g, const char *from,
                      struct ln_err *err)
{
    const struct ln_gateway_conf *conf = &g->conf->gateway;
    struct ln_downstream d = {.has_ip = true, .peer = ln_slice_of(from)};
    struct ln_cidr one;

    if (!ln_cidr_parse(d.peer, &one) || strchr(from, '/') != NULL)
        return ln_fail(err, LN_E_CONF, "\"%s\" is no address, expected one such as 192.0.2.7",
                       from);
    memcpy(d.ip, one.bytes, sizeof d.ip);
    bool trusted = ln_identity_is_trusted(conf, &d);

    ln_strip_apply(&g->strip, &e->fields);
    ln_address_drop_claims(conf, trusted, &e->fields);
    e->req.scheme = ln_address_scheme(conf, &e->fields);
    ln_address_settle_proto(conf, &e->fields);
    ln_identity_fill(conf, g->consumers, &d, trusted, &e->req);
    return 0;
}

static int set_listener(struct ln_explanation *e, const struct ln_gateway_conf *conf,
                        const char *name, struct ln_err *err)
{
    for (unsigned i = 0; i < conf->listener_count; i++) {
        if (name != NULL && strcmp(conf->listeners[i].name, name) != 0)
            continue;
        e->req.listener = ln_slice_of(conf->listeners[i].name);
        return 0;
    }
    return name == NULL ? 0 : ln_fail(err, LN_E_CONF, "there is no listener \"%s\"", name);
}

static int make_request(struct ln_explanation *e, const struct ln_generation *g,
                        const struct ln_explain_request *q, struct ln_err *err)
{
    const struct ln_gateway_conf *conf = &g->conf->gateway;
    struct ln_req *r = &e->req;
    enum ln_reject no = ln_target_parse(&e->target, ln_slice_of(q->url), LN_METHOD_GET, &e->arena);

    ln_fields_init(&e->fields, &e->arena);
    *r = (struct ln_req){.magic = LN_REQ_MAGIC, .arena = &e->arena, .fields = &e->fields};
    r->method = ln_slice_of(q->method);
    r->scheme = LN_SLICE("http");
    r->id = LN_SLICE("explain");
    r->minor = 1;
    r->service = -1;
    r->started = ln_clock_mono();
    r->started_wall = ln_clock_wall();
    r->host = e->target.authority.n > 0 && no == LN_REJECT_NONE ? e->target.authority
                                                                : LN_SLICE("localhost");
    for (unsigned i = 0; q->headers[i] != NULL; i++)
        if (add_header(e, q->headers[i], err) != 0)
            return -1;
    if (no != LN_REJECT_NONE) {
        e->refused = ln_reject_row(no)->sentence;
        e->refused_with = (unsigned)ln_reject_row(no)->status;
    }
    r->path = e->target.path;
    r->query = e->target.query;
    r->has_query = r->query.p != NULL;
    if (set_listener(e, conf, q->listener, err) != 0)
        return -1;
    return set_client(e, g, q->from != NULL ? q->from : "127.0.0.1", err);
}

/* ---- the story ---- */

static void add_entry(struct ln_explanation *e, const struct ln_route *route,
                      enum ln_explain_verdict verdict, struct ln_slice why)
{
    if (e->count == e->cap) {
        e->cap = e->cap > 0 ? e->cap * 2 : 16;
        e->v = ln_realloc(e->v, e->cap * sizeof *e->v);
    }
    e->v[e->count++] = (struct ln_explain_entry){route, verdict, ln_arena_dup(&e->arena, why)};
}

static void on_candidate(void *arg, const struct ln_route *route, const char *no)
{
    add_entry(arg, route, no == NULL ? LN_EXPLAIN_TAKEN : LN_EXPLAIN_PASSED, ln_slice_of(no));
}

static bool was_told(const struct ln_explanation *e, const struct ln_route *route)
{
    for (unsigned i = 0; i < e->count; i++)
        if (e->v[i].route == route)
            return true;
    return false;
}

/* Cuts "/segment" off the front. */
static bool next_segment(struct ln_slice *path, struct ln_slice *segment)
{
    if (path->n == 0)
        return false;
    const char *slash = memchr(path->p + 1, '/', path->n - 1);
    size_t n = slash != NULL ? (size_t)(slash - path->p) : path->n;

    *segment = ln_slice(path->p + 1, n - 1);
    *path = ln_slice(path->p + n, path->n - n);
    return true;
}

static const char *one_word(void *state)
{
    const char **word = state, *w = *word;

    *word = NULL;
    return w;
}

static bool is_like(struct ln_explanation *e, struct ln_slice a, struct ln_slice b)
{
    const char *word = ln_arena_dup(&e->arena, b).p;

    return a.n > 0 && b.n > 0 && ln_text_nearest(a, one_word, &word) != NULL;
}

/* How a route's path and the request's compare: segments that agree before they differ. */
struct comparison {
    unsigned agree; /* from the front; parameters agree with anything */
    bool fits;      /* all of it */
    bool near;      /* where they differ, the words are alike */
    struct ln_slice why;
};

static void differ(struct ln_explanation *e, struct comparison *c, struct ln_slice want,
                   bool has_want, struct ln_slice got, bool has_got)
{
    c->near = has_want && has_got && is_like(e, got, want);
    if (!has_got)
        c->why = ln_arena_printf(&e->arena, "its path goes on with \"/%.*s\"", (int)want.n, want.p);
    else if (!has_want && got.n == 0)
        c->why = LN_SLICE("its path has no slash at the end");
    else if (!has_want)
        c->why = ln_arena_printf(&e->arena, "its path ends before \"/%.*s\"", (int)got.n, got.p);
    else
        c->why = ln_arena_printf(&e->arena, "segment %u of its path is \"%.*s\", not \"%.*s\"",
                                 c->agree + 1, (int)want.n, want.p, (int)got.n, got.p);
}

static struct comparison compare(struct ln_explanation *e, const struct ln_route *route)
{
    struct ln_slice path = e->req.path, pattern = ln_slice_of(route->path), want, got;
    struct comparison c = {.agree = 0};

    for (;;) {
        bool has_want = next_segment(&pattern, &want);

        if (has_want && ln_slice_eq(want, LN_SLICE("*"))) {
            c.fits = true;
            return c;
        }
        bool has_got = next_segment(&path, &got);

        if (!has_want && !has_got) {
            c.fits = true;
            return c;
        }
        bool is_param = has_want && want.n > 1 && want.p[0] == ':';

        if (!has_want || !has_got || !(is_param ? got.n > 0 : ln_slice_eq(want, got))) {
            differ(e, &c, want, has_want, got, has_got);
            return c;
        }
        c.agree++;
    }
}

/* Routes that the router did not come to: because it had one, or because their path is another. */
static void look_around(struct ln_explanation *e, const struct ln_generation *g)
{
    unsigned count, told = e->count, deepest = 0;
    const struct ln_route *routes = ln_vm_routes(g->vm, &count);

    for (unsigned i = 0; i < count; i++) {
        if (was_told(e, &routes[i]))
            continue;
        struct comparison c = compare(e, &routes[i]);

        if (c.fits)
            add_entry(e, &routes[i], LN_EXPLAIN_LATER, LN_SLICE("it is less specific"));
        else if (c.agree > deepest)
            deepest = c.agree;
    }
    for (unsigned i = 0, near = 0; i < count && near < NEAR_MAX; i++) {
        if (was_told(e, &routes[i]))
            continue;
        struct comparison c = compare(e, &routes[i]);

        if ((told > 0 && c.agree == 0) || (!c.near && (c.agree == 0 || c.agree < deepest)))
            continue;
        add_entry(e, &routes[i], LN_EXPLAIN_NEAR, c.why);
        near++;
    }
}

int ln_explain(struct ln_explanation *e, const struct ln_generation *g,
               const struct ln_explain_request *q, struct ln_err *err)
{
    *e = (struct ln_explanation){.count = 0};
    ln_arena_init(&e->arena, NULL);
    if (make_request(e, g, q, err) != 0)
        return -1;
    if (e->refused != NULL)
        return 0;

    struct ln_req *r = &e->req;
    const struct ln_router_story story = {on_candidate, e};
    const struct ln_router_query query = {
        r->method, ln_authority_host(r->host), r->path, r->listener, r, g->vm};

    ln_router_find(g->router, &query, &e->match, &story);
    look_around(e, g);
    if (e->match.route == NULL)
        return 0;
    ln_router_apply(&e->match, r);
    if (e->match.route->split != NULL && e->match.route->split->sticky)
        ln_split_settle(r);
    return 0;
}

void ln_explain_fini(struct ln_explanation *e)
{
    ln_free(e->v);
    ln_arena_reset(&e->arena);
}
