/* SPDX-License-Identifier: Apache-2.0
 * seat.h - instances whose addresses follow a name, as one worker sees them.
 *
 * What the name stands for is in shared memory (shm/members.h). An instance that has one name keeps
 * a list of addresses, and the list changes. A name under `discover` has a row of instances, one
 * for each spot in shared memory, most of which nobody sits on; each has a configuration of its
 * own, made of that of the entry and of the address.
 *
 * Nothing of it is ever given back while the generation lives, only written over: what others point
 * to stays readable. An instance is written over when the last request of all workers that it had
 * in flight has ended; checks, which do not count there, compare `turn`.
 *
 * Owner: the service. One worker, one thread.
 */
#ifndef LN_UPSTREAM_SEAT_H
#define LN_UPSTREAM_SEAT_H

#include "base/err.h"
#include "conf/conf_service.h"
#include "shm/demand.h"
#include "shm/members.h"

struct ln_service;
struct ln_instance;
struct ln_pools;

/* An entry of services[].instances that has a name. */
struct ln_followed {
    const struct ln_instance_conf *conf; /* borrowed */
    struct ln_instance *instances;       /* of the service: one, or one for each spot */
    unsigned count;
    struct ln_members members;
};

/* How many instances the entry makes at most. core/conf/rows_instance.c adds them up, too. */
static inline unsigned ln_seats_of(const struct ln_instance_conf *conf)
{
    return conf->discover == LN_DISCOVER_OFF ? 1 : 2 * conf->discover_max;
}

void ln_seats_demand(const struct ln_service_conf *s, const struct ln_instance_conf *i,
                     struct ln_demand *demand);

/* The name of the entry begins to be followed; what was known when the configuration was loaded
 * holds until somebody has asked. `instances` have conf, service and record, those of `discover`
 * get their records here. */
int ln_seats_init(struct ln_followed *f, struct ln_instance *instances,
                  const struct ln_instance_conf *conf, struct ln_shm *shm, struct ln_err *err);
void ln_seats_fini(struct ln_followed *f);

/* Takes over what shared memory says now. False: nobody has asked for the name yet. */
bool ln_seats_look(struct ln_followed *f, struct ln_pools *pools);

/* What an instance at this spot is called: http://ADDRESS:PORT and the base of its entry. */
void ln_seat_url(const struct ln_spot *p, const char *base, char *out, size_t size);
enum { LN_SEAT_URL = 64 }; /* bytes of it without the base */

#endif
