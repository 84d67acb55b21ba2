/* SPDX-License-Identifier: Apache-2.0
 * banner.h - what `lunette run` says on standard output when it serves.
 */
#ifndef LN_SERVER_BANNER_H
#define LN_SERVER_BANNER_H

#include "base/text.h"
#include "conf/conf.h"
#include "server/listeners.h"

/* What it listens on, the control socket, and a few requests to try. */
void ln_banner_print(const struct ln_conf *conf, const struct ln_listeners *l, unsigned workers,
                     const char *control, struct ln_text *out);

#endif
