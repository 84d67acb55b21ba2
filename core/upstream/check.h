/* SPDX-License-Identifier: Apache-2.0
 * check.h - what the gateway's own checks say about an instance, and when the next one is due.
 *
 * An instance is up until `fall` checks in a row have failed, and down until `rise` in a row have
 * succeeded. One result to the contrary begins the count anew. State and count are one word, moved
 * by compare-and-swap: if two workers check for a moment, each result still counts once, and a
 * change is told to one of them.
 *
 * Pure: a shared record and `now` in, an answer out. Zeroed memory is an instance that is up and
 * was never checked.
 */
#ifndef LN_UPSTREAM_CHECK_H
#define LN_UPSTREAM_CHECK_H

#include <stdbool.h>

#include "base/clock.h"
#include "conf/conf_service.h"
#include "shm/record.h"

enum ln_check_news { LN_CHECK_NO_NEWS, LN_CHECK_FELL, LN_CHECK_ROSE };

enum {
    LN_CHECK_SPREAD_MS = 1000, /* first checks of all come within that */
    LN_CHECK_STALE_MS = 60000, /* what was found is forgotten when checks stopped for so long */
};

static inline bool ln_check_is_down(const struct ln_check_record *r)
{
    return (atomic_load_explicit(&r->word, memory_order_relaxed) & 1) != 0;
}

/* One more result. */
enum ln_check_news ln_check_note(struct ln_check_record *r, const struct ln_health_conf *conf,
                                 bool ok);

/* How long until the next check, for somebody who begins to check: where others have left off, at
 * the latest within one interval. What was found long ago is forgotten. `chance`: any number. */
ln_msec ln_check_resume(struct ln_check_record *r, const struct ln_health_conf *conf, ln_msec now,
                        uint32_t chance);

/* A check begins now: sets when the next one is due. */
void ln_check_begin(struct ln_check_record *r, const struct ln_health_conf *conf, ln_msec now,
                    uint32_t chance);

/* How long until then. */
ln_msec ln_check_wait(const struct ln_check_record *r, ln_msec now);

#endif
