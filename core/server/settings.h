/* SPDX-License-Identifier: Apache-2.0
 * settings.h - what the supervisor itself needs to know of a checked configuration.
 *
 * Read from the bundle that the checker made, so from the very bytes that were checked; only the
 * YAML, which is pure C.
 */
#ifndef LN_SERVER_SETTINGS_H
#define LN_SERVER_SETTINGS_H

#include "base/err.h"
#include "conf/bundle.h"
#include "conf/conf.h"

struct ln_settings {
    struct ln_bundle *bundle; /* owned; NULL = none */
    struct ln_conf *conf;     /* owned; points into the bundle */
};

/* `bundle` stays the caller's. */
int ln_settings_load(struct ln_settings *s, int bundle, const char *conf_path, struct ln_err *err);
void ln_settings_fini(struct ln_settings *s);

/* Workers that the configuration asks for: "auto" is one per processor that we may use. */
unsigned ln_settings_workers(const struct ln_conf *conf);

#endif
