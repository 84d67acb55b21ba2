/* SPDX-License-Identifier: Apache-2.0
 * reload.h - from "something has changed" to a new generation everywhere, or nowhere.
 *
 *   IDLE ──ask──> CHECKING ──ok──> BUILDING ──all ready──> commit ──> IDLE
 *                    │                │
 *                    └── an error, a deadline, a dead worker: the old generation stays ──> IDLE
 *
 * CHECKING: a child loads the files (checker.h). BUILDING: every serving worker prepares the
 * generation from the bundle of the check. The commit is one store into shared memory (DESIGN:
 * reload); a worker that dies afterwards comes back with the new bundle, one that dies before fails
 * the reload. What is asked for while one is on its way makes another one afterwards.
 *
 * Lives in the supervisor; one thread.
 */
#ifndef LN_SERVER_RELOAD_H
#define LN_SERVER_RELOAD_H

#include "net/loop.h"
#include "server/checker.h"
#include "server/crew.h"
#include "server/settings.h"

enum { LN_RELOAD_BUILD_DEADLINE = 60000 }; /* milliseconds for all workers */

enum ln_reload_state { LN_RELOAD_IDLE, LN_RELOAD_CHECKING, LN_RELOAD_BUILDING };

struct ln_reload_outcome {
    bool ok;
    bool unchanged;      /* ok, and nothing was to be done */
    uint64_t generation; /* that is in use now */
    ln_msec took;
    struct ln_slice errors;   /* text, a line each; warnings too */
    struct ln_slice problems; /* the same as a JSON array; empty = [] */
};

struct ln_reload_events {
    /* The new settings; the receiver may move them out. Called before on_done. */
    void (*on_commit)(void *arg, struct ln_settings *settings);
    /* `bundle` (may be NULL): what was read although it did not do, for the watcher. */
    void (*on_done)(void *arg, const struct ln_reload_outcome *o, const struct ln_bundle *bundle);
};

struct ln_reload {
    struct ln_loop *loop;
    struct ln_crew *crew;
    const struct ln_settings *current; /* borrowed: the supervisor's, of the committed generation */
    const char *conf_path;
    enum ln_plugin_specs specs;
    const struct ln_reload_events *events;
    void *arg;
    struct ln_demand demand; /* of the committed generation: what it has in shared memory */

    enum ln_reload_state state; /* private from here */
    uint64_t number;            /* of the last generation that was tried */
    uint64_t committed_hash;    /* of the bundle in use */
    uint64_t failed_hash; /* of the last one that did not do, 0 = none: its errors have been told */
    char cause[64];
    bool forced;              /* also when the files are the same */
    bool again, again_forced; /* asked for meanwhile */
    char again_cause[64];
    ln_nsec started, started_wall;
    struct ln_checker checker;
    struct ln_checked checked;
    struct ln_settings settings; /* of the generation that is being tried */
    ev_io verdict;
    struct ln_timer deadline;
};

/* `generation` is the committed one, from a bundle with this hash. The public fields are filled in
 * by the caller. */
void ln_reload_init(struct ln_reload *r, uint64_t generation, uint64_t hash);
void ln_reload_fini(struct ln_reload *r);

/* `cause` for the log: "a file changed", "HUP", "the command". `forced`: also if no file has
 * changed. False: one is on its way already, and another one will follow. */
bool ln_reload_ask(struct ln_reload *r, const char *cause, bool forced);

/* From the crew: a worker has built / has failed to / has died. */
void ln_reload_built(struct ln_reload *r);
void ln_reload_failed(struct ln_reload *r, unsigned slot, uint64_t number, struct ln_slice text);
void ln_reload_lost(struct ln_reload *r, unsigned slot, uint64_t building);

#endif
