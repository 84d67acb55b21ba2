/* SPDX-License-Identifier: Apache-2.0
 * status.h - reason phrases and ready-made status lines. Rows: http/status.def. Constant data.
 */
#ifndef LN_HTTP_STATUS_H
#define LN_HTTP_STATUS_H

#include "base/slice.h"

/* "Not Found", or "" for a code that has no registered phrase. */
const char *ln_status_reason(int status);

/* "HTTP/1.1 404 Not Found\r\n", or {NULL, 0} for a code without a row. */
struct ln_slice ln_status_line(int status);

#endif
