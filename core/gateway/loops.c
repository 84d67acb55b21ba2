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

void ln_loops_warn(const struct ln_conf *conf, struct ln_diag *diag)
{
    for (unsigned i = 0; i < conf->service_count; i++) {
        const struct ln_service_conf *s = &conf->services[i];

        for (unsigned k = 0; k < s->instance_count; k++) {
            const struct ln_listener_conf *l = listener_of(conf, &s->instances[k]);

            if (l != NULL)
                ln_diag_warn(diag, &s->instances[k].place,
                             "instance %s of %s is the listener \"%s\" of this gateway: requests "
                             "that come back to the same route go round until connections run out",
                             s->instances[k].url, s->name, l->name);
        }
    }
}
