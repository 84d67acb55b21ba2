/* SPDX-License-Identifier: Apache-2.0
 * concurrency.h - how many requests a service is given at once (services[].concurrency), and who is
 * refused when there are more.
 *
 * A request takes a place before an instance is chosen for it, and keeps it over waiting, repeats
 * and the pauses between them; so whoever is refused has waited nowhere, and nothing is in a queue
 * that was not let in. A fixed limit counts a request until its response has been read, streams and
 * tunnels too: until then the service is at work on it. A learned limit (gradient.h) counts until
 * the head of the response, which is the time that is measured; what comes after it says nothing
 * about the service and may last for hours.
 *
 * Places are exact over all workers: each counts in a cell of its own, and the supervisor settles
 * that of a dead one. Nobody is refused who comes while there is room, but two that come for the
 * last place at the same moment may look again.
 *
 * Shares: requests of low priority take at most half of the places; normal ones leave a tenth to
 * high ones if any have come in the last five minutes.
 */
#ifndef LN_UPSTREAM_CONCURRENCY_H
#define LN_UPSTREAM_CONCURRENCY_H

#include <stdbool.h>

#include "base/clock.h"
#include "conf/conf_service.h"
#include "shm/record.h"

enum {
    LN_CONCURRENCY_KEPT_MS = 300000, /* how long a tenth is kept for those of high priority */
    LN_CONCURRENCY_CALM_MS = 10000,  /* without a refusal, and it is told that there are none */
    LN_CONCURRENCY_AFTER_MAX = 30,   /* seconds of Retry-After */
};

/* Of a worker: places given back and requests refused in this second and the one before. */
struct ln_concurrency_flow {
    uint64_t second;
    uint32_t left[2], refused[2];
};

/* Embedded in the service. */
struct ln_concurrency {
    const struct ln_concurrency_conf *conf; /* borrowed */
    const char *service;                    /* borrowed: for the log */
    struct ln_load_record *record;          /* in the shared region; NULL: there is no limit */
    unsigned worker, workers;
    struct ln_concurrency_flow flow;
};

/* True: the request has a place until ln_concurrency_leave(). Says in the log when refusals begin
 * and end. `now` in milliseconds, here as below. */
bool ln_concurrency_enter(struct ln_concurrency *c, enum ln_priority priority, ln_msec now);
void ln_concurrency_leave(struct ln_concurrency *c, ln_msec now);

/* The head of a response is here: so many microseconds after the request was sent, waiting before
 * that included; 0 = not known. */
void ln_concurrency_answered(struct ln_concurrency *c, uint64_t micros, int status, ln_msec now);

/* An attempt failed, and its instance is to blame. */
void ln_concurrency_failed(struct ln_concurrency *c, ln_msec now);

/* Seconds in which those that were refused lately could have been served. */
unsigned ln_concurrency_retry_after(const struct ln_concurrency *c);

/* How many of `limit` requests may be of that priority or below; `kept`: high ones have come
 * lately.
 */
unsigned ln_concurrency_share(unsigned limit, enum ln_priority priority, bool kept);

/* For whoever has the record alone: what the configuration says is published there. */
void ln_concurrency_publish(const struct ln_concurrency *c);
struct ln_concurrency_seen {
    unsigned limit;
    bool adaptive;
    uint32_t in_flight;
    uint64_t refused[LN_PRIORITIES];
};
void ln_concurrency_see(const struct ln_load_record *r, unsigned workers,
                        struct ln_concurrency_seen *out);

#endif
