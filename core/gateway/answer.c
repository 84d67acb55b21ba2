/* SPDX-License-Identifier: Apache-2.0
 * answer.c - the gateway's own answers.
 */
#include "gateway/answer.h"

#include "base/assert.h"

static const struct ln_answer rows[] = {
#define ANSWER(id, status, code, text) {status, code, text},
#include "gateway/answer.def"
#undef ANSWER
};

const struct ln_answer *ln_answer(enum ln_answer_id id)
{
    ln_assert(id < LN_ANSWER_COUNT);
    return &rows[id];
}

struct ln_answer ln_answer_reject(enum ln_reject why)
{
    const struct ln_reject_row *row = ln_reject_row(why);

    return (struct ln_answer){row->status, row->code, row->sentence};
}

struct ln_answer ln_answer_outcome(enum ln_outcome outcome)
{
    const struct ln_outcome_row *row = ln_outcome_row(outcome);

    return (struct ln_answer){row->status, row->code,
                              row->status == 504 ? "Gateway Timeout" : "Bad Gateway"};
}

/* Codes and texts are ours and need no escapes; the request id may be a trusted proxy's and was
 * judged as a field value. */
static bool is_plain(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    return true;
}

struct ln_slice ln_answer_body(const struct ln_answer *a, bool json, struct ln_slice id,
                               struct ln_arena *arena)
{
    if (!json)
        return ln_arena_printf(arena, "%s\n", a->text);
    if (!is_plain(id))
        id = ln_slice("", 0);
    return ln_arena_printf(arena, "{\"error\":\"%s\",\"code\":\"%s\",\"request_id\":\"%.*s\"}\n",
                           a->text, a->code, (int)id.n, id.p);
}
