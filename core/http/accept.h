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

/* Would the client rather have the content in this coding than as it is (section 12.5.3)? `list` is
 * Accept-Encoding, all its fields joined. "*" stands for codings that are not named; weight 0
 * refuses; without a word about it the content as it is has the lowest weight that is not 0. False
 * when it is absent or malformed. */
bool ln_accept_takes_coding(struct ln_slice list, struct ln_slice coding);

#endif
