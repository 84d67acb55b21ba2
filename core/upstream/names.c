/* SPDX-License-Identifier: Apache-2.0
 * names.c - takes the lease, asks, and writes down what comes of it.
 */
#include "upstream/names.h"

#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "shm/lease.h"
#include "upstream/seen.h"
#include "upstream/turnover.h"

enum {
    RETRY_MS = 1000,     /* after a failure; then twice as long each time, up to ... */
    RETRY_MAX_MS = 5000, /* ... this */
    LOOK_MS = 1000,      /* how often a worker without requests looks for news */
    FIRST_LOOK_MS = 20,  /* while requests may be waiting for the first answer */
    SETTLING_MS = 2000,  /* who comes to a service that is younger does not warm up */
    SHOWN = 10,          /* names in a line of the log */
    WANTED_MAX = LN_RESOLVE_MAX
};

/* What the log was last told of a name; in shared memory, so that it is told once. */
enum trouble { NO_TROUBLE, UNKNOWN, GONE, TOO_MANY };

struct name;

/* The host of a service record. */
struct target {
    struct name *name;
    struct ln_resolve_op op;
    struct ln_service_record record;
};

struct name {
    struct ln_names *all;
    struct ln_service *service;
    struct ln_followed *f;
    struct ln_timer timer;
    struct ln_resolve_op op;
    struct target *targets; /* owned */
    unsigned target_count, waiting;
    ln_msec retry;
};

struct ln_names {
    struct ln_services *services;
    struct ln_pools *pools;
    struct ln_resolver *resolver;
    struct ln_lease_record *lease;
    struct ln_timer turn;
    ln_msec hold;
    uint32_t who;
    bool holds;
    unsigned count;
    struct name v[];
};

static ln_msec now_of(const struct ln_names *n)
{
    return ln_loop_now_ms(n->pools->loop);
}

static bool discovers(const struct name *n)
{
    return n->f->conf->discover != LN_DISCOVER_OFF;
}

static void on_time(struct ln_timer *t);

static void ask_again(struct name *n, ln_msec after)
{
    ln_timer_start(n->all->pools->loop, &n->timer, after > 0 ? after : 1, on_time);
}

/* Before anything is written: a holder that was stopped for a while may be one no longer. */
static bool still_holds(struct name *n)
{
    struct ln_names *all = n->all;

    return ln_lease_take(all->lease, all->who, now_of(all));
}

/* ---- what the log is told ---- */

/* True once for each change. */
static bool is_new(struct name *n, enum trouble trouble)
{
    return atomic_exchange(&n->f->members.head->trouble, trouble) != trouble;
}

static const char *what_stays(const struct name *n)
{
    return discovers(n) ? "its instances stay" : "its last addresses stay";
}

static void say_fine(struct name *n)
{
    enum trouble was = atomic_exchange(&n->f->members.head->trouble, NO_TROUBLE);

    if (was == UNKNOWN || was == GONE)
        ln_info("names %s %s: there are answers again", n->service->conf->name, n->f->conf->url);
}

/* Who has joined and who has left, in one line. */
struct story {
    struct name *name;
    struct ln_text joined, left;
    unsigned joined_count, left_count;
};

static void tell(struct ln_text *out, unsigned *count, const char *url)
{
    if (*count < SHOWN)
        ln_text_printf(out, "%s%s", *count > 0 ? ", " : "", url);
    else if (*count == SHOWN)
        ln_text_puts(out, ", ...");
    (*count)++;
}

/* Reports know an instance by what is published of it (upstream/seen.h). */
static void publish(const struct name *n, unsigned at, const struct ln_spot *p)
{
    struct ln_instance_conf conf = *n->f->conf;

    conf.weight = p->weight;
    conf.backup = p->backup;
    ln_seen_publish(ln_members_record(&n->f->members, at), n->service->conf, &conf);
}

static void on_move(void *arg, unsigned at, const struct ln_spot *p)
{
    struct story *story = arg;
    char url[LN_SEAT_URL];

    ln_seat_url(p, "", url, sizeof url);
    if (p->state != LN_SPOT_MEMBER) {
        tell(&story->left, &story->left_count, url);
        return;
    }
    publish(story->name, at, p);
    tell(&story->joined, &story->joined_count, url);
}

static void say_moves(const struct story *story)
{
    const struct name *n = story->name;

    if (story->joined_count > 0)
        ln_info("names %s %s: %u joined: %s", n->service->conf->name, n->f->conf->url,
                story->joined_count, story->joined.p);
    if (story->left_count > 0)
        ln_info("names %s %s: %u left: %s", n->service->conf->name, n->f->conf->url,
                story->left_count, story->left.p);
}

/* ---- what is written down ---- */

/* All workers look at it at their next pick, we at once. */
static void announce(struct name *n)
{
    atomic_fetch_add(&n->service->record->steered, 1);
    ln_service_notice(n->service);
}

static void note_answered(struct name *n)
{
    if (atomic_exchange(&n->f->members.head->answered, 1) == 0)
        announce(n);
}

/* Whoever comes to a service that is at work warms up. */
static ln_msec warm_from(const struct name *n, ln_msec now)
{
    return now > atomic_load(&n->service->record->born) + SETTLING_MS ? now : 1;
}

static void publish_all(const struct name *n)
{
    const struct ln_members *m = &n->f->members;

    for (unsigned i = 0; i < ln_members_used(m); i++) {
        struct ln_spot p;

        if (ln_spot_read(ln_members_spot(m, i), &p) && p.state == LN_SPOT_MEMBER)
            publish(n, i, &p);
    }
}

/* How many are left out. */
static unsigned take_members(struct name *n, const struct ln_spot *wanted, unsigned count,
                             bool partial)
{
    struct ln_turnover_rules rules = {.max = n->f->conf->discover_max,
                                      .spots = n->f->count,
                                      .workers = n->all->services->workers,
                                      .since = warm_from(n, now_of(n->all)),
                                      .keeps_others = partial,
                                      .come = &n->service->record->steered};
    struct story story = {.name = n};
    struct ln_turnover_news news;

    ln_text_init(&story.joined);
    ln_text_init(&story.left);
    news = ln_turnover_take(&n->f->members, wanted, count, &rules, on_move, &story);
    if (news.changed > 0)
        publish_all(n);
    if (news.joined + news.left + news.changed > 0)
        announce(n);
    say_moves(&story);
    ln_text_fini(&story.joined);
    ln_text_fini(&story.left);
    return news.refused;
}

/* Another machine may be behind it: nothing is known of that. */
static void take_list(struct name *n, const struct ln_spot *wanted, unsigned count, bool partial)
{
    struct ln_text text;
    bool apart;
    unsigned shown = 0;
    char url[LN_SEAT_URL];

    if (!ln_turnover_list(&n->f->members, wanted, count, partial, &apart))
        return;
    if (apart)
        ln_record_renew(n->f->instances->record, warm_from(n, now_of(n->all)));
    announce(n);
    ln_text_init(&text);
    for (unsigned i = 0; i < count; i++) {
        ln_seat_url(&wanted[i], "", url, sizeof url);
        tell(&text, &shown, url);
    }
    ln_info("names %s %s: is now %s", n->service->conf->name, n->f->conf->url, text.p);
    ln_text_fini(&text);
}

/* ---- answers ---- */

static void on_failure(struct name *n, enum ln_resolve_status status)
{
    if (status == LN_RESOLVE_BUSY) { /* our own bound, which says nothing of the servers */
        ask_again(n, RETRY_MS + ln_rand_below(&n->all->services->rand, RETRY_MS));
        return;
    }
    n->retry = n->retry == 0 ? RETRY_MS : n->retry * 2 < RETRY_MAX_MS ? n->retry * 2 : RETRY_MAX_MS;
    if (still_holds(n)) {
        note_answered(n);
        if (is_new(n, UNKNOWN))
            ln_warn("names %s %s: %s: %s", n->service->conf->name, n->f->conf->url,
                    ln_resolve_status_text(status), what_stays(n));
    }
    ask_again(n, n->retry);
}

/* The servers say that there is nobody. That may be so, and it may be a zone that was just loaded
 * wrongly; who is believed at once empties a service at once. */
static void on_nobody(struct name *n, ln_msec ttl)
{
    struct ln_members_head *head = n->f->members.head;
    ln_msec now = now_of(n->all), since;

    n->retry = 0;
    if (!still_holds(n)) {
        ask_again(n, RETRY_MS);
        return;
    }
    note_answered(n);
    if (atomic_load(&head->gone) == 0)
        atomic_store(&head->gone, now);
    since = now - atomic_load(&head->gone);
    if (is_new(n, GONE))
        ln_warn("names %s %s: it has no addresses now: %s%s", n->service->conf->name,
                n->f->conf->url, what_stays(n), discovers(n) ? " for gateway.resolver.hold" : "");
    if (discovers(n) && since >= n->all->hold)
        take_members(n, NULL, 0, false);
    else if (discovers(n) && n->all->hold - since < ttl)
        ttl = n->all->hold - since;
    ask_again(n, ttl);
}

static void on_wanted(struct name *n, const struct ln_spot *wanted, unsigned count, bool partial,
                      ln_msec ttl)
{
    n->retry = 0;
    if (!still_holds(n)) {
        ask_again(n, RETRY_MS);
        return;
    }
    atomic_store(&n->f->members.head->gone, 0);

    unsigned refused = 0;

    if (discovers(n))
        refused = take_members(n, wanted, count, partial);
    else
        take_list(n, wanted, count, partial);
    if (refused == 0)
        say_fine(n);
    else if (is_new(n, TOO_MANY))
        ln_warn("names %s %s: it has %u more addresses than there is room for (discoverMax: %u)",
                n->service->conf->name, n->f->conf->url, refused, n->f->conf->discover_max);
    note_answered(n);
    ask_again(n, ttl);
}

/* Adds what the answer has and the list has not. */
static unsigned gather(struct ln_resolve_op *op, const struct ln_spot *as, struct ln_spot *into,
                       unsigned count)
{
    for (unsigned i = 0; i < ln_resolve_count(op) && count < WANTED_MAX; i++) {
        struct ln_addr addr = {.len = 0};
        struct ln_spot p = *as;
        unsigned k = 0;
        const struct sockaddr *sa = ln_resolve_address(op, i, &addr.len);

        memcpy(&addr.any, sa, addr.len);
        if (!ln_addr_ip(&addr, p.ip))
            continue;
        while (k < count && !ln_spot_equals(&into[k], &p))
            k++;
        if (k == count)
            into[count++] = p;
    }
    return count;
}

/* Does the servers' last word still hold, or are they failing? */
static bool has_failed(const struct ln_resolve_op *op)
{
    enum ln_resolve_status status = ln_resolve_status(op);

    return op->stale || (status != LN_RESOLVED && status != LN_RESOLVE_NO_NAME);
}

static ln_msec ttl_of(const struct name *n, const struct ln_resolve_op *op)
{
    return ln_resolve_ttl(op, n->all->pools->loop);
}

static void on_addresses(struct ln_resolve_op *op)
{
    struct name *n = ln_container_of(op, struct name, op);
    const struct ln_instance_conf *conf = n->f->conf;
    struct ln_spot as = {
        .port = (uint16_t)conf->port, .weight = (uint16_t)conf->weight, .backup = conf->backup};
    struct ln_spot wanted[WANTED_MAX];

    if (has_failed(op))
        on_failure(n, op->stale ? LN_RESOLVE_FAILED : ln_resolve_status(op));
    else if (ln_resolve_count(op) == 0)
        on_nobody(n, ttl_of(n, op));
    else
        on_wanted(n, wanted, gather(op, &as, wanted, 0), ln_resolve_is_partial(op), ttl_of(n, op));
    ln_resolve_done(op);
}

/* ---- service records ---- */

static void drop_targets(struct name *n)
{
    for (unsigned i = 0; i < n->target_count; i++)
        ln_resolve_done(&n->targets[i].op);
    ln_free(n->targets);
    n->targets = NULL;
    n->target_count = n->waiting = 0;
}

/* Records come by priority, the least number first: who has another one is there in case that all
 * of those are down. A weight of 0 is a very small one (RFC 2782). */
static unsigned gather_targets(struct name *n, struct ln_spot *wanted, bool *partial, ln_msec *ttl)
{
    unsigned count = 0;

    for (unsigned i = 0; i < n->target_count; i++) {
        struct target *t = &n->targets[i];
        struct ln_spot as = {.port = t->record.port,
                             .weight = t->record.weight > 0 ? t->record.weight : 1,
                             .backup = n->f->conf->backup ||
                                       t->record.priority > n->targets[0].record.priority};
        ln_msec its = ttl_of(n, &t->op);

        if (ln_resolve_status(&t->op) == LN_RESOLVE_BAD_NAME) /* nobody, now and later */
            continue;
        if (has_failed(&t->op)) {
            *partial = true;
            continue;
        }
        *partial = *partial || ln_resolve_is_partial(&t->op);
        *ttl = its < *ttl ? its : *ttl;
        count = gather(&t->op, &as, wanted, count);
    }
    return count;
}

static void conclude_services(struct name *n)
{
    struct ln_spot wanted[WANTED_MAX];
    ln_msec ttl = ttl_of(n, &n->op);
    bool partial = false;
    unsigned count = gather_targets(n, wanted, &partial, &ttl);

    drop_targets(n);
    ln_resolve_done(&n->op);
    if (count > 0)
        on_wanted(n, wanted, count, partial, ttl);
    else if (partial)
        on_failure(n, LN_RESOLVE_FAILED);
    else
        on_nobody(n, ttl);
}

static void on_target(struct ln_resolve_op *op)
{
    struct name *n = ln_container_of(op, struct target, op)->name;

    if (--n->waiting == 0)
        conclude_services(n);
}

/* One more than there are, so that nothing is concluded before all have been asked. */
static void ask_targets(struct name *n)
{
    n->target_count = ln_resolve_count(&n->op);
    n->targets = ln_zalloc(n->target_count * sizeof *n->targets);
    n->waiting = n->target_count + 1;
    for (unsigned i = 0; i < n->target_count; i++) {
        struct target *t = &n->targets[i];

        t->name = n;
        t->record = ln_resolve_service(&n->op, i); /* its text lives as long as the answer */
        if (ln_resolve(n->all->resolver, ln_slice_of(t->record.target), t->record.port, AF_UNSPEC,
                       &t->op, on_target))
            n->waiting--;
    }
    if (--n->waiting == 0)
        conclude_services(n);
}

static void on_services(struct ln_resolve_op *op)
{
    struct name *n = ln_container_of(op, struct name, op);
    enum ln_resolve_status status = op->stale ? LN_RESOLVE_FAILED : ln_resolve_status(op);
    bool failed = has_failed(op);
    ln_msec ttl = ttl_of(n, op);

    if (!failed && ln_resolve_count(op) > 0) {
        ask_targets(n);
        return;
    }
    ln_resolve_done(op);
    if (failed)
        on_failure(n, status);
    else
        on_nobody(n, ttl);
}

/* ---- asking ---- */

static void on_time(struct ln_timer *t)
{
    struct name *n = ln_container_of(t, struct name, timer);
    const struct ln_instance_conf *conf = n->f->conf;
    struct ln_slice host = ln_slice_of(conf->host);

    if (n->all->resolver == NULL) {
        on_failure(n, LN_RESOLVE_FAILED);
    } else if (conf->discover == LN_DISCOVER_SRV) {
        if (ln_resolve_services(n->all->resolver, host, &n->op, on_services))
            on_services(&n->op);
    } else if (ln_resolve(n->all->resolver, host, (uint16_t)conf->port, AF_UNSPEC, &n->op,
                          on_addresses)) {
        on_addresses(&n->op);
    }
}

/* Whoever had the lease before may have died between writing and announcing. */
static void begin_all(struct ln_names *n)
{
    for (unsigned i = 0; i < n->count; i++) {
        announce(&n->v[i]);
        on_time(&n->v[i].timer);
    }
}

static void end_all(struct ln_names *n)
{
    for (unsigned i = 0; i < n->count; i++) {
        ln_timer_stop(n->pools->loop, &n->v[i].timer);
        drop_targets(&n->v[i]);
        ln_resolve_done(&n->v[i].op);
    }
}

/* ---- turns ---- */

/* What has changed is seen in time by workers without requests, too: they close connections to
 * those who have left. */
static ln_msec look_around(struct ln_names *n)
{
    ln_msec next = LOOK_MS;

    for (unsigned i = 0; i < n->count; i++) {
        if (n->holds && discovers(&n->v[i]))
            ln_turnover_sweep(&n->v[i].f->members, n->services->workers);
        ln_service_notice(n->v[i].service);
        if (n->v[i].service->asks)
            next = FIRST_LOOK_MS;
    }
    return next;
}

static void on_turn(struct ln_timer *t)
{
    struct ln_names *n = ln_container_of(t, struct ln_names, turn);
    bool held = n->holds;

    n->holds = ln_lease_take(n->lease, n->who, now_of(n));
    if (n->holds && !held)
        begin_all(n);
    else if (!n->holds && held)
        end_all(n);
    ln_timer_start(n->pools->loop, &n->turn, look_around(n), on_turn);
}

/* ---- all of them ---- */

static unsigned count_of(const struct ln_services *services)
{
    unsigned count = 0;

    for (unsigned i = 0; i < services->count; i++)
        count += services->v[i].followed_count;
    return count;
}

struct ln_names *ln_names_start(struct ln_services *services, struct ln_shm *shm,
                                struct ln_pools *pools, struct ln_resolver *resolver, ln_msec hold)
{
    unsigned count = count_of(services);
    size_t size = sizeof(struct ln_lease_record);
    struct ln_lease_record *lease =
        count > 0 ? ln_shm_find(shm, LN_ZONE_LEASE, LN_NAMES_LEASE, &size) : NULL;

    if (lease == NULL)
        return NULL;

    struct ln_names *n = ln_zalloc(sizeof *n + count * sizeof n->v[0]);

    *n = (struct ln_names){.services = services,
                           .pools = pools,
                           .resolver = resolver,
                           .lease = lease,
                           .hold = hold,
                           .who = (uint32_t)getpid()};
    for (unsigned i = 0; i < services->count; i++)
        for (unsigned k = 0; k < services->v[i].followed_count; k++)
            n->v[n->count++] = (struct name){
                .all = n, .service = &services->v[i], .f = &services->v[i].followed[k]};
    on_turn(&n->turn);
    return n;
}

void ln_names_stop(struct ln_names *n)
{
    if (n == NULL)
        return;
    ln_timer_stop(n->pools->loop, &n->turn);
    end_all(n);
    if (n->holds)
        ln_lease_give(n->lease, n->who);
    ln_free(n);
}
