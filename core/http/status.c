/* SPDX-License-Identifier: Apache-2.0
 * status.c - reason phrases and status lines, by code.
 */
#include "http/status.h"

#include <stdint.h>

enum { FIRST = 100, LAST = 599 };

static const struct {
    const char *reason;
    struct ln_slice line;
} rows[LAST - FIRST + 1] = {
#define STATUS(code, text)                                                                         \
    [code - FIRST] = {                                                                             \
        text, {"HTTP/1.1 " #code " " text "\r\n", sizeof("HTTP/1.1 " #code " " text "\r\n") - 1}},
#include "http/status.def"
#undef STATUS
};

const char *ln_status_reason(int status)
{
    if (status < FIRST || status > LAST || rows[status - FIRST].reason == NULL)
        return "";
    return rows[status - FIRST].reason;
}

struct ln_slice ln_status_line(int status)
{
    return status < FIRST || status > LAST ? ln_slice(NULL, 0) : rows[status - FIRST].line;
}
