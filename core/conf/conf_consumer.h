/* SPDX-License-Identifier: Apache-2.0
 * conf_consumer.h - consumers as they were written; auth/consumers.h makes a table of them.
 *
 * Owner: the arena of struct ln_conf. None of this is there while a bundle is replayed: the table
 * is in it, and what the keys were is not.
 */
#ifndef LN_CONF_CONF_CONSUMER_H
#define LN_CONF_CONF_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/slice.h"
#include "conf/place.h"

struct ln_key_conf {
    struct ln_slice text; /* the key; or, with is_digest, the 32 bytes of its SHA-256 */
    bool is_digest;
    const char *file; /* that it was read from; NULL = none */
    struct ln_place place;
};

struct ln_datum_conf {
    const char *name, *value;
};

struct ln_consumer_conf {
    const char *name; /* NULL: an error, reported */
    struct ln_key_conf *keys;
    unsigned key_count;
    const char *password; /* a hash that crypt(3) knows; "" = none */
    const char **groups;
    unsigned group_count;
    struct {
        uint64_t count; /* requests ..., 0 = no limit of its own */
        ln_msec per;    /* ... per this long */
        unsigned burst; /* 0 = not said */
    } limits;
    struct ln_datum_conf *metadata;
    unsigned metadata_count;
    struct ln_place place;
};

#endif
