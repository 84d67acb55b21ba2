/* SPDX-License-Identifier: Apache-2.0
 * generation.c - puts configuration, Lua, routes and services together, or nothing.
 */
#include "gateway/generation.h"

#include "base/assert.h"
#include "base/mem.h"
#include "gateway/advice.h"
#include "gateway/loops.h"
#include "gateway/router.h"
#include "limit/meter.h"
#include "shm/region.h"
#include "upstream/checks.h"
#include "upstream/names.h"
#include "upstream/service.h"
#include "upstream/spares.h"

/* Of rateLimit with a redisURL. */
static void load_meter(struct ln_generation *g, const struct ln_vm_env *env, struct ln_diag *diag)
{
    const struct ln_limit_conf *conf = &g->conf->limit;
    struct ln_meter_conf meter = {.count = conf->count,
                                  .lease = conf->lease,
                                  .rule = ln_slice_of(conf->name),
                                  .timeout = conf->timeout,
                                  .on_down = conf->on_down,
                                  .clients = ln_local_limit_clients(conf),
                                  .clients_said = conf->entries > 0};
    struct ln_err err;

    for (unsigned i = 0; i < conf->count; i++) {
        meter.limits[i] = meter.without[i] = conf->limits[i];
        meter.without[i].way = conf->without;
    }
    if (ln_redis_url_parse(ln_slice_of(conf->redis_url), &meter.url, &err) != 0) {
        ln_diag_error(diag, &conf->place, "rateLimit.redisURL: %s", err.text);
        return;
    }
    if (env->demand != NULL)
        ln_meter_demand(&meter, env->demand);
    if (env->meters == NULL)
        return;
    g->meter = ln_meter_new(env->meters, &meter, &err);
    if (g->meter == NULL)
        ln_diag_error(diag, &conf->place, "rateLimit: %s", err.text);
}

static void load_bandwidth(struct ln_generation *g, const struct ln_vm_env *env,
                           struct ln_diag *diag)
{
    static const struct ln_slice name = {"rateLimit bandwidth", sizeof "rateLimit bandwidth" - 1};
    const struct ln_plan plan = ln_pace_plan();
    size_t clients = ln_local_limit_clients(&g->conf->limit);

    if (env->demand != NULL)
        ln_windows_demand(&plan, clients, name, env->demand);
    if (env->shm != NULL && !ln_windows_open(&g->bandwidth, &plan, clients, name, env->shm))
        ln_diag_error(diag, &g->conf->limit.place,
                      "rateLimit.bandwidth: shared memory has no zone for it");
}

static void load_limiter(struct ln_generation *g, const struct ln_vm_env *env, struct ln_diag *diag)
{
    const struct ln_limit_conf *conf = &g->conf->limit;

    if (conf->bandwidth > 0)
        load_bandwidth(g, env, diag);
    if (conf->count == 0)
        return;
    if (conf->redis_url[0] != '\0')
        load_meter(g, env, diag);
    else
        ln_local_limit_load(&g->limiter, g->conf, env->demand, env->shm, diag);
}

static void load_services(struct ln_generation *g, const struct ln_vm_env *env,
                          struct ln_pools *pools, struct ln_diag *diag)
{
    struct ln_err err = {0};

    if (env->demand != NULL)
        ln_services_demand(g->conf, env->demand);
    if (env->shm == NULL || pools == NULL)
        return;
    g->services = ln_services_new(g->conf, env->shm, pools, &err);
    if (g->services == NULL)
        ln_diag_error(diag, NULL, "%s", err.text);
    else
        ln_vm_serve(g->vm, g->services, g->conf->gateway.headers.request_id);
}

static void load_routes(struct ln_generation *g, const struct ln_vm_env *env,
                        struct ln_bundle *bundle, struct ln_diag *diag)
{
    unsigned count;

    g->vm = ln_vm_new(env);
    ln_vm_know(g->vm, g->consumers, &g->conf->gateway.identity);
    if (ln_vm_load(g->vm, g->conf, bundle, diag) != 0)
        return;
    const struct ln_route *routes = ln_vm_routes(g->vm, &count);

    g->router = ln_router_new(routes, count, diag);
    if (g->router != NULL)
        ln_advice_give(routes, count, g->conf->gateway.merge_slashes, diag);
    if (diag->errors == 0)
        ln_loops_warn(g->conf, routes, count, diag);
}

/* A source that nobody may send would never answer. */
static void warn_of_stripped_sources(const struct ln_generation *g, struct ln_diag *diag)
{
    const struct ln_identity_conf *identity = &g->conf->gateway.identity;
    struct ln_place place = {.file = g->conf->file};

    for (unsigned i = 0; i < identity->from_count; i++) {
        const struct ln_source_conf *source = &identity->from[i];
        const struct ln_field f = {.name = source->name,
                                   .name_len = (uint16_t)strlen(source->name)};

        if (source->kind == LN_IDENTITY_HEADER && ln_strip_has(&g->strip, &f))
            ln_diag_warn(diag, &place,
                         "gateway.identity.from: \"%s\" gives nothing, because clients may not "
                         "send %s: a plugin sets it, or gateway.headers.strip names it",
                         source->text, source->name);
    }
}

/* The limit of all requests judges before plugins have looked at any token. */
static void warn_of_late_sources(const struct ln_generation *g, struct ln_diag *diag)
{
    const struct ln_identity_conf *identity = &g->conf->gateway.identity;

    if (g->conf->limit.count == 0)
        return;
    for (unsigned i = 0; i < identity->from_count; i++)
        if (identity->from[i].kind == LN_IDENTITY_JWT)
            ln_diag_warn(diag, &g->conf->limit.place,
                         "rateLimit counts before plugins judge tokens: \"%s\" of "
                         "gateway.identity.from gives nothing there, the next source counts; the "
                         "plugin rate-limit below jwt counts by it",
                         identity->from[i].text);
}

static void load_strip(struct ln_generation *g, struct ln_diag *diag)
{
    const struct ln_headers_conf *conf = &g->conf->gateway.headers;
    unsigned count;
    const char *const *reserved = ln_vm_reserved(g->vm, &count);

    /* No header of anybody's, but HTTP_PROXY in the environment of CGI programs, which many
     * libraries take for the proxy to use (CVE-2016-5385 and its sisters). */
    ln_strip_add(&g->strip, "Proxy");
    for (unsigned i = 0; i < conf->strip_count; i++)
        ln_strip_add(&g->strip, conf->strip[i]);
    for (unsigned i = 0; i < count; i++)
        ln_strip_add(&g->strip, reserved[i]);
    warn_of_stripped_sources(g, diag);
    warn_of_late_sources(g, diag);
}

struct ln_generation *ln_generation_load(const char *conf_path, struct ln_bundle *bundle,
                                         const struct ln_vm_env *env, struct ln_pools *pools,
                                         uint64_t number, struct ln_diag *diag)
{
    struct ln_generation *g = ln_zalloc(sizeof *g);

    g->number = number;
    g->refs = 1;
    g->conf = ln_conf_load_anyway(bundle, conf_path, diag);
    if (diag->errors == 0)
        g->consumers = ln_consumers_load(g->conf, bundle, diag);
    load_routes(g, env, bundle, diag);
    if (diag->errors == 0) {
        load_strip(g, diag);
        load_limiter(g, env, diag);
        load_services(g, env, pools, diag);
        g->json_always = g->conf->gateway.errors_json == LN_ERRORS_JSON;
        g->json_never = g->conf->gateway.errors_json == LN_ERRORS_TEXT;
    }
    if (diag->errors == 0)
        return g;
    ln_generation_put(g);
    return NULL;
}

void ln_generation_put(struct ln_generation *g)
{
    ln_assert(g->refs > 0);
    if (--g->refs > 0)
        return;
    if (g->vm != NULL)
        ln_vm_free(g->vm);
    ln_router_free(g->router);
    ln_strip_fini(&g->strip);
    ln_checks_stop(g->checks);
    ln_names_stop(g->names);
    ln_meter_free(g->meter);
    ln_spares_stop(g->spares);
    if (g->services != NULL)
        ln_services_free(g->services);
    ln_consumers_free(g->consumers);
    ln_conf_free(g->conf);
    ln_free(g);
}
