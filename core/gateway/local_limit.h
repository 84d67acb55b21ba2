/* SPDX-License-Identifier: Apache-2.0
 * local_limit.h - rateLimit without Redis: one window or several, in memory that all workers share.
 *
 * Owner: embedded in the generation; the zones survive it, so a reload that leaves rateLimit as it
 * is loses no count. Zeroed is off.
 */
#ifndef LN_GATEWAY_LOCAL_LIMIT_H
#define LN_GATEWAY_LOCAL_LIMIT_H

#include "conf/conf.h"
#include "conf/diag.h"
#include "shm/windows.h"

struct ln_local_limit {
    unsigned count; /* 0 = off, or checking */
    struct ln_limit_window windows[LN_LIMIT_WINDOWS];
};

/* How many clients are told apart here; of a log fewer where nobody has said so
 * (ln_limiter_entries). */
size_t ln_local_limit_clients(const struct ln_limit_conf *conf);

/* Notes in `demand`, if there is one, what it needs; opens it where `shm` is. */
void ln_local_limit_load(struct ln_local_limit *l, struct ln_conf *conf, struct ln_demand *demand,
                         const struct ln_shm *shm, struct ln_diag *diag);

/* Takes one of what the client may have, or says why not. Returns which window says so, from 0. */
unsigned ln_local_limit_take(const struct ln_local_limit *l, uint64_t client, ln_nsec now,
                             struct ln_limit_answer *out);

#endif
