/* SPDX-License-Identifier: Apache-2.0
 * about_llhttp.c - llhttp's version, from its header.
 */
#include "http/about.h"

#include <llhttp.h>

#define TEXT(x) #x
#define DOTTED(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

const char *ln_http_llhttp_version(void)
{
    return DOTTED(LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
}
