/* SPDX-License-Identifier: Apache-2.0
 * api_res.c - the response as Lua sees it, and answers that Lua makes.
 */
#include "script/api_inner.h"
#include "script/vm_inner.h"

enum { MS = LN_NSEC_PER_MSEC };
enum { REFUSAL_MOST = 64 << 10 };

static int number_put(double *out, double value, bool known)
{
    if (!known)
        return LN_NONE;
    *out = value;
    return LN_OK;
}

static double duration(const struct ln_req *r)
{
    ln_nsec end = r->ended != 0 ? r->ended : ln_clock_mono();

    return (double)(end - r->started) / 1e9;
}

/* Of an answer of ours it is what we have; a service tells it in a field, to HEAD too. */
static int length(const struct ln_req *r, double *out)
{
    const struct ln_field *f;
    uint64_t n;

    if (r->res_fields == NULL)
        return LN_NONE;
    if (r->res_fields == &r->reply_fields)
        return number_put(out, (double)r->reply_body.n, true);
    f = ln_fields_find(r->res_fields, LN_FIELD_CONTENT_LENGTH);
    if (f == NULL || !ln_slice_to_u64(ln_field_value(f), &n))
        return LN_NONE;
    return number_put(out, (double)n, true);
}

int ln_res_number(const struct ln_handle *h, int which, double *out)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    switch (which) {
    case LN_RES_STATUS:
        return number_put(out, r->status, r->res_fields != NULL && r->status > 0);
    case LN_RES_LENGTH:
        return length(r, out);
    case LN_RES_BYTES:
        return number_put(out, (double)r->bytes, true);
    case LN_RES_DURATION:
        return number_put(out, duration(r), r->started != 0);
    case LN_RES_ATTEMPT:
        return number_put(out, r->attempt, r->attempt > 0);
    case LN_RES_CONNECT_MS:
        return number_put(out, (double)(r->connected - r->started) / MS,
                          r->connected >= r->started && r->connected > 0);
    case LN_RES_FIRST_BYTE_MS:
        return number_put(out, (double)(r->first_byte - r->started) / MS,
                          r->first_byte >= r->started && r->first_byte > 0);
    default:
        return LN_EINVAL;
    }
}

int ln_res_set_status(const struct ln_handle *h, int status)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (r->res_fields == NULL || r->ended != 0 || r->pieces != 0)
        return LN_ESTATE;
    if (status < 200 || status > 599)
        return LN_EINVAL;
    r->status = status;
    if (r->res_fields == &r->reply_fields)
        r->reply_status = status;
    return LN_OK;
}

static struct ln_slice origin_name(enum ln_origin origin)
{
    switch (origin) {
    case LN_ORIGIN_UPSTREAM:
        return LN_SLICE("upstream");
    case LN_ORIGIN_PLUGIN:
        return LN_SLICE("plugin");
    case LN_ORIGIN_GATEWAY:
        return LN_SLICE("gateway");
    default:
        return ln_slice(NULL, 0);
    }
}

int ln_res_text(const struct ln_handle *h, int which, struct ln_str *out)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    switch (which) {
    case LN_RES_ORIGIN:
        return ln_str_put(out, origin_name(r->origin));
    case LN_RES_SERVICE:
        return ln_str_put(out, r->upstream_service);
    case LN_RES_ADDRESS:
        return ln_str_put(out, r->upstream_address);
    default:
        return LN_EINVAL;
    }
}

/* In the response phase the new answer takes the place of the response, for the handlers above too.
 */
int ln_reply_begin(const struct ln_handle *h, int status)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (status < 200 || status > 599)
        return LN_EINVAL;
    ln_fields_init(&r->reply_fields, r->arena);
    r->reply_status = status;
    r->reply_body = ln_slice(NULL, 0);
    r->verdict = LN_VERDICT_REPLY;
    if (r->res_fields != NULL) {
        r->res_fields = &r->reply_fields;
        r->status = status;
        r->origin = LN_ORIGIN_PLUGIN;
    }
    return LN_OK;
}

int ln_reply_add(const struct ln_handle *h, const char *name, size_t name_len, const char *value,
                 size_t value_len)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice n = ln_slice(name, name_len), v = ln_slice(value, value_len);
    bool good;

    if (r == NULL)
        return LN_EGONE;
    if (r->verdict != LN_VERDICT_REPLY)
        return LN_ESTATE;
    if (!ln_req_add_header(r, name_len + value_len))
        return LN_EFULL;
    switch (ln_field_identify(name, name_len)) {
    case LN_FIELD_CONTENT_LENGTH:
    case LN_FIELD_CONNECTION:
    case LN_FIELD_TRANSFER_ENCODING:
        return LN_OK;
    case LN_FIELD_CONTENT_TYPE: /* there is one of it (RFC 9110 section 5.3) */
        good = ln_fields_set(&r->reply_fields, n, v);
        break;
    default:
        good = ln_fields_add(&r->reply_fields, n, v);
        break;
    }
    return good ? LN_OK : LN_EINVAL;
}

int ln_reply_body(const struct ln_handle *h, const char *body, size_t body_len)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (r->verdict != LN_VERDICT_REPLY)
        return LN_ESTATE;
    if (!ln_req_has_room(r, body_len))
        return LN_EFULL;
    r->reply_body = ln_arena_dup(r->arena, ln_slice(body, body_len));
    return LN_OK;
}

int ln_reply_refusal(struct ln_cur *cur, const char *code, size_t code_len, const char *sentence,
                     size_t sentence_len, bool reason)
{
    struct ln_text *t = &ln_container_of(cur, struct ln_vm, cur)->escaped;
    struct ln_slice word = ln_slice(code, code_len);
    struct ln_req *r = ln_handle_req(&cur->response);

    if (r == NULL)
        return LN_EGONE;
    if (r->verdict != LN_VERDICT_REPLY)
        return LN_ESTATE;
    if (code_len + sentence_len > REFUSAL_MOST || !ln_req_add_header(r, code_len + 64))
        return LN_EFULL;
    if (reason && !ln_field_value_ok(word))
        return LN_EINVAL;
    ln_fields_push(&r->reply_fields, LN_FIELD_CONTENT_TYPE, LN_SLICE("Content-Type"),
                   LN_SLICE("application/json"));
    if (reason)
        ln_fields_push(&r->reply_fields, LN_FIELD_OTHER, LN_SLICE("X-Lunette-Reason"),
                       ln_arena_dup(r->arena, word));
    t->n = 0;
    ln_text_puts(t, "{\"code\":");
    ln_text_json(t, word);
    ln_text_puts(t, ",\"error\":");
    ln_text_json(t, ln_slice(sentence, sentence_len));
    ln_text_puts(t, ",\"request_id\":");
    ln_text_json(t, r->id);
    ln_text_puts(t, "}");
    return ln_reply_body(&cur->response, t->p, t->n);
}
