/* SPDX-License-Identifier: Apache-2.0
 * value.h - the small languages inside scalars: durations, sizes, shares, names. Pure: text in,
 * value out.
 *
 * false: the text is no such value, and the output is untouched.
 */
#ifndef LN_CONF_VALUE_H
#define LN_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/slice.h"
#include "base/text.h"

/* "30" and "1.5" are seconds; units ms s m h d. Parts of a millisecond are rounded up, so that only
 * 0 is 0. */
bool ln_value_duration(struct ln_slice text, ln_msec *value);

/* "65536", "64k", "1m", "2g": powers of 1024. */
bool ln_value_size(struct ln_slice text, uint64_t *value);

/* "20%" and "0.2" are 0.2; from 0 to 1. */
bool ln_value_share(struct ln_slice text, double *value);

/* "100/s", "5000/h", "10/30s": so many, 1 to 10^9, in this time, at most a year. */
bool ln_value_rate(struct ln_slice text, uint64_t *count, ln_msec *per);

/* on, off, true, false */
bool ln_value_switch(struct ln_slice text, bool *value);

/* 1 to 64 letters, digits, "-", "_" and ".", beginning with a letter or digit: a service, listener
 * or plugin. */
bool ln_value_is_name(struct ln_slice text);

/* A header's name: a token of RFC 9110 section 5.6.2, at most 128 bytes. */
bool ln_value_is_token(struct ln_slice text);

/* A path that stands for itself: begins with "/", segments of RFC 3986 section 3.3 without "%",
 * none empty, "." or "..", none that begins with ":" (a parameter in routes) and no "*". A slash at
 * the end is allowed. */
bool ln_value_is_path(struct ln_slice text);

/* Print so that the parsers above read the same value, as short as possible. */
void ln_value_print_duration(ln_msec value, struct ln_text *out);
void ln_value_print_size(uint64_t value, struct ln_text *out);

#endif
