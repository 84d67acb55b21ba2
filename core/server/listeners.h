/* SPDX-License-Identifier: Apache-2.0
 * listeners.h - the listening sockets, opened by the supervisor and inherited by every worker.
 *
 * A TCP listener has one socket per worker slot in one SO_REUSEPORT group: the kernel spreads
 * connections over them, and a socket outlives its worker with its queue. A unix listener has one
 * socket that all share.
 */
#ifndef LN_SERVER_LISTENERS_H
#define LN_SERVER_LISTENERS_H

#include "base/err.h"
#include "conf/conf.h"

struct ln_listening {
    char *name;            /* owned */
    struct ln_addr wanted; /* as configured */
    struct ln_addr bound;  /* with the port that the kernel chose, if it did */
    bool shared;           /* one socket for all slots */
    int backlog;
    int *fds; /* owned: one per slot, or one */
};

struct ln_listeners {
    struct ln_listening *items;
    unsigned count, slots;
};

/* All or nothing; the sentence names file, line and address. An address that another program
 * listens on is refused even if that program would share it. */
int ln_listeners_open(struct ln_listeners *l, const struct ln_gateway_conf *conf, unsigned slots,
                      struct ln_err *err);

/* Closes this process' descriptors. */
void ln_listeners_close(struct ln_listeners *l);

/* The paths of unix listeners; only for the supervisor at its end. */
void ln_listeners_unlink(const struct ln_listeners *l);

/* Frees what ln_listeners_close() left. */
void ln_listeners_fini(struct ln_listeners *l);

/* Are these the names and addresses of the configuration, in its order? */
bool ln_listeners_match(const struct ln_listeners *l, const struct ln_gateway_conf *conf);

/* Columns that the longest name takes, for tables; at least 8. */
int ln_listeners_width(const struct ln_listeners *l);

int ln_listeners_fd(const struct ln_listeners *l, unsigned listener, unsigned slot);

#endif
