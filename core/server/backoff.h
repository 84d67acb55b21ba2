/* SPDX-License-Identifier: Apache-2.0
 * backoff.h - how long to wait before a dead worker is started again.
 *
 * A worker that has served is replaced at once: its successor will most likely serve as well. One
 * that died before that is most likely to die again, so the wait doubles each time. A value; no
 * clock.
 */
#ifndef LN_SERVER_BACKOFF_H
#define LN_SERVER_BACKOFF_H

#include <stdbool.h>

#include "base/clock.h"

enum { LN_BACKOFF_FIRST = 100, LN_BACKOFF_MAX = 10000 }; /* milliseconds */

struct ln_backoff {
    unsigned failures; /* deaths in a row before serving anything */
};

/* The worker has died; `had_served`: anything at all. Milliseconds until the next start. */
ln_msec ln_backoff_next(struct ln_backoff *b, bool had_served);

#endif
