/* SPDX-License-Identifier: Apache-2.0
 * bundle_fact.h - the facts inside a bundle, shared by the file that gathers them and the one that
 * saves them.
 *
 * Only conf/bundle.c, conf/bundle_image.c and tests include this. Everything lives in the bundle's
 * arena, or in the mapped image of a replaying bundle.
 */
#ifndef LN_CONF_BUNDLE_FACT_H
#define LN_CONF_BUNDLE_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "conf/bundle.h"

enum ln_fact_kind {
    LN_FACT_FILE, /* key: path; value: its bytes */
    LN_FACT_DIR,  /* key: path; value: none; code LN_E_STATE when it is not a folder */
    LN_FACT_LIST, /* key: path NUL suffix; value: names, each with a NUL */
    LN_FACT_NAME, /* key: host; value: LN_FACT_IP bytes for each address */
    LN_FACT_ENV,  /* key: name; value: its text; code LN_E_STATE when it is not set */
    LN_FACT_MADE, /* key: name; value: what was made of other facts */
    LN_FACT_KINDS,
};

enum { LN_FACT_IP = 17, LN_FACT_IPS = 16 }; /* '4' or '6' and 16 bytes; so many addresses at most */

struct ln_fact {
    uint32_t kind;
    uint32_t code; /* enum ln_err_code; not LN_E_NONE: `value` is the sentence that says why there
                      is none */
    uint32_t sys;  /* errno with LN_E_SYS */
    struct ln_slice key, value; /* each followed by a NUL that its length does not count */
    const char *const *names;   /* LIST: made on first use */
};

struct ln_bundle {
    struct ln_arena arena;
    struct ln_map by_key[LN_FACT_KINDS]; /* the values are facts */
    struct ln_fact **facts;              /* in the order in which they were asked for */
    unsigned count, cap;
    void *image; /* replaying: the mapped file */
    size_t image_size;
};

/* Adds a copy of `fact` as it is; false if there is one with its kind and key. */
bool ln_bundle_add(struct ln_bundle *b, const struct ln_fact *fact);

struct ln_bundle *ln_bundle_new(void);

#endif
