/* SPDX-License-Identifier: Apache-2.0
 * loops.h - warnings about instances that are the gateway itself.
 */
#ifndef LN_GATEWAY_LOOPS_H
#define LN_GATEWAY_LOOPS_H

#include "conf/conf.h"
#include "conf/diag.h"
#include "script/route.h"

/* A request that such an instance sends back to the route it came from goes round until there are
 * no more connections. What plugins make of it is not known, and asking another listener of one's
 * own is meant sometimes: no more than a warning. Addresses of other interfaces of the machine are
 * not known here. */
void ln_loops_warn(const struct ln_conf *conf, const struct ln_route *routes, unsigned count,
                   struct ln_diag *diag);

#endif
