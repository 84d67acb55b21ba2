/* SPDX-License-Identifier: Apache-2.0
 * quarantine.c - a small table of records, open to all processes.
 */
#include "shm/quarantine.h"

#include <string.h>

enum { CLAIMED = 1 };

struct ln_slice ln_quarantine_zone(void)
{
    return LN_SLICE("quarantine");
}

static struct ln_quarantine_record *record_at(struct ln_quarantine *q, uint64_t key, unsigned i)
{
    return &q->records[(key + i) % LN_QUARANTINE_RECORDS];
}

struct ln_quarantine_record *ln_quarantine_find(struct ln_quarantine *q, uint64_t key)
{
    for (unsigned i = 0; i < LN_QUARANTINE_RECORDS; i++) {
        struct ln_quarantine_record *r = record_at(q, key, i);
        uint64_t there = atomic_load_explicit(&r->key, memory_order_acquire);

        if (there == key)
            return r;
        if (there == 0)
            return NULL; /* records are claimed in this order and never become free again */
    }
    return NULL;
}

/* May the record be taken from whoever it belongs to? `last` also those whose claim never ended. */
static bool is_free(const struct ln_quarantine_record *r, uint64_t there, uint64_t generation,
                    bool last)
{
    if (there == 0)
        return true;
    if (there == CLAIMED)
        return last;
    return atomic_load(&r->generation) < generation;
}

static struct ln_quarantine_record *take(struct ln_quarantine_record *r, uint64_t there,
                                         uint64_t key, uint64_t generation, const char *text)
{
    if (!atomic_compare_exchange_strong(&r->key, &there, CLAIMED))
        return NULL;
    atomic_store(&r->generation, generation);
    atomic_store(&r->until, 0);
    atomic_store(&r->trips, 0);
    atomic_store(&r->strikes, 0);
    strncpy(r->text, text, sizeof r->text - 1);
    r->text[sizeof r->text - 1] = '\0';
    atomic_store_explicit(&r->key, key, memory_order_release);
    return r;
}

struct ln_quarantine_record *ln_quarantine_claim(struct ln_quarantine *q, uint64_t key,
                                                 uint64_t generation, const char *text)
{
    struct ln_quarantine_record *r = ln_quarantine_find(q, key);

    for (int last = 0; last <= 1; last++)
        for (unsigned i = 0; r == NULL && i < LN_QUARANTINE_RECORDS; i++) {
            struct ln_quarantine_record *other = record_at(q, key, i);
            uint64_t there = atomic_load_explicit(&other->key, memory_order_acquire);

            if (there == key)
                r = other;
            else if (is_free(other, there, generation, last == 1))
                r = take(other, there, key, generation, text);
        }
    return r;
}

static ln_msec wait_of(uint32_t trips)
{
    ln_msec wait = (ln_msec)LN_QUARANTINE_WAIT << (trips < 16 ? trips : 16);

    return wait < LN_QUARANTINE_WAIT_MAX ? wait : LN_QUARANTINE_WAIT_MAX;
}

ln_msec ln_quarantine_put_out(struct ln_quarantine *q, struct ln_quarantine_record *r, ln_msec now)
{
    uint64_t running = 0;
    ln_msec wait = wait_of(atomic_load(&r->trips));

    if (!atomic_compare_exchange_strong(&r->until, &running, now + wait))
        return 0;
    atomic_fetch_add(&r->trips, 1);
    atomic_fetch_add(&q->changes, 1);
    return wait;
}

enum ln_quarantine_verdict ln_quarantine_ask(struct ln_quarantine_record *r, ln_msec now)
{
    uint64_t until = atomic_load(&r->until);

    if (until == 0)
        return LN_QUARANTINE_RUNS;
    if (now < until)
        return LN_QUARANTINE_OUT;
    /* Whoever moves the moment has the trial. */
    uint64_t next = now + wait_of(atomic_load(&r->trips) - 1);

    return atomic_compare_exchange_strong(&r->until, &until, next) ? LN_QUARANTINE_TRIAL
                                                                   : LN_QUARANTINE_OUT;
}

void ln_quarantine_let_in(struct ln_quarantine *q, struct ln_quarantine_record *r)
{
    uint64_t until = atomic_load(&r->until);

    if (until == LN_QUARANTINE_FOR_GOOD ||
        !atomic_compare_exchange_strong(&r->until, &until, 0)) /* struck meanwhile */
        return;
    atomic_store(&r->trips, 0);
    atomic_fetch_add(&q->changes, 1);
}

void ln_quarantine_trial_failed(struct ln_quarantine_record *r, ln_msec now)
{
    uint64_t until = atomic_load(&r->until);
    uint32_t trips = atomic_fetch_add(&r->trips, 1);

    if (until != 0 && until != LN_QUARANTINE_FOR_GOOD)
        atomic_compare_exchange_strong(&r->until, &until, now + wait_of(trips));
}

bool ln_quarantine_strike(struct ln_quarantine *q, struct ln_quarantine_record *r)
{
    if (atomic_fetch_add(&r->strikes, 1) + 1 < LN_QUARANTINE_STRIKES)
        return false;
    atomic_store(&r->until, LN_QUARANTINE_FOR_GOOD);
    atomic_fetch_add(&q->changes, 1);
    return true;
}

const struct ln_quarantine_record *ln_quarantine_next(const struct ln_quarantine *q,
                                                      uint64_t generation, unsigned *at)
{
    while (*at < LN_QUARANTINE_RECORDS) {
        const struct ln_quarantine_record *r = &q->records[(*at)++];

        if (atomic_load_explicit(&r->key, memory_order_acquire) > CLAIMED &&
            atomic_load(&r->generation) == generation && atomic_load(&r->until) != 0)
            return r;
    }
    return NULL;
}
