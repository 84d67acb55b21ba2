/* SPDX-License-Identifier: Apache-2.0
 * conf.h - the immutable, typed configuration of one generation.
 *
 * Filled by conf/load.c from the rows of the directive tables (conf/rows_*.c); nobody writes to it
 * afterwards. Owner: its arena; freed as one by ln_conf_free(). Times are milliseconds, 0 = off;
 * sizes are bytes, 0 = unlimited.
 */
#ifndef LN_CONF_CONF_H
#define LN_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limit.h"
#include "base/slice.h"
#include "conf/addr.h"
#include "conf/conf_consumer.h"
#include "conf/conf_service.h"
#include "conf/place.h"

/* Who may begin a connection with a PROXY header; others' bytes are never read as one. */
enum ln_proxy_mode { LN_PROXY_OFF, LN_PROXY_ON, LN_PROXY_REQUIRE };

struct ln_listener_conf {
    const char *name;
    struct ln_addr addr; /* never with port 0 unless written so: then the kernel chooses */
    enum ln_proxy_mode proxy;
    unsigned backlog;
    bool rate_limit;
    struct ln_place place;
};

struct ln_timeouts_conf {
    ln_msec header, body, send, idle, tunnel; /* gateway.timeouts */
    ln_msec first_byte;                       /* gateway.timeout */
};

struct ln_limits_conf {
    uint64_t request_line, headers, header_count, body, requests_per_connection, connections,
        buffer;
    uint64_t body_rate; /* bytes per second, 0 = off ... */
    ln_msec body_grace; /* ... judged from then on */
};

struct ln_tcp_conf {
    bool nodelay;
    ln_msec keep_alive; /* silence before the kernel asks whether the peer is there, 0 = never */
};

enum ln_identity_source {
    LN_IDENTITY_ADDRESS,
    LN_IDENTITY_HEADER,
    LN_IDENTITY_QUERY,
    LN_IDENTITY_COOKIE,
    LN_IDENTITY_CONSUMER,
    LN_IDENTITY_JWT,
};

enum { LN_IDENTITY_SOURCES = 8 };

struct ln_source_conf {
    enum ln_identity_source kind;
    const char *text; /* as written: "header:X-Api-Key", "address" */
    const char *name; /* of the header, query argument, cookie or claim */
};

/* gateway.identity.proxyHeaders, as bits: what the trusted proxies write. */
enum { LN_PROXY_X_FORWARDED_FOR, LN_PROXY_FORWARDED, LN_PROXY_X_REAL_IP };

struct ln_identity_conf {
    struct ln_source_conf from[LN_IDENTITY_SOURCES];
    unsigned from_count;
    struct ln_source_conf key_from[LN_IDENTITY_SOURCES]; /* where `consumer` looks for a key */
    unsigned key_from_count;
    unsigned ipv6_prefix;
    unsigned proxy_headers;
};

enum ln_forwarded { LN_FORWARDED_NONE, LN_FORWARDED_X, LN_FORWARDED_RFC7239, LN_FORWARDED_BOTH };

struct ln_headers_conf {
    enum ln_forwarded forwarded;
    bool via;
    const char *request_id; /* "" = none */
    bool origin_host;
    const char **strip; /* names that no client may send */
    unsigned strip_count;
};

struct ln_resolver_conf {
    const char *servers; /* "192.0.2.1:53,[2001:db8::1]:5353"; "" = the system's */
    ln_msec timeout;     /* of a try */
    unsigned tries;
    ln_msec ttl_min, ttl_max;
    ln_msec hold; /* what has no addresses any more keeps the last ones for so long */
};

enum ln_errors_json { LN_ERRORS_AUTO, LN_ERRORS_JSON, LN_ERRORS_TEXT };

struct ln_gateway_conf {
    struct ln_listener_conf *listeners;
    unsigned listener_count;
    struct ln_timeouts_conf timeouts;
    struct ln_limits_conf limits;
    struct ln_tcp_conf tcp; /* connections of clients and to instances */
    bool merge_slashes;
    unsigned workers; /* 0 = auto */
    const char *user; /* "" = unchanged */
    struct ln_cidr *trusted_proxies;
    unsigned trusted_count;
    bool trusts_unix; /* whoever can connect to a listener on a Unix socket */
    struct ln_identity_conf identity;
    struct ln_headers_conf headers;
    struct ln_resolver_conf resolver;
    ln_msec drain_delay, drain_timeout;
    const char *log_level, *log_format, *log_file;
    enum ln_errors_json errors_json;
};

struct ln_limit_conf {     /* rateLimit */
    struct ln_limit limit; /* what it says; the first one of: */
    struct ln_limit limits[LN_LIMIT_WINDOWS];
    unsigned count;            /* 0 = none */
    uint64_t bandwidth;        /* bytes a second of responses; 0 = as they come */
    uint64_t entries;          /* clients that are told apart; 0 = nobody has said */
    bool headers;              /* tell clients where they stand */
    bool dry_run;              /* refuse nothing */
    unsigned status;           /* of the refusal */
    const char *message;       /* its text */
    const char *redis_url;     /* "" = none: counted here; the others below are for Redis */
    const char *name;          /* of the rule, in Redis */
    enum ln_limit_way without; /* how it is counted while Redis does not count */
    uint64_t lease;            /* tokens that are fetched at once; 0 = each is asked for */
    ln_msec timeout;           /* for an answer */
    enum ln_limit_down on_down;
    const char *state_header; /* tells clients who has judged; "" = none */
    struct ln_place place;
};

struct ln_lua_conf {
    ln_msec budget;
    uint64_t memory;
    bool jit;
};

struct ln_node;

struct ln_conf {
    struct ln_arena arena; /* owns everything below */
    const char *file;      /* the path as given */
    const char *dir;       /* folder of the file: relative paths start here */
    struct ln_gateway_conf gateway;
    struct ln_service_conf *services;
    unsigned service_count;
    struct ln_limit_conf limit;
    struct ln_consumer_conf *consumers;
    unsigned consumer_count;
    const char *consumers_file; /* NULL = they are in the file itself */
    const char *routes;         /* absolute or relative to the working directory; NULL = none */
    bool generated_routes;
    const char *plugins_dir; /* may not exist; NULL = none */
    const char **trusted_plugins;
    unsigned trusted_plugin_count;
    struct ln_lua_conf lua;
    bool plugin_specs; /* plugins.specs */
    bool watch;        /* reload.watch */
};

struct ln_bundle;
struct ln_diag;

/* Reads `path` through the bundle. NULL when something is wrong: every error is in `diag`. */
struct ln_conf *ln_conf_load(struct ln_bundle *bundle, const char *path, struct ln_diag *diag);
/* The same, but what is not wrong is there in spite of errors: for finding the mistakes of routes
 * and plugins too. Never to serve with. */
struct ln_conf *ln_conf_load_anyway(struct ln_bundle *bundle, const char *path,
                                    struct ln_diag *diag);
void ln_conf_free(struct ln_conf *conf);

/* Adds a service that a routes file declares: `node` is a mapping of the keys of services[] without
 * `name`. Returns the service, or NULL with errors in `diag`. `conf->services` may move: keep
 * indexes, not pointers, until the load has ended. */
struct ln_service_conf *ln_conf_add_service(struct ln_conf *conf, struct ln_bundle *bundle,
                                            const char *name, const struct ln_node *node,
                                            struct ln_diag *diag);
/* A configuration of nothing but the consumers of a list, for specs. NULL: errors in `diag`. */
struct ln_conf *ln_conf_of_consumers(struct ln_bundle *bundle, const struct ln_node *list,
                                     struct ln_diag *diag);

struct ln_service_conf *ln_conf_find_service(const struct ln_conf *conf, struct ln_slice name);

#endif
