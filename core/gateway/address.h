/* SPDX-License-Identifier: Apache-2.0
 * address.h - where a client is: the address behind proxies that are trusted, and who may say it.
 *
 * Pure. An address is 16 bytes, IPv4 mapped into IPv6.
 */
#ifndef LN_GATEWAY_ADDRESS_H
#define LN_GATEWAY_ADDRESS_H

#include "conf/conf.h"
#include "http/field.h"

/* Is it one of gateway.trustedProxies? */
bool ln_address_is_trusted(const struct ln_gateway_conf *conf, const unsigned char ip[16]);

/* Drops the fields that say who is behind a proxy and must not be believed: all of them when the
 * peer is not trusted, else those that are not in identity.proxyHeaders. */
void ln_address_drop_claims(const struct ln_gateway_conf *conf, bool trusted,
                            struct ln_fields *fields);

/* What a trusted peer says of the client: the rightmost hop that is not itself trusted. A hop that
 * tells no address ends the walk at the one before. False, and `ip` untouched: it says nothing. */
bool ln_address_behind(const struct ln_gateway_conf *conf, const struct ln_fields *fields,
                       unsigned char ip[16]);

/* How the client came, "https" or "http", as the same hop tells it: in X-Forwarded-Proto, or else
 * in Forwarded. What must not be believed is to be gone by then. */
struct ln_slice ln_address_scheme(const struct ln_gateway_conf *conf,
                                  const struct ln_fields *fields);

/* Leaves of X-Forwarded-Proto the one value that is believed, as the hop has written it: services
 * take the leftmost of a list, which may be the client's own. */
void ln_address_settle_proto(const struct ln_gateway_conf *conf, struct ln_fields *fields);

/* As text, without a port; and with only the first `prefix` bits of an IPv6 address. */
struct ln_slice ln_address_print(const unsigned char ip[16], struct ln_arena *arena);
struct ln_slice ln_address_network(const unsigned char ip[16], unsigned prefix,
                                   struct ln_slice text, struct ln_arena *arena);

#endif
