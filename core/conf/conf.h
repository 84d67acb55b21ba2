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
#include "base/clock.h"
#include "base/slice.h"
#include "conf/addr.h"

/* Where something was written, for messages. `file` lives as long as the configuration. */
struct ln_place {
    const char *file;
    unsigned line, column; /* from 1; column 0 = not known (Lua) */
};

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
};

struct ln_identity_conf {
    struct {
        enum ln_identity_source kind;
        const char *name; /* of the header, query argument or cookie */
    } from[8];
    unsigned from_count;
    unsigned ipv6_prefix;
};

enum ln_forwarded { LN_FORWARDED_NONE, LN_FORWARDED_X, LN_FORWARDED_RFC7239, LN_FORWARDED_BOTH };

struct ln_headers_conf {
    enum ln_forwarded forwarded;
    bool via;
    const char *request_id; /* "" = none */
    bool origin_host;
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
    struct ln_identity_conf identity;
    struct ln_headers_conf headers;
    ln_msec drain_delay, drain_timeout;
    const char *log_level, *log_format, *log_file;
    enum ln_errors_json errors_json;
};

enum ln_strategy { LN_STRATEGY_ROUND_ROBIN, LN_STRATEGY_WEIGHTED_ROUND_ROBIN };

struct ln_instance_conf {
    const char *url;  /* canonical: http://host:port[/base] or unix:/path; its name everywhere */
    const char *host; /* as written, without brackets; "" for a unix socket */
    const char *authority; /* what a Host header says: host or host:port (port left out when 80);
                              IPv6 in brackets; "localhost" for a unix socket */
    unsigned port;         /* 0 for a unix socket */
    const char *unix_path; /* NULL unless unix:/path */
    const char *base;      /* path prefix without a trailing slash, "" = none */
    unsigned weight;       /* 1..65535 */
    struct ln_addr *addrs; /* what the name stands for; several = one instance with fallback */
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
    ln_msec connect, first_byte, idle, total; /* services[].timeouts */
    unsigned pool_idle;
    ln_msec pool_idle_timeout;
    unsigned tries; /* attempts in all, at least 1 */
    unsigned retry_on;
    ln_msec per_try;
    struct ln_use_conf *uses;
    unsigned use_count;
    struct ln_place place;
};

struct ln_limit_conf { /* rateLimit */
    bool enabled;
    uint64_t count; /* requests ... */
    ln_msec per;    /* ... per this long */
    unsigned burst;
    const char *redis_url; /* "" = none */
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
    const char *routes; /* absolute or relative to the working directory; NULL = none */
    bool generated_routes;
    const char *plugins_dir; /* may not exist; NULL = none */
    const char **trusted_plugins;
    unsigned trusted_plugin_count;
    struct ln_lua_conf lua;
    bool watch; /* reload.watch */
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
struct ln_service_conf *ln_conf_find_service(const struct ln_conf *conf, struct ln_slice name);

#endif
