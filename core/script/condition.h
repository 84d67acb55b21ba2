/* SPDX-License-Identifier: Apache-2.0
 * condition.h - does a request fit what `when` declares? And which of two declarations says more?
 *
 * Pure: values in, values out. Functions of Lua's are not asked here (ln_vm_when() does) but
 * compared like the rest.
 */
#ifndef LN_SCRIPT_CONDITION_H
#define LN_SCRIPT_CONDITION_H

#include "base/text.h"
#include "script/req.h"
#include "script/route.h"

/* Of every kind but FUNCTION. Decodes into r->arena where it must. */
bool ln_condition_holds(const struct ln_condition *c, const struct ln_req *r);

/* Appends what the request has there, for the story of a request: `it is "1"`, `there is none`. */
void ln_condition_seen(const struct ln_condition *c, const struct ln_req *r, struct ln_text *out);

/* From 0 to below 1: where the request falls. The same in every worker, after every restart and on
 * every machine. */
double ln_key_fraction(const struct ln_key *key, const struct ln_req *r);

/* The requests that fulfil one list, seen from those that fulfil the other. */
enum ln_relation {
    LN_RELATION_MIXED, /* they overlap, or nobody can tell */
    LN_RELATION_EQUAL,
    LN_RELATION_NARROWER, /* all of `a` fulfil `b` */
    LN_RELATION_WIDER,
    LN_RELATION_APART, /* none fulfils both */
};

enum ln_relation ln_condition_compare(const struct ln_condition *a, const struct ln_condition *b);
enum ln_relation ln_conditions_compare(const struct ln_condition *a, unsigned a_count,
                                       const struct ln_condition *b, unsigned b_count);

#endif
