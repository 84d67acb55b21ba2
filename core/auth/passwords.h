/* SPDX-License-Identifier: Apache-2.0
 * passwords.h - judges passwords by hashes that take long on purpose, beside the loop.
 *
 *   ask ── remembered as right ─────────────────────────────► at once
 *    └──── the same is being judged ── waits with it
 *    └──── else a job: queue (bounded) ──► thread: crypt(3) ──► the loop: on_done
 *
 * A right one is remembered under a keyed digest of hash and password, so that a busy client costs
 * one hash in a while; a wrong one is not, and each guess costs one. Two threads at most, of lower
 * priority than the loop and with all signals blocked; none before the first job.
 *
 * Owner: the worker. Everything here is called by the thread of the loop.
 */
#ifndef LN_AUTH_PASSWORDS_H
#define LN_AUTH_PASSWORDS_H

#include "base/list.h"
#include "base/slice.h"
#include "net/loop.h"

struct ln_passwords;

enum ln_password_result { LN_PASSWORD_WRONG, LN_PASSWORD_RIGHT, LN_PASSWORD_BUSY };

enum { LN_PASSWORDS_QUEUE = 64, LN_PASSWORD_MAX = 511 /* bytes; crypt(3) takes no more */ };

/* Embed it; not to be moved while it waits. */
struct ln_password_ask {
    struct ln_list node; /* private */
    void *job;           /* private; NULL = does not wait */
    enum ln_password_result result;
    void (*on_done)(struct ln_password_ask *a); /* may ask again, and may free it */
};

struct ln_passwords *ln_passwords_new(struct ln_loop *loop);
/* Nobody waits any more. A hash that is being made is not waited for: its thread ends with it, or
 * with the process. */
void ln_passwords_free(struct ln_passwords *p);

/* True: `result` is there. False: on_done will be called. `remember`: how old a right answer may be
 * that is used again. */
bool ln_passwords_ask(struct ln_passwords *p, struct ln_password_ask *a, struct ln_slice password,
                      struct ln_slice hash, ln_msec remember);
/* on_done will not be called. Nothing when it does not wait. */
void ln_passwords_cancel(struct ln_password_ask *a);

/* Here and now; for those who have no loop. */
bool ln_password_is_right(struct ln_slice password, struct ln_slice hash);
/* Is it a hash that this system's crypt(3) can make? */
bool ln_password_can_judge(const char *hash);

/* How many hashes were made. */
uint64_t ln_passwords_count(const struct ln_passwords *p);

#endif
