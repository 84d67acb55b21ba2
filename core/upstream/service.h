/* SPDX-License-Identifier: Apache-2.0
 * service.h - the services of one generation in one worker: instances, their shared records, and
 * who is next.
 *
 * Owner: the generation. Whoever picks an instance reports how it went: ln_instance_report().
 */
#ifndef LN_UPSTREAM_SERVICE_H
#define LN_UPSTREAM_SERVICE_H

#include "conf/conf.h"
#include "shm/demand.h"
#include "shm/record.h"
#include "shm/region.h"
#include "upstream/outcome.h"
#include "upstream/pool.h"
#include "upstream/ring.h"

struct ln_instance {
    const struct ln_instance_conf *conf; /* borrowed from the generation */
    struct ln_service *service;
    struct ln_instance_record *record; /* in the shared region */
    struct ln_pool *pool;              /* counted */
};

struct ln_service {
    const struct ln_service_conf *conf; /* borrowed */
    struct ln_instance *instances;
    unsigned count;
    struct ln_ring ring;
    struct ln_cursor_record *cursor;
};

struct ln_services {
    struct ln_service *v;
    unsigned count;
};

/* What the services of a configuration need of the shared region. */
void ln_services_demand(const struct ln_conf *conf, struct ln_demand *demand);

/* NULL with `err` when the region lacks a record that was demanded. */
struct ln_services *ln_services_new(const struct ln_conf *conf, struct ln_shm *shm,
                                    struct ln_pools *pools, struct ln_err *err);
void ln_services_free(struct ln_services *s);

enum { LN_TRIED_MAX = 16 };

/* Instances that this exchange has been to already. */
struct ln_tried {
    uint16_t at[LN_TRIED_MAX];
    unsigned count;
};

/* The next instance that is up and was not tried; if all that are up were tried, one of those.
 * NULL: none is up. */
struct ln_instance *ln_service_pick(struct ln_service *s, const struct ln_tried *tried,
                                    ln_msec now);

/* How an attempt ended; logs changes of health. `now` in milliseconds. */
void ln_instance_report(struct ln_instance *i, enum ln_outcome outcome, ln_msec now);

#endif
