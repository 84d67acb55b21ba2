/* SPDX-License-Identifier: Apache-2.0
 * up.h - one choice of an instance, as balance handlers see it: passive, like the request.
 *
 * Owner: the caller of ln_vm_balance(), on its stack. Whoever fills it says how instances are
 * looked at: the gateway's are those of a service, a spec's are a list.
 */
#ifndef LN_SCRIPT_UP_H
#define LN_SCRIPT_UP_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/slice.h"
#include "script/api.h"

struct ln_up {
    struct ln_slice service;
    unsigned attempt;           /* from 1 */
    struct ln_slice last_error; /* p NULL: no attempt has failed */
    unsigned count;             /* of instances */
    const void *instances;      /* what `see` understands */
    ln_msec now;
    struct ln_slice (*see)(const struct ln_up *up, unsigned index, struct ln_up_seen *out);
    struct ln_arena *arena; /* where the key is kept */

    /* The answer. */
    unsigned chosen; /* from 1; 0 = none */
    bool has_key;
    struct ln_slice key;
    bool failed; /* a handler raised, and its on_error is "fail" */
};

/* For task.c: a handler has raised. What it has answered before does not count. */
void ln_up_fail(const struct ln_up *up, bool failed);

/* Fills service, count and how they are seen. */
struct ln_service;
void ln_up_of_service(struct ln_up *up, const struct ln_service *s, ln_msec now);

#endif
