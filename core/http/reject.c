/* SPDX-License-Identifier: Apache-2.0
 * reject.c - the table of reasons why messages are refused.
 */
#include "base/assert.h"
#include "http/head.h"

static const struct ln_reject_row rows[LN_REJECT_COUNT] = {
    [LN_REJECT_NONE] = {0, "", ""},
#define REJECT(id, status, code, sentence) [LN_REJECT_##id] = {status, code, sentence},
#include "http/reject.def"
#undef REJECT
};

const struct ln_reject_row *ln_reject_row(enum ln_reject why)
{
    ln_assert(why < LN_REJECT_COUNT);
    return &rows[why];
}
