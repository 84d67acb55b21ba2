/* SPDX-License-Identifier: Apache-2.0
 * plan.c - the arithmetic of the four ways to count.
 *
 * Everything is whole numbers, and what must be rounded is rounded against the client.
 */
#include "shm/plan.h"

#include "base/assert.h"
#include "shm/word.h"

#define SPAN_MAX ((uint64_t)1 << 57)

/* A log tells times that are less than a tick apart by the order in which they came: the low bits
 * of its stamp. */
enum { TICK = 4096 };

/* Of `more` in a log: where the next unit goes, and how many units the last request had. */
enum { LOG_BITS = 12 };
#define LOG_MASK ((1u << LOG_BITS) - 1)

const char *ln_plan_refusal(const struct ln_limit *limit)
{
    if (limit->way == LN_LIMIT_SLIDING_LOG && limit->count > LN_PLAN_LOG_MAX)
        return "sliding_log counts at most 4000 in this gateway's memory, since it keeps the "
               "moment of each; sliding_window takes more";
    if ((limit->way == LN_LIMIT_SLIDING_WINDOW || limit->way == LN_LIMIT_FIXED_WINDOW) &&
        limit->count > LN_PLAN_WINDOW_MAX)
        return "windows count at most 16000000 in this gateway's memory; gcra takes more";
    return NULL;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct ln_plan ln_plan_make(const struct ln_limit *l)
{
    ln_assert(l->count > 0 && l->per > 0 && l->way < LN_LIMIT_WAYS && ln_plan_refusal(l) == NULL);

    uint64_t ns = l->per < SPAN_MAX / LN_NSEC_PER_MSEC ? l->per * LN_NSEC_PER_MSEC : SPAN_MAX;

    if (l->way == LN_LIMIT_GCRA) {
        uint64_t burst = less(later(l->burst, 1), SPAN_MAX);
        uint64_t emission = less(ns / l->count + (ns % l->count != 0), SPAN_MAX / burst);

        return (struct ln_plan){l->way, burst, emission, emission * burst};
    }
    uint64_t most = less(l->count, ns - 1);

    return (struct ln_plan){l->way, most, (ns - 1) / most, ns};
}

unsigned ln_plan_cells(const struct ln_plan *p)
{
    return p->way == LN_LIMIT_SLIDING_LOG ? (unsigned)p->most : 0;
}

/* What every way says in the same manner: of `most` there were `used`, and now `taken` more are. */
static void say(const struct ln_plan *p, uint64_t used, uint64_t taken, bool ok,
                struct ln_limit_answer *out)
{
    uint64_t all = used + taken;

    out->ok = ok;
    out->left = all < p->most ? p->most - all : 0;
    out->wait = 0;
}

/* May `cost` be taken where `used` are gone? *taken: how much is. */
static bool weigh(const struct ln_plan *p, uint64_t used, uint64_t cost, enum ln_plan_mode mode,
                  uint64_t *taken)
{
    bool ok = used <= p->most && cost <= p->most - used;

    *taken = mode == LN_PLAN_LOOK ? 0 : ok ? cost : 0;
    if (mode == LN_PLAN_CHARGE)
        *taken = used < p->most ? less(cost, p->most - used) : 0;
    return ok || mode == LN_PLAN_CHARGE;
}

static void judge_gcra(const struct ln_plan *p, struct ln_plan_state *s, uint64_t cost,
                       enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out)
{
    uint64_t debt = later(s->stamp, now) - now;
    uint64_t wanted = cost <= p->most ? cost * p->step : 0;
    bool fits = cost == 0 || (cost <= p->most && debt <= p->span && wanted <= p->span - debt);

    out->ok = fits || mode == LN_PLAN_CHARGE;
    out->wait = out->ok ? 0 : cost > p->most ? p->span : debt + wanted - p->span;
    if (mode == LN_PLAN_CHARGE) {
        wanted = cost < SPAN_MAX / p->step ? cost * p->step : SPAN_MAX;
        wanted = less(wanted, SPAN_MAX - less(debt, SPAN_MAX));
    }
    if (out->ok && mode != LN_PLAN_LOOK && wanted > 0) {
        debt += wanted;
        s->stamp = now + debt;
    }
    out->left = debt < p->span ? (p->span - debt) / p->step : 0;
    out->reset = debt;
}

static void judge_fixed(const struct ln_plan *p, struct ln_plan_state *s, uint64_t cost,
                        enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out)
{
    uint64_t used = s->more, begin = s->stamp - used * p->step, taken;

    if (used == 0 || begin + p->span <= now) {
        used = 0;
        begin = later(now, s->stamp);
    }
    bool ok = weigh(p, used, cost, mode, &taken);

    say(p, used, taken, ok, out);
    if (!ok)
        out->wait = cost > p->most ? p->span : begin + p->span - now;
    out->reset = used + taken > 0 ? begin + p->span - now : 0;
    if (taken > 0)
        *s = (struct ln_plan_state){begin + (used + taken) * p->step, used + taken};
}

/* What is left of the window before: `before` units, of which `remaining` of `span` is in sight.
 * Rounded up; a guess by floating point, made right by whole numbers. */
static uint64_t in_sight(uint64_t before, uint64_t remaining, uint64_t span)
{
    unsigned __int128 exact = (unsigned __int128)before * remaining;
    uint64_t n = (uint64_t)((double)before * ((double)remaining / (double)span));

    while ((unsigned __int128)n * span < exact)
        n++;
    while (n > 0 && (unsigned __int128)(n - 1) * span >= exact)
        n--;
    return n;
}

/* From the begin of a window in whose sight `before` units of the last one stand, until at most
 * `room` of them do. */
static ln_nsec until_out_of_sight(const struct ln_plan *p, uint64_t before, uint64_t room)
{
    if (room >= before)
        return 0;
    return p->span - (uint64_t)((unsigned __int128)room * p->span / before);
}

static void judge_sliding(const struct ln_plan *p, struct ln_plan_state *s, uint64_t cost,
                          enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out)
{
    uint64_t window = s->stamp / p->span, units = (s->stamp - window * p->span) / p->step;
    ln_nsec at = later(now, window * p->span);
    uint64_t this = at / p->span, before = 0, here = 0, taken;

    if (this == window) {
        before = s->more;
        here = units;
    } else if (this == window + 1) {
        before = units;
    }
    ln_nsec begin = this * p->span;
    uint64_t seen = before > 0 ? in_sight(before, begin + p->span - at, p->span) : 0;
    bool ok = weigh(p, here + seen, cost, mode, &taken);

    say(p, here + seen, taken, ok, out);
    if (!ok && cost > p->most)
        out->wait = p->span;
    else if (!ok && here + cost <= p->most)
        out->wait = begin + until_out_of_sight(p, before, p->most - here - cost) - now;
    else if (!ok)
        out->wait = begin + p->span + until_out_of_sight(p, here, p->most - cost) - now;
    here += taken;
    out->reset = here > 0 ? begin + 2 * p->span - now : seen > 0 ? begin + p->span - now : 0;
    if (taken > 0)
        *s = (struct ln_plan_state){begin + here * p->step, before};
}

static uint64_t cell_at(const struct ln_plan *p, const uint64_t *cells, uint64_t first, uint64_t i)
{
    i += first;
    return ln_word_get(&cells[i < p->most ? i : i - p->most]);
}

/* How many of the ring's units are out of the window. They come first. */
static uint64_t count_old(const struct ln_plan *p, const uint64_t *cells, uint64_t first,
                          ln_nsec now)
{
    uint64_t low = 0, high = p->most;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2, at = cell_at(p, cells, first, middle);

        if (at == 0 || at + p->span <= now)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void judge_log(const struct ln_plan *p, struct ln_plan_state *s, const uint64_t *cells,
                      uint64_t cost, enum ln_plan_mode mode, ln_nsec now,
                      struct ln_limit_answer *out)
{
    uint64_t first = (s->more >> LOG_BITS) % p->most;
    uint64_t last = s->stamp / TICK, tick = later((now + TICK - 1) / TICK, last);
    uint64_t used = p->most - count_old(p, cells, first, now), taken;
    bool ok = weigh(p, used, cost, mode, &taken);

    if (mode == LN_PLAN_CHARGE)
        taken = less(cost, p->most); /* they push out older ones */
    say(p, used, taken, ok, out);
    if (!ok)
        out->wait = cost > p->most ? p->span : cell_at(p, cells, first, cost - 1) + p->span - now;
    if (taken > 0) {
        s->stamp = tick > last ? tick * TICK : s->stamp + 1;
        s->more = (first + taken) % p->most << LOG_BITS | taken;
    }
    out->reset = used + taken > 0 ? s->stamp / TICK * TICK + p->span - now : 0;
}

void ln_plan_judge(const struct ln_plan *p, struct ln_plan_state *s, const uint64_t *cells,
                   uint64_t cost, enum ln_plan_mode mode, ln_nsec now, struct ln_limit_answer *out)
{
    switch (p->way) {
    case LN_LIMIT_GCRA:
        judge_gcra(p, s, cost, mode, now, out);
        return;
    case LN_LIMIT_FIXED_WINDOW:
        judge_fixed(p, s, cost, mode, now, out);
        return;
    case LN_LIMIT_SLIDING_WINDOW:
        judge_sliding(p, s, cost, mode, now, out);
        return;
    case LN_LIMIT_SLIDING_LOG:
        judge_log(p, s, cells, cost, mode, now, out);
        return;
    case LN_LIMIT_WAYS:
        break;
    }
    ln_assert(false);
}

/* The times in a cell only grow, so a swap whose expected value is still there is not late: what
 * this request wrote, or a later one, would be larger. */
void ln_plan_settle(const struct ln_plan *p, struct ln_plan_state s, uint64_t *cells)
{
    if (p->way != LN_LIMIT_SLIDING_LOG)
        return;
    uint64_t units = less(s.more & LOG_MASK, p->most), next = (s.more >> LOG_BITS) % p->most;
    uint64_t at = s.stamp / TICK * TICK;

    for (uint64_t i = 1; i <= units; i++) {
        uint64_t *cell = &cells[next >= i ? next - i : next + p->most - i];
        uint64_t old = ln_word_get(cell);

        if (old < at)
            ln_word_cas(cell, old, at);
    }
}

uint64_t ln_plan_horizon(const struct ln_plan *p, ln_nsec now)
{
    if (p->way == LN_LIMIT_GCRA)
        return now;
    ln_nsec reach = p->way == LN_LIMIT_SLIDING_WINDOW ? 2 * p->span : p->span - 1;

    return now > reach ? now - reach : 1;
}

/* A log's place in the ring stays. The units that newcomers have shared are not known one by one in
 * the new ring: it begins full. */
struct ln_plan_state ln_plan_enter(const struct ln_plan *p, struct ln_plan_state replaced,
                                   struct ln_plan_state shared)
{
    bool is_log = p->way == LN_LIMIT_SLIDING_LOG;
    uint64_t place = is_log ? replaced.more & ~(uint64_t)LOG_MASK : 0;

    if (shared.stamp <= replaced.stamp)
        return (struct ln_plan_state){replaced.stamp + 1, place};
    return (struct ln_plan_state){shared.stamp, is_log ? place | p->most : shared.more};
}
