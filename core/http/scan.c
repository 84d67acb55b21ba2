/* SPDX-License-Identifier: Apache-2.0
 * scan.c - finding the end of a head, whatever pieces it comes in.
 *
 * Only line ends, limits and the first line are looked at here: what the lines say is the parser's
 * and the judge's business once the head is complete. What can be refused early is, so that nobody
 * waits for a time-out.
 */
#include "http/chars.h"
#include "http/startline.h"

size_t ln_head_skip_empty(const char *p, size_t n)
{
    size_t skipped = 0;

    while (skipped < 8 && n - skipped >= 2 && p[skipped] == '\r' && p[skipped + 1] == '\n')
        skipped += 2;
    return skipped;
}

/* The first line is complete: [p, p+len) without CRLF. */
static enum ln_reject judge_first(const char *p, size_t len, const struct ln_head_limits *limits,
                                  bool request)
{
    struct ln_startline unused;

    if (len > limits->request_line)
        return request ? LN_REJECT_REQUEST_LINE_LONG : LN_REJECT_HEADERS_LARGE;
    if (request)
        return ln_startline_request(ln_slice(p, len), &unused);
    return ln_startline_response(ln_slice(p, len), &unused);
}

/* A line that is not complete, from `from` on: bytes that no further ones can make good. */
static enum ln_reject judge_partial(const struct ln_head_scan *s, const char *p, size_t n,
                                    size_t from, const struct ln_head_limits *limits, bool request)
{
    if (n > from) {
        const char *cr = memchr(p + from, '\r', n - from);

        if (cr != NULL &&
            cr + 1 < p + n) /* the next byte is no LF: that would have ended the line */
            return LN_REJECT_LINE_END;
    }
    if (s->started)
        return n - s->first > limits->headers + 2 ? LN_REJECT_HEADERS_LARGE : LN_REJECT_NONE;
    if (n > limits->request_line + 1)
        return request ? LN_REJECT_REQUEST_LINE_LONG : LN_REJECT_HEADERS_LARGE;
    return LN_REJECT_NONE;
}

/* One complete line ends before the LF at `lf`. NONE and *end set to the head's length when it was
 * the empty one. */
static enum ln_reject take_line(struct ln_head_scan *s, const char *p, size_t lf,
                                const struct ln_head_limits *limits, bool request, long *end)
{
    if (lf == s->line || p[lf - 1] != '\r')
        return LN_REJECT_LINE_END;
    size_t len = lf - 1 - s->line;

    if (memchr(p + s->line, '\r', len) != NULL)
        return LN_REJECT_LINE_END;
    if (!s->started) {
        enum ln_reject why = judge_first(p, len, limits, request);

        s->started = true;
        s->first = lf + 1;
        if (why != LN_REJECT_NONE)
            return why;
    } else if (len == 0) {
        *end = (long)(lf + 1);
    } else {
        if (lf + 1 - s->first > limits->headers)
            return LN_REJECT_HEADERS_LARGE;
        if (++s->lines > limits->count)
            return LN_REJECT_HEADERS_MANY;
    }
    s->line = s->seen = lf + 1;
    return LN_REJECT_NONE;
}

static enum ln_reject judge_begun(const char *p, size_t n, bool request)
{
    return request ? ln_startline_request_begun(p, n) : ln_startline_response_begun(p, n);
}

/* The usual case: the whole head came in one piece. Only its end and the limits are looked at,
 * since the parser, which comes next, judges all else; 0 when it is not whole. */
static long find_whole(const char *p, size_t n, const struct ln_head_limits *limits, bool request,
                       enum ln_reject *why)
{
    size_t last = ln_chars_find_end(p, n);

    if (last == n)
        return 0;
    size_t first = (size_t)((const char *)memchr(p, '\n', n) - p);

    if (first == 0 || p[first - 1] != '\r' || p[last - 1] != '\r')
        *why = LN_REJECT_LINE_END;
    else if (first - 1 > limits->request_line)
        *why = request ? LN_REJECT_REQUEST_LINE_LONG : LN_REJECT_HEADERS_LARGE;
    else if (last - first > limits->headers)
        *why = LN_REJECT_HEADERS_LARGE;
    else
        return (long)last + 3;
    return -1;
}

/* Line by line, for a head that comes in pieces. */
static long find_by_lines(struct ln_head_scan *scan, const char *p, size_t n,
                          const struct ln_head_limits *limits, bool request, enum ln_reject *why)
{
    long end = 0;

    *why = scan->started ? LN_REJECT_NONE : judge_begun(p, n, request);
    while (*why == LN_REJECT_NONE) {
        const char *lf = memchr(p + scan->seen, '\n', n - scan->seen);

        if (lf == NULL) {
            size_t from = scan->seen;

            /* The last byte is looked at again: a CR is judged by what follows it. */
            scan->seen = n > scan->line ? n - 1 : n;
            *why = judge_partial(scan, p, n, from, limits, request);
            break;
        }
        *why = take_line(scan, p, (size_t)(lf - p), limits, request, &end);
        if (end > 0)
            return end;
    }
    return *why == LN_REJECT_NONE ? 0 : -1;
}

long ln_head_end(struct ln_head_scan *scan, const char *p, size_t n,
                 const struct ln_head_limits *limits, bool request, enum ln_reject *why)
{
    if (n == 0 ||
        (n == 1 && p[0] == '\r')) /* a lone CR may be half of an empty line before the head */
        return 0;
    if (scan->seen == 0) {
        long end = find_whole(p, n, limits, request, why);

        if (end != 0)
            return end;
    }
    return find_by_lines(scan, p, n, limits, request, why);
}
