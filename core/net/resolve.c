/* SPDX-License-Identifier: Apache-2.0
 * resolve.c - a cache of answers, and one question at a time for each name in it.
 *
 * An entry is a name and a kind of question. It holds the last answer that the servers gave, good
 * or negative, and those who wait for a new one. What the servers fail to answer changes nothing
 * but the time before which nobody asks again.
 *
 *      lookup ── fresh? ──────────────► answer
 *         │ no
 *         ├── failing, last good? ────► answer, stale
 *         ├── failing? ───────────────► failed
 *         └── question under way ──► all who wait: answer, or the last good one, or failed
 *                                    (after `patience` already: the last good one)
 */
#include "net/resolve.h"

#include <arpa/inet.h>

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/hosts.h"
#include "net/ip.h"
#include "net/name.h"

enum {
    KEY_SIZE = LN_NAME_MAX + 4,
    CANDIDATES = 8,        /* a name with its search domains */
    REFRESH_EVERY = 5000,  /* milliseconds between looks at resolv.conf */
    PARTIAL_DELAY = 50,    /* of one family for the other: RFC 8305 section 3 */
    HOSTS_TTL = 10000,     /* what a line of the hosts file says */
    NUMERIC_TTL = 86400000 /* what an address says: a day */
};

enum kind { BOTH, ONLY_V4, ONLY_V6, SERVICES };

struct ln_answer {
    unsigned refs;
    enum ln_resolve_status status;
    ln_msec until; /* by the loop's clock */
    bool partial;  /* one of the families could not be had */
    unsigned count;
    struct ln_ip *addresses;            /* or ... */
    struct ln_service_record *services; /* ... these; targets owned */
};

/* A question under way: the candidates of a name, one after another. */
struct asking {
    struct ln_resolver *r;
    struct entry *entry; /* stays while it is being asked for */
    char names[CANDIDATES][LN_DNS_NAME];
    unsigned count, at;
    unsigned pending; /* of the present candidate's questions */
    bool issuing, failed, silent;
    struct ln_dns_record found[2 * LN_DNS_RECORDS];
    enum ln_dns_type types[2 * LN_DNS_RECORDS];
    unsigned found_count;
};

struct entry {
    struct ln_resolver *r;
    struct ln_list lru; /* ln_resolver.used, the longest unused first */
    struct ln_list waiting;
    struct ln_answer *answer; /* what the servers last said, or NULL */
    ln_msec born;             /* when they said it */
    ln_msec ask_after;        /* failing: not before */
    struct asking *asking;    /* or NULL */
    struct ln_timer patience;
    enum kind kind;
    char key[KEY_SIZE]; /* kind, then the name in lower case */
};

struct ln_resolver {
    struct ln_loop *loop;
    struct ln_dns *dns;
    struct ln_dns *former; /* may have questions under way; NULL = none */
    struct ln_hosts *hosts;
    struct ln_resolver_options o;
    struct ln_map entries;
    struct ln_list used;
    unsigned asking;
    ln_msec refreshed;
    bool ending;
};

/* ---- answers ---- */

static struct ln_answer *answer_new(enum ln_resolve_status status, unsigned count, ln_msec until)
{
    struct ln_answer *a = ln_zalloc(sizeof *a);

    *a = (struct ln_answer){.refs = 1, .status = status, .count = count, .until = until};
    return a;
}

static void answer_put(struct ln_answer *a)
{
    if (a == NULL || --a->refs > 0)
        return;
    for (unsigned i = 0; a->services != NULL && i < a->count; i++)
        ln_free((char *)(uintptr_t)a->services[i].target);
    ln_free(a->services);
    ln_free(a->addresses);
    ln_free(a);
}

static void give(struct ln_resolve_op *op, struct ln_answer *a, bool stale)
{
    a->refs++;
    op->answer = a;
    op->stale = stale;
}

/* Hands a new answer over; always true. */
static bool give_new(struct ln_resolve_op *op, struct ln_answer *a)
{
    give(op, a, false);
    answer_put(a);
    return true;
}

static bool give_none(struct ln_resolver *r, struct ln_resolve_op *op,
                      enum ln_resolve_status status)
{
    return give_new(op, answer_new(status, 0, ln_loop_now_ms(r->loop)));
}

const char *ln_resolve_status_text(enum ln_resolve_status status)
{
    static const char *const texts[] = {
        [LN_RESOLVED] = "resolved",
        [LN_RESOLVE_NO_NAME] = "no such name",
        [LN_RESOLVE_FAILED] = "the name servers do not answer",
        [LN_RESOLVE_BAD_NAME] = "not a host name",
        [LN_RESOLVE_BUSY] = "too many names are being resolved",
    };

    return texts[status];
}

enum ln_resolve_status ln_resolve_status(const struct ln_resolve_op *op)
{
    return op->answer->status;
}

unsigned ln_resolve_count(const struct ln_resolve_op *op)
{
    return op->answer->count;
}

const struct sockaddr *ln_resolve_address(struct ln_resolve_op *op, unsigned i, socklen_t *len)
{
    const struct ln_ip *a = &op->answer->addresses[i];

    memset(&op->scratch, 0, sizeof op->scratch);
    op->scratch.any.sa_family = a->family;
    if (a->family == AF_INET) {
        op->scratch.v4.sin_port = htons(op->port);
        memcpy(&op->scratch.v4.sin_addr, a->bytes, 4);
        *len = sizeof op->scratch.v4;
    } else {
        op->scratch.v6.sin6_port = htons(op->port);
        memcpy(&op->scratch.v6.sin6_addr, a->bytes, 16);
        *len = sizeof op->scratch.v6;
    }
    return &op->scratch.any;
}

struct ln_service_record ln_resolve_service(const struct ln_resolve_op *op, unsigned i)
{
    return op->answer->services[i];
}

bool ln_resolve_is_partial(const struct ln_resolve_op *op)
{
    return op->answer->partial;
}

ln_msec ln_resolve_ttl(const struct ln_resolve_op *op, const struct ln_loop *loop)
{
    ln_msec now = ln_loop_now_ms(loop);

    return op->stale || op->answer->until <= now ? 0 : op->answer->until - now;
}

/* ---- what needs no question ---- */

static bool wants(enum kind kind, int family)
{
    return kind == BOTH || (kind == ONLY_V4 && family == AF_INET) ||
           (kind == ONLY_V6 && family == AF_INET6);
}

static struct ln_answer *from_list(struct ln_resolver *r, enum kind kind, const struct ln_ip *all,
                                   unsigned count, ln_msec ttl)
{
    struct ln_answer *a = answer_new(LN_RESOLVED, 0, ln_loop_now_ms(r->loop) + ttl);

    a->addresses = ln_alloc((count > 0 ? count : 1) * sizeof *a->addresses);
    for (unsigned i = 0; i < count; i++)
        if (wants(kind, all[i].family))
            a->addresses[a->count++] = all[i];
    if (a->count == 0)
        a->status = LN_RESOLVE_NO_NAME;
    return a;
}

static struct ln_answer *from_hosts(struct ln_resolver *r, enum kind kind, struct ln_slice name)
{
    static const struct ln_ip loopback[] = {{AF_INET6, {[15] = 1}},
                                            {AF_INET, {[0] = 127, [3] = 1}}};
    struct ln_ip all[LN_HOSTS_ADDRS];
    unsigned count = 0;
    const struct ln_hosts_entry *e = ln_hosts_find(r->hosts, name, ln_loop_now_ms(r->loop));

    if (e == NULL)
        return ln_name_is_local(name)
                   ? from_list(r, kind, loopback, LN_ARRAY_LEN(loopback), NUMERIC_TTL)
                   : NULL;
    for (unsigned i = 0; i < e->count; i++)
        if (wants(kind, e->addrs[i].family))
            all[count++] = e->addrs[i];
    return count > 0 ? from_list(r, kind, all, count, HOSTS_TTL) : NULL;
}

/* ---- names ---- */

static void add_candidate(struct asking *a, const char *name, const char *domain)
{
    size_t n = strlen(name), m = domain != NULL ? strlen(domain) : 0;

    if (a->count == CANDIDATES || n + m + 2 > LN_DNS_NAME)
        return;
    memcpy(a->names[a->count], name, n + 1);
    if (m > 0) {
        a->names[a->count][n] = '.';
        memcpy(a->names[a->count] + n + 1, domain, m + 1);
    }
    a->count++;
}

/* resolv.conf(5): a name with enough dots is first tried as it is, others behind the domains. */
static void list_candidates(struct asking *a, const char *name)
{
    struct ln_dns_search search = ln_dns_search(a->r->dns);
    size_t n = strlen(name);
    unsigned dots = 0;

    for (size_t i = 0; i < n; i++)
        dots += name[i] == '.';
    if (name[n - 1] == '.' || a->entry->kind == SERVICES) {
        add_candidate(a, name, NULL);
        return;
    }
    if (dots >= search.ndots)
        add_candidate(a, name, NULL);
    for (unsigned i = 0; i < search.count && a->count < CANDIDATES - 1; i++)
        add_candidate(a, name, search.domains[i]);
    if (dots < search.ndots)
        add_candidate(a, name, NULL);
}

/* ---- entries ---- */

static bool is_good(const struct entry *e)
{
    return e->answer != NULL && e->answer->status == LN_RESOLVED;
}

static bool may_be_stale(const struct entry *e, ln_msec now)
{
    return is_good(e) && now < e->answer->until + e->r->o.stale_max;
}

static void entry_free(struct entry *e)
{
    ln_map_remove(&e->r->entries, ln_slice_of(e->key));
    ln_list_remove(&e->lru);
    ln_timer_stop(e->r->loop, &e->patience);
    answer_put(e->answer);
    ln_free(e);
}

/* Those that somebody waits for stay, so asking_max bounds what is above entries_max. */
static void make_room(struct ln_resolver *r)
{
    struct ln_list *at = r->used.next;

    while (r->entries.count >= r->o.entries_max && at != &r->used) {
        struct entry *e = ln_container_of(at, struct entry, lru);

        at = at->next;
        if (e->asking == NULL && ln_list_is_empty(&e->waiting))
            entry_free(e);
    }
}

static struct entry *entry_get(struct ln_resolver *r, enum kind kind, const char *key)
{
    struct entry *e = ln_map_get(&r->entries, ln_slice_of(key));

    if (e != NULL) {
        ln_list_remove(&e->lru);
        ln_list_append(&r->used, &e->lru);
        return e;
    }
    make_room(r);
    e = ln_zalloc(sizeof *e);
    e->r = r;
    e->kind = kind;
    memcpy(e->key, key, strlen(key) + 1);
    ln_list_init(&e->waiting);
    ln_list_append(&r->used, &e->lru);
    ln_map_put(&r->entries, ln_slice_of(key), e);
    return e;
}

/* Everybody gets the answer. A callback may look up, cancel, and make the entry go. */
static void deliver(struct entry *e, struct ln_answer *a, bool stale)
{
    struct ln_list now;

    a->refs++;
    ln_list_init(&now);
    while (!ln_list_is_empty(&e->waiting)) {
        struct ln_list *node = e->waiting.next;

        ln_list_remove(node);
        ln_list_append(&now, node);
    }
    while (!ln_list_is_empty(&now)) {
        struct ln_resolve_op *op = ln_container_of(now.next, struct ln_resolve_op, node);

        ln_list_remove(&op->node);
        give(op, a, stale);
        op->on_resolved(op);
    }
    answer_put(a);
}

static void on_patience(struct ln_timer *t)
{
    struct entry *e = ln_container_of(t, struct entry, patience);

    if (may_be_stale(e, ln_loop_now_ms(e->r->loop)))
        deliver(e, e->answer, true);
}

/* ---- asking ---- */

static ln_msec lifetime(const struct ln_resolver *r, const struct asking *a)
{
    uint32_t least = UINT32_MAX;

    for (unsigned i = 0; i < a->found_count; i++)
        least = a->found[i].ttl < least ? a->found[i].ttl : least;

    ln_msec ttl = (ln_msec)least * 1000;

    ttl = ttl < r->o.ttl_min ? r->o.ttl_min : ttl;
    return ttl > r->o.ttl_max ? r->o.ttl_max : ttl;
}

static void take_addresses(struct ln_answer *into, const struct asking *a)
{
    struct ln_ip all[2 * LN_DNS_RECORDS];
    unsigned count = a->found_count < LN_RESOLVE_MAX ? a->found_count : LN_RESOLVE_MAX;

    for (unsigned i = 0; i < a->found_count; i++) {
        bool v4 = a->types[i] == LN_DNS_A;

        all[i].family = v4 ? AF_INET : AF_INET6;
        memcpy(all[i].bytes, v4 ? (const void *)&a->found[i].a : (const void *)&a->found[i].aaaa,
               v4 ? 4 : 16);
    }
    ln_ip_sort(all, a->found_count);
    into->count = count;
    into->addresses = ln_alloc(count * sizeof *all);
    memcpy(into->addresses, all, count * sizeof *all);
}

/* A stable order by priority; what weight does is the balancer's. */
static void take_services(struct ln_answer *into, const struct asking *a)
{
    into->services = ln_zalloc(a->found_count * sizeof *into->services);
    into->count = a->found_count;
    for (unsigned i = 0; i < a->found_count; i++) {
        const struct ln_dns_record *d = &a->found[i];
        size_t n = strlen(d->srv.target);
        char *target = ln_strndup(d->srv.target, n > 0 && d->srv.target[n - 1] == '.' ? n - 1 : n);
        unsigned at = i;

        for (char *p = target; *p != '\0'; p++)
            *p = ln_lower(*p);
        for (; at > 0 && into->services[at - 1].priority > d->srv.priority; at--)
            into->services[at] = into->services[at - 1];
        into->services[at] = (struct ln_service_record){.priority = d->srv.priority,
                                                        .weight = d->srv.weight,
                                                        .port = d->srv.port,
                                                        .target = target};
    }
}

static void remember(struct entry *e, struct ln_answer *said, ln_msec now)
{
    answer_put(e->answer);
    e->answer = said;
    e->born = now;
    deliver(e, said, false);
}

static struct ln_answer *answer_of(const struct asking *a, ln_msec now)
{
    struct ln_answer *said = answer_new(LN_RESOLVED, 0, now + lifetime(a->r, a));

    (a->entry->kind == SERVICES ? take_services : take_addresses)(said, a);
    said->partial = a->failed || a->pending > 0;
    return said;
}

/* One family has answered and the other keeps silent: some servers never answer for AAAA. */
static void on_partial(struct ln_timer *t)
{
    struct entry *e = ln_container_of(t, struct entry, patience);
    ln_msec now = ln_loop_now_ms(e->r->loop);

    remember(e, answer_of(e->asking, now), now);
}

/* The servers have spoken, or failed to. */
static void conclude(struct asking *a)
{
    struct ln_resolver *r = a->r;
    struct entry *e = a->entry;
    ln_msec now = ln_loop_now_ms(r->loop);
    struct ln_answer *said = NULL;

    if (a->found_count > 0)
        said = answer_of(a, now);
    else if (!a->failed)
        said = answer_new(LN_RESOLVE_NO_NAME, 0, now + r->o.negative);
    e->ask_after = said == NULL ? now + r->o.pause : 0;
    e->asking = NULL;
    r->asking--;
    ln_timer_stop(r->loop, &e->patience);
    ln_free(a);
    if (said != NULL) {
        remember(e, said, now);
    } else if (may_be_stale(e, now)) {
        deliver(e, e->answer, true);
    } else {
        said = answer_new(LN_RESOLVE_FAILED, 0, now);
        deliver(e, said, false);
        answer_put(said);
    }
}

static void on_answer(struct asking *a, enum ln_dns_type type, const struct ln_dns_answer *answer);

static void on_a(void *arg, const struct ln_dns_answer *answer)
{
    on_answer(arg, LN_DNS_A, answer);
}

static void on_aaaa(void *arg, const struct ln_dns_answer *answer)
{
    on_answer(arg, LN_DNS_AAAA, answer);
}

static void on_srv(void *arg, const struct ln_dns_answer *answer)
{
    on_answer(arg, LN_DNS_SRV, answer);
}

/* Both families of one candidate, side by side; answers may come from inside. */
static void ask_candidate(struct asking *a)
{
    const char *name = a->names[a->at];
    struct ln_dns *dns = a->r->dns;
    enum kind kind = a->entry->kind;

    a->issuing = true;
    a->pending = kind == BOTH ? 2 : 1;
    if (wants(kind, AF_INET6))
        ln_dns_ask(dns, name, LN_DNS_AAAA, on_aaaa, a);
    if (wants(kind, AF_INET))
        ln_dns_ask(dns, name, LN_DNS_A, on_a, a);
    if (kind == SERVICES)
        ln_dns_ask(dns, name, LN_DNS_SRV, on_srv, a);
    a->issuing = false;
}

/* The first candidate with an answer is the name. Where servers break down for one, the next is
 * still asked (some refuse what is not theirs); where they are silent, they will be again. */
static bool is_settled(const struct asking *a)
{
    return a->found_count > 0 || a->silent || a->at + 1 >= a->count || a->r->ending;
}

static void go_on(struct asking *a)
{
    while (a->pending == 0) {
        if (is_settled(a)) {
            conclude(a);
            return;
        }
        a->at++;
        ask_candidate(a);
    }
}

static void on_answer(struct asking *a, enum ln_dns_type type, const struct ln_dns_answer *answer)
{
    a->pending--;
    a->failed = a->failed || answer->status == LN_DNS_FAILED || answer->status == LN_DNS_SILENT;
    a->silent = a->silent || answer->status == LN_DNS_SILENT;
    for (unsigned i = 0; answer->status == LN_DNS_OK && i < answer->count; i++) {
        a->found[a->found_count] = answer->records[i];
        a->types[a->found_count++] = type;
    }
    if (a->found_count > 0 && a->pending > 0)
        ln_timer_start(a->r->loop, &a->entry->patience, PARTIAL_DELAY, on_partial);
    if (!a->issuing)
        go_on(a);
}

static void refresh_servers(struct ln_resolver *r, ln_msec now)
{
    if (now - r->refreshed < REFRESH_EVERY)
        return;
    r->refreshed = now;
    ln_dns_refresh(r->dns);
}

/* May conclude before it returns. False when too many are under way. */
static bool ask(struct entry *e)
{
    struct ln_resolver *r = e->r;

    if (e->asking != NULL)
        return true;
    if (r->asking >= r->o.asking_max)
        return false;
    refresh_servers(r, ln_loop_now_ms(r->loop));
    e->asking = ln_alloc(sizeof *e->asking);
    memset(e->asking, 0, offsetof(struct asking, found));
    e->asking->found_count = 0;
    e->asking->r = r;
    e->asking->entry = e;
    r->asking++;
    list_candidates(e->asking, e->key + 1);
    if (e->asking->count == 0)
        e->asking->failed =
            true; /* too long for any: ln_name_is_host() has let it through only just */
    else
        ask_candidate(e->asking);
    go_on(e->asking);
    return true;
}

/* ---- looking up ---- */

/* An answer in use is asked for again in the last tenth of its life, so that nobody waits. */
static void renew(struct entry *e, ln_msec now)
{
    ln_msec life = e->answer->until - e->born;

    if (is_good(e) && e->answer->until - now < life / 10 && now >= e->ask_after && !e->r->ending)
        ask(e);
}

/* From what is remembered; NULL: somebody has to be asked. */
static struct ln_answer *recall(struct entry *e, ln_msec now, bool *stale)
{
    *stale = false;
    if (e->answer != NULL && now < e->answer->until)
        return e->answer;
    *stale = now < e->ask_after && may_be_stale(e, now);
    return *stale ? e->answer : NULL;
}

static bool give_recalled(struct entry *e, struct ln_resolve_op *op)
{
    ln_msec now = ln_loop_now_ms(e->r->loop);
    bool stale;
    struct ln_answer *a = recall(e, now, &stale);

    if (a != NULL) {
        give(op, a, stale);
        if (!stale)
            renew(e, now);
        return true;
    }
    return now < e->ask_after && give_none(e->r, op, LN_RESOLVE_FAILED);
}

static bool look_up(struct ln_resolver *r, enum kind kind, const char *key,
                    struct ln_resolve_op *op)
{
    struct entry *e = entry_get(r, kind, key);

    if (give_recalled(e, op))
        return true;
    if (r->ending)
        return give_none(r, op, LN_RESOLVE_FAILED);
    if (!ask(e))
        return may_be_stale(e, ln_loop_now_ms(r->loop)) ? (give(op, e->answer, true), true)
                                                        : give_none(r, op, LN_RESOLVE_BUSY);
    if (e->asking == NULL) /* concluded already */
        return give_recalled(e, op) || give_none(r, op, LN_RESOLVE_FAILED);
    ln_list_append(&e->waiting, &op->node);
    if (may_be_stale(e, ln_loop_now_ms(r->loop)) && !ln_timer_is_running(&e->patience))
        ln_timer_start(r->loop, &e->patience, r->o.patience, on_patience);
    return false;
}

/* Kind and name in lower case; the name is one that has been judged. */
static void make_key(enum kind kind, struct ln_slice name, char key[KEY_SIZE])
{
    size_t n = name.n < KEY_SIZE - 2 ? name.n : KEY_SIZE - 2;

    key[0] = (char)('0' + kind);
    for (size_t i = 0; i < n; i++)
        key[i + 1] = ln_lower(name.p[i]);
    key[n + 1] = '\0';
}

static void begin(struct ln_resolve_op *op, uint16_t port,
                  void (*on_resolved)(struct ln_resolve_op *op))
{
    *op = (struct ln_resolve_op){.port = port, .on_resolved = on_resolved};
    ln_list_init(&op->node);
}

bool ln_resolve(struct ln_resolver *r, struct ln_slice host, uint16_t port, int family,
                struct ln_resolve_op *op, void (*on_resolved)(struct ln_resolve_op *op))
{
    enum kind kind = family == AF_INET ? ONLY_V4 : family == AF_INET6 ? ONLY_V6 : BOTH;
    struct ln_ip numeric;
    struct ln_answer *known;
    char key[KEY_SIZE];
    struct ln_slice name;

    begin(op, port, on_resolved);
    if (ln_ip_parse(host, &numeric))
        return give_new(op, from_list(r, kind, &numeric, 1, NUMERIC_TTL));
    make_key(kind, host, key);
    name = ln_slice_of(key + 1);
    if (host.n > LN_NAME_MAX + 1 || name.n != host.n || !ln_name_is_host(name))
        return give_none(r, op, LN_RESOLVE_BAD_NAME);
    if (name.p[name.n - 1] == '.')
        name.n--;
    known = from_hosts(r, kind, name);
    if (known != NULL)
        return give_new(op, known);
    return look_up(r, kind, key, op);
}

bool ln_resolve_services(struct ln_resolver *r, struct ln_slice name, struct ln_resolve_op *op,
                         void (*on_resolved)(struct ln_resolve_op *op))
{
    char key[KEY_SIZE];

    begin(op, 0, on_resolved);
    make_key(SERVICES, name, key);
    if (name.n > LN_NAME_MAX + 1 || strlen(key + 1) != name.n ||
        !ln_name_is_host(ln_slice_of(key + 1)))
        return give_none(r, op, LN_RESOLVE_BAD_NAME);
    return look_up(r, SERVICES, key, op);
}

void ln_resolve_done(struct ln_resolve_op *op)
{
    if (op->node.next != NULL)
        ln_list_remove(&op->node);
    answer_put(op->answer);
    op->answer = NULL;
}

/* ---- life ---- */

struct ln_resolver_options ln_resolver_defaults(void)
{
    return (struct ln_resolver_options){
        .dns = {.timeout = 1500, .tries = 2},
        .ttl_min = 1000,
        .ttl_max = 3600 * 1000,
        .negative = 5000,
        .pause = 1000,
        .stale_max = 24 * 3600 * 1000,
        .patience = 500,
        .entries_max = 4096,
        .asking_max = 256,
    };
}

/* The texts are the caller's: whoever uses them keeps a copy. */
static void take_options(struct ln_resolver *r, const struct ln_resolver_options *options)
{
    r->o = *options;
    r->o.hosts = r->o.dns.servers = r->o.dns.resolv_conf = NULL;
}

struct ln_resolver *ln_resolver_new(struct ln_loop *loop, const struct ln_resolver_options *options,
                                    struct ln_err *err)
{
    struct ln_dns *dns = ln_dns_new(loop, &options->dns, err);
    struct ln_resolver *r;

    if (dns == NULL)
        return NULL;
    r = ln_zalloc(sizeof *r);
    r->loop = loop;
    r->dns = dns;
    take_options(r, options);
    r->hosts = ln_hosts_new(options->hosts != NULL ? options->hosts : "/etc/hosts");
    r->refreshed = ln_loop_now_ms(loop);
    ln_map_init(&r->entries);
    ln_list_init(&r->used);
    return r;
}

/* What others have said holds no longer, but is better than nothing while the new ones fail. */
static void expire_all(struct ln_resolver *r)
{
    ln_msec now = ln_loop_now_ms(r->loop);

    for (struct ln_list *at = r->used.next; at != &r->used; at = at->next) {
        struct entry *e = ln_container_of(at, struct entry, lru);

        if (e->answer != NULL && e->answer->until > now)
            e->answer->until = now;
        e->ask_after = 0;
    }
}

int ln_resolver_configure(struct ln_resolver *r, const struct ln_resolver_options *options,
                          struct ln_err *err)
{
    struct ln_dns *dns = ln_dns_new(r->loop, &options->dns, err);

    if (dns == NULL)
        return -1;
    struct ln_dns *former = r->former;

    r->former = r->dns;
    r->dns = dns;
    take_options(r, options);
    expire_all(r);
    ln_dns_free(former); /* whoever was answered FAILED by it asks the new one */
    return 0;
}

void ln_resolver_free(struct ln_resolver *r)
{
    if (r == NULL)
        return;
    r->ending = true;
    ln_dns_free(r->former); /* concludes all questions */
    ln_dns_free(r->dns);
    while (!ln_list_is_empty(&r->used))
        entry_free(ln_container_of(r->used.next, struct entry, lru));
    ln_map_fini(&r->entries);
    ln_hosts_free(r->hosts);
    ln_free(r);
}
