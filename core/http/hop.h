/* SPDX-License-Identifier: Apache-2.0
 * hop.h - which fields stop here because they concern one connection only (RFC 9110 section 7.6.1).
 *
 * Pure: marks fields as dropped, nothing moves.
 */
#ifndef LN_HTTP_HOP_H
#define LN_HTTP_HOP_H

#include "http/field.h"

/* Fields that a Connection option can never remove: framing, routing and everything that is for all
 * recipients. A request that tries is refused; in a response the option is ignored. */
bool ln_hop_is_protected(struct ln_slice name);

/* Drops the hop-by-hop fields (field.def) and those that Connection names. Upgrade and TE go too:
 * who passes them on writes them anew. */
void ln_fields_drop_hop_by_hop(struct ln_fields *f);

#endif
