/* SPDX-License-Identifier: Apache-2.0
 * region.h - the one piece of memory that all processes of a gateway share.
 *
 * Made before the first fork and inherited by every child at the same address; reserved generously,
 * committed by the kernel page by page as it is used. Inside are offsets, never pointers. The
 * supervisor alone allocates (ln_shm_satisfy), and nothing is ever given back, so whoever found a
 * zone may keep its address for life.
 *
 *   head: magic, layout, hash key, commit word | slots, one per worker | directory of zones | names
 * and zones
 *
 * Threads and processes: ln_shm_find() may run anywhere while the supervisor allocates: an entry of
 * the directory is published by the store of its offset, after everything else in it.
 */
#ifndef LN_SHM_REGION_H
#define LN_SHM_REGION_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "shm/demand.h"
#include "shm/slot.h"

enum { LN_SHM_LAYOUT = 2, LN_SHM_WORKERS_MAX = 1024 };

struct ln_shm;

/* NULL with `err` when the kernel refuses. 1 to LN_SHM_WORKERS_MAX workers. */
struct ln_shm *ln_shm_new(unsigned workers, struct ln_err *err);
void ln_shm_free(struct ln_shm *shm);

/* The smallest zone of this kind and name that has at least *size bytes, or NULL. *size goes in as
 * the size that was asked for (0 = any) and comes out as the real one. `size` may be NULL: any.
 * Memory that nobody has written to is zero.
 *
 * A name asked for with a larger size than before gets a new zone; generations that still use the
 * old one find that one again, because they ask for less. */
void *ln_shm_find(const struct ln_shm *shm, enum ln_zone_kind kind, struct ln_slice name,
                  size_t *size);

/* Calls `each` for every zone of this kind, the newest first. For the supervisor: the list is not
 * for readers while it grows. */
void ln_shm_each(const struct ln_shm *shm, enum ln_zone_kind kind,
                 void (*each)(void *zone, size_t size, void *arg), void *arg);

/* Makes every zone of the list that is not there yet. -1: the region or its directory is full;
 * zones that were made before the failing one stay and do no harm. Supervisor (or a spec) only. */
int ln_shm_satisfy(struct ln_shm *shm, const struct ln_demand *d, struct ln_err *err);

/* The number of the committed generation: its store is the commit (DESIGN: reload). 0 = none yet.
 */
_Atomic uint64_t *ln_shm_commit_word(const struct ln_shm *shm);

/* Random, chosen when the region is made: the key for everything that is placed by hash. */
const struct ln_hash_key *ln_shm_hash_key(const struct ln_shm *shm);

/* Makes a zone what it was when it was new: nobody may be using it. For specs. */
void ln_shm_clear(void *zone, size_t size);

unsigned ln_shm_workers(const struct ln_shm *shm);
struct ln_shm_slot *ln_shm_slot(const struct ln_shm *shm, unsigned i);

/* Bytes handed out so far, and in all. */
uint64_t ln_shm_used(const struct ln_shm *shm);
uint64_t ln_shm_size(const struct ln_shm *shm);

#endif
