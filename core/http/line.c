/* SPDX-License-Identifier: Apache-2.0
 * line.c - one field line, read with care: finds the reason why it is none.
 */
#include "http/chars.h"
#include "http/judge.h"

/* field-name ":" (RFC 9112 section 5.1): why the n bytes before the colon are no name. */
static enum ln_reject judge_name(const char *p, size_t n)
{
    size_t token = ln_chars_span(p, n, LN_CHARS_TOKEN);

    if (n > UINT16_MAX)
        return LN_REJECT_HEADERS_LARGE;
    if (token == n && n > 0)
        return LN_REJECT_NONE;
    for (size_t i = token; i < n; i++)
        if (p[i] != ' ' && p[i] != '\t')
            return LN_REJECT_FIELD_NAME;
    return token > 0 ? LN_REJECT_FIELD_SPACE : LN_REJECT_FIELD_NAME;
}

enum ln_reject ln_judge_line(const char *p, const char *end, struct ln_slice *name,
                             struct ln_slice *value, const char **next)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));

    if (lf == NULL || lf == p || lf[-1] != '\r')
        return LN_REJECT_LINE_END;
    const char *stop = lf - 1;
    const char *colon = memchr(p, ':', (size_t)(stop - p));

    if (memchr(p, '\r', (size_t)(stop - p)) !=
        NULL) /* RFC 9112 section 2.2: a bare CR, whatever else is wrong */
        return LN_REJECT_LINE_END;
    if (*p == ' ' || *p == '\t')
        return LN_REJECT_FIELD_FOLD;
    if (colon == NULL)
        return LN_REJECT_FIELD_LINE;
    enum ln_reject why = judge_name(p, (size_t)(colon - p));

    if (why != LN_REJECT_NONE)
        return why;
    *name = ln_slice(p, (size_t)(colon - p));
    *value = ln_slice_trim(ln_slice(colon + 1, (size_t)(stop - colon - 1)));
    *next = lf + 1;
    return ln_chars_value_ok(value->p, value->n) ? LN_REJECT_NONE : LN_REJECT_FIELD_VALUE;
}

enum { LOOKALIKE_MAX = 32 }; /* no known name is longer */

bool ln_judge_is_lookalike(const char *name, size_t n)
{
    char dashed[LOOKALIKE_MAX];

    if (n > sizeof dashed || ln_chars_are(name, n, LN_CHARS_NAME))
        return false;
    for (size_t i = 0; i < n; i++)
        dashed[i] = ln_chars_is(name[i], LN_CHARS_NAME) ? name[i] : '-';
    switch (ln_field_identify(dashed, n)) {
    case LN_FIELD_CONTENT_LENGTH:
    case LN_FIELD_TRANSFER_ENCODING:
    case LN_FIELD_PROXY_AUTHORIZATION:
    case LN_FIELD_X_FORWARDED_FOR:
    case LN_FIELD_X_FORWARDED_HOST:
    case LN_FIELD_X_FORWARDED_PORT:
    case LN_FIELD_X_FORWARDED_PREFIX:
    case LN_FIELD_X_FORWARDED_PROTO:
    case LN_FIELD_X_ORIGIN_HOST:
    case LN_FIELD_X_REAL_IP:
    case LN_FIELD_X_REQUEST_ID:
        return true;
    default:
        return false;
    }
}
