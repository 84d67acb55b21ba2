/* SPDX-License-Identifier: Apache-2.0
 * method.h - request methods (RFC 9110 section 9): which there are, and what we must know of them.
 * Rows: http/method.def
 */
#ifndef LN_HTTP_METHOD_H
#define LN_HTTP_METHOD_H

#include <stdbool.h>

#include "base/slice.h"

enum ln_method { /* OTHER: known and passed on, or not known */
                 LN_METHOD_OTHER,
                 LN_METHOD_GET,
                 LN_METHOD_HEAD,
                 LN_METHOD_POST,
                 LN_METHOD_PUT,
                 LN_METHOD_PATCH,
                 LN_METHOD_DELETE,
                 LN_METHOD_OPTIONS,
                 LN_METHOD_CONNECT,
                 LN_METHOD_TRACE,
};

enum ln_method ln_method_identify(struct ln_slice method);

/* Unknown ones are refused with 501 (RFC 9110 section 9.1). Case matters. */
bool ln_method_is_known(struct ln_slice method);

/* RFC 9110 section 9.2.2 */
bool ln_method_is_idempotent(struct ln_slice method);

#endif
