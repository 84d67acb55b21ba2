/* SPDX-License-Identifier: Apache-2.0
 * settle.c - a quiet moment after the last change, a bound after the first.
 */
#include "server/settle.h"

void ln_settle_touch(struct ln_settle *s, ln_msec now)
{
    if (!s->pending)
        s->first = now;
    s->pending = true;
    s->last = now;
}

ln_msec ln_settle_wait(const struct ln_settle *s, ln_msec now)
{
    ln_msec quiet = s->last + LN_SETTLE_QUIET, bound = s->first + LN_SETTLE_MAX;
    ln_msec due = quiet < bound ? quiet : bound;

    return due > now ? due - now : 0;
}
