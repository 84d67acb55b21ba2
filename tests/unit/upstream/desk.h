/* SPDX-License-Identifier: Apache-2.0
 * desk.h - somebody who makes requests of our own, to a scripted server or through a service of it.
 */
#ifndef LN_UNIT_DESK_H
#define LN_UNIT_DESK_H

#include "upstream/scripted.h"

#include "upstream/client.h"

struct desk {
    struct yard yard;
    struct scripted server;
    struct ln_client client;
    struct ln_client_call call;
    struct ln_arena arena;
    struct ln_fields fields;
    bool ended;
    unsigned ends;

    struct ln_service_conf service_conf;
    struct ln_instance_conf instance_conf[2];
    struct ln_conf conf;
    struct ln_shm *shm;
    struct ln_services *services;
    struct ln_addr addr[2];
    int closed; /* a door that refuses */
};

static inline void on_end(struct ln_client_call *c)
{
    struct desk *d = ln_container_of(c, struct desk, call);

    d->ended = true;
    d->ends++;
}

static inline int set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    struct ln_resolver_options options = ln_resolver_defaults();
    struct ln_err err;

    if (d == NULL)
        return -1;
    yard_init(&d->yard);
    d->client.pools = &d->yard.pools;
    d->client.resolver = ln_resolver_new(d->yard.turns.loop, &options, &err);
    assert_non_null(d->client.resolver);
    ln_arena_init(&d->arena, NULL);
    ln_fields_init(&d->fields, &d->arena);
    scripted_open(&d->server, &d->yard.turns);
    *state = d;
    return 0;
}

static inline int tear_down(void **state)
{
    struct desk *d = *state;

    ln_client_stop(&d->call);
    assert_int_equal(d->client.calls, 0);
    assert_int_equal(d->client.held, 0);
    scripted_close(&d->server);
    if (d->services != NULL) {
        ln_services_free(d->services);
        ln_shm_free(d->shm);
        close(d->closed);
    }
    ln_resolver_free(d->client.resolver);
    yard_fini(&d->yard);
    ln_arena_reset(&d->arena);
    free(d);
    return 0;
}

/* The next call, to the scripted server. */
static inline void prepare(struct desk *d, const char *method)
{
    char url[64];

    ln_client_stop(&d->call);
    d->call = (struct ln_client_call){
        .method = ln_slice_of(method), .most = 1 << 20, .timeout = 5000, .on_end = on_end};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/path?a=b", ntohs(d->server.at.sin_port));
    assert_null(ln_client_url(&d->call, ln_slice_of(url), &d->arena));
    d->ended = false;
}

static inline void go(struct desk *d)
{
    ln_client_start(&d->client, &d->call);
    turns_until(&d->yard.turns, &d->ended);
}

static inline void assert_error(struct desk *d, const char *part)
{
    assert_non_null(d->call.error);
    if (strstr(d->call.error, part) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, d->call.error);
}

/* ---- through a service ---- */

static inline void open_services(struct desk *d)
{
    struct ln_demand demand;
    struct ln_err err;

    d->conf.services = &d->service_conf;
    d->conf.service_count = 1;
    d->shm = ln_shm_new(1, &err);
    assert_non_null(d->shm);
    ln_demand_init(&demand);
    ln_services_demand(&d->conf, &demand);
    assert_int_equal(ln_shm_satisfy(d->shm, &demand, &err), 0);
    ln_demand_fini(&demand);
    d->services = ln_services_new(&d->conf, d->shm, &d->yard.pools, &err);
    assert_non_null(d->services);
}

static inline struct ln_instance_record *record(const struct desk *d, unsigned i)
{
    return d->services->v[0].instances[i].record;
}

/* The first instance is the scripted server, the second refuses. */
static inline void serve(struct desk *d, unsigned tries)
{
    struct sockaddr_in at;

    d->closed = yard_door(&at, false);
    d->addr[0].v4 = d->server.at;
    d->addr[1].v4 = at;
    d->service_conf = (struct ln_service_conf){
        .name = "users",
        .pool.idle = 4,
        .pool.idle_timeout = 60000,
        .connect = 5000,
        .first_byte = 5000,
        .retry.tries = tries,
        .retry.on = LN_RETRY_ON_CONNECT | LN_RETRY_ON_RESET,
        .instance_count = 2,
        .instances = d->instance_conf,
    };
    for (unsigned i = 0; i < 2; i++) {
        d->addr[i].len = sizeof d->addr[i].v4;
        d->instance_conf[i] = (struct ln_instance_conf){.url = i == 0 ? "http://a" : "http://b",
                                                        .authority = "users.local",
                                                        .base = i == 0 ? "/v1" : "",
                                                        .weight = 1,
                                                        .addrs = &d->addr[i],
                                                        .addr_count = 1};
    }
    open_services(d);
}

static inline void prepare_service(struct desk *d, const char *method)
{
    prepare(d, method);
    d->call.service = &d->services->v[0];
}

#endif
