/* SPDX-License-Identifier: Apache-2.0
 * test_router.c - specificity decides and nothing else: by table, by ten thousand routes, and
 * against a slow matcher.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "gateway/router.h"

enum { ROUTES = 48 };

struct map_of_routes {
    struct ln_route v[ROUTES];
    unsigned count;
    struct ln_diag diag;
    struct ln_router *router;
    struct ln_router_match m;
};

static int set_up(void **state)
{
    struct map_of_routes *map = calloc(1, sizeof *map);

    if (map == NULL)
        return -1;
    ln_diag_init(&map->diag);
    *state = map;
    return 0;
}

static int tear_down(void **state)
{
    struct map_of_routes *map = *state;

    ln_router_free(map->router);
    ln_diag_fini(&map->diag);
    free(map);
    return 0;
}

/* A route named after its path, "METHODS path" when it has methods. */
static struct ln_route *add(struct map_of_routes *map, const char *path)
{
    struct ln_route *r = &map->v[map->count++];

    *r = (struct ln_route){.name = path, .path = path, .place = {"routes.lua", map->count, 0}};
    return r;
}

static void build(struct map_of_routes *map)
{
    map->router = ln_router_new(map->v, map->count, &map->diag);
    assert_int_equal(map->diag.errors, 0);
    assert_non_null(map->router);
}

/* What is wrong, all in one text. */
static const char *refusal(struct map_of_routes *map)
{
    static char text[1024];
    struct ln_text t;

    map->router = ln_router_new(map->v, map->count, &map->diag);
    assert_null(map->router);
    assert_true(map->diag.errors > 0);
    ln_text_init(&t);
    ln_diag_print(&map->diag, &t);
    snprintf(text, sizeof text, "%s", t.p);
    ln_text_fini(&t);
    return text;
}

static const char *ask(struct map_of_routes *map, const char *method, const char *host,
                       const char *path, const char *listener)
{
    const struct ln_router_query q = {.method = ln_slice_of(method),
                                      .host = ln_slice_of(host),
                                      .path = ln_slice_of(path),
                                      .listener = ln_slice_of(listener)};

    ln_router_find(map->router, &q, &map->m, NULL);
    return map->m.route != NULL ? map->m.route->name : "-";
}

static const char *get(struct map_of_routes *map, const char *path)
{
    return ask(map, "GET", "example.com", path, "main");
}

/* ---- paths
 * ----------------------------------------------------------------------------------------------------
 */

static void test_specificity(void **state)
{
    static const char *const paths[] = {
        "/",           "/users",       "/users/*",      "/users/:id",     "/users/me",
        "/users/me/*", "/users/:id/a", "/users/:id/:b", "/users/:id/b/*", "/:any/fixed",
        "/files/*",    "/files/a/*",   "/files/a/b/c/*"};
    static const struct {
        const char *path, *want;
    } rows[] = {
        {"/", "/"},
        {"/users", "/users"},             /* exact before the prefix that would take it too */
        {"/users/", "/users/*"},          /* a parameter is never empty */
        {"/users/me", "/users/me"},       /* exact before parameter */
        {"/users/you", "/users/:id"},     /* parameter before prefix */
        {"/users/me/a", "/users/me/*"},   /* the longer exact beginning wins, though the other route
                                             is exact at its end */
        {"/users/you/a", "/users/:id/a"}, /* exact before parameter, further down */
        {"/users/you/x", "/users/:id/:b"},
        {"/users/you/b",
         "/users/:id/b/*"}, /* exact "b" first, and its prefix takes its own beginning */
        {"/users/you/b/c", "/users/:id/b/*"},
        {"/users/you/x/c", "/users/*"}, /* nothing below fits: back up to the prefix */
        {"/else/fixed", "/:any/fixed"},
        {"/users/fixed", "/users/:id"}, /* "users" exact first */
        {"/files/x", "/files/*"},
        {"/files/a", "/files/a/*"}, /* a prefix takes its own beginning too */
        {"/files/a/b/c", "/files/a/b/c/*"},
        {"/files/a/b/cc", "/files/a/*"}, /* on segment boundaries */
        {"/filesystem", "-"},
        {"/else", "-"},
        {"//", "-"},
    };
    struct map_of_routes *map = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(paths); i++)
        add(map, paths[i]);
    build(map);
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++)
        assert_string_equal(get(map, rows[i].path), rows[i].want);
}

static void test_the_order_of_the_file_plays_no_part(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/a/*");
    add(map, "/a/:x");
    add(map, "/a/b");
    build(map);
    assert_string_equal(get(map, "/a/b"), "/a/b");
    ln_router_free(map->router);
    map->count = 0;
    add(map, "/a/b");
    add(map, "/a/:x");
    add(map, "/a/*");
    build(map);
    assert_string_equal(get(map, "/a/b"), "/a/b");
    assert_string_equal(get(map, "/a/c"), "/a/:x");
    assert_string_equal(get(map, "/a/b/c"), "/a/*");
}

static void test_everything(void **state)
{
    static const char *const paths[] = {"/", "/a", "/a/", "/a/b/c", "//", "/%20"};
    struct map_of_routes *map = *state;

    add(map, "/*");
    build(map);
    for (size_t i = 0; i < LN_ARRAY_LEN(paths); i++)
        assert_string_equal(get(map, paths[i]), "/*");
    assert_string_equal(get(map, "*"), "-"); /* OPTIONS * is no path */
    assert_string_equal(get(map, ""), "-");
}

static void test_a_trailing_slash_is_another_path(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/a");
    add(map, "/b/");
    build(map);
    assert_string_equal(get(map, "/a/"), "-");
    assert_string_equal(get(map, "/b"), "-");
    assert_string_equal(get(map, "/b/"), "/b/");
}

static void assert_params(struct map_of_routes *map, const char *want)
{
    char text[256];
    size_t n = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < map->m.count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s=%.*s;", (int)map->m.names[i].n,
                              map->m.names[i].p, (int)map->m.params[i].n, map->m.params[i].p);
    assert_string_equal(text, want);
}

static void test_parameters_are_captured(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/users/:id");
    add(map, "/users/:user/posts/:post");
    add(map, "/files/:disk/*");
    add(map, "/plain");
    build(map);
    get(map, "/users/7");
    assert_params(map, "id=7;");
    get(map, "/users/7/posts/a%2Fb"); /* as it stands in the path */
    assert_params(map, "user=7;post=a%2Fb;");
    get(map, "/files/c/dir/name.txt");
    assert_params(map, "disk=c;rest=dir/name.txt;");
    get(map, "/files/c");
    assert_params(map, "disk=c;rest=;");
    get(map, "/files/c/");
    assert_params(map, "disk=c;rest=;");
    get(map, "/plain");
    assert_params(map, "");
    get(map, "/nothing");
    assert_params(map, "");
}

/* What a dead end has captured must not be seen by the route that is taken in the end. */
static void test_a_dead_end_leaves_no_parameters(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/:a/:b/:c/end");
    add(map, "/*");
    build(map);
    assert_string_equal(get(map, "/1/2/3/other"), "/*");
    assert_params(map, "rest=1/2/3/other;");
}

static void test_as_many_parameters_as_there_may_be(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/:a/:b/:c/:d/:e/:f/:g/:h");
    build(map);
    assert_string_equal(get(map, "/1/2/3/4/5/6/7/8"), map->v[0].name);
    assert_params(map, "a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;");
    assert_string_equal(get(map, "/1/2/3/4/5/6/7/8/9"), "-");
}

/* ---- hosts, listeners, methods
 * -------------------------------------------------------------------------------- */

static void test_hosts(void **state)
{
    static const struct {
        const char *host, *want;
    } rows[] = {
        {"api.example.com", "exact"},
        {"www.example.com", "wild"},
        {"example.com", "any"},
        {"a.b.example.com", "any"},
        {"", "any"},
        {"api.example.com.", "exact"},
        {"www.example.com.", "wild"},
        {"example.com..", "any"},
        {".example.com", "any"},
        {"wwwexample.com", "any"},
        {"www.example.org", "any"},
    };
    struct map_of_routes *map = *state;

    add(map, "/")->name = "any";
    struct ln_route *wild = add(map, "/"), *exact = add(map, "/");

    wild->name = "wild";
    wild->host = "*.example.com";
    exact->name = "exact";
    exact->host = "API.Example.com"; /* hosts have no case */
    build(map);
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++)
        assert_string_equal(ask(map, "GET", rows[i].host, "/", "main"), rows[i].want);
}

static void test_the_path_comes_before_the_host(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/a/*")->host = "example.com";
    add(map, "/a/b");
    build(map);
    assert_string_equal(get(map, "/a/b"), "/a/b");
    assert_string_equal(get(map, "/a/c"), "/a/*");
    assert_string_equal(ask(map, "GET", "other.org", "/a/c", "main"), "-");
}

static void test_a_host_that_objects_gives_way(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/a/b")->host = "other.org";
    add(map, "/a/:x");
    build(map);
    assert_string_equal(get(map, "/a/b"), "/a/:x");
}

static void test_listeners(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/")->name = "any";
    struct ln_route *inner = add(map, "/");

    inner->name = "inner";
    inner->listener = "admin, internal";
    build(map);
    assert_string_equal(ask(map, "GET", "x", "/", "admin"), "inner");
    assert_string_equal(ask(map, "GET", "x", "/", "internal"), "inner");
    assert_string_equal(ask(map, "GET", "x", "/", "main"), "any");
    assert_string_equal(ask(map, "GET", "x", "/", "adm"), "any");
}

static void test_methods(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/")->name = "any";
    struct ln_route *write = add(map, "/");

    write->name = "write";
    write->methods = "POST,PUT";
    build(map);
    assert_string_equal(ask(map, "POST", "x", "/", "main"), "write");
    assert_string_equal(ask(map, "PUT", "x", "/", "main"), "write");
    assert_string_equal(ask(map, "GET", "x", "/", "main"), "any");
    assert_string_equal(ask(map, "post", "x", "/", "main"), "any"); /* methods have case */
    assert_string_equal(ask(map, "PO", "x", "/", "main"), "any");
}

static void test_get_answers_head(void **state)
{
    struct map_of_routes *map = *state;
    struct ln_route *r = add(map, "/a");

    r->methods = "GET";
    build(map);
    assert_string_equal(ask(map, "HEAD", "x", "/a", "main"), "/a");
    assert_string_equal(ask(map, "POST", "x", "/a", "main"), "-");
}

/* Whichever stands first in the file. */
static void test_head_prefers_a_route_of_its_own(void **state)
{
    struct map_of_routes *map = *state;

    for (unsigned round = 0; round < 2; round++) {
        struct ln_route *first = add(map, "/a"), *second = add(map, "/a");

        first->methods = first->name = round == 0 ? "GET" : "HEAD";
        second->methods = second->name = round == 0 ? "HEAD" : "GET";
        build(map);
        assert_string_equal(ask(map, "HEAD", "x", "/a", "main"), "HEAD");
        assert_string_equal(ask(map, "GET", "x", "/a", "main"), "GET");
        ln_router_free(map->router);
        map->router = NULL;
        map->count = 0;
    }
}

static uint32_t bit(enum ln_method m)
{
    return 1u << m;
}

static void test_which_methods_would_have_matched(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/a")->methods = "GET";
    add(map, "/a")->methods = "DELETE";
    add(map, "/:x")->methods = "PUT, PATCH";
    add(map, "/b")->methods = "PURGE";
    struct ln_route *other = add(map, "/a");

    other->methods = "OPTIONS";
    other->host = "other.org";
    build(map);
    ask(map, "POST", "x", "/a", "main");
    assert_int_equal(map->m.methods, bit(LN_METHOD_GET) | bit(LN_METHOD_HEAD) |
                                         bit(LN_METHOD_DELETE) | bit(LN_METHOD_PUT) |
                                         bit(LN_METHOD_PATCH));
    ask(map, "GET", "x", "/b", "main");
    assert_true((map->m.methods & bit(LN_METHOD_OTHER)) !=
                0); /* there is something, though with no method of ours */
    ask(map, "GET", "x", "/nothing/here", "main");
    assert_int_equal(map->m.methods, 0);
}

/* ---- what is refused
 * ------------------------------------------------------------------------------------------ */

static void test_equal_routes_are_an_error_that_names_both(void **state)
{
    struct map_of_routes *map = *state;
    struct ln_route *first = add(map, "/users/:id"), *second = add(map, "/users/:name");

    first->name = "GET /users/:id";
    second->name = "the other";
    first->methods = "GET,PUT";
    second->methods = "POST,PUT";

    const char *text = refusal(map);

    assert_non_null(strstr(text, "GET /users/:id"));
    assert_non_null(strstr(text, "the other"));
    assert_non_null(strstr(text, "routes.lua:1"));
    assert_non_null(strstr(text, "routes.lua:2"));
    second->methods = "POST";
    map->diag.errors = 0;
    build(map);
    assert_string_equal(ask(map, "PUT", "x", "/users/7", "main"), "GET /users/:id");
}

static void test_what_is_not_equal(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "/a");
    add(map, "/a")->host = "x.org";
    add(map, "/a")->host = "*.org";
    add(map, "/a")->host = "*.com";
    add(map, "/a")->listener = "admin";
    add(map, "/a")->listener = "main";
    add(map, "/a")->methods = "GET";
    add(map, "/a")->methods = "POST";
    add(map, "/a/");
    add(map, "/a/*");
    add(map, "/a/:x");
    build(map);
}

static void test_what_is_equal(void **state)
{
    static const struct ln_route pairs[][2] = {
        {{.path = "/a"}, {.path = "/a"}},
        {{.path = "/a/*"}, {.path = "/a/*"}},
        {{.path = "/a", .host = "X.org"}, {.path = "/a", .host = "x.ORG"}},
        {{.path = "/a", .listener = "a,b"}, {.path = "/a", .listener = "b,c"}},
        {{.path = "/:a/x/:b"}, {.path = "/:c/x/:d"}},
    };
    struct map_of_routes *map = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(pairs); i++) {
        map->count = 2;
        memcpy(map->v, pairs[i], sizeof pairs[i]);
        map->v[0].name = "one";
        map->v[1].name = "two";
        assert_non_null(strstr(refusal(map), "one"));
        ln_diag_fini(&map->diag);
        ln_diag_init(&map->diag);
    }
}

static void test_bad_paths_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "users",
                                      "/a/*/b",
                                      "/*/a",
                                      ":id",
                                      "/:a/:b/:c/:d/:e/:f/:g/:h/:i",
                                      "/:a/:b/:c/:d/:e/:f/:g/:h/*"};
    struct map_of_routes *map = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(bad); i++) {
        map->count = 0;
        add(map, bad[i])->name = "culprit";
        assert_non_null(strstr(refusal(map), "culprit"));
        ln_diag_fini(&map->diag);
        ln_diag_init(&map->diag);
    }
    map->count = 0;
    add(map, "/a");
    build(map);
    assert_string_equal(get(map, "/a"), "/a");
}

static void test_depth_is_bounded(void **state)
{
    struct map_of_routes *map = *state;
    char deep[256] = "", path[256] = "";

    for (unsigned i = 0; i < 65; i++)
        strcat(deep, "/a");
    add(map, deep);
    assert_non_null(strstr(refusal(map), "segments"));
    ln_diag_fini(&map->diag);
    ln_diag_init(&map->diag);
    deep[128] = '\0'; /* 64 of them */
    build(map);
    assert_string_equal(get(map, deep), deep);
    strcpy(path, deep);
    strcat(path, "/a/a/a/a");
    assert_string_equal(get(map, path), "-");
}

/* ---- explain
 * --------------------------------------------------------------------------------------------------
 */

static void note(void *arg, const struct ln_route *route, const char *no)
{
    ln_text_printf(arg, "%s: %s\n", route->name, no != NULL ? no : "taken");
}

static void test_why_tells_the_story(void **state)
{
    struct map_of_routes *map = *state;
    struct ln_text why;

    add(map, "/a/b")->methods = "POST";
    add(map, "/a/:x")->host = "other.org";
    add(map, "/a/*");
    build(map);

    const struct ln_router_query q = {.method = LN_SLICE("GET"),
                                      .host = LN_SLICE("x"),
                                      .path = LN_SLICE("/a/b"),
                                      .listener = LN_SLICE("main")};
    const struct ln_router_story story = {note, &why};

    ln_text_init(&why);
    ln_router_find(map->router, &q, &map->m, &story);
    assert_string_equal(why.p, "/a/b: its method is POST\n"
                               "/a/:x: its host is other.org\n"
                               "/a/*: taken\n");
    ln_text_fini(&why);
}

/* ---- many
 * -----------------------------------------------------------------------------------------------------
 */

static void test_ten_thousand_routes(void **state)
{
    enum { COUNT = 10000 };
    struct ln_route *routes = calloc(COUNT, sizeof *routes);
    char(*paths)[48] = calloc(COUNT, sizeof *paths), path[64];
    struct map_of_routes *map = *state;

    assert_true(routes != NULL && paths != NULL);
    for (unsigned i = 0; i < COUNT; i++) {
        static const char *const shapes[] = {"/team%u/service%u", "/team%u/service%u/items/:id",
                                             "/team%u/service%u/files/*", "/team%u/service%u/:id"};

        snprintf(paths[i], sizeof paths[i], shapes[i % 4], i % 97, i / 4);
        routes[i] = (struct ln_route){.name = paths[i], .path = paths[i]};
    }
    map->router = ln_router_new(routes, COUNT, &map->diag);
    assert_non_null(map->router);
    for (unsigned i = 0; i < COUNT; i++) {
        static const char *const shapes[] = {"/team%u/service%u", "/team%u/service%u/items/7",
                                             "/team%u/service%u/files/a/b", "/team%u/service%u/9"};

        snprintf(path, sizeof path, shapes[i % 4], i % 97, i / 4);
        assert_string_equal(get(map, path), paths[i]);
    }
    assert_string_equal(get(map, "/team1/service999999"), "-");
    free(routes);
    free(paths);
}

/* ---- against a slow matcher
 * ----------------------------------------------------------------------------------- */

static const char *const HOSTS[] = {NULL, NULL, NULL, "a.test", "*.test"};
static const char *const METHODS[] = {NULL, NULL, "GET", "POST,PUT", "HEAD", "DELETE"};
static const char *const LISTENERS[] = {NULL, NULL, NULL, "main", "admin"};

#define ONE_OF(list) (list)[(unsigned)rand() % LN_ARRAY_LEN(list)]

/* Segment kinds of a route that takes this path, most specific 'e', then 'p', then 'r' for the
 * rest; "" = it does not. */
static const char *kinds(const char *route, const char *path, char out[80])
{
    char *at = out;

    for (;;) {
        if (strcmp(route, "/*") == 0) {
            strcpy(at, "r");
            return out;
        }
        if (*route == '\0' || *path == '\0') {
            *at = '\0';
            return *route == *path ? out : strcpy(out, "");
        }
        size_t rn = strcspn(route + 1, "/"), pn = strcspn(path + 1, "/");

        if (route[1] == ':' && pn > 0)
            *at++ = 'p';
        else if (route[1] != ':' && rn == pn && memcmp(route + 1, path + 1, rn) == 0)
            *at++ = 'e';
        else
            return strcpy(out, "");
        route += 1 + rn;
        path += 1 + pn;
    }
}

static bool host_fits(const char *pattern, const char *host)
{
    if (pattern == NULL || strcmp(pattern, host) == 0)
        return true;
    return pattern[0] == '*' && strchr(host, '.') != NULL &&
           strcmp(strchr(host, '.'), pattern + 1) == 0;
}

static bool has_word(const char *list, const char *word)
{
    return list == NULL ||
           strstr(list, word) != NULL; /* no word of these lists is a part of another */
}

/* Larger is better; 0 = no match. The last digit: HEAD by a route that says so. */
static unsigned fit(const struct ln_route *r, const char *method, const char *host,
                    const char *listener)
{
    bool head = strcmp(method, "HEAD") == 0, own = has_word(r->methods, method);

    if (!host_fits(r->host, host) || !has_word(r->listener, listener) ||
        (!own && !(head && has_word(r->methods, "GET"))))
        return 0;
    return (r->host == NULL     ? 100u
            : r->host[0] == '*' ? 200u
                                : 300u) +
           (r->listener != NULL ? 20u : 0u) + (r->methods != NULL ? 2u : 0u) + (own ? 1u : 0u);
}

static const struct ln_route *slow_find(const struct map_of_routes *map, const char *method,
                                        const char *host, const char *path, const char *listener)
{
    const struct ln_route *best = NULL;
    char of_best[80] = "", of_this[80];
    unsigned best_fit = 0;

    for (unsigned i = 0; i < map->count; i++) {
        unsigned f = fit(&map->v[i], method, host, listener);

        if (f == 0 || kinds(map->v[i].path, path, of_this)[0] == '\0')
            continue;
        int order = best == NULL
                        ? -1
                        : strcmp(of_this, of_best); /* 'e' < 'p' < 'r', and shorter is "here" */

        if (order < 0 || (order == 0 && f > best_fit)) {
            best = &map->v[i];
            best_fit = f;
            strcpy(of_best, of_this);
        }
    }
    return best;
}

static void random_path(char *out, bool pattern)
{
    static const char *const words[] = {"/a", "/b", "/c", "/dd"};
    unsigned depth = 1 + (unsigned)rand() % 4;

    *out = '\0';
    for (unsigned i = 0; i < depth; i++) {
        if (pattern && rand() % 3 == 0)
            strcat(out, i % 2 == 0 ? "/:x" : "/:y");
        else
            strcat(out, ONE_OF(words));
    }
    if (rand() % 4 == 0)
        strcat(out, pattern ? "/*" : "/");
}

static void ask_both(struct map_of_routes *map)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"},
                             *const hosts[] = {"a.test", "b.test", "x.org"};
    const char *method = ONE_OF(methods), *host = ONE_OF(hosts),
               *listener = rand() % 2 == 0 ? "main" : "admin";
    char path[80];

    random_path(path, false);

    const struct ln_route *want = slow_find(map, method, host, path, listener);

    ask(map, method, host, path, listener);
    if (map->m.route != want)
        fail_msg("%s %s%s on %s: got %s, want %s", method, host, path, listener,
                 map->m.route ? map->m.route->path : "-", want != NULL ? want->path : "-");
}

static void test_against_a_slow_matcher(void **state)
{
    static char paths[ROUTES][80];
    struct map_of_routes *map = *state;
    unsigned sets = 0;

    srand(11);
    for (unsigned round = 0; round < 3000; round++) {
        map->count = 0;
        for (unsigned i = 0, n = 4 + (unsigned)rand() % 12; i < n; i++) {
            random_path(paths[i], true);
            struct ln_route *r = add(map, paths[i]);

            r->host = ONE_OF(HOSTS);
            r->methods = ONE_OF(METHODS);
            r->listener = ONE_OF(LISTENERS);
        }
        map->router = ln_router_new(map->v, map->count, &map->diag);
        for (unsigned i = 0; map->router != NULL && i < 100; i++)
            ask_both(map);
        sets += map->router != NULL;
        ln_router_free(map->router);
        map->router = NULL;
        ln_diag_fini(&map->diag); /* sets with equal routes are not what this test is about */
        ln_diag_init(&map->diag);
    }
    assert_true(sets > 1000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_specificity),
        TEST(test_the_order_of_the_file_plays_no_part),
        TEST(test_everything),
        TEST(test_a_trailing_slash_is_another_path),
        TEST(test_parameters_are_captured),
        TEST(test_a_dead_end_leaves_no_parameters),
        TEST(test_as_many_parameters_as_there_may_be),
        TEST(test_hosts),
        TEST(test_the_path_comes_before_the_host),
        TEST(test_a_host_that_objects_gives_way),
        TEST(test_listeners),
        TEST(test_methods),
        TEST(test_get_answers_head),
        TEST(test_head_prefers_a_route_of_its_own),
        TEST(test_which_methods_would_have_matched),
        TEST(test_equal_routes_are_an_error_that_names_both),
        TEST(test_what_is_not_equal),
        TEST(test_what_is_equal),
        TEST(test_bad_paths_are_refused),
        TEST(test_depth_is_bounded),
        TEST(test_why_tells_the_story),
        TEST(test_ten_thousand_routes),
        TEST(test_against_a_slow_matcher),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
