/* SPDX-License-Identifier: Apache-2.0
 * keyslot.h - to which of the 16384 slots of a Redis Cluster a command belongs. Pure.
 *
 * A key's slot is the CRC16 (XMODEM) of its hash tag: what stands between the first { and the next
 * }, unless that is empty; else of all of it (Redis Cluster Specification, "Hash tags").
 */
#ifndef LN_REDIS_KEYSLOT_H
#define LN_REDIS_KEYSLOT_H

#include "base/slice.h"

enum { LN_REDIS_SLOTS = 16384, LN_REDIS_NO_SLOT = -1 };

unsigned ln_keyslot_of(struct ln_slice key);

/* The slot of a command as the client writes it, "*<n>\r\n$<size>\r\n<word>\r\n..."; *name is its
 * first word, and *rest goes behind it. NO_SLOT: it has no key. */
int ln_keyslot_read(struct ln_slice *rest, struct ln_slice *name);

#endif
