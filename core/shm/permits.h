/* SPDX-License-Identifier: Apache-2.0
 * permits.h - how many requests of a client are under way at once, over all workers.
 *
 * A client has permits with the numbers 0 to most - 1. One that is held is an entry of a dictionary
 * (shm/dict.h) with the client and the number as its key and who holds it as its value; an entry is
 * added only if it is not there, so no number is ever held twice and never more than `most` are
 * held. Nothing else is counted, so nothing can disagree.
 *
 * A permit that was not given back comes back all the same: when its worker is dead, at the next
 * refusal (looked for once a second at most), and in any case when its time is over.
 *
 * Owner: a view in each worker of a zone that is a dictionary which does not evict. Processes: any;
 * no locks. Clock: monotonic.
 */
#ifndef LN_SHM_PERMITS_H
#define LN_SHM_PERMITS_H

#include "shm/dict.h"
#include "shm/region.h"

enum { LN_PERMITS_MOST = 10000, LN_PERMITS_BYTES = 192 /* of the zone, for each that is held */ };

/* What take() says when it gives none. */
enum { LN_PERMITS_NONE = -1, LN_PERMITS_FULL = -2 /* the zone */ };

struct ln_permits {
    struct ln_dict dict;
    const struct ln_shm *shm; /* borrowed */
    unsigned worker;
    uint64_t turn;     /* private: of the last take; where its search began */
    ln_nsec looked_at; /* private: when the dead were last looked for */
};

void ln_permits_init(struct ln_permits *p, const struct ln_shm *shm, unsigned worker, void *zone,
                     size_t size);
void ln_permits_fini(struct ln_permits *p);

/* The ticket of a permit that is now held until `expires`, or one of the above. `most` is from 1 to
 * LN_PERMITS_MOST. */
int64_t ln_permits_take(struct ln_permits *p, struct ln_slice client, unsigned most,
                        ln_nsec expires, ln_nsec now);

/* Nothing if it is somebody else's by now. */
void ln_permits_give(struct ln_permits *p, struct ln_slice client, int64_t ticket, ln_nsec now);

#endif
