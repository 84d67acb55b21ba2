/* SPDX-License-Identifier: Apache-2.0
 * name.h - what can be the name of a host, in lower case. Values, no ownership.
 */
#ifndef LN_NET_NAME_H
#define LN_NET_NAME_H

#include <stdbool.h>

#include "base/slice.h"

enum { LN_NAME_MAX = 253 }; /* RFC 1035 section 2.3.4, in text and without the last dot */

/* Labels of letters, digits, hyphens and underscores; the last one not a number, for that is an
 * address somebody has mistyped. One dot at the end is allowed. */
bool ln_name_is_host(struct ln_slice name);

/* localhost and below: never asked for (RFC 6761 section 6.3). */
bool ln_name_is_local(struct ln_slice name);

#endif
