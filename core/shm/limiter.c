/* SPDX-License-Identifier: Apache-2.0
 * limiter.c - a set-associative table of theoretical arrival times, without locks.
 *
 * GCRA keeps one number per client: the moment at which its bucket is full again ("tat"). A request
 * moves it by one emission, and is refused when it would come to lie further ahead than a whole
 * bucket.
 *
 * A client's hash names one set; the set has room for 14 clients:
 *
 *   claim  {hash being entered or 0, way and tat of the entry it replaces}
 *   over   {stamp of the last claim, tat of the bucket that newcomers share while no way is free}
 *   way    {hash, tat} x 14
 *
 * Every change is one compare-and-swap of 16 bytes. Rules that the correctness rests on:
 *
 *   1. In a way and in `over`, every change increases tat. So no value ever returns, a swap whose
 * expected value is still there acts on what was read, and two equal reads of tat enclose a time
 * without change (ln_pair_read).
 *   2. Hashes get into ways by claims only, and there is one claim at a time. A claim names the way
 * and the exact tat of the expired entry to be replaced, so anybody can finish it (finish_claim),
 * it can take effect once at most, and it is void when that entry was used meanwhile. Who finds a
 * claim open finishes it before anything else: a process that died in between delays nobody.
 *   3. (way, tat) never repeats, by rule 1, so an idle `claim` word never returns to an earlier
 * value either. Who read it idle, searched all ways in vain and then swaps it for its own claim
 * therefore knows that its hash was in no way the whole time. Hence a hash is never in two ways.
 *   4. A claim touches `over` before it takes effect, and the new entry starts no earlier than the
 * shared tat. Who read `over` before it saw `claim` idle and then swaps `over` therefore knows that
 * its hash got no way meanwhile. Hence a client is counted in one place at any moment, and moving
 * from the shared bucket to its own gains nothing.
 */
#include "shm/limiter.h"

#include "base/assert.h"
#include "shm/pair.h"

enum {
    WAYS = 14,
    PER_SET = 6
}; /* with 6 clients per set on average, 1 set in 700 has more than 14 */

struct set {
    struct ln_pair claim, over, way[WAYS];
};

/* A claim's stamp: 4 bits for the way (from 1, so that it is never 0), 60 for the tat: 36 years of
 * nanoseconds. */
#define TAT_MASK (((uint64_t)1 << 60) - 1)
#define SPAN_MAX ((uint64_t)1 << 58)

struct ln_limit_plan ln_limit_plan_make(uint64_t count, ln_msec per, unsigned burst)
{
    ln_assert(count > 0 && per > 0 && burst > 0);

    uint64_t ns = per < SPAN_MAX / LN_NSEC_PER_MSEC ? per * LN_NSEC_PER_MSEC : SPAN_MAX;
    uint64_t emission = ns / count + (ns % count != 0);

    if (emission > SPAN_MAX / burst)
        emission = SPAN_MAX / burst;
    return (struct ln_limit_plan){emission, emission * burst, burst};
}

size_t ln_limiter_size(size_t entries)
{
    size_t sets = entries / PER_SET + 1;

    return sets * sizeof(struct set);
}

static struct set *set_of(void *zone, size_t size, uint64_t hash)
{
    size_t sets = size / sizeof(struct set);

    ln_assert(sets > 0 && ((uintptr_t)zone & 15) == 0);
    return (struct set *)zone + (size_t)(((unsigned __int128)hash * sets) >> 64);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The answer for a bucket with this tat, and the tat that it leaves behind. */
static uint64_t judge(const struct ln_limit_plan *l, uint64_t tat, uint64_t cost, ln_nsec now,
                      struct ln_limit_answer *out)
{
    uint64_t debt = later(tat, now) - now;
    uint64_t wanted = cost <= l->burst ? cost * l->emission : 0;

    if (cost > l->burst || debt > l->burst_span || wanted > l->burst_span - debt) {
        out->ok = false;
        out->left = debt < l->burst_span ? (l->burst_span - debt) / l->emission : 0;
        out->wait = cost > l->burst ? l->burst_span : debt + wanted - l->burst_span;
        return tat;
    }
    out->ok = true;
    out->left = (l->burst_span - debt - wanted) / l->emission;
    out->wait = 0;
    return cost > 0 ? now + debt + wanted : tat;
}

/* Judges by `seen` and stores what follows; false when the bucket has changed meanwhile. */
static bool charge(struct ln_pair *bucket, struct ln_pair seen, const struct ln_limit_plan *l,
                   uint64_t cost, ln_nsec now, struct ln_limit_answer *out)
{
    uint64_t tat = judge(l, seen.stamp, cost, now, out);

    return tat == seen.stamp || ln_pair_cas(bucket, seen, (struct ln_pair){seen.id, tat});
}

static struct ln_pair *find_way(struct set *s, uint64_t hash)
{
    for (unsigned i = 0; i < WAYS; i++)
        if (__atomic_load_n(&s->way[i].id, __ATOMIC_ACQUIRE) == hash)
            return &s->way[i];
    return NULL;
}

static unsigned find_expired(const struct set *s, ln_nsec now, uint64_t *tat)
{
    for (unsigned i = 0; i < WAYS; i++) {
        *tat = __atomic_load_n(&s->way[i].stamp, __ATOMIC_ACQUIRE);
        if (*tat < now)
            return i;
    }
    return WAYS;
}

/* Rule 4: whoever looked at `over` before this claim was made must look again. */
static void touch_over(struct set *s, struct ln_pair claim)
{
    for (;;) {
        struct ln_pair over = ln_pair_read(&s->over);

        if (over.id == claim.stamp)
            return;
        if (__atomic_load_n(&s->claim.stamp, __ATOMIC_ACQUIRE) != claim.stamp)
            return; /* finished by others */
        ln_pair_cas(&s->over, over, (struct ln_pair){claim.stamp, over.stamp + 1});
    }
}

static void finish_claim(struct set *s, struct ln_pair claim)
{
    struct ln_pair *way = &s->way[(claim.stamp >> 60) - 1];
    uint64_t replaced = claim.stamp & TAT_MASK;

    touch_over(s, claim);
    for (;;) {
        struct ln_pair old = ln_pair_read(way);
        uint64_t shared = __atomic_load_n(&s->over.stamp, __ATOMIC_ACQUIRE);

        if (old.stamp != replaced)
            break; /* entered already, or void */
        ln_pair_cas(way, old, (struct ln_pair){claim.id, later(replaced + 1, shared)});
    }
    ln_pair_cas(&s->claim, claim, (struct ln_pair){0, claim.stamp});
}

/* The client has no way: gives it one, or lets it share. True when the answer is there. */
static bool take_as_newcomer(struct set *s, const struct ln_limit_plan *l, uint64_t hash,
                             uint64_t cost, ln_nsec now, struct ln_limit_answer *out)
{
    struct ln_pair over = ln_pair_read(&s->over); /* before `claim`: rule 4 */
    struct ln_pair claim = ln_pair_read(&s->claim);
    uint64_t tat;

    if (claim.id != 0) {
        finish_claim(s, claim);
        return false;
    }
    if (find_way(s, hash) != NULL)
        return false;

    unsigned i = find_expired(s, now, &tat);

    out->shared = i == WAYS;
    if (i == WAYS || cost == 0) /* only looking: an entry of its own would start there too */
        return charge(&s->over, over, l, cost, now, out);

    struct ln_pair mine = {hash, (uint64_t)(i + 1) << 60 | tat};

    if (ln_pair_cas(&s->claim, claim, mine))
        finish_claim(s, mine);
    return false;
}

void ln_limiter_take(void *zone, size_t size, const struct ln_limit_plan *limit, uint64_t hash,
                     uint64_t cost, ln_nsec now, struct ln_limit_answer *out)
{
    struct set *s = set_of(zone, size, hash);

    if (hash == 0)
        hash = 1; /* 0 is "nobody" */
    for (;;) {
        struct ln_pair *way = find_way(s, hash);

        if (way == NULL) {
            if (take_as_newcomer(s, limit, hash, cost, now, out))
                return;
            continue;
        }

        struct ln_pair seen = ln_pair_read(way);

        out->shared = false;
        if (seen.id == hash && charge(way, seen, limit, cost, now, out))
            return;
    }
}
