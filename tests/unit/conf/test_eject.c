/* SPDX-License-Identifier: Apache-2.0
 * test_eject.c - settings of YAML as Lua: scalars, variables, keys, tables.
 */
#include "conf/eject.h"

#include "base/assert.h"
#include "file.h"

/* What stands behind use "p" for these lines of YAML below it. */
static void check(const char *settings, const char *want)
{
    struct ln_text yaml, out;
    struct ln_diag diag;

    ln_text_init(&yaml);
    ln_text_init(&out);
    ln_diag_init(&diag);
    ln_text_printf(&yaml,
                   "gateway:\n  port: \":0\"\nservices:\n- name: s\n  path: /p\n  instances: "
                   "[\"http://127.0.0.1:1\"]\n  plugins:\n  - p:\n%s",
                   settings);
    write_file("eject.yaml", yaml.p);

    struct ln_bundle *bundle = ln_bundle_record();
    struct ln_conf *conf = ln_conf_load(bundle, "eject.yaml", &diag);

    assert_non_null(conf);
    assert_int_equal(ln_eject_routes(conf, &out), 1);
    const char *use = strstr(out.p, "use \"p\" ");

    assert_non_null(use);
    if (strncmp(use + 8, want, strlen(want)) != 0)
        fail_msg("got %s", use + 8);
    ln_conf_free(conf);
    ln_bundle_free(bundle);
    ln_diag_fini(&diag);
    ln_text_fini(&yaml);
    ln_text_fini(&out);
}

static void test_scalars(void **state)
{
    (void)state;
    check("", "{},\n");
    check("      a: 1\n", "{ a = 1 },\n");
    check("      a: \"1\"\n", "{ a = \"1\" },\n");
    check("      a: on\n", "{ a = true },\n");
    check("      a: \"on\"\n", "{ a = \"on\" },\n");
    check("      a: 100/s\n", "{ a = \"100/s\" },\n");
    check("      a: null\n      b: 2.5\n", "{ b = 2.5 },\n");
    check("      a: \"x\\\"y\\\\z\\n\\u0001\"\n", "{ a = \"x\\\"y\\\\z\\n\\001\" },\n");
    check("      a: caf\xc3\xa9\n", "{ a = \"caf\xc3\xa9\" },\n");
}

static void test_keys_and_tables(void **state)
{
    (void)state;
    check("      a: [1, two, [on]]\n", "{ a = { 1, \"two\", { true } } },\n");
    check("      X-A: 1\n      end: 2\n      _b1: 3\n      1b: 4\n",
          "{ [\"X-A\"] = 1, [\"end\"] = 2, _b1 = 3, [\"1b\"] = 4 },\n");
    check("      a: {}\n      b: []\n", "{ a = {}, b = {} },\n");
    check("      first: \"a text that is long enough to make the line too long for one line\"\n"
          "      second: { c: 1 }\n",
          "{\n    first = \"a text that is long enough to make the line too long for one line\",\n"
          "    second = { c = 1 },\n  },\n");
}

static void test_variables_stay_variables(void **state)
{
    (void)state;
    setenv("LN_EJECT", "hush", 1);
    setenv("LN_EJECT_N", "12", 1);
    setenv("LN_EJECT_B", "off", 1);
    check("      a: ${LN_EJECT}\n", "{ a = env(\"LN_EJECT\") },\n");
    check("      a: x${LN_EJECT}-$$y$\n", "{ a = \"x\" .. env(\"LN_EJECT\") .. \"-$y$\" },\n");
    check("      a: ${LN_EJECT_NOT_SET:-a \"b\"}\n",
          "{ a = env(\"LN_EJECT_NOT_SET\", \"a \\\"b\\\"\") },\n");
    check("      a: ${LN_EJECT_NOT_SET:-}\n", "{ a = env(\"LN_EJECT_NOT_SET\", \"\") },\n");
    check("      a: ${LN_EJECT_N}\n", "{ a = tonumber(env(\"LN_EJECT_N\")) },\n");
    check("      a: \"${LN_EJECT_N}\"\n", "{ a = env(\"LN_EJECT_N\") },\n");
    check("      a: ${LN_EJECT_B}\n",
          "{ a = ({ [\"true\"] = true, on = true })[env(\"LN_EJECT_B\")] or false },\n");
}

static void test_routes(void **state)
{
    struct ln_text out;
    struct ln_diag diag;

    (void)state;
    ln_text_init(&out);
    ln_diag_init(&diag);
    write_file("routes.yaml", "gateway: { port: \":0\" }\nservices:\n"
                              "- { name: a, path: /a, instances: [\"http://127.0.0.1:1\"] }\n"
                              "- { name: b, path: /, instances: [\"http://127.0.0.1:1\"] }\n"
                              "- { name: c, instances: [\"http://127.0.0.1:1\"] }\n"
                              "- { name: d, path: /d/e, stripPath: off, instances: "
                              "[\"http://127.0.0.1:1\"] }\n");

    struct ln_bundle *bundle = ln_bundle_record();
    struct ln_conf *conf = ln_conf_load(bundle, "routes.yaml", &diag);

    assert_non_null(conf);
    assert_int_equal(ln_eject_routes(conf, &out), 3);
    assert_non_null(strstr(out.p, "\nany \"/a/*\" {\n  to = service \"a\",\n  strip = \"/a\",\n}\n"
                                  "\nany \"/*\" {\n  to = service \"b\",\n}\n"
                                  "\nany \"/d/e/*\" {\n  to = service \"d\",\n}\n"));
    ln_conf_free(conf);
    ln_bundle_free(bundle);
    ln_diag_fini(&diag);
    ln_text_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_keys_and_tables),
        cmocka_unit_test(test_variables_stay_variables),
        cmocka_unit_test(test_routes),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
