/* SPDX-License-Identifier: Apache-2.0
 * precedence.h - which of two routes of the same path is asked first.
 *
 * In this order, the first difference decides: an exact host before a wildcard before none; a named
 * listener before any; named methods before any; more conditions before fewer; declared ones before
 * functions; conditions that allow less before those that allow more. Two routes that are still
 * level and could both take one request are a mistake, for then only the order of the file would
 * decide; functions alone nobody can compare, so among them it does.
 */
#ifndef LN_GATEWAY_PRECEDENCE_H
#define LN_GATEWAY_PRECEDENCE_H

#include "script/route.h"

enum ln_precedence {
    LN_PRECEDENCE_FIRST,   /* `a` is asked first */
    LN_PRECEDENCE_SECOND,  /* `b` is */
    LN_PRECEDENCE_EITHER,  /* no request is for both, or the order of reading decides */
    LN_PRECEDENCE_EQUAL,   /* both take the same requests */
    LN_PRECEDENCE_UNCLEAR, /* some requests are for both, and neither says more */
};

enum ln_precedence ln_precedence_of(const struct ln_route *a, const struct ln_route *b);

/* Host, listener and methods as one number: higher is asked first. */
unsigned ln_precedence_rank(const struct ln_route *r);

#endif
