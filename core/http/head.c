/* SPDX-License-Identifier: Apache-2.0
 * head.c - from the bytes of a complete head to its fields, line by line.
 *
 * The bytes are looked through once for stray controls and line ends; after that a field line is a
 * token, a colon, and what is left up to its CRLF. line follows line without a gap until the empty
 * one, so that every byte of the head is accounted for. What is wrong with a line that is none,
 * line.c finds out.
 */
#include "http/head.h"

#include "base/assert.h"
#include "http/chars.h"
#include "http/judge.h"
#include "http/method.h"
#include "http/opinion.h"
#include "http/startline.h"

struct reader {
    struct ln_fields *fields;
    const char *line, *end; /* the next field line; the end of the head */
    unsigned max;
    bool unusual; /* some name may have what servers take for a dash */
};

static void take(struct reader *r, enum ln_field_id id, const char *colon)
{
    const char *lf = memchr(colon, '\n', (size_t)(r->end - colon));
    struct ln_slice value = ln_slice_trim(ln_slice(colon + 1, (size_t)(lf - colon) - 2));

    ln_fields_push(r->fields, id, ln_slice(r->line, (size_t)(colon - r->line)), value);
    r->line = lf + 1;
}

/* RFC 9112 section 5: the name starts its line, the colon follows it at once, and OWS surrounds the
 * value. A name that we know is a token. False: there is no such line here, or no room for it. */
static bool take_line(struct reader *r)
{
    const char *colon = memchr(r->line, ':', (size_t)(r->end - r->line));
    size_t n = colon != NULL ? (size_t)(colon - r->line) : 0;

    if (n == 0 || n > UINT16_MAX || r->fields->count >= r->max)
        return false;
    enum ln_field_id id = ln_field_identify(r->line, n);

    if (id == LN_FIELD_OTHER && !ln_chars_are(r->line, n, LN_CHARS_NAME)) {
        if (!ln_chars_are(r->line, n, LN_CHARS_TOKEN))
            return false;
        r->unusual = true;
    }
    take(r, id, colon);
    return true;
}

/* From the line that take_line() has left on: finds the reason why. */
static enum ln_reject read_rest(struct reader *r)
{
    r->unusual = true;
    while (r->line < r->end - 2) {
        struct ln_slice name, value;
        enum ln_reject why = ln_judge_line(r->line, r->end, &name, &value, &r->line);

        if (why != LN_REJECT_NONE)
            return why;
        if (r->fields->count >= r->max)
            return LN_REJECT_HEADERS_MANY;
        ln_fields_push(r->fields, ln_field_identify(name.p, name.n), name, value);
    }
    return LN_REJECT_NONE;
}

static enum ln_reject read_fields(struct reader *r, const char *head, size_t n)
{
    if (!ln_chars_lines_ok(head, n))
        return read_rest(r);
    while (r->line < r->end - 2)
        if (!take_line(r))
            return read_rest(r);
    return LN_REJECT_NONE;
}

/* The first line of bytes [p, p+n), which is known to end with CRLF. */
static struct ln_slice first_line(const char *p, size_t n)
{
    const char *lf = memchr(p, '\n', n);

    ln_assert(n >= 4 && memcmp(p + n - 4, "\r\n\r\n", 4) == 0);
    ln_assert(lf > p && lf[-1] == '\r');
    return ln_slice(p, (size_t)(lf - p) - 1);
}

static void start_reader(struct reader *r, struct ln_fields *fields, struct ln_slice line,
                         const char *end, const struct ln_head_limits *limits)
{
    *r = (struct reader){
        .fields = fields,
        .line = line.p + line.n + 2,
        .end = end,
        .max = limits->count,
    };
}

static bool is_printable(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return true;
}

static bool has_lookalike(const struct reader *r)
{
    for (unsigned i = 0; r->unusual && i < r->fields->count; i++)
        if (ln_judge_is_lookalike(r->fields->v[i].name, r->fields->v[i].name_len))
            return true;
    return false;
}

enum ln_reject ln_req_head_parse(struct ln_req_head *h, const char *p, size_t n,
                                 const struct ln_head_limits *limits)
{
    struct ln_slice line = first_line(p, n);
    struct ln_startline start = {0};
    enum ln_reject why = ln_startline_request(line, &start);
    struct reader r;

    h->fields.count = 0;
    *h = (struct ln_req_head){.fields =
                                  h->fields}; /* a refused head says nothing but what was read */
    if (why != LN_REJECT_NONE)
        return why;
    h->method = start.method;
    h->target = start.target;
    h->minor = start.minor;
    h->method_id = ln_method_identify(start.method);
    if (h->method_id == LN_METHOD_CONNECT || h->method_id == LN_METHOD_TRACE)
        return h->method_id == LN_METHOD_CONNECT ? LN_REJECT_METHOD_CONNECT
                                                 : LN_REJECT_METHOD_TRACE;
    start_reader(&r, &h->fields, line, p + n, limits);
    why = read_fields(&r, p, n);
    if (why == LN_REJECT_NONE)
        why = has_lookalike(&r) ? LN_REJECT_FIELD_LOOKALIKE : ln_judge_request(h);
    if (why == LN_REJECT_NONE && !is_printable(h->target))
        why = LN_REJECT_TARGET;
    if (why == LN_REJECT_NONE && !ln_method_is_known(h->method))
        why = LN_REJECT_METHOD;
    if (why == LN_REJECT_NONE)
        ln_opinion_request(h, p, n);
    return why;
}

enum ln_reject ln_res_head_parse(struct ln_res_head *h, const char *p, size_t n,
                                 const struct ln_head_limits *limits)
{
    struct ln_slice line = first_line(p, n);
    struct ln_startline start = {0};
    enum ln_reject why = ln_startline_response(line, &start);
    struct reader r;

    h->fields.count = 0;
    *h = (struct ln_res_head){.fields = h->fields};
    if (why != LN_REJECT_NONE)
        return why;
    h->status = start.status;
    h->reason = start.reason;
    h->minor = start.minor;
    start_reader(&r, &h->fields, line, p + n, limits);
    why = read_fields(&r, p, n);
    if (why == LN_REJECT_NONE)
        why = ln_judge_response(h);
    if (why == LN_REJECT_NONE)
        ln_opinion_response(h, p, n);
    return why;
}

void ln_res_head_settle(struct ln_res_head *h, enum ln_method request_method)
{
    bool informational = h->status < 200, bodiless = h->status == 204 || h->status == 304;

    /* RFC 9110 section 8.6: 204 has neither length nor coding. Bytes that come all the same would
     * be read as the next response, so the connection must not be used again. */
    if (h->status == 204 && (h->framing == LN_FRAMING_CHUNKED || h->length > 0))
        h->keep_alive = false;
    if (informational || bodiless || request_method == LN_METHOD_HEAD) {
        h->framing = LN_FRAMING_NONE;
        h->length = 0;
    }
    if (h->framing ==
        LN_FRAMING_CLOSE) /* RFC 9112 section 9.3: only self-delimiting messages persist */
        h->keep_alive = false;
}
