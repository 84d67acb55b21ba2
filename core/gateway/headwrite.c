/* SPDX-License-Identifier: Apache-2.0
 * headwrite.c - the request head for an instance, the response head for a client.
 */
#include "gateway/headwrite.h"

#include "base/limit.h"
#include "gateway/admit.h"
#include "gateway/filter.h"
#include "gateway/strip.h"

/* Is `prefix` a whole number of leading segments of `path`? */
static bool has_segments(struct ln_slice path, struct ln_slice prefix)
{
    return prefix.n > 0 && ln_slice_has_prefix(path, prefix) &&
           (path.n == prefix.n || path.p[prefix.n] == '/');
}

struct ln_slice ln_headwrite_prefix(const struct ln_exchange *x)
{
    struct ln_slice prefix = ln_slice_of(x->req.route->strip);

    return has_segments(x->req.path, prefix) ? prefix : ln_slice(NULL, 0);
}

static struct ln_slice stripped(const struct ln_exchange *x)
{
    size_t n = ln_headwrite_prefix(x).n;

    return ln_slice(x->req.path.p + n, x->req.path.n - n);
}

static void write_first_line(const struct ln_exchange *x, struct ln_writer *w)
{
    struct ln_slice path = stripped(x);

    ln_write_slice(w, x->req.method);
    ln_write_literal(w, " ");
    ln_write_slice(w, ln_slice_of(x->attempt.instance->conf->base));
    if (path.n == 0)
        ln_write_literal(w, "/");
    ln_write_slice(w, path);
    if (x->req.has_query) {
        ln_write_literal(w, "?");
        ln_write_slice(w, x->req.query);
    }
    ln_write_literal(w, " HTTP/1.1\r\n");
}

static void write_host(const struct ln_exchange *x, struct ln_writer *w)
{
    const struct ln_instance *i = x->attempt.instance;
    struct ln_slice host = ln_slice_of(i->conf->authority);

    if (x->req.host_changed || (i->service->conf->preserve_host && x->req.host.n > 0))
        host = x->req.host;
    ln_write_field(w, LN_SLICE("Host"), host);
}

static void write_framing(const struct ln_flow *f, uint64_t length, struct ln_writer *w)
{
    if (f->out == LN_FRAMING_LENGTH)
        ln_write_field_u64(w, LN_SLICE("Content-Length"), length);
    else if (f->out == LN_FRAMING_CHUNKED)
        ln_write_literal(w, "Transfer-Encoding: chunked\r\n");
}

/* X-Forwarded-For is a chain: what a trusted peer said, then the peer itself. */
static void write_forwarded_for(const struct ln_exchange *x, struct ln_writer *w)
{
    const struct ln_field *f = ln_fields_find(x->req.fields, LN_FIELD_X_FORWARDED_FOR);

    ln_write_literal(w, "X-Forwarded-For: ");
    for (; f != NULL; f = ln_fields_next(x->req.fields, f)) {
        ln_write_slice(w, ln_field_value(f));
        ln_write_literal(w, ", ");
    }
    ln_write_slice(w, x->d->has_ip ? x->req.peer : LN_SLICE("unknown"));
    ln_write_crlf(w);
}

static bool has(const struct ln_exchange *x, enum ln_field_id id)
{
    return ln_fields_find(x->req.fields, id) != NULL;
}

/* Fields of these names that are still there come from a trusted proxy or a plugin: they stand. */
static void write_x_forwarded(const struct ln_exchange *x, struct ln_writer *w)
{
    struct ln_slice prefix = ln_headwrite_prefix(x);

    write_forwarded_for(x, w);
    if (!has(x, LN_FIELD_X_FORWARDED_PROTO))
        ln_write_field(w, LN_SLICE("X-Forwarded-Proto"), x->req.scheme);
    if (!has(x, LN_FIELD_X_FORWARDED_HOST) && x->head.host.n > 0)
        ln_write_field(w, LN_SLICE("X-Forwarded-Host"), x->head.host);
    if (!has(x, LN_FIELD_X_FORWARDED_PORT) && x->req.port > 0)
        ln_write_field_u64(w, LN_SLICE("X-Forwarded-Port"), x->req.port);
    if (!has(x, LN_FIELD_X_FORWARDED_PREFIX) && prefix.n > 0)
        ln_write_field(w, LN_SLICE("X-Forwarded-Prefix"), prefix);
}

/* RFC 7239 section 4: one element for our hop; addresses of IPv6 in quoted brackets. */
static void write_forwarded(const struct ln_exchange *x, struct ln_writer *w)
{
    const struct ln_field *f = ln_fields_find(x->req.fields, LN_FIELD_FORWARDED);
    bool v6 = memchr(x->req.peer.p, ':', x->req.peer.n) != NULL;

    ln_write_literal(w, "Forwarded: ");
    for (; f != NULL; f = ln_fields_next(x->req.fields, f)) {
        ln_write_slice(w, ln_field_value(f));
        ln_write_literal(w, ", ");
    }
    if (!x->d->has_ip)
        ln_write_literal(w, "for=unknown");
    else if (v6)
        ln_write_literal(w, "for=\"[");
    else
        ln_write_literal(w, "for=");
    if (x->d->has_ip)
        ln_write_slice(w, x->req.peer);
    if (x->d->has_ip && v6)
        ln_write_literal(w, "]\"");
    if (x->head.host.n > 0) {
        ln_write_literal(w, ";host=\"");
        ln_write_slice(w, x->head.host);
        ln_write_literal(w, "\"");
    }
    ln_write_literal(w, ";proto=");
    ln_write_slice(w, x->req.scheme);
    ln_write_crlf(w);
}

/* Upgrade concerns one connection: whoever passes it on says so for the next (RFC 9110
 * section 7.8). */
static void write_upgrade(const struct ln_exchange *x, struct ln_writer *w)
{
    ln_write_literal(w, "Connection: Upgrade\r\n");
    ln_write_field(w, LN_SLICE("Upgrade"), x->upgrade);
}

static void write_additions(const struct ln_exchange *x, struct ln_writer *w)
{
    const struct ln_headers_conf *conf = &x->gen->conf->gateway.headers;

    if (conf->forwarded == LN_FORWARDED_X || conf->forwarded == LN_FORWARDED_BOTH)
        write_x_forwarded(x, w);
    if (conf->forwarded == LN_FORWARDED_RFC7239 || conf->forwarded == LN_FORWARDED_BOTH)
        write_forwarded(x, w);
    if (conf->request_id[0] != '\0')
        ln_write_field(w, ln_slice_of(conf->request_id), x->req.id);
    if (conf->origin_host)
        ln_write_field(w, LN_SLICE("X-Origin-Host"),
                       ln_slice_of(x->attempt.instance->conf->origin));
    if (conf->via)
        ln_write_literal(w, "Via: 1.1 lunette\r\n");
    if (x->upgrade.p != NULL)
        write_upgrade(x, w);
}

/* Which fields of the request are written by the functions above and not in their place? */
static bool is_rewritten(const struct ln_exchange *x, const struct ln_field *f)
{
    const struct ln_headers_conf *conf = &x->gen->conf->gateway.headers;

    switch (f->id) {
    case LN_FIELD_CONTENT_LENGTH:
    case LN_FIELD_TRANSFER_ENCODING:
    case LN_FIELD_X_ORIGIN_HOST:
        return true;
    case LN_FIELD_X_FORWARDED_FOR:
        return conf->forwarded == LN_FORWARDED_X || conf->forwarded == LN_FORWARDED_BOTH;
    case LN_FIELD_FORWARDED:
        return conf->forwarded == LN_FORWARDED_RFC7239 || conf->forwarded == LN_FORWARDED_BOTH;
    default:
        return false;
    }
}

bool ln_headwrite_request(struct ln_exchange *x, struct ln_writer *w)
{
    const struct ln_fields *fields = x->req.fields;
    struct ln_slice id_name = ln_slice_of(x->gen->conf->gateway.headers.request_id);
    bool host_written = false;

    write_first_line(x, w);
    for (unsigned i = 0; i < fields->count; i++) {
        const struct ln_field *f = &fields->v[i];

        if (f->dropped || is_rewritten(x, f) ||
            (f->name_len == id_name.n && ln_strip_is_same(ln_field_name(f), id_name)))
            continue;
        if (f->id == LN_FIELD_HOST) {
            write_host(x, w);
            host_written = true;
        } else {
            ln_write_field(w, ln_field_name(f), ln_field_value(f));
        }
    }
    if (!host_written)
        write_host(x, w);
    write_framing(&x->up, x->head.length, w);
    write_additions(x, w);
    ln_write_crlf(w);
    return !w->overflow;
}

/* A response without content may still tell its length: to HEAD, and with 304 (RFC 9110
 * section 8.6); but only that which GET would get, and what body handlers would make of the content
 * nobody knows. */
static bool tells_length(const struct ln_exchange *x)
{
    return x->down.out == LN_FRAMING_NONE && x->req.status >= 200 && x->req.status != 204 &&
           !ln_filter_is_wanted(x);
}

/* Where Redis counts: who has judged this request. A plugin that has told so of its own stands. */
static void write_judge(const struct ln_exchange *x, struct ln_writer *w)
{
    struct ln_slice name = ln_slice_of(x->gen->conf->limit.state_header);

    if (name.n > 0 && x->judged && ln_fields_get(x->req.res_fields, name) == NULL)
        ln_write_field(w, name, ln_admit_judge_name(x));
}

/* Where the client stands under rateLimit; a plugin or the service may have told of a limit of its
 * own. */
static void write_limit(const struct ln_exchange *x, struct ln_writer *w)
{
    const struct ln_told_limit *t = &x->told;

    if (t->dry)
        ln_write_literal(w, "X-RateLimit-Dry-Run: refused\r\n");
    if (!t->any || !x->gen->conf->limit.headers ||
        ln_fields_find(x->req.res_fields, LN_FIELD_RATELIMIT_LIMIT) != NULL)
        return;
    ln_write_field_u64(w, LN_SLICE("RateLimit-Limit"), t->most);
    ln_write_field_u64(w, LN_SLICE("RateLimit-Remaining"), t->left);
    ln_write_field_u64(w, LN_SLICE("RateLimit-Reset"), ln_limit_reset_after(t->reset));
}

bool ln_headwrite_response(struct ln_exchange *x, struct ln_writer *w, struct ln_slice reason)
{
    const struct ln_fields *fields = x->req.res_fields;
    bool dated = false;

    ln_write_status_line(w, x->req.status, reason);
    for (unsigned i = 0; i < fields->count; i++) {
        const struct ln_field *f = &fields->v[i];

        if (f->dropped || f->id == LN_FIELD_TRANSFER_ENCODING ||
            (f->id == LN_FIELD_CONTENT_LENGTH && !tells_length(x)))
            continue;
        dated = dated || f->id == LN_FIELD_DATE;
        ln_write_field(w, ln_field_name(f), ln_field_value(f));
    }
    if (!dated)
        ln_write_field(w, LN_SLICE("Date"), ln_gateway_date(x->gw));
    if (x->judging != NULL)
        write_judge(x, w);
    if (x->told.any || x->told.dry)
        write_limit(x, w);
    write_framing(&x->down, x->down.body.left, w);
    if (tells_length(x) && x->reply.n > 0)
        ln_write_field_u64(w, LN_SLICE("Content-Length"), x->reply.n);
    if (x->tunnel && x->req.status == 101)
        write_upgrade(x, w);
    else if (!x->keep)
        ln_write_literal(w, "Connection: close\r\n");
    else if (x->head.minor == 0)
        ln_write_literal(w, "Connection: keep-alive\r\n");
    ln_write_crlf(w);
    return !w->overflow;
}

bool ln_headwrite_interim(const struct ln_res_head *h, struct ln_writer *w)
{
    ln_write_status_line(w, h->status, h->reason);
    for (unsigned i = 0; i < h->fields.count; i++) {
        const struct ln_field *f = &h->fields.v[i];

        if (!f->dropped && f->id != LN_FIELD_CONTENT_LENGTH) /* RFC 9110 section 8.6 */
            ln_write_field(w, ln_field_name(f), ln_field_value(f));
    }
    ln_write_crlf(w);
    return !w->overflow;
}
