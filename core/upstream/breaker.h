/* SPDX-License-Identifier: Apache-2.0
 * breaker.h - leave an instance alone whose answers are bad, and let it prove itself before it is
 * trusted again.
 *
 *     failureRatio of at least minRequests in the window, or minRequests (3 at least) in a row
 *   CLOSED ------------------------------------------------------> OPEN, nobody is let in
 *     ^                                                              |  ^
 *     | all probes succeeded                            openFor over |  | one failed:
 *     |                                                              v  | openFor x 2
 *     +--------------------------------------------------------- HALF OPEN: `probes` requests
 *
 * All workers share one record. State, epoch, probes and times are one word, changed by
 * compare-and-swap, so exactly `probes` requests are let in however many workers there are, and
 * whoever moves the word tells the log. An admission is a ticket with the epoch: the report of a
 * request that began before the last change is ignored.
 *
 * A probe is a lease. Where one never reports (its worker was killed, its client left), a new half
 * open begins when the lease of the last one is over: with a new epoch and all of its probes.
 *
 * An instance that trips again before it was closed for as long as it had been open stays open
 * twice as long, up to maxOpenFor.
 *
 * Pure: a shared record and `now` in, an answer out. Zeroed memory is a closed breaker.
 */
#ifndef LN_UPSTREAM_BREAKER_H
#define LN_UPSTREAM_BREAKER_H

#include <stdbool.h>

#include "base/clock.h"
#include "conf/conf_service.h"
#include "shm/record.h"

enum ln_breaker_state {
    LN_BREAKER_CLOSED,
    LN_BREAKER_OPEN,
    LN_BREAKER_HALF_OPEN,
    LN_BREAKER_STATES
};

extern const char *const ln_breaker_states[LN_BREAKER_STATES];

/* The leave to send one request; zeroed: there is none, and nothing to report. */
struct ln_ticket {
    uint32_t epoch;
    bool valid, probe;
};

enum ln_breaker_news {
    LN_BREAKER_NO_NEWS,
    LN_BREAKER_OPENED,       /* closed -> open */
    LN_BREAKER_REOPENED,     /* half-open -> open */
    LN_BREAKER_PROBES,       /* open -> half-open */
    LN_BREAKER_PROBES_AGAIN, /* half-open anew: the last probes have not reported */
    LN_BREAKER_RECOVERED,    /* half-open -> closed */
};

/* Would it let a request in? Takes nothing. */
bool ln_breaker_can(const struct ln_breaker_record *r, const struct ln_breaker_conf *conf,
                    ln_msec now);

/* May this request go? *ticket is for the report. News of probes are told to one caller. */
bool ln_breaker_admit(struct ln_breaker_record *r, const struct ln_breaker_conf *conf, ln_msec now,
                      struct ln_ticket *ticket, enum ln_breaker_news *news);

/* How it went. With OPENED, *failed of the last *total requests failed. */
enum ln_breaker_news ln_breaker_report(struct ln_breaker_record *r,
                                       const struct ln_breaker_conf *conf, struct ln_ticket ticket,
                                       bool ok, ln_msec now, unsigned *total, unsigned *failed);

/* The request was never sent: if it was a probe, another may go instead. */
void ln_breaker_return(struct ln_breaker_record *r, struct ln_ticket ticket);

/* Somebody knows that what was wrong is over: if it is open, its probes may begin now. */
void ln_breaker_hasten(struct ln_breaker_record *r, ln_msec now);

enum ln_breaker_state ln_breaker_state(const struct ln_breaker_record *r);

/* How long it is left alone at the n-th trip in a row, from 1. */
ln_msec ln_breaker_open_for(const struct ln_breaker_conf *conf, unsigned trips);

#endif
