/* SPDX-License-Identifier: Apache-2.0
 * gradient.c - windows, and what each of them does to the limit.
 */
#include "upstream/gradient.h"

#include <math.h>
#include <stdlib.h>

enum {
    OCTAVE = 256,        /* logarithms to the base of 2, in so many parts */
    MARGIN = OCTAVE / 4, /* beyond the tolerance, before anything is done about it */
    FELL = OCTAVE / 2,   /* halving has done so much for a latency that is waiting */
    NEAR = OCTAVE / 4,   /* one that is so close to the base confirms it */
    ODD = 8,             /* times the base, which is as much as one answer may say */
    SMOOTH = 3,          /* what the windows before weigh against the last one */
    WINDOW_MS = 250,
    SAMPLES = 100,
    THIN_WINDOW_MS = 2000, /* a service that is asked seldom */
    THIN_SAMPLES = 20,
    SAMPLES_MAX = 1 << 11, /* are enough; the window's word has room for twice as many */
    MICROS_MAX = 1 << 28,
    TRIAL_EVERY_MS = 30000,
    DOUBT_MS = 5000, /* the next trial comes so soon when the base has moved */
};

/* ---- words ---- */

enum phase {
    STEADY,
    DRAIN,  /* a trial has begun: what is answered was asked before */
    MEASURE /* and is now measured */
};

/* The record's word: the limit (32 bits), two logarithms of latencies (14 bits each), the phase. */
struct state {
    unsigned limit;
    int base, last; /* the latter of the windows up to now; 0 = not known */
    enum phase phase;
};

/* The window's word: the sum of microseconds (40 bits), samples, and signs of overload (12 each).
 */
struct window {
    unsigned count, bad;
    double mean; /* microseconds */
    int latency; /* its logarithm; 0: no samples */
};

enum { COUNT_SHIFT = 40, BAD_SHIFT = 52, COUNT_MASK = 0xfff };

static struct state unpack(uint64_t word, const struct ln_concurrency_conf *conf)
{
    unsigned limit = (unsigned)(word >> 32);

    if (word == 0)
        limit = conf->initial;
    return (struct state){
        .limit = limit < conf->min   ? conf->min
                 : limit > conf->max ? conf->max
                                     : limit,
        .base = (int)(word >> 16 & 0x3fff),
        .last = (int)(word >> 2 & 0x3fff),
        .phase = (enum phase)(word & 3),
    };
}

static uint64_t pack(const struct state *s)
{
    return (uint64_t)s->limit << 32 | (uint64_t)s->base << 16 | (uint64_t)s->last << 2 |
           (uint64_t)s->phase;
}

static struct window read_window(uint64_t word)
{
    struct window w = {.count = word >> COUNT_SHIFT & COUNT_MASK,
                       .bad = (unsigned)(word >> BAD_SHIFT)};

    if (w.count > 0)
        w.mean = (double)(word & (((uint64_t)1 << COUNT_SHIFT) - 1)) / w.count;
    return w;
}

unsigned ln_gradient_limit(const struct ln_gradient_record *r,
                           const struct ln_concurrency_conf *conf)
{
    return unpack(atomic_load_explicit(&r->word, memory_order_relaxed), conf).limit;
}

/* ---- what a window does ---- */

static int log_of(double ratio)
{
    return (int)lround(log2(ratio) * OCTAVE);
}

static double ratio_of(int octaves)
{
    return exp2((double)octaves / OCTAVE);
}

static void set_limit(struct state *s, const struct ln_concurrency_conf *conf, double limit)
{
    s->limit = limit < conf->min   ? conf->min
               : limit > conf->max ? conf->max
                                   : (unsigned)lround(limit);
}

static void halve(const struct ln_concurrency_conf *conf, struct state *s, unsigned from)
{
    set_limit(s, conf, from / 2.0);
    s->phase = DRAIN;
}

/* The trial's word: the limit before (32 bits), the latency before (14 bits), and whether the base
 * is in doubt: it has moved, and what it has moved to may be a moment's. */
enum { DOUBT = 1 << 14, LATENCY_MASK = 0x3fff };

static void settle_base(struct ln_gradient_record *r, struct state *s, int base, ln_msec now)
{
    bool is_doubtful = abs(base - s->base) > NEAR;

    s->base = base;
    atomic_store(&r->trial, is_doubtful ? DOUBT : 0);
    atomic_store(&r->next, now + (is_doubtful ? DOUBT_MS : TRIAL_EVERY_MS));
}

/* Stored ahead of the state that says there is a trial. */
static void begin_trial(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                        struct state *s, uint32_t peak)
{
    unsigned from = peak < s->limit ? peak : s->limit;

    atomic_store(&r->trial,
                 (uint64_t)from << 32 | (atomic_load(&r->trial) & DOUBT) | (uint64_t)s->last);
    halve(conf, s, from);
}

/* Halving has helped, and not merely as far as to a base that is well known. */
static bool goes_on(const struct ln_concurrency_conf *conf, const struct state *s, uint64_t trial,
                    int latency)
{
    bool is_known = (trial & DOUBT) == 0 && abs(latency - s->base) <= NEAR;

    return s->last - latency >= FELL && !is_known && s->limit > conf->min;
}

static void measure(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                    struct state *s, int latency, ln_msec now)
{
    uint64_t trial = atomic_load(&r->trial);

    if (latency == 0)
        return; /* nothing but signs of overload: the limit stays low until there is an answer */
    if (goes_on(conf, s, trial, latency)) {
        s->last = latency;
        halve(conf, s, s->limit);
        return;
    }
    double fit = (1 + conf->tolerance) * ratio_of(latency - (int)(trial & LATENCY_MASK));

    set_limit(s, conf, (double)(trial >> 32) * (fit < 1 ? fit : 1));
    settle_base(r, s, latency, now);
    s->last = 0;
    s->phase = STEADY;
}

/* Signs of overload against growth: a part that always fails ends in a balance, not at the bottom.
 */
static void adjust(const struct ln_concurrency_conf *conf, struct state *s, const struct window *w,
                   bool may_grow)
{
    double bad = (double)w->bad / (w->bad + w->count);

    set_limit(s, conf, s->limit * (1 - bad / 2) + (may_grow ? sqrt(s->limit) : 0));
}

static void follow(int *base, int latency, int part)
{
    *base += (latency - *base) / part;
}

static void steady(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                   struct state *s, const struct window *w, uint32_t peak, ln_msec now)
{
    int allowed = log_of(1 + conf->tolerance);
    bool is_used = 2 * (uint64_t)peak + 1 >= s->limit, is_held = peak >= s->limit;

    if (w->latency > 0) {
        s->last = s->last == 0 ? w->latency : (SMOOTH * s->last + w->latency) / (SMOOTH + 1);
        if (s->base == 0)
            s->base = w->latency;
    }
    int excess = s->last - s->base;
    bool is_slow = excess > allowed + MARGIN;

    if (!is_used) {
        if (!is_slow && w->latency > 0)
            follow(&s->base, w->latency, 8);
        return;
    }
    if (w->latency > 0 && s->base - w->latency >= FELL)
        settle_base(r, s, w->latency, now); /* it has become faster */
    else if (w->latency > 0 && (w->latency < s->base || peak <= conf->min))
        follow(&s->base, w->latency, 4);
    if (peak > conf->min && (is_slow || (is_held && now > atomic_load(&r->next))))
        begin_trial(r, conf, s, peak);
    else
        adjust(conf, s, w,
               w->latency > 0 && excess <= allowed / 2 && w->latency - s->base <= allowed);
}

static void close_window(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                         ln_msec now)
{
    struct window w = read_window(atomic_exchange(&r->window, 0));
    uint32_t peak = atomic_exchange(&r->peak, 0);
    uint64_t word = atomic_load(&r->word);
    struct state s = unpack(word, conf);

    if (w.count + w.bad == 0)
        return;
    w.latency = w.count > 0 ? log_of(w.mean) : 0;
    switch (s.phase) {
    case STEADY:
        steady(r, conf, &s, &w, peak, now);
        break;
    case DRAIN:
        s.phase = MEASURE;
        break;
    case MEASURE:
        measure(r, conf, &s, w.latency, now);
        break;
    }
    /* Where another has closed a later window meanwhile, that one counts. */
    atomic_compare_exchange_strong(&r->word, &word, pack(&s));
}

/* ---- samples ---- */

/* A window is long enough for its requests to have begun in it. */
static bool is_over(uint64_t word, ln_msec age)
{
    struct window w = read_window(word);
    unsigned count = w.count + w.bad;

    if (count < THIN_SAMPLES || age < WINDOW_MS)
        return false;
    if (count < SAMPLES && age < THIN_WINDOW_MS)
        return false;
    return (double)age >= 2 * w.mean / 1000;
}

static void add(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf, uint64_t what,
                ln_msec now)
{
    uint64_t word = atomic_load_explicit(&r->window, memory_order_relaxed), never = 0;
    uint64_t since = atomic_load_explicit(&r->since, memory_order_relaxed);

    if ((word >> COUNT_SHIFT & COUNT_MASK) < SAMPLES_MAX && word >> BAD_SHIFT < SAMPLES_MAX)
        word = atomic_fetch_add(&r->window, what) + what;
    if (since == 0) {
        if (atomic_compare_exchange_strong(&r->since, &since, now))
            atomic_compare_exchange_strong(&r->next, &never, now + TRIAL_EVERY_MS);
        return;
    }
    if (now > since && is_over(word, now - since) &&
        atomic_compare_exchange_strong(&r->since, &since, now))
        close_window(r, conf, now);
}

void ln_gradient_note(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                      uint64_t micros, ln_msec now)
{
    int base = (int)(atomic_load_explicit(&r->word, memory_order_relaxed) >> 16 & 0x3fff);
    uint64_t most = base > 0 ? (uint64_t)(ODD * ratio_of(base)) : MICROS_MAX;

    if (most > MICROS_MAX)
        most = MICROS_MAX;
    if (micros > most)
        micros = most;
    add(r, conf, (uint64_t)1 << COUNT_SHIFT | (micros > 2 ? micros : 2), now);
}

void ln_gradient_note_overload(struct ln_gradient_record *r, const struct ln_concurrency_conf *conf,
                               ln_msec now)
{
    add(r, conf, (uint64_t)1 << BAD_SHIFT, now);
}
