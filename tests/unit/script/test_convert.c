/* SPDX-License-Identifier: Apache-2.0
 * Nodes become Lua values and tables become nodes, with their types and places.
 */
#include "script/convert.h"

#include <lualib.h>

#include "conf/yaml.h"
#include "world.h"

struct fixture {
    struct ln_arena arena;
    lua_State *L;
};

static int setup(void **state)
{
    struct fixture *x = ln_zalloc(sizeof *x);

    ln_arena_init(&x->arena, NULL);
    x->L = luaL_newstate();
    luaL_openlibs(x->L);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    lua_close(x->L);
    ln_arena_reset(&x->arena);
    ln_free(x);
    return 0;
}

/* YAML as the global `v`; then a piece of Lua that must return true. */
static void check_push(struct fixture *x, const char *yaml, const char *code)
{
    struct ln_bundle *bundle = ln_bundle_record();
    struct ln_diag diag;

    ln_diag_init(&diag);
    struct ln_node *node = ln_yaml_parse(&x->arena, bundle, "f.yaml", ln_slice_of(yaml), &diag);
    assert_non_null(node);
    ln_node_push(x->L, node);
    lua_setglobal(x->L, "v");
    if (luaL_dostring(x->L, code) != 0)
        fail_msg("%s", lua_tostring(x->L, -1));
    if (!lua_toboolean(x->L, -1))
        fail_msg("%s: not so: %s", yaml, code);
    lua_settop(x->L, 0);
    ln_diag_fini(&diag);
    ln_bundle_free(bundle);
}

static void test_scalars_have_types(void **state)
{
    struct fixture *x = *state;

    check_push(x, "{ a: 5, b: 1.5, c: on, d: false, e: text, f: \"5\", g: 10/s }",
               "return v.a == 5 and v.b == 1.5 and v.c == true and v.d == false and v.e == 'text' "
               "and v.f == '5' and v.g == '10/s'");
    check_push(x, "{ a: , b: ~ }", "return v.a == nil and v.b == nil");
}

static void test_lists_and_mappings(void **state)
{
    struct fixture *x = *state;

    check_push(x, "{ a: [1, [2, 3], { b: x }], e: [], f: {} }",
               "return #v.a == 3 and v.a[2][2] == 3 and v.a[3].b == 'x' and next(v.e) == nil and "
               "next(v.f) == nil");
}

static struct ln_node *node_of(struct fixture *x, const char *code, const char **why)
{
    static const struct ln_place place = {"r.lua", 3, 0};

    *why = NULL;
    if (luaL_dostring(x->L, code) != 0)
        fail_msg("%s", lua_tostring(x->L, -1));
    struct ln_node *node = ln_node_of_lua(x->L, -1, &x->arena, &place, why);
    assert_int_equal(lua_gettop(x->L), 1);
    lua_settop(x->L, 0);
    return node;
}

static void test_tables_become_nodes(void **state)
{
    struct fixture *x = *state;
    const char *why;
    bool flag;
    double number;
    struct ln_node *n =
        node_of(x, "return { list = { 'a', 'b' }, map = { k = true }, n = 2.5, s = '5' }", &why);

    assert_non_null(n);
    assert_int_equal(n->kind, LN_NODE_MAP);
    assert_int_equal(n->place.line, 3);
    assert_int_equal(ln_node_get(n, "list")->count, 2);
    assert_slice(ln_node_get(n, "list")->first->text, "a");
    assert_true(ln_node_to_bool(ln_node_get(ln_node_get(n, "map"), "k"), &flag) && flag);
    assert_true(ln_node_to_number(ln_node_get(n, "n"), &number) && number == 2.5);
    assert_true(ln_node_get(n, "s")->quoted);
    assert_slice(ln_node_get(n, "s")->text, "5");
}

static void test_what_no_configuration_can_hold(void **state)
{
    struct fixture *x = *state;
    const char *why;

    assert_null(node_of(x, "return { f = print }", &why));
    assert_non_null(strstr(why, "only tables"));
    assert_null(node_of(x, "return { a = { [true] = 1 } }", &why));
    assert_non_null(strstr(why, "not both"));
    assert_null(node_of(x, "return { { print } }", &why));
    assert_null(node_of(x, "local t = {} t.t = t return t", &why));
    assert_non_null(strstr(why, "too deeply"));
    assert_non_null(node_of(x, "return { fine = 1 }", &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scalars_have_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_and_mappings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tables_become_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_no_configuration_can_hold, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
