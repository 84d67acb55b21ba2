/* SPDX-License-Identifier: Apache-2.0
 * consumers.h - the table of consumers: who has a key, a name, a password, groups and limits.
 *
 * It is made once, when a configuration is checked, and goes through the bundle as bytes, so that a
 * worker takes 100,000 consumers over with one copy. Of keys it has their SHA-256 only. Finding one
 * by its digest tells nobody by its duration how near a guess was.
 *
 * Owner: the generation. Immutable but for the digester; one thread.
 */
#ifndef LN_AUTH_CONSUMERS_H
#define LN_AUTH_CONSUMERS_H

#include "conf/conf.h"
#include "conf/diag.h"

struct ln_consumers;
struct ln_consumer; /* one row of the table; lives as long as it */

/* The consumers of a configuration: out of the bundle, or made and put there. Never NULL; with
 * errors in `diag` it is empty. */
struct ln_consumers *ln_consumers_load(const struct ln_conf *conf, struct ln_bundle *bundle,
                                       struct ln_diag *diag);
void ln_consumers_free(struct ln_consumers *t);

unsigned ln_consumers_count(const struct ln_consumers *t);
/* By number, from 0; NULL: there are no more. */
const struct ln_consumer *ln_consumers_at(const struct ln_consumers *t, unsigned index);

/* NULL: there is none. */
const struct ln_consumer *ln_consumers_by_key(struct ln_consumers *t, struct ln_slice key);
const struct ln_consumer *ln_consumers_by_name(const struct ln_consumers *t, struct ln_slice name);

struct ln_slice ln_consumer_name(const struct ln_consumers *t, const struct ln_consumer *c);
/* p NULL: it has no such group, or no such text. */
struct ln_slice ln_consumer_group(const struct ln_consumers *t, const struct ln_consumer *c,
                                  unsigned index);
bool ln_consumer_datum(const struct ln_consumers *t, const struct ln_consumer *c, unsigned index,
                       struct ln_slice *name, struct ln_slice *value);

struct ln_consumer_limits {
    uint64_t count; /* requests ...; 0 = none of its own */
    ln_msec per;    /* ... per this long */
    unsigned burst; /* 0 = not said */
};
void ln_consumer_limits(const struct ln_consumer *c, struct ln_consumer_limits *out);

/* The hash of its password. For a name that nobody has, or whose consumer has no password, the hash
 * of another one (`real` false), always the same for one name: so that trying takes as long. p
 * NULL: no consumer has a password. */
struct ln_slice ln_consumers_password(const struct ln_consumers *t, struct ln_slice name,
                                      bool *real);

#endif
