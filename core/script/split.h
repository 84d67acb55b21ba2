/* SPDX-License-Identifier: Apache-2.0
 * split.h - which of the services of a split a request goes to.
 *
 * Sticky: the key's place among the weights, so that a client stays where it is, and changing a
 * weight moves no more clients than it must. Else in turns: one cursor shared by all workers over a
 * smooth ring, so that the shares are exact over any long run of requests.
 */
#ifndef LN_SCRIPT_SPLIT_H
#define LN_SCRIPT_SPLIT_H

#include "script/req.h"
#include "script/route.h"

/* The index of a service in conf->services. */
int ln_split_choose(const struct ln_split *s, const struct ln_req *r);

/* Decides for the request's route if it has a split and nobody has chosen a service yet: called
 * when the request handlers are through, or when one of them asks. */
void ln_split_settle(struct ln_req *r);

#endif
