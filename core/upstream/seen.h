/* SPDX-License-Identifier: Apache-2.0
 * seen.h - how an instance is, read from its shared record alone: for reports of a process that
 * has no services.
 *
 * Pure: records and `now` in, an answer out. What it needs of the configuration is published in the
 * record when a generation is taken into use.
 */
#ifndef LN_UPSTREAM_SEEN_H
#define LN_UPSTREAM_SEEN_H

#include "conf/conf_service.h"
#include "shm/record.h"
#include "upstream/breaker.h"
#include "upstream/outcome.h"

enum ln_seen_state {
    LN_SEEN_UP,
    LN_SEEN_DOWN,      /* cannot be reached */
    LN_SEEN_UNHEALTHY, /* its checks fail and are heeded */
    LN_SEEN_OPEN,
    LN_SEEN_HALF_OPEN,
    LN_SEEN_DRAINING, /* the operator has said so: shm/steer.h */
    LN_SEEN_DISABLED,
    LN_SEEN_LEAVING, /* its name stands for others now: told by whoever reads where it sits */
    LN_SEEN_STATES
};

extern const char *const ln_seen_states[LN_SEEN_STATES];

struct ln_seen {
    enum ln_seen_state state;
    unsigned weight; /* as the operator has said, else as configured */
    bool backup;
    bool checked, checks_up; /* it has checks; what they say, heeded or not */
    bool has_breaker;
    enum ln_breaker_state breaker;
    uint32_t active;           /* requests in flight, over all workers */
    double latency;            /* seconds; 0 = not known */
    char error[LN_CHECK_TEXT]; /* "" = none is known */
    ln_msec error_age;         /* how long ago that was */
};

/* For the workers: what the configuration says; how a request failed (`status` 0: see `outcome`).
 */
void ln_seen_publish(struct ln_instance_record *r, const struct ln_service_conf *s,
                     const struct ln_instance_conf *i);
void ln_seen_fail(struct ln_instance_record *r, enum ln_outcome outcome, int status, ln_msec now);

/* `panic` of the service's record. */
void ln_seen_read(const struct ln_instance_record *r, bool panic, unsigned workers, ln_msec now,
                  struct ln_seen *out);

#endif
