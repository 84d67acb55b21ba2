/* SPDX-License-Identifier: Apache-2.0
 * service.h - the services of one generation in one worker: instances, their shared records, and
 * who is next.
 *
 * Owner: the generation. Whoever picks an instance gives it back: ln_service_release(), once.
 */
#ifndef LN_UPSTREAM_SERVICE_H
#define LN_UPSTREAM_SERVICE_H

#include "base/assert.h"
#include "base/rand.h"
#include "conf/conf.h"
#include "shm/demand.h"
#include "shm/record.h"
#include "shm/region.h"
#include "upstream/breaker.h"
#include "upstream/budget.h"
#include "upstream/concurrency.h"
#include "upstream/outcome.h"
#include "upstream/pool.h"
#include "upstream/queue.h"
#include "upstream/rendezvous.h"
#include "upstream/ring.h"
#include "upstream/seat.h"
#include "upstream/sticky.h"

struct ln_balancer;      /* balance.h */
struct ln_news_listener; /* news.h */

struct ln_instance {
    const struct ln_instance_conf *conf; /* borrowed from the generation, or its own: seat.h */
    struct ln_service *service;
    struct ln_instance_record *record; /* in the shared region */
    struct ln_instance_counts *counts; /* this worker's, there */
    struct ln_pool *pool;              /* counted; NULL: nobody has sat here yet */
    unsigned weight;                   /* in the strategy's eyes, or what the operator has said */
    bool out;                          /* gets no requests: nobody sits here (seat.h) */
    uint32_t turn;                     /* of who sits here, in ... */
    const struct ln_spot_record *spot; /* ... the shared region; NULL: no seat */
    struct ln_own *own;                /* private to seat.c */
};

/* Those that are chosen among: the instances, or, when none of them is up, the backups. */
struct ln_tier {
    uint16_t *members; /* owned: indexes of instances */
    unsigned count;
    struct ln_ring ring;       /* of positions in members */
    struct ln_rendezvous keys; /* likewise */
    struct ln_sticky names;    /* of instances, in cookies */
    uint64_t up_weight;        /* of those that are up, as counted at ... */
    ln_msec counted_at;
};

enum { LN_TIERS = 2 };

struct ln_service {
    const struct ln_service_conf *conf; /* borrowed */
    struct ln_services *all;
    const struct ln_balancer *balancer;
    struct ln_instance *instances;
    unsigned count;
    struct ln_tier tiers[LN_TIERS];
    struct ln_budget budget;          /* of repeats */
    struct ln_queue queue;            /* of those that found every instance full */
    struct ln_concurrency load;       /* what it is given at once */
    struct ln_cursor_record *record;  /* in the shared region */
    struct ln_service_counts *counts; /* this worker's, there */
    uint32_t steered;                 /* record->steered when weights were last looked at */
    uint16_t *present;                /* owned: indexes of those instances that are not out */
    unsigned present_count;
    struct ln_followed *followed; /* owned: names of instances */
    unsigned followed_count;
    bool asks; /* for a name that nobody has been asked for yet */
};

struct ln_services {
    struct ln_service *v;
    unsigned count;
    unsigned worker, workers; /* our cell in records, and how many there are */
    struct ln_pools *pools;   /* borrowed */
    struct ln_rand rand;
    const struct ln_news_listener *listener; /* borrowed; NULL: nobody listens */
};

/* What the services of a configuration need of the shared region. */
void ln_services_demand(const struct ln_conf *conf, struct ln_demand *demand);

/* NULL with `err` when the region lacks a record that was demanded. */
struct ln_services *ln_services_new(const struct ln_conf *conf, struct ln_shm *shm,
                                    struct ln_pools *pools, struct ln_err *err);
void ln_services_free(struct ln_services *s);

enum { LN_TRIED_MAX = 16 };

/* Instances that this exchange has been to already. */
struct ln_tried {
    uint16_t at[LN_TRIED_MAX];
    unsigned count;
};

/* What a request wants of the choice. */
struct ln_wish {
    const struct ln_tried *tried; /* never NULL */
    bool has_key;                 /* the request belongs where its key belongs */
    uint64_t key;                 /* ln_rendezvous_key() */
    unsigned named; /* an instance by its number, from 1, as long as it was not tried, is up and has
                       room; 0 = none */
    unsigned
        sticky; /* likewise, after `named`: its client's home, which may be draining; 0 = none */
};

/* What is lent with an instance, and goes back with it. */
struct ln_loan {
    struct ln_ticket ticket; /* of the breaker */
    uint64_t door;           /* of health */
};

/* The next instance, as the service's strategy says, lent until ln_service_release(). First those
 * that were not tried, then, for repeats, backups; if all that are up were tried, one of those.
 * NULL: none is up, or, with *full, those that are have no connection to spare. */
struct ln_instance *ln_service_pick(struct ln_service *s, const struct ln_wish *wish, ln_msec now,
                                    struct ln_loan *loan, bool *full);

/* Takes instances and weights anew: the operator has changed one, or a name stands for others.
 * Every worker does so at its next pick, and all come to the same ring. */
void ln_service_weigh(struct ln_service *s);

/* Does so if there is something new. */
static inline bool ln_service_notice(struct ln_service *s)
{
    if (LN_LIKELY(atomic_load_explicit(&s->record->steered, memory_order_relaxed) == s->steered))
        return false;
    ln_service_weigh(s);
    return true;
}

/* How an attempt ended: it is no longer in flight, and breaker and health hear of it. */
void ln_service_release(struct ln_instance *i, struct ln_loan *loan, enum ln_outcome outcome,
                        ln_msec now);

/* The head of a response is here. A status that counts as a failure is told to the breaker at once:
 * whoever comes after its client finds the breaker informed. That spends the ticket, so whatever
 * becomes of the content is no second failure. Anything else is told later, for the content may
 * still break off. Logs changes. `now` in milliseconds. */
void ln_instance_answered(struct ln_instance *i, struct ln_loan *loan, int status, ln_msec now);

/* Only the news, which is told once: the ticket is spent. Logs changes. `now` in milliseconds. */
void ln_instance_report(struct ln_instance *i, struct ln_loan *loan, enum ln_outcome outcome,
                        ln_msec now);

/* How a check of it has ended; `why` it failed. Logs changes. `now` in milliseconds. For the holder
 * of the lease (upstream/checks.h). */
void ln_instance_checked(struct ln_instance *i, bool ok, const char *why, ln_msec now);

/* Says in shared memory what the configuration says: for when it is in use. */
void ln_services_publish(const struct ln_services *all);

/* Settles whether the service's checks are heeded (services[].panicThreshold), and logs a change.
 * For the holder of the lease. */
void ln_service_weigh_checks(struct ln_service *s);

/* Requests in flight, over all workers. */
static inline uint32_t ln_instance_active(const struct ln_instance *i)
{
    return ln_record_sum(i->record->active, i->service->all->workers);
}

#endif
