/* SPDX-License-Identifier: Apache-2.0
 * loops.c - compares the addresses of instances with those that are listened on.
 */
#include "gateway/loops.h"

#include <string.h>

static unsigned port_of(const struct ln_addr *a)
{
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_port;
    return a->any.sa_family == AF_INET6 ? a->v6.sin6_port : 0;
}

static bool is_any(const struct ln_addr *a)
{
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return a->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

static bool is_loopback(const struct ln_addr *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return a->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static bool listens_on(const struct ln_listener_conf *l, const struct ln_addr *addr)
{
    char x[LN_ADDR_TEXT], y[LN_ADDR_TEXT];

    if (l->addr.len == 0 || addr->len == 0)
        return false;
    if (addr->any.sa_family != AF_UNIX && port_of(addr) == 0)
        return false;
    if (strcmp(ln_addr_print(&l->addr, x), ln_addr_print(addr, y)) == 0)
        return true;
    return is_any(&l->addr) && is_loopback(addr) && port_of(&l->addr) == port_of(addr);
}

static const struct ln_listener_conf *listener_of(const struct ln_conf *conf,
                                                  const struct ln_instance_conf *instance)
{
    for (unsigned i = 0; i < conf->gateway.listener_count; i++)
        for (unsigned k = 0; k < instance->addr_count; k++)
            if (listens_on(&conf->gateway.listeners[i], &instance->addrs[k]))
                return &conf->gateway.listeners[i];
    return NULL;
}

static bool goes_to(const struct ln_route *r, int service)
{
    for (unsigned i = 0; r->split != NULL && i < r->split->count; i++)
        if (r->split->services[i] == service)
            return true;
    return r->split == NULL && r->service == service;
}

/* Can a request come to the instance, back to the listener, and find a route to the same service
 * again and again? Where each round takes something off its path, it cannot. */
static bool goes_round(const struct ln_route *routes, unsigned count, int service,
                       const struct ln_instance_conf *instance, const struct ln_listener_conf *l)
{
    for (unsigned i = 0; i < count; i++) {
        const struct ln_route *r = &routes[i];
        bool gets_shorter = r->strip != NULL && strlen(r->strip) > 1 && instance->base[0] == '\0';

        if (goes_to(r, service) && !gets_shorter &&
            (r->listener == NULL || strcmp(r->listener, l->name) == 0))
            return true;
    }
    return false;
}

void ln_loops_warn(const struct ln_conf *conf, const struct ln_route *routes, unsigned count,
                   struct ln_diag *diag)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        const struct ln_service_conf *s = &conf->services[i];

        for (unsigned k = 0; k < s->instance_count; k++) {
            const struct ln_listener_conf *l = listener_of(conf, &s->instances[k]);

            if (l != NULL && goes_round(routes, count, (int)i, &s->instances[k], l))
                ln_diag_warn(diag, &s->instances[k].place,
                             "instance %s of %s is the listener \"%s\" of this gateway: requests "
                             "that come back to the same route go round until connections run out",
                             s->instances[k].url, s->name, l->name);
        }
    }
}
