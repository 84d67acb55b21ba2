/* SPDX-License-Identifier: Apache-2.0
 * test_rows_gateway.c - gateway: defaults, every value, and listeners compared with each other.
 */
#include "file.h"

static const struct ln_gateway_conf *gateway(struct load *l, const char *yaml)
{
    load_good(l, yaml);
    return &l->conf->gateway;
}

static void assert_listener(const struct ln_listener_conf *l, const char *name, const char *addr,
                            bool limit)
{
    char out[LN_ADDR_TEXT];

    assert_string_equal(l->name, name);
    assert_string_equal(ln_addr_print(&l->addr, out), addr);
    assert_int_equal(l->rate_limit, limit);
}

static void test_defaults(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g = gateway(&l, "gateway: {port: \":8080\"}\n");

    (void)state;
    assert_int_equal(g->timeouts.first_byte, 30000);
    assert_int_equal(g->timeouts.header, 10000);
    assert_int_equal(g->timeouts.body, 30000);
    assert_int_equal(g->timeouts.send, 30000);
    assert_int_equal(g->timeouts.idle, 75000);
    assert_int_equal(g->timeouts.tunnel, 3600000);
    assert_int_equal(g->limits.request_line, 8192);
    assert_int_equal(g->limits.headers, 32768);
    assert_int_equal(g->limits.header_count, 100);
    assert_int_equal(g->limits.body, 0);
    assert_int_equal(g->limits.requests_per_connection, 0);
    assert_int_equal(g->limits.connections, 0);
    assert_int_equal(g->limits.buffer, 65536);
    assert_int_equal(g->limits.body_rate, 0);
    assert_int_equal(g->limits.body_grace, 10000);
    assert_true(g->tcp.nodelay);
    assert_int_equal(g->tcp.keep_alive, 60000);
    assert_false(g->merge_slashes);
    assert_int_equal(g->workers, 0);
    assert_string_equal(g->user, "");
    assert_int_equal(g->trusted_count, 0);
    assert_int_equal(g->identity.from_count, 1);
    assert_int_equal(g->identity.from[0].kind, LN_IDENTITY_ADDRESS);
    assert_int_equal(g->identity.ipv6_prefix, 64);
    assert_int_equal(g->headers.forwarded, LN_FORWARDED_X);
    assert_false(g->headers.via);
    assert_string_equal(g->headers.request_id, "X-Request-Id");
    assert_true(g->headers.origin_host);
    assert_int_equal(g->drain_delay, 0);
    assert_int_equal(g->drain_timeout, 30000);
    assert_string_equal(g->log_level, "info");
    assert_string_equal(g->log_format, "text");
    assert_string_equal(g->log_file, "stderr");
    assert_int_equal(g->errors_json, LN_ERRORS_AUTO);
    load_end(&l);
}

static void test_timeouts_and_limits(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g =
        gateway(&l, "gateway:\n"
                    "  port: \":0\"\n"
                    "  timeout: 7\n"
                    "  timeouts: { header: 1s, body: 2s, send: 3s, idle: 4s, tunnel: 5s }\n"
                    "  limits: { requestLine: 1k, headers: 2k, headerCount: 3, body: 4, "
                    "requestsPerConnection: 5,\n"
                    "            connections: 6, buffer: 8k, bodyRate: 9k, bodyGrace: 10s }\n");

    (void)state;
    assert_int_equal(g->timeouts.first_byte, 7000);
    assert_int_equal(g->timeouts.header, 1000);
    assert_int_equal(g->timeouts.body, 2000);
    assert_int_equal(g->timeouts.send, 3000);
    assert_int_equal(g->timeouts.idle, 4000);
    assert_int_equal(g->timeouts.tunnel, 5000);
    assert_int_equal(g->limits.request_line, 1024);
    assert_int_equal(g->limits.headers, 2048);
    assert_int_equal(g->limits.header_count, 3);
    assert_int_equal(g->limits.body, 4);
    assert_int_equal(g->limits.requests_per_connection, 5);
    assert_int_equal(g->limits.connections, 6);
    assert_int_equal(g->limits.buffer, 8192);
    assert_int_equal(g->limits.body_rate, 9216);
    assert_int_equal(g->limits.body_grace, 10000);
    load_end(&l);
}

static void test_timeout_is_the_default_of_others(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g =
        gateway(&l, "services: [{name: x, instances: \"http://127.0.0.1\"}]\n"
                    "gateway:\n  timeouts: {send: 1s}\n  timeout: 7\n  port: \":0\"\n");

    (void)state;
    assert_int_equal(g->timeouts.body, 7000);
    assert_int_equal(g->timeouts.send, 1000);
    assert_int_equal(l.conf->services[0].first_byte, 7000);
    assert_int_equal(l.conf->services[0].idle, 7000);
    load_end(&l);
}

static void test_everything_else(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g =
        gateway(&l, "gateway:\n"
                    "  port: \":0\"\n"
                    "  workers: 4\n"
                    "  user: www-data\n"
                    "  trustedProxies: [10.0.0.0/8, \"::1\"]\n"
                    "  headers: { forwarded: rfc7239, via: on, requestId: X-Id, originHost: off }\n"
                    "  tcp: { nodelay: off, keepAlive: 250ms }\n"
                    "  mergeSlashes: on\n"
                    "  drainDelay: 5s\n"
                    "  drainTimeout: 1m\n"
                    "  log: { level: warn, format: json, file: gw.log }\n"
                    "  errors: { json: on }\n");

    (void)state;
    assert_int_equal(g->workers, 4);
    assert_string_equal(g->user, "www-data");
    assert_int_equal(g->trusted_count, 2);
    assert_int_equal(g->trusted_proxies[0].bits, 104);
    assert_int_equal(g->trusted_proxies[1].bits, 128);
    assert_int_equal(g->headers.forwarded, LN_FORWARDED_RFC7239);
    assert_true(g->headers.via);
    assert_string_equal(g->headers.request_id, "X-Id");
    assert_false(g->headers.origin_host);
    assert_false(g->tcp.nodelay);
    assert_int_equal(g->tcp.keep_alive, 250);
    assert_true(g->merge_slashes);
    assert_int_equal(g->drain_delay, 5000);
    assert_int_equal(g->drain_timeout, 60000);
    assert_string_equal(g->log_level, "warn");
    assert_string_equal(g->log_format, "json");
    assert_string_equal(g->log_file, "gw.log");
    assert_int_equal(g->errors_json, LN_ERRORS_JSON);
    load_end(&l);
}

static void test_identity_keeps_its_order(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g =
        gateway(&l, "gateway:\n  port: \":0\"\n"
                    "  identity: { from: [\"header:X-Api-Key\", \"query:key\", \"cookie:id\", "
                    "\"jwt:sub\", consumer, address], ipv6Prefix: 56, proxyHeaders: Forwarded }\n");

    (void)state;
    assert_int_equal(g->identity.from_count, 6);
    assert_int_equal(g->identity.from[0].kind, LN_IDENTITY_HEADER);
    assert_string_equal(g->identity.from[0].name, "X-Api-Key");
    assert_int_equal(g->identity.from[1].kind, LN_IDENTITY_QUERY);
    assert_string_equal(g->identity.from[1].name, "key");
    assert_int_equal(g->identity.from[2].kind, LN_IDENTITY_COOKIE);
    assert_string_equal(g->identity.from[2].name, "id");
    assert_int_equal(g->identity.from[3].kind, LN_IDENTITY_JWT);
    assert_string_equal(g->identity.from[3].name, "sub");
    assert_string_equal(g->identity.from[3].text, "jwt:sub");
    assert_int_equal(g->identity.from[4].kind, LN_IDENTITY_CONSUMER);
    assert_int_equal(g->identity.from[5].kind, LN_IDENTITY_ADDRESS);
    assert_int_equal(g->identity.ipv6_prefix, 56);
    assert_int_equal(g->identity.proxy_headers, 1 << LN_PROXY_FORWARDED);
    load_end(&l);
}

static void test_identity_is_bounded(void **state)
{
    (void)state;
    assert_refused(
        "gateway:\n  port: \":0\"\n"
        "  identity: { from: [address, address, address, address, address, address, address, "
        "address, "
        "address] }\n",
        "gateway.yaml:3:94: gateway.identity.from[8]: too many sources, expected at most 8\n");
    assert_refused("gateway:\n  port: \":0\"\n  identity: { from: [] }\n",
                   "gateway.yaml:3:21: gateway.identity.from: got an empty list, expected at least "
                   "one source such "
                   "as address\n");
    assert_refused(
        "gateway:\n  port: \":0\"\n  identity: { from: [\"header:X Y\"] }\n",
        "gateway.yaml:3:22: gateway.identity.from[0]: got \"header:X Y\", expected "
        "address, consumer, header:NAME, query:NAME, cookie:NAME or jwt:CLAIM, or a list of "
        "them\n");
}

static void test_port_is_the_listener_main(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g = gateway(&l, "gateway: {port: \":8080\"}\n");

    (void)state;
    assert_int_equal(g->listener_count, 1);
    assert_listener(&g->listeners[0], "main", "[::]:8080", true);
    assert_int_equal(g->listeners[0].place.line, 1);
    load_end(&l);
}

static void test_port_beside_listeners(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g =
        gateway(&l, "gateway:\n  port: \"127.0.0.1:1\"\n  listeners:\n"
                    "    - {name: b, listen: \"[::1]:2\", rateLimit: off}\n"
                    "    - {name: c, listen: \"unix:/run/c.sock\"}\n");

    (void)state;
    assert_int_equal(g->listener_count, 3);
    assert_listener(&g->listeners[0], "main", "127.0.0.1:1", true);
    assert_listener(&g->listeners[1], "b", "[::1]:2", false);
    assert_listener(&g->listeners[2], "c", "unix:/run/c.sock", true);
    assert_int_equal(g->listeners[2].place.line, 5);
    load_end(&l);
}

/* The short form has the defaults of the long one. */
static void test_how_listeners_accept(void **state)
{
    struct load l;
    const struct ln_gateway_conf *g =
        gateway(&l, "gateway:\n  port: \":0\"\n  listeners:\n"
                    "    - {name: b, listen: \":0\"}\n"
                    "    - {name: c, listen: \":0\", proxyProtocol: on, backlog: 7}\n"
                    "    - {name: d, listen: \":0\", proxyProtocol: require}\n"
                    "  trustedProxies: 10.0.0.1\n");

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(g->listeners[i].proxy, LN_PROXY_OFF);
        assert_int_equal(g->listeners[i].backlog, 4096);
        assert_true(g->listeners[i].rate_limit);
    }
    assert_int_equal(g->listeners[2].proxy, LN_PROXY_ON);
    assert_int_equal(g->listeners[2].backlog, 7);
    assert_int_equal(g->listeners[3].proxy, LN_PROXY_REQUIRE);
    load_end(&l);
}

#define TRUST                                                                                      \
    "gateway.trustedProxies is empty, expected the addresses of those who may send a PROXY "       \
    "header\n"

static void test_proxy_headers_need_somebody_to_trust(void **state)
{
    struct load l;

    (void)state;
    assert_refused("gateway:\n  port: \":0\"\n  listeners:\n"
                   "    - {name: a, listen: \":0\", proxyProtocol: off}\n"
                   "    - {name: b, listen: \":0\", proxyProtocol: on}\n"
                   "    - {name: c, listen: \"unix:c\", proxyProtocol: require}\n",
                   "gateway.yaml:5:46: gateway.listeners[1].proxyProtocol: " TRUST
                   "gateway.yaml:6:50: gateway.listeners[2].proxyProtocol: " TRUST);
    assert_refused("gateway:\n  trustedProxies: []\n  listeners:\n"
                   "    - {name: b, listen: \":0\", proxyProtocol: on}\n",
                   "gateway.yaml:4:46: gateway.listeners[0].proxyProtocol: " TRUST);
    /* one mistake, one message */
    load_text(&l, "gateway:\n  trustedProxies: [x]\n  listeners:\n"
                  "    - {name: b, listen: \":0\", proxyProtocol: on}\n");
    assert_int_equal(l.diag.errors, 1);
    load_end(&l);
}

static void test_no_listener_at_all(void **state)
{
    (void)state;
    assert_refused(
        "gateway:\n  timeout: 30\n  listeners: []\n",
        "gateway.yaml:2:3: gateway.port: missing, expected an address such as \":8080\", "
        "\"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:run/gw.sock\", with a port from 0 to "
        "65535\n");
}

static void test_a_bare_port_is_guessed(void **state)
{
    (void)state;
    assert_refused("gateway: {port: 8080}\n", "gateway.yaml:1:17: gateway.port: got \"8080\", "
                                              "expected an address; did you mean \":8080\"?\n");
}

static void test_a_long_socket_path(void **state)
{
    char yaml[256], path[121];

    (void)state;
    memset(path, 'x', 120);
    path[120] = '\0';
    snprintf(yaml, sizeof yaml, "gateway: {port: \"unix:/%s\"}\n", path);
    assert_refused(
        yaml,
        "gateway.yaml:1:17: gateway.port: the path of the socket is too long, expected at most 107 "
        "bytes\n");
    assert_refused("gateway: {port: \"unix:\"}\n",
                   "gateway.yaml:1:17: gateway.port: got \"unix:\", expected an address such as "
                   "\":8080\", \"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:run/gw.sock\", with a "
                   "port from 0 to 65535\n");
}

/* What counts is the path with its folder. */
static void test_a_socket_path_in_a_long_folder(void **state)
{
    char folder[101], yaml[160], out[LN_ADDR_TEXT];
    struct load l;

    (void)state;
    memset(folder, 'd', 100);
    folder[100] = '\0';
    mkdir(folder, 0700);
    snprintf(yaml, sizeof yaml, "%s/g.yaml", folder);
    write_file(yaml, "gateway: {port: \"unix:123456\"}\n");
    load_path(&l, yaml);
    assert_non_null(l.conf);
    assert_int_equal(strlen(ln_addr_print(&l.conf->gateway.listeners[0].addr, out)), 5 + 107);
    load_end(&l);
    write_file(yaml, "gateway: {port: \"unix:1234567\"}\n");
    load_path(&l, yaml);
    assert_null(l.conf);
    assert_non_null(strstr(l.printed.p, "the path of the socket is too long"));
    load_end(&l);
}

static void test_two_listeners_with_one_name(void **state)
{
    (void)state;
    assert_refused("gateway:\n  listeners:\n    - {name: a, listen: \":1\"}\n    - {name: a, "
                   "listen: \":2\"}\n",
                   "gateway.yaml:4:7: gateway.listeners: two listeners named \"a\", the first at "
                   "gateway.yaml:3:7\n");
    assert_refused(
        "gateway:\n  port: \":1\"\n  listeners:\n    - {name: main, listen: \":2\"}\n",
        "gateway.yaml:4:7: gateway.listeners: two listeners named \"main\", the first at "
        "gateway.yaml:2:9\n");
}

static void test_two_listeners_on_one_address(void **state)
{
    struct load l;

    (void)state;
    assert_refused("gateway:\n  port: \":1\"\n  listeners:\n    - {name: a, listen: \"[::]:1\"}\n",
                   "gateway.yaml:4:7: gateway.listeners: two listeners on \"[::]:1\", the first at "
                   "gateway.yaml:2:9\n");
    gateway(&l, "gateway:\n  port: \":0\"\n  listeners:\n    - {name: a, listen: \":0\"}\n");
    assert_int_equal(l.conf->gateway.listener_count, 2); /* the system chooses two ports */
    load_end(&l);
}

static void test_paths_start_at_the_folder_of_the_file(void **state)
{
    struct load l;
    char out[LN_ADDR_TEXT];

    (void)state;
    mkdir("conf", 0700);
    write_file("conf/gateway.yaml",
               "gateway:\n  port: \"unix:run/gw.sock\"\n  log: {file: gw.log}\n");
    load_path(&l, "conf/gateway.yaml");
    assert_non_null(l.conf);
    assert_string_equal(l.conf->dir, "conf");
    assert_string_equal(ln_addr_print(&l.conf->gateway.listeners[0].addr, out),
                        "unix:conf/run/gw.sock");
    assert_string_equal(l.conf->gateway.log_file, "conf/gw.log");
    load_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_timeouts_and_limits),
        cmocka_unit_test(test_timeout_is_the_default_of_others),
        cmocka_unit_test(test_everything_else),
        cmocka_unit_test(test_identity_keeps_its_order),
        cmocka_unit_test(test_identity_is_bounded),
        cmocka_unit_test(test_port_is_the_listener_main),
        cmocka_unit_test(test_port_beside_listeners),
        cmocka_unit_test(test_how_listeners_accept),
        cmocka_unit_test(test_proxy_headers_need_somebody_to_trust),
        cmocka_unit_test(test_no_listener_at_all),
        cmocka_unit_test(test_a_bare_port_is_guessed),
        cmocka_unit_test(test_a_long_socket_path),
        cmocka_unit_test(test_a_socket_path_in_a_long_folder),
        cmocka_unit_test(test_two_listeners_with_one_name),
        cmocka_unit_test(test_two_listeners_on_one_address),
        cmocka_unit_test(test_paths_start_at_the_folder_of_the_file),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
