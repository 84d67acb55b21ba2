/* SPDX-License-Identifier: Apache-2.0
 * gateway.c - one worker's serving half: generations, listeners, drain.
 */
#include "gateway/gateway.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "gateway/core.h"
#include "gateway/exchange.h"
#include "upstream/checks.h"
#include "upstream/names.h"
#include "upstream/spares.h"

enum { FIRST_REQUEST_MS = 1000 }; /* for connections that were accepted while draining */

/* What cannot be read of the system's settings is no reason not to serve. */
static struct ln_resolver *new_resolver(struct ln_loop *loop)
{
    struct ln_resolver_options options = ln_resolver_defaults();
    struct ln_err err;
    struct ln_resolver *resolver = ln_resolver_new(loop, &options, &err);

    if (resolver == NULL)
        ln_warn("names cannot be looked up: %s", err.text);
    return resolver;
}

/* Whichever generation has noticed: plugins of the present one hear of it. */
static void on_news(void *arg, const struct ln_news *news)
{
    const struct ln_gateway *gw = arg;

    if (gw->current != NULL)
        ln_vm_tell(gw->current->vm, news);
}

struct ln_gateway *ln_gateway_new(struct ln_loop *loop, struct ln_shm *shm, unsigned slot)
{
    struct ln_gateway *gw = ln_zalloc(sizeof *gw);

    gw->loop = loop;
    gw->shm = shm;
    gw->worker = slot;
    gw->slot = ln_shm_slot(shm, slot);
    gw->commit = ln_shm_commit_word(shm);
    gw->deadlines = ln_deadlines_new(loop);
    ln_buf_cache_init(&gw->bufs, 256);
    ln_arena_cache_init(&gw->arenas, 512);
    ln_slab_init(&gw->downstreams, sizeof(struct ln_downstream), 1024);
    ln_slab_init(&gw->exchanges, sizeof(struct ln_exchange),
                 SIZE_MAX); /* never unmapped: see script/req.h */
    ln_pools_init(&gw->pools, loop, gw->deadlines, &gw->bufs);
    gw->pools.worker = slot;
    gw->listener = (struct ln_news_listener){on_news, gw};
    gw->pools.slot = gw->slot;
    gw->client = (struct ln_client){.pools = &gw->pools,
                                    .resolver = new_resolver(loop),
                                    .arenas = &gw->arenas,
                                    .slot = gw->slot};
    gw->redis = ln_redis_pool_new(loop, gw->deadlines, gw->client.resolver);
    gw->meters = ln_meters_new(&(struct ln_meters_env){loop, shm, gw->slot, gw->redis});
    gw->passwords = ln_passwords_new(loop);
    ln_rand_init(&gw->rand, 0);
    gw->scratch_in = ln_alloc(LN_SCRATCH_IN);
    gw->hot = ln_buf_borrow(&gw->bufs, LN_SCRATCH_IN);
    gw->hot_up = ln_buf_borrow(&gw->bufs, LN_SCRATCH_IN);
    gw->scratch_out = ln_alloc(LN_SCRATCH_OUT);
    ln_list_init(&gw->connections);
    ln_list_init(&gw->detached);
    return gw;
}

/* ---- generations
 * ---------------------------------------------------------------------------------------------- */

int ln_gateway_prepare(struct ln_gateway *gw, const char *conf_path, struct ln_bundle *bundle,
                       uint64_t number, struct ln_diag *diag)
{
    struct ln_vm_env env = {.loop = gw->loop,
                            .shm = gw->shm,
                            .client = &gw->client,
                            .redis = gw->redis,
                            .passwords = gw->passwords,
                            .meters = gw->meters,
                            .slot = gw->slot,
                            .worker = gw->worker,
                            .number = number};

    for (unsigned i = 0; i < LN_PREPARED_MAX; i++) {
        if (gw->prepared[i] != NULL)
            continue;
        gw->prepared[i] = ln_generation_load(conf_path, bundle, &env, &gw->pools, number, diag);
        if (gw->prepared[i] == NULL)
            return -1;
        gw->prepared[i]->services->listener = &gw->listener;
        return 0;
    }
    ln_diag_error(diag, NULL, "too many generations wait to be committed");
    return -1;
}

/* What a generation does by itself begins when it is committed and ends when it retires. */
static void begin(struct ln_gateway *gw, struct ln_generation *g)
{
    ln_vm_start(g->vm);
    ln_services_publish(g->services);
    g->names = ln_names_start(g->services, gw->shm, &gw->pools, gw->client.resolver,
                              g->conf->gateway.resolver.hold);
    g->checks = ln_checks_start(g->services, gw->shm, &gw->pools, &gw->arenas);
    g->spares = ln_spares_start(g->services, &gw->pools);
}

static void retire(struct ln_generation *g)
{
    ln_vm_retire(g->vm);
    ln_checks_stop(g->checks);
    g->checks = NULL;
    ln_spares_stop(g->spares);
    g->spares = NULL;
    ln_names_stop(g->names);
    g->names = NULL;
}

static bool is_same_resolver(const struct ln_resolver_conf *a, const struct ln_resolver_conf *b)
{
    return strcmp(a->servers, b->servers) == 0 && a->timeout == b->timeout &&
           a->tries == b->tries && a->ttl_min == b->ttl_min && a->ttl_max == b->ttl_max;
}

/* Only when it differs from what is: what the resolver remembers survives other reloads. */
static void apply_resolver(struct ln_gateway *gw, const struct ln_generation *before)
{
    const struct ln_resolver_conf *conf = &gw->current->conf->gateway.resolver;
    struct ln_resolver_options options = ln_resolver_defaults();
    struct ln_err err;

    if (gw->client.resolver == NULL ||
        (before != NULL && is_same_resolver(conf, &before->conf->gateway.resolver)))
        return;
    options.dns =
        (struct ln_dns_options){.servers = conf->servers[0] != '\0' ? conf->servers : NULL,
                                .timeout = conf->timeout,
                                .tries = conf->tries};
    options.ttl_min = conf->ttl_min;
    options.ttl_max = conf->ttl_max;
    if (options.negative > conf->ttl_max)
        options.negative = conf->ttl_max;
    if (ln_resolver_configure(gw->client.resolver, &options, &err) != 0)
        ln_warn("names are looked up as before: %s", err.text);
}

static void apply_tcp(struct ln_gateway *gw)
{
    const struct ln_tcp_conf *tcp = &gw->current->conf->gateway.tcp;

    gw->pools.tcp = (struct ln_tcp_options){tcp->nodelay, tcp->keep_alive};
    for (struct ln_port *p = gw->ports; p != NULL; p = p->next)
        ln_stream_tcp(p->listener.fd, &gw->pools.tcp);
}

void ln_gateway_commit(struct ln_gateway *gw)
{
    uint64_t number = atomic_load_explicit(gw->commit, memory_order_acquire);

    for (unsigned i = 0; i < LN_PREPARED_MAX; i++) {
        struct ln_generation *g = gw->prepared[i];

        if (g == NULL || g->number > number)
            continue;
        gw->prepared[i] = NULL;
        if (g->number < number) { /* never committed */
            ln_generation_put(g);
            continue;
        }
        struct ln_generation *before = gw->current;

        if (before != NULL)
            retire(before);
        gw->current = g;
        apply_resolver(gw, before);
        apply_tcp(gw);
        if (!gw->draining)
            begin(gw, g);
        if (before != NULL) {
            ln_vm_inherit(g->vm, before->vm);
            ln_generation_put(before);
        }
        ln_slot_set(&gw->slot->generation, number);
    }
}

void ln_gateway_discard(struct ln_gateway *gw, uint64_t number)
{
    for (unsigned i = 0; i < LN_PREPARED_MAX; i++) {
        if (gw->prepared[i] == NULL || gw->prepared[i]->number != number)
            continue;
        ln_generation_put(gw->prepared[i]);
        gw->prepared[i] = NULL;
    }
}

/* ---- listeners
 * ------------------------------------------------------------------------------------------------
 */

static void on_accept(struct ln_listener *l, int fd, const struct sockaddr_storage *peer,
                      socklen_t len)
{
    ln_downstream_accept(ln_container_of(l, struct ln_port, listener), fd, peer, len);
}

/* What the kernel bound, since a configuration may leave the choice to it. */
static unsigned port_number(int fd)
{
    struct ln_addr a = {.len = sizeof(struct sockaddr_un)};

    if (getsockname(fd, &a.any, &a.len) != 0)
        return 0;
    return a.any.sa_family == AF_INET    ? ntohs(a.v4.sin_port)
           : a.any.sa_family == AF_INET6 ? ntohs(a.v6.sin6_port)
                                         : 0;
}

void ln_gateway_listen(struct ln_gateway *gw, int fd, unsigned listener)
{
    struct ln_port *port = ln_zalloc(sizeof *port);

    ln_stream_tcp(fd, &gw->pools.tcp);
    port->gw = gw;
    port->index = listener;
    port->number = port_number(fd);
    port->next = gw->ports;
    gw->ports = port;
    ln_listener_start(&port->listener, gw->loop, fd, on_accept);
}

void ln_gateway_unlisten(struct ln_gateway *gw, int fd)
{
    for (struct ln_port **at = &gw->ports; *at != NULL; at = &(*at)->next) {
        struct ln_port *port = *at;

        if (port->listener.fd != fd)
            continue;
        ln_listener_stop(&port->listener);
        *at = port->next;
        ln_free(port);
        return;
    }
}

/* ---- drain
 * ----------------------------------------------------------------------------------------------------
 */

static void on_drained(struct ln_timer *t)
{
    struct ln_gateway *gw = ln_container_of(t, struct ln_gateway, drained);

    gw->on_drained(gw->drained_arg);
}

void ln_gateway_check_drained(struct ln_gateway *gw)
{
    if (gw->draining && gw->on_drained != NULL && gw->connection_count == 0 &&
        gw->exchange_count == 0 && !ln_timer_is_running(&gw->drained))
        ln_timer_start(gw->loop, &gw->drained, 0, on_drained);
}

static void close_idle(struct ln_gateway *gw)
{
    struct ln_list *next;

    for (struct ln_list *at = gw->connections.next; at != &gw->connections; at = next) {
        struct ln_downstream *d = ln_container_of(at, struct ln_downstream, node);

        next = at->next;
        ln_downstream_hurry(d);
        if (!ln_downstream_is_idle(d))
            continue;
        if (d->requests > 0)
            ln_downstream_close(d);
        else /* a new connection: its first request is on the way */
            ln_downstream_patience(d, LN_PATIENCE_HEADER, FIRST_REQUEST_MS);
    }
}

void ln_gateway_drain(struct ln_gateway *gw, void (*done)(void *arg), void *arg)
{
    gw->draining = true;
    if (gw->current != NULL)
        retire(gw->current);
    gw->on_drained = done;
    gw->drained_arg = arg;
    while (gw->ports != NULL) {
        ln_listener_empty(&gw->ports->listener);
        ln_gateway_unlisten(gw, gw->ports->listener.fd);
    }
    close_idle(gw);
    ln_gateway_check_drained(gw);
}

/* ---- the end
 * --------------------------------------------------------------------------------------------------
 */

static void abort_connections(struct ln_gateway *gw)
{
    while (!ln_list_is_empty(&gw->connections)) {
        struct ln_downstream *d = ln_container_of(gw->connections.next, struct ln_downstream, node);

        if (d->x != NULL)
            ln_exchange_client_gone(d->x);
        if (!d->closed)
            ln_downstream_close(d);
    }
    while (!ln_list_is_empty(&gw->detached))
        ln_exchange_abandon(ln_container_of(gw->detached.next, struct ln_exchange, node));
}

void ln_gateway_free(struct ln_gateway *gw)
{
    gw->on_drained = NULL;
    gw->draining = true;
    ln_timer_stop(gw->loop, &gw->drained);
    while (gw->ports != NULL)
        ln_gateway_unlisten(gw, gw->ports->listener.fd);
    abort_connections(gw);
    ln_loop_bury(gw->loop);
    for (unsigned i = 0; i < LN_PREPARED_MAX; i++)
        if (gw->prepared[i] != NULL)
            ln_generation_put(gw->prepared[i]);
    if (gw->current != NULL)
        ln_generation_put(gw->current);
    ln_loop_bury(gw->loop);
    ln_meters_free(gw->meters);
    ln_passwords_free(gw->passwords);
    ln_redis_pool_free(gw->redis);
    ln_resolver_free(gw->client.resolver);
    ln_pools_fini(&gw->pools);
    ln_deadlines_free(gw->deadlines);
    ln_slab_fini(&gw->exchanges);
    ln_slab_fini(&gw->downstreams);
    ln_arena_cache_fini(&gw->arenas);
    ln_buf_return(&gw->bufs, gw->hot);
    ln_buf_return(&gw->bufs, gw->hot_up);
    ln_buf_cache_fini(&gw->bufs);
    ln_free(gw->scratch_in);
    ln_free(gw->scratch_out);
    ln_free(gw);
}

/* ---- odds and ends
 * -------------------------------------------------------------------------------------------- */

struct ln_slice ln_gateway_date(struct ln_gateway *gw)
{
    return ln_date_at(&gw->date, ln_clock_wall());
}

static unsigned alive(const struct ln_gateway *gw)
{
    unsigned count = gw->current != NULL;

    for (unsigned i = 0; i < LN_PREPARED_MAX; i++)
        count += gw->prepared[i] != NULL;
    return count;
}

void ln_gateway_numbers(const struct ln_gateway *gw, struct ln_gateway_numbers *out)
{
    *out = (struct ln_gateway_numbers){
        .connections = gw->connection_count,
        .exchanges = gw->exchange_count,
        .served = ln_slot_get(&gw->slot->served),
        .generation = gw->current != NULL ? gw->current->number : 0,
        .generations = alive(gw),
    };
}
