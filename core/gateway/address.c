/* SPDX-License-Identifier: Apache-2.0
 * address.c - a walk over the hops that trusted proxies tell.
 */
#include "gateway/address.h"

#include <arpa/inet.h>

#include "base/assert.h"
#include "http/forwarded.h"

bool ln_address_is_trusted(const struct ln_gateway_conf *conf, const unsigned char ip[16])
{
    for (unsigned i = 0; i < conf->trusted_count; i++)
        if (ln_cidr_has(&conf->trusted_proxies[i], ip))
            return true;
    return false;
}

static bool believes(const struct ln_gateway_conf *conf, unsigned header)
{
    return conf->identity.proxy_headers >> header & 1;
}

/* Host, port, prefix and scheme go with the address: who writes Forwarded tells them there, and
 * passes on what clients have sent in X-Forwarded-Proto and its like. */
static bool believes_companions(const struct ln_gateway_conf *conf)
{
    return believes(conf, LN_PROXY_X_FORWARDED_FOR) || !believes(conf, LN_PROXY_FORWARDED);
}

void ln_address_drop_claims(const struct ln_gateway_conf *conf, bool trusted,
                            struct ln_fields *fields)
{
    for (unsigned i = 0; i < fields->count; i++) {
        struct ln_field *f = &fields->v[i];

        switch (f->id) {
        case LN_FIELD_FORWARDED:
            f->dropped |= !trusted || !believes(conf, LN_PROXY_FORWARDED);
            break;
        case LN_FIELD_X_FORWARDED_FOR:
            f->dropped |= !trusted || !believes(conf, LN_PROXY_X_FORWARDED_FOR);
            break;
        case LN_FIELD_X_REAL_IP:
            f->dropped |= !trusted || !believes(conf, LN_PROXY_X_REAL_IP);
            break;
        case LN_FIELD_X_FORWARDED_HOST:
        case LN_FIELD_X_FORWARDED_PORT:
        case LN_FIELD_X_FORWARDED_PREFIX:
        case LN_FIELD_X_FORWARDED_PROTO:
            f->dropped |= !trusted || !believes_companions(conf);
            break;
        default:
            break;
        }
    }
}

/* What one kind of field says of the client. */
struct trail {
    unsigned hops; /* those that count, be there one that tells nothing */
    bool found;
    unsigned char ip[16];
    struct ln_slice proto; /* of the last of them */
};

/* From the right, as long as the one who has written it is trusted. */
static struct trail walk_back(const struct ln_gateway_conf *conf, const struct ln_fields *fields,
                              enum ln_field_id id)
{
    struct ln_forwarded_walk walk;
    struct ln_forwarded_hop hop;
    struct trail t = {0};

    ln_forwarded_start(&walk, fields, id);
    while (ln_forwarded_next(&walk, &hop)) {
        t.hops++;
        t.proto = hop.kind != LN_FORWARDED_BAD ? hop.proto : ln_slice(NULL, 0);
        if (hop.kind != LN_FORWARDED_ADDRESS)
            break;
        memcpy(t.ip, hop.address, 16);
        t.found = true;
        if (!ln_address_is_trusted(conf, t.ip))
            break;
    }
    return t;
}

/* One address, from one field. Several say nothing that could be believed. */
static bool real_ip(const struct ln_fields *fields, unsigned char ip[16])
{
    const struct ln_field *f = ln_fields_find(fields, LN_FIELD_X_REAL_IP);
    struct ln_forwarded_hop hop;

    if (f == NULL || ln_fields_next(fields, f) != NULL)
        return false;
    ln_forwarded_node(ln_field_value(f), &hop);
    if (hop.kind == LN_FORWARDED_ADDRESS)
        memcpy(ip, hop.address, 16);
    return hop.kind == LN_FORWARDED_ADDRESS;
}

bool ln_address_behind(const struct ln_gateway_conf *conf, const struct ln_fields *fields,
                       unsigned char ip[16])
{
    struct trail t = {0};

    if (believes(conf, LN_PROXY_X_FORWARDED_FOR))
        t = walk_back(conf, fields, LN_FIELD_X_FORWARDED_FOR);
    if (t.hops == 0 && believes(conf, LN_PROXY_FORWARDED))
        t = walk_back(conf, fields, LN_FIELD_FORWARDED);
    if (t.found)
        memcpy(ip, t.ip, 16);
    /* A hop that tells nothing: another field, which a client may have sent, has no say. */
    if (t.hops > 0)
        return t.found;
    return believes(conf, LN_PROXY_X_REAL_IP) && real_ip(fields, ip);
}

/* Of X-Forwarded-Proto: one for each hop of X-Forwarded-For, or one for all. */
static bool told_proto(const struct ln_fields *fields, unsigned hops, struct ln_slice *proto)
{
    struct ln_forwarded_walk walk;
    struct ln_forwarded_hop hop;
    bool any = false;

    ln_forwarded_start(&walk, fields, LN_FIELD_X_FORWARDED_PROTO);
    while (ln_forwarded_next(&walk, &hop)) {
        *proto = hop.text;
        any = true;
        if (hops < 2)
            break;
        hops--;
    }
    return any;
}

struct ln_slice ln_address_scheme(const struct ln_gateway_conf *conf,
                                  const struct ln_fields *fields)
{
    struct ln_slice proto = {NULL, 0};

    if (!told_proto(fields, walk_back(conf, fields, LN_FIELD_X_FORWARDED_FOR).hops, &proto))
        proto = walk_back(conf, fields, LN_FIELD_FORWARDED).proto;
    return ln_slice_caseeq(proto, LN_SLICE("https")) ? LN_SLICE("https") : LN_SLICE("http");
}

void ln_address_settle_proto(const struct ln_gateway_conf *conf, struct ln_fields *fields)
{
    struct ln_field *first = ln_fields_find(fields, LN_FIELD_X_FORWARDED_PROTO), *f;
    struct ln_slice proto = {NULL, 0};

    if (first == NULL)
        return;
    told_proto(fields, walk_back(conf, fields, LN_FIELD_X_FORWARDED_FOR).hops, &proto);
    for (f = first; f != NULL; f = ln_fields_next(fields, f))
        f->dropped = f != first || proto.n == 0;
    first->value = proto.p;
    first->value_len = (uint32_t)proto.n;
}

static bool is_v4(const unsigned char ip[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(ip, mapped, 12) == 0;
}

struct ln_slice ln_address_print(const unsigned char ip[16], struct ln_arena *arena)
{
    char *text = ln_arena_alloc(arena, INET6_ADDRSTRLEN);

    if (is_v4(ip))
        inet_ntop(AF_INET, ip + 12, text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, ip, text, INET6_ADDRSTRLEN);
    return ln_slice_of(text);
}

/* All addresses of one IPv6 customer count as one client. */
struct ln_slice ln_address_network(const unsigned char ip[16], unsigned prefix,
                                   struct ln_slice text, struct ln_arena *arena)
{
    unsigned char masked[16];

    if (is_v4(ip) || prefix >= 128)
        return text;
    for (unsigned i = 0; i < 16; i++) {
        unsigned bits = prefix > i * 8 ? prefix - i * 8 : 0;

        masked[i] = bits >= 8 ? ip[i] : (unsigned char)(ip[i] & (0xff00 >> bits));
    }
    return ln_address_print(masked, arena);
}
