/* SPDX-License-Identifier: Apache-2.0
 * accept.h - what a client would rather have: JSON or text (RFC 9110 section 12.5.1). Pure.
 */
#ifndef LN_HTTP_ACCEPT_H
#define LN_HTTP_ACCEPT_H

#include "base/slice.h"

/* Is application/json preferred to text/plain? The most specific range that matches decides the
 * weight of each; text when they are equal, when Accept is absent (p == NULL), and when it is
 * malformed. */
bool ln_accept_prefers_json(struct ln_slice accept);

#endif
