/* SPDX-License-Identifier: Apache-2.0
 * permits.c - takes the first number that is free, from a place that differs each time.
 */
#include "shm/permits.h"

#include <string.h>

#include "base/assert.h"

enum { CLIENT_MAX = 1000, LOOK_AFTER = 1000000000 };

/* Who holds: the how-manieth worker of which slot, and for which of its takes. All of it is a whole
 * number of 53 bits for the dictionary; a ticket is the take and the number of the permit. */
enum { LIFE_BITS = 19, SLOT_BITS = 10, TURN_BITS = 24, NUMBER_BITS = 14 };

static uint64_t low(uint64_t n, unsigned bits)
{
    return n & (((uint64_t)1 << bits) - 1);
}

static double holder_of(const struct ln_permits *p, uint64_t turn)
{
    uint64_t life = low(ln_slot_get(&ln_shm_slot(p->shm, p->worker)->starts), LIFE_BITS);

    return (double)((life << SLOT_BITS | p->worker) << TURN_BITS | low(turn, TURN_BITS));
}

static bool is_dead(const struct ln_permits *p, double holder)
{
    uint64_t n = (uint64_t)holder >> TURN_BITS, slot = low(n, SLOT_BITS);

    if (slot >= ln_shm_workers(p->shm))
        return true;
    const struct ln_shm_slot *s = ln_shm_slot(p->shm, (unsigned)slot);
    uint64_t starts = ln_slot_get(&s->starts);

    return low(starts, LIFE_BITS) != n >> SLOT_BITS || (starts > 0 && atomic_load(&s->pid) == 0);
}

void ln_permits_init(struct ln_permits *p, const struct ln_shm *shm, unsigned worker, void *zone,
                     size_t size)
{
    ln_dict_init(&p->dict, zone, size, false);
    p->shm = shm;
    p->worker = worker;
    p->turn = 0;
    p->looked_at = 0;
}

void ln_permits_fini(struct ln_permits *p)
{
    ln_dict_fini(&p->dict);
}

/* The number, then the client; of a very long one its begin and a hash of all of it. */
struct key {
    char bytes[sizeof(uint32_t) + CLIENT_MAX + sizeof(uint64_t)];
    size_t n;
};

static void key_begin(struct key *k, const struct ln_permits *p, struct ln_slice client)
{
    size_t n = client.n < CLIENT_MAX ? client.n : CLIENT_MAX;

    memcpy(k->bytes + sizeof(uint32_t), client.p, n);
    k->n = sizeof(uint32_t) + n;
    if (n == client.n)
        return;
    uint64_t hash = ln_hash(ln_shm_hash_key(p->shm), client.p, client.n);

    memcpy(k->bytes + k->n, &hash, sizeof hash);
    k->n += sizeof hash;
}

static struct ln_dict_key key_of(struct key *k, const struct ln_permits *p, uint32_t number)
{
    memcpy(k->bytes, &number, sizeof number);
    return (struct ln_dict_key){ln_hash(ln_shm_hash_key(p->shm), k->bytes, k->n),
                                ln_slice(k->bytes, k->n)};
}

static enum ln_dict_rc add(struct ln_permits *p, const struct ln_dict_key *key,
                           const struct ln_dict_value *old, ln_nsec expires, ln_nsec now)
{
    const struct ln_dict_value mine = {LN_DICT_NUMBER, holder_of(p, p->turn), {NULL, 0}};

    return ln_dict_cas(&p->dict, key, old, &mine, expires, now);
}

static int64_t ticket_of(const struct ln_permits *p, unsigned number)
{
    return (int64_t)(low(p->turn, TURN_BITS) << NUMBER_BITS | number);
}

/* What the dead have held is free, from the first who notices. */
static int64_t take_of_the_dead(struct ln_permits *p, struct key *k, unsigned most, ln_nsec expires,
                                ln_nsec now)
{
    if (p->looked_at != 0 && now < p->looked_at + LOOK_AFTER)
        return LN_PERMITS_NONE;
    for (unsigned i = 0; i < most; i++) {
        struct ln_dict_key key = key_of(k, p, i);
        struct ln_dict_value held;

        if (ln_dict_get(&p->dict, &key, now, &held) != LN_DICT_DONE ||
            held.type != LN_DICT_NUMBER || !is_dead(p, held.number))
            continue;
        if (add(p, &key, &held, expires, now) == LN_DICT_DONE)
            return ticket_of(p, i);
    }
    p->looked_at = now;
    return LN_PERMITS_NONE;
}

int64_t ln_permits_take(struct ln_permits *p, struct ln_slice client, unsigned most,
                        ln_nsec expires, ln_nsec now)
{
    const struct ln_dict_value nothing = {LN_DICT_ABSENT, 0, {NULL, 0}};
    struct key k;
    unsigned first;

    ln_assert(most > 0 && most <= LN_PERMITS_MOST);
    key_begin(&k, p, client);
    first = (unsigned)(++p->turn * 0x9e3779b9u % most);
    for (unsigned i = 0; i < most; i++) {
        unsigned number = first + i < most ? first + i : first + i - most;
        struct ln_dict_key key = key_of(&k, p, number);
        enum ln_dict_rc rc = add(p, &key, &nothing, expires, now);

        if (rc == LN_DICT_DONE)
            return ticket_of(p, number);
        if (rc != LN_DICT_NOT)
            return LN_PERMITS_FULL;
    }
    return take_of_the_dead(p, &k, most, expires, now);
}

void ln_permits_give(struct ln_permits *p, struct ln_slice client, int64_t ticket, ln_nsec now)
{
    const struct ln_dict_value nothing = {LN_DICT_ABSENT, 0, {NULL, 0}};
    const struct ln_dict_value mine = {
        LN_DICT_NUMBER, holder_of(p, (uint64_t)ticket >> NUMBER_BITS), {NULL, 0}};
    struct key k;

    key_begin(&k, p, client);
    struct ln_dict_key key = key_of(&k, p, (uint32_t)low((uint64_t)ticket, NUMBER_BITS));

    ln_dict_cas(&p->dict, &key, &mine, &nothing, 0, now);
}
