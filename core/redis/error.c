/* SPDX-License-Identifier: Apache-2.0
 * error.c - the table of error.def.
 */
#include "redis/error.h"

static const struct row {
    const char *code, *text;
    bool is_down, is_ours, refuses;
} rows[] = {
#define ERROR(name, code, is_down, is_ours, refuses, sentence)                                     \
    [LN_REDIS_##name] = {code, sentence, is_down, is_ours, refuses},
#include "redis/error.def"
#undef ERROR
};

enum ln_redis_error ln_redis_error_of(struct ln_slice answer)
{
    const char *space = answer.n > 0 ? memchr(answer.p, ' ', answer.n) : NULL;

    if (space != NULL)
        answer.n = (size_t)(space - answer.p);
    for (int e = LN_REDIS_OK + 1; e < LN_REDIS_ERRORS; e++)
        if (!rows[e].is_ours && ln_slice_eq(answer, ln_slice_of(rows[e].code)))
            return (enum ln_redis_error)e;
    return LN_REDIS_ANSWER;
}

const char *ln_redis_error_code(enum ln_redis_error e)
{
    return e == LN_REDIS_OK ? "OK" : rows[e].code;
}

const char *ln_redis_error_text(enum ln_redis_error e)
{
    return e == LN_REDIS_OK ? "" : rows[e].text;
}

bool ln_redis_error_is_down(enum ln_redis_error e)
{
    return e != LN_REDIS_OK && rows[e].is_down;
}

bool ln_redis_error_refuses(enum ln_redis_error e)
{
    return e != LN_REDIS_OK && rows[e].refuses;
}
