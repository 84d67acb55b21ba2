/* SPDX-License-Identifier: Apache-2.0
 * logging.h - the log settings of a generation, on their way to every process.
 */
#ifndef LN_SERVER_LOGGING_H
#define LN_SERVER_LOGGING_H

#include "base/slice.h"
#include "base/text.h"
#include "conf/conf.h"

/* Level, format and file as a text for ln_logging_apply(). */
void ln_logging_describe(const struct ln_gateway_conf *conf, struct ln_text *out);

/* From now on this process logs so. A file that cannot be opened is a line in the old log, which
 * stays. */
void ln_logging_apply(struct ln_slice settings);

#endif
