/* SPDX-License-Identifier: Apache-2.0
 * rows_pool.c - services[].pool: connections that are kept.
 */
#include "conf/row_type.h"
#include "conf/rows.h"

#define AT(field) offsetof(struct ln_service_conf, field)

/* clang-format off */
static const struct ln_row rows[] = {
    {"idle", &ln_type_unsigned, AT(pool.idle), "64", LN_RANGE(0, 65535),
     "Idle connections that each worker keeps for each instance; 0 = none are kept."},
    {"idleTimeout", &ln_type_duration, AT(pool.idle_timeout), "60s", LN_RANGE(1, LN_YEAR_MSEC),
     "How long an idle connection is kept; shorter when the instance says `Keep-Alive: timeout=`, or was seen to close younger ones."},
    {"minIdle", &ln_type_unsigned, AT(pool.min_idle), "0", LN_RANGE(0, 65535),
     "Connections that each worker keeps open and ready for each instance that is up, from the load on; those that are lost or too old are replaced."},
    {"max", &ln_type_unsigned, AT(pool.max), "0", LN_RANGE(0, 1000000),
     "Connections, idle ones included, that each worker has to each instance at most, those of upgraded requests too and those of checks not; 0 = no bound. When every instance has as many, requests wait: `queue`."},
    {0},
};
/* clang-format on */

static void refuse(struct ln_reader *r, const struct ln_node *map, const char *why)
{
    ln_row_error(r, &ln_node_get(map, "minIdle")->place, "minIdle: %s", why);
}

/* What would be opened in vain. */
static void check(struct ln_reader *r, const struct ln_node *map, void *base)
{
    const struct ln_service_conf *s = base;

    if (s->pool.min_idle == 0)
        return;
    if (s->proxy != LN_PROXY_SEND_OFF)
        refuse(r, map, "with proxyProtocol no connection can wait for a request, expected 0");
    else if (s->pool.min_idle > s->pool.idle)
        refuse(r, map, "more than are kept, expected at most idle");
    else if (s->pool.max > 0 && s->pool.min_idle > s->pool.max)
        refuse(r, map, "more than may be open, expected at most max");
}

const struct ln_block ln_rows_pool = {.rows = rows, .check = check};
