/* SPDX-License-Identifier: Apache-2.0
 * worker.h - a worker process: one loop, one gateway, and the channel on which the supervisor says
 * what to do.
 */
#ifndef LN_SERVER_WORKER_H
#define LN_SERVER_WORKER_H

#include "base/clock.h"
#include "server/listeners.h"
#include "shm/region.h"

struct ln_worker_env {
    unsigned slot;
    int channel, bundle; /* descriptors of this process from now on */
    uint64_t number;     /* of the generation in the bundle */
    const char *conf_path;
    const char *user;      /* "" = unchanged */
    ln_msec drain_timeout; /* when the supervisor is gone and cannot say */
    struct ln_shm *shm;
    struct ln_listeners *listeners;
};

/* The rest of the process' life. Signals and other descriptors have been dealt with. */
_Noreturn void ln_worker_main(const struct ln_worker_env *env);

#endif
