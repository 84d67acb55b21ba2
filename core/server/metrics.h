/* SPDX-License-Identifier: Apache-2.0
 * metrics.h - what the gateway counts, in the text format of Prometheus: for `lunette metrics`.
 *
 * Read from shared memory by the supervisor; no worker is asked.
 */
#ifndef LN_SERVER_METRICS_H
#define LN_SERVER_METRICS_H

#include "server/status.h"
#include "shm/demand.h"

/* `demand` is that of the generation in use: its zones and the metrics of its plugins. */
void ln_metrics_print(const struct ln_status *s, const struct ln_demand *demand,
                      struct ln_text *out);

#endif
