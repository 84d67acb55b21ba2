/* SPDX-License-Identifier: Apache-2.0
 * stop.c - the first wish drains; impatience is a wish repeated after a second.
 */
#include "server/stop.h"

enum ln_stop ln_stop_ask(struct ln_stopping *s, bool hard, ln_msec now)
{
    if (s->now)
        return LN_STOP_NOTHING;
    if (hard || (s->asked && now - s->at >= LN_STOP_REPEAT)) {
        s->asked = s->now = true;
        return LN_STOP_NOW;
    }
    if (s->asked)
        return LN_STOP_NOTHING; /* service managers and terminals like to say it twice */
    s->asked = true;
    s->at = now;
    return LN_STOP_DRAIN;
}
