/* SPDX-License-Identifier: Apache-2.0
 * rows_limit.c - rateLimit: how many requests a client may send.
 */
#include <string.h>

#include "base/assert.h"
#include "conf/row_type.h"
#include "conf/rows.h"

/* Keys that choose among several ways of which this version has one are checked and then forgotten.
 */
struct draft {
    struct ln_limit_conf conf;
    unsigned key;
};

#define AT(field) offsetof(struct draft, field)

/* Roughly: redis/url.h reads it when the limit is made. */
static bool is_redis(struct ln_slice text)
{
    static const char *const schemes[] = {"redis://", "rediss://", "unix:", "redis-sentinel://",
                                          "redis-cluster://"};
    struct ln_slice rest = {NULL, 0};

    for (size_t i = 0; i < LN_ARRAY_LEN(schemes); i++)
        if (ln_slice_has_prefix(text, ln_slice_of(schemes[i])))
            rest = ln_slice(text.p + strlen(schemes[i]), text.n - strlen(schemes[i]));
    for (size_t i = 0; i < rest.n; i++)
        if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7f)
            return false;
    return rest.n > 0 && (text.p[0] == 'u' || rest.p[0] != '/');
}

static void set_redis(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    bool good = n->kind == LN_NODE_SCALAR && (n->text.n == 0 || is_redis(n->text));

    /* The value is not shown: it may hold a password. */
    if (good)
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else if (n->kind != LN_NODE_SCALAR)
        ln_row_refuse(r, row, n);
    else
        ln_row_error(r, &n->place,
                     "not the address of a Redis, expected redis://host:6379 or unix:/path");
}

static void expect_redis(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "redis://host:6379 or unix:/path");
}

static const struct ln_row_type type_redis = {"URL", set_redis, expect_redis};

/* "100/s", "5000/h", "10/30s" */
static bool to_rate(struct ln_slice text, struct ln_limit *limit)
{
    static const char units[] = "smhd";
    static const ln_msec lengths[] = {1000, 60000, 3600000, LN_DAY_MSEC};
    size_t slash = 0;
    uint64_t periods = 1;
    const char *unit = text.n > 0 ? strchr(units, text.p[text.n - 1]) : NULL;

    while (slash < text.n && text.p[slash] != '/')
        slash++;
    if (unit == NULL || slash + 1 >= text.n ||
        !ln_slice_to_u64(ln_slice(text.p, slash), &limit->count))
        return false;
    struct ln_slice between = ln_slice(text.p + slash + 1, text.n - slash - 2);

    if (between.n > 0 && !ln_slice_to_u64(between, &periods))
        return false;
    if (limit->count < 1 || limit->count > 1000000000 || periods < 1 || periods > 366 * 86400)
        return false;
    limit->per = periods * lengths[unit - units];
    limit->burst = limit->count;
    return limit->per <= LN_YEAR_MSEC;
}

static void add_rate(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                     unsigned index, void *arg)
{
    struct ln_limit_conf *conf = arg;

    if (index >= LN_LIMIT_WINDOWS || item->kind != LN_NODE_SCALAR ||
        !to_rate(item->text, &conf->limits[index]))
        ln_row_refuse(r, row, item);
    else
        conf->count = index + 1;
}

static void set_rates(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    if (ln_row_items(r, row, n, add_rate, field) == 0)
        ln_row_refuse(r, row, n);
}

static void expect_rates(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "1 to 8 rates such as 10/s or 5000/h");
}

static const struct ln_row_type type_rates = {"list of rates", set_rates, expect_rates};

enum { MESSAGE_MAX = 200 };

static void set_message(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    bool good = n->kind == LN_NODE_SCALAR && n->text.n > 0 && n->text.n <= MESSAGE_MAX;

    for (size_t i = 0; good && i < n->text.n; i++)
        good = (unsigned char)n->text.p[i] >= ' ' && n->text.p[i] != 0x7f;
    if (good)
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_message(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a line of at most 200 bytes");
}

static const struct ln_row_type type_message = {"text", set_message, expect_message};

static const char *const keys[] = {"identity", NULL};

/* clang-format off */
static const struct ln_row rows[] = {
    {"requestsPerSecond", &ln_type_number, AT(conf.limit.count), "=none", LN_RANGE(1, 1000000000),
     "Requests that a client may send each second, in the long run."},
    {"limit", &ln_type_number, AT(conf.limit.count), "=none", LN_RANGE(1, 1000000000),
     "Instead of `requestsPerSecond`: requests that a client may send in each `window`."},
    {"window", &ln_type_duration, AT(conf.limit.per), "=none", LN_RANGE(1, LN_YEAR_MSEC),
     "The time that `limit` is about."},
    {"limits", &type_rates, AT(conf), "=none", {0},
     "Instead of these: several windows at once, such as `[10/s, 500/m, 10000/d]`. All must let a request pass, and none counts it when one does not."},
    {"burstSize", &ln_type_number, AT(conf.limit.burst), "10", LN_RANGE(1, 1000000000),
     "Requests that may come at once, with `gcra`; of each of `limits` it is the count."},
    {"bandwidth", &ln_type_size, AT(conf.bandwidth), "0", LN_RANGE(0, (uint64_t)512 << 30),
     "Bytes a second of responses that a client gets, over all its connections; as much as in a second at once. What is more waits. 0 = as they come. Also without the keys above."},
    {"algorithm", &ln_type_word, AT(conf.limit.way), "=gcra, or sliding_log with redisURL", LN_WORDS(ln_limit_words),
     "How requests are counted: see docs/limits.md. `gcra` spreads them evenly and allows a burst."},
    {"entries", &ln_type_number, AT(conf.entries), "=1000000, of sliding_log as many as 64 MiB hold", LN_RANGE(64, 1 << 26),
     "Clients that are told apart in this gateway's memory, which takes 32 bytes for each, with `sliding_log` and 16 more for each of the limit; those for whom there is no room share a count. More than before begins all counts anew."},
    {"headers", &ln_type_switch, AT(conf.headers), "on", {0},
     "Tell clients where they stand: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` in every response that has none."},
    {"dryRun", &ln_type_switch, AT(conf.dry_run), "off", {0},
     "Refuse nothing: count, and tell what would have been refused in the header `X-RateLimit-Dry-Run` and in a metric."},
    {"status", &ln_type_unsigned, AT(conf.status), "429", LN_RANGE(400, 599),
     "Status of the answer to a request over the limit."},
    {"message", &type_message, AT(conf.message), "Rate limit exceeded", {0},
     "What that answer says."},
    {"key", &ln_type_word, AT(key), "identity", LN_WORDS(keys),
     "Who is counted: the client's identity, as `gateway.identity` finds it."},
    {"redisURL", &type_redis, AT(conf.redis_url), "", {0},
     "Redis to count in, so that several gateways share one limit: `redis://`, `redis-sentinel://`, `redis-cluster://` or `unix:`, as [in plugins](lua-api.md). Empty: in the gateway's own memory."},
    {"name", &ln_type_name, AT(conf.name), "gateway", {0},
     "Name of the limit in Redis: gateways that give it the same name count together. The keys are `rate_limit:{name:identity}`."},
    {"timeout", &ln_type_duration, AT(conf.timeout), "50ms", LN_RANGE(1, 60000),
     "How long a request waits for Redis at most."},
    {"onDown", &ln_type_word, AT(conf.on_down), "local", LN_WORDS(ln_limit_down_words),
     "What holds for requests while Redis does not answer: `local` counts them in this gateway's memory, by its share of the limit; `allow` lets all pass; `deny` answers 503."},
    {"lease", &ln_type_number, AT(conf.lease), "0", LN_RANGE(0, 1000000),
     "With `redisURL`: how many requests of a client are asked for at once, to be let through without asking; 0 asks for each. Windows are exact to `lease` times the number of gateways then."},
    {"stateHeader", &ln_type_header, AT(conf.state_header), "X-RateLimit-State", {0},
     "Name of a response header that tells who has judged when `redisURL` is set: `redis`, `leased`, or `local`, `allow`, `deny` without it. `\"\"` = none."},
    {0},
};
/* clang-format on */

static void report_at(struct ln_reader *r, const char *key, const struct ln_place *place,
                      const char *text)
{
    struct ln_trail here = {r->trail, key, 0};

    r->trail = &here;
    ln_row_error(r, place, "%s", text);
    r->trail = here.up;
}

static void report_beside(struct ln_reader *r, const struct ln_place *place, const char *other)
{
    struct ln_trail here = {r->trail, "limits", 0};

    r->trail = &here;
    ln_row_error(r, place, "given beside %s, expected only one of them", other);
    r->trail = here.up;
}

/* Who names no algorithm gets the one that is usual in the place. */
static void settle_algorithm(const struct ln_node *n, struct ln_limit_conf *conf)
{
    bool in_redis = conf->redis_url != NULL && conf->redis_url[0] != '\0';

    if (n == NULL)
        conf->limit.way = in_redis ? LN_LIMIT_SLIDING_LOG : LN_LIMIT_GCRA;
    conf->without = n == NULL ? LN_LIMIT_GCRA : conf->limit.way;
}

/* Several windows, or the one that the other keys say. */
static void settle_windows(struct ln_reader *r, const struct ln_node *map,
                           struct ln_limit_conf *conf)
{
    static const char *const others[] = {"requestsPerSecond", "limit", "window", "burstSize"};
    const struct ln_node *limits = ln_node_get(map, "limits");

    for (size_t i = 0; limits != NULL && i < LN_ARRAY_LEN(others); i++)
        if (ln_node_get(map, others[i]) != NULL)
            report_beside(r, &limits->key_place, others[i]);
    for (unsigned i = 0; i < conf->count; i++)
        conf->limits[i].way = conf->limit.way;
    if (limits == NULL && conf->limit.count > 0) {
        conf->limits[0] = conf->limit;
        conf->count = 1;
    }
    conf->limit = conf->limits[0];
}

static void check_lease(struct ln_reader *r, const struct ln_node *n,
                        const struct ln_limit_conf *conf)
{
    for (unsigned i = 0; n != NULL && i < conf->count; i++)
        if (conf->lease > ln_limit_most(&conf->limits[i])) {
            report_at(r, "lease", &n->place, "more than may pass at once, expected a part of it");
            return;
        }
}

static void check(struct ln_reader *r, const struct ln_node *map, void *base)
{
    struct draft *draft = base;
    const struct ln_node *rate = ln_node_get(map, "requestsPerSecond");
    const struct ln_node *limit = ln_node_get(map, "limit");
    const struct ln_node *window = ln_node_get(map, "window");

    if (rate == NULL && limit == NULL && ln_node_get(map, "limits") == NULL &&
        ln_node_get(map, "bandwidth") == NULL)
        report_at(r, "requestsPerSecond", &r->place,
                  "missing, expected a whole number from 1 to 1000000000, or limit with window");
    if (rate != NULL && limit != NULL)
        report_at(r, "limit", &limit->key_place,
                  "given beside requestsPerSecond, expected only one of them");
    if (limit != NULL && window == NULL)
        report_at(r, "window", &limit->place,
                  "missing, expected a duration such as 1m beside limit");
    if (limit == NULL && window != NULL)
        report_at(r, "window", &window->key_place, "given without limit, expected both or none");
    if (limit == NULL)
        draft->conf.limit.per = 1000;
    settle_algorithm(ln_node_get(map, "algorithm"), &draft->conf);
    settle_windows(r, map, &draft->conf);
    check_lease(r, ln_node_get(map, "lease"), &draft->conf);
}

const struct ln_block ln_rows_limit = {.rows = rows, .check = check};

static void set_limit(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    struct draft draft = {.conf = {.place = n->place}};

    ln_row_read(r, row->range.block, n, &draft);
    *(struct ln_limit_conf *)field = draft.conf;
}

static void expect_limit(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a mapping of keys");
}

const struct ln_row_type ln_rows_limit_type = {"block", set_limit, expect_limit};
