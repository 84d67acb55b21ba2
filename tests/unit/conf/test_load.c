/* SPDX-License-Identifier: Apache-2.0
 * test_load.c - whole files: the design's, the sample, files that are none; services that Lua
 * declares.
 */
#include <sys/mman.h>

#include "conf/node.h"
#include "file.h"

#define HEAD "gateway: {port: \":0\"}\n"

static const char simplest[] = "gateway:\n"
                               "  port: \":8080\"\n"
                               "  timeout: 30\n"
                               "services:\n"
                               "  - name: \"user-service\"\n"
                               "    path: \"/api/users\"\n"
                               "    instances:\n"
                               "      - \"http://localhost:8081\"\n"
                               "      - \"http://localhost:8082\"\n"
                               "    strategy: \"round_robin\"\n"
                               "rateLimit:\n"
                               "  requestsPerSecond: 100\n"
                               "  burstSize: 10\n"
                               "  redisURL: \"redis://localhost:6379\"\n";

static void assert_simplest(const struct ln_conf *conf)
{
    assert_int_equal(conf->gateway.listener_count, 1);
    assert_int_equal(conf->gateway.timeouts.first_byte, 30000);
    assert_int_equal(conf->service_count, 1);
    assert_string_equal(conf->services[0].path, "/api/users");
    assert_int_equal(conf->services[0].instance_count, 2);
    assert_in_range(conf->services[0].instances[1].addr_count, 1, 16);
    assert_string_equal(conf->services[0].instances[1].url, "http://localhost:8082");
    assert_int_equal(conf->limit.limit.count, 100);
    assert_int_equal(conf->limit.limit.burst, 10);
    assert_string_equal(conf->limit.redis_url, "redis://localhost:6379");
}

static void test_the_simplest_file(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, simplest);
    assert_simplest(l.conf);
    load_end(&l);
}

static void test_variables_from_the_environment(void **state)
{
    struct load l;

    (void)state;
    setenv("LN_UNIT_PORT", ":8080", 1);
    unsetenv("LN_UNIT_RATE");
    load_good(
        &l,
        "gateway:\n  port: ${LN_UNIT_PORT}\nrateLimit:\n  requestsPerSecond: ${LN_UNIT_RATE:-5}\n");
    assert_int_equal(l.conf->limit.limit.count, 5);
    load_end(&l);
    assert_refused(HEAD "rateLimit:\n  requestsPerSecond: ${LN_UNIT_RATE}\n",
                   "gateway.yaml:3:22: the variable LN_UNIT_RATE is not set, expected it in the "
                   "environment or a "
                   "default: ${LN_UNIT_RATE:-default}\n");
    assert_refused(
        HEAD
        "services: [{name: x, instances: [\"${LN_UNIT_RATE}\"], plugins: \"${LN_UNIT_RATE}\"}]\n",
        "gateway.yaml:2:34: the variable LN_UNIT_RATE is not set, expected it in the environment "
        "or a "
        "default: ${LN_UNIT_RATE:-default}\n"
        "gateway.yaml:2:63: the variable LN_UNIT_RATE is not set, expected it in the environment "
        "or a "
        "default: ${LN_UNIT_RATE:-default}\n");
}

static void project_path(const char *name, char out[512])
{
    snprintf(out, 512, "%s/%s", LN_UNIT_PROJECT, name);
}

static void test_the_example_is_the_simplest_file(void **state)
{
    struct ln_bundle *b = ln_bundle_record();
    struct ln_slice text;
    char path[512];

    (void)state;
    project_path("conf/examples/simplest.yaml", path);
    assert_int_equal(ln_bundle_read(b, path, &text, NULL), 0);
    assert_slice(text, simplest);
    ln_bundle_free(b);
}

static void test_the_example_behind_a_balancer(void **state)
{
    const struct ln_instance_conf *i;
    struct load l;
    char path[512], socket[512];

    (void)state;
    project_path("conf/examples/behind-a-balancer.yaml", path);
    project_path("conf/examples/run/shop-2.sock", socket);
    load_path(&l, path);
    if (strlen(socket) <= 107) { /* a socket's path has no room for every checkout */
        assert_string_equal(l.printed.p, "");
        assert_int_equal(l.conf->gateway.listeners[0].proxy, LN_PROXY_REQUIRE);
        i = ln_conf_find_service(l.conf, LN_SLICE("shop"))->instances;
        assert_string_equal(i[1].unix_path, socket);
    }
    load_end(&l);
}

static void test_the_sample(void **state)
{
    struct load l;
    char path[512];

    (void)state;
    project_path("conf/gateway.yaml", path);
    load_path(&l, path);
    assert_string_equal(l.printed.p, "");
    assert_int_equal(l.conf->gateway.listener_count, 6);
    assert_true(l.conf->gateway.listeners[0].rate_limit);
    for (unsigned i = 1; i < 6; i++)
        assert_false(l.conf->gateway.listeners[i].rate_limit);
    assert_int_equal(ln_conf_find_service(l.conf, LN_SLICE("user-service"))->instance_count, 3);
    assert_int_equal(ln_conf_find_service(l.conf, LN_SLICE("order-service"))->strategy,
                     LN_STRATEGY_WEIGHTED_ROUND_ROBIN);
    assert_int_equal(l.conf->limit.limit.count, 100);
    assert_non_null(l.conf->routes);
    assert_non_null(l.conf->plugins_dir);
    load_end(&l);
}

/* A worker loads from the supervisor's bundle, whatever happens to the files. */
static void test_loads_from_a_replayed_bundle(void **state)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    struct load l;
    struct ln_diag diag;

    (void)state;
    setenv("LN_UNIT_PORT", ":8080", 1);
    load_good(&l, simplest);
    assert_int_equal(ln_bundle_save(l.bundle, fd, NULL), 0);
    load_end(&l);
    unlink("gateway.yaml");
    struct ln_bundle *b = ln_bundle_replay(fd, NULL);
    close(fd);
    ln_diag_init(&diag);
    struct ln_conf *conf = ln_conf_load(b, "gateway.yaml", &diag);
    assert_non_null(conf);
    assert_simplest(conf);
    ln_conf_free(conf);
    assert_null(ln_conf_load(b, "other.yaml", &diag));
    assert_string_equal(diag.items[0].text, "cannot read other.yaml: it was not recorded");
    ln_diag_fini(&diag);
    ln_bundle_free(b);
}

static void refuses_path(const char *path, const char *report)
{
    struct load l;

    load_path(&l, path);
    assert_null(l.conf);
    assert_string_equal(l.printed.p, report);
    load_end(&l);
}

static void test_files_that_cannot_be_read(void **state)
{
    struct load l;

    (void)state;
    mkdir("folder", 0700);
    refuses_path("none.yaml", "cannot read none.yaml: No such file or directory\n");
    refuses_path("folder", "cannot read folder: not a regular file\n");
    write_file("large.yaml", "");
    assert_int_equal(truncate("large.yaml", 50 << 20), 0);
    refuses_path("large.yaml", "cannot read large.yaml: larger than 16 MiB\n");
    assert_int_equal(truncate("large.yaml", 9 << 20), 0);
    refuses_path("large.yaml",
                 "large.yaml:1:1: the file is larger than 8 MiB, expected a configuration\n");
    load_good(&l, HEAD);
    load_end(&l);
}

static void test_errors_of_an_earlier_load_do_not_count(void **state)
{
    struct ln_bundle *b = ln_bundle_record();
    struct ln_diag diag;

    (void)state;
    write_file("gateway.yaml", HEAD);
    ln_diag_init(&diag);
    ln_diag_error(&diag, NULL, "something else");
    struct ln_conf *conf = ln_conf_load(b, "gateway.yaml", &diag);
    assert_non_null(conf);
    assert_int_equal(diag.count, 1);
    ln_conf_free(conf);
    ln_conf_free(NULL);
    ln_diag_fini(&diag);
    ln_bundle_free(b);
}

static const struct ln_place lua = {"routes.lua", 3, 0};

/* { path = path, instances = { url } } */
static struct ln_node *declare(struct ln_conf *conf, const char *path, const char *url)
{
    struct ln_arena *a = &conf->arena;
    struct ln_node *map = ln_node_new_map(a, &lua), *urls = ln_node_new_seq(a, &lua);

    ln_node_add(urls, ln_node_new_scalar(a, ln_slice_of(url), true, &lua));
    ln_node_put(a, map, LN_SLICE("instances"), urls);
    if (path != NULL)
        ln_node_put(a, map, LN_SLICE("path"), ln_node_new_scalar(a, ln_slice_of(path), true, &lua));
    return map;
}

static void test_a_service_from_lua(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, "gateway: {port: \":0\", timeout: 7}\n");
    struct ln_node *node = declare(l.conf, "/x", "http://127.0.0.1:1");
    ln_node_put(&l.conf->arena, node, LN_SLICE("preserveHost"),
                ln_node_new_bool(&l.conf->arena, true, &lua));
    struct ln_service_conf *s = ln_conf_add_service(l.conf, l.bundle, "x", node, &l.diag);
    assert_non_null(s);
    assert_ptr_equal(ln_conf_find_service(l.conf, LN_SLICE("x")), s);
    assert_string_equal(s->path, "/x");
    assert_true(s->preserve_host);
    assert_true(s->strip_path);
    assert_int_equal(s->first_byte, 7000);
    assert_int_equal(s->retry.tries, 2);
    assert_int_equal(s->instances[0].weight, 1);
    assert_int_equal(s->place.line, 3);
    load_end(&l);
}

static void test_errors_of_a_service_from_lua(void **state)
{
    struct load l;
    struct ln_text out;

    (void)state;
    load_good(&l, HEAD);
    struct ln_node *node = declare(l.conf, "x", "https://a");
    ln_node_put(&l.conf->arena, node, LN_SLICE("name"), ln_node_new_null(&l.conf->arena, &lua));
    ln_node_put(&l.conf->arena, node, LN_SLICE("stratgy"),
                ln_node_new_number(&l.conf->arena, 1, &lua));
    assert_null(ln_conf_add_service(l.conf, l.bundle, "x y", node, &l.diag));
    ln_text_init(&out);
    ln_diag_print(&l.diag, &out);
    assert_string_equal(
        out.p, "routes.lua:3: service \"x y\": not a name, expected letters, digits, \"-\", \"_\" "
               "and \".\"\n"
               "routes.lua:3: service \"x y\".name: unknown key, expected one of path, stripPath, "
               "preserveHost, rewriteLocation, rewriteCookiePath, upgrade, proxyProtocol, "
               "instances, strategy, hashOn, sticky, slowStart, timeouts, pool, retries, queue, "
               "concurrency, priority, breaker, health, panicThreshold, plugins\n"
               "routes.lua:3: service \"x y\".stratgy: unknown key, did you mean \"strategy\"?\n"
               "routes.lua:3: service \"x y\".path: got \"x\", expected a path such as /api/users, "
               "which stands for "
               "itself: no \"*\", \":name\", \"%\", \".\", \"..\" or empty segment\n"
               "routes.lua:3: service \"x y\".instances[0]: TLS to upstreams is not supported by "
               "this version, "
               "expected a URL such as http://host:8080\n");
    ln_text_fini(&out);
    assert_int_equal(l.conf->service_count, 0);
    assert_non_null(ln_conf_add_service(l.conf, l.bundle, "x",
                                        declare(l.conf, "/x", "http://127.0.0.1"), &l.diag));
    load_end(&l);
}

static void test_a_service_from_lua_has_no_twin(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, HEAD "services: [{name: a, path: /a, instances: \"http://127.0.0.1\"}]\n");
    assert_null(ln_conf_add_service(l.conf, l.bundle, "a",
                                    declare(l.conf, NULL, "http://127.0.0.1"), &l.diag));
    assert_string_equal(
        l.diag.items[0].text,
        "service \"a\": there is a service with this name already, at gateway.yaml:2");
    assert_null(ln_conf_add_service(l.conf, l.bundle, "b",
                                    declare(l.conf, "/a/", "http://127.0.0.1"), &l.diag));
    assert_string_equal(
        l.diag.items[1].text,
        "service \"b\": there is a service with this path already, at gateway.yaml:2");
    assert_int_equal(l.conf->service_count, 1);
    assert_non_null(ln_conf_add_service(l.conf, l.bundle, "b",
                                        declare(l.conf, "/b", "http://127.0.0.1"), &l.diag));
    load_end(&l);
}

static void test_many_services_from_lua(void **state)
{
    struct load l;
    char name[16];

    (void)state;
    load_good(&l, HEAD "services: [{name: a, path: /a, instances: \"http://127.0.0.1\"}]\n");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "s%u", i);
        assert_non_null(ln_conf_add_service(l.conf, l.bundle, name,
                                            declare(l.conf, NULL, "http://127.0.0.1"), &l.diag));
    }
    assert_int_equal(l.conf->service_count, 1001);
    assert_string_equal(l.conf->services[0].name, "a");
    assert_string_equal(l.conf->services[1000].name, "s999");
    assert_null(ln_conf_find_service(l.conf, LN_SLICE("s1000")));
    assert_true(l.conf->arena.used < 16 << 20); /* the array doubles, so growing stays linear */
    load_end(&l);
}

/* A report is read line by line, by people and by programs. */
static void test_one_message_is_one_line(void **state)
{
    (void)state;
    assert_refused("gateway: {port: \":0\"}\nroutes: \"a\\n\\eb.lua\"\n",
                   "gateway.yaml:2:9: routes: cannot read a??b.lua: No such file or directory, "
                   "expected a Lua file or a folder of them\n");
    assert_refused("gateway: {port: \"${a\\nb}\"}\n",
                   "gateway.yaml:1:17: \"${a\\nb}\" is not a variable, expected ${NAME} or "
                   "${NAME:-default}, or $$ for a dollar sign\n");
    assert_refused("gateway: {port: \":0\"}\nservices: [{name: x, instances: \"http://h:\\n\"}]\n",
                   "gateway.yaml:2:33: services[0].instances: port \"?\" is out of range, expected "
                   "1 to 65535\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_simplest_file),
        cmocka_unit_test(test_the_example_is_the_simplest_file),
        cmocka_unit_test(test_the_example_behind_a_balancer),
        cmocka_unit_test(test_the_sample),
        cmocka_unit_test(test_variables_from_the_environment),
        cmocka_unit_test(test_loads_from_a_replayed_bundle),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_errors_of_an_earlier_load_do_not_count),
        cmocka_unit_test(test_a_service_from_lua),
        cmocka_unit_test(test_errors_of_a_service_from_lua),
        cmocka_unit_test(test_a_service_from_lua_has_no_twin),
        cmocka_unit_test(test_many_services_from_lua),
        cmocka_unit_test(test_one_message_is_one_line),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
