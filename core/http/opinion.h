/* SPDX-License-Identifier: Apache-2.0
 * opinion.h - a second reader for every head that we accept: llhttp, strict.
 *
 * Only in builds that look for faults (LN_SECOND_OPINION: with sanitizers, and the fuzz targets):
 * there a head that llhttp refuses, or reads in another way, ends the process. Else nothing.
 */
#ifndef LN_HTTP_OPINION_H
#define LN_HTTP_OPINION_H

#include "http/head.h"

#ifdef LN_SECOND_OPINION
/* p[0, n) is the head that was accepted as `h`. */
void ln_opinion_request(const struct ln_req_head *h, const char *p, size_t n);
void ln_opinion_response(const struct ln_res_head *h, const char *p, size_t n);
#else
static inline void ln_opinion_request(const struct ln_req_head *h, const char *p, size_t n)
{
    (void)h, (void)p, (void)n;
}
static inline void ln_opinion_response(const struct ln_res_head *h, const char *p, size_t n)
{
    (void)h, (void)p, (void)n;
}
#endif

#endif
