/* SPDX-License-Identifier: Apache-2.0
 * head.c - from the bytes of a complete head to its fields: llhttp reads, and nothing that it says
 * is taken on trust.
 *
 * Each span that llhttp reports must lie exactly where the next line has to be, and line must
 * follow line without a gap until the empty one. So every byte of the head is accounted for, and
 * its known laxities (folded lines, empty names, bare CR) have no room. Where it refuses, our own
 * line reader goes on to find the exact reason; the few valid heads that it refuses are accepted
 * then (see is_false_refusal()).
 */
#include "http/head.h"

#include <llhttp.h>

#include "base/assert.h"
#include "http/chars.h"
#include "http/judge.h"
#include "http/startline.h"

struct reader {
    struct ln_fields *fields;
    const char *line, *end; /* the next field line; the end of the head */
    struct ln_slice name;   /* p NULL: the value of the last one is in */
    enum ln_field_id id;    /* of that name */
    struct ln_slice target; /* what llhttp must find too */
    unsigned max;
    bool underscores; /* some name may have one */
    bool complete;
};

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    const struct reader *r = p->data;

    return at == r->target.p && n == r->target.n ? 0 : -1;
}

/* RFC 9112 section 5.1: the name starts its line and the colon follows it at once. */
static int on_field(llhttp_t *p, const char *at, size_t n)
{
    struct reader *r = p->data;

    if (at != r->line || n == 0 || n > UINT16_MAX || at[n] != ':')
        return -1;
    r->id = ln_field_identify(at, n);
    if (r->id == LN_FIELD_OTHER && !ln_chars_are(at, n, LN_CHARS_NAME)) {
        r->underscores = true;
        if (!ln_chars_are(at, n, LN_CHARS_TOKEN))
            return -1;
    }
    r->name = ln_slice(at, n);
    return 0;
}

/* The value lies between OWS and OWS CRLF on the line of its name (RFC 9112 section 5). That it has
 * no control in it is known already: the head was looked through at once. */
static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct reader *r = p->data;

    if (r->name.p == NULL || r->fields->count >= r->max)
        return -1;
    const char *start = r->name.p + r->name.n + 1;

    while (*start == ' ' || *start == '\t')
        start++;
    if (n > 0 && at != start)
        return -1;
    const char *stop = start + n, *next = stop;

    while (*next == ' ' || *next == '\t')
        next++;
    if (next[0] != '\r' || next[1] != '\n')
        return -1;
    while (stop > start && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    ln_fields_push(r->fields, r->id, r->name, ln_slice(start, (size_t)(stop - start)));
    r->name.p = NULL;
    r->line = next + 2;
    return 0;
}

/* Nothing but the empty line is left; what comes after it is for the body reader. */
static int on_complete(llhttp_t *p)
{
    struct reader *r = p->data;

    r->complete = r->name.p == NULL && r->line == r->end - 2;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_complete,
};

/* llhttp gave up: our own line reader takes the rest, from the line that it stumbled at. */
static enum ln_reject read_rest(struct reader *r)
{
    r->underscores = true;
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

/* With a stray control in the head llhttp is not even asked: our line reader will find the line. */
static bool llhttp_accepts(struct reader *r, llhttp_t *p, llhttp_type_t type, const char *bytes,
                           size_t n)
{
    llhttp_init(p, type, &settings);
    p->data = r;
    return ln_chars_lines_ok(bytes, n) && llhttp_execute(p, bytes, n) == HPE_PAUSED && r->complete;
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

enum ln_method ln_method_identify(struct ln_slice m)
{
    static const struct {
        struct ln_slice name;
        enum ln_method id;
    } known[] = {
        {{"GET", 3}, LN_METHOD_GET},         {{"HEAD", 4}, LN_METHOD_HEAD},
        {{"POST", 4}, LN_METHOD_POST},       {{"PUT", 3}, LN_METHOD_PUT},
        {{"PATCH", 5}, LN_METHOD_PATCH},     {{"DELETE", 6}, LN_METHOD_DELETE},
        {{"OPTIONS", 7}, LN_METHOD_OPTIONS}, {{"CONNECT", 7}, LN_METHOD_CONNECT},
        {{"TRACE", 5}, LN_METHOD_TRACE},
    };

    for (size_t i = 0; i < LN_ARRAY_LEN(known); i++)
        if (ln_slice_eq(m, known[i].name))
            return known[i].id;
    return LN_METHOD_OTHER;
}

bool ln_method_is_idempotent(struct ln_slice method)
{
    static const char *const safe[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};

    for (size_t i = 0; i < LN_ARRAY_LEN(safe); i++)
        if (ln_slice_eq(method, ln_slice_of(safe[i])))
            return true;
    return false;
}

/* Heads that llhttp 8.1.0 refuses although they are valid, and that our own rules have read to the
 * end and accepted: white space that ends with a tab after Content-Length (OWS, RFC 9110
 * section 5.6.3). */
static bool is_false_refusal(const llhttp_t *p, enum ln_framing framing)
{
    return llhttp_get_errno(p) == HPE_INVALID_CONTENT_LENGTH && framing == LN_FRAMING_LENGTH;
}

static bool is_printable(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return true;
}

/* Why llhttp refused a request whose field lines are in order and whose fields our rules accept:
 * its target, a method that it does not know (or knows from another protocol), or something that
 * only it sees. */
static enum ln_reject blame_request(const struct ln_req_head *h, const llhttp_t *p)
{
    const char *at = llhttp_get_error_pos(p), *fields = h->target.p + h->target.n + 11;

    if (is_false_refusal(p, h->framing))
        return LN_REJECT_NONE;
    if (llhttp_get_errno(p) == HPE_INVALID_URL || !is_printable(h->target))
        return LN_REJECT_TARGET;
    if (h->method_id == LN_METHOD_OTHER &&
        (at == NULL || at <= fields || ln_slice_eq(h->method, LN_SLICE("PRI"))))
        return LN_REJECT_METHOD; /* PRI is known to llhttp as the start of an HTTP/2 preface only */
    return LN_REJECT_SYNTAX;
}

static bool has_lookalike(const struct reader *r)
{
    for (unsigned i = 0; r->underscores && i < r->fields->count; i++)
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
    llhttp_t parser;

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
    r.target = start.target;

    bool accepted = llhttp_accepts(&r, &parser, HTTP_REQUEST, p, n);

    if (!accepted)
        why = read_rest(&r);
    if (why == LN_REJECT_NONE)
        why = has_lookalike(&r) ? LN_REJECT_FIELD_LOOKALIKE : ln_judge_request(h);
    return why == LN_REJECT_NONE && !accepted ? blame_request(h, &parser) : why;
}

enum ln_reject ln_res_head_parse(struct ln_res_head *h, const char *p, size_t n,
                                 const struct ln_head_limits *limits)
{
    struct ln_slice line = first_line(p, n);
    struct ln_startline start = {0};
    enum ln_reject why = ln_startline_response(line, &start);
    struct reader r;
    llhttp_t parser;

    h->fields.count = 0;
    *h = (struct ln_res_head){.fields = h->fields};
    if (why != LN_REJECT_NONE)
        return why;
    h->status = start.status;
    h->reason = start.reason;
    h->minor = start.minor;
    start_reader(&r, &h->fields, line, p + n, limits);

    bool accepted = llhttp_accepts(&r, &parser, HTTP_RESPONSE, p, n);

    if (!accepted)
        why = read_rest(&r);
    if (why == LN_REJECT_NONE)
        why = ln_judge_response(h);
    if (why == LN_REJECT_NONE && !accepted && !is_false_refusal(&parser, h->framing))
        why = LN_REJECT_SYNTAX;
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
