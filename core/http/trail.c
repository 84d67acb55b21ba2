/* SPDX-License-Identifier: Apache-2.0
 * trail.c - fields that a trailer section may not bring in late (RFC 9110 section 6.5.1).
 */
#include "base/assert.h"
#include "http/judge.h"

/* Framing, routing, request modifiers, authentication, response control, and how content is to be
 * processed: all of it was judged when the head came, and whoever merges trailers into the head
 * would undo that. */
static const char *const forbidden[] = {
    "age",
    "content-encoding",
    "content-range",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "location",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "range",
    "retry-after",
    "set-cookie",
    "vary",
    "www-authenticate",
    "authentication-info",
    "proxy-authentication-info",
};

bool ln_judge_may_trail(const char *name, size_t n)
{
    /* All that the gateway itself looks at is of that kind. */
    if (n == 0 || ln_field_identify(name, n) != LN_FIELD_OTHER || ln_judge_is_lookalike(name, n))
        return false;
    for (size_t i = 0; i < LN_ARRAY_LEN(forbidden); i++)
        if (ln_slice_caseeq(ln_slice(name, n), ln_slice_of(forbidden[i])))
            return false;
    return true;
}
