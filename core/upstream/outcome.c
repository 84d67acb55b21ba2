/* SPDX-License-Identifier: Apache-2.0
 * outcome.c - the table.
 */
#include "upstream/outcome.h"

#include "base/assert.h"

static const struct ln_outcome_row rows[] = {
#define OUTCOME(id, strikes, repeat, status, code, sentence)                                       \
    {strikes, LN_REPEAT_##repeat, status, code, sentence},
#include "upstream/outcome.def"
#undef OUTCOME
};

const struct ln_outcome_row *ln_outcome_row(enum ln_outcome outcome)
{
    ln_assert(outcome < LN_OUTCOME_COUNT);
    return &rows[outcome];
}
