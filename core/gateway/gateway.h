/* SPDX-License-Identifier: Apache-2.0
 * gateway.h - the serving half of one worker: listeners, exchanges, pools, generations.
 */
#ifndef LN_GATEWAY_GATEWAY_H
#define LN_GATEWAY_GATEWAY_H

#include "gateway/generation.h"

struct ln_gateway;
struct ln_loop;
struct ln_shm;

/* `slot`: this worker's number in the shared region. Borrows loop and shm. */
struct ln_gateway *ln_gateway_new(struct ln_loop *loop, struct ln_shm *shm, unsigned slot);
void ln_gateway_free(struct ln_gateway *gw);

/* Builds a generation beside the current one. 0: it waits for the commit word of the region to
 * become `number`; -1: diag. */
int ln_gateway_prepare(struct ln_gateway *gw, const char *conf_path, struct ln_bundle *bundle,
                       uint64_t number, struct ln_diag *diag);
/* Takes over what the commit word says, now (otherwise the next exchange would). */
void ln_gateway_commit(struct ln_gateway *gw);
/* Throws a prepared generation away that was not committed. */
void ln_gateway_discard(struct ln_gateway *gw, uint64_t number);

/* Accepts on a listening socket (non-blocking; stays the caller's). `listener` indexes
 * conf->gateway.listeners. */
void ln_gateway_listen(struct ln_gateway *gw, int fd, unsigned listener);
void ln_gateway_unlisten(struct ln_gateway *gw, int fd);

/* Stops accepting, closes idle connections, answers running exchanges with Connection: close, then
 * calls done (at once when nothing runs, but never from inside this call). */
void ln_gateway_drain(struct ln_gateway *gw, void (*done)(void *arg), void *arg);

struct ln_gateway_numbers {
    uint64_t connections, exchanges; /* open now */
    uint64_t served;                 /* exchanges ended since the start */
    uint64_t generation;             /* current */
    unsigned generations;            /* alive, the current one included */
};
void ln_gateway_numbers(const struct ln_gateway *gw, struct ln_gateway_numbers *out);

#endif
