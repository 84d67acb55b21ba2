/* SPDX-License-Identifier: Apache-2.0
 * turnover.c - compares who is there with who should be. A few hundred of each, and seldom: no need
 * to be clever.
 */
#include "upstream/turnover.h"

#include "base/assert.h"
#include "base/mem.h"

struct taking {
    struct ln_members *m;
    const struct ln_spot *wanted;
    bool *placed; /* of each that is wanted */
    unsigned count, members;
    const struct ln_turnover_rules *rules;
    struct ln_turnover_news news;
    void (*tell)(void *arg, unsigned spot, const struct ln_spot *who);
    void *arg;
};

static void write_spot(struct taking *t, unsigned at, const struct ln_spot *p)
{
    ln_spot_write(ln_members_spot(t->m, at), p);
    t->tell(t->arg, at, p);
}

static int find(const struct ln_spot *in, unsigned count, const struct ln_spot *who)
{
    for (unsigned i = 0; i < count; i++)
        if (ln_spot_equals(&in[i], who))
            return (int)i;
    return -1;
}

/* ---- those that are there ---- */

static bool stays(const struct taking *t, unsigned at, const struct ln_spot *who)
{
    return at < t->rules->spots && (t->rules->keeps_others || find(t->wanted, t->count, who) >= 0);
}

static void keep(struct taking *t, unsigned at, const struct ln_spot *is,
                 const struct ln_spot *should)
{
    struct ln_spot p = *is;

    p.state = LN_SPOT_MEMBER;
    p.weight = should->weight;
    p.backup = should->backup;
    t->members++;
    if (ln_spot_what(&p) == ln_spot_what(is))
        return;
    if (is->state == LN_SPOT_LEAVING) {
        t->news.joined++;
        write_spot(t, at, &p);
        return;
    }
    t->news.changed++;
    ln_spot_write(ln_members_spot(t->m, at), &p);
}

static void keep_all(struct taking *t)
{
    for (unsigned i = 0; i < ln_members_used(t->m); i++) {
        struct ln_spot p;
        int k;

        if (!ln_spot_read(ln_members_spot(t->m, i), &p) || p.state == LN_SPOT_EMPTY)
            continue;
        k = i < t->rules->spots ? find(t->wanted, t->count, &p) : -1;
        if (k >= 0 && !t->placed[k] && t->members < t->rules->max) {
            t->placed[k] = true;
            keep(t, i, &p, &t->wanted[k]);
        } else if (stays(t, i, &p) && p.state == LN_SPOT_MEMBER && k < 0) {
            t->members++;
        }
    }
}

/* ---- those that come ---- */

/* A spot whose writer died before it was done is free, too, if nobody was there before. */
static bool is_free(const struct taking *t, unsigned i, struct ln_spot *p)
{
    if (ln_spot_read(ln_members_spot(t->m, i), p))
        return p->state == LN_SPOT_EMPTY;
    return ln_record_sum(ln_members_record(t->m, i)->active, t->rules->workers) == 0;
}

/* Or rules->spots: all are taken. *hers: it was hers before. */
static unsigned free_spot(const struct taking *t, const struct ln_spot *who, bool *hers)
{
    unsigned used = ln_members_used(t->m), spots = t->rules->spots, first = spots;
    struct ln_spot p;

    *hers = false;
    for (unsigned i = 0; i < used && i < spots; i++) {
        if (!is_free(t, i, &p))
            continue;
        if (ln_spot_equals(&p, who)) {
            *hers = true;
            return i;
        }
        first = first == spots ? i : first;
    }
    return used < spots ? used : first;
}

static uint32_t next_turn(const struct ln_members *m, unsigned at)
{
    uint64_t what = atomic_load(&ln_members_spot(m, at)->what);

    return (uint32_t)((what >> LN_SPOT_TURN) + 1) & ((1u << (64 - LN_SPOT_TURN)) - 1);
}

static void join(struct taking *t, const struct ln_spot *who)
{
    bool hers;
    unsigned at = free_spot(t, who, &hers);
    struct ln_spot p = *who;

    if (at == t->rules->spots || t->members >= t->rules->max) {
        t->news.refused++;
        return;
    }
    ln_record_renew(ln_members_record(t->m, at), t->rules->since);
    if (!hers)
        ln_record_rename(ln_members_record(t->m, at), t->rules->workers);
    p.state = LN_SPOT_MEMBER;
    p.turn = next_turn(t->m, at);
    write_spot(t, at, &p);
    if (at >= ln_members_used(t->m))
        atomic_store_explicit(&t->m->head->used, at + 1, memory_order_release);
    t->members++;
    t->news.joined++;
}

/* ---- those that go ---- */

static void dismiss(struct taking *t)
{
    unsigned members = 0;

    for (unsigned i = 0; i < ln_members_used(t->m); i++) {
        struct ln_spot p;

        if (!ln_spot_read(ln_members_spot(t->m, i), &p) || p.state != LN_SPOT_MEMBER)
            continue;
        if (stays(t, i, &p) && members < t->rules->max) {
            members++;
            continue;
        }
        p.state = LN_SPOT_LEAVING;
        write_spot(t, i, &p);
        t->news.left++;
    }
}

struct ln_turnover_news
ln_turnover_take(struct ln_members *m, const struct ln_spot *wanted, unsigned count,
                 const struct ln_turnover_rules *rules,
                 void (*tell)(void *arg, unsigned spot, const struct ln_spot *who), void *arg)
{
    struct taking t = {.m = m,
                       .wanted = wanted,
                       .placed = ln_zalloc(count + 1),
                       .count = count,
                       .rules = rules,
                       .tell = tell,
                       .arg = arg};

    ln_assert(m->has_records && rules->spots <= m->count);
    keep_all(&t);
    for (unsigned i = 0; i < count; i++)
        if (!t.placed[i])
            join(&t, &wanted[i]);
    if (t.news.joined > 0)
        atomic_fetch_add(rules->come, 1);
    dismiss(&t); /* last: a service whose members all change is never empty */
    ln_free(t.placed);
    return t.news;
}

void ln_turnover_sweep(struct ln_members *m, unsigned workers)
{
    for (unsigned i = 0; i < ln_members_used(m); i++) {
        struct ln_spot p;

        if (!ln_spot_read(ln_members_spot(m, i), &p) || p.state != LN_SPOT_LEAVING ||
            ln_record_sum(ln_members_record(m, i)->active, workers) > 0)
            continue;
        p.state = LN_SPOT_EMPTY;
        ln_spot_write(ln_members_spot(m, i), &p);
    }
}

/* ---- one instance ---- */

static unsigned list_of(const struct ln_members *m, struct ln_spot out[LN_MEMBERS_LIST])
{
    unsigned n = 0;

    for (unsigned i = 0; i < m->count && i < LN_MEMBERS_LIST; i++)
        if (ln_spot_read(ln_members_spot(m, i), &out[n]) && out[n].state == LN_SPOT_MEMBER)
            n++;
    return n;
}

bool ln_turnover_list(struct ln_members *m, const struct ln_spot *wanted, unsigned count,
                      bool partial, bool *apart)
{
    struct ln_spot now[LN_MEMBERS_LIST];
    unsigned had = list_of(m, now), same = 0;

    count = count < LN_MEMBERS_LIST ? count : LN_MEMBERS_LIST;
    for (unsigned i = 0; i < count; i++)
        same += find(now, had, &wanted[i]) >= 0;
    *apart = same == 0;
    if (same == count && (had == count || partial))
        return false;
    for (unsigned i = 0; i < LN_MEMBERS_LIST; i++) {
        struct ln_spot p = i < count ? wanted[i] : (struct ln_spot){.state = LN_SPOT_EMPTY};

        if (i < count)
            p.state = LN_SPOT_MEMBER;
        ln_spot_write(ln_members_spot(m, i), &p);
    }
    atomic_store(&m->head->used, LN_MEMBERS_LIST);
    return true;
}
