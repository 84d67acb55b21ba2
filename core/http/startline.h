/* SPDX-License-Identifier: Apache-2.0
 * startline.h - the first line of a message cut into its parts (RFC 9112 sections 3 and 4).
 *
 * Private to core/http: the scanner asks as soon as the line is there, so that a wrong one is
 * refused at once and not at a time-out; the parser asks again for the parts. Pure; slices point
 * into the line.
 */
#ifndef LN_HTTP_STARTLINE_H
#define LN_HTTP_STARTLINE_H

#include "http/head.h"

struct ln_startline {
    struct ln_slice method, target; /* of a request; the target is judged by ln_target_parse() */
    struct ln_slice reason;         /* of a response */
    int status;
    uint8_t minor;
};

/* `line` is without its CRLF. */
enum ln_reject ln_startline_request(struct ln_slice line, struct ln_startline *out);
enum ln_reject ln_startline_response(struct ln_slice line, struct ln_startline *out);

/* What has come of a first line that is not complete: NONE when it may still become one. n > 0. */
enum ln_reject ln_startline_request_begun(const char *p, size_t n);
enum ln_reject ln_startline_response_begun(const char *p, size_t n);

#endif
