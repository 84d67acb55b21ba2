/* SPDX-License-Identifier: Apache-2.0
 * Handlers run in their order, answer early, raise, wait and are cancelled.
 */
#include "world.h"

/* A plugin that leaves its name in ctx.trail in every handler. */
static const char trail[] =
    "local p = plugin \"%s\" { version = \"1\", api = 1, schema = {} }\n"
    "local function mark(req, what) req.ctx.trail = (req.ctx.trail or \"\") .. what end\n"
    "function p:request(req) mark(req, \"+%s\") end\n"
    "function p:response(req, res) mark(req, \"-%s\") res.headers[\"Trail\"] = req.ctx.trail end\n"
    "function p:log(req) mark(req, \"=%s\") log.info(req.ctx.trail) end\n"
    "return p\n";

static void trail_plugin(struct world *w, const char *name)
{
    char text[1024], file[64];

    snprintf(text, sizeof text, trail, name, name, name, name);
    snprintf(file, sizeof file, "plugins/%s.lua", name);
    world_file(w, file, text);
}

static void load(struct world *w, const char *routes)
{
    if (world_routes(w, routes) != 0)
        fail_msg("%s", w->report);
}

/* A world whose only route is `any "/x"` with this handler. */
static void handler(struct world *w, struct visit *v, const char *body)
{
    char text[2048];

    snprintf(text, sizeof text, "local kept\nany \"/x\" { function(req, res)\n%s\nend }\n", body);
    load(w, text);
    visit_init(v, w, 0);
}

static void test_inline_function_answers(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    handler(&w, &v, "return 200, { hello = req.method }");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_int_equal(v.r.verdict, LN_VERDICT_REPLY);
    assert_int_equal(v.r.reply_status, 200);
    assert_false(v.r.failed);
    assert_slice(v.r.reply_body, "{\"hello\":\"GET\"}");
    assert_string_equal(visit_header(&v, &v.r.reply_fields, "content-type"), "application/json");
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_no_chain_costs_nothing(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    world_services(&w, "users", "/users");
    w.conf->generated_routes = true;
    load(&w, "");
    visit_init(&v, &w, 0);
    assert_int_equal(v.r.route->chain, 0);
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    visit_answer(&v);
    assert_int_equal(ln_vm_response(w.vm, &v.r), LN_RUN_DONE);
    assert_int_equal(ln_vm_log(w.vm, &v.r), LN_RUN_DONE);
    assert_int_equal(v.r.slot, 0);
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_order_is_top_down_then_bottom_up(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    trail_plugin(&w, "a");
    trail_plugin(&w, "b");
    trail_plugin(&w, "c");
    load(&w, "use \"a\"\nany \"/x\" { to = \"s\", use \"b\", use \"c\" {} }\n");
    visit_init(&v, &w, 0);
    assert_string_equal(v.r.route->chain_text, "a -> b -> c");
    ln_vm_request(w.vm, &v.r);
    assert_int_equal(v.r.verdict, LN_VERDICT_CONTINUE);
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"), "+a+b+c-c-b-a");
    ln_vm_log(w.vm, &v.r);
    assert_non_null(strstr(w.said, "+a+b+c-c-b-a=c=b=a"));
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_early_answer_passes_the_plugins_above(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    trail_plugin(&w, "a");
    trail_plugin(&w, "c");
    world_file(&w, "plugins/logs.lua",
               "local p = plugin \"logs\" { version = \"1\", api = 1 }\n"
               "function p:log(req) log.info(\"only logs\") end\nreturn p\n");
    load(&w, "any \"/x\" { to = \"s\", use \"a\", function() return 403, \"no\" end, use \"c\", "
             "use \"logs\" }\n");
    visit_init(&v, &w, 0);
    ln_vm_request(w.vm, &v.r);
    assert_int_equal(v.r.reply_status, 403);
    assert_int_equal(v.r.depth, 2);
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"), "+a-a");
    ln_vm_log(w.vm, &v.r);
    assert_non_null(strstr(w.said, "only logs")); /* has no request handler */
    assert_non_null(strstr(w.said, "+a-a=a"));
    assert_null(strstr(w.said, "=c"));
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_raise_costs_its_own_request_a_500(void **state)
{
    struct world w;
    struct visit v, next;

    (void)state;
    world_init(&w);
    handler(&w, &v, "if not req.ctx.fine then error(\"oh no\") end");
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_true(v.r.failed);
    assert_int_equal(v.r.verdict, LN_VERDICT_REPLY);
    assert_int_equal(v.r.reply_status, 500);
    assert_non_null(strstr(w.said, "error: plugin function failed in request: "));
    assert_non_null(strstr(w.said, "routes.lua:3: oh no"));
    assert_non_null(strstr(w.said, "\"route\":\"ANY /x\""));
    assert_non_null(strstr(w.said, "stack traceback"));
    assert_non_null(strstr(w.said, "\"request_id\":\"req-1\""));
    visit_init(&next, &w, 0);
    assert_int_equal(ln_vm_request(w.vm, &next.r), LN_RUN_DONE);
    visit_fini(&next, &w);
    visit_fini(&v, &w);
    world_fini(&w);
}

static const char breaks[] =
    "local p = plugin \"breaks\" { version = \"1\", api = 1, schema = { at = t.string {} } }\n"
    "function p:request(req) if self.conf.at == \"request\" then error(\"broken\") end end\n"
    "function p:response(req) if self.conf.at == \"response\" then error({}) end end\n"
    "function p:log(req) if self.conf.at == \"log\" then error(nil) end end\n"
    "return p\n";

/* Runs a - breaks - c over a response and gives the trail. */
static void broken_chain(struct world *w, struct visit *v, const char *settings)
{
    char text[256];

    world_init(w);
    world_services(w, "s", NULL);
    trail_plugin(w, "a");
    trail_plugin(w, "c");
    world_file(w, "plugins/breaks.lua", breaks);
    snprintf(text, sizeof text,
             "any \"/x\" { to = \"s\", use \"a\", use \"breaks\" %s, use \"c\" }\n", settings);
    load(w, text);
    visit_init(v, w, 0);
    ln_vm_request(w->vm, &v->r);
}

static void test_skipped_plugin_does_not_stop_the_chain(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    broken_chain(&w, &v, "{ at = \"request\", on_error = \"skip\", name = \"wobbly\" }");
    assert_int_equal(v.r.verdict, LN_VERDICT_CONTINUE);
    assert_false(v.r.failed);
    assert_non_null(strstr(w.said, "plugin wobbly failed in request"));
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"), "+a+c-c-a");
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_raise_in_request_ends_it_there(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    broken_chain(&w, &v, "{ at = \"request\" }");
    assert_true(v.r.failed);
    assert_int_equal(v.r.depth, 2);
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"), "+a-a");
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_raise_in_response_replaces_it(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    broken_chain(&w, &v, "{ at = \"response\" }");
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_true(v.r.failed);
    assert_int_equal(v.r.verdict, LN_VERDICT_REPLY);
    assert_int_equal(v.r.status, 500);
    assert_ptr_equal(v.r.res_fields, &v.r.reply_fields);
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"), "+a+c-c-a");
    assert_non_null(strstr(w.said, "an error that is a table"));
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_raise_in_log_does_not_stop_the_others(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    broken_chain(&w, &v, "{ at = \"log\" }");
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_int_equal(ln_vm_log(w.vm, &v.r), LN_RUN_DONE);
    assert_false(v.r.failed);
    assert_non_null(strstr(w.said, "=c"));
    assert_non_null(strstr(w.said, "=a"));
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_response_handler_replaces(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    trail_plugin(&w, "a");
    world_file(
        &w, "plugins/swap.lua",
        "local p = plugin \"swap\" { version = \"1\", api = 1 }\n"
        "function p:response(req, res) return 418, \"tea\", { [\"X-Pot\"] = \"small\" } end\n"
        "return p\n");
    load(&w, "any \"/x\" { to = \"s\", use \"a\", use \"swap\" }\n");
    visit_init(&v, &w, 0);
    ln_vm_request(w.vm, &v.r);
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_int_equal(v.r.verdict, LN_VERDICT_REPLY);
    assert_int_equal(v.r.status, 418);
    assert_int_equal(v.r.origin, LN_ORIGIN_PLUGIN);
    assert_slice(v.r.reply_body, "tea");
    assert_string_equal(visit_header(&v, v.r.res_fields, "x-pot"), "small");
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"),
                        "+a-a"); /* the handler above saw the new one */
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_queued_edits_wait_for_the_response(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    load(&w, "any \"/x\" { to = \"s\", function(req, res)\n"
             "res.headers[\"A\"] = 1 res.headers[\"A\"] = 2 res.headers:add(\"B\", \"x\") "
             "res.headers[\"Server\"] = nil\n"
             "if res.headers[\"A\"] ~= \"2\" or res.headers[\"Server\"] then error(\"queue\") end "
             "end }\n");
    visit_init(&v, &w, 0);
    ln_vm_request(w.vm, &v.r);
    assert_false(v.r.failed);
    visit_answer(&v);
    ln_fields_add(v.r.res_fields, LN_SLICE("Server"), LN_SLICE("upstream"));
    ln_fields_add(v.r.res_fields, LN_SLICE("B"), LN_SLICE("own"));
    ln_vm_response(w.vm, &v.r);
    assert_string_equal(visit_header(&v, v.r.res_fields, "a"), "2");
    assert_string_equal(visit_header(&v, v.r.res_fields, "b"), "own");
    assert_null(visit_header(&v, v.r.res_fields, "server"));
    assert_null(v.r.edits);
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_when_takes_part_only_where_true(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    world_services(&w, "s", NULL);
    trail_plugin(&w, "a");
    trail_plugin(&w, "b");
    load(&w, "any \"/x\" { to = \"s\", use \"a\" { when = function(req) return req.method == "
             "\"POST\" end }, use \"b\" }\n");
    visit_init(&v, &w, 0);
    ln_vm_request(w.vm, &v.r);
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"), "+b-b");
    visit_fini(&v, &w);
    visit_init(&v, &w, 0);
    v.r.method = LN_SLICE("POST");
    ln_vm_request(w.vm, &v.r);
    visit_answer(&v);
    ln_vm_response(w.vm, &v.r);
    assert_string_equal(visit_header(&v, v.r.res_fields, "trail"), "+a+b-b-a");
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_endless_recursion_is_an_error(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    handler(&w, &v, "local function f() return 1 + f() end\nreturn 200, f()");
    ln_vm_request(w.vm, &v.r);
    assert_true(v.r.failed);
    assert_non_null(strstr(w.said, "stack overflow"));
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_memory_is_capped(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    w.conf->lua.memory = 16 << 20;
    handler(&w, &v,
            "if req.method == \"POST\" then local t = {} for i = 1, 1e9 do t[i] = (\"x\"):rep(100) "
            ".. i end end\n"
            "return 200, \"fine\"");
    v.r.method = LN_SLICE("POST");
    ln_vm_request(w.vm, &v.r);
    assert_true(v.r.failed);
    assert_non_null(strstr(w.said, "not enough memory"));
    assert_true(ln_vm_memory(w.vm) < 16 << 20);
    visit_fini(&v, &w);
    visit_init(&v, &w, 0);
    ln_vm_request(w.vm, &v.r);
    assert_int_equal(v.r.reply_status, 200);
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_kept_objects_are_dead_after_the_request(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    handler(&w, &v,
            "if not kept then kept = req return 200, kept.path end\n"
            "local ok, why = pcall(function() return kept.path end)\n"
            "local ok2, why2 = pcall(function() kept.headers[\"X\"] = \"1\" end)\n"
            "return 200, tostring(ok) .. why .. tostring(ok2) .. why2");
    ln_vm_request(w.vm, &v.r);
    assert_slice(v.r.reply_body, "/");
    visit_fini(&v, &w);
    visit_init(&v, &w, 0); /* the same memory, another request */
    ln_vm_request(w.vm, &v.r);
    assert_non_null(strstr(ln_arena_dup(&v.arena, v.r.reply_body).p, "the request has ended"));
    assert_null(strstr(ln_arena_dup(&v.arena, v.r.reply_body).p, "true"));
    visit_fini(&v, &w);
    world_fini(&w);
}

static void test_memory_stays_level(void **state)
{
    struct world w;
    struct visit v;
    size_t before = 0;

    (void)state;
    world_init(&w);
    handler(&w, &v, "req.ctx.x = req.headers[\"A\"] return 200, { a = req.id }");
    visit_fini(&v, &w);
    for (int i = 0; i < 20000; i++) {
        visit_init(&v, &w, 0);
        ln_vm_request(w.vm, &v.r);
        visit_answer(&v);
        ln_vm_response(w.vm, &v.r);
        visit_fini(&v, &w);
        if (i == 10000) {
            lua_gc(w.vm->L, LUA_GCCOLLECT, 0);
            before = ln_vm_memory(w.vm);
        }
    }
    lua_gc(w.vm->L, LUA_GCCOLLECT, 0);
    assert_true(ln_vm_memory(w.vm) < before + 65536);
    world_fini(&w);
}

static void test_everything_works_without_the_compiler(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    w.conf->lua.jit = false;
    handler(&w, &v, "return 200, { a = req.headers[\"A\"] or \"none\" }");
    for (int i = 0; i < 200; i++) {
        ln_vm_request(w.vm, &v.r);
        assert_slice(v.r.reply_body, "{\"a\":\"none\"}");
        visit_fini(&v, &w);
        visit_init(&v, &w, 0);
    }
    visit_fini(&v, &w);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_function_answers),
        cmocka_unit_test(test_no_chain_costs_nothing),
        cmocka_unit_test(test_order_is_top_down_then_bottom_up),
        cmocka_unit_test(test_early_answer_passes_the_plugins_above),
        cmocka_unit_test(test_raise_costs_its_own_request_a_500),
        cmocka_unit_test(test_skipped_plugin_does_not_stop_the_chain),
        cmocka_unit_test(test_raise_in_request_ends_it_there),
        cmocka_unit_test(test_raise_in_response_replaces_it),
        cmocka_unit_test(test_raise_in_log_does_not_stop_the_others),
        cmocka_unit_test(test_response_handler_replaces),
        cmocka_unit_test(test_queued_edits_wait_for_the_response),
        cmocka_unit_test(test_when_takes_part_only_where_true),
        cmocka_unit_test(test_endless_recursion_is_an_error),
        cmocka_unit_test(test_memory_is_capped),
        cmocka_unit_test(test_kept_objects_are_dead_after_the_request),
        cmocka_unit_test(test_memory_stays_level),
        cmocka_unit_test(test_everything_works_without_the_compiler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
