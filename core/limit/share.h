/* SPDX-License-Identifier: Apache-2.0
 * share.h - the part of a limit that one of several gateways may spend when they cannot ask each
 * other. Pure.
 */
#ifndef LN_LIMIT_SHARE_H
#define LN_LIMIT_SHARE_H

#include "base/limit.h"

/* So that all `gateways` (at least 1) together let through no more than `limit` in the long run. A
 * gateway lets through one at least: where there is less than one for each, one in a time that is
 * longer by as much. */
struct ln_limit ln_share_of(const struct ln_limit *limit, uint64_t gateways);

#endif
