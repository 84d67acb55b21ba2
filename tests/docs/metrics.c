/* SPDX-License-Identifier: Apache-2.0
 * metrics.c - every metric of the core with a sample of each label, for the reference.
 */
#include "metrics.h"

#include "server/metrics.h"
#include "shm/counters.h"
#include "shm/record.h"
#include "shm/region.h"
#include "upstream/latency.h"
#include "upstream/seen.h"

static void add_zones(struct ln_demand *d)
{
    struct ln_slice zone = LN_SLICE("zone");

    ln_demand_init(d);
    ln_demand_add_slots(d, LN_ZONE_CURSOR, LN_SLICE("s"), LN_SERVICE_SIZE, LN_SERVICE_EACH);
    ln_demand_add_slots(d, LN_ZONE_INSTANCE, LN_SLICE("s i"), LN_INSTANCE_SIZE, LN_INSTANCE_EACH);
    ln_demand_add_slots(d, LN_ZONE_LOAD, LN_SLICE("s"), sizeof(struct ln_load_record),
                        sizeof(_Atomic uint32_t));
    ln_demand_add(d, LN_ZONE_COUNTER, zone, ln_counters_size(1));
}

/* An instance that has everything that can be told of one. */
static void fill(const struct ln_shm *shm)
{
    const struct ln_service_conf s = {.health.on = true, .breaker.on = true};
    const struct ln_instance_conf i = {.weight = 1};
    struct ln_instance_record *r = ln_shm_find(shm, LN_ZONE_INSTANCE, LN_SLICE("s i"), NULL);

    for (unsigned k = 0; k < LN_OUTCOME_COUNT; k++)
        ln_record_count(&ln_instance_counts(r, 1, 0)->ended[k]);
    ln_seen_publish(r, &s, &i);
    ln_latency_note(&r->latency, 1000, ln_clock_mono() / LN_NSEC_PER_MSEC);
}

int reference_metrics(struct ln_text *out)
{
    struct ln_err err;
    struct ln_demand demand;
    struct ln_crew crew = {.size = 1, .env.shm = ln_shm_new(1, &err)};
    struct ln_status status = {.crew = &crew};
    int rc;

    if (crew.env.shm == NULL)
        return -1;
    add_zones(&demand);
    rc = ln_shm_satisfy(crew.env.shm, &demand, &err);
    if (rc == 0) {
        fill(crew.env.shm);
        ln_metrics_print(&status, &demand, out);
    }
    ln_demand_fini(&demand);
    ln_shm_free(crew.env.shm);
    return rc;
}
