/* SPDX-License-Identifier: Apache-2.0
 * rows_limit.c - rateLimit: how many requests a client may send.
 */
#include "conf/row_type.h"
#include "conf/rows.h"

/* Keys that choose among several ways of which this version has one are checked and then forgotten.
 */
struct draft {
    struct ln_limit_conf conf;
    unsigned key;
};

#define AT(field) offsetof(struct draft, field)

static bool is_redis(struct ln_slice text)
{
    struct ln_slice rest = {NULL, 0};

    if (ln_slice_has_prefix(text, LN_SLICE("redis://")))
        rest = ln_slice(text.p + 8, text.n - 8);
    else if (ln_slice_has_prefix(text, LN_SLICE("unix:")))
        rest = ln_slice(text.p + 5, text.n - 5);
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

static const char *const keys[] = {"identity", NULL};

/* clang-format off */
static const struct ln_row rows[] = {
    {"requestsPerSecond", &ln_type_number, AT(conf.limit.count), "=none", LN_RANGE(1, 1000000000),
     "Requests that a client may send each second, in the long run."},
    {"limit", &ln_type_number, AT(conf.limit.count), "=none", LN_RANGE(1, 1000000000),
     "Instead of `requestsPerSecond`: requests that a client may send in each `window`."},
    {"window", &ln_type_duration, AT(conf.limit.per), "=none", LN_RANGE(1, LN_YEAR_MSEC),
     "The time that `limit` is about."},
    {"burstSize", &ln_type_number, AT(conf.limit.burst), "10", LN_RANGE(1, 1000000000),
     "Requests that may come at once."},
    {"algorithm", &ln_type_word, AT(conf.limit.way), "=gcra, or sliding_log with redisURL", LN_WORDS(ln_limit_words),
     "How requests are counted: see docs/limits.md. Without `redisURL` only `gcra`, which spreads them evenly and allows a burst."},
    {"key", &ln_type_word, AT(key), "identity", LN_WORDS(keys),
     "Who is counted: the client's identity, as `gateway.identity` finds it."},
    {"redisURL", &type_redis, AT(conf.redis_url), "", {0},
     "Redis to count in, so that several gateways share one limit. Empty: in the gateway's own memory."},
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

/* Who names no algorithm gets the one that is usual in the place. */
static void settle_algorithm(struct ln_reader *r, const struct ln_node *n,
                             struct ln_limit_conf *conf)
{
    bool in_redis = conf->redis_url != NULL && conf->redis_url[0] != '\0';

    if (n == NULL)
        conf->limit.way = in_redis ? LN_LIMIT_SLIDING_LOG : LN_LIMIT_GCRA;
    else if (!in_redis && conf->limit.way != LN_LIMIT_GCRA)
        report_at(r, "algorithm", &n->place, "needs redisURL, expected gcra without it");
    conf->without = conf->limit;
    if (n == NULL)
        conf->without.way = LN_LIMIT_GCRA;
}

static void check(struct ln_reader *r, const struct ln_node *map, void *base)
{
    struct draft *draft = base;
    const struct ln_node *rate = ln_node_get(map, "requestsPerSecond");
    const struct ln_node *limit = ln_node_get(map, "limit");
    const struct ln_node *window = ln_node_get(map, "window");

    if (rate == NULL && limit == NULL)
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
    settle_algorithm(r, ln_node_get(map, "algorithm"), &draft->conf);
    if (draft->conf.lease > ln_limit_most(&draft->conf.limit) && ln_node_get(map, "lease") != NULL)
        report_at(r, "lease", &ln_node_get(map, "lease")->place,
                  "more than may pass at once, expected a part of it");
}

const struct ln_block ln_rows_limit = {.rows = rows, .check = check};

static void set_limit(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    struct draft draft = {.conf = {.enabled = true, .place = n->place}};

    ln_row_read(r, row->range.block, n, &draft);
    *(struct ln_limit_conf *)field = draft.conf;
}

static void expect_limit(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a mapping of keys");
}

const struct ln_row_type ln_rows_limit_type = {"block", set_limit, expect_limit};
