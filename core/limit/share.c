/* SPDX-License-Identifier: Apache-2.0
 * share.c - dividing a limit.
 */
#include "limit/share.h"

#include "base/assert.h"

struct ln_limit ln_share_of(const struct ln_limit *limit, uint64_t gateways)
{
    struct ln_limit share = *limit;

    ln_assert(gateways > 0);
    if (share.count >= gateways) {
        share.count /= gateways;
    } else { /* rounded so that it is never too much; how many there are is what Redis has said */
        unsigned __int128 per =
            ((unsigned __int128)share.per * gateways + share.count - 1) / share.count;

        share.per = per < UINT64_MAX ? (ln_msec)per : UINT64_MAX;
        share.count = 1;
    }
    share.burst = share.burst > gateways ? share.burst / gateways : 1;
    return share;
}
