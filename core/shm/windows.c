/* SPDX-License-Identifier: Apache-2.0
 * windows.c - asks several windows as one.
 */
#include "shm/windows.h"

#include <stdio.h>

#include "base/assert.h"

/* Of two windows: who refuses for longer, or has less left, or the same for longer. */
static bool is_tighter(const struct ln_limit_answer *a, const struct ln_limit_answer *b)
{
    if (a->ok != b->ok)
        return !a->ok;
    if (!a->ok)
        return a->wait > b->wait;
    return a->left != b->left ? a->left < b->left : a->reset > b->reset;
}

static unsigned ask_each(const struct ln_limit_window *w, uint64_t hash, uint64_t cost,
                         enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out)
{
    unsigned which = 0;
    bool shared = false;

    for (unsigned n = 1; w != NULL; n++, w = w->also) {
        struct ln_limit_answer a;

        ln_limiter_take(&w->zone, &w->plan, hash ^ w->salt, cost, mode, now, &a);
        shared |= a.shared;
        if (which > 0 && !is_tighter(&a, out))
            continue;
        *out = a;
        which = n;
    }
    out->shared = shared;
    return which;
}

unsigned ln_windows_take(const struct ln_limit_window *w, uint64_t hash, uint64_t cost,
                         enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out)
{
    if (LN_LIKELY(w->also == NULL)) {
        ln_limiter_take(&w->zone, &w->plan, hash ^ w->salt, cost, mode, now, out);
        return 1;
    }
    if (mode == LN_PLAN_TAKE) {
        unsigned which = ask_each(w, hash, cost, LN_PLAN_LOOK, now, out);

        if (!out->ok)
            return which;
    }
    return ask_each(w, hash, cost, mode, now, out);
}

struct ln_slice ln_windows_name(struct ln_arena *a, struct ln_slice name,
                                const struct ln_plan *plan, unsigned n)
{
    char number[16] = "", kind[72] = "";

    if (n > 0)
        snprintf(number, sizeof number, "\n%u", n + 1);
    if (plan->way != LN_LIMIT_GCRA)
        snprintf(kind, sizeof kind, "\n%s%.0u\n%llu", ln_limit_words[plan->way],
                 ln_plan_cells(plan), (unsigned long long)(plan->span / LN_NSEC_PER_MSEC));
    return ln_arena_printf(a, "%.*s%s%s", (int)name.n, name.p, number, kind);
}

void ln_windows_demand(const struct ln_plan *plan, size_t clients, struct ln_slice name,
                       struct ln_demand *demand)
{
    ln_demand_add(demand, LN_ZONE_LIMITER, name, ln_limiter_size(plan, clients));
}

bool ln_windows_open(struct ln_limit_window *w, const struct ln_plan *plan, size_t clients,
                     struct ln_slice name, const struct ln_shm *shm)
{
    size_t size = ln_limiter_size(plan, clients);
    void *at = ln_shm_find(shm, LN_ZONE_LIMITER, name, &size);

    if (at == NULL)
        return false;
    w->plan = *plan;
    ln_limiter_open(&w->zone, plan, at, size);
    return true;
}
