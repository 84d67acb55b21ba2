/* SPDX-License-Identifier: Apache-2.0
 * status.h - how the gateway is, as JSON: for `lunette status` and the report of a start.
 */
#ifndef LN_SERVER_STATUS_H
#define LN_SERVER_STATUS_H

#include "base/clock.h"
#include "base/text.h"
#include "server/crew.h"

struct ln_status {
    const struct ln_crew *crew;
    const char *conf_path, *control;
    const char *state; /* starting, serving, draining */
    ln_nsec started;   /* monotonic */
    uint64_t reloads, failed_reloads;
};

/* {"ok":true,...}, without a newline. */
void ln_status_print(const struct ln_status *s, struct ln_text *out);

/* The same for people, some lines. */
void ln_status_describe(const struct ln_status *s, struct ln_text *out);

/* [{"name":"main","address":"127.0.0.1:8080"},...] */
void ln_status_listeners(const struct ln_listeners *l, struct ln_text *out);

/* {"ready":true,"pid":N,"listeners":[...],"workers":[pid,...]} and a newline. */
void ln_status_report(const struct ln_crew *crew, struct ln_text *out);

#endif
