/* SPDX-License-Identifier: Apache-2.0
 * limiter.c - a set-associative table of what is known of clients, without locks.
 *
 * What a way to count knows of a client is a moment, `stamp`, and 24 bits (plan.h). A request that
 * is let through moves the moment forward.
 *
 * A client's hash names one set; the set has room for 30 clients:
 *
 *   claim  {tag being entered or 0, number of the claim | way and stamp of the entry it replaces}
 *   over   {number of the last claim, more | stamp of what newcomers share while no way is free}
 *   way    {tag, more | stamp} x 30
 *
 * Every change is one compare-and-swap of 16 bytes. Rules that the correctness rests on:
 *
 *   1. In a way and in `over`, every change increases the stamp. So no value ever returns, a swap
 * whose expected value is still there acts on what was read, and two equal reads of the stamp
 * enclose a time without change (ln_pair_read).
 *   2. Tags get into ways by claims only, and there is one claim at a time. A claim names the way
 * and the exact stamp of the free entry to be replaced, so anybody can finish it (finish_claim), it
 * can take effect once at most, and it is void when that entry was used meanwhile. Who finds a
 * claim open finishes it before anything else: a process that died in between delays nobody.
 *   3. (way, stamp) never repeats, by rule 1, so an idle `claim` word never returns to an earlier
 * value either. Who read it idle, searched all ways in vain and then swaps it for its own claim
 * therefore knows that its tag was in no way the whole time. Hence a tag is never in two ways.
 *   4. A claim touches `over` before it takes effect, and the new entry begins with what is shared.
 * Who read `over` before it saw `claim` idle and then swaps `over` therefore knows that its tag got
 * no way meanwhile. Hence a client is counted in one place at any moment, and moving from the
 * shared state to its own gains nothing.
 *   5. The cells of a way's ring (and of `over`'s) follow its state: a request is counted by the
 * swap of the state, and the cells are written after it, by the same process or by whoever looks at
 * the state next, before he looks at the cells. An answer that changes nothing holds only if the
 * state stood still while the cells were read.
 */
#include "shm/limiter.h"

#include "base/assert.h"
#include "shm/pair.h"

enum {
    WAYS = 30,
    PER_SET = 16 /* with 16 clients per set on average, 1 set in 2,000 has more than 30 */
};

struct set {
    struct ln_pair claim, over, way[WAYS];
};

#define MORE_MASK (((uint64_t)1 << LN_PLAN_MORE_BITS) - 1)

/* A claim's stamp: 5 bits for the way (from 1, so that it is never 0), 59 for the stamp: 18 years
 * of nanoseconds. */
enum { STAMP_BITS = 59 };
#define STAMP_MASK (((uint64_t)1 << STAMP_BITS) - 1)

static size_t bytes_of_set(unsigned ring)
{
    return sizeof(struct set) + (WAYS + 1) * sizeof(uint64_t) * ring;
}

size_t ln_limiter_entries(const struct ln_plan *p, size_t clients, bool is_said)
{
    enum { LOG_BYTES = 64 << 20 };
    size_t fit = LOG_BYTES / (32 + 16 * (size_t)ln_plan_cells(p));

    return is_said || clients < fit || ln_plan_cells(p) == 0 ? clients : fit;
}

size_t ln_limiter_size(const struct ln_plan *p, size_t entries)
{
    size_t sets = entries > PER_SET ? (entries + PER_SET - 1) / PER_SET : 1;

    return sets * bytes_of_set(ln_plan_cells(p));
}

void ln_limiter_open(struct ln_limiter_zone *z, const struct ln_plan *p, void *at, size_t size)
{
    z->plan = *p;
    z->ring = ln_plan_cells(p);
    z->sets = at;
    z->count = size / bytes_of_set(z->ring);
    z->cells = z->ring > 0 ? (uint64_t *)((struct set *)at + z->count) : NULL;
    ln_assert(z->count > 0 && ((uintptr_t)at & 15) == 0);
}

/* One request in its set. */
struct take {
    const struct ln_limiter_zone *zone;
    struct set *set;
    uint64_t *cells; /* of the set: those of `over` first */
    const struct ln_plan *plan;
    uint64_t tag, cost;
    enum ln_plan_mode mode;
    unsigned ring;
    ln_nsec now;
    struct ln_limit_answer *out;
};

static uint64_t *cells_of(const struct take *t, const struct ln_pair *p)
{
    return t->cells == NULL ? NULL : t->cells + (size_t)(p - &t->set->over) * t->ring;
}

static struct ln_plan_state state_of(struct ln_pair p)
{
    return (struct ln_plan_state){p.stamp, p.id & MORE_MASK};
}

/* The same client or claim, and another state. */
static struct ln_pair with_state(struct ln_pair p, struct ln_plan_state s)
{
    return (struct ln_pair){(p.id & ~MORE_MASK) | s.more, s.stamp};
}

/* Judges by `seen` and stores what follows; false when the state has changed meanwhile. */
static bool charge(const struct take *t, struct ln_pair *at, struct ln_pair seen)
{
    struct ln_plan_state s = state_of(seen);
    uint64_t *cells = cells_of(t, at);

    if (cells != NULL)
        ln_plan_settle(t->plan, s, cells);
    ln_plan_judge(t->plan, &s, cells, t->cost, t->mode, t->now, t->out);
    if (s.stamp == seen.stamp)
        return cells == NULL || __atomic_load_n(&at->stamp, __ATOMIC_ACQUIRE) == seen.stamp;
    if (!ln_pair_cas(at, seen, with_state(seen, s)))
        return false;
    if (cells != NULL)
        ln_plan_settle(t->plan, s, cells);
    return true;
}

static struct ln_pair *find_way(struct set *s, uint64_t tag)
{
    for (unsigned i = 0; i < WAYS; i++)
        if (__atomic_load_n(&s->way[i].id, __ATOMIC_ACQUIRE) >> LN_PLAN_MORE_BITS == tag)
            return &s->way[i];
    return NULL;
}

static unsigned find_free(const struct take *t, uint64_t *stamp)
{
    uint64_t own = ln_plan_horizon(t->plan, t->now), all = ln_plan_horizon(&t->zone->plan, t->now);
    uint64_t horizon = own < all ? own : all;

    for (unsigned i = 0; i < WAYS; i++) {
        struct ln_pair way = ln_pair_read(&t->set->way[i]);

        *stamp = way.stamp;
        if (way.stamp < horizon)
            return i;
    }
    return WAYS;
}

/* Rule 4: whoever looked at `over` before this claim was made must look again. Claims are numbered,
 * and each touches `over` before the next one is made. */
static void touch_over(struct set *s, struct ln_pair claim)
{
    uint64_t number = claim.id & MORE_MASK;

    for (;;) {
        struct ln_pair over = ln_pair_read(&s->over);

        if (over.id >> LN_PLAN_MORE_BITS == number)
            return;
        if (__atomic_load_n(&s->claim.stamp, __ATOMIC_ACQUIRE) != claim.stamp)
            return; /* finished by others */
        ln_pair_cas(
            &s->over, over,
            (struct ln_pair){number << LN_PLAN_MORE_BITS | (over.id & MORE_MASK), over.stamp + 1});
    }
}

static void finish_claim(const struct take *t, struct ln_pair claim)
{
    struct set *s = t->set;
    struct ln_pair *way = &s->way[(claim.stamp >> STAMP_BITS) - 1];

    touch_over(s, claim);
    for (;;) {
        struct ln_pair old = ln_pair_read(way), over = ln_pair_read(&s->over);

        if (old.stamp != (claim.stamp & STAMP_MASK))
            break; /* entered already, or void */
        ln_pair_cas(way, old,
                    with_state(claim, ln_plan_enter(t->plan, state_of(old), state_of(over))));
    }
    ln_pair_cas(&s->claim, claim, (struct ln_pair){claim.id & MORE_MASK, claim.stamp});
}

/* The client has no way: gives it one, or lets it share. True when the answer is there. */
static bool take_as_newcomer(const struct take *t)
{
    struct ln_pair over = ln_pair_read(&t->set->over); /* before `claim`: rule 4 */
    struct ln_pair claim = ln_pair_read(&t->set->claim);
    uint64_t stamp;

    if (claim.id >> LN_PLAN_MORE_BITS != 0) {
        finish_claim(t, claim);
        return false;
    }
    if (find_way(t->set, t->tag) != NULL)
        return false;

    unsigned i = find_free(t, &stamp);

    t->out->shared = i == WAYS;
    if (i == WAYS || t->cost == 0 || t->mode == LN_PLAN_LOOK)
        return charge(t, &t->set->over, over); /* only looking: its own would begin with that */

    struct ln_pair mine = {t->tag << LN_PLAN_MORE_BITS | ((claim.id + 1) & MORE_MASK),
                           (uint64_t)(i + 1) << STAMP_BITS | stamp};

    if (ln_pair_cas(&t->set->claim, claim, mine))
        finish_claim(t, mine);
    return false;
}

static uint64_t tag_of(uint64_t hash)
{
    uint64_t tag = hash & (UINT64_MAX >> LN_PLAN_MORE_BITS);

    return tag != 0 ? tag : 1; /* 0 is "nobody" */
}

void ln_limiter_take(const struct ln_limiter_zone *z, const struct ln_plan *plan, uint64_t hash,
                     uint64_t cost, enum ln_plan_mode mode, ln_nsec now,
                     struct ln_limit_answer *out)
{
    size_t set = (size_t)(((unsigned __int128)hash * z->count) >> 64);
    struct take t = {z,
                     (struct set *)z->sets + set,
                     z->cells == NULL ? NULL : z->cells + set * (WAYS + 1) * z->ring,
                     plan,
                     tag_of(hash),
                     cost,
                     mode,
                     z->ring,
                     now,
                     out};

    for (;;) {
        struct ln_pair *way = find_way(t.set, t.tag);

        if (way == NULL) {
            if (take_as_newcomer(&t))
                return;
            continue;
        }

        struct ln_pair seen = ln_pair_read(way);

        out->shared = false;
        if (seen.id >> LN_PLAN_MORE_BITS == t.tag && charge(&t, way, seen))
            return;
    }
}
