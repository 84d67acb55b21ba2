/* SPDX-License-Identifier: Apache-2.0
 * identity.c - addresses behind proxies, and the ordered sources of identity.from.
 */
#include "gateway/identity.h"

#include "gateway/address.h"
#include "http/cookie.h"
#include "http/query.h"

bool ln_identity_is_trusted(const struct ln_gateway_conf *conf, const struct ln_downstream *d)
{
    return d->has_ip ? conf->trusted_count > 0 && ln_address_is_trusted(conf, d->ip)
                     : conf->trusts_unix;
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
    case LN_IDENTITY_CONSUMER:
    case LN_IDENTITY_JWT:
        break; /* not read from one place: see above, and script/client.h */
    }
    return value;
}

/* Where it is: the socket's other end, or what a trusted one says. */
static void fill_address(const struct ln_gateway_conf *conf, const struct ln_downstream *d,
                         bool trusted, struct ln_req *r)
{
    unsigned char ip[16];
    bool has_ip = d->has_ip;

    r->peer = r->ip = d->peer;
    r->peer_port = d->port;
    memcpy(ip, d->ip, 16);
    if (trusted && ln_address_behind(conf, r->fields, ip)) {
        r->ip = ln_address_print(ip, r->arena);
        has_ip = true;
    }
    r->network =
        has_ip ? ln_address_network(ip, conf->identity.ipv6_prefix, r->ip, r->arena) : r->ip;
    r->client_id = r->network;
    r->client_source = LN_SLICE("address");
    r->client_rank = LN_IDENTITY_SOURCES;
}

/* Whose API key the request has: the first key that is there decides. */
static struct ln_slice find_consumer(const struct ln_identity_conf *conf,
                                     struct ln_consumers *consumers, struct ln_req *r)
{
    for (unsigned i = 0; consumers != NULL && i < conf->key_from_count; i++) {
        struct ln_slice key = from_source(r, conf->key_from[i].kind, conf->key_from[i].name);

        if (key.n == 0)
            continue;
        r->consumer = ln_consumers_by_key(consumers, key);
        if (r->consumer != NULL)
            return ln_consumer_name(consumers, r->consumer);
        break;
    }
    return ln_slice(NULL, 0);
}

void ln_identity_fill(const struct ln_gateway_conf *conf, struct ln_consumers *consumers,
                      const struct ln_downstream *d, bool trusted, struct ln_req *r)
{
    fill_address(conf, d, trusted, r);
    for (unsigned i = 0; i < conf->identity.from_count; i++) {
        const struct ln_source_conf *source = &conf->identity.from[i];
        struct ln_slice id = from_source(r, source->kind, source->name);

        if (source->kind == LN_IDENTITY_ADDRESS)
            id = r->network;
        else if (source->kind == LN_IDENTITY_CONSUMER)
            id = find_consumer(&conf->identity, consumers, r);
        if (id.n == 0)
            continue;
        r->client_id = id;
        r->client_source = ln_slice_of(source->text);
        r->client_rank = (int)i;
        return;
    }
}

struct ln_slice ln_identity_key(const struct ln_service_conf *conf, const struct ln_req *r)
{
    switch (conf->hash_on) {
    case LN_HASH_ON_IDENTITY:
        return r->client_id;
    case LN_HASH_ON_ADDRESS:
        return r->network;
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
