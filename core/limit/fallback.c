/* SPDX-License-Identifier: Apache-2.0
 * fallback.c - windows in shared memory (shm/windows.h), by the plans of shares.
 */
#include "limit/fallback.h"

#include <stdio.h>

#include "base/hash.h"
#include "limit/share.h"

enum { ZONE_NAME = LN_TALLY_RULE_MAX + 48 };

static struct ln_limit countable(const struct ln_limit *limit)
{
    struct ln_limit l = *limit;

    if (ln_plan_refusal(&l) != NULL) {
        l.burst = l.count;
        l.way = LN_LIMIT_GCRA;
    }
    return l;
}

static struct ln_plan plan_of(const struct ln_limit *limit)
{
    struct ln_limit l = countable(limit);

    return ln_plan_make(&l);
}

/* Ways lie differently in memory, and so do logs of different lengths. No plugin can give its
 * limits such a name. */
static struct ln_slice zone_name(struct ln_slice name, unsigned i, const struct ln_plan *plan,
                                 char out[ZONE_NAME])
{
    int n = snprintf(out, ZONE_NAME, "%.*s\n\n%s\n%u\n%u", (int)name.n, name.p,
                     ln_limit_words[plan->way], ln_plan_cells(plan), i);

    return ln_slice(out, (size_t)n);
}

void ln_fallback_demand(const struct ln_limit *limits, unsigned count, struct ln_slice name,
                        size_t clients, bool is_said, struct ln_demand *demand)
{
    for (unsigned i = 0; i < count; i++) {
        struct ln_plan plan = plan_of(&limits[i]);
        char text[ZONE_NAME];

        ln_windows_demand(&plan, ln_limiter_entries(&plan, clients, is_said),
                          zone_name(name, i, &plan, text), demand);
    }
}

bool ln_fallback_open(struct ln_fallback *f, const struct ln_limit *limits, unsigned count,
                      struct ln_slice name, size_t clients, bool is_said, const struct ln_shm *shm)
{
    *f = (struct ln_fallback){.limits = limits, .count = count};
    for (unsigned i = 0; i < count; i++) {
        struct ln_plan plan = plan_of(&limits[i]);
        char text[ZONE_NAME];

        if (!ln_windows_open(&f->windows[i], &plan, ln_limiter_entries(&plan, clients, is_said),
                             zone_name(name, i, &plan, text), shm))
            return false;
        if (i > 0)
            f->windows[i - 1].also = &f->windows[i];
    }
    return true;
}

static uint64_t salt_of(const struct ln_limit *l)
{
    const struct ln_hash_key key = {l->count, l->per};

    return ln_hash(&key, &l->burst, sizeof l->burst);
}

static void set_share(struct ln_limit_window *w, const struct ln_limit *limit, uint64_t gateways)
{
    struct ln_limit share = ln_share_of(limit, gateways);

    w->plan = ln_plan_make(&share);
    w->salt = salt_of(&share);
}

void ln_fallback_take(struct ln_fallback *f, uint64_t gateways, uint64_t hash, uint64_t cost,
                      enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out,
                      unsigned *which)
{
    for (unsigned i = 0; f->gateways != gateways && i < f->count; i++) {
        struct ln_limit l = countable(&f->limits[i]);

        set_share(&f->windows[i], &l, gateways);
    }
    f->gateways = gateways;
    *which = ln_windows_take(f->windows, hash, cost, mode, now, out) - 1;
}

void ln_fallback_take_as(const struct ln_fallback *f, const struct ln_limit *limit,
                         uint64_t gateways, uint64_t hash, uint64_t cost, enum ln_plan_mode mode,
                         ln_nsec now, struct ln_limit_answer *out)
{
    struct ln_limit_window w = {.zone = f->windows[0].zone};
    struct ln_limit l = *limit;

    if (l.way != f->windows[0].plan.way) {
        l.burst = l.count;
        l.way = f->windows[0].plan.way;
    }
    set_share(&w, &l, gateways);
    ln_windows_take(&w, hash, cost, mode, now, out);
}
