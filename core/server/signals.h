/* SPDX-License-Identifier: Apache-2.0
 * signals.h - signals as events: blocked, and read from a descriptor by whoever runs the loop.
 *
 * The supervisor is the only process that listens to signals. Workers ignore all that a terminal or
 * a service manager sends to the whole group, and hear from the supervisor what to do.
 */
#ifndef LN_SERVER_SIGNALS_H
#define LN_SERVER_SIGNALS_H

#include "base/err.h"

/* Blocks INT TERM QUIT HUP USR1 USR2 CHLD and ignores PIPE; a descriptor that tells of them, or -1.
 */
int ln_signals_open(struct ln_err *err);

/* The next signal that has come, 0 = none. */
int ln_signals_next(int fd);

/* In a child: as in a fresh process, except that PIPE stays ignored. */
void ln_signals_reset(void);

/* In a worker: nothing but KILL ends it, and what it does to itself. */
void ln_signals_ignore(void);

#endif
