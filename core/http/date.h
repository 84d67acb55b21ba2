/* SPDX-License-Identifier: Apache-2.0
 * date.h - the Date field: IMF-fixdate (RFC 9110 section 5.6.7), formatted once a second at most.
 */
#ifndef LN_HTTP_DATE_H
#define LN_HTTP_DATE_H

#include "base/clock.h"
#include "base/slice.h"

enum { LN_DATE_LEN = 29 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* `seconds` since 1970 (UTC), years 1970 to 9999. No NUL is written. */
void ln_date_format(char out[LN_DATE_LEN], uint64_t seconds);

/* Remembers the text of the present second; one per worker. Zero it before use. */
struct ln_date {
    uint64_t second; /* private */
    char text[LN_DATE_LEN];
};

/* The text for that time on the wall clock; valid until the next call. */
struct ln_slice ln_date_at(struct ln_date *d, ln_nsec wall);

#endif
