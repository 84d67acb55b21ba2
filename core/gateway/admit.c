/* SPDX-License-Identifier: Apache-2.0
 * admit.c - the first step of an exchange: identity, limits, route.
 */
#include "gateway/admit.h"

#include "base/log.h"
#include "gateway/address.h"
#include "gateway/identity.h"
#include "gateway/router.h"
#include "http/hop.h"
#include "limit/meter.h"
#include "net/digest.h"
#include "script/client.h"

/* Eight hex digits of 32 bits, all at once: each nibble to a byte, then '0' to '9' or 'a' to 'f'.
 */
static void put_hex(char out[8], uint32_t bits)
{
    uint64_t x = bits;

    x = (x << 16 | x) & 0x0000ffff0000ffffu;
    x = (x << 8 | x) & 0x00ff00ff00ff00ffu;
    x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0fu;
    x += 0x3030303030303030u +
         ((x + 0x0606060606060606u) >> 4 & 0x0101010101010101u) * ('a' - '0' - 10);
    memcpy(out, &x, 8);
}

void ln_admit_make_id(struct ln_exchange *x)
{
    uint64_t bits[2] = {ln_rand_next(&x->gw->rand), ln_rand_next(&x->gw->rand)};

    for (unsigned i = 0; i < 4; i++)
        put_hex(x->id_text + 8 * i, (uint32_t)(bits[i / 2] >> i % 2 * 32));
    x->req.id = ln_slice(x->id_text, sizeof x->id_text);
}

static void take_id(struct ln_exchange *x)
{
    const char *name = x->gen->conf->gateway.headers.request_id;
    struct ln_field *f =
        x->trusted && name[0] != '\0' ? ln_fields_get(&x->head.fields, ln_slice_of(name)) : NULL;

    if (f != NULL && f->value_len > 0 && f->value_len <= 128)
        x->req.id = ln_field_value(f);
    else
        ln_admit_make_id(x);
}

/* A protocol that carries HTTP requests would take them past every judgement of ours. */
static bool may_tunnel(struct ln_slice protocols)
{
    struct ln_slice p;
    bool any = false;

    while (ln_slice_next_token(&protocols, &p)) {
        if (ln_slice_caseeq(ln_slice(p.p, p.n < 3 ? p.n : 3), LN_SLICE("h2c")) ||
            ln_slice_caseeq(ln_slice(p.p, p.n < 4 ? p.n : 4), LN_SLICE("http")) ||
            ln_slice_caseeq(ln_slice(p.p, p.n < 3 ? p.n : 3), LN_SLICE("tls")))
            return false;
        any = true;
    }
    return any;
}

static void fill_request(struct ln_exchange *x)
{
    const struct ln_gateway_conf *conf = &x->gen->conf->gateway;
    const struct ln_listener_conf *l = &conf->listeners[x->d->listener];
    struct ln_req *r = &x->req;

    r->method = x->head.method;
    r->path = x->target.path;
    r->query = x->target.query;
    r->has_query = x->target.query.p != NULL;
    r->host = x->head.host;
    r->fields = &x->head.fields;
    r->minor = x->head.minor;
    r->listener = ln_slice_of(l->name);
    r->port = x->d->local_port;
    const struct ln_field *upgrade = ln_fields_find(&x->head.fields, LN_FIELD_UPGRADE);

    if (x->head.upgrade && upgrade != NULL && x->head.framing == LN_FRAMING_NONE &&
        may_tunnel(ln_field_value(upgrade)))
        x->upgrade = ln_field_value(upgrade);
    x->trusted = ln_identity_is_trusted(conf, x->d);
    ln_strip_apply(&x->gen->strip, &x->head.fields);
    ln_address_drop_claims(conf, x->trusted, &x->head.fields);
    r->scheme = x->trusted ? ln_address_scheme(conf, &x->head.fields) : LN_SLICE("http");
    ln_address_settle_proto(conf, &x->head.fields);
    ln_fields_drop_hop_by_hop(&x->head.fields);
    take_id(x);
    ln_identity_fill(conf, x->gen->consumers, x->d, x->trusted, r);
}

static enum ln_step answer_with(struct ln_exchange *x, const struct ln_answer *a)
{
    x->answer = *a;
    return LN_STEP_ANSWER;
}

/* ---- the gateway-wide limit ---- */

struct judging {
    struct ln_meter_take take;
    struct ln_exchange *x;
};

static void on_judged(struct ln_meter_take *t)
{
    struct ln_exchange *x = ln_container_of(t, struct judging, take)->x;

    x->judged = true;
    ln_exchange_advance(x);
}

/* In Redis. True: nobody has to wait for it. */
static bool ask_meter(struct ln_exchange *x)
{
    struct judging *j;

    if (x->gen->meter == NULL || !x->gen->conf->gateway.listeners[x->d->listener].rate_limit)
        return true;
    j = ln_arena_zalloc(&x->arena, sizeof *j);
    j->x = x;
    j->take.on_done = on_judged;
    x->judging = &j->take;
    x->judged = ln_meter_take(x->gen->meter, &j->take, ln_client_key(&x->req), 1, LN_PLAN_TAKE);
    return x->judged;
}

void ln_admit_cancel(struct ln_exchange *x)
{
    if (x->judging != NULL)
        ln_meter_cancel(x->judging);
}

struct ln_slice ln_admit_judge_name(const struct ln_exchange *x)
{
    if (x->judging == NULL || !x->judged)
        return LN_SLICE("");
    return ln_slice_of(ln_meter_words[x->judging->answer.by]);
}

/* Here: before routing, so that requests which no route takes count too. */
static bool is_over_limit(struct ln_exchange *x)
{
    struct ln_generation *g = x->gen;
    struct ln_limit_answer a;
    struct ln_slice key;

    if (g->limiter.count == 0 || !g->conf->gateway.listeners[x->d->listener].rate_limit)
        return false;
    key = ln_client_key(&x->req);
    unsigned which =
        ln_local_limit_take(&g->limiter, ln_hash(ln_shm_hash_key(x->gw->shm), key.p, key.n),
                            ln_loop_now(x->gw->loop), &a);

    x->retry_after = a.wait;
    x->told = (struct ln_told_limit){true, false, ln_limit_most(&g->conf->limit.limits[which]),
                                     a.left, a.reset};
    if (a.shared)
        ln_stat_add(x->gw->slot, LN_STAT_LIMITER_SHARED, 1);
    return !a.ok;
}

static bool is_over_meter(struct ln_exchange *x)
{
    const struct ln_meter_answer *a = &x->judging->answer;

    x->retry_after = a->wait;
    if (a->by != LN_METER_ALLOW && a->by != LN_METER_DENY)
        x->told = (struct ln_told_limit){
            true, false, ln_limit_most(&x->gen->conf->limit.limits[a->which]), a->left, a->reset};
    return !a->ok;
}

/* An identity may be a secret, such as an API key: the log has its source and a digest, as that of
 * the plugins has (lua/lunette/limits.lua). */
static void tell_dry_run(struct ln_exchange *x)
{
    struct ln_slice key = ln_client_key(&x->req), source = x->req.client_source;
    bool plain =
        ln_slice_eq(source, LN_SLICE("address")) || ln_slice_eq(source, LN_SLICE("consumer"));
    unsigned char sum[LN_DIGEST_SHA256];
    char hex[16];

    if (!plain) {
        struct ln_digest *d = ln_digest_new();

        ln_digest_sha256(d, key.p, key.n, sum);
        ln_digest_free(d);
        for (unsigned i = 0; i < 2; i++)
            put_hex(hex + 8 * i, (uint32_t)sum[4 * i] << 24 | (uint32_t)sum[4 * i + 1] << 16 |
                                     (uint32_t)sum[4 * i + 2] << 8 | sum[4 * i + 3]);
        key = ln_arena_printf(&x->arena, "%.*s:~%.16s", (int)source.n, source.p, hex);
    }
    ln_info("rateLimit: a request over the limit was let through: dry run, client %.*s", (int)key.n,
            key.p);
}

static enum ln_step refuse(struct ln_exchange *x)
{
    const struct ln_limit_conf *conf = &x->gen->conf->limit;

    if (conf->dry_run) {
        x->retry_after = 0;
        x->told.dry = true;
        ln_stat_add(x->gw->slot, LN_STAT_LIMITED_DRY, 1);
        tell_dry_run(x);
        return LN_STEP_ACCESS;
    }
    if (x->judging != NULL && x->judging->answer.by == LN_METER_DENY)
        return answer_with(x, ln_answer(LN_ANSWER_LIMIT_UNKNOWN));
    ln_stat_add(x->gw->slot, LN_STAT_LIMITED, 1);
    answer_with(x, ln_answer(LN_ANSWER_RATE_LIMITED));
    x->answer.status = (int)conf->status;
    x->answer.text = conf->message;
    return LN_STEP_ANSWER;
}

/* What the limit has led to: an answer, or ACCESS. */
static enum ln_step obey_limit(struct ln_exchange *x)
{
    bool over = x->judging != NULL ? is_over_meter(x) : is_over_limit(x);

    return over ? refuse(x) : LN_STEP_ACCESS;
}

/* Answers of a refusal are not among what waits. */
static void limit_bandwidth(struct ln_exchange *x)
{
    const struct ln_generation *g = x->gen;
    uint64_t rate = g->conf->limit.bandwidth;
    struct ln_slice key;
    struct ln_pace *p;

    if (rate == 0 || !g->conf->gateway.listeners[x->d->listener].rate_limit)
        return;
    key = ln_client_key(&x->req);
    p = ln_pace_add(&x->req.paces[LN_PACE_RESPONSE], &x->arena, rate, rate);
    p->zone = &g->bandwidth.zone;
    p->hash = ln_hash(ln_shm_hash_key(x->gw->shm), key.p, key.n);
}

static enum ln_step find_route(struct ln_exchange *x)
{
    struct ln_req *r = &x->req;
    const struct ln_router_query q = {
        r->method, ln_authority_host(r->host), r->path, r->listener, r, x->gen->vm};
    struct ln_router_match m;

    ln_router_find(x->gen->router, &q, &m, NULL);
    x->allowed = m.methods;
    if (m.failed != NULL)
        return answer_with(x, ln_answer(LN_ANSWER_PLUGIN_ERROR));
    if (m.route == NULL)
        return answer_with(
            x, ln_answer(m.methods != 0 ? LN_ANSWER_METHOD_NOT_ALLOWED : LN_ANSWER_NOT_FOUND));
    ln_router_apply(&m, r);
    return LN_STEP_ACCESS;
}

/* OPTIONS for the gateway itself: of the whole server, or of a chain of proxies that ends here (RFC
 * 9110 sections 9.3.7, 7.6.2). */
static bool is_for_us(struct ln_exchange *x)
{
    struct ln_field *f;
    uint64_t hops;

    if (x->head.method_id != LN_METHOD_OPTIONS)
        return false;
    x->allowed = ~(uint64_t)1;
    if (x->target.form == LN_TARGET_ASTERISK)
        return true;
    f = ln_fields_get(x->req.fields, LN_SLICE("max-forwards"));
    if (f == NULL || !ln_slice_to_u64(ln_field_value(f), &hops))
        return false;
    if (hops > 0) {
        struct ln_slice less = ln_arena_printf(&x->arena, "%llu", (unsigned long long)(hops - 1));

        f->value = less.p;
        f->value_len = (uint32_t)less.n;
    }
    return hops == 0;
}

enum ln_step ln_admit_judge(struct ln_exchange *x)
{
    uint64_t most = x->gen->conf->gateway.limits.body;

    if (x->answer.status != 0)
        return LN_STEP_ANSWER;
    if (x->judging == NULL) {
        fill_request(x);
        if (!ask_meter(x))
            return LN_STEP_JUDGE;
    } else if (!x->judged) {
        return LN_STEP_JUDGE;
    }
    if (obey_limit(x) == LN_STEP_ANSWER)
        return LN_STEP_ANSWER;
    limit_bandwidth(x);
    if (most > 0 && x->head.framing == LN_FRAMING_LENGTH && x->head.length > most)
        return answer_with(x, ln_answer(LN_ANSWER_BODY_LARGE));
    if (is_for_us(x))
        return answer_with(x, ln_answer(LN_ANSWER_OPTIONS));
    return find_route(x);
}
