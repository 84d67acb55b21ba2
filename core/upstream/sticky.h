/* SPDX-License-Identifier: Apache-2.0
 * sticky.h - clients stay with their instance: the cookie that names it (services[].sticky).
 *
 * Its value is a digest of the instance's URL under services[].sticky.secret: the same in all
 * workers and gateways that have the same secret, over reloads, and wherever the instance stands in
 * the list; and it tells nobody an address. It is no credential: who makes one up chooses an
 * instance, no more.
 *
 * Names are made with the weights, once for each list of instances; a request costs the search of
 * its cookie and of a name. Owner: the tier. Pure but for the service it looks at.
 */
#ifndef LN_UPSTREAM_STICKY_H
#define LN_UPSTREAM_STICKY_H

#include <stdint.h>

#include "base/arena.h"
#include "http/field.h"

struct ln_service;
struct ln_tier;

/* The names of a tier's members, in their order. */
struct ln_sticky {
    struct ln_sticky_name {
        uint64_t name;
        unsigned instance; /* its index in the service */
    } * v;                 /* owned */
    unsigned count;
};

/* Empty when the service has no such cookie. */
void ln_sticky_init(struct ln_sticky *names, const struct ln_service *s, const struct ln_tier *t);
void ln_sticky_fini(struct ln_sticky *names);

/* The instance that the cookie names, by its number from 1; 0: there is no such cookie, several
 * are, or its value is the name of none. */
unsigned ln_sticky_find(const struct ln_service *s, const struct ln_fields *fields);

/* What Set-Cookie says to whoever is to stay with that instance. Empty: it has left. */
struct ln_slice ln_sticky_cookie(const struct ln_service *s, unsigned instance,
                                 struct ln_arena *arena);

#endif
