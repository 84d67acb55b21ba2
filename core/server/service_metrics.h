/* SPDX-License-Identifier: Apache-2.0
 * service_metrics.h - how services and instances are and have fared, in the text format of
 * Prometheus.
 *
 * Read from shared memory alone. The series are bounded: the first LN_METRICS_INSTANCES instances,
 * in the order of the configuration, and as many services have some of their own; what others have
 * counted is added up in one whose labels say "other", and the numbers of services are those of all
 * of their instances.
 */
#ifndef LN_SERVER_SERVICE_METRICS_H
#define LN_SERVER_SERVICE_METRICS_H

#include "base/clock.h"
#include "base/text.h"
#include "shm/demand.h"
#include "shm/region.h"

enum { LN_METRICS_INSTANCES = 1000 };

/* `demand` is that of the generation in use, `now` monotonic. */
void ln_service_metrics_print(const struct ln_shm *shm, const struct ln_demand *demand, ln_msec now,
                              struct ln_text *out);

#endif
