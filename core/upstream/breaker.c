/* SPDX-License-Identifier: Apache-2.0
 * breaker.c - one word, a ring of counts, and the rules between them.
 */
#include "upstream/breaker.h"

const char *const ln_breaker_states[LN_BREAKER_STATES] = {
    [LN_BREAKER_CLOSED] = "closed",
    [LN_BREAKER_OPEN] = "open",
    [LN_BREAKER_HALF_OPEN] = "half-open",
};

/* The word, from its low bits:
 *   state 2 | probes let in 6 | probes that succeeded 6 | trips in a row 4 | epoch 14 | time 32
 * The time is in hundredths of a second, and wraps after 497 days: OPEN, when it ends; HALF OPEN,
 * when the last lease ends; CLOSED, when it was closed. */
struct word {
    unsigned state, issued, passed, trips, epoch;
    uint32_t at;
};

enum {
    EPOCHS = 1 << 14,
    TRIPS_MAX = 15,
    COUNT_BITS = 20,
    COUNT_MAX = (1 << COUNT_BITS) - 1,
    TICK_MS = 10,
    LEASE_MIN_MS = 1000,
    ROW_MIN = 3,
};

static struct word unpack(uint64_t bits)
{
    return (struct word){
        .state = bits & 3,
        .issued = bits >> 2 & 63,
        .passed = bits >> 8 & 63,
        .trips = bits >> 14 & 15,
        .epoch = bits >> 18 & (EPOCHS - 1),
        .at = (uint32_t)(bits >> 32),
    };
}

static uint64_t pack(struct word w)
{
    return w.state | w.issued << 2 | w.passed << 8 | w.trips << 14 |
           (uint64_t)(w.epoch & (EPOCHS - 1)) << 18 | (uint64_t)w.at << 32;
}

static uint32_t ticks(ln_msec ms)
{
    return (uint32_t)((ms + TICK_MS - 1) / TICK_MS);
}

/* Modulo: what is less than 248 days ahead is ahead. */
static bool has_come(uint32_t at, ln_msec now)
{
    return (int32_t)((uint32_t)(now / TICK_MS) - at) >= 0;
}

static struct word load(const struct ln_breaker_record *r, uint64_t *bits)
{
    *bits = atomic_load_explicit(&r->word, memory_order_acquire);
    return unpack(*bits);
}

static bool move(struct ln_breaker_record *r, uint64_t *from, struct word to)
{
    return atomic_compare_exchange_strong(&r->word, from, pack(to));
}

enum ln_breaker_state ln_breaker_state(const struct ln_breaker_record *r)
{
    uint64_t bits;

    return (enum ln_breaker_state)load(r, &bits).state;
}

ln_msec ln_breaker_open_for(const struct ln_breaker_conf *conf, unsigned trips)
{
    ln_msec open = conf->open_for;

    while (trips-- > 1 && open < conf->max_open_for)
        open *= 2;
    return open < conf->max_open_for ? open : conf->max_open_for;
}

/* ---- admission ---- */

/* Open for long enough; or half open, and a probe has not reported within its lease, or a reload
 * has lowered `probes` to what had passed already: nobody is left whose report would close it. */
static bool may_begin_probes(struct word w, const struct ln_breaker_conf *conf, ln_msec now)
{
    return (w.state == LN_BREAKER_OPEN || w.passed < w.issued || w.issued >= conf->probes) &&
           has_come(w.at, now);
}

bool ln_breaker_can(const struct ln_breaker_record *r, const struct ln_breaker_conf *conf,
                    ln_msec now)
{
    uint64_t bits = atomic_load_explicit(&r->word, memory_order_relaxed);

    if (!conf->on || (bits & 3) == LN_BREAKER_CLOSED)
        return true;
    struct word w = unpack(bits);

    return (w.state == LN_BREAKER_HALF_OPEN && w.issued < conf->probes) ||
           may_begin_probes(w, conf, now);
}

/* Nobody waits for a probe longer than for the next half open. */
static uint32_t lease_end(const struct ln_breaker_conf *conf, ln_msec now)
{
    return ticks(now + (conf->open_for > LEASE_MIN_MS ? conf->open_for : LEASE_MIN_MS));
}

bool ln_breaker_admit(struct ln_breaker_record *r, const struct ln_breaker_conf *conf, ln_msec now,
                      struct ln_ticket *ticket, enum ln_breaker_news *news)
{
    uint64_t bits = atomic_load_explicit(&r->word, memory_order_acquire);

    *news = LN_BREAKER_NO_NEWS;
    *ticket = (struct ln_ticket){0};
    if (!conf->on)
        return true;
    if ((bits & 3) == LN_BREAKER_CLOSED) {
        *ticket = (struct ln_ticket){unpack(bits).epoch, true, false};
        return true;
    }
    for (;;) {
        struct word w = load(r, &bits);

        if (w.state == LN_BREAKER_CLOSED) {
            *ticket = (struct ln_ticket){w.epoch, true, false};
            return true;
        }
        bool begin = may_begin_probes(w, conf, now), again = w.state == LN_BREAKER_HALF_OPEN;

        if (!begin && (w.state != LN_BREAKER_HALF_OPEN || w.issued >= conf->probes))
            return false;
        if (begin) {
            w.state = LN_BREAKER_HALF_OPEN;
            w.epoch = (w.epoch + 1) % EPOCHS;
            w.issued = w.passed = 0;
        }
        w.issued++;
        w.at = lease_end(conf, now);
        if (!move(r, &bits, w))
            continue;
        *ticket = (struct ln_ticket){w.epoch, true, true};
        *news = !begin ? LN_BREAKER_NO_NEWS : again ? LN_BREAKER_PROBES_AGAIN : LN_BREAKER_PROBES;
        return true;
    }
}

void ln_breaker_return(struct ln_breaker_record *r, struct ln_ticket ticket)
{
    uint64_t bits;
    struct word w;

    do {
        w = load(r, &bits);
        if (!ticket.valid || w.epoch != ticket.epoch || w.state != LN_BREAKER_HALF_OPEN ||
            w.issued == 0)
            return;
        w.issued--;
    } while (!move(r, &bits, w));
}

void ln_breaker_hasten(struct ln_breaker_record *r, ln_msec now)
{
    uint64_t bits;
    struct word w;

    do {
        w = load(r, &bits);
        if (w.state != LN_BREAKER_OPEN || has_come(w.at, now))
            return;
        w.at = (uint32_t)(now / TICK_MS);
    } while (!move(r, &bits, w));
}

/* ---- the window ---- */

/* A count of one tenth of the window: which epoch 10 | which round of the ring 14 | requests 20 |
 * failures 20. Anything but this epoch and a round within the window is no count of it. */
static uint64_t tag_of(unsigned epoch, uint64_t slice)
{
    return (uint64_t)(epoch & 1023) << 54 | (slice / LN_BREAKER_BUCKETS & 16383) << 40;
}

static const uint64_t tag_mask = ~(uint64_t)0 << 40;

static void count(struct ln_breaker_record *r, unsigned epoch, uint64_t slice, bool ok)
{
    _Atomic uint64_t *bucket = &r->buckets[slice % LN_BREAKER_BUCKETS];
    uint64_t old = atomic_load_explicit(bucket, memory_order_relaxed), next;

    do {
        next = (old & tag_mask) == tag_of(epoch, slice) ? old : tag_of(epoch, slice);
        if ((next >> COUNT_BITS & COUNT_MAX) == COUNT_MAX) /* halved: the ratio stays */
            next = (next & tag_mask) | (next >> (COUNT_BITS + 1) & (COUNT_MAX >> 1)) << COUNT_BITS |
                   (next & COUNT_MAX) >> 1;
        next += ((uint64_t)1 << COUNT_BITS) + !ok;
    } while (!atomic_compare_exchange_weak(bucket, &old, next));
}

static void add_up(const struct ln_breaker_record *r, unsigned epoch, uint64_t slice,
                   unsigned *total, unsigned *failed)
{
    *total = *failed = 0;
    for (uint64_t back = 0; back < LN_BREAKER_BUCKETS && back <= slice; back++) {
        uint64_t bucket = atomic_load_explicit(&r->buckets[(slice - back) % LN_BREAKER_BUCKETS],
                                               memory_order_relaxed);

        if ((bucket & tag_mask) != tag_of(epoch, slice - back))
            continue;
        *total += (unsigned)(bucket >> COUNT_BITS & COUNT_MAX);
        *failed += (unsigned)(bucket & COUNT_MAX);
    }
}

/* The usual case, told without adding up. Who counts a failure says so before, and who counts a
 * success looks here after that: of two at one moment, one sees both. Clocks of workers differ. */
static bool is_spotless(const struct ln_breaker_record *r, uint64_t slice)
{
    uint64_t failed = atomic_load(&r->failed);

    return failed == 0 || (int64_t)(slice - (failed - 1)) >= LN_BREAKER_BUCKETS;
}

/* ---- failures in a row ---- */

/* Epoch 32 | failures 32. How many there are with this one; those of another epoch, and those
 * before a whole window without failures, are forgotten. */
static unsigned add_to_row(struct ln_breaker_record *r, unsigned epoch, bool anew)
{
    uint64_t tag = (uint64_t)epoch << 32;
    uint64_t old = atomic_load_explicit(&r->row, memory_order_relaxed), next;

    do
        next = (anew || old >> 32 != epoch ? tag : old) + 1;
    while (!atomic_compare_exchange_weak(&r->row, &old, next));
    return (unsigned)next;
}

static void end_row(struct ln_breaker_record *r)
{
    if (atomic_load_explicit(&r->row, memory_order_relaxed) != 0)
        atomic_store_explicit(&r->row, 0, memory_order_relaxed);
}

/* ---- reports ---- */

static struct word opened(struct word w, const struct ln_breaker_conf *conf, ln_msec now)
{
    w.trips = w.trips < TRIPS_MAX ? w.trips + 1 : TRIPS_MAX;
    w.state = LN_BREAKER_OPEN;
    w.epoch = (w.epoch + 1) % EPOCHS;
    w.issued = w.passed = 0;
    w.at = ticks(now + ln_breaker_open_for(conf, w.trips));
    return w;
}

/* Has it been closed for as long as it was open before? Then it is trusted anew. */
static bool is_trusted(struct word w, const struct ln_breaker_conf *conf, ln_msec now)
{
    return w.trips == 0 || has_come(w.at + ticks(ln_breaker_open_for(conf, w.trips)), now);
}

/* Is that enough to open? Then of the last *total requests, *failed failed.
 *
 * An instance that has been good until now has a window full of successes, against which it could
 * fail for as long again. So as many failures in a row as conclude anything will do as well; but
 * one or two are chance. */
static bool is_reason(const struct ln_breaker_conf *conf, unsigned row, unsigned *total,
                      unsigned *failed)
{
    if (*failed == 0 || *total < conf->min_requests)
        return false;
    if ((double)*failed >= conf->failure_ratio * (double)*total - 1e-9)
        return true;
    if (row < conf->min_requests || row < ROW_MIN)
        return false;
    *total = *failed = row;
    return true;
}

static enum ln_breaker_news report_closed(struct ln_breaker_record *r,
                                          const struct ln_breaker_conf *conf, uint64_t bits,
                                          bool ok, ln_msec now, unsigned *total, unsigned *failed)
{
    ln_msec length = conf->window / LN_BREAKER_BUCKETS;
    uint64_t slice = now / (length > 0 ? length : 1);
    struct word w = unpack(bits);
    unsigned row = 0;

    if (!ok) {
        row = add_to_row(r, w.epoch, is_spotless(r, slice));
        atomic_store(&r->failed, slice + 1);
    }
    count(r, w.epoch, slice, ok);
    if (ok && is_spotless(r, slice))
        return LN_BREAKER_NO_NEWS;
    if (ok)
        end_row(r);
    add_up(r, w.epoch, slice, total, failed);
    if (!is_reason(conf, row, total, failed))
        return LN_BREAKER_NO_NEWS;
    if (is_trusted(w, conf, now))
        w.trips = 0;
    return move(r, &bits, opened(w, conf, now)) ? LN_BREAKER_OPENED : LN_BREAKER_NO_NEWS;
}

enum ln_breaker_news ln_breaker_report(struct ln_breaker_record *r,
                                       const struct ln_breaker_conf *conf, struct ln_ticket ticket,
                                       bool ok, ln_msec now, unsigned *total, unsigned *failed)
{
    *total = *failed = 0;
    for (;;) {
        uint64_t bits;
        struct word w = load(r, &bits), next = w;

        if (!ticket.valid || w.epoch != ticket.epoch || w.state == LN_BREAKER_OPEN)
            return LN_BREAKER_NO_NEWS;
        if (w.state == LN_BREAKER_CLOSED)
            return report_closed(r, conf, bits, ok, now, total, failed);
        if (!ok) {
            next = opened(w, conf, now);
        } else if (++next.passed >= conf->probes) {
            next.state = LN_BREAKER_CLOSED;
            next.epoch = (w.epoch + 1) % EPOCHS;
            next.issued = next.passed = 0;
            next.at = (uint32_t)(now / TICK_MS);
        }
        if (!move(r, &bits, next))
            continue;
        return next.state == LN_BREAKER_OPEN     ? LN_BREAKER_REOPENED
               : next.state == LN_BREAKER_CLOSED ? LN_BREAKER_RECOVERED
                                                 : LN_BREAKER_NO_NEWS;
    }
}
