/* SPDX-License-Identifier: Apache-2.0
 * url.h - the URL of an instance: http://host[:port][/base] or unix:/path.
 */
#ifndef LN_CONF_URL_H
#define LN_CONF_URL_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

/* Fills url, host, authority, port, unix_path and base, all in the arena. A path behind "unix:" is
 * taken as it is. -1 with "what is wrong, what was expected"; the sentence never shows a password.
 * Nothing is resolved here. */
int ln_url_parse(struct ln_arena *a, struct ln_slice text, struct ln_instance_conf *out,
                 struct ln_err *err);

/* The same URL as the name of SRV records: without a port, and the authority without the labels of
 * service and protocol (RFC 2782), which no server would know itself by. */
void ln_url_for_services(struct ln_arena *a, struct ln_instance_conf *i);

#endif
