/* SPDX-License-Identifier: Apache-2.0
 * checks.h - checks the instances of all services that have `health`, in one worker for all.
 *
 * Whichever worker has the lease checks; it gives it up when its generation retires, and loses it
 * when it dies: another one goes on within LN_LEASE_TERM, where it was left off. Each check opens a
 * connection of its own and closes it; it takes no turn, counts as no request, and passes breakers
 * and queues by. What it finds is in the instance's shared record (upstream/check.h).
 *
 * Our own troubles say nothing about an instance: no descriptors, or a worker that was stopped for
 * longer than the timeout.
 *
 * Owner: the generation; the services must live longer. One worker, one thread.
 */
#ifndef LN_UPSTREAM_CHECKS_H
#define LN_UPSTREAM_CHECKS_H

#include "upstream/service.h"

struct ln_checks;
struct ln_arena_cache;

/* The name of the LN_ZONE_LEASE; no plugin can have it. */
#define LN_CHECKS_LEASE LN_SLICE(" health checks")

/* NULL: no service is checked. */
struct ln_checks *ln_checks_start(struct ln_services *services, struct ln_shm *shm,
                                  struct ln_pools *pools, struct ln_arena_cache *arenas);

/* Ends what is under way without a word and gives the lease to whoever wants it. NULL is harmless.
 */
void ln_checks_stop(struct ln_checks *c);

#endif
