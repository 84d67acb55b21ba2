/* SPDX-License-Identifier: Apache-2.0
 * fallback.c - windows in shared memory, one zone each.
 */
#include "limit/fallback.h"

#include <stdio.h>

#include "base/hash.h"
#include "limit/share.h"

enum { ZONE_NAME = LN_TALLY_RULE_MAX + 32 };

static struct ln_limit countable(const struct ln_limit *limit)
{
    struct ln_limit l = *limit;

    if (ln_plan_refusal(&l) != NULL) {
        l.burst = l.count;
        l.way = LN_LIMIT_GCRA;
    }
    return l;
}

/* No plugin can give its limits such a name. */
static struct ln_slice zone_name(struct ln_slice name, unsigned i, const struct ln_limit *limit,
                                 char out[ZONE_NAME])
{
    int n = snprintf(out, ZONE_NAME, "%.*s\n%s\n%u", (int)name.n, name.p,
                     ln_limit_words[limit->way], i);

    return ln_slice(out, (size_t)n);
}

void ln_fallback_demand(const struct ln_limit *limits, unsigned count, struct ln_slice name,
                        size_t clients, struct ln_demand *demand)
{
    for (unsigned i = 0; i < count; i++) {
        struct ln_limit l = countable(&limits[i]);
        struct ln_plan plan = ln_plan_make(&l);
        char text[ZONE_NAME];

        ln_demand_add(demand, LN_ZONE_LIMITER, zone_name(name, i, &l, text),
                      ln_limiter_size(&plan, clients));
    }
}

bool ln_fallback_open(struct ln_fallback *f, const struct ln_limit *limits, unsigned count,
                      struct ln_slice name, size_t clients, const struct ln_shm *shm)
{
    *f = (struct ln_fallback){.limits = limits, .count = count};
    for (unsigned i = 0; i < count; i++) {
        struct ln_limit l = countable(&limits[i]);
        struct ln_plan plan = ln_plan_make(&l);
        size_t size = ln_limiter_size(&plan, clients);
        char text[ZONE_NAME];
        void *zone = ln_shm_find(shm, LN_ZONE_LIMITER, zone_name(name, i, &l, text), &size);

        if (zone == NULL)
            return false;
        f->windows[i].way = l.way;
        ln_limiter_open(&f->windows[i].zone, &plan, zone, size);
    }
    return true;
}

static uint64_t salt_of(const struct ln_limit *l)
{
    const struct ln_hash_key key = {l->count, l->per};

    return ln_hash(&key, &l->burst, sizeof l->burst);
}

static void divide(struct ln_fallback *f, uint64_t gateways)
{
    if (f->gateways == gateways)
        return;
    f->gateways = gateways;
    for (unsigned i = 0; i < f->count; i++) {
        struct ln_limit l = countable(&f->limits[i]), share = ln_share_of(&l, gateways);

        f->windows[i].plan = ln_plan_make(&share);
        f->windows[i].salt = salt_of(&share);
    }
}

/* Who refuses longer, or has less left. */
static bool is_tighter(const struct ln_limit_answer *a, const struct ln_limit_answer *b)
{
    if (a->ok != b->ok)
        return !a->ok;
    return a->ok ? a->left < b->left : a->wait > b->wait;
}

static void ask_each(struct ln_fallback *f, uint64_t hash, uint64_t cost, enum ln_plan_mode mode,
                     ln_nsec now, struct ln_limit_answer *out, unsigned *which)
{
    bool shared = false;

    for (unsigned i = 0; i < f->count; i++) {
        struct ln_limit_answer a;

        ln_limiter_take(&f->windows[i].zone, &f->windows[i].plan, hash ^ f->windows[i].salt, cost,
                        mode, now, &a);
        shared = shared || a.shared;
        if (i > 0 && !is_tighter(&a, out))
            continue;
        *out = a;
        *which = i;
    }
    out->shared = shared;
}

void ln_fallback_take(struct ln_fallback *f, uint64_t gateways, uint64_t hash, uint64_t cost,
                      enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out,
                      unsigned *which)
{
    divide(f, gateways);
    if (f->count > 1 && mode == LN_PLAN_TAKE) {
        ask_each(f, hash, cost, LN_PLAN_LOOK, now, out, which);
        if (!out->ok)
            return;
    }
    ask_each(f, hash, cost, mode, now, out, which);
}

void ln_fallback_take_as(const struct ln_fallback *f, const struct ln_limit *limit,
                         uint64_t gateways, uint64_t hash, uint64_t cost, enum ln_plan_mode mode,
                         ln_nsec now, struct ln_limit_answer *out)
{
    struct ln_limit l = *limit, share;

    if (l.way != f->windows[0].way) {
        l.burst = l.count;
        l.way = f->windows[0].way;
    }
    share = ln_share_of(&l, gateways);

    struct ln_plan plan = ln_plan_make(&share);

    ln_limiter_take(&f->windows[0].zone, &plan, hash ^ salt_of(&share), cost, mode, now, out);
}
