/* SPDX-License-Identifier: Apache-2.0
 * retry.h - what proxied requests and our own have in common when they are repeated
 * (services[].retries): whether there is a reason, whether it is safe, who pays, how long to wait.
 *
 * All but ln_retry_afford() is pure.
 */
#ifndef LN_UPSTREAM_RETRY_H
#define LN_UPSTREAM_RETRY_H

#include "http/field.h"
#include "shm/slot.h"
#include "upstream/service.h"

/* Do the settings name it? */
bool ln_retry_is_reason(const struct ln_retry_conf *conf, enum ln_repeat repeat);

/* Does it say of a request with these fields (NULL = none) that a second time does what the first
 * has done, although the method does not? */
bool ln_retry_is_allowed(const struct ln_idempotent *idempotent, const struct ln_fields *fields);

/* How long to wait before the next attempt; `tries` were made. */
ln_msec ln_retry_wait(const struct ln_retry_conf *conf, unsigned tries, struct ln_rand *rand);

/* Takes one repeat out of the service's budget, or counts that it could not. `slot` NULL: the
 * worker has none. */
bool ln_retry_afford(struct ln_service *s, struct ln_shm_slot *slot, ln_msec now);

/* Another attempt begins. */
void ln_retry_count(struct ln_service *s, struct ln_shm_slot *slot);

#endif
