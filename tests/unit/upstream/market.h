/* SPDX-License-Identifier: Apache-2.0
 * market.h - services in a shared region of four workers, without any connection.
 */
#ifndef LN_UNIT_MARKET_H
#define LN_UNIT_MARKET_H

#include "upstream/yard.h"

#include "upstream/health.h"
#include "upstream/service.h"

static const struct ln_tried nowhere;

enum { INSTANCES = 1000, NOW = 1000000 };

struct market {
    struct yard yard;
    struct ln_shm *shm;
    struct ln_conf conf;
    struct ln_service_conf service[2]; /* [0].strategy and such may be set before OPEN */
    struct ln_instance_conf instance[INSTANCES];
    char url[INSTANCES][32];
    struct ln_services *all;
    unsigned met[INSTANCES];
};

static inline void demand(struct market *m)
{
    struct ln_demand d;
    struct ln_err err;

    ln_demand_init(&d);
    ln_services_demand(&m->conf, &d);
    assert_int_equal(ln_shm_satisfy(m->shm, &d, &err), 0);
    ln_demand_fini(&d);
}

/* One service with an instance for each weight; NULL: all weigh 1. */
static inline struct ln_service *open_market(struct market *m, const unsigned *weights,
                                             unsigned count)
{
    struct ln_err err;

    for (unsigned i = 0; i < count; i++) {
        snprintf(m->url[i], sizeof m->url[i], "http://127.0.0.1:%u", 1 + i);
        m->instance[i].url = m->url[i];
        m->instance[i].weight = weights != NULL ? weights[i] : 1;
    }
    m->service[0].name = "users";
    m->service[0].instances = m->instance;
    m->service[0].instance_count = count;
    m->conf.services = m->service;
    m->conf.service_count = 1;
    demand(m);
    m->all = ln_services_new(&m->conf, m->shm, &m->yard.pools, &err);
    assert_non_null(m->all);
    ln_rand_init(&m->all->rand, 1);
    return &m->all->v[0];
}

#define OPEN(m, ...)                                                                               \
    open_market(m, (const unsigned[]){__VA_ARGS__},                                                \
                sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static inline int set_up(void **state)
{
    struct market *m = calloc(1, sizeof *m);
    struct ln_err err;

    if (m == NULL)
        return -1;
    yard_init(&m->yard);
    m->shm = ln_shm_new(4, &err);
    m->service[0].strategy = LN_STRATEGY_WEIGHTED_ROUND_ROBIN;
    *state = m;
    return m->shm != NULL ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct market *m = *state;

    if (m->all != NULL)
        ln_services_free(m->all);
    yard_fini(&m->yard);
    ln_shm_free(m->shm);
    free(m);
    return 0;
}

static inline struct ln_instance *next_of(struct ln_service *s, const struct ln_tried *tried,
                                          ln_msec now)
{
    bool full = true;
    struct ln_loan loan;
    struct ln_instance *i =
        ln_service_pick(s, &(struct ln_wish){.tried = tried}, now, &loan, &full);

    assert_false(full);
    return i;
}

static inline unsigned index_of(const struct ln_instance *i)
{
    return (unsigned)(i - i->service->instances);
}

static inline void knock_down(struct market *m, unsigned i)
{
    assert_true(ln_health_strike(m->all->v[0].instances[i].record, 0, LN_STRIKES_DOWN, NOW));
}

#endif
