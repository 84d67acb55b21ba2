/* SPDX-License-Identifier: Apache-2.0
 * client.h - who a request is counted as, once plugins may have their say.
 *
 * An identity is a text and the source that gave it. Only the two together are a key: a client that
 * sends somebody's address as its API key is not that somebody.
 */
#ifndef LN_SCRIPT_CLIENT_H
#define LN_SCRIPT_CLIENT_H

#include "script/req.h"

struct ln_vm;

struct ln_group {
    struct ln_group *next;
    struct ln_slice name;
};

/* "source:identity", or an address by itself, which looks like none of these: what counters and
 * zones tell clients apart by. Lives as long as the request. */
struct ln_slice ln_client_key(struct ln_req *r);

/* Both texts must live as long as the request. */
void ln_client_assign(struct ln_req *r, struct ln_slice source, struct ln_slice id);

/* An identity that was proved: it counts unless one from further up in identity.from does. */
void ln_client_claim(struct ln_req *r, int rank, struct ln_slice source, struct ln_slice id);
/* The place of proved consumers in there: where `consumer` stands, else behind the claims of
 * tokens, else before everything. */
int ln_client_rank(const struct ln_vm *vm);

/* From now on no client may send a header field of that name. During a load only. */
void ln_client_reserve(struct ln_vm *vm, const char *name);

#endif
