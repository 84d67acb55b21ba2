/* SPDX-License-Identifier: Apache-2.0
 * attempt.h - one try of an exchange at one instance: a connection, lent until it is released with
 * an outcome.
 *
 * Owner: the exchange embeds it. Released exactly once per start; health, pool and counts hang on
 * that call.
 */
#ifndef LN_UPSTREAM_ATTEMPT_H
#define LN_UPSTREAM_ATTEMPT_H

#include "net/connect.h"
#include "upstream/service.h"

struct ln_attempt {
    struct ln_instance *instance; /* NULL = no attempt is running */
    struct ln_upconn *conn;       /* NULL until connected */
    bool pooled;                  /* the connection was idle: it may have been closed meanwhile */
    bool opening;                 /* private: counted in the pool as such */
    struct ln_connect connect;    /* private */
    int error;                    /* errno of a failed connect */
    struct ln_loan loan;          /* with the instance: ln_service_pick() fills it */
    struct ln_timer settled;      /* private: runs while content comes of an instance on trial */
    ln_nsec started, asked;       /* when it began, and when all of the request was sent; 0 = not */
    ln_nsec queued;               /* how long its request has waited for room before; 0 = not */
    /* The connection is there (a->conn), or it is not (NULL). May be called from inside
     * ln_attempt_start(). */
    void (*on_connected)(struct ln_attempt *a);
};

enum ln_attempt_want {
    LN_ATTEMPT_ANY,    /* an idle connection will do */
    LN_ATTEMPT_PROVEN, /* an idle one only if it is still open now: the request must not be repeated
                        */
    LN_ATTEMPT_FRESH,  /* a new connection */
};

void ln_attempt_start(struct ln_attempt *a, struct ln_instance *i, enum ln_attempt_want want);

/* All of the request has been sent, now. */
void ln_attempt_asked(struct ln_attempt *a);

/* The head of the response is here: the instance's latency is known, and ln_instance_answered(). If
 * it is on trial and its content has not broken off for a moment, it is told as good then, for
 * there are responses that last for hours. */
void ln_attempt_answered(struct ln_attempt *a, int status);

/* `reusable`: the connection stands cleanly between two messages. */
void ln_attempt_release(struct ln_attempt *a, enum ln_outcome outcome, bool reusable);

#endif
