/* SPDX-License-Identifier: Apache-2.0
 * judge.h - our own rules over parsed fields: Host, Connection, Expect and above all the framing
 * (DESIGN section 12).
 *
 * Private to core/http. Pure; the fields are complete and each name and value is well-formed. What
 * is learnt goes into the head: framing, length, keep_alive, host and the rest.
 */
#ifndef LN_HTTP_JUDGE_H
#define LN_HTTP_JUDGE_H

#include "http/head.h"

enum ln_reject ln_judge_request(struct ln_req_head *h);
enum ln_reject ln_judge_response(struct ln_res_head *h);

/* A field line as it stands in the bytes [p, end), which end with the CRLF of some line: name and
 * value, and where the next line starts. Judges name, colon and value. */
enum ln_reject ln_judge_line(const char *p, const char *end, struct ln_slice *name,
                             struct ln_slice *value, const char **next);

/* Is the name, with dashes for all that is neither letter nor digit, one that decides about
 * framing, routing or who the client is? Such a field means nothing to us, but everything to a
 * server behind us that hands fields on as CGI variables (RFC 3875 section 4.1.18): there "_" and
 * "-" are one, and to some servers every other mark, too. */
bool ln_judge_is_lookalike(const char *name, size_t n);

/* May this field stand in a trailer section? (RFC 9110 section 6.5.1) */
bool ln_judge_may_trail(const char *name, size_t n);

#endif
