/* SPDX-License-Identifier: Apache-2.0
 * checks.c - takes the lease, keeps the times, asks, and judges the answers.
 */
#include "upstream/checks.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "shm/lease.h"
#include "upstream/balance.h"
#include "upstream/client.h"

enum { CONTENT_MAX = 1 << 20, SLACK_MS = 1000, WHY_MAX = 256 };

struct check {
    struct ln_checks *all;
    struct ln_instance *instance;
    const struct ln_health_conf *conf;
    struct ln_timer timer; /* for the next one; for the end of a TCP check */
    struct ln_arena arena; /* what is the same in each request */
    struct ln_slice target;
    struct ln_fields fields;
    struct ln_client_call call;
    struct ln_connect connect;
    ln_msec began;
    bool on;
    uint32_t turn; /* the instance's, when it began */
};

struct ln_checks {
    struct ln_services *services;
    struct ln_client client; /* of our own: checks are not counted among the calls of plugins */
    struct ln_lease_record *lease;
    struct ln_timer turn;
    uint32_t who;
    bool holds;
    unsigned count;
    struct check v[];
};

static ln_msec now_of(const struct ln_checks *c)
{
    return ln_loop_now_ms(c->client.pools->loop);
}

static uint32_t any(struct ln_checks *c)
{
    return (uint32_t)ln_rand_next(&c->services->rand);
}

/* ---- one check ---- */

static void on_time(struct ln_timer *t);

static void set_timer(struct check *k, ln_msec after, void (*on)(struct ln_timer *t))
{
    ln_timer_start(k->all->client.pools->loop, &k->timer, after, on);
}

/* A process that was stopped finds its timers over and the answers unread. */
static bool slept(const struct check *k, ln_msec now)
{
    return now > k->began + k->conf->timeout + SLACK_MS;
}

/* Another one sits there now, or nobody. */
static bool has_moved(const struct check *k)
{
    return k->instance->out || k->instance->turn != k->turn;
}

static void finish(struct check *k, bool ok, const char *why)
{
    ln_msec now = now_of(k->all);

    if (!slept(k, now) && !has_moved(k))
        ln_instance_checked(k->instance, ok, why, now);
    set_timer(k, ln_check_wait(&k->instance->record->check, now), on_time);
}

/* It says nothing: our own trouble. */
static void pass_over(struct check *k)
{
    set_timer(k, ln_check_wait(&k->instance->record->check, now_of(k->all)), on_time);
}

/* "Connection refused" in the middle of a sentence. */
static const char *reason(char out[WHY_MAX], const char *text)
{
    bool is_word = text[0] != '\0' && ln_lower(text[1]) == text[1];
    size_t n = strnlen(text, WHY_MAX - 1);

    memcpy(out, text, n);
    out[n] = '\0';
    if (is_word)
        out[0] = ln_lower(out[0]);
    return out;
}

/* ---- over HTTP ---- */

static bool has_text(struct ln_slice content, const char *text)
{
    return text == NULL || (content.n > 0 && memmem(content.p, content.n, text, strlen(text)));
}

static void judge(struct check *k, const struct ln_client_call *c)
{
    char why[WHY_MAX];

    if (!ln_statuses_have(&k->conf->statuses, c->head.status)) {
        snprintf(why, sizeof why, "status %d", c->head.status);
        finish(k, false, why);
    } else if (!has_text(c->content, k->conf->body)) {
        finish(k, false, "the expected text is not in the response");
    } else {
        finish(k, true, "");
    }
}

static bool is_our_trouble(enum ln_outcome outcome)
{
    return outcome == LN_OUTCOME_LOCAL || outcome == LN_OUTCOME_CLIENT_GONE;
}

static void on_end(struct ln_client_call *c)
{
    struct check *k = ln_container_of(c, struct check, call);
    char why[WHY_MAX];

    if (c->error == NULL)
        judge(k, c);
    else if (is_our_trouble(c->outcome))
        pass_over(k);
    else /* it begins with the address and a colon */
        finish(k, false, reason(why, c->error + c->address.n + 2));
    ln_client_stop(c);
}

static void start_http(struct check *k)
{
    const char *host = k->conf->host != NULL ? k->conf->host : k->instance->conf->authority;

    k->call = (struct ln_client_call){.method = LN_SLICE("GET"),
                                      .target = k->target,
                                      .authority = ln_slice_of(host),
                                      .fields = &k->fields,
                                      .alone = k->instance,
                                      .timeout = k->conf->timeout,
                                      .most = CONTENT_MAX,
                                      .on_end = on_end};
    ln_client_start(&k->all->client, &k->call);
}

/* ---- over TCP ---- */

static const struct sockaddr *address(struct ln_connect *c, unsigned i, socklen_t *len)
{
    const struct check *k = ln_container_of(c, struct check, connect);
    const struct ln_addr *addr = &k->instance->conf->addrs[i];

    *len = addr->len;
    return &addr->any;
}

static void on_connect(struct ln_connect *c, int fd)
{
    struct check *k = ln_container_of(c, struct check, connect);
    char why[WHY_MAX];

    if (fd >= 0) {
        close(fd);
        finish(k, true, "");
    } else if (is_our_trouble(ln_outcome_of_connect(c->error))) {
        pass_over(k);
    } else {
        finish(k, false, reason(why, strerror(c->error)));
    }
}

static void on_tcp_timeout(struct ln_timer *t)
{
    struct check *k = ln_container_of(t, struct check, timer);

    ln_connect_cancel(&k->connect);
    finish(k, false, "no connection in time");
}

static void start_tcp(struct check *k)
{
    k->connect.address = address;
    k->connect.on_connect = on_connect;
    set_timer(k, k->conf->timeout, on_tcp_timeout);
    ln_connect_start(&k->connect, k->all->client.pools->loop, k->instance->conf->addr_count,
                     k->conf->timeout);
}

/* ---- times ---- */

static void on_time(struct ln_timer *t)
{
    struct check *k = ln_container_of(t, struct check, timer);

    k->began = now_of(k->all);
    ln_check_begin(&k->instance->record->check, k->conf, k->began, any(k->all));
    if (k->instance->conf->addr_count == 0)
        finish(k, false, "its name could not be resolved");
    else if (k->conf->type == LN_HEALTH_TCP)
        start_tcp(k);
    else
        start_http(k);
}

static void prepare(struct check *k);

static void begin(struct check *k)
{
    struct ln_checks *c = k->all;

    prepare(k);
    k->on = true;
    k->turn = k->instance->turn;
    set_timer(k, ln_check_resume(&k->instance->record->check, k->conf, now_of(c), any(c)), on_time);
}

static void end(struct check *k)
{
    if (!k->on)
        return;
    k->on = false;
    ln_timer_stop(k->all->client.pools->loop, &k->timer);
    ln_connect_cancel(&k->connect);
    ln_client_stop(&k->call);
}

/* Instances come and go with their names (upstream/seat.h). True: some have. */
static bool follow(struct ln_checks *c)
{
    bool changed = false;

    for (unsigned i = 0; i < c->count; i++) {
        struct check *k = &c->v[i];
        bool should = !k->instance->out;

        if (k->on == should && (!should || !has_moved(k)))
            continue;
        end(k);
        if (should)
            begin(k);
        changed = true;
    }
    return changed;
}

static void look(struct ln_checks *c)
{
    for (unsigned i = 0; i < c->services->count; i++)
        if (c->services->v[i].conf->health.on)
            ln_service_notice(&c->services->v[i]);
    if (!follow(c))
        return;
    for (unsigned i = 0; i < c->services->count; i++)
        if (c->services->v[i].conf->health.on)
            ln_service_weigh_checks(&c->services->v[i]);
}

static void end_all(struct ln_checks *c)
{
    for (unsigned i = 0; i < c->count; i++)
        end(&c->v[i]);
}

/* Prolongs the lease, takes it, or has lost it. */
static void on_turn(struct ln_timer *t)
{
    struct ln_checks *c = ln_container_of(t, struct ln_checks, turn);
    ln_msec now = now_of(c), left;
    bool held = c->holds;

    c->holds = ln_lease_take(c->lease, c->who, now);
    if (c->holds)
        look(c);
    else if (held)
        end_all(c);
    left = c->holds ? LN_LEASE_TERM / 3 : ln_lease_left(c->lease, now) + 1;
    ln_timer_start(c->client.pools->loop, &c->turn, left, on_turn);
}

/* ---- all of them ---- */

static void prepare(struct check *k)
{
    const struct ln_health_conf *conf = k->conf;

    if (conf->type == LN_HEALTH_TCP || k->target.n > 0)
        return;
    k->target = ln_arena_printf(&k->arena, "%s%s", k->instance->conf->base, conf->path);
    ln_fields_add(&k->fields, LN_SLICE("User-Agent"), LN_SLICE("lunette-health"));
    for (unsigned h = 0; h < conf->header_count; h++)
        ln_fields_set(&k->fields, ln_slice_of(conf->headers[h].name),
                      ln_slice_of(conf->headers[h].value));
}

static void init_check(struct check *k, struct ln_checks *all, struct ln_instance *i)
{
    *k = (struct check){.all = all, .instance = i, .conf = &i->service->conf->health};
    k->connect.fd = -1;
    ln_arena_init(&k->arena, all->client.arenas);
    ln_fields_init(&k->fields, &k->arena);
}

static unsigned count_of(const struct ln_services *services)
{
    unsigned count = 0;

    for (unsigned i = 0; i < services->count; i++)
        if (services->v[i].conf->health.on)
            count += services->v[i].count;
    return count;
}

struct ln_checks *ln_checks_start(struct ln_services *services, struct ln_shm *shm,
                                  struct ln_pools *pools, struct ln_arena_cache *arenas)
{
    unsigned count = count_of(services);
    size_t size = sizeof(struct ln_lease_record);
    struct ln_lease_record *lease =
        count > 0 ? ln_shm_find(shm, LN_ZONE_LEASE, LN_CHECKS_LEASE, &size) : NULL;

    if (lease == NULL)
        return NULL;

    struct ln_checks *c = ln_zalloc(sizeof *c + count * sizeof c->v[0]);

    c->services = services;
    c->client = (struct ln_client){.pools = pools, .arenas = arenas};
    c->lease = lease;
    c->who = (uint32_t)getpid();
    for (unsigned i = 0; i < services->count; i++)
        for (unsigned k = 0; services->v[i].conf->health.on && k < services->v[i].count; k++)
            init_check(&c->v[c->count++], c, &services->v[i].instances[k]);
    on_turn(&c->turn);
    return c;
}

void ln_checks_stop(struct ln_checks *c)
{
    if (c == NULL)
        return;
    ln_timer_stop(c->client.pools->loop, &c->turn);
    end_all(c);
    for (unsigned i = 0; i < c->count; i++)
        ln_arena_reset(&c->v[i].arena);
    if (c->holds)
        ln_lease_give(c->lease, c->who);
    ln_free(c);
}
