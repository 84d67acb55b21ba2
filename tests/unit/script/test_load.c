/* SPDX-License-Identifier: Apache-2.0
 * From files to routes and chains: what is loaded, what is refused, and what is left behind.
 */
#include "world.h"

static void test_empty_state_can_be_freed(void **state)
{
    struct ln_vm_env env = {0};
    struct ln_vm *vm = ln_vm_new(&env);
    unsigned count = 9;

    (void)state;
    assert_int_equal(ln_vm_memory(vm), 0);
    ln_vm_routes(vm, &count);
    assert_int_equal(count, 0);
    ln_vm_free(vm);
}

static void test_nothing_to_load(void **state)
{
    struct world w;
    unsigned count;

    (void)state;
    world_init(&w);
    world_loads(&w);
    ln_vm_routes(w.vm, &count);
    assert_int_equal(count, 0);
    assert_true(ln_vm_memory(w.vm) > 10000);
    world_fini(&w);
}

static void test_generated_routes(void **state)
{
    struct world w;
    unsigned count;

    (void)state;
    world_init(&w);
    w.conf->generated_routes = true;
    world_services(&w, "users", "/api/users");
    world_services(&w, "hidden", NULL);
    world_services(&w, "all", "/");
    world_loads(&w);
    const struct ln_route *r = ln_vm_routes(w.vm, &count);
    assert_int_equal(count, 2);
    assert_string_equal(r[0].path, "/api/users/*");
    assert_string_equal(r[0].strip, "/api/users");
    assert_string_equal(r[0].place.file, "gateway.yaml");
    assert_null(r[0].methods);
    assert_int_equal(r[0].service, 0);
    assert_int_equal(r[0].chain, 0);
    assert_string_equal(r[1].path, "/*");
    assert_null(r[1].strip);
    assert_int_equal(r[1].service, 2);
    world_fini(&w);
}

static void test_uses_of_a_service_become_a_chain(void **state)
{
    struct world w;
    struct ln_place place = {"gateway.yaml", 7, 9};
    unsigned count;

    (void)state;
    world_init(&w);
    w.conf->generated_routes = true;
    world_services(&w, "users", "/users");
    struct ln_arena *a = &w.conf->arena;
    struct ln_node *settings = ln_node_new_map(a, &place);
    ln_node_put(a, settings, LN_SLICE("rate"),
                ln_node_new_scalar(a, LN_SLICE("5/s"), true, &place));
    ln_node_put(a, settings, LN_SLICE("burst"), ln_node_new_number(a, 3, &place));
    struct ln_use_conf uses[] = {{"client-id", NULL, place}, {"rate-limit", settings, place}};
    w.conf->services[0].uses = uses;
    w.conf->services[0].use_count = 2;
    world_loads(&w);
    const struct ln_route *r = ln_vm_routes(w.vm, &count);
    assert_string_equal(r[0].chain_text, "client-id -> rate-limit");
    assert_true(r[0].has_request);
    assert_false(r[0].has_response);
    assert_false(r[0].has_log);
    assert_int_equal(w.demand.count, 3); /* and a metric, and the quarantine */
    assert_int_equal(w.demand.items[0].kind, LN_ZONE_LIMITER);
    world_fini(&w);
}

static void test_wrong_settings_in_yaml_have_their_place(void **state)
{
    struct world w;
    struct ln_place place = {"gateway.yaml", 7, 9};
    struct ln_use_conf use = {"rate-limit", NULL, place};

    (void)state;
    world_init(&w);
    w.conf->generated_routes = true;
    world_services(&w, "users", "/users");
    w.conf->services[0].uses = &use;
    w.conf->services[0].use_count = 1;
    assert_int_equal(world_load(&w), -1);
    assert_non_null(strstr(w.report, "gateway.yaml:7: in use \"rate-limit\":\n  rate: required"));
    world_fini(&w);
}

static void test_options_of_a_route(void **state)
{
    struct world w;
    unsigned count;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    w.conf->gateway.listeners =
        ln_arena_zalloc(&w.conf->arena, 2 * sizeof(struct ln_listener_conf));
    w.conf->gateway.listener_count = 2;
    w.conf->gateway.listeners[0].name = "a";
    w.conf->gateway.listeners[1].name = "b";
    assert_int_equal(world_routes(&w, "group \"/g\" {\n host = \"*.example.com\", to = \"s\",\n"
                                      "  post \"/x/*\" { strip = true, timeout = \"1.5s\", retries "
                                      "= 2, name = \"my route\",\n"
                                      "    listener = { \"a\", \"b\" } },\n"
                                      "  get \"/\" { tries = 1, strip = \"/g\" },\n}\n"),
                     0);
    const struct ln_route *r = ln_vm_routes(w.vm, &count);
    assert_int_equal(count, 3);
    assert_string_equal(r[0].name, "my route");
    assert_string_equal(r[0].methods, "POST");
    assert_string_equal(r[0].path, "/g/x/*");
    assert_string_equal(r[0].host, "*.example.com");
    assert_string_equal(r[0].strip, "/g/x");
    assert_int_equal(r[0].timeout, 1500);
    assert_int_equal(r[0].tries, 3);
    assert_int_equal(r[0].place.line, 3);
    assert_string_equal(r[0].listener, "a");
    assert_string_equal(r[1].listener, "b");
    assert_string_equal(r[2].path, "/g");
    assert_string_equal(r[2].name, "GET /g");
    assert_int_equal(r[2].tries, 1);
    assert_null(r[2].listener);
    world_fini(&w);
}

static void test_a_folder_of_routes(void **state)
{
    struct world w;
    unsigned count;

    (void)state;
    world_init(&w);
    world_file(&w, "routes/20.lua", "get \"/b\" { reply = { 200, \"b\" } }\n");
    world_file(&w, "routes/10.lua", "use \"client-id\"\nget \"/a\" { reply = { 200, \"a\" } }\n");
    world_file(&w, "routes/not.txt", "nonsense");
    w.conf->routes = ln_arena_printf(&w.conf->arena, "%s/routes", w.dir).p;
    world_loads(&w);
    const struct ln_route *r = ln_vm_routes(w.vm, &count);
    assert_int_equal(count, 2);
    assert_string_equal(r[0].path, "/a");
    assert_string_equal(r[0].chain_text, "client-id -> reply");
    assert_string_equal(r[1].chain_text, "reply"); /* a use holds for its own file */
    world_fini(&w);
}

static void test_all_errors_at_once(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_file(&w, "routes/a.lua",
               "get \"/a\" { too = 1 }\nuse \"rate-limt\"\nget \"/b\" { reply = { 200 } }\n");
    world_file(&w, "routes/b.lua", "local x = = 1\n");
    world_file(&w, "routes/c.lua", "undefined()\n");
    w.conf->routes = ln_arena_printf(&w.conf->arena, "%s/routes", w.dir).p;
    assert_int_equal(world_load(&w), -1);
    const char *report = world_report(&w);
    assert_non_null(strstr(
        report, "routes/a.lua:1: in get \"/a\": unknown option \"too\"; did you mean \"to\"?"));
    assert_non_null(strstr(report, "routes/a.lua:2: in use \"rate-limt\": no plugin \"rate-limt\"; "
                                   "did you mean \"rate-limit\"?"));
    assert_non_null(strstr(report, "routes/b.lua:1: "));
    assert_non_null(strstr(report, "routes/c.lua:1: undeclared name \"undefined\""));
    world_fini(&w);
}

static void test_a_missing_routes_file(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.conf->routes = "/nonexistent/routes.lua";
    assert_int_equal(world_load(&w), -1);
    assert_non_null(strstr(w.report, "/nonexistent/routes.lua"));
    world_fini(&w);
}

static void test_long_paths_are_not_cut_in_messages(void **state)
{
    struct world w;
    char folder[80] = "a-folder-with-a-very-long-name-that-lua-would-cut-short-in-its-messages";

    (void)state;
    world_init(&w);
    world_file(&w, ln_arena_printf(&w.conf->arena, "%s/routes.lua", folder).p,
               "local x = nil\nx()\n");
    w.conf->routes = ln_arena_printf(&w.conf->arena, "%s/%s/routes.lua", w.dir, folder).p;
    assert_int_equal(world_load(&w), -1);
    assert_int_equal(strncmp(w.report, w.conf->routes, strlen(w.conf->routes)), 0);
    assert_int_equal(strncmp(w.report + strlen(w.conf->routes), ":2: attempt to call", 19), 0);
    world_fini(&w);
}

static void test_own_plugins_come_before_the_standard_ones(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    world_file(&w, "plugins/headers.lua",
               "local p = plugin \"headers\" { version = \"9\", api = 1 }\n"
               "function p:request() return 200, \"mine\" end\nreturn p\n");
    world_file(&w, "plugins/folder/init.lua",
               "local lib = require \"words\"\n"
               "local p = plugin \"folder\" { version = \"9\", api = 1 }\n"
               "function p:request(req) req.ctx.word = lib.word end\nreturn p\n");
    world_file(&w, "plugins/lib/words.lua", "return { word = \"library\" }\n");
    assert_int_equal(
        world_routes(&w,
                     "any \"/x\" { use \"folder\", use \"headers\" }\n"
                     "any \"/y\" { use \"folder\", function(req) return 200, req.ctx.word end }"),
        -1); /* /x: a plugin may answer, but nobody knows */
    assert_non_null(strstr(world_report(&w), "routes.lua:1: in any \"/x\": nothing answers here"));
    ln_vm_free(w.vm);
    w.vm = NULL;
    ln_free(w.report);
    ln_bundle_free(w.bundle);
    w.bundle = ln_bundle_record();
    assert_int_equal(
        world_routes(&w,
                     "any \"/y\" { use \"folder\", function(req) return 200, req.ctx.word end }\n"
                     "any \"/x\" { use \"headers\", reply = { 404 } }\n"),
        0);
    visit_init(&v, &w, 0);
    ln_vm_request(w.vm, &v.r);
    assert_slice(v.r.reply_body, "library");
    visit_fini(&v, &w);
    visit_init(&v, &w, 1);
    ln_vm_request(w.vm, &v.r);
    assert_slice(v.r.reply_body, "mine");
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_trusted_plugins_get_more(void **state)
{
    static const char plugin[] = "local p = plugin \"outside\" { version = \"1\", api = 1 }\n"
                                 "function p:init() self.ok = io and os and ffi end\nreturn p\n";
    const char *trusted[] = {"outside"};
    struct world w;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    world_file(&w, "plugins/outside.lua", plugin);
    assert_int_equal(world_routes(&w, "any \"/x\" { to = \"s\", use \"outside\" }\n"), -1);
    assert_non_null(strstr(world_report(&w), "plugins/outside.lua:2: io is not available here"));
    ln_vm_free(w.vm);
    w.vm = NULL;
    ln_free(w.report);
    w.conf->trusted_plugins = trusted;
    w.conf->trusted_plugin_count = 1;
    world_loads(&w);
    world_fini(&w);
}

static void test_a_wrong_plugin_is_reported_once(void **state)
{
    struct world w;
    struct ln_text text;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    world_file(&w, "plugins/typo.lua",
               "local p = plugin \"typo\" { version = \"1\", api = 1 }\n\n"
               "function p:requst() end\nreturn p\n");
    assert_int_equal(
        world_routes(
            &w,
            "any \"/x\" { to = \"s\", use \"typo\" }\nany \"/y\" { to = \"s\", use \"typo\" }\n"),
        -1);
    assert_string_equal(
        world_report(&w),
        "plugins/typo.lua:3: unknown handler \"requst\"; did you mean \"request\"?\n");
    (void)text;
    world_fini(&w);
}

static void test_later_handlers_are_refused_by_name(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    world_file(&w, "plugins/p.lua",
               "local p = plugin \"p\" { version = \"1\", api = 1 }\n"
               "function p:upload() end\nreturn p\n");
    assert_int_equal(world_routes(&w, "any \"/x\" { to = \"s\", use \"p\" }\n"), -1);
    assert_non_null(strstr(world_report(&w),
                           "plugins/p.lua:2: handler \"upload\" is not available in this version"));
    world_fini(&w);
}

static void test_close_handlers_run_once(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    world_file(&w, "plugins/p.lua",
               "local p = plugin \"p\" { version = \"1\", api = 1, schema = { bad = t.boolean { "
               "default = false } } }\n"
               "function p:close() log.info(\"closed\") if self.conf.bad then error(\"badly\") end "
               "end\nreturn p\n");
    assert_int_equal(
        world_routes(&w, "any \"/x\" { to = \"s\", use \"p\" { bad = true }, use \"p\" }\n"), 0);
    ln_vm_free(w.vm);
    w.vm = NULL;
    assert_non_null(strstr(w.said, "info: closed"));
    assert_non_null(strstr(w.said, "plugin p failed in close"));
    assert_non_null(strstr(strstr(w.said, "info: closed") + 1, "info: closed"));
    world_fini(&w);
}

static void test_a_state_survives_a_refused_load(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    assert_int_equal(world_routes(&w, "get \"/x\" { too = 1 }"), -1);
    ln_free(w.report);
    world_file(&w, "good.lua", "get \"/x\" { reply = { 200, \"good\" } }");
    w.conf->routes = ln_arena_printf(&w.conf->arena, "%s/good.lua", w.dir).p;
    assert_int_equal(world_load(&w), 0);
    visit_init(&v, &w, 0);
    ln_vm_request(w.vm, &v.r);
    assert_slice(v.r.reply_body, "good");
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_limits_are_shared_by_states(void **state)
{
    static const char routes[] = "get \"/x\" { use \"rate-limit\" { rate = \"1/h\", burst = 3 }, "
                                 "function() return 200 end }";
    struct world w;
    struct visit v;
    struct ln_vm *second;
    struct ln_err err;
    int passed = 0;

    (void)state;
    world_init(&w);
    assert_int_equal(world_routes(&w, routes), 0); /* a check: asks, and lets everybody pass */
    assert_int_equal(w.demand.count, 3);           /* and a metric, and the quarantine */
    ln_vm_free(w.vm);
    w.vm = NULL;
    ln_free(w.report);
    w.shm = ln_shm_new(1, &err);
    assert_int_equal(ln_shm_satisfy(w.shm, &w.demand, &err), 0);
    struct ln_vm_env env = {.shm = w.shm};
    second = ln_vm_new(&env);
    assert_int_equal(ln_vm_load(second, w.conf, w.bundle, &w.diag), 0);
    world_loads(&w);
    for (int i = 0; i < 8; i++) {
        struct ln_vm *vm = i % 2 == 0 ? w.vm : second;

        visit_init(&v, &w, 0);
        ln_vm_request(vm, &v.r);
        passed += v.r.reply_status == 200;
        assert_true(v.r.reply_status == 200 || v.r.reply_status == 429);
        ln_vm_forget(vm, &v.r);
        ln_arena_reset(&v.arena);
    }
    assert_int_equal(passed, 3);
    ln_vm_free(second);
    world_fini(&w);
}

static void test_a_zone_that_nobody_made_is_an_error(void **state)
{
    struct world w;
    struct ln_err err;

    (void)state;
    world_init(&w);
    w.shm = ln_shm_new(1, &err);
    struct ln_vm_env env = {.shm = w.shm};
    w.vm = ln_vm_new(&env);
    assert_int_equal(
        world_routes(&w, "get \"/x\" { use \"rate-limit\" { rate = \"1/h\" }, reply = { 200 } }"),
        -1);
    assert_non_null(strstr(w.report, "shared memory"));
    world_fini(&w);
}

static void test_bytecode_is_refused(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(world_routes(&w, "\x1bLJ\x02"), -1);
    assert_non_null(strstr(w.report, "bytecode"));
    world_fini(&w);
}

static void test_services_of_routes_files_need_their_settings(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(
        world_routes(&w,
                     "local a = service \"a\" { instances = { print } }\nget \"/x\" { to = a }\n"),
        -1);
    assert_non_null(
        strstr(world_report(&w),
               "routes.lua:1: in service \"a\": only tables, texts, numbers and booleans"));
    world_fini(&w);
}

static void test_a_service_declared_in_lua_joins_the_others(void **state)
{
    struct world w;
    unsigned count;

    (void)state;
    world_init(&w);
    world_services(&w, "first", NULL);
    assert_int_equal(world_routes(&w, "get \"/x\" { to = \"second\" }\n"
                                      "service \"second\" { instances = { \"http://127.0.0.1:9\" "
                                      "}, strategy = \"round_robin\" }\n"),
                     0);
    const struct ln_route *r = ln_vm_routes(w.vm, &count);
    assert_int_equal(w.conf->service_count, 2);
    assert_string_equal(w.conf->services[r[0].service].name, "second");
    assert_int_equal(w.conf->services[r[0].service].instance_count, 1);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_state_can_be_freed),
        cmocka_unit_test(test_nothing_to_load),
        cmocka_unit_test(test_generated_routes),
        cmocka_unit_test(test_uses_of_a_service_become_a_chain),
        cmocka_unit_test(test_wrong_settings_in_yaml_have_their_place),
        cmocka_unit_test(test_options_of_a_route),
        cmocka_unit_test(test_a_folder_of_routes),
        cmocka_unit_test(test_all_errors_at_once),
        cmocka_unit_test(test_a_missing_routes_file),
        cmocka_unit_test(test_long_paths_are_not_cut_in_messages),
        cmocka_unit_test(test_own_plugins_come_before_the_standard_ones),
        cmocka_unit_test(test_trusted_plugins_get_more),
        cmocka_unit_test(test_a_wrong_plugin_is_reported_once),
        cmocka_unit_test(test_later_handlers_are_refused_by_name),
        cmocka_unit_test(test_close_handlers_run_once),
        cmocka_unit_test(test_a_state_survives_a_refused_load),
        cmocka_unit_test(test_limits_are_shared_by_states),
        cmocka_unit_test(test_a_zone_that_nobody_made_is_an_error),
        cmocka_unit_test(test_bytecode_is_refused),
        cmocka_unit_test(test_services_of_routes_files_need_their_settings),
        cmocka_unit_test(test_a_service_declared_in_lua_joins_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
