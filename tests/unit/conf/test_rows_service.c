/* SPDX-License-Identifier: Apache-2.0
 * test_rows_service.c - services: defaults, every value, and what two services may not share.
 */
#include "conf/node.h"
#include "file.h"

#define HEAD "gateway: {port: \":0\"}\nservices:\n"

static const struct ln_service_conf *services(struct load *l, const char *yaml)
{
    load_good(l, yaml);
    return l->conf->services;
}

static void test_defaults(void **state)
{
    struct load l;
    const struct ln_service_conf *s =
        services(&l, HEAD "  - {name: x, instances: \"http://127.0.0.1:1\"}\n");

    (void)state;
    assert_int_equal(l.conf->service_count, 1);
    assert_string_equal(s->name, "x");
    assert_null(s->path);
    assert_true(s->strip_path);
    assert_false(s->preserve_host);
    assert_true(s->rewrite_location);
    assert_true(s->rewrite_cookie_path);
    assert_true(s->upgrade);
    assert_int_equal(s->proxy, LN_PROXY_SEND_OFF);
    assert_int_equal(s->strategy, LN_STRATEGY_ROUND_ROBIN);
    assert_int_equal(s->hash_on, LN_HASH_ON_IDENTITY);
    assert_int_equal(s->slow_start, 0);
    assert_false(s->instances[0].backup);
    assert_int_equal(s->connect, 1000);
    assert_int_equal(s->first_byte, 30000);
    assert_int_equal(s->idle, 30000);
    assert_int_equal(s->total, 0);
    assert_int_equal(s->pool.idle, 64);
    assert_int_equal(s->pool.idle_timeout, 60000);
    assert_int_equal(s->pool.min_idle, 0);
    assert_int_equal(s->pool.max, 0);
    assert_int_equal(s->retry.tries, 2);
    assert_int_equal(s->retry.per_try, 0);
    assert_int_equal(s->retry.on, LN_RETRY_ON_CONNECT | LN_RETRY_ON_RESET | LN_RETRY_ON_TIMEOUT);
    assert_int_equal(s->use_count, 0);
    assert_int_equal(s->place.line, 3);
    load_end(&l);
}

static void test_every_value(void **state)
{
    struct load l;
    const struct ln_service_conf *s =
        services(&l, HEAD "  - name: x\n"
                          "    path: /api/users/\n"
                          "    stripPath: off\n"
                          "    preserveHost: on\n"
                          "    rewriteLocation: off\n"
                          "    rewriteCookiePath: off\n"
                          "    upgrade: off\n"
                          "    proxyProtocol: v2\n"
                          "    instances: [\"http://127.0.0.1:1\"]\n"
                          "    strategy: weighted_round_robin\n"
                          "    hashOn: cookie:sid\n"
                          "    slowStart: 20s\n"
                          "    timeouts: { connect: 2s, firstByte: 3s, idle: 4s, total: 5s }\n"
                          "    pool: { idle: 6, idleTimeout: 7s, max: 8 }\n"
                          "    retries: { tries: 8, perTry: 9s, on: [reset, timeout] }\n");

    (void)state;
    assert_string_equal(s->path, "/api/users");
    assert_false(s->strip_path);
    assert_true(s->preserve_host);
    assert_false(s->rewrite_location);
    assert_false(s->rewrite_cookie_path);
    assert_false(s->upgrade);
    assert_int_equal(s->proxy, LN_PROXY_SEND_V2);
    assert_int_equal(s->strategy, LN_STRATEGY_WEIGHTED_ROUND_ROBIN);
    assert_int_equal(s->hash_on, LN_HASH_ON_COOKIE);
    assert_string_equal(s->hash_name, "sid");
    assert_int_equal(s->slow_start, 20000);
    assert_int_equal(s->connect, 2000);
    assert_int_equal(s->first_byte, 3000);
    assert_int_equal(s->idle, 4000);
    assert_int_equal(s->total, 5000);
    assert_int_equal(s->pool.idle, 6);
    assert_int_equal(s->pool.idle_timeout, 7000);
    assert_int_equal(s->pool.max, 8);
    assert_int_equal(s->retry.tries, 8);
    assert_int_equal(s->retry.per_try, 9000);
    assert_int_equal(s->retry.on, LN_RETRY_ON_RESET | LN_RETRY_ON_TIMEOUT);
    load_end(&l);
}

static void test_pool(void **state)
{
    struct load l;
    const struct ln_pool_conf *c =
        &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                           "    pool: { minIdle: 2, max: 2 }\n")
             ->pool;

    (void)state;
    assert_int_equal(c->min_idle, 2);
    assert_int_equal(c->max, 2);
    load_end(&l);
    assert_refused(HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                        "    pool: { idle: 2, minIdle: 3 }\n",
                   "gateway.yaml:5:31: services[0].pool: minIdle: more than are kept, expected at "
                   "most idle\n");
    assert_refused(HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                        "    pool: { max: 2, minIdle: 3 }\n",
                   "gateway.yaml:5:30: services[0].pool: minIdle: more than may be open, expected "
                   "at most max\n");
    assert_refused(HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    proxyProtocol: v1\n"
                        "    pool: { minIdle: 1 }\n",
                   "gateway.yaml:6:22: services[0].pool: minIdle: with proxyProtocol no connection "
                   "can wait for a request, expected 0\n");
}

static void test_sticky(void **state)
{
    struct load l;
    const struct ln_sticky_conf *c =
        &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n")->sticky;

    (void)state;
    assert_false(c->on);
    load_end(&l);
    c = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                           "    sticky: {}\n")
             ->sticky;
    assert_true(c->on && c->http_only && !c->secure);
    assert_string_equal(c->cookie, "route");
    assert_string_equal(c->path, "/");
    assert_null(c->domain);
    assert_null(c->secret);
    assert_int_equal(c->max_age, 0);
    assert_int_equal(c->same_site, LN_SAME_SITE_LAX);
    load_end(&l);
}

#define STICKY(keys, message)                                                                      \
    assert_refused(HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    sticky: {" keys       \
                        "}\n",                                                                     \
                   "gateway.yaml:5:13: services[0].sticky" message "\n")

/* Clients throw such cookies away, and nobody would know why. */
static void test_cookies_that_clients_refuse(void **state)
{
    (void)state;
    STICKY("cookie: c, sameSite: none",
           ": clients ignore a cookie with sameSite none, expected secure: on beside it");
    STICKY("cookie: __Secure-c",
           ": clients ignore a cookie of this name, expected secure: on beside it");
    STICKY("cookie: __Host-c, secure: on, path: /shop",
           ": clients ignore a cookie of this name, expected secure: on, path: / and no domain "
           "beside it");
}

static void test_retries(void **state)
{
    struct load l;
    const struct ln_retry_conf *c =
        &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n")->retry;

    (void)state;
    assert_int_equal(c->statuses.count, 0);
    assert_true(c->budget > 0.199 && c->budget < 0.201);
    assert_int_equal(c->backoff_base, 25);
    assert_int_equal(c->backoff_max, 250);
    assert_false(c->idempotent.always);
    assert_null(c->idempotent.header);
    assert_int_equal(c->keep, 65536);
    load_end(&l);
    c = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                           "    retries: { statuses: [429, 502-504], budget: off, keep: 0,\n"
                           "      backoff: { base: 0, max: 1s }, idempotent: Idempotency-Key }\n")
             ->retry;
    assert_int_equal(c->statuses.count, 2);
    assert_int_equal(c->statuses.range[1].to, 504);
    assert_true(c->budget < 0);
    assert_int_equal(c->backoff_base, 0);
    assert_int_equal(c->backoff_max, 1000);
    assert_string_equal(c->idempotent.header, "Idempotency-Key");
    assert_int_equal(c->keep, 0);
    load_end(&l);
    c = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                           "    retries: { idempotent: on }\n")
             ->retry;
    assert_true(c->idempotent.always);
    load_end(&l);
    assert_refused(HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                        "    retries: { statuses: [503, 200-299] }\n",
                   "gateway.yaml:5:14: services[0].retries: statuses: 200 tells of no failure, "
                   "expected 400 to 599\n");
}

static void test_instances_short_and_long(void **state)
{
    struct load l;
    char out[LN_ADDR_TEXT];
    const struct ln_service_conf *s =
        services(&l, HEAD "  - name: x\n    instances:\n"
                          "      - \"http://127.0.0.1:8081/v1/\"\n"
                          "      - { url: \"http://[::1]\", weight: 3 }\n");

    (void)state;
    assert_int_equal(s->instance_count, 2);
    assert_string_equal(s->instances[0].url, "http://127.0.0.1:8081/v1");
    assert_string_equal(s->instances[0].authority, "127.0.0.1:8081");
    assert_string_equal(s->instances[0].base, "/v1");
    assert_int_equal(s->instances[0].weight, 1);
    assert_int_equal(s->instances[0].addr_count, 1);
    assert_string_equal(ln_addr_print(&s->instances[0].addrs[0], out), "127.0.0.1:8081");
    assert_int_equal(s->instances[0].place.line, 5);
    assert_string_equal(s->instances[1].url, "http://[::1]:80");
    assert_string_equal(s->instances[1].host, "::1");
    assert_int_equal(s->instances[1].weight, 3);
    assert_string_equal(ln_addr_print(&s->instances[1].addrs[0], out), "[::1]:80");
    load_end(&l);
}

static void assert_socket(const struct ln_instance_conf *i, const char *path)
{
    char out[LN_ADDR_TEXT];

    assert_string_equal(i->unix_path, path);
    assert_string_equal(i->url + strlen("unix:"), path);
    assert_string_equal(i->host, "");
    assert_string_equal(i->authority, "localhost");
    assert_string_equal(i->base, "");
    assert_int_equal(i->port, 0);
    assert_int_equal(i->addr_count, 1);
    assert_int_equal(i->addrs[0].any.sa_family, AF_UNIX);
    assert_string_equal(ln_addr_print(&i->addrs[0], out), i->url);
}

static void test_instances_behind_unix_sockets(void **state)
{
    struct load l;

    (void)state;
    mkdir("conf", 0700);
    write_file("conf/gateway.yaml", HEAD "  - name: x\n    instances:\n"
                                         "      - unix:run/a.sock\n"
                                         "      - { url: \"unix:/run/b.sock\", weight: 3 }\n");
    load_path(&l, "conf/gateway.yaml");
    assert_string_equal(l.printed.p, "");
    assert_int_equal(l.conf->services[0].instance_count, 2);
    assert_socket(&l.conf->services[0].instances[0], "conf/run/a.sock");
    assert_socket(&l.conf->services[0].instances[1], "/run/b.sock");
    assert_int_equal(l.conf->services[0].instances[1].weight, 3);
    load_end(&l);
}

static void test_wrong_unix_sockets(void **state)
{
    char path[109], yaml[256];

    (void)state;
    memset(path, 'x', 108);
    path[108] = '\0';
    path[0] = '/';
    snprintf(yaml, sizeof yaml, HEAD "  - {name: x, instances: \"unix:%s\"}\n", path);
    assert_refused(yaml, "gateway.yaml:3:26: services[0].instances: the path of the socket is too "
                         "long, expected at most 107 bytes\n");
    assert_refused(HEAD "  - {name: x, instances: \"unix:\"}\n",
                   "gateway.yaml:3:26: services[0].instances: no path behind unix:, expected one "
                   "such as unix:/run/x.sock\n");
    assert_refused(HEAD "  - {name: x, instances: [\"unix:x\", \"unix:x\"]}\n",
                   "gateway.yaml:3:37: services[0].instances: unix:x is given twice, the first "
                   "time at gateway.yaml:3:27, expected weight instead\n");
}

static void test_an_unresolved_name_is_a_warning(void **state)
{
    struct load l;

    (void)state;
    load_text(&l,
              HEAD "  - {name: x, instances: [\"http://" NO_HOST ":81\", \"http://127.0.0.1\"]}\n");
    assert_non_null(l.conf);
    assert_int_equal(l.diag.errors, 0);
    assert_int_equal(l.diag.count, 1);
    assert_int_equal(l.diag.items[0].kind, LN_DIAG_WARNING);
    assert_int_equal(l.diag.items[0].line, 3);
    assert_int_equal(l.diag.items[0].column, 27);
    assert_non_null(
        strstr(l.diag.items[0].text, "services[0].instances[0]: cannot resolve \"" NO_HOST "\": "));
    assert_int_equal(l.conf->services[0].instances[0].addr_count, 0);
    assert_int_equal(l.conf->services[0].instances[1].addr_count, 1);
    load_end(&l);
}

static void test_every_strategy_and_key(void **state)
{
    static const char *const strategies[] = {"round_robin",       "weighted_round_robin",
                                             "least_connections", "random_two",
                                             "peak_ewma",         "consistent_hash"};
    static const struct {
        const char *text, *name;
        enum ln_hash_on on;
    } keys[] = {
        {"identity", "", LN_HASH_ON_IDENTITY},
        {"address", "", LN_HASH_ON_ADDRESS},
        {"path", "", LN_HASH_ON_PATH},
        {"header:X-User", "X-User", LN_HASH_ON_HEADER},
        {"cookie:sid", "sid", LN_HASH_ON_COOKIE},
        {"query:id", "id", LN_HASH_ON_QUERY},
    };
    char text[512];

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct load l;

        snprintf(text, sizeof text,
                 HEAD "  - name: x\n    strategy: %s\n    hashOn: %s\n    instances: "
                      "[{ url: http://127.0.0.1:1, backup: on }]\n",
                 strategies[i], keys[i].text);
        const struct ln_service_conf *s = services(&l, text);

        assert_int_equal(s->strategy, i);
        assert_int_equal(s->hash_on, keys[i].on);
        assert_string_equal(s->hash_name, keys[i].name);
        assert_true(s->instances[0].backup);
        load_end(&l);
    }
}

static void test_keys_that_are_none(void **state)
{
    static const char *const wrong[] = {"Identity", "header:", "header:a b", "cookie", "body:x"};
    char text[256], want[256];

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        snprintf(text, sizeof text,
                 HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    hashOn: \"%s\"\n",
                 wrong[i]);
        snprintf(want, sizeof want,
                 "gateway.yaml:5:13: services[0].hashOn: got \"%s\", expected identity, address, "
                 "path, header:NAME, cookie:NAME or query:NAME\n",
                 wrong[i]);
        assert_refused(text, want);
    }
}

static void test_the_breaker(void **state)
{
    struct load l;
    const struct ln_breaker_conf *b =
        &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n")->breaker;

    (void)state;
    assert_true(b->on);
    assert_int_equal(b->min_requests, 5);
    assert_true(b->failure_ratio > 0.599 && b->failure_ratio < 0.601);
    assert_int_equal(b->window, 10000);
    assert_int_equal(b->open_for, 10000);
    assert_int_equal(b->max_open_for, 120000);
    assert_int_equal(b->probes, 3);
    assert_int_equal(b->statuses.count, 1);
    assert_int_equal(b->statuses.range[0].from, 500);
    assert_int_equal(b->statuses.range[0].to, 599);
    load_end(&l);
    b = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    breaker:\n"
                           "      { minRequests: 7, failureRatio: 50%, window: 1m, openFor: 2s,\n"
                           "        maxOpenFor: 9s, probes: 1, statuses: [429, 502-504] }\n")
             ->breaker;
    assert_true(b->on);
    assert_int_equal(b->min_requests, 7);
    assert_true(b->failure_ratio == 0.5);
    assert_int_equal(b->window, 60000);
    assert_int_equal(b->open_for, 2000);
    assert_int_equal(b->max_open_for, 9000);
    assert_int_equal(b->probes, 1);
    assert_int_equal(b->statuses.count, 2);
    assert_int_equal(b->statuses.range[1].from, 502);
    assert_int_equal(b->statuses.range[1].to, 504);
    load_end(&l);
    b = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    breaker: off\n")
             ->breaker;
    assert_false(b->on);
    load_end(&l);
    assert_refused(HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                        "    breaker: { openFor: 5m }\n",
                   "gateway.yaml:5:14: services[0].breaker: maxOpenFor is shorter than openFor\n");
}

static void test_the_checks(void **state)
{
    struct load l;
    const struct ln_service_conf *s =
        services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n");
    const struct ln_health_conf *h = &s->health;

    (void)state;
    assert_false(h->on);
    assert_true(s->panic_threshold == 0.5);
    load_end(&l);
    h = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    health: {}\n")
             ->health;
    assert_true(h->on);
    assert_int_equal(h->type, LN_HEALTH_TCP);
    assert_int_equal(h->interval, 30000);
    assert_int_equal(h->timeout, 5000);
    assert_int_equal(h->rise, 2);
    assert_int_equal(h->fall, 3);
    assert_true(h->jitter > 0.099 && h->jitter < 0.101);
    load_end(&l);
    h = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                           "    health: { path: /up?a=b, headers: { X-A: 1, X-B: '' } }\n")
             ->health;
    assert_int_equal(h->type, LN_HEALTH_HTTP);
    assert_string_equal(h->path, "/up?a=b");
    assert_null(h->host);
    assert_null(h->body);
    assert_int_equal(h->header_count, 2);
    assert_string_equal(h->headers[0].name, "X-A");
    assert_string_equal(h->headers[0].value, "1");
    assert_string_equal(h->headers[1].value, "");
    assert_true(ln_statuses_have(&h->statuses, 200));
    assert_false(ln_statuses_have(&h->statuses, 201));
    load_end(&l);
    h = &services(&l, HEAD "  - name: x\n    instances: http://127.0.0.1:1\n"
                           "    health: { type: http }\n")
             ->health;
    assert_string_equal(h->path, "/");
    load_end(&l);
}

#define CHECKED HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    health:\n"

#define LIMITED HEAD "  - name: x\n    instances: http://127.0.0.1:1\n    concurrency:\n"

static void test_limits_of_requests_at_once(void **state)
{
    struct load l;
    const struct ln_service_conf *s =
        services(&l, HEAD "  - {name: x, instances: \"http://127.0.0.1:1\"}\n");

    (void)state;
    assert_false(s->concurrency.on);
    assert_int_equal(s->priority, LN_PRIORITY_NORMAL);
    load_end(&l);
    s = services(&l, LIMITED "      limit: 200\n    priority: low\n");
    assert_true(s->concurrency.on);
    assert_false(s->concurrency.adaptive);
    assert_int_equal(s->concurrency.limit, 200);
    assert_int_equal(s->priority, LN_PRIORITY_LOW);
    load_end(&l);
    s = services(&l, LIMITED "      limit: auto\n");
    assert_true(s->concurrency.adaptive);
    assert_int_equal(s->concurrency.limit, 0);
    assert_int_equal(s->concurrency.min, 4);
    assert_int_equal(s->concurrency.max, 1000);
    assert_int_equal(s->concurrency.initial, 20);
    assert_true(s->concurrency.tolerance == 0.5);
    load_end(&l);
}

static void test_limits_that_are_refused(void **state)
{
    (void)state;
    assert_refused(LIMITED "      limit: 5\n      max: 9\n",
                   "gateway.yaml:7:12: services[0].concurrency: max belongs to a limit that is "
                   "learned, expected limit: auto\n");
    assert_refused(LIMITED "      min: 50\n      max: 9\n",
                   "gateway.yaml:6:7: services[0].concurrency: min is above max\n");
}

static void test_checks_that_are_refused(void **state)
{
    (void)state;
    assert_refused(CHECKED "      type: tcp\n      path: /up\n",
                   "gateway.yaml:7:13: services[0].health: a check of type tcp has no path, "
                   "expected type http\n");
    assert_refused(CHECKED "      statuses: 204\n",
                   "gateway.yaml:6:17: services[0].health: a check of type tcp has no statuses, "
                   "expected type http and a path\n");
    assert_refused(CHECKED "      path: /\n      headers: { Host: x }\n",
                   "gateway.yaml:7:18: services[0].health.headers: Host cannot be set here, "
                   "expected host instead\n");
    assert_refused(CHECKED "      path: /\n      headers: { content-length: 1 }\n",
                   "gateway.yaml:7:18: services[0].health.headers: content-length cannot be set "
                   "here\n");
    assert_refused(CHECKED "      path: /\n      headers: { 'a b': x }\n",
                   "gateway.yaml:7:18: services[0].health.headers: expected the name of a "
                   "header\n");
    assert_refused(CHECKED "      path: /\n      headers: { X-A: \"a\\r\\nb: c\" }\n",
                   "gateway.yaml:7:23: services[0].health.headers: X-A: expected the value of a "
                   "header\n");
}

static void test_without_instances(void **state)
{
    (void)state;
    assert_refused(HEAD "  - name: x\n", "gateway.yaml:3:5: services[0].instances: missing, "
                                         "expected a list of URLs, or of mappings with "
                                         "url and weight\n");
    assert_refused(
        HEAD "  - name: x\n    instances:\n",
        "gateway.yaml:4:15: services[0].instances: empty, expected at least one URL such as "
        "http://host:8080\n");
}

static void test_every_wrong_instance_is_told(void **state)
{
    (void)state;
    assert_refused(
        HEAD "  - name: x\n    instances:\n"
             "      - localhost:8081\n"
             "      - https://a\n"
             "      - { weight: 0 }\n"
             "      - [a]\n"
             "      - http://u:secret@h\n",
        "gateway.yaml:5:9: services[0].instances[0]: got \"localhost:8081\", expected a URL such "
        "as "
        "http://host:8080; did you mean \"http://localhost:8081\"?\n"
        "gateway.yaml:6:9: services[0].instances[1]: TLS to upstreams is not supported by this "
        "version, "
        "expected a URL such as http://host:8080\n"
        "gateway.yaml:7:9: services[0].instances[2].url: missing, expected a URL such as "
        "http://host:8080\n"
        "gateway.yaml:7:19: services[0].instances[2].weight: got \"0\", expected a whole number "
        "from 1 to "
        "65535\n"
        "gateway.yaml:8:9: services[0].instances[3]: got a list, expected a URL such as "
        "http://host:8080\n"
        "gateway.yaml:9:9: services[0].instances[4]: credentials in a URL are not supported, "
        "expected a "
        "URL such as http://host:8080\n");
}

static void test_one_instance_given_twice(void **state)
{
    (void)state;
    assert_refused(
        HEAD
        "  - name: x\n    instances:\n      - http://127.0.0.1\n      - http://127.0.0.1:80/\n",
        "gateway.yaml:6:9: services[0].instances: http://127.0.0.1:80 is given twice, the first "
        "time at "
        "gateway.yaml:5:9, expected weight instead\n");
}

static void test_two_services_with_one_name(void **state)
{
    (void)state;
    assert_refused(HEAD "  - {name: a, instances: \"http://127.0.0.1\"}\n  - {name: a, instances: "
                        "\"http://127.0.0.1\"}\n",
                   "gateway.yaml:4:5: services: two services with the name \"a\", the first at "
                   "gateway.yaml:3:5\n");
}

static void test_two_services_with_one_path(void **state)
{
    (void)state;
    assert_refused(HEAD "  - {name: a, path: /x, instances: \"http://127.0.0.1\"}\n"
                        "  - {name: b, path: /x/, instances: \"http://127.0.0.1\"}\n",
                   "gateway.yaml:4:5: services: two services with the path \"/x\", the first at "
                   "gateway.yaml:3:5\n");
}

static void test_the_root_path(void **state)
{
    struct load l;
    const struct ln_service_conf *s =
        services(&l, HEAD "  - {name: a, path: /, instances: \"http://127.0.0.1\"}\n");

    (void)state;
    assert_string_equal(s->path, "/");
    load_end(&l);
}

static void test_plugins_keep_order_and_settings(void **state)
{
    struct load l;
    const struct ln_service_conf *s = services(
        &l, HEAD
        "  - name: a\n    instances: \"http://127.0.0.1\"\n    plugins:\n"
        "      - client-id\n      - rate-limit: { rate: 100/s, burst: 10 }\n      - headers:\n");

    (void)state;
    assert_int_equal(s->use_count, 3);
    assert_string_equal(s->uses[0].plugin, "client-id");
    assert_null(s->uses[0].settings);
    assert_string_equal(s->uses[1].plugin, "rate-limit");
    assert_slice(ln_node_get(s->uses[1].settings, "rate")->text, "100/s");
    assert_slice(ln_node_get(s->uses[1].settings, "burst")->text, "10");
    assert_int_equal(s->uses[1].place.line, 7);
    assert_string_equal(s->uses[2].plugin, "headers");
    assert_null(s->uses[2].settings);
    load_end(&l);
}

static void test_plugins_of_the_wrong_shape(void **state)
{
    const char *expected = "expected a plugin's name or one name: settings, or a list of them";
    char report[512];

    (void)state;
    snprintf(report, sizeof report,
             "gateway.yaml:3:58: services[0].plugins[0]: got a mapping, %s\n"
             "gateway.yaml:3:76: services[0].plugins[1]: the settings of \"c\" are no mapping, "
             "expected key: value\n"
             "gateway.yaml:3:80: services[0].plugins[2]: got a list, %s\n"
             "gateway.yaml:3:84: services[0].plugins[3]: got \"../x\", %s\n",
             expected, expected, expected);
    assert_refused(HEAD "  - {name: a, instances: \"http://127.0.0.1\", plugins: [  {a: 1, b: 2}, "
                        "{c: 1}, [], ../x]}\n",
                   report);
}

static void test_thousands_of_services(void **state)
{
    struct ln_text yaml;
    struct load l;

    (void)state;
    ln_text_init(&yaml);
    ln_text_puts(&yaml, HEAD);
    for (unsigned i = 0; i < 5000; i++)
        ln_text_printf(&yaml, "  - {name: s%u, path: /s/%u, instances: \"http://127.0.0.1:%u\"}\n",
                       i, i, i + 1);
    load_good(&l, yaml.p);
    assert_int_equal(l.conf->service_count, 5000);
    assert_string_equal(ln_conf_find_service(l.conf, LN_SLICE("s4999"))->path, "/s/4999");
    load_end(&l);
    ln_text_fini(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_value),
        cmocka_unit_test(test_instances_short_and_long),
        cmocka_unit_test(test_instances_behind_unix_sockets),
        cmocka_unit_test(test_wrong_unix_sockets),
        cmocka_unit_test(test_an_unresolved_name_is_a_warning),
        cmocka_unit_test(test_every_strategy_and_key),
        cmocka_unit_test(test_keys_that_are_none),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_cookies_that_clients_refuse),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_the_breaker),
        cmocka_unit_test(test_the_checks),
        cmocka_unit_test(test_limits_of_requests_at_once),
        cmocka_unit_test(test_limits_that_are_refused),
        cmocka_unit_test(test_checks_that_are_refused),
        cmocka_unit_test(test_without_instances),
        cmocka_unit_test(test_every_wrong_instance_is_told),
        cmocka_unit_test(test_one_instance_given_twice),
        cmocka_unit_test(test_two_services_with_one_name),
        cmocka_unit_test(test_two_services_with_one_path),
        cmocka_unit_test(test_the_root_path),
        cmocka_unit_test(test_plugins_keep_order_and_settings),
        cmocka_unit_test(test_plugins_of_the_wrong_shape),
        cmocka_unit_test(test_thousands_of_services),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
