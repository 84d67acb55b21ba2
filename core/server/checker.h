/* SPDX-License-Identifier: Apache-2.0
 * checker.h - tries a configuration in a child process, so that a bad one can hurt nobody.
 *
 * The child records every file into a bundle, loads all of it - Lua too, opening nothing - and
 * hands back a verdict, the bundle, and what it needs of shared memory. The parent never runs Lua.
 * Owner: the caller; one check at a time per record.
 */
#ifndef LN_SERVER_CHECKER_H
#define LN_SERVER_CHECKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "server/plugin_specs.h"
#include "shm/demand.h"

enum { LN_CHECK_DEADLINE = 30000 }; /* milliseconds */

struct ln_checker {
    pid_t pid; /* 0 = none */
    int fd;    /* the verdict comes here, then the end */
    int bundle;
    struct ln_text bytes; /* private: of the verdict so far */
};

struct ln_checked {
    bool ok;
    uint64_t hash; /* of the bundle */
    unsigned errors, warnings, routes, services;
    struct ln_text text;     /* "file:line:column: ..." per line */
    struct ln_text json;     /* the same as an array */
    struct ln_demand demand; /* ok: what has to be in shared memory */
    int bundle;              /* owned; -1 = there is none, because the child came to no verdict */
};

/* `in_child` (may be NULL) closes what the child must not keep. */
int ln_checker_start(struct ln_checker *c, const char *conf_path, enum ln_plugin_specs specs,
                     void (*in_child)(void *arg), void *arg, struct ln_err *err);

/* Reads what has come; true at the end. */
bool ln_checker_read(struct ln_checker *c);

/* Ends the child, whatever it does, and takes the verdict. `late`: the deadline has passed. */
void ln_checker_finish(struct ln_checker *c, bool late, struct ln_checked *out);

/* Start, wait, finish. */
int ln_checker_run(const char *conf_path, enum ln_plugin_specs specs, struct ln_checked *out,
                   struct ln_err *err);

void ln_checked_fini(struct ln_checked *out);

#endif
