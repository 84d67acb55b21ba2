/* SPDX-License-Identifier: Apache-2.0
 * backoff.c - doubling, with a bound.
 */
#include "server/backoff.h"

ln_msec ln_backoff_next(struct ln_backoff *b, bool had_served)
{
    if (had_served) {
        b->failures = 0;
        return 0;
    }

    ln_msec wait = LN_BACKOFF_FIRST;

    for (unsigned i = 0; i < b->failures && wait < LN_BACKOFF_MAX; i++)
        wait *= 2;
    b->failures++;
    return wait < LN_BACKOFF_MAX ? wait : LN_BACKOFF_MAX;
}
