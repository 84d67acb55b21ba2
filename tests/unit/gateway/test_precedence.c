/* SPDX-License-Identifier: Apache-2.0
 * test_precedence.c - who is asked first among the routes of one path, with conditions, many hosts,
 * and what 405 says of them.
 */
#include "gateway/precedence.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "gateway/router.h"
#include "script/condition.h"

enum { ROUTES = 8, CONDITIONS = 3 };

struct map_of_routes {
    struct ln_route v[ROUTES];
    struct ln_condition conditions[ROUTES][CONDITIONS];
    unsigned count;
    struct ln_diag diag;
    struct ln_router *router;
    struct ln_arena arena;
    struct ln_fields fields;
    struct ln_req req;
};

static int set_up(void **state)
{
    struct map_of_routes *map = calloc(1, sizeof *map);

    if (map == NULL)
        return -1;
    ln_diag_init(&map->diag);
    ln_arena_init(&map->arena, NULL);
    *state = map;
    return 0;
}

static int tear_down(void **state)
{
    struct map_of_routes *map = *state;

    ln_router_free(map->router);
    ln_diag_fini(&map->diag);
    ln_arena_reset(&map->arena);
    free(map);
    return 0;
}

static const struct ln_slice one = LN_SLICE("1"), two = LN_SLICE("2"), ten = LN_SLICE("10");

static struct ln_condition on(const char *header, enum ln_condition_test test,
                              const struct ln_slice *text)
{
    return (struct ln_condition){.kind = LN_CONDITION_HEADER,
                                 .test = test,
                                 .name = ln_slice_of(header),
                                 .texts = text,
                                 .text_count = text != NULL,
                                 .text = header};
}

static struct ln_route *add(struct map_of_routes *map, const char *name)
{
    struct ln_route *r = &map->v[map->count];

    *r = (struct ln_route){.name = name,
                           .path = "/x",
                           .conditions = map->conditions[map->count],
                           .place = {"routes.lua", map->count + 1, 0}};
    map->count++;
    return r;
}

static void when(struct map_of_routes *map, struct ln_route *r, struct ln_condition c)
{
    map->conditions[r - map->v][r->condition_count++] = c;
}

static void build(struct map_of_routes *map)
{
    map->router = ln_router_new(map->v, map->count, &map->diag);
    assert_int_equal(map->diag.errors, 0);
}

static struct ln_req *request(struct map_of_routes *map)
{
    ln_arena_reset(&map->arena);
    ln_arena_init(&map->arena, NULL);
    ln_fields_init(&map->fields, &map->arena);
    map->req = (struct ln_req){.arena = &map->arena, .fields = &map->fields, .service = -1};
    return &map->req;
}

static const struct ln_route *ask(struct map_of_routes *map, const char *method, const char *host,
                                  uint32_t *methods)
{
    const struct ln_router_query q = {.method = ln_slice_of(method),
                                      .host = ln_slice_of(host),
                                      .path = LN_SLICE("/x"),
                                      .listener = LN_SLICE("main"),
                                      .req = &map->req};
    struct ln_router_match m;

    ln_router_find(map->router, &q, &m, NULL);
    if (methods != NULL)
        *methods = m.methods;
    return m.route;
}

static void test_conditions_in_order(void **state)
{
    struct map_of_routes *map = *state;

    add(map, "none");
    when(map, add(map, "present"), on("A", LN_TEST_PRESENT, NULL));
    when(map, add(map, "prefix"), on("A", LN_TEST_PREFIX, &one));
    when(map, add(map, "exact"), on("A", LN_TEST_ONE_OF, &ten));
    struct ln_route *both = add(map, "both");

    when(map, both, on("A", LN_TEST_PRESENT, NULL));
    when(map, both, on("B", LN_TEST_PRESENT, NULL));
    build(map);
    request(map);
    assert_string_equal(ask(map, "GET", "h", NULL)->name, "none");
    ln_fields_add(&map->fields, LN_SLICE("a"), LN_SLICE("10"));
    assert_string_equal(ask(map, "GET", "h", NULL)->name, "exact");
    ln_fields_set(&map->fields, LN_SLICE("a"), LN_SLICE("11"));
    assert_string_equal(ask(map, "GET", "h", NULL)->name, "prefix");
    ln_fields_set(&map->fields, LN_SLICE("a"), LN_SLICE("2"));
    assert_string_equal(ask(map, "GET", "h", NULL)->name, "present");
    ln_fields_add(&map->fields, LN_SLICE("b"), LN_SLICE(""));
    assert_string_equal(ask(map, "GET", "h", NULL)->name, "both");
}

static void test_without_a_request_no_condition_holds(void **state)
{
    struct map_of_routes *map = *state;
    const struct ln_router_query q = {
        .method = LN_SLICE("GET"), .path = LN_SLICE("/x"), .listener = LN_SLICE("main")};
    struct ln_router_match m;

    when(map, add(map, "absent"), on("A", LN_TEST_ABSENT, NULL));
    build(map);
    ln_router_find(map->router, &q, &m, NULL);
    assert_null(m.route);
}

/* A method is allowed when the route's conditions hold, and not else. */
static void test_allow(void **state)
{
    struct map_of_routes *map = *state;
    struct ln_route *r = add(map, "get");
    uint32_t methods;

    r->methods = "GET";
    r = add(map, "put");
    r->methods = "PUT";
    when(map, r, on("A", LN_TEST_PRESENT, NULL));
    r = add(map, "patch");
    r->methods = "PATCH";
    r->listener = "other";
    build(map);
    request(map);
    assert_null(ask(map, "POST", "h", &methods));
    assert_int_equal(methods, 1u << LN_METHOD_GET | 1u << LN_METHOD_HEAD);
    ln_fields_add(&map->fields, LN_SLICE("A"), LN_SLICE("1"));
    assert_null(ask(map, "POST", "h", &methods));
    assert_int_equal(methods, 1u << LN_METHOD_GET | 1u << LN_METHOD_HEAD | 1u << LN_METHOD_PUT);
    assert_non_null(ask(map, "PUT", "h", &methods));
    assert_int_equal(methods, 0);
}

static void test_errors_name_both(void **state)
{
    static const struct {
        struct ln_slice a, b; /* values of A; b empty: of B instead */
        const char *text;
    } rows[] = {
        {LN_SLICE("1"), LN_SLICE("1"),
         "route two: the same requests are taken by one at "
         "routes.lua:1"},
        {LN_SLICE("1"), LN_SLICE(""), "route two: some of its requests fit one at routes.lua:1"},
    };

    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++) {
        struct map_of_routes *map = *state;
        struct ln_text text;

        map->count = 0;
        when(map, add(map, "one"), on("A", LN_TEST_ONE_OF, &rows[i].a));
        when(map, add(map, "two"),
             on(rows[i].b.n > 0 ? "a" : "B", LN_TEST_ONE_OF, rows[i].b.n > 0 ? &rows[i].b : &one));
        assert_null(ln_router_new(map->v, map->count, &map->diag));
        ln_text_init(&text);
        ln_diag_print(&map->diag, &text);
        if (strstr(text.p, rows[i].text) == NULL)
            fail_msg("%s", text.p);
        ln_text_fini(&text);
        ln_diag_fini(&map->diag);
        ln_diag_init(&map->diag);
    }
}

/* ---- hosts ---- */

static void test_ten_thousand_hosts_on_one_path(void **state)
{
    enum { COUNT = 10000 };
    struct ln_route *routes = calloc(COUNT + 2, sizeof *routes);
    char(*hosts)[32] = calloc(COUNT, sizeof *hosts), upper[32];
    struct map_of_routes *map = *state;

    assert_true(routes != NULL && hosts != NULL);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(hosts[i], sizeof hosts[i], i % 2 ? "*.h%u.test" : "h%u.test", i);
        routes[i] = (struct ln_route){.name = hosts[i], .path = "/x", .host = hosts[i]};
    }
    routes[COUNT] = (struct ln_route){.name = "any", .path = "/x"};
    map->router = ln_router_new(routes, COUNT + 1, &map->diag);
    assert_non_null(map->router);
    request(map);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(upper, sizeof upper, i % 2 ? "Www.H%u.test" : "H%u.TEST", i);
        assert_string_equal(ask(map, "GET", upper, NULL)->name, hosts[i]);
    }
    assert_string_equal(ask(map, "GET", "www.h2.test", NULL)->name, "any");
    assert_string_equal(ask(map, "GET", "h1.test", NULL)->name, "any");
    assert_string_equal(ask(map, "GET", "", NULL)->name, "any");
    assert_string_equal(ask(map, "GET", ".h1.test", NULL)->name, "any");
    ln_router_free(map->router);
    map->router = NULL;
    free(routes);
    free(hosts);
}

static void test_a_host_longer_than_any(void **state)
{
    struct map_of_routes *map = *state;
    char host[400];

    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    add(map, "wild")->host = "*.test";
    add(map, "any");
    build(map);
    request(map);
    assert_string_equal(ask(map, "GET", host, NULL)->name, "any");
    assert_string_equal(ask(map, "GET", "a.test", NULL)->name, "wild");
}

/* ---- by chance ---- */

static struct ln_condition random_condition(void)
{
    static const char *const names[] = {"A", "B"};
    static const struct ln_slice *const texts[] = {&one, &two, &ten};
    enum ln_condition_test test = (enum ln_condition_test)(rand() % (LN_TEST_PREFIX + 1));

    return on(names[rand() % 2], test, texts[rand() % 3]);
}

static void random_routes(struct map_of_routes *map)
{
    static const char *const names[] = {"r0", "r1", "r2", "r3"};

    map->count = 0;
    for (unsigned i = 0, n = 2 + (unsigned)rand() % 3; i < n; i++) {
        struct ln_route *r = add(map, names[i]);

        r->methods = rand() % 4 == 0 ? "GET" : NULL;
        for (int k = rand() % 3; k > 0; k--)
            when(map, r, random_condition());
    }
}

static void random_request(struct map_of_routes *map)
{
    static const struct ln_slice values[] = {LN_SLICE("1"), LN_SLICE("2"), LN_SLICE("10"),
                                             LN_SLICE("3")};

    request(map);
    if (rand() % 4 > 0)
        ln_fields_add(&map->fields, LN_SLICE("A"), values[rand() % 4]);
    if (rand() % 4 > 0)
        ln_fields_add(&map->fields, LN_SLICE("B"), values[rand() % 4]);
}

static bool fits(const struct map_of_routes *map, const struct ln_route *r, const char *method)
{
    if (r->methods != NULL && strcmp(r->methods, method) != 0)
        return false;
    for (unsigned i = 0; i < r->condition_count; i++)
        if (!ln_condition_holds(&r->conditions[i], &map->req))
            return false;
    return true;
}

/* The one that is taken fits, and comes before every other one that does: where a router could be
 * made, that is never unclear. */
static void check_choice(struct map_of_routes *map, const char *method)
{
    const struct ln_route *taken = ask(map, method, "h", NULL);

    if (taken != NULL && !fits(map, taken, method))
        fail_msg("%s does not fit", taken->name);
    for (unsigned i = 0; i < map->count; i++) {
        const struct ln_route *other = &map->v[i];

        if (other == taken || !fits(map, other, method))
            continue;
        assert_non_null(taken);
        assert_int_equal(ln_precedence_of(taken, other), LN_PRECEDENCE_FIRST);
        assert_int_equal(ln_precedence_of(other, taken), LN_PRECEDENCE_SECOND);
    }
}

static void test_random_sets(void **state)
{
    struct map_of_routes *map = *state;
    unsigned made = 0;

    srand(5);
    for (unsigned round = 0; round < 5000; round++) {
        random_routes(map);
        map->router = ln_router_new(map->v, map->count, &map->diag);
        for (unsigned i = 0; map->router != NULL && i < 20; i++) {
            random_request(map);
            check_choice(map, rand() % 2 ? "GET" : "PUT");
        }
        made += map->router != NULL;
        ln_router_free(map->router);
        map->router = NULL;
        ln_diag_fini(&map->diag);
        ln_diag_init(&map->diag);
    }
    assert_true(made > 1000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_conditions_in_order),
        TEST(test_without_a_request_no_condition_holds),
        TEST(test_allow),
        TEST(test_errors_name_both),
        TEST(test_ten_thousand_hosts_on_one_path),
        TEST(test_a_host_longer_than_any),
        TEST(test_random_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
