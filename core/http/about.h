/* SPDX-License-Identifier: Apache-2.0
 * about.h - which parser is beneath.
 */
#ifndef LN_HTTP_ABOUT_H
#define LN_HTTP_ABOUT_H

/* "8.1.0" */
const char *ln_http_llhttp_version(void);

#endif
