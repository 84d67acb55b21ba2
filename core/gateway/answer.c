/* SPDX-License-Identifier: Apache-2.0
 * answer.c - the gateway's own answers.
 */
#include "gateway/answer.h"

#include "base/assert.h"
#include "http/write.h"

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
    struct ln_slice text = ln_slice_of(a->text), code = ln_slice_of(a->code);
    size_t most = text.n + code.n + id.n + sizeof "{'error':'','code':'','request_id':''}\n";
    struct ln_writer w = ln_writer(ln_arena_alloc(arena, most), most);
    const char *begin = w.at;

    if (!json) {
        ln_write_slice(&w, text);
    } else {
        ln_write_literal(&w, "{\"error\":\"");
        ln_write_slice(&w, text);
        ln_write_literal(&w, "\",\"code\":\"");
        ln_write_slice(&w, code);
        ln_write_literal(&w, "\",\"request_id\":\"");
        ln_write_slice(&w, is_plain(id) ? id : ln_slice("", 0));
        ln_write_literal(&w, "\"}");
    }
    ln_write_literal(&w, "\n");
    return ln_slice(begin, (size_t)(w.at - begin));
}
