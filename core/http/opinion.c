/* SPDX-License-Identifier: Apache-2.0
 * opinion.c - llhttp reads the head again, and each span that it reports must be the one that we
 * found.
 */
#include "http/opinion.h"

#ifdef LN_SECOND_OPINION

#include <llhttp.h>

#include "base/assert.h"
#include "http/target.h"

struct reading {
    const struct ln_fields *fields;
    struct ln_slice target;
    unsigned at; /* the field whose name or value comes next */
    bool complete;
};

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    const struct reading *r = p->data;

    ln_assert(at == r->target.p && n == r->target.n);
    return 0;
}

static int on_field(llhttp_t *p, const char *at, size_t n)
{
    const struct reading *r = p->data;

    ln_assert(r->at < r->fields->count);
    ln_assert(at == r->fields->v[r->at].name && n == r->fields->v[r->at].name_len);
    return 0;
}

/* llhttp leaves white space at the end of some values; of a length we leave out leading zeros. */
static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct reading *r = p->data;
    const struct ln_field *f = &r->fields->v[r->at++];
    struct ln_slice value = ln_slice_trim(ln_slice(at, n));

    ln_assert(f->value_len == 0 || f->value + f->value_len == value.p + value.n);
    ln_assert(f->value_len == value.n || f->id == LN_FIELD_CONTENT_LENGTH);
    return 0;
}

static int on_complete(llhttp_t *p)
{
    struct reading *r = p->data;

    r->complete = r->at == r->fields->count;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_complete,
};

/* Valid, and refused by llhttp 8.1.0: white space that ends with a tab after Content-Length (OWS,
 * RFC 9110 section 5.6.3). */
static bool is_false_refusal(const llhttp_t *p, enum ln_framing framing)
{
    return llhttp_get_errno(p) == HPE_INVALID_CONTENT_LENGTH && framing == LN_FRAMING_LENGTH;
}

/* A bad target is found later: its own rules come next (http/target.h). */
static bool will_be_refused(const llhttp_t *p, const struct ln_req_head *h)
{
    struct ln_target target;
    struct ln_arena arena;

    if (h == NULL || llhttp_get_errno(p) != HPE_INVALID_URL)
        return false;
    ln_arena_init(&arena, NULL);
    enum ln_reject why = ln_target_parse(&target, h->target, h->method_id, &arena);

    ln_arena_reset(&arena);
    return why != LN_REJECT_NONE;
}

/* `h` is NULL for a response. */
static void read_again(struct reading *r, const struct ln_req_head *h, enum ln_framing framing,
                       const char *p, size_t n)
{
    llhttp_t parser;

    llhttp_init(&parser, h != NULL ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser.data = r;
    if (llhttp_execute(&parser, p, n) == HPE_PAUSED)
        ln_assert(r->complete);
    else
        ln_assert(is_false_refusal(&parser, framing) || will_be_refused(&parser, h));
}

void ln_opinion_request(const struct ln_req_head *h, const char *p, size_t n)
{
    struct reading r = {.fields = &h->fields, .target = h->target};

    read_again(&r, h, h->framing, p, n);
}

void ln_opinion_response(const struct ln_res_head *h, const char *p, size_t n)
{
    struct reading r = {.fields = &h->fields};

    read_again(&r, NULL, h->framing, p, n);
}

#endif
