/* SPDX-License-Identifier: Apache-2.0
 * instances.h - how the instances of services are: for `lunette instances`.
 *
 * Read from shared memory by the supervisor; no worker is asked.
 */
#ifndef LN_SERVER_INSTANCES_H
#define LN_SERVER_INSTANCES_H

#include "server/crew.h"
#include "shm/demand.h"

/* {"ok":true,"instances":[...]}, or with `as_text` {"ok":true,"text":"..."} for people; of one
 * service, or, when that is empty, of all. `demand` is that of the generation in use. */
void ln_instances_answer(const struct ln_crew *crew, const struct ln_demand *demand,
                         struct ln_slice service, bool as_text, struct ln_text *out);

#endif
