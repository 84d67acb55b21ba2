/* SPDX-License-Identifier: Apache-2.0
 * identity.h - who is asking: the client's address behind trusted proxies, and the identity that
 * limits count.
 */
#ifndef LN_GATEWAY_IDENTITY_H
#define LN_GATEWAY_IDENTITY_H

#include "gateway/downstream.h"
#include "script/req.h"

/* Is the connection's other end one of gateway.trustedProxies? */
bool ln_identity_is_trusted(const struct ln_gateway_conf *conf, const struct ln_downstream *d);

/* What an untrusted peer says about who it speaks for is thrown away before anyone can read it. */
void ln_identity_drop_claims(struct ln_fields *fields);

/* Fills r->ip, r->peer, r->client_id. Forwarding fields are believed from trusted peers only: the
 * address is then the rightmost hop of X-Forwarded-For that is not itself a trusted proxy. */
void ln_identity_fill(const struct ln_gateway_conf *conf, const struct ln_downstream *d,
                      bool trusted, struct ln_req *r);

/* What consistent_hash goes by for this request (services[].hashOn); empty = it has no such thing.
 */
struct ln_slice ln_identity_key(const struct ln_service_conf *conf, const struct ln_req *r);

#endif
