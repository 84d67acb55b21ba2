/* SPDX-License-Identifier: Apache-2.0
 * crew.h - the worker processes: one member per slot, started, watched, replaced.
 *
 *   ABSENT ──fork──> STARTING ──READY──> HELD ──COMMIT──> SERVING
 *      ^                │                  │                 │
 *      └── backoff ─────┴──────────────────┴─────────────────┘   (death; at once when it had
 * served)
 *
 * A member that is ready is let go with the committed generation. While a reload builds another one
 * it is held, so that it never prepares a generation that is no longer the committed one when it
 * begins. The sockets of a slot without a serving member are adopted by a sibling, because the
 * kernel goes on handing connections to them.
 *
 * Lives in the supervisor; one thread. What happens is told through the callbacks.
 */
#ifndef LN_SERVER_CREW_H
#define LN_SERVER_CREW_H

#include "net/loop.h"
#include "server/backoff.h"
#include "server/channel.h"
#include "server/worker.h"

enum ln_member_state { LN_MEMBER_ABSENT, LN_MEMBER_STARTING, LN_MEMBER_HELD, LN_MEMBER_SERVING };

struct ln_crew;

struct ln_member {
    struct ln_crew *crew;
    unsigned slot;
    enum ln_member_state state;
    pid_t pid; /* 0 = no process */
    int fd;    /* our end of the channel */
    ev_io readable;
    struct ln_timer restart;
    struct ln_backoff backoff;
    uint64_t prepared; /* generation that it has ready or uses */
    uint64_t building; /* generation that it was told to build; 0 = none */
    uint64_t served;   /* of its slot when it was started */
    uint64_t beat;     /* last heartbeat seen */
    unsigned missed;   /* our own seconds without a new one */
    int adopter;       /* slot that accepts for this one, -1 = none */
    bool died;
};

struct ln_crew_events {
    void (*on_serving)(void *arg, struct ln_member *m);
    void (*on_built)(void *arg, struct ln_member *m, uint64_t number);
    void (*on_failed)(void *arg, struct ln_member *m, uint64_t number, struct ln_slice text);
    void (*on_lost)(void *arg, struct ln_member *m, uint64_t building);
    void (*on_empty)(void *arg); /* stopping, and the last one is gone */
    void (*in_child)(void *arg); /* closes what a worker must not keep */
};

struct ln_crew {
    struct ln_loop *loop;
    struct ln_worker_env env; /* what members share: bundle and number are the committed ones */
    struct ln_text log_settings;
    struct ln_member *members;
    unsigned size;
    bool holding;  /* a reload is on its way: nobody is let go */
    bool stopping; /* nobody is replaced */
    struct ln_text text;
    const struct ln_crew_events *events;
    void *arg;
};

void ln_crew_init(struct ln_crew *crew, unsigned size, const struct ln_crew_events *events,
                  void *arg);
void ln_crew_fini(struct ln_crew *crew); /* all members are gone */

void ln_crew_start(struct ln_crew *crew);

/* After SIGCHLD. */
void ln_crew_reap(struct ln_crew *crew);

/* Once a second: a member that shows no life for so many of our own seconds is killed; a clock that
 * went on while the machine or all of us were suspended kills nobody. */
enum { LN_CREW_PATIENCE = 10, LN_CREW_BUILD_PATIENCE = 60 };
void ln_crew_beat(struct ln_crew *crew);

/* To every member that has a process. */
void ln_crew_tell(struct ln_crew *crew, enum ln_msg_kind kind);

/* Starts to build; members that serve are asked, others follow when they are let go. How many were
 * asked. */
unsigned ln_crew_build(struct ln_crew *crew, uint64_t number, int bundle);

/* Is anybody still building this one? */
bool ln_crew_is_building(const struct ln_crew *crew, uint64_t number);

/* The commit has been stored: everybody takes over; `bundle` and the log settings now belong to the
 * crew. */
void ln_crew_commit(struct ln_crew *crew, uint64_t number, int bundle,
                    const struct ln_text *log_settings);

void ln_crew_discard(struct ln_crew *crew, uint64_t number);

/* Nobody is replaced any more; `now`: no time to finish. */
void ln_crew_stop(struct ln_crew *crew, bool now);

unsigned ln_crew_alive(const struct ln_crew *crew);
unsigned ln_crew_serving(const struct ln_crew *crew);

#endif
