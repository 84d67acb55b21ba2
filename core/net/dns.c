/* SPDX-License-Identifier: Apache-2.0
 * dns.c - a c-ares channel whose sockets and timer are ours.
 */
#include "net/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/mem.h"

enum {
    UDP_SIZE = 1232, /* that reaches everybody in one piece (dnsflagday.net/2020) */
    RR_FIXED = 10    /* type, class, TTL and length of a record (RFC 1035 section 3.2.1) */
};

/* A socket of c-ares; kept for the next one when it has been closed. */
struct watch {
    struct watch *next;
    struct ln_dns *dns;
    ev_io io;
    int fd; /* -1 = free */
};

struct ln_dns {
    struct ln_loop *loop;
    char *servers, *resolv_conf;
    ln_msec timeout;
    unsigned tries;
    ares_channel channel;
    struct ares_options found; /* what c-ares has made of resolv.conf */
    int found_mask;
    struct watch *watches;
    struct ln_timer timer;
    unsigned pending;
    bool ending;
    struct stat seen; /* resolv.conf when it was read */
};

struct question {
    struct ln_dns *dns;
    enum ln_dns_type type;
    void (*on_answer)(void *arg, const struct ln_dns_answer *answer);
    void *arg;
};

/* ---- sockets and time ---- */

static void on_time(struct ln_timer *t);

/* c-ares keeps its own list of deadlines and tells the nearest. */
static void set_timer(struct ln_dns *d)
{
    struct timeval tv;

    if (ares_timeout(d->channel, NULL, &tv) == NULL) {
        ln_timer_stop(d->loop, &d->timer);
        return;
    }
    ln_timer_start(d->loop, &d->timer, (ln_msec)tv.tv_sec * 1000 + (ln_msec)tv.tv_usec / 1000 + 1,
                   on_time);
}

static void on_time(struct ln_timer *t)
{
    struct ln_dns *d = ln_container_of(t, struct ln_dns, timer);

    ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timer(d);
}

static void on_ready(struct ev_loop *ev, ev_io *w, int events)
{
    struct watch *watch = ln_container_of(w, struct watch, io);
    struct ln_dns *d = watch->dns;

    (void)ev;
    ares_process_fd(d->channel, events & EV_READ ? watch->fd : ARES_SOCKET_BAD,
                    events & EV_WRITE ? watch->fd : ARES_SOCKET_BAD);
    set_timer(d);
}

static struct watch *watch_of(struct ln_dns *d, int fd)
{
    struct watch *w = d->watches;

    while (w != NULL && w->fd != fd)
        w = w->next;
    return w;
}

/* c-ares opens and closes sockets, and says here what it waits for. */
static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct ln_dns *d = arg;
    struct watch *w = watch_of(d, fd);

    if (w == NULL && !readable && !writable)
        return;
    if (w == NULL)
        w = watch_of(d, -1);
    if (w == NULL) {
        w = ln_zalloc(sizeof *w);
        w->dns = d;
        w->next = d->watches;
        d->watches = w;
    }
    ev_io_stop(ln_loop_ev(d->loop), &w->io);
    w->fd = readable || writable ? fd : -1;
    if (w->fd < 0)
        return;
    ev_io_init(&w->io, on_ready, fd, (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    ev_io_start(ln_loop_ev(d->loop), &w->io);
}

/* ---- the channel ---- */

static const char *resolv_conf_of(const struct ln_dns *d)
{
    return d->resolv_conf != NULL ? d->resolv_conf : "/etc/resolv.conf";
}

static int open_channel(struct ln_dns *d, struct ln_err *err)
{
    struct ares_options o = {
        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOALIASES,
        .timeout = (int)d->timeout,
        .tries = (int)d->tries,
        .ednspsz = UDP_SIZE,
        .lookups = (char[]){"b"}, /* the hosts file is net/hosts.h's */
        .sock_state_cb = on_socket,
        .sock_state_cb_data = d,
        .resolvconf_path = d->resolv_conf,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
               (d->resolv_conf != NULL ? ARES_OPT_RESOLVCONF : 0);
    int rc;

    if (stat(resolv_conf_of(d), &d->seen) != 0)
        d->seen = (struct stat){.st_ino = 0};
    rc = ares_init_options(&d->channel, &o, mask);
    if (rc != ARES_SUCCESS)
        return ln_fail(err, LN_E_CONF, "resolver: %s", ares_strerror(rc));
    if (d->servers != NULL && ares_set_servers_ports_csv(d->channel, d->servers) != ARES_SUCCESS) {
        ares_destroy(d->channel);
        d->channel = NULL;
        return ln_fail(
            err, LN_E_CONF,
            "resolver: servers: expected addresses such as \"192.0.2.1,[2001:db8::1]:53\""
            ", got \"%s\"",
            d->servers);
    }
    d->found = (struct ares_options){.flags = 0};
    if (ares_save_options(d->channel, &d->found, &d->found_mask) != ARES_SUCCESS)
        d->found_mask = 0;
    return 0;
}

static void close_channel(struct ln_dns *d)
{
    if (d->found_mask != 0)
        ares_destroy_options(&d->found);
    d->found_mask = 0;
    ares_destroy(d->channel);
    d->channel = NULL;
}

struct ln_dns *ln_dns_new(struct ln_loop *loop, const struct ln_dns_options *options,
                          struct ln_err *err)
{
    struct ln_dns *d = ln_zalloc(sizeof *d);

    *d = (struct ln_dns){.loop = loop, .timeout = options->timeout, .tries = options->tries};
    d->servers = options->servers != NULL ? ln_strdup(options->servers) : NULL;
    d->resolv_conf = options->resolv_conf != NULL ? ln_strdup(options->resolv_conf) : NULL;
    ares_library_init(ARES_LIB_INIT_ALL); /* counts its callers */
    if (open_channel(d, err) != 0) {
        ln_dns_free(d);
        return NULL;
    }
    return d;
}

void ln_dns_free(struct ln_dns *d)
{
    if (d == NULL)
        return;
    d->ending = true;
    if (d->channel != NULL)
        close_channel(d);
    ln_assert(d->pending == 0);
    ln_timer_stop(d->loop, &d->timer);
    while (d->watches != NULL) {
        struct watch *w = d->watches;

        d->watches = w->next;
        ev_io_stop(ln_loop_ev(d->loop), &w->io);
        ln_free(w);
    }
    ares_library_cleanup();
    ln_free(d->servers);
    ln_free(d->resolv_conf);
    ln_free(d);
}

struct ln_dns_search ln_dns_search(const struct ln_dns *d)
{
    if (d->found_mask == 0)
        return (struct ln_dns_search){.ndots = 1};
    return (struct ln_dns_search){
        .domains = (const char *const *)d->found.domains,
        .count = d->found.ndomains > 0 ? (unsigned)d->found.ndomains : 0,
        .ndots = d->found.ndots > 0 ? (unsigned)d->found.ndots : 0,
    };
}

void ln_dns_refresh(struct ln_dns *d)
{
    struct ln_err err;
    struct stat now;
    ares_channel old = d->channel;

    if (d->servers != NULL || d->pending > 0 || stat(resolv_conf_of(d), &now) != 0)
        return;
    if (now.st_ino == d->seen.st_ino && now.st_size == d->seen.st_size &&
        now.st_mtim.tv_sec == d->seen.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == d->seen.st_mtim.tv_nsec)
        return;

    struct ares_options before = d->found;
    int before_mask = d->found_mask;

    if (open_channel(d, &err) != 0) {
        d->channel = old; /* what worked goes on working */
        d->found = before;
        d->found_mask = before_mask;
        return;
    }
    if (before_mask != 0)
        ares_destroy_options(&before);
    ares_destroy(old);
}

/* ---- answers ---- */

static enum ln_dns_status status_of(int rc)
{
    switch (rc) {
    case ARES_SUCCESS:
        return LN_DNS_OK;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
        return LN_DNS_NONE;
    case ARES_ETIMEOUT:
        return LN_DNS_SILENT;
    case ARES_EBADNAME:
        return LN_DNS_BAD;
    default:
        return LN_DNS_FAILED;
    }
}

static uint32_t ttl_of(int ttl)
{
    return ttl > 0 ? (uint32_t)ttl : 0; /* negative: the top bit is set; RFC 2181 section 8 */
}

static int read_a(struct ln_dns_answer *into, const unsigned char *bytes, int n)
{
    struct ares_addrttl found[LN_DNS_RECORDS];
    int count = LN_DNS_RECORDS, rc = ares_parse_a_reply(bytes, n, NULL, found, &count);

    for (int i = 0; rc == ARES_SUCCESS && i < count; i++)
        into->records[into->count++] =
            (struct ln_dns_record){.ttl = ttl_of(found[i].ttl), .a = found[i].ipaddr};
    return rc;
}

static int read_aaaa(struct ln_dns_answer *into, const unsigned char *bytes, int n)
{
    struct ares_addr6ttl found[LN_DNS_RECORDS];
    int count = LN_DNS_RECORDS, rc = ares_parse_aaaa_reply(bytes, n, NULL, found, &count);

    for (int i = 0; rc == ARES_SUCCESS && i < count; i++) {
        struct ln_dns_record *r = &into->records[into->count++];

        *r = (struct ln_dns_record){.ttl = ttl_of(found[i].ttl)};
        memcpy(&r->aaaa, &found[i].ip6addr, sizeof r->aaaa);
    }
    return rc;
}

static unsigned u16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Behind the name at `p`, or NULL when it runs out of the message (RFC 1035 section 4.1.4). */
static const unsigned char *skip_name(const unsigned char *p, const unsigned char *end)
{
    while (p < end) {
        if (*p >= 0xc0)
            return end - p >= 2 ? p + 2 : NULL;
        if (*p == 0)
            return p + 1;
        p += 1 + *p;
    }
    return NULL;
}

/* The least TTL of the answer section: the parser of SRV records keeps none. */
static uint32_t least_ttl(const unsigned char *bytes, int n)
{
    const unsigned char *p = bytes + NS_HFIXEDSZ, *end = bytes + n;
    unsigned questions = n >= NS_HFIXEDSZ ? u16(bytes + 4) : 0;
    unsigned answers = n >= NS_HFIXEDSZ ? u16(bytes + 6) : 0;
    uint32_t least = UINT32_MAX;

    while (questions-- > 0 && (p = skip_name(p, end)) != NULL && end - p >= NS_QFIXEDSZ)
        p += NS_QFIXEDSZ;
    while (p != NULL && answers-- > 0 && (p = skip_name(p, end)) != NULL && end - p >= RR_FIXED) {
        uint32_t ttl = (uint32_t)u16(p + 4) << 16 | u16(p + 6);
        unsigned len = u16(p + 8);

        if (end - p - RR_FIXED < (ptrdiff_t)len)
            break;
        ttl = ttl_of((int)ttl);
        least = ttl < least ? ttl : least;
        p += RR_FIXED + len;
    }
    return least == UINT32_MAX ? 0 : least;
}

static int read_srv(struct ln_dns_answer *into, const unsigned char *bytes, int n)
{
    struct ares_srv_reply *found = NULL;
    uint32_t ttl = least_ttl(bytes, n);
    int rc = ares_parse_srv_reply(bytes, n, &found);

    for (struct ares_srv_reply *f = found; f != NULL && into->count < LN_DNS_RECORDS; f = f->next) {
        struct ln_dns_record *r = &into->records[into->count];

        /* A target that is the root says that the service is decidedly not there (RFC 2782). */
        if (f->host[0] == '\0' || strlen(f->host) >= sizeof r->srv.target)
            continue;
        *r = (struct ln_dns_record){.ttl = ttl};
        r->srv.priority = f->priority;
        r->srv.weight = f->weight;
        r->srv.port = f->port;
        memcpy(r->srv.target, f->host, strlen(f->host) + 1);
        into->count++;
    }
    if (found != NULL)
        ares_free_data(found);
    return rc;
}

static int read_records(struct ln_dns_answer *into, enum ln_dns_type type,
                        const unsigned char *bytes, int n)
{
    switch (type) {
    case LN_DNS_A:
        return read_a(into, bytes, n);
    case LN_DNS_AAAA:
        return read_aaaa(into, bytes, n);
    case LN_DNS_SRV:
        break;
    }
    return read_srv(into, bytes, n);
}

static void on_reply(void *arg, int rc, int timeouts, unsigned char *bytes, int n)
{
    struct question *q = arg;
    struct ln_dns_answer answer; /* 70 KiB; zeroing it all would cost more than the rest */

    (void)timeouts;
    answer.count = 0;
    if (rc == ARES_SUCCESS)
        rc = read_records(&answer, q->type, bytes, n);
    answer.status = q->dns->ending ? LN_DNS_FAILED : status_of(rc);
    if (answer.status == LN_DNS_OK && answer.count == 0)
        answer.status = LN_DNS_NONE;
    q->on_answer(q->arg, &answer);
    q->dns
        ->pending--; /* only now: whoever is told may ask again, and the channel is still at work */
    ln_free(q);
}

void ln_dns_ask(struct ln_dns *d, const char *name, enum ln_dns_type type,
                void (*on_answer)(void *arg, const struct ln_dns_answer *answer), void *arg)
{
    static const int types[] = {
        [LN_DNS_A] = ns_t_a, [LN_DNS_AAAA] = ns_t_aaaa, [LN_DNS_SRV] = ns_t_srv};
    struct question *q = ln_alloc(sizeof *q);

    *q = (struct question){.dns = d, .type = type, .on_answer = on_answer, .arg = arg};
    d->pending++;
    ares_query(d->channel, name, ns_c_in, types[type], on_reply, q);
    set_timer(d);
}
