/* SPDX-License-Identifier: Apache-2.0
 * conf_service.h - the part of the configuration that describes a service and its instances.
 *
 * Filled from the rows of conf/rows_service.c; owner, units and rules as in conf.h, whose arena
 * holds it.
 */
#ifndef LN_CONF_CONF_SERVICE_H
#define LN_CONF_CONF_SERVICE_H

#include <stdbool.h>

#include "base/clock.h"
#include "conf/addr.h"
#include "conf/place.h"

enum ln_strategy {
    LN_STRATEGY_ROUND_ROBIN,
    LN_STRATEGY_WEIGHTED_ROUND_ROBIN,
    LN_STRATEGY_LEAST_CONNECTIONS,
    LN_STRATEGY_RANDOM_TWO,
    LN_STRATEGY_PEAK_EWMA,
    LN_STRATEGY_CONSISTENT_HASH,
    LN_STRATEGY_LUA,
};

/* What consistent_hash goes by. */
enum ln_hash_on {
    LN_HASH_ON_IDENTITY,
    LN_HASH_ON_ADDRESS,
    LN_HASH_ON_PATH,
    LN_HASH_ON_HEADER,
    LN_HASH_ON_COOKIE,
    LN_HASH_ON_QUERY,
};

/* Instances that are made of what a name stands for. */
enum ln_discover { LN_DISCOVER_OFF, LN_DISCOVER_ADDRESSES, LN_DISCOVER_SRV };

enum { LN_DISCOVER_MAX = 250 }; /* below what net/resolve.h tells of a name, so that more is seen */
enum { LN_SEATS_MAX = 65535 };  /* instances of a service, whose numbers have 16 bits */

struct ln_instance_conf {
    const char *url;  /* canonical: http://host:port[/base] or unix:/path; its name everywhere */
    const char *host; /* as written, without brackets; "" for a unix socket */
    const char *authority; /* what a Host header says: host or host:port (port left out when 80);
                              IPv6 in brackets; "localhost" for a unix socket */
    const char *origin;    /* the same of the very instance, where the authority is a name that
                              many instances share */
    enum ln_discover discover; /* not OFF: a pattern of instances, see upstream/service.h */
    unsigned discover_max;
    bool is_name;          /* neither an address nor localhost: it may come to stand for others */
    unsigned port;         /* 0 for a unix socket */
    const char *unix_path; /* NULL unless unix:/path */
    const char *base;      /* path prefix without a trailing slash, "" = none */
    unsigned weight;       /* 1..65535 */
    bool backup;           /* only when no other is up */
    unsigned max_connections; /* requests in flight, over all workers; 0 = no bound */
    struct ln_addr *addrs;    /* what the name stands for; several = one instance with fallback */
    unsigned addr_count; /* 0 = the name could not be resolved when the configuration was loaded */
    struct ln_place place;
};

enum ln_proxy_send { LN_PROXY_SEND_OFF, LN_PROXY_SEND_V1, LN_PROXY_SEND_V2 };

enum { LN_RETRY_ON_CONNECT = 1, LN_RETRY_ON_RESET = 2, LN_RETRY_ON_TIMEOUT = 4 };

/* A `use` in YAML: plugin name and its settings, still a node (handed to the schema in Lua). */
struct ln_use_conf {
    const char *plugin;
    const struct ln_node *settings; /* may be NULL */
    struct ln_place place;
};

enum { LN_BREAKER_PROBES_MAX = 63, LN_STATUSES_MAX = 16 };

/* Statuses of responses, as ranges. */
struct ln_statuses {
    struct {
        unsigned short from, to;
    } range[LN_STATUSES_MAX];
    unsigned count;
};

static inline bool ln_statuses_have(const struct ln_statuses *s, int status)
{
    for (unsigned i = 0; i < s->count; i++)
        if (status >= s->range[i].from && status <= s->range[i].to)
            return true;
    return false;
}

struct ln_breaker_conf {
    bool on;
    unsigned min_requests;
    double failure_ratio; /* above 0, at most 1 */
    ln_msec window, open_for, max_open_for;
    unsigned probes;
    struct ln_statuses statuses; /* that count as failures */
};

/* Who is refused first when a service has more than it is given at once. */
enum ln_priority { LN_PRIORITY_LOW, LN_PRIORITY_NORMAL, LN_PRIORITY_HIGH, LN_PRIORITIES };

/* services[].concurrency */
struct ln_concurrency_conf {
    bool on; /* it was written */
    bool adaptive;
    unsigned limit;             /* requests at once, over all workers; adaptive: 0 */
    unsigned min, max, initial; /* of a limit that is learned */
    double tolerance;           /* share by which the latency may be above its base */
};

enum ln_health_type { LN_HEALTH_HTTP, LN_HEALTH_TCP };

enum { LN_HEALTH_HEADERS_MAX = 32, LN_HEALTH_THRESHOLD_MAX = 1000 };

/* Checks that the gateway makes by itself. */
struct ln_health_conf {
    bool on; /* `health` was written */
    enum ln_health_type type;
    const char *path; /* with its query; sent as it is */
    const char *host; /* NULL: the instance's */
    struct ln_health_header {
        const char *name, *value;
    } * headers;
    unsigned header_count;
    struct ln_statuses statuses; /* that are a success */
    const char *body;            /* must occur in the content; NULL: it is not looked at */
    ln_msec interval, timeout;
    double jitter;       /* share of the interval that is added by chance */
    unsigned rise, fall; /* results in a row that change the state */
};

/* Requests of methods that are not idempotent, and may be repeated all the same. */
struct ln_idempotent {
    bool always;
    const char *header; /* those with this header; NULL = none */
};

/* services[].retries */
struct ln_retry_conf {
    unsigned tries; /* attempts in all, at least 1 */
    unsigned on;
    ln_msec per_try;
    struct ln_statuses statuses;       /* of responses that are repeated as well */
    double budget;                     /* share of the requests; below 0 = no bound */
    ln_msec backoff_base, backoff_max; /* base 0 = no waiting */
    struct ln_idempotent idempotent;
    uint64_t keep; /* bytes of a request's content that are kept for a repeat */
};

enum ln_same_site { LN_SAME_SITE_LAX, LN_SAME_SITE_STRICT, LN_SAME_SITE_NONE };

/* services[].sticky */
struct ln_sticky_conf {
    bool on; /* `sticky` was written */
    const char *cookie, *path;
    const char *domain, *secret; /* NULL: none */
    ln_msec max_age;             /* 0: none */
    bool secure, http_only;
    enum ln_same_site same_site;
};

/* services[].pool; of each worker and instance */
struct ln_pool_conf {
    unsigned idle, min_idle, max; /* max 0 = no bound */
    ln_msec idle_timeout;
};

struct ln_service_conf {
    const char *name;
    const char *path; /* NULL: no generated route. Normalised: leading slash, no trailing one */
    bool strip_path, preserve_host;
    bool rewrite_location, rewrite_cookie_path; /* of responses, when strip_path took something */
    bool upgrade;
    enum ln_proxy_send proxy; /* not off: a connection serves one client's connection only */
    struct ln_instance_conf *instances;
    unsigned instance_count;
    enum ln_strategy strategy;
    enum ln_hash_on hash_on;
    const char *hash_name; /* of the header, cookie or query argument */
    ln_msec slow_start;
    ln_msec connect, first_byte, idle, total; /* services[].timeouts */
    struct ln_sticky_conf sticky;
    struct ln_pool_conf pool;
    struct ln_retry_conf retry;
    struct ln_breaker_conf breaker;
    struct ln_health_conf health;
    double panic_threshold; /* share of instances below which checks are not heeded */
    unsigned queue_max; /* requests of a worker that may wait for an instance that is not full */
    ln_msec queue_timeout;
    struct ln_concurrency_conf concurrency;
    enum ln_priority priority; /* of requests whose route names none */
    struct ln_use_conf *uses;
    unsigned use_count;
    struct ln_place place;
};

#endif
