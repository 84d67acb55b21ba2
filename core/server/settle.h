/* SPDX-License-Identifier: Apache-2.0
 * settle.h - waits until changes have stopped for a moment, but not for ever. A value; the caller
 * has the clock.
 */
#ifndef LN_SERVER_SETTLE_H
#define LN_SERVER_SETTLE_H

#include <stdbool.h>

#include "base/clock.h"

enum { LN_SETTLE_QUIET = 50, LN_SETTLE_MAX = 1000 }; /* milliseconds */

struct ln_settle {
    bool pending;
    ln_msec first, last; /* of the changes that are pending */
};

/* Something has changed. */
void ln_settle_touch(struct ln_settle *s, ln_msec now);

/* Milliseconds until it is time to act, 0 = now. Only while pending. */
ln_msec ln_settle_wait(const struct ln_settle *s, ln_msec now);

#endif
