/* SPDX-License-Identifier: Apache-2.0
 * spec_match.h - lends the router to specs, which run a layer below.
 */
#ifndef LN_GATEWAY_SPEC_MATCH_H
#define LN_GATEWAY_SPEC_MATCH_H

#include "script/spec.h"

/* An ln_spec_match: for ln_spec_main(). */
int ln_router_spec_match(struct ln_vm *vm, struct ln_req *r, struct ln_diag *diag);

#endif
