/* SPDX-License-Identifier: Apache-2.0
 * supervisor.h - `lunette run`: owns sockets and shared memory, keeps workers alive, answers
 * commands, reloads, stops.
 *
 * Signals: INT, TERM drain and stop (a second one at least a second later stops now), QUIT stops
 * now, HUP reloads, USR1 reopens logs. Ctrl-C reaches the whole process group, so workers ignore
 * signals and do what the supervisor says.
 */
#ifndef LN_SERVER_SUPERVISOR_H
#define LN_SERVER_SUPERVISOR_H

#include <stdbool.h>

struct ln_run_options {
    const char *conf_path;
    const char *control; /* NULL = from the environment or the configuration's path */
    int report;          /* descriptor for one line of JSON when everything serves; -1 = none */
    int quiet;           /* no banner */
    bool dev;            /* watch files and run specs, whatever the configuration says */
};

/* Returns the exit code: 0 after a clean stop, 1 when it could not start. */
int ln_supervisor_run(const struct ln_run_options *options);

#endif
