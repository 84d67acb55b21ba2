/* SPDX-License-Identifier: Apache-2.0
 * split.c - by key, or in turns.
 */
#include "script/split.h"

#include "script/condition.h"

static unsigned by_key(const struct ln_split *s, const struct ln_req *r)
{
    double at = ln_key_fraction(&s->key, r) * (double)s->below[s->count - 1];
    unsigned i = 0;

    while (i + 1 < s->count && at >= (double)s->below[i])
        i++;
    return i;
}

int ln_split_choose(const struct ln_split *s, const struct ln_req *r)
{
    uint64_t turn;

    if (s->sticky)
        return s->services[by_key(s, r)];
    if (s->cursor == NULL)
        return s->services[0];
    turn = atomic_fetch_add_explicit(&s->cursor->picks, 1, memory_order_relaxed);
    return s->services[s->ring.at[turn % s->ring.size]];
}

void ln_split_settle(struct ln_req *r)
{
    if (r->service < 0 && r->route != NULL && r->route->split != NULL)
        r->service = ln_split_choose(r->route->split, r);
}
