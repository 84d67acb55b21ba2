/* SPDX-License-Identifier: Apache-2.0
 * JSON both ways: what is said, what is refused, and that what was decoded encodes to the same.
 */
#include <lualib.h>

#include "world.h"

static int setup(void **state)
{
    lua_State *L = luaL_newstate();

    luaL_openlibs(L);
    ln_json_open(L);
    lua_setglobal(L, "json");
    *state = L;
    return 0;
}

static int teardown(void **state)
{
    lua_close(*state);
    return 0;
}

/* The text that a piece of Lua returns, or its error. */
static const char *run(void **state, const char *code)
{
    lua_State *L = *state;

    lua_settop(L, 0);
    if (luaL_dostring(L, code) != 0)
        return lua_tostring(L, -1);
    return lua_isstring(L, -1) ? lua_tostring(L, -1) : "no text";
}

static void test_encodes(void **state)
{
    assert_string_equal(
        run(state, "return json.encode { b = 1, a = { true, false, json.null }, c = \"x\" }"),
        "{\"a\":[true,false,null],\"b\":1,\"c\":\"x\"}");
    assert_string_equal(run(state, "return json.encode {}"), "{}");
    assert_string_equal(run(state, "return json.encode(json.array {})"), "[]");
    assert_string_equal(run(state, "return json.encode(json.array())"), "[]");
    assert_string_equal(run(state, "return json.encode(nil)"), "null");
    assert_string_equal(run(state, "return json.encode { 1, 2.5, -3, 1e300, 123456789012 }"),
                        "[1,2.5,-3,1e+300,123456789012]");
    assert_string_equal(run(state, "return json.encode(\"a\\\"b\\\\\\n\\1\")"),
                        "\"a\\\"b\\\\\\n\\u0001\"");
}

static void test_refuses_to_encode(void **state)
{
    assert_non_null(
        strstr(run(state, "return json.encode(print)"), "a function cannot be said in JSON"));
    assert_non_null(strstr(run(state, "return json.encode { [true] = 1 }"),
                           "either a list or has texts as keys"));
    assert_non_null(strstr(run(state, "return json.encode(1 / 0)"), "infinite"));
    assert_non_null(
        strstr(run(state, "local t = {} t.t = t return json.encode(t)"), "contains itself"));
    assert_non_null(
        strstr(run(state, "return json.encode { coroutine.create(print) }"), "a thread cannot"));
}

static void test_decodes(void **state)
{
    assert_string_equal(
        run(state, "local v = json.decode '{\"a\":[1,-2.5e3,{\"b\":null}],\"c\":\"\\\\u00e9\"}'\n"
                   "return tostring(v.a[1] == 1 and v.a[2] == -2500 and v.a[3].b == json.null and "
                   "v.c == \"\\195\\169\")"),
        "true");
    assert_string_equal(run(state, "return json.encode(json.decode ' [ ] ')"), "[]");
    assert_string_equal(run(state, "return json.encode(json.decode '{}')"), "{}");
    assert_string_equal(run(state, "return json.encode(json.decode '[[],{},[1]]')"), "[[],{},[1]]");
    assert_string_equal(run(state, "return json.decode '\"\\\\ud83d\\\\ude00\"'"),
                        "\xf0\x9f\x98\x80");
    assert_string_equal(
        run(state, "return tostring(json.decode 'true') .. tostring(json.decode 'false')"),
        "truefalse");
    assert_string_equal(
        run(state, "return json.decode '\"\\\\\\\"\\\\/\\\\b\\\\f\\\\n\\\\r\\\\t\"'"),
        "\"/\b\f\n\r\t");
}

static void test_refuses_to_decode(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "nul",
        "truex",
        "01",
        "1.",
        ".5",
        "1e",
        "+1",
        "-",
        "0x10",
        "NaN",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\n\"",
        "1 2",
        "[1] x",
        "\xff",
        "{\"a\":1 \"b\":2}",
        "[1 2]",
        "--1",
    };
    lua_State *L = *state;

    for (size_t i = 0; i < LN_ARRAY_LEN(bad); i++) {
        lua_settop(L, 0);
        lua_getglobal(L, "json");
        lua_getfield(L, -1, "decode");
        lua_pushstring(L, bad[i]);
        assert_int_equal(lua_pcall(L, 1, 2, 0), 0);
        if (!lua_isnil(L, -2) || strncmp(lua_tostring(L, -1), "not JSON: ", 10) != 0)
            fail_msg("decoded: %s", bad[i]);
    }
}

static void test_depth_is_bounded(void **state)
{
    assert_string_equal(run(state, "local v, why = json.decode((\"[\"):rep(200)) return why"),
                        "not JSON: nested too deeply at byte 101");
    assert_string_equal(
        run(state, "return tostring(json.decode((\"[\"):rep(90) .. (\"]\"):rep(90)) ~= nil)"),
        "true");
    assert_non_null(
        strstr(run(state, "local t = {} for i = 1, 200 do t = { t } end return json.encode(t)"),
               "too deeply"));
}

static void test_says_where(void **state)
{
    assert_string_equal(run(state, "local v, why = json.decode '{\"a\":1,,}' return why"),
                        "not JSON: expected a key in quotes at byte 8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_encodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_to_encode, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_to_decode, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_says_where, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
