/* SPDX-License-Identifier: Apache-2.0
 * facts.h - a replaying bundle from facts in memory, so that loading a configuration asks neither
 * the file system nor the resolver nor the environment.
 */
#ifndef LN_FUZZ_FACTS_H
#define LN_FUZZ_FACTS_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "conf/bundle_fact.h"

/* Copies key and value, which may be in one piece with others; false if the bundle has this key. */
static inline bool facts_add(struct ln_bundle *b, enum ln_fact_kind kind, struct ln_slice key,
                             struct ln_slice value)
{
    struct ln_fact fact = {
        .kind = kind, .key = ln_arena_dup(&b->arena, key), .value = ln_arena_dup(&b->arena, value)};

    return ln_bundle_add(b, &fact);
}

static inline int facts_save(const struct ln_bundle *b)
{
    int fd = memfd_create("facts", MFD_CLOEXEC);

    ln_assert(fd >= 0 && ln_bundle_save(b, fd, NULL) == 0);
    return fd;
}

/* The same facts, and nothing else any more; frees b. */
static inline struct ln_bundle *facts_replay(struct ln_bundle *b)
{
    int fd = facts_save(b);
    struct ln_bundle *again = ln_bundle_replay(fd, NULL);

    ln_assert(again != NULL && ln_bundle_hash(again) == ln_bundle_hash(b));
    close(fd);
    ln_bundle_free(b);
    return again;
}

#endif
