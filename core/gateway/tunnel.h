/* SPDX-License-Identifier: Apache-2.0
 * tunnel.h - after 101 Switching Protocols (RFC 9110 section 15.2.2): bytes both ways, unread.
 *
 * Begins only when the client asked to upgrade, the service allows it, and the instance has agreed.
 * Each direction ends on its own: an end of stream is passed on as one (half-close). Silence on
 * both sides for timeouts.tunnel ends it.
 */
#ifndef LN_GATEWAY_TUNNEL_H
#define LN_GATEWAY_TUNNEL_H

#include "gateway/exchange.h"

/* Writes the 101 and what has come behind it on either side. False: it does not fit. */
bool ln_tunnel_open(struct ln_exchange *x);

/* What a push or flush towards the instance, or towards the client, has led to. */
void ln_tunnel_sent(struct ln_exchange *x, enum ln_flow_result result);
void ln_tunnel_received(struct ln_exchange *x, enum ln_flow_result result);

void ln_tunnel_client_eof(struct ln_exchange *x);

#endif
