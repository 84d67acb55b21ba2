/* SPDX-License-Identifier: Apache-2.0
 * identity.c - addresses behind proxies, and the ordered sources of identity.from.
 */
#include "gateway/identity.h"

#include <arpa/inet.h>

#include "http/cookie.h"
#include "http/forwarded.h"
#include "http/query.h"

static bool is_trusted(const struct ln_gateway_conf *conf, const unsigned char ip[16])
{
    for (unsigned i = 0; i < conf->trusted_count; i++)
        if (ln_cidr_has(&conf->trusted_proxies[i], ip))
            return true;
    return false;
}

bool ln_identity_is_trusted(const struct ln_gateway_conf *conf, const struct ln_downstream *d)
{
    return conf->trusted_count > 0 && d->has_ip && is_trusted(conf, d->ip);
}

void ln_identity_drop_claims(struct ln_fields *fields)
{
    for (unsigned i = 0; i < fields->count; i++) {
        struct ln_field *f = &fields->v[i];

        switch (f->id) {
        case LN_FIELD_FORWARDED:
        case LN_FIELD_X_FORWARDED_FOR:
        case LN_FIELD_X_FORWARDED_HOST:
        case LN_FIELD_X_FORWARDED_PORT:
        case LN_FIELD_X_FORWARDED_PREFIX:
        case LN_FIELD_X_FORWARDED_PROTO:
        case LN_FIELD_X_REAL_IP:
            f->dropped = 1;
            break;
        default:
            break;
        }
    }
}

static bool is_v4(const unsigned char ip[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(ip, mapped, 12) == 0;
}

static struct ln_slice print_ip(const unsigned char ip[16], struct ln_arena *arena)
{
    char *text = ln_arena_alloc(arena, INET6_ADDRSTRLEN);

    if (is_v4(ip))
        inet_ntop(AF_INET, ip + 12, text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, ip, text, INET6_ADDRSTRLEN);
    return ln_slice_of(text);
}

/* All addresses of one IPv6 customer count as one client. */
static struct ln_slice address_identity(const struct ln_identity_conf *conf,
                                        const unsigned char ip[16], struct ln_slice text,
                                        struct ln_arena *arena)
{
    unsigned char masked[16];

    if (is_v4(ip) || conf->ipv6_prefix >= 128)
        return text;
    for (unsigned i = 0; i < 16; i++) {
        unsigned bits = conf->ipv6_prefix > i * 8 ? conf->ipv6_prefix - i * 8 : 0;

        masked[i] = bits >= 8 ? ip[i] : (unsigned char)(ip[i] & (0xff00 >> bits));
    }
    return print_ip(masked, arena);
}

/* Walks X-Forwarded-For from the right while the hops are trusted proxies; the first that is not is
 * the client. */
static bool behind_proxies(const struct ln_gateway_conf *conf, const struct ln_req *r,
                           unsigned char ip[16])
{
    struct ln_forwarded_walk walk;
    struct ln_forwarded_hop hop;
    bool found = false;

    ln_forwarded_start(&walk, r->fields, LN_FIELD_X_FORWARDED_FOR);
    while (ln_forwarded_next(&walk, &hop) && hop.kind == LN_FORWARDED_ADDRESS) {
        memcpy(ip, hop.address, 16);
        found = true;
        if (!is_trusted(conf, ip))
            break;
    }
    return found;
}

static struct ln_slice from_source(const struct ln_req *r, enum ln_identity_source kind,
                                   const char *name)
{
    struct ln_slice value = {NULL, 0}, want = ln_slice_of(name);
    struct ln_query_arg arg;
    const struct ln_field *f;

    switch (kind) {
    case LN_IDENTITY_HEADER:
        f = ln_fields_get(r->fields, want);
        return f != NULL ? ln_field_value(f) : value;
    case LN_IDENTITY_QUERY:
        return ln_query_get(r->query, want, &arg, r->arena) ? arg.value : value;
    case LN_IDENTITY_COOKIE:
        return ln_cookie_get(r->fields, want, &value) ? value : ln_slice(NULL, 0);
    case LN_IDENTITY_ADDRESS:
        break;
    }
    return value;
}

void ln_identity_fill(const struct ln_gateway_conf *conf, const struct ln_downstream *d,
                      bool trusted, struct ln_req *r)
{
    unsigned char ip[16];
    bool has_ip = d->has_ip;

    r->peer = r->ip = d->peer;
    r->peer_port = d->port;
    memcpy(ip, d->ip, 16);
    if (trusted && behind_proxies(conf, r, ip)) {
        r->ip = print_ip(ip, r->arena);
        has_ip = true;
    }
    r->client_id = has_ip ? address_identity(&conf->identity, ip, r->ip, r->arena) : r->ip;
    for (unsigned i = 0; i < conf->identity.from_count; i++) {
        if (conf->identity.from[i].kind == LN_IDENTITY_ADDRESS)
            return;
        struct ln_slice id =
            from_source(r, conf->identity.from[i].kind, conf->identity.from[i].name);

        if (id.n > 0) {
            r->client_id = id;
            return;
        }
    }
}

struct ln_slice ln_identity_key(const struct ln_service_conf *conf, const struct ln_req *r)
{
    switch (conf->hash_on) {
    case LN_HASH_ON_IDENTITY:
        return r->client_id;
    case LN_HASH_ON_ADDRESS:
        return r->ip;
    case LN_HASH_ON_PATH:
        return r->path;
    case LN_HASH_ON_HEADER:
        return from_source(r, LN_IDENTITY_HEADER, conf->hash_name);
    case LN_HASH_ON_COOKIE:
        return from_source(r, LN_IDENTITY_COOKIE, conf->hash_name);
    case LN_HASH_ON_QUERY:
        return from_source(r, LN_IDENTITY_QUERY, conf->hash_name);
    }
    return ln_slice(NULL, 0);
}
