/* SPDX-License-Identifier: Apache-2.0
 * names.h - what the names of instances stand for is asked for again and again, in one worker for
 * all.
 *
 * Whichever worker has the lease asks, each name when the TTL of its last answer is over, and
 * writes what it hears to shared memory (shm/members.h), where every worker sees it at its next
 * pick, or within a second. It gives the lease up when its generation retires, and loses it when it
 * dies: another one goes on within LN_LEASE_TERM.
 *
 *   an answer             is what holds from now on; who is not in it gets no more requests
 *   an answer in part     (one of two families, some of the targets) nobody leaves for it
 *   no answer             nothing changes, however long that takes
 *   "no addresses"        of an instance: nothing changes. Of a name under `discover`: nothing for
 *                         gateway.resolver.hold; when the servers still say so, all leave
 *
 * The log is told once of each change, and once of each trouble and its end.
 *
 * Owner: the generation; the services and the resolver must live longer. One worker, one thread.
 */
#ifndef LN_UPSTREAM_NAMES_H
#define LN_UPSTREAM_NAMES_H

#include "net/resolve.h"
#include "upstream/service.h"

struct ln_names;

/* The name of the LN_ZONE_LEASE; no plugin can have it. */
#define LN_NAMES_LEASE LN_SLICE(" names")

/* NULL: no instance has a name. `hold` as in gateway.resolver. Without a resolver (NULL) no name is
 * to be had. */
struct ln_names *ln_names_start(struct ln_services *services, struct ln_shm *shm,
                                struct ln_pools *pools, struct ln_resolver *resolver, ln_msec hold);

/* Ends what is under way without a word and gives the lease to whoever wants it. NULL is harmless.
 */
void ln_names_stop(struct ln_names *n);

#endif
