/* SPDX-License-Identifier: Apache-2.0
 * purse.c - a set-associative table of words that say everything, each changed by one swap.
 *
 *   set: way {hash, word} x 4 | note {text, until} x 4
 *   word: until when it holds (42 bits) | kind (2) | tokens (20)
 *
 * A word may return to an earlier value; that does no harm, because every decision is a swap of
 * both halves from what was read, also where nothing changes. Notes are written without it: they
 * are for what clients are told, and at worst are another client's for a moment.
 */
#include "shm/purse.h"

#include "base/assert.h"
#include "shm/pair.h"

enum { WAYS = 4, TOKEN_BITS = 20, KIND_BITS = 2 };

#define UNTIL_MAX (((ln_msec)1 << (64 - KIND_BITS - TOKEN_BITS)) - 1)

enum kind { NONE, TOKENS, DENIED, BUSY };

struct set {
    struct ln_pair way[WAYS];
    struct {
        uint64_t text, until;
    } note[WAYS];
};

struct word {
    ln_msec until;
    enum kind kind;
    uint64_t tokens;
};

static uint64_t pack(struct word w)
{
    if (w.until > UNTIL_MAX)
        w.until = UNTIL_MAX;
    return w.until << (KIND_BITS + TOKEN_BITS) | (uint64_t)w.kind << TOKEN_BITS | w.tokens;
}

/* What has passed its time is nothing. */
static struct word unpack(uint64_t stamp, ln_msec now)
{
    struct word w = {stamp >> (KIND_BITS + TOKEN_BITS),
                     (enum kind)(stamp >> TOKEN_BITS & ((1 << KIND_BITS) - 1)),
                     stamp & LN_PURSE_TOKENS_MAX};

    return w.until > now ? w : (struct word){0, NONE, 0};
}

size_t ln_purse_size(size_t clients)
{
    return (clients / WAYS + 1) * sizeof(struct set);
}

static struct set *set_of(const struct ln_purse *p, uint64_t hash)
{
    size_t sets = p->size / sizeof(struct set);

    ln_assert(sets > 0 && ((uintptr_t)p->zone & 15) == 0);
    return (struct set *)p->zone + (size_t)(((unsigned __int128)hash * sets) >> 64);
}

/* The client's way; or one that is free, or else the one that ends first. */
static unsigned find(const struct set *s, uint64_t hash, ln_msec now)
{
    unsigned best = 0;
    ln_msec least = UINT64_MAX;

    for (unsigned i = 0; i < WAYS; i++) {
        struct ln_pair seen = ln_pair_read(&s->way[i]);
        ln_msec until = unpack(seen.stamp, now).until;

        if (seen.id == hash)
            return i;
        if (until < least) {
            best = i;
            least = until;
        }
    }
    return best;
}

static uint64_t id_of(uint64_t hash)
{
    return hash != 0 ? hash : 1; /* 0 is "nobody" */
}

enum ln_purse_is ln_purse_take(const struct ln_purse *p, uint64_t hash, uint64_t cost, ln_msec now,
                               ln_msec busy_for, struct ln_purse_answer *out)
{
    struct set *s = set_of(p, hash);

    hash = id_of(hash);
    for (;;) {
        unsigned i = find(s, hash, now);
        struct ln_pair seen = ln_pair_read(&s->way[i]);
        struct word w = unpack(seen.stamp, now), next = w;
        enum ln_purse_is is = LN_PURSE_EMPTY;

        if (seen.id != hash)
            w = (struct word){0, NONE, 0};
        out->note = __atomic_load_n(&s->note[i].text, __ATOMIC_RELAXED);
        out->until = __atomic_load_n(&s->note[i].until, __ATOMIC_RELAXED);
        if (w.kind == TOKENS && w.tokens >= cost) {
            is = LN_PURSE_PAID;
            next.tokens = out->tokens = w.tokens - cost;
        } else if (w.kind == DENIED || w.kind == BUSY) {
            is = w.kind == DENIED ? LN_PURSE_DENIED : LN_PURSE_BUSY;
        } else {
            next = (struct word){now + busy_for, BUSY, 0};
            out->tokens = w.tokens;
            out->until = w.until;
        }
        if (ln_pair_cas(&s->way[i], seen, (struct ln_pair){hash, pack(next)}))
            return is;
    }
}

static void put(const struct ln_purse *p, uint64_t hash, struct word add, uint64_t note,
                ln_msec until, ln_msec now)
{
    struct set *s = set_of(p, hash);

    hash = id_of(hash);
    for (;;) {
        unsigned i = find(s, hash, now);
        struct ln_pair seen = ln_pair_read(&s->way[i]);
        struct word w = unpack(seen.stamp, now), next = add;

        if (add.until <= now || (add.kind == TOKENS && add.tokens == 0)) {
            if (seen.id != hash || w.kind != BUSY)
                return; /* nothing takes nobody's place */
            next = (struct word){0, NONE, 0};
        }
        if (seen.id == hash && w.kind == TOKENS && add.kind == TOKENS) {
            next.tokens += w.tokens;
            next.until = w.until < add.until ? w.until : add.until;
        }
        if (next.tokens > LN_PURSE_TOKENS_MAX)
            next.tokens = LN_PURSE_TOKENS_MAX;
        if (!ln_pair_cas(&s->way[i], seen, (struct ln_pair){hash, pack(next)}))
            continue;
        __atomic_store_n(&s->note[i].text, note, __ATOMIC_RELAXED);
        __atomic_store_n(&s->note[i].until, until, __ATOMIC_RELAXED);
        return;
    }
}

void ln_purse_put(const struct ln_purse *p, uint64_t hash, uint64_t tokens, uint64_t note,
                  ln_msec until, ln_msec now)
{
    put(p, hash, (struct word){until, TOKENS, tokens}, note, until, now);
}

void ln_purse_deny(const struct ln_purse *p, uint64_t hash, ln_msec until, ln_msec at_most,
                   uint64_t note, ln_msec now)
{
    ln_msec end = until - now < at_most ? until : now + at_most;

    put(p, hash, (struct word){end, DENIED, 0}, note, until, now);
}
