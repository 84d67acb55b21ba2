/* SPDX-License-Identifier: Apache-2.0
 * lots.c - tokens of Redis that are fetched by the lot and spent here.
 *
 * The purse (shm/purse.h) belongs to all workers of the gateway: a client's tokens are spent from
 * it without asking anybody. Who finds it empty fetches the next lot; requests of the same client
 * that come to this worker meanwhile wait for the same lot, those that come to another worker ask
 * for themselves alone. So a gateway never holds more than one lot for a client, and that is the
 * bound of the error: what lies in the purses of gateways is counted in Redis already and may be
 * spent a little later, or never.
 *
 * A lot lasts until all would be back in Redis if nobody asked: then it has been made up for there.
 * A refusal is remembered, too, so that a client over its limit does not keep Redis busy.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "limit/meter_inner.h"

enum { REMEMBER_MS = 1000 }; /* a refusal; what Redis forgets is noticed after so long */

struct fetch {
    struct ln_list node;
    struct ln_list waiting; /* ln_meter_take.node; the first has waited longest */
    struct ln_meter *meter;
    struct ln_redis_call *call;
    uint64_t hash, least; /* what was asked for at least */
    uint64_t held, note;  /* that the purse had, and that were too few */
    ln_msec held_until;   /* 0: none */
    ln_msec asked;
};

void ln_lots_init(struct ln_meter *m)
{
    for (unsigned i = 0; i < LN_LOTS_BUCKETS; i++)
        ln_list_init(&m->fetches[i]);
}

static void end_fetch(struct fetch *f)
{
    ln_redis_call_free(f->call);
    ln_list_remove(&f->node);
    ln_free(f);
}

static struct fetch *find_fetch(struct ln_meter *m, uint64_t hash)
{
    struct ln_list *bucket = &m->fetches[hash % LN_LOTS_BUCKETS];

    for (struct ln_list *at = bucket->next; at != bucket; at = at->next) {
        struct fetch *f = ln_container_of(at, struct fetch, node);

        if (f->hash == hash)
            return f;
    }
    return NULL;
}

static ln_msec now_of(const struct ln_meter *m)
{
    return ln_loop_now_ms(m->all->env.loop);
}

/* Nobody is at it any more; what the purse had goes back. */
static void give_up(struct ln_meter *m, uint64_t hash, uint64_t held, uint64_t note,
                    ln_msec held_until)
{
    ln_purse_put(&m->purse, hash, held, note, held_until, now_of(m));
}

/* Those who have waited are gone; what Redis still answers is lost. */
void ln_lots_free(struct ln_meter *m)
{
    for (unsigned i = 0; i < LN_LOTS_BUCKETS; i++)
        while (!ln_list_is_empty(&m->fetches[i])) {
            struct fetch *f = ln_container_of(m->fetches[i].next, struct fetch, node);

            give_up(m, f->hash, f->held, f->note, f->held_until);
            end_fetch(f);
        }
}

/* ---- what clients are told of tokens and refusals ---- */

/* The purse keeps it: which window was the tightest, and what was left of it in Redis; of a
 * refusal, when all of it is back. */
static uint64_t note_of(uint64_t number, unsigned which)
{
    return number * LN_TALLY_WINDOWS + which;
}

static ln_nsec nsec_until(ln_msec at, ln_msec now)
{
    return at > now ? (at - now) * LN_NSEC_PER_MSEC : 0;
}

static struct ln_meter_answer told(const struct ln_meter *m, bool ok,
                                   const struct ln_purse_answer *purse)
{
    ln_msec now = now_of(m);
    uint64_t number = purse->note / LN_TALLY_WINDOWS;
    unsigned which = purse->note % LN_TALLY_WINDOWS;
    struct ln_meter_answer a = {
        .ok = ok, .by = LN_METER_LEASED, .which = which < m->conf.count ? which : 0};

    if (ok) {
        a.left = purse->tokens + number;
        a.reset = nsec_until(purse->until, now);
    } else {
        a.wait = purse->until > now ? nsec_until(purse->until, now) : LN_NSEC_PER_MSEC;
        a.reset = number > purse->until ? nsec_until(number, now) : a.wait;
    }
    return a;
}

/* ---- fetching ---- */

static void on_fetched(struct ln_redis_call *c);

/* What is lacking of `want` tokens, or a lot if that is more. False: it cannot be asked. */
static bool fetch(struct ln_meter_take *t, uint64_t want, const struct ln_purse_answer *purse)
{
    struct ln_meter *m = t->meter;
    ln_msec patience = ln_meter_patience(t);
    struct fetch *f;

    if (m->is_slow || patience == 0)
        return false;
    f = ln_zalloc(sizeof *f);
    f->meter = m;
    f->hash = t->hash;
    f->held = purse->tokens;
    f->note = purse->note;
    f->held_until = purse->until;
    f->least = t->cost - f->held;
    f->asked = now_of(m);
    want = want > f->held ? want - f->held : 0;
    f->call = ln_redis_call_new(m->redis, on_fetched, f);
    ln_list_init(&f->waiting);
    ln_list_append(&m->fetches[t->hash % LN_LOTS_BUCKETS], &f->node);
    ln_tally_ask(&m->tally, f->call, t->identity, (int64_t)f->least,
                 want > m->conf.lease ? want : m->conf.lease);
    if (ln_redis_call_send(f->call, patience)) {
        ln_list_append(&f->waiting, &t->node);
        return true;
    }
    struct ln_tally_answer none;

    ln_meter_read(m, f->call, &none); /* notes why */
    end_fetch(f);
    return false;
}

/* From the purse, or with whoever fetches. `want` is what the caller knows to be needed. True: the
 * answer is there. */
static bool try_take(struct ln_meter_take *t, uint64_t want)
{
    struct ln_meter *m = t->meter;
    ln_msec now = now_of(m);
    struct ln_purse_answer a;
    enum ln_purse_is is = ln_purse_take(&m->purse, t->hash, t->cost, now, m->conf.timeout, &a);
    struct fetch *f;

    switch (is) {
    case LN_PURSE_PAID:
    case LN_PURSE_DENIED:
        t->answer = told(m, is == LN_PURSE_PAID, &a);
        ln_meter_count(m, LN_STAT_LIMITED_LEASED);
        return true;
    case LN_PURSE_BUSY:
        f = find_fetch(m, t->hash);
        if (f == NULL)
            return ln_meter_ask(t);
        ln_list_append(&f->waiting, &t->node);
        return false;
    case LN_PURSE_EMPTY:
        break;
    }
    if (fetch(t, want, &a))
        return false;
    give_up(m, t->hash, a.tokens, a.note, a.until);
    ln_meter_do_without(t);
    return true;
}

bool ln_lots_take(struct ln_meter_take *t)
{
    return try_take(t, t->cost);
}

/* ---- what was fetched ---- */

static struct ln_meter_take *next_of(struct ln_list *waiting)
{
    struct ln_meter_take *t = ln_container_of(waiting->next, struct ln_meter_take, node);

    ln_list_remove(&t->node);
    return t;
}

static void answer(struct ln_meter_take *t, const struct ln_tally_answer *a)
{
    ln_meter_answer_by_redis(t, a);
    t->on_done(t);
}

/* One token was refused: so is everybody. */
static void refuse_all(struct ln_meter *m, uint64_t hash, struct ln_list *waiting,
                       const struct ln_tally_answer *a)
{
    ln_msec now = now_of(m), back = now + a->reset / LN_NSEC_PER_MSEC;

    ln_purse_deny(&m->purse, hash, now + (a->wait + LN_NSEC_PER_MSEC - 1) / LN_NSEC_PER_MSEC,
                  REMEMBER_MS, note_of(back, a->which), now);
    while (!ln_list_is_empty(waiting))
        answer(next_of(waiting), a);
}

/* To those who wait, in order; what is left goes into the purse before anybody is told. A lot ends
 * as if Redis had given it when it was asked: never later than there. */
static void hand_out(const struct fetch *f, struct ln_list *waiting,
                     const struct ln_tally_answer *a)
{
    ln_msec now = now_of(f->meter), until = f->asked + a->reset / LN_NSEC_PER_MSEC;
    uint64_t tokens = a->granted + (f->held_until > now ? f->held : 0);
    struct ln_tally_answer said = *a;
    struct ln_list served;

    ln_list_init(&served);
    while (!ln_list_is_empty(waiting)) {
        struct ln_meter_take *t = ln_container_of(waiting->next, struct ln_meter_take, node);

        if (t->cost > tokens)
            break;
        tokens -= t->cost;
        ln_list_remove(&t->node);
        ln_list_append(&served, &t->node);
    }
    if (tokens > a->granted && f->held_until < until) /* those that were held, too */
        until = f->held_until;
    ln_purse_put(&f->meter->purse, f->hash, tokens, note_of(a->left, a->which), until, now);
    said.left += tokens;
    while (!ln_list_is_empty(&served))
        answer(next_of(&served), &said);
}

/* Those for whom it was not enough: the first of them fetches for all. */
static void go_on(struct ln_list *waiting)
{
    uint64_t want = 0;

    for (struct ln_list *at = waiting->next; at != waiting; at = at->next)
        want += ln_container_of(at, struct ln_meter_take, node)->cost;
    while (!ln_list_is_empty(waiting)) {
        struct ln_meter_take *t = next_of(waiting);

        if (try_take(t, want))
            t->on_done(t);
        want = 0;
    }
}

/* So many were not there: what costs less may still pass. */
static void refuse_some(uint64_t cost, struct ln_list *waiting, const struct ln_tally_answer *a)
{
    struct ln_list others;

    ln_list_init(&others);
    while (!ln_list_is_empty(waiting)) {
        struct ln_meter_take *t = next_of(waiting);

        if (t->cost >= cost)
            answer(t, a);
        else
            ln_list_append(&others, &t->node);
    }
    go_on(&others);
}

static void do_without_all(struct ln_list *waiting)
{
    while (!ln_list_is_empty(waiting)) {
        struct ln_meter_take *t = next_of(waiting);

        ln_meter_do_without(t);
        t->on_done(t);
    }
}

/* Callbacks may cancel those that still wait, or take again: nothing of the fetch is left by then.
 */
static void on_fetched(struct ln_redis_call *c)
{
    struct fetch *listed = c->arg, f = *listed;
    struct ln_tally_answer a;
    bool answered = ln_meter_read(f.meter, c, &a);
    struct ln_list waiting;

    ln_list_init(&waiting);
    while (!ln_list_is_empty(&listed->waiting))
        ln_list_append(&waiting, &next_of(&listed->waiting)->node);
    end_fetch(listed);
    if (answered && a.ok) {
        hand_out(&f, &waiting, &a);
        go_on(&waiting);
    } else if (answered && f.least == 1 && f.held == 0) {
        refuse_all(f.meter, f.hash, &waiting, &a);
    } else {
        give_up(f.meter, f.hash, f.held, f.note, f.held_until);
        if (answered)
            refuse_some(f.least + f.held, &waiting, &a);
        else
            do_without_all(&waiting);
    }
}
