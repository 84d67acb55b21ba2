/* SPDX-License-Identifier: Apache-2.0
 * identity.h - who is asking: the client's address behind trusted proxies, and the identity that
 * limits count.
 */
#ifndef LN_GATEWAY_IDENTITY_H
#define LN_GATEWAY_IDENTITY_H

#include "auth/consumers.h"
#include "gateway/downstream.h"
#include "script/req.h"

/* Is the connection's other end one of gateway.trustedProxies? */
bool ln_identity_is_trusted(const struct ln_gateway_conf *conf, const struct ln_downstream *d);

/* Fills r->ip, r->network, r->peer and who the request is counted as; `consumers` may be NULL. What
 * forwarding fields must not be believed is to be gone by then: ln_address_drop_claims(). */
void ln_identity_fill(const struct ln_gateway_conf *conf, struct ln_consumers *consumers,
                      const struct ln_downstream *d, bool trusted, struct ln_req *r);

/* What consistent_hash goes by for this request (services[].hashOn); empty = it has no such thing.
 */
struct ln_slice ln_identity_key(const struct ln_service_conf *conf, const struct ln_req *r);

#endif
