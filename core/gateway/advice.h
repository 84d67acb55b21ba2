/* SPDX-License-Identifier: Apache-2.0
 * advice.h - warnings about routes that no request can reach.
 */
#ifndef LN_GATEWAY_ADVICE_H
#define LN_GATEWAY_ADVICE_H

#include "conf/diag.h"
#include "script/route.h"

/* A path that requests never have in this form, conditions that exclude each other, and routes all
 * of whose requests another one takes. `merges`: gateway.mergeSlashes is on. */
void ln_advice_give(const struct ln_route *routes, unsigned count, bool merges,
                    struct ln_diag *diag);

#endif
