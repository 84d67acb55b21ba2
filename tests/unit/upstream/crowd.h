/* SPDX-License-Identifier: Apache-2.0
 * crowd.h - a service in virtual time: so many requests are worked on at once, the rest wait inside
 * it, and clients come by chance or as soon as they are served.
 */
#ifndef LN_UNIT_CROWD_H
#define LN_UNIT_CROWD_H

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/rand.h"
#include "upstream/gradient.h"

enum { CROWD_MOST = 4096 };

struct crowd {
    struct ln_rand rand;
    double now, arrival;     /* microseconds */
    double work;             /* mean of one request */
    double rate;             /* requests in a second that come by chance */
    bool steady;             /* every request takes `work`; else by chance */
    unsigned capacity;       /* worked on at once */
    unsigned inside;         /* of those let in */
    double came[CROWD_MOST]; /* in order; the first `capacity` are worked on */
    double ends[CROWD_MOST]; /* of those worked on */
    uint64_t served, refused;
    double latency;                              /* sum, of those served */
    double (*odd)(struct crowd *c, double work); /* may change what a request takes */
    struct ln_gradient_record *record;
    const struct ln_concurrency_conf *conf;
};

static inline double crowd_chance(struct crowd *c, double mean)
{
    return -mean * log((double)(ln_rand_next(&c->rand) >> 11 | 1) * 0x1p-53);
}

static inline void crowd_begin(struct crowd *c, unsigned at)
{
    double work = c->steady ? c->work : crowd_chance(c, c->work);

    c->ends[at] = c->now + (c->odd != NULL ? c->odd(c, work) : work);
}

static inline void crowd_arrive(struct crowd *c)
{
    if (c->inside >= ln_gradient_limit(c->record, c->conf)) {
        c->refused++;
        return;
    }
    ln_assert(c->inside < CROWD_MOST);
    c->came[c->inside] = c->now;
    if (c->inside < c->capacity)
        crowd_begin(c, c->inside);
    ln_gradient_reach(c->record, ++c->inside);
}

static inline void crowd_depart(struct crowd *c, unsigned at)
{
    double took = c->now - c->came[at];

    c->inside--;
    memmove(c->came + at, c->came + at + 1, (c->inside - at) * sizeof *c->came);
    memmove(c->ends + at, c->ends + at + 1, (c->inside - at) * sizeof *c->ends);
    if (c->inside >=
        c->capacity) /* whoever waited longest is begun: it stands behind those at work */
        crowd_begin(c, c->capacity - 1);
    c->served++;
    c->latency += took;
    ln_gradient_note(c->record, c->conf, (uint64_t)took, (ln_msec)(c->now / 1000));
}

/* So many seconds pass. */
static inline void crowd_run(struct crowd *c, double seconds)
{
    double end = c->now + seconds * 1e6;

    c->served = c->refused = 0;
    c->latency = 0;
    if (c->now == 0)
        c->now = 1e6, end += 1e6;
    for (;;) {
        unsigned busy = c->inside < c->capacity ? c->inside : c->capacity, first = 0;

        for (unsigned i = 1; i < busy; i++)
            if (c->ends[i] < c->ends[first])
                first = i;
        if (c->arrival <= c->now)
            c->arrival = c->now + crowd_chance(c, 1e6 / c->rate);
        double next = busy > 0 && c->ends[first] < c->arrival ? c->ends[first] : c->arrival;

        if (next > end)
            break;
        c->now = next;
        if (busy > 0 && next == c->ends[first])
            crowd_depart(c, first);
        else
            crowd_arrive(c);
    }
    c->now = end;
}

#endif
