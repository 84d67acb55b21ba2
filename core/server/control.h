/* SPDX-License-Identifier: Apache-2.0
 * control.h - the socket on which commands reach the supervisor, and the lock that keeps a second
 * gateway away.
 *
 * A request is one line with a verb: reload, status, metrics, instances, stop, drain. The answer is
 * one line of JSON, when the outcome is known; then the connection is closed. Only the user who
 * runs the gateway may connect.
 */
#ifndef LN_SERVER_CONTROL_H
#define LN_SERVER_CONTROL_H

#include "base/err.h"
#include "base/slice.h"
#include "base/text.h"
#include "net/loop.h"

enum {
    LN_CONTROL_PATH = 100,  /* longest path of a unix socket that we take, with its NUL */
    LN_CONTROL_LINE = 2048, /* longest request, with its newline */
};

/* Where the socket of this configuration is: `option`, else $LUNETTE_CONTROL, else a name made from
 * the real path of the configuration in $XDG_RUNTIME_DIR, /run/lunette or /tmp/lunette-UID.
 * `serving` makes the folder if need be and takes the first that can be written to; else the first
 * where such a socket exists. */
int ln_control_path(char out[LN_CONTROL_PATH], const char *option, const char *conf_path,
                    bool serving, struct ln_err *err);

/* ---- the supervisor's side */

struct ln_control;
struct ln_control_client;

struct ln_control_events {
    /* Answer now or later with ln_control_answer(). The line lives during the call. */
    void (*on_request)(void *arg, struct ln_control_client *c, struct ln_slice line);
    /* The client went away before its answer: forget it. */
    void (*on_gone)(void *arg, struct ln_control_client *c);
};

/* Takes the lock beside `path`. -1: another gateway has it, and the sentence says its pid. */
struct ln_control *ln_control_new(const char *path, struct ln_err *err);

/* Replaces a socket that a dead gateway left, and listens. */
int ln_control_listen(struct ln_control *control, struct ln_loop *loop,
                      const struct ln_control_events *events, void *arg, struct ln_err *err);

/* `json` without a newline. The client is gone afterwards, as far as the caller is concerned. */
void ln_control_answer(struct ln_control_client *c, struct ln_slice json);

/* Removes socket and lock. */
void ln_control_free(struct ln_control *control);

/* In a child: closes the descriptors and touches no file, so that the lock is the supervisor's
 * alone. */
void ln_control_abandon(struct ln_control *control);

/* ---- the command's side: blocks until the answer is whole; without its newline. */

int ln_control_ask(const char *path, const char *verb, struct ln_text *answer, struct ln_err *err);

#endif
