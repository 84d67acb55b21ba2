/* SPDX-License-Identifier: Apache-2.0
 * rows_service.c - services: instances, balancing, times, the pool, retries, plugins.
 */
#include "base/assert.h"
#include "base/map.h"
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_service_conf, field)

/* ---- path ---- */

static void set_path(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    struct ln_slice path = n->text;

    if (n->kind != LN_NODE_SCALAR || !ln_value_is_path(path)) {
        ln_row_refuse(r, row, n);
        return;
    }
    if (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    *(const char **)field = ln_arena_dup(&r->conf->arena, path).p;
}

static void expect_path(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out,
                 "a path such as /api/users, which stands for itself: no \"*\", \":name\", \"%\", "
                 "\".\", \"..\" or empty segment");
}

static const struct ln_row_type type_path = {"path", set_path, expect_path};

/* ---- hashOn ---- */

static void set_hash_on(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    static const char *const words[] = {"identity", "address", "path"};
    static const char *const forms[] = {"header:", "cookie:", "query:"};
    struct ln_service_conf *s = field;

    for (unsigned i = 0; n->kind == LN_NODE_SCALAR && i < LN_ARRAY_LEN(words); i++) {
        struct ln_slice prefix = ln_slice_of(forms[i]);
        struct ln_slice name = ln_slice(n->text.p + prefix.n, n->text.n - prefix.n);

        if (ln_slice_eq(n->text, ln_slice_of(words[i]))) {
            s->hash_on = LN_HASH_ON_IDENTITY + i;
            s->hash_name = "";
            return;
        }
        if (!ln_slice_has_prefix(n->text, prefix) || !ln_value_is_token(name))
            continue;
        s->hash_on = LN_HASH_ON_HEADER + i;
        s->hash_name = ln_arena_dup(&r->conf->arena, name).p;
        return;
    }
    ln_row_refuse(r, row, n);
}

static void expect_hash_on(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "identity, address, path, header:NAME, cookie:NAME or query:NAME");
}

static const struct ln_row_type type_hash_on = {"key", set_hash_on, expect_hash_on};

/* ---- plugins ---- */

/* "name", or {name: settings} */
static void add_use(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                    unsigned index, void *arg)
{
    struct ln_use_conf *use = (struct ln_use_conf *)arg + index;
    const struct ln_node *settings = item->kind == LN_NODE_MAP ? item->first : NULL;
    struct ln_slice name = settings != NULL ? settings->key : item->text;

    use->place = item->place;
    if ((item->kind == LN_NODE_MAP && item->count != 1) || !ln_value_is_name(name)) {
        ln_row_refuse(r, row, item);
        return;
    }
    use->plugin = ln_arena_dup(&r->conf->arena, name).p;
    if (settings != NULL && settings->kind == LN_NODE_MAP)
        use->settings = settings;
    else if (settings != NULL && settings->kind != LN_NODE_NULL)
        ln_row_error(r, &settings->place,
                     "the settings of \"%s\" are no mapping, expected key: value", use->plugin);
}

static void set_uses(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    struct ln_service_conf *s = field;
    unsigned count = ln_row_count(n);

    s->uses = ln_arena_zalloc(&r->conf->arena, (count + 1) * sizeof *s->uses);
    if (ln_row_items(r, row, n, add_use, s->uses) > 0)
        s->use_count = count;
}

static void expect_uses(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a plugin's name or one name: settings, or a list of them");
}

static const struct ln_row_type type_uses = {"list of plugins", set_uses, expect_uses};

/* ---- the tables ---- */

static const char *const strategies[] = {
    [LN_STRATEGY_ROUND_ROBIN] = "round_robin",
    [LN_STRATEGY_WEIGHTED_ROUND_ROBIN] = "weighted_round_robin",
    [LN_STRATEGY_LEAST_CONNECTIONS] = "least_connections",
    [LN_STRATEGY_RANDOM_TWO] = "random_two",
    [LN_STRATEGY_PEAK_EWMA] = "peak_ewma",
    [LN_STRATEGY_CONSISTENT_HASH] = "consistent_hash",
    [LN_STRATEGY_LUA] = "lua",
    NULL,
};
static const char *const proxies[] = {
    [LN_PROXY_SEND_OFF] = "off", [LN_PROXY_SEND_V1] = "v1", [LN_PROXY_SEND_V2] = "v2", NULL};

/* clang-format off */
static const struct ln_row timeout_rows[] = {
    {"connect", &ln_type_duration, AT(connect), "1s", LN_RANGE(1, LN_YEAR_MSEC),
     "Until a connection to the instance stands."},
    {"firstByte", &ln_type_duration, AT(first_byte), "=`gateway.timeout`", LN_RANGE(0, LN_YEAR_MSEC),
     "From the end of the request to the head of the response; 0 = no bound."},
    {"idle", &ln_type_duration, AT(idle), "=`gateway.timeout`", LN_RANGE(0, LN_YEAR_MSEC),
     "Silence while the response's body is received; 0 = no bound."},
    {"total", &ln_type_duration, AT(total), "0", LN_RANGE(0, LN_YEAR_MSEC),
     "The whole exchange, retries included; 0 = no bound."},
    {0},
};
static const struct ln_block timeout_block = {.rows = timeout_rows};

static const struct ln_row queue_rows[] = {
    {"max", &ln_type_unsigned, AT(queue_max), "128", LN_RANGE(0, 1000000),
     "Requests of each worker that may wait for an instance below its `maxConnections` and `pool.max`; more are answered with 503 at once."},
    {"timeout", &ln_type_duration, AT(queue_timeout), "1s", LN_RANGE(1, LN_YEAR_MSEC),
     "How long a request waits before it is answered with 503."},
    {0},
};
static const struct ln_block queue_block = {.rows = queue_rows};

static const struct ln_row rows[] = {
    {"name", &ln_type_name, AT(name), NULL, {0},
     "What the service is called in routes, logs and metrics."},
    {"path", &type_path, AT(path), "=none", {0},
     "Makes a route for this path and everything below it; the longest path wins."},
    {"stripPath", &ln_type_switch, AT(strip_path), "on", {0},
     "Take `path` off the request's path before it is sent on."},
    {"preserveHost", &ln_type_switch, AT(preserve_host), "off", {0},
     "Send the client's Host instead of the instance's."},
    {"rewriteLocation", &ln_type_switch, AT(rewrite_location), "on", {0},
     "Put what `stripPath` took off back into Location, Content-Location and Refresh of responses."},
    {"rewriteCookiePath", &ln_type_switch, AT(rewrite_cookie_path), "on", {0},
     "Put what `stripPath` took off back into the Path of cookies that responses set."},
    {"upgrade", &ln_type_switch, AT(upgrade), "on", {0},
     "Whether a request may change its connection to another protocol, such as WebSocket."},
    {"proxyProtocol", &ln_type_word, AT(proxy), "off", LN_WORDS(proxies),
     "Begin connections to instances with a PROXY header of this version; a connection then serves one client's connection only and is never shared."},
    {"instances", &ln_rows_instances_type, 0, NULL, LN_BLOCK(ln_rows_instance),
     "Where the service runs: URLs, or the long form with a weight."},
    {"strategy", &ln_type_word, AT(strategy), "round_robin", LN_WORDS(strategies),
     "How an instance is chosen: `round_robin` takes turns, `weighted_round_robin` by weight, both exact across workers; `least_connections` takes who has the fewest requests in flight over all workers; `random_two` the better of two drawn by chance; `peak_ewma` likewise, by latency; `consistent_hash` the instance that `hashOn` belongs to; `lua` the one that a plugin's `balance` handler names, and turns by weight where none does. Such handlers come first with every strategy."},
    {"hashOn", &type_hash_on, 0, "identity", {0},
     "What `consistent_hash` goes by; a request without it takes the next turn. An `address` of IPv6 is its network, by `gateway.identity.ipv6Prefix`."},
    {"sticky", &ln_type_block, AT(sticky), NULL, LN_BLOCK(ln_rows_sticky),
     "A cookie by which a client stays with the instance that it had first, whatever `strategy` says, for as long as that is up and has room; then it gets another. An instance that is drained keeps such clients and gets no others. Without the block there is none."},
    {"slowStart", &ln_type_duration, AT(slow_start), "0", LN_RANGE(0, LN_YEAR_MSEC),
     "How long an instance that has just come, or come back, takes to grow from a tenth to all of its share."},
    {"timeouts", &ln_type_block, 0, NULL, LN_BLOCK(timeout_block),
     "Times of the instances' side."},
    {"pool", &ln_type_block, 0, NULL, LN_BLOCK(ln_rows_pool),
     "Connections that are kept for the next request."},
    {"retries", &ln_type_block, 0, NULL, LN_BLOCK(ln_rows_retry),
     "When a failed attempt is followed by another."},
    {"queue", &ln_type_block, 0, NULL, LN_BLOCK(queue_block),
     "Where requests wait when every instance has as many as its `maxConnections` or `pool.max`."},
    {"concurrency", &ln_type_block, AT(concurrency), NULL, LN_BLOCK(ln_rows_concurrency),
     "How many requests the service is given at once; more are refused with 503 before they wait anywhere. Without the block there is no bound."},
    {"priority", &ln_type_word, AT(priority), "normal", LN_WORDS(ln_rows_priorities),
     "Of requests whose route names none, when there are more than `concurrency` allows: those of `low` priority may take half of it, `normal` ones all of it but a tenth that is kept for `high` ones if any have come in the last five minutes."},
    {"breaker", &ln_rows_breaker_type, AT(breaker), NULL, LN_BLOCK(ln_rows_breaker),
     "When an instance whose answers are failures is left alone, and how it comes back; `off`: it is only left alone after three failures in a row."},
    {"health", &ln_type_block, AT(health), NULL, LN_BLOCK(ln_rows_health),
     "Checks that the gateway makes by itself, one worker for all; without the block there are none."},
    {"panicThreshold", &ln_type_share, AT(panic_threshold), "0.5", {0},
     "When the share of instances that their checks call up is below this, the checks are not heeded and requests are spread over all instances; 0 = never."},
    {"plugins", &type_uses, 0, "=none", {0},
     "Plugins of the generated route, in this order; each is a name, or a name with its settings."},
    {0},
};
/* clang-format on */

static void inherit_timeout(struct ln_reader *r, void *base)
{
    struct ln_service_conf *s = base;

    s->first_byte = s->idle = r->conf->gateway.timeouts.first_byte;
}

const struct ln_block ln_rows_service = {.rows = rows, .prepare = inherit_timeout};
const struct ln_block ln_rows_declared = {.rows = rows + 1, .prepare = inherit_timeout};

/* ---- the list of services ---- */

unsigned ln_rows_service_slots(unsigned n)
{
    unsigned slots = 8;

    while (slots < n)
        slots *= 2;
    return slots;
}

static void add_service(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                        unsigned index, void *arg)
{
    struct ln_service_conf *s = (struct ln_service_conf *)arg + index;

    s->place = item->place;
    ln_row_read(r, row->range.block, item, s);
}

static void refuse_equal(struct ln_reader *r, struct ln_map *seen, const char *what,
                         const char *text, struct ln_service_conf *s)
{
    if (text == NULL)
        return;

    struct ln_service_conf *old = ln_map_get(seen, ln_slice_of(text));

    if (old != NULL)
        ln_row_error(r, &s->place, "two services with the %s \"%s\", the first at %s:%u:%u", what,
                     text, old->place.file, old->place.line, old->place.column);
    else
        ln_map_put(seen, ln_slice_of(text), s);
}

static void set_services(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                         void *field)
{
    struct ln_conf *conf = r->conf;
    unsigned count = ln_row_count(n);
    struct ln_map names, paths;

    (void)field;
    conf->services =
        ln_arena_zalloc(&conf->arena, ln_rows_service_slots(count) * sizeof *conf->services);
    if (ln_row_items(r, row, n, add_service, conf->services) <= 0)
        return;
    conf->service_count = count;
    ln_map_init(&names);
    ln_map_init(&paths);
    for (unsigned i = 0; i < count; i++) {
        refuse_equal(r, &names, "name", conf->services[i].name, &conf->services[i]);
        refuse_equal(r, &paths, "path", conf->services[i].path, &conf->services[i]);
    }
    ln_map_fini(&names);
    ln_map_fini(&paths);
}

static void expect_services(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a list of services, each with name and instances");
}

const struct ln_row_type ln_rows_services_type = {"list", set_services, expect_services};
