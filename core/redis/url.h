/* SPDX-License-Identifier: Apache-2.0
 * url.h - where a Redis is:
 *
 *   redis://[[user]:password@]host[:port][/db]                                   a server
 *   unix:/path[?db=n]                                                            a server
 *   redis-sentinel://[[user]:password@]host[:port][,host[:port]...]/name[/db]    the master of that
 *       name, as these sentinels know it; ?sentinelPassword=text when they ask for one themselves
 *   redis-cluster://[[user]:password@]host[:port][,host[:port]...]               a cluster of which
 *       these are some nodes
 *
 * User and passwords are percent-decoded and are printed nowhere: `label` is what logs show.
 */
#ifndef LN_REDIS_URL_H
#define LN_REDIS_URL_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    LN_REDIS_URL_MAX = 1024,
    LN_REDIS_PORT = 6379,
    LN_REDIS_SENTINEL_PORT = 26379,
    LN_REDIS_SEEDS_MAX = 16,
    LN_REDIS_LABEL = 320 /* room for what logs show */
};

enum ln_redis_way { LN_REDIS_DIRECT, LN_REDIS_BY_SENTINEL, LN_REDIS_BY_CLUSTER };

struct ln_redis_place {
    char host[256]; /* a name or an address without brackets; "" for a unix socket */
    uint16_t port;
};

struct ln_redis_url {
    enum ln_redis_way way;
    struct ln_redis_place at[LN_REDIS_SEEDS_MAX]; /* the server; or sentinels, or nodes */
    unsigned count;
    char path[108];   /* of a unix socket; "" otherwise */
    char master[128]; /* its name, by_sentinel */
    char user[128];   /* "" = the default user */
    char password[512];
    char sentinel_password[512];
    unsigned db;
    char label[LN_REDIS_LABEL]; /* "redis://host:6379/0", "unix:/run/redis.sock" */
};

/* -1 with what is wrong and what was expected; the sentence never shows a password. */
int ln_redis_url_parse(struct ln_slice text, struct ln_redis_url *url, struct ln_err *err);

/* The URL of one server of a sentinel's or of a cluster, with the users and passwords of the whole.
 */
void ln_redis_url_of(const struct ln_redis_url *whole, const struct ln_redis_place *place,
                     struct ln_redis_url *url);

#endif
