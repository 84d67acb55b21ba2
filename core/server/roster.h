/* SPDX-License-Identifier: Apache-2.0
 * roster.h - the services and instances of the generation in use, with their shared records, those
 * that have come of a name (upstream/seat.h) among them: for the supervisor, which has no services
 * of its own.
 *
 * Owner: the caller. What it names belongs to the demand and to the region, but for `texts`.
 */
#ifndef LN_SERVER_ROSTER_H
#define LN_SERVER_ROSTER_H

#include "base/arena.h"
#include "shm/demand.h"
#include "shm/members.h"
#include "shm/region.h"
#include "upstream/concurrency.h"
#include "upstream/seen.h"

enum { LN_ROSTER_URL = 1024 };

struct ln_roster {
    const struct ln_shm *shm;
    const struct ln_demand *demand; /* of the generation in use */
    ln_msec now;
    struct ln_arena *texts;  /* where URLs that are made are kept; NULL: they are good until
                                the next instance */
    unsigned at;             /* private from here on */
    struct ln_slice service; /* the last one, and how it is */
    bool panic;
    struct ln_members members; /* of the present name; head NULL: there is none */
    unsigned spot;
    struct ln_slice base;
    char text[LN_ROSTER_URL];
};

struct ln_roster_row {
    struct ln_slice service, url;
    bool panic;      /* the service's checks are not heeded */
    bool discovered; /* it has come of a name, of which there may be more than one */
    struct ln_instance_record *record;
    struct ln_seen seen;
};

/* The next instance; those of one service stand together. False: there is none. */
bool ln_roster_next(struct ln_roster *r, struct ln_roster_row *row);

/* The next service after *at, which begins with 0, and its name. NULL: there is none. */
struct ln_cursor_record *ln_roster_next_service(const struct ln_shm *shm,
                                                const struct ln_demand *demand, unsigned *at,
                                                struct ln_slice *name);

/* The next service after *at that has a limit of requests at once, its name, and how it stands.
 * False: there is none. */
bool ln_roster_next_load(const struct ln_shm *shm, const struct ln_demand *demand, unsigned *at,
                         struct ln_slice *name, struct ln_concurrency_seen *seen);

#endif
