/* SPDX-License-Identifier: Apache-2.0
 * outcome.c - the table.
 */
#include "upstream/outcome.h"

#include <errno.h>

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

/* What we lack ourselves says nothing about the instance. */
enum ln_outcome ln_outcome_of_connect(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EAGAIN:
        return LN_OUTCOME_LOCAL;
    case ETIMEDOUT:
        return LN_OUTCOME_CONNECT_TIME;
    default:
        return LN_OUTCOME_REFUSED;
    }
}
