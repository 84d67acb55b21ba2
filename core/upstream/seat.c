/* SPDX-License-Identifier: Apache-2.0
 * seat.c - who sits where, and what follows from it for the instance.
 */
#include "upstream/seat.h"

#include <stdio.h>

#include "base/mem.h"
#include "upstream/service.h"

enum { KEY_MAX = 1024 };

/* What an instance has of its own, instead of its entry's. */
struct ln_own {
    struct ln_instance_conf conf;
    unsigned room; /* addresses */
    struct ln_addr *addrs;
    char origin[LN_SEAT_URL];
    char url[]; /* LN_SEAT_URL bytes, and the base */
};

static struct ln_slice zone_name(char out[KEY_MAX], const struct ln_service_conf *s,
                                 const struct ln_instance_conf *i)
{
    int n = snprintf(out, KEY_MAX, "%s %s", s->name, i->url);

    return ln_slice(out, n < KEY_MAX ? (size_t)n : KEY_MAX - 1);
}

void ln_seats_demand(const struct ln_service_conf *s, const struct ln_instance_conf *i,
                     struct ln_demand *demand)
{
    char key[KEY_MAX];

    ln_members_demand(demand, zone_name(key, s, i), i->discover != LN_DISCOVER_OFF);
}

/* ---- the first addresses ---- */

static unsigned spots_of(const struct ln_instance_conf *conf, struct ln_spot out[LN_MEMBERS_LIST])
{
    unsigned n = 0;

    for (unsigned i = 0; i < conf->addr_count && n < LN_MEMBERS_LIST; i++) {
        out[n] = (struct ln_spot){.port = (uint16_t)conf->port,
                                  .weight = (uint16_t)conf->weight,
                                  .backup = conf->backup,
                                  .state = LN_SPOT_MEMBER,
                                  .turn = 1};
        n += ln_addr_ip(&conf->addrs[i], out[n].ip);
    }
    return n;
}

/* Whoever comes first does so for all workers, which have loaded the same. The spots are written
 * before anybody has been asked, so nobody else writes there. */
static void seed(struct ln_followed *f)
{
    struct ln_spot spots[LN_MEMBERS_LIST];
    unsigned count = spots_of(f->conf, spots);
    uint64_t nobody = 0;

    if (count > f->count && f->conf->discover != LN_DISCOVER_OFF)
        count = f->count;
    if (count == 0 || !atomic_compare_exchange_strong(&f->members.head->answered, &nobody, 1))
        return;
    for (unsigned i = 0; i < count; i++)
        ln_spot_write(ln_members_spot(&f->members, i), &spots[i]);
    atomic_store_explicit(&f->members.head->used, count, memory_order_release);
    atomic_fetch_add(&f->instances->service->record->steered, 1);
}

/* ---- life ---- */

static void own_new(struct ln_instance *i, const struct ln_instance_conf *conf, unsigned room)
{
    i->own = ln_zalloc(sizeof *i->own + LN_SEAT_URL + strlen(conf->base));
    i->own->conf = *conf;
    i->own->room = room;
    i->own->addrs = ln_zalloc(room * sizeof *i->own->addrs);
}

static void init_list(struct ln_followed *f)
{
    struct ln_instance *i = f->instances;
    const struct ln_instance_conf *conf = f->conf;

    own_new(i, conf, LN_MEMBERS_LIST);
    i->own->conf.addrs = i->own->addrs;
    i->own->conf.addr_count =
        conf->addr_count < LN_MEMBERS_LIST ? conf->addr_count : LN_MEMBERS_LIST;
    if (conf->addr_count > 0)
        memcpy(i->own->addrs, conf->addrs, i->own->conf.addr_count * sizeof *conf->addrs);
    i->conf = &i->own->conf;
}

int ln_seats_init(struct ln_followed *f, struct ln_instance *instances,
                  const struct ln_instance_conf *conf, struct ln_shm *shm, struct ln_err *err)
{
    char key[KEY_MAX];
    struct ln_slice name = zone_name(key, instances->service->conf, conf);
    const struct ln_services *all = instances->service->all;
    bool discovers = conf->discover != LN_DISCOVER_OFF;

    *f = (struct ln_followed){.conf = conf, .instances = instances, .count = ln_seats_of(conf)};
    if (!ln_members_open(&f->members, shm, name, discovers))
        return ln_fail(err, LN_E_LIMIT, "shared memory has no record for %.*s", (int)name.n,
                       name.p);
    for (unsigned i = 0; discovers && i < f->count; i++) {
        instances[i].spot = ln_members_spot(&f->members, i);
        instances[i].record = ln_members_record(&f->members, i);
        instances[i].counts = ln_instance_counts(instances[i].record, all->workers, all->worker);
        instances[i].out = true;
    }
    if (!discovers)
        init_list(f);
    seed(f);
    return 0;
}

void ln_seats_fini(struct ln_followed *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct ln_own *own = f->instances[i].own;

        if (own != NULL)
            ln_free(own->addrs);
        ln_free(own);
    }
}

/* ---- one of many ---- */

void ln_seat_url(const struct ln_spot *p, const char *base, char *out, size_t size)
{
    char text[LN_ADDR_TEXT];
    struct ln_addr addr;

    ln_addr_make(&addr, p->ip, p->port);
    snprintf(out, size, "http://%s%s", ln_addr_print(&addr, text), base);
}

/* Like the authority of a URL: port 80 goes without saying. */
static void write_origin(struct ln_own *own)
{
    char text[LN_ADDR_TEXT];
    size_t n;

    ln_addr_print(own->addrs, text);
    n = strlen(text);
    if (own->conf.port == 80)
        n -= 3;
    snprintf(own->origin, sizeof own->origin, "%.*s", (int)n, text);
}

static void sit(struct ln_instance *i, const struct ln_instance_conf *conf, const struct ln_spot *p,
                struct ln_pools *pools)
{
    struct ln_own *own;

    if (i->own == NULL)
        own_new(i, conf, 1);
    own = i->own;
    ln_addr_make(own->addrs, p->ip, p->port);
    ln_seat_url(p, conf->base, own->url, LN_SEAT_URL + strlen(conf->base));
    own->conf.port = p->port;
    write_origin(own);
    own->conf.url = own->url;
    own->conf.origin = own->origin;
    own->conf.addrs = own->addrs;
    own->conf.addr_count = 1;
    i->conf = &own->conf;
    i->turn = p->turn;
    if (i->pool != NULL)
        ln_pool_let_go(i->pool);
    i->pool = ln_pool_hold(pools, ln_slice_of(own->url));
}

static void look_at(struct ln_instance *i, const struct ln_followed *f, struct ln_pools *pools)
{
    struct ln_spot p;
    bool was_out = i->out;

    if (!ln_spot_read(i->spot, &p)) /* as it was, until whoever writes there tells of it */
        return;
    i->out = p.state != LN_SPOT_MEMBER;
    if (i->out) {
        if (!was_out)
            ln_pool_expire(i->pool);
        return;
    }
    if (i->own == NULL || i->turn != p.turn)
        sit(i, f->conf, &p, pools);
    /* Of addresses the entry speaks, which may have changed with a reload. */
    i->own->conf.weight = f->conf->discover == LN_DISCOVER_SRV ? p.weight : f->conf->weight;
    i->own->conf.backup = f->conf->backup || p.backup;
}

/* ---- several of one ---- */

static bool has(const struct ln_own *own, const struct ln_addr *addr)
{
    unsigned char ip[16], other[16];

    if (!ln_addr_ip(addr, ip))
        return false;
    for (unsigned i = 0; i < own->conf.addr_count; i++)
        if (ln_addr_ip(&own->addrs[i], other) && memcmp(ip, other, sizeof ip) == 0)
            return true;
    return false;
}

/* A connection that is being made may be reading: what stands there is always an address. */
static void look_at_list(struct ln_instance *i, const struct ln_members *m, bool answered)
{
    struct ln_own *own = i->own;
    struct ln_addr addrs[LN_MEMBERS_LIST];
    unsigned count = 0, same = 0;
    struct ln_spot p;

    for (unsigned k = 0; k < ln_members_used(m); k++) {
        if (!ln_spot_read(ln_members_spot(m, k), &p) || p.state != LN_SPOT_MEMBER)
            continue;
        ln_addr_make(&addrs[count], p.ip, p.port);
        same += has(own, &addrs[count++]);
    }
    i->out = count == 0 && own->conf.addr_count == 0 && !answered;
    if (count == 0 || (same == count && count == own->conf.addr_count))
        return;
    memcpy(own->addrs, addrs, count * sizeof *addrs);
    own->conf.addr_count = count;
    ln_pool_expire(i->pool);
}

bool ln_seats_look(struct ln_followed *f, struct ln_pools *pools)
{
    bool answered = atomic_load(&f->members.head->answered) != 0;
    unsigned used = ln_members_used(&f->members);

    if (f->conf->discover == LN_DISCOVER_OFF)
        look_at_list(f->instances, &f->members, answered);
    else
        for (unsigned i = 0; i < f->count && i < used; i++)
            look_at(&f->instances[i], f, pools);
    return answered;
}
