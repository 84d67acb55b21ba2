/* SPDX-License-Identifier: Apache-2.0
 * err.c - fills an error record.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int ln_fail(struct ln_err *err, enum ln_err_code code, const char *format, ...)
{
    int sys = errno;

    if (err == NULL)
        return -1;
    err->code = code;
    err->sys = code == LN_E_SYS ? sys : 0;

    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (code == LN_E_SYS && n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", strerror(sys));
    return -1;
}
