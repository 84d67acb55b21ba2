/* SPDX-License-Identifier: Apache-2.0
 * outcome.h - the typed end of an attempt. Rows: outcome.def
 */
#ifndef LN_UPSTREAM_OUTCOME_H
#define LN_UPSTREAM_OUTCOME_H

enum ln_outcome {
#define OUTCOME(id, strikes, repeat, status, code, sentence) LN_OUTCOME_##id,
#include "upstream/outcome.def"
#undef OUTCOME
    LN_OUTCOME_COUNT
};

enum ln_repeat {
    LN_REPEAT_NEVER,
    LN_REPEAT_CONNECT,
    LN_REPEAT_STALE,
    LN_REPEAT_RESET,
    LN_REPEAT_TIMEOUT,
};

struct ln_outcome_row {
    unsigned strikes;
    enum ln_repeat repeat;
    int status;           /* what the client is told when no attempt is left */
    const char *code;     /* machine-readable reason */
    const char *sentence; /* for logs */
};

const struct ln_outcome_row *ln_outcome_row(enum ln_outcome outcome);

/* That of an attempt that got no connection, by its errno. */
enum ln_outcome ln_outcome_of_connect(int error);

#endif
