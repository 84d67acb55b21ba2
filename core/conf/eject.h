/* SPDX-License-Identifier: Apache-2.0
 * eject.h - writes the routes file that equals the routes which services with a path generate.
 *
 * Variables of the environment come out as env("NAME"), so that no value of theirs, such as a key,
 * gets into a file.
 */
#ifndef LN_CONF_EJECT_H
#define LN_CONF_EJECT_H

#include "base/text.h"
#include "conf/conf.h"

/* How many routes it has written. */
unsigned ln_eject_routes(const struct ln_conf *conf, struct ln_text *out);

#endif
