/* SPDX-License-Identifier: Apache-2.0
 * url.h - where a Redis is: redis://[[user]:password@]host[:port][/db] or unix:/path[?db=n].
 *
 * User and password are percent-decoded and are printed nowhere: `label` is what logs show.
 */
#ifndef LN_REDIS_URL_H
#define LN_REDIS_URL_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    LN_REDIS_URL_MAX = 1024,
    LN_REDIS_PORT = 6379,
    LN_REDIS_LABEL = 320 /* room for what logs show */
};

struct ln_redis_url {
    char host[256]; /* a name or an address without brackets; "" for a unix socket */
    uint16_t port;
    char path[108]; /* of a unix socket; "" otherwise */
    char user[128]; /* "" = the default user */
    char password[512];
    unsigned db;
    char label[LN_REDIS_LABEL]; /* "redis://host:6379/0", "unix:/run/redis.sock" */
};

/* -1 with what is wrong and what was expected; the sentence never shows a password. */
int ln_redis_url_parse(struct ln_slice text, struct ln_redis_url *url, struct ln_err *err);

#endif
