/* SPDX-License-Identifier: Apache-2.0
 * stop.h - what one more signal to stop means. Pure; the caller has the clock.
 */
#ifndef LN_SERVER_STOP_H
#define LN_SERVER_STOP_H

#include <stdbool.h>

#include "base/clock.h"

enum ln_stop {
    LN_STOP_NOTHING, /* the same wish again */
    LN_STOP_DRAIN,
    LN_STOP_NOW,
};

enum { LN_STOP_REPEAT = 1000 }; /* milliseconds in which a repeated signal counts once */

struct ln_stopping {
    bool asked, now;
    ln_msec at; /* of the first wish */
};

/* `hard`: QUIT. */
enum ln_stop ln_stop_ask(struct ln_stopping *s, bool hard, ln_msec now);

#endif
