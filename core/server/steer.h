/* SPDX-License-Identifier: Apache-2.0
 * steer.h - carries out `lunette drain`, `disable`, `enable` and `weight`: the supervisor's side.
 *
 * What is said is one store in shared memory (shm/steer.h); no worker is asked, and each obeys at
 * its next pick.
 */
#ifndef LN_SERVER_STEER_H
#define LN_SERVER_STEER_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/slice.h"
#include "base/text.h"
#include "shm/demand.h"
#include "shm/region.h"

/* Does the line begin with one of these verbs? */
bool ln_steer_is_command(struct ln_slice line);

/* Carries out such a line, "drain SERVICE INSTANCE" or "weight SERVICE INSTANCE N". `demand`: that
 * of the generation in use, which names its services and instances. `now` in milliseconds. Appends
 * a sentence to `out`: what is now, or, when false, what is wrong. */
bool ln_steer(struct ln_shm *shm, const struct ln_demand *demand, struct ln_slice line, ln_msec now,
              struct ln_text *out);

#endif
