/* SPDX-License-Identifier: Apache-2.0
 * answer.h - what the gateway says itself when there is no response of an instance: a status, a
 * reason code, a sentence.
 */
#ifndef LN_GATEWAY_ANSWER_H
#define LN_GATEWAY_ANSWER_H

#include "base/arena.h"
#include "http/head.h"
#include "upstream/outcome.h"

enum ln_answer_id {
#define ANSWER(id, status, code, text) LN_ANSWER_##id,
#include "gateway/answer.def"
#undef ANSWER
    LN_ANSWER_COUNT
};

struct ln_answer {
    int status;
    const char *code, *text; /* static */
};

const struct ln_answer *ln_answer(enum ln_answer_id id);
struct ln_answer ln_answer_reject(enum ln_reject why);
struct ln_answer ln_answer_outcome(enum ln_outcome outcome);

/* The content: {"error":..., "code":..., "request_id":...} or the text and a newline. */
struct ln_slice ln_answer_body(const struct ln_answer *a, bool json, struct ln_slice request_id,
                               struct ln_arena *arena);

#endif
