/* SPDX-License-Identifier: Apache-2.0
 * test_rows_root.c - routes, plugins, lua, reload: values, and what lies beside the file.
 */
#include "file.h"

#define HEAD "gateway: {port: \":0\"}\n"

static void clear(void)
{
    unlink("routes.lua");
    rmdir("plugins");
    rmdir("routes");
}

static void test_defaults_with_nothing_beside(void **state)
{
    struct load l;

    (void)state;
    clear();
    load_good(&l, HEAD);
    assert_null(l.conf->routes);
    assert_true(l.conf->generated_routes);
    assert_null(l.conf->plugins_dir);
    assert_int_equal(l.conf->trusted_plugin_count, 0);
    assert_int_equal(l.conf->lua.budget, 20);
    assert_int_equal(l.conf->lua.memory, 64 << 20);
    assert_true(l.conf->lua.jit);
    assert_true(l.conf->watch);
    assert_string_equal(l.conf->file, "gateway.yaml");
    assert_string_equal(l.conf->dir, ".");
    load_end(&l);
}

static void test_routes_and_plugins_beside_the_file(void **state)
{
    struct load l;

    (void)state;
    clear();
    write_file("routes.lua", "");
    mkdir("plugins", 0700);
    load_good(&l, HEAD);
    assert_string_equal(l.conf->routes, "routes.lua");
    assert_string_equal(l.conf->plugins_dir, "plugins");
    load_end(&l);
    load_good(&l, HEAD "plugins: {trusted: jwt}\n");
    assert_string_equal(l.conf->plugins_dir, "plugins");
    load_end(&l);
    clear();
}

static void test_a_folder_of_routes_has_to_be_named(void **state)
{
    struct load l;

    (void)state;
    clear();
    mkdir("routes", 0700);
    load_good(&l, HEAD);
    assert_null(l.conf->routes);
    load_end(&l);
    load_good(&l, HEAD "routes: routes\n");
    assert_string_equal(l.conf->routes, "routes");
    load_end(&l);
    clear();
}

static void test_routes_that_are_not_there(void **state)
{
    (void)state;
    clear();
    assert_refused(HEAD "routes: none.lua\n", "gateway.yaml:2:9: routes: cannot read none.lua: No "
                                              "such file or directory, expected a Lua file "
                                              "or a folder of them\n");
}

static void test_plugins_that_are_not_there_are_a_warning(void **state)
{
    struct load l;

    (void)state;
    clear();
    load_text(&l, HEAD "plugins: {dir: mine}\n");
    assert_string_equal(
        l.printed.p,
        "gateway.yaml:2:16: warning: plugins.dir: mine is not a folder, expected one with "
        "plugins\n");
    assert_string_equal(l.conf->plugins_dir, "mine");
    load_end(&l);
}

static void test_every_value(void **state)
{
    struct load l;

    (void)state;
    clear();
    load_good(&l, HEAD "generatedRoutes: off\n"
                       "plugins: { trusted: [jwt, ldap] }\n"
                       "lua: { budget: 50ms, memory: 8m, jit: off }\n"
                       "reload: { watch: off }\n");
    assert_false(l.conf->generated_routes);
    assert_int_equal(l.conf->trusted_plugin_count, 2);
    assert_string_equal(l.conf->trusted_plugins[0], "jwt");
    assert_string_equal(l.conf->trusted_plugins[1], "ldap");
    assert_int_equal(l.conf->lua.budget, 50);
    assert_int_equal(l.conf->lua.memory, 8 << 20);
    assert_false(l.conf->lua.jit);
    assert_false(l.conf->watch);
    load_end(&l);
}

static void test_paths_start_at_the_folder_of_the_file(void **state)
{
    struct load l;

    (void)state;
    mkdir("conf", 0700);
    mkdir("shared", 0700);
    write_file("conf/gateway.yaml", HEAD "routes: my.lua\nplugins: {dir: ../shared}\n");
    write_file("conf/my.lua", "");
    load_path(&l, "conf/gateway.yaml");
    assert_non_null(l.conf);
    assert_string_equal(l.conf->routes, "conf/my.lua");
    assert_string_equal(l.conf->plugins_dir, "conf/../shared");
    load_end(&l);
}

static void test_absolute_paths_stay(void **state)
{
    char yaml[256];
    struct load l;

    snprintf(yaml, sizeof yaml, HEAD "plugins: {dir: %s}\n", (char *)*state);
    load_good(&l, yaml);
    assert_string_equal(l.conf->plugins_dir, *state);
    load_end(&l);
}

static void test_what_is_beside_the_file_is_watched(void **state)
{
    struct load l;
    bool seen = false;
    const char *path;
    unsigned at = 0;

    (void)state;
    clear();
    load_good(&l, HEAD);
    while ((path = ln_bundle_next_path(l.bundle, &at)) != NULL)
        seen |= strcmp(path, "routes.lua") == 0; /* not there yet */
    assert_true(seen);
    load_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_with_nothing_beside),
        cmocka_unit_test(test_routes_and_plugins_beside_the_file),
        cmocka_unit_test(test_a_folder_of_routes_has_to_be_named),
        cmocka_unit_test(test_routes_that_are_not_there),
        cmocka_unit_test(test_plugins_that_are_not_there_are_a_warning),
        cmocka_unit_test(test_every_value),
        cmocka_unit_test(test_paths_start_at_the_folder_of_the_file),
        cmocka_unit_test(test_absolute_paths_stay),
        cmocka_unit_test(test_what_is_beside_the_file_is_watched),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
