/* SPDX-License-Identifier: Apache-2.0
 * startline.c - request lines and status lines: exactly the grammar, one space where it says one
 * space.
 */
#include "http/startline.h"

#include <strings.h>

#include "http/chars.h"

enum {
    VERSION_LEN = 8, /* "HTTP/1.1" */
    METHOD_MAX = 32, /* longer than any method that anybody has registered */
};

/* HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive (RFC 9112 section 2.3). */
static enum ln_reject judge_version(const char *p, uint8_t *minor)
{
    if (memcmp(p, "HTTP/1.", VERSION_LEN - 1) == 0 && (p[7] == '1' || p[7] == '0')) {
        *minor = (uint8_t)(p[7] - '0');
        return LN_REJECT_NONE;
    }
    if (memcmp(p, "HTTP/", 5) == 0 && ln_chars_is(p[5], LN_CHARS_DIGIT) && p[6] == '.' &&
        ln_chars_is(p[7], LN_CHARS_DIGIT))
        return LN_REJECT_VERSION_OTHER;
    return LN_REJECT_VERSION;
}

/* Why a request line without a good version at its end is wrong. A line without a second space is
 * HTTP/0.9. */
static enum ln_reject blame_version(struct ln_slice rest)
{
    const char *space = memrchr(rest.p, ' ', rest.n);

    if (space == NULL || rest.n - (size_t)(space - rest.p) < 6)
        return LN_REJECT_REQUEST_LINE;
    return strncasecmp(space + 1, "HTTP/", 5) == 0 ? LN_REJECT_VERSION : LN_REJECT_REQUEST_LINE;
}

static bool is_http2(struct ln_slice line)
{
    return ln_slice_eq(line, LN_SLICE("PRI * HTTP/2.0"));
}

/* request-line = method SP request-target SP HTTP-version */
static enum ln_reject read_request(struct ln_slice line, struct ln_startline *out)
{
    size_t m = ln_chars_span(line.p, line.n, LN_CHARS_TOKEN);

    if (m == 0 && line.n > 0)
        return ln_startline_request_begun(line.p, line.n);
    if (m == line.n || line.p[m] != ' ')
        return LN_REJECT_REQUEST_LINE;
    struct ln_slice rest = ln_slice(line.p + m + 1, line.n - m - 1);

    if (rest.n < VERSION_LEN + 2 || rest.p[rest.n - VERSION_LEN - 1] != ' ')
        return blame_version(rest);
    enum ln_reject why = judge_version(rest.p + rest.n - VERSION_LEN, &out->minor);

    if (why != LN_REJECT_NONE)
        return is_http2(line) ? LN_REJECT_HTTP2 : why;
    out->method = ln_slice(line.p, m);
    out->target = ln_slice(rest.p, rest.n - VERSION_LEN - 1);
    return LN_REJECT_NONE;
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ]; the second space is there even
 * without a reason. */
static enum ln_reject read_response(struct ln_slice line, struct ln_startline *out)
{
    if (line.n < VERSION_LEN + 5 || line.p[VERSION_LEN] != ' ')
        return LN_REJECT_STATUS_LINE;
    enum ln_reject why = judge_version(line.p, &out->minor);

    if (why != LN_REJECT_NONE)
        return why;
    const char *code = line.p + VERSION_LEN + 1;

    if (!ln_chars_are(code, 3, LN_CHARS_DIGIT) || code[0] < '1' || code[0] > '5' || code[3] != ' ')
        return LN_REJECT_STATUS_LINE;
    out->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    out->reason = ln_slice(code + 4, line.n - VERSION_LEN - 5);
    return ln_chars_value_ok(out->reason.p, out->reason.n) ? LN_REJECT_NONE : LN_REJECT_STATUS_LINE;
}

/* A line that is wrong and has a CR in it is wrong because of that. */
static enum ln_reject blame(struct ln_slice line, enum ln_reject why)
{
    if (why == LN_REJECT_NONE || memchr(line.p, '\r', line.n) == NULL)
        return why;
    return LN_REJECT_LINE_END;
}

enum ln_reject ln_startline_request(struct ln_slice line, struct ln_startline *out)
{
    return blame(line, read_request(line, out));
}

enum ln_reject ln_startline_response(struct ln_slice line, struct ln_startline *out)
{
    return blame(line, read_response(line, out));
}

enum ln_reject ln_startline_request_begun(const char *p, size_t n)
{
    /* A TLS record of type handshake, version 3.x (RFC 8446 section 5.1). */
    if (p[0] == 0x16)
        return n == 1 || p[1] == 3 ? LN_REJECT_TLS : LN_REJECT_REQUEST_LINE;
    size_t m = ln_chars_span(p, n < METHOD_MAX + 1 ? n : METHOD_MAX + 1, LN_CHARS_TOKEN);

    if (m > METHOD_MAX)
        return LN_REJECT_METHOD;
    return m == 0 || (m < n && p[m] != ' ') ? LN_REJECT_REQUEST_LINE : LN_REJECT_NONE;
}

enum ln_reject ln_startline_response_begun(const char *p, size_t n)
{
    return memcmp(p, "HTTP/", n < 5 ? n : 5) == 0 ? LN_REJECT_NONE : LN_REJECT_STATUS_LINE;
}
