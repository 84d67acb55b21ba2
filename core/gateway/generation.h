/* SPDX-License-Identifier: Apache-2.0
 * generation.h - one complete, immutable configuration: typed configuration, services, router, Lua
 * state.
 *
 * Counted: every exchange holds one reference from its start to its end, the gateway holds one to
 * the current generation. It frees itself with the last reference. One worker, one thread.
 */
#ifndef LN_GATEWAY_GENERATION_H
#define LN_GATEWAY_GENERATION_H

#include <stdint.h>

#include "auth/consumers.h"
#include "conf/bundle.h"
#include "conf/conf.h"
#include "conf/diag.h"
#include "gateway/local_limit.h"
#include "gateway/strip.h"
#include "script/vm.h"

struct ln_router;
struct ln_services;
struct ln_checks;
struct ln_names;
struct ln_meter;
struct ln_spares;

struct ln_generation {
    uint64_t number;
    unsigned refs;
    struct ln_conf *conf;
    struct ln_vm *vm;
    struct ln_consumers *consumers; /* NULL while the configuration has errors */
    struct ln_router *router;
    struct ln_services *services;     /* NULL while checking */
    struct ln_checks *checks;         /* from its commit until it retires; NULL: there are none */
    struct ln_names *names;           /* likewise */
    struct ln_spares *spares;         /* likewise */
    struct ln_local_limit limiter;    /* rateLimit, counted here */
    struct ln_limit_window bandwidth; /* rateLimit.bandwidth: its zone */
    struct ln_strip strip;            /* what clients may not send */
    struct ln_meter *meter;           /* rateLimit, when Redis counts; else NULL */
    bool json_always, json_never;     /* errors.json */
};

/* Loads everything: configuration, Lua, routes. With env->loop, env->shm and pools NULL it is a
 * check that opens nothing and, if env->demand is set, tells what it would need of shared memory.
 * NULL: errors are in diag. The caller gets one reference. */
struct ln_pools;
struct ln_generation *ln_generation_load(const char *conf_path, struct ln_bundle *bundle,
                                         const struct ln_vm_env *env, struct ln_pools *pools,
                                         uint64_t number, struct ln_diag *diag);

static inline struct ln_generation *ln_generation_get(struct ln_generation *g)
{
    g->refs++;
    return g;
}
void ln_generation_put(struct ln_generation *g);

#endif
