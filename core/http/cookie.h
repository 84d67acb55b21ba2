/* SPDX-License-Identifier: Apache-2.0
 * cookie.h - walking the pairs of Cookie fields (RFC 6265 section 5.4). Pure; slices point into the
 * value.
 */
#ifndef LN_HTTP_COOKIE_H
#define LN_HTTP_COOKIE_H

#include "http/field.h"

/* Cuts the next "name=value" off the front of *rest; false when none is left. Pieces without "=" or
 * without a name are skipped, and double quotes around a value are part of it, as browsers hold it.
 */
bool ln_cookie_next(struct ln_slice *rest, struct ln_slice *name, struct ln_slice *value);

/* The first cookie of that name (case matters) in any Cookie field. */
bool ln_cookie_get(const struct ln_fields *f, struct ln_slice name, struct ln_slice *value);

#endif
