/* SPDX-License-Identifier: Apache-2.0
 * concurrency.c - places, refusals, and the news of them.
 */
#include "upstream/concurrency.h"

#include "base/assert.h"
#include "base/log.h"
#include "upstream/gradient.h"

enum { LOOKS = 4, SEEN_EVERY_MS = 1000 };

_Static_assert((int)LN_PRIORITIES == (int)LN_LOAD_PRIORITIES, "the record counts each of them");

static const char *const whom[LN_PRIORITIES] = {
    [LN_PRIORITY_LOW] = "requests of low priority",
    [LN_PRIORITY_NORMAL] = "requests of normal and low priority",
    [LN_PRIORITY_HIGH] = "requests",
};

static unsigned limit_of(const struct ln_concurrency *c)
{
    return c->conf->adaptive ? ln_gradient_limit(&c->record->gradient, c->conf) : c->conf->limit;
}

unsigned ln_concurrency_share(unsigned limit, enum ln_priority priority, bool kept)
{
    unsigned share = priority == LN_PRIORITY_LOW              ? limit / 2
                     : priority == LN_PRIORITY_NORMAL && kept ? limit - (limit + 9) / 10
                                                              : limit;

    return share > 0 ? share : 1;
}

/* ---- when somebody is refused ---- */

/* The flow of this second; that of the one before is kept, older ones are not. */
static void turn(struct ln_concurrency_flow *f, ln_msec now)
{
    uint64_t second = now / 1000;

    if (f->second == second)
        return;
    f->left[1] = f->second + 1 == second ? f->left[0] : 0;
    f->refused[1] = f->second + 1 == second ? f->refused[0] : 0;
    f->left[0] = f->refused[0] = 0;
    f->second = second;
}

unsigned ln_concurrency_retry_after(const struct ln_concurrency *c)
{
    const struct ln_concurrency_flow *f = &c->flow;
    uint64_t left = (uint64_t)f->left[0] + f->left[1],
             refused = (uint64_t)f->refused[0] + f->refused[1],
             wait = 1 + refused / (left > 0 ? left : 1);

    return wait < LN_CONCURRENCY_AFTER_MAX ? (unsigned)wait : LN_CONCURRENCY_AFTER_MAX;
}

/* The record's word `shed`: the time of a refusal, and the highest priority refused since all was
 * well, plus 1. Whoever moves it to a higher one tells the log. */
static void note_refusal(struct ln_concurrency *c, enum ln_priority priority, uint32_t in_flight,
                         unsigned limit, ln_msec now)
{
    _Atomic uint64_t *word = &c->record->shed;
    uint64_t old = atomic_load_explicit(word, memory_order_relaxed);
    unsigned level = (unsigned)priority + 1;
    bool is_news = (old & 3) < level;

    turn(&c->flow, now);
    c->flow.refused[0]++;
    atomic_fetch_add_explicit(&c->record->refused[priority], 1, memory_order_relaxed);
    if (!is_news && now < (old >> 2) + SEEN_EVERY_MS)
        return;
    if (!is_news)
        level = old & 3;
    if (atomic_compare_exchange_strong(word, &old, now << 2 | level) && is_news)
        ln_warn("concurrency %s: %u of %u requests in flight: %s are refused", c->service,
                (unsigned)in_flight, limit, whom[priority]);
}

static void note_entry(struct ln_concurrency *c, ln_msec now)
{
    uint64_t old = atomic_load_explicit(&c->record->shed, memory_order_relaxed);

    if (LN_LIKELY(old == 0) || now < (old >> 2) + LN_CONCURRENCY_CALM_MS)
        return;
    if (atomic_compare_exchange_strong(&c->record->shed, &old, 0))
        ln_info("concurrency %s: nobody has been refused for %u s", c->service,
                LN_CONCURRENCY_CALM_MS / 1000);
}

/* ---- places ---- */

/* Is room kept for those of high priority? */
static bool is_kept(struct ln_load_record *r, enum ln_priority priority, ln_msec now)
{
    uint64_t high = atomic_load_explicit(&r->high, memory_order_relaxed);

    if (priority == LN_PRIORITY_HIGH && now >= high + SEEN_EVERY_MS)
        atomic_store_explicit(&r->high, high = now, memory_order_relaxed);
    return high != 0 && now < high + LN_CONCURRENCY_KEPT_MS;
}

/* Counted before it is added up: of several that want the last place each sees the counts of all
 * others, and at most one of them stays. Where all of them leave they look again. */
static bool take_place(struct ln_concurrency *c, unsigned bound, uint32_t *in_flight)
{
    struct ln_load_record *r = c->record;

    for (unsigned i = 0; i < LOOKS; i++) {
        *in_flight = ln_record_sum(r->places, c->workers);
        if (*in_flight >= bound)
            return false;
        ln_record_add(&r->places[c->worker], 1);
        atomic_thread_fence(memory_order_seq_cst);
        *in_flight = ln_record_sum(r->places, c->workers);
        if (*in_flight <= bound)
            return true;
        ln_record_add(&r->places[c->worker], -1);
    }
    return false;
}

bool ln_concurrency_enter(struct ln_concurrency *c, enum ln_priority priority, ln_msec now)
{
    unsigned limit = limit_of(c);
    unsigned bound = ln_concurrency_share(limit, priority, is_kept(c->record, priority, now));
    uint32_t in_flight;
    bool is_in = take_place(c, bound, &in_flight);

    if (c->conf->adaptive)
        ln_gradient_reach(&c->record->gradient, in_flight);
    if (LN_LIKELY(is_in))
        note_entry(c, now);
    else
        note_refusal(c, priority, in_flight, limit, now);
    return is_in;
}

void ln_concurrency_leave(struct ln_concurrency *c, ln_msec now)
{
    ln_record_add(&c->record->places[c->worker], -1);
    turn(&c->flow, now);
    c->flow.left[0]++;
}

/* ---- what the service says ---- */

/* Statuses by which a service, or a proxy in front of it, says that it has too much to do. */
static bool is_overload(int status)
{
    return status == 429 || status == 503 || status == 504;
}

void ln_concurrency_answered(struct ln_concurrency *c, uint64_t micros, int status, ln_msec now)
{
    if (c->record == NULL || !c->conf->adaptive)
        return;
    if (is_overload(status))
        ln_gradient_note_overload(&c->record->gradient, c->conf, now);
    else if (micros > 0)
        ln_gradient_note(&c->record->gradient, c->conf, micros, now);
}

void ln_concurrency_failed(struct ln_concurrency *c, ln_msec now)
{
    if (c->record != NULL && c->conf->adaptive)
        ln_gradient_note_overload(&c->record->gradient, c->conf, now);
}

/* ---- for reports ---- */

/* The record's word `about`: the fixed limit, or bounds and beginning of a learned one, in 20 bits
 * each. */
enum { NUMBER_BITS = 20, NUMBER_MASK = (1 << NUMBER_BITS) - 1 };
static const uint64_t adaptive_bit = (uint64_t)1 << 63;

void ln_concurrency_publish(const struct ln_concurrency *c)
{
    const struct ln_concurrency_conf *conf = c->conf;

    if (c->record == NULL)
        return;
    atomic_store(&c->record->about, conf->adaptive ? adaptive_bit | conf->min |
                                                         (uint64_t)conf->max << NUMBER_BITS |
                                                         (uint64_t)conf->initial << 2 * NUMBER_BITS
                                                   : conf->limit);
}

void ln_concurrency_see(const struct ln_load_record *r, unsigned workers,
                        struct ln_concurrency_seen *out)
{
    uint64_t about = atomic_load(&r->about);
    struct ln_concurrency_conf conf = {.min = about & NUMBER_MASK,
                                       .max = about >> NUMBER_BITS & NUMBER_MASK,
                                       .initial = about >> 2 * NUMBER_BITS & NUMBER_MASK};

    out->adaptive = (about & adaptive_bit) != 0;
    out->limit = out->adaptive ? ln_gradient_limit(&r->gradient, &conf) : (unsigned)about;
    out->in_flight = ln_record_sum(r->places, workers);
    for (unsigned p = 0; p < LN_PRIORITIES; p++)
        out->refused[p] = atomic_load_explicit(&r->refused[p], memory_order_relaxed);
}
