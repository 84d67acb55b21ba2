/* SPDX-License-Identifier: Apache-2.0
 * api_headers.c - header fields of the request and of the response, and lists of edits made once
 * for many requests.
 *
 * While there is no response yet, edits of its fields are queued in the record (ln_req.edits); vm.c
 * applies them.
 */
#include "script/api_inner.h"

#include <stdio.h>

#include "base/mem.h"

/* The fields that a handle speaks of; NULL: the response's, and there is no response. */
static struct ln_fields *fields_of(const struct ln_handle *h, struct ln_req *r)
{
    return h->side == LN_SIDE_REQUEST ? r->fields : r->res_fields;
}

/* Framing and what concerns one connection are the gateway's own business: a plugin that could
 * write them could make two readers disagree about where a message ends. */
static bool is_ours(enum ln_field_id id, uint32_t side)
{
    switch (id) {
    case LN_FIELD_HOST:
        return side == LN_SIDE_REQUEST; /* req.host is the way */
    case LN_FIELD_CONNECTION:
    case LN_FIELD_CONTENT_LENGTH:
    case LN_FIELD_KEEP_ALIVE:
    case LN_FIELD_PROXY_CONNECTION:
    case LN_FIELD_TE:
    case LN_FIELD_TRAILER:
    case LN_FIELD_TRANSFER_ENCODING:
    case LN_FIELD_UPGRADE:
        return true;
    default:
        return false;
    }
}

/* The last queued word about a name, for a handler that reads what an earlier one has set. */
static int queued(const struct ln_req *r, struct ln_slice name, struct ln_str *value)
{
    int rc = LN_NONE;

    for (const struct ln_edit *e = r->edits; e != NULL; e = e->next) {
        if (!ln_slice_caseeq(e->name, name))
            continue;
        if (e->op == LN_EDIT_REMOVE)
            rc = LN_NONE;
        else if (e->op == LN_EDIT_SET || rc == LN_NONE)
            rc = ln_str_put(value, e->value);
    }
    return rc;
}

int ln_headers_get(const struct ln_handle *h, const char *name, size_t name_len,
                   struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice key = ln_slice(name, name_len);

    if (LN_UNLIKELY(r == NULL))
        return LN_EGONE;
    struct ln_fields *fields = fields_of(h, r);
    if (fields == NULL)
        return queued(r, key, value);
    const struct ln_field *f = ln_fields_get(fields, key);
    return f != NULL ? ln_str_put(value, ln_field_value(f)) : LN_NONE;
}

int ln_headers_next(const struct ln_handle *h, uint32_t *at, const char *name, size_t name_len,
                    struct ln_str *found, struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    const struct ln_fields *fields = fields_of(h, r);
    while (fields != NULL && *at < fields->count) {
        const struct ln_field *f = &fields->v[(*at)++];

        if (f->dropped ||
            (name_len > 0 && !ln_slice_caseeq(ln_field_name(f), ln_slice(name, name_len))))
            continue;
        ln_str_put(found, ln_field_name(f));
        return ln_str_put(value, ln_field_value(f));
    }
    return LN_NONE;
}

static void enqueue(struct ln_req *r, const struct ln_edit *edit)
{
    struct ln_edit *e = ln_arena_alloc(r->arena, sizeof *e);

    *e = *edit;
    e->next = NULL;
    if (r->edits_tail == NULL)
        r->edits_tail = &r->edits;
    *r->edits_tail = e;
    r->edits_tail = &e->next;
}

static int edit(struct ln_fields *fields, enum ln_edit_op op, struct ln_slice name,
                struct ln_slice value)
{
    if (op == LN_EDIT_REMOVE) {
        ln_fields_remove(fields, name);
        return LN_OK;
    }
    bool ok =
        op == LN_EDIT_SET ? ln_fields_set(fields, name, value) : ln_fields_add(fields, name, value);
    return ok ? LN_OK : LN_EINVAL;
}

/* Of a response they may be taken out, and are written anew. A length that nobody writes anew, that
 * of an answer to HEAD, is gone then. */
static int remove_ours(const struct ln_handle *h, enum ln_edit_op op, struct ln_fields *fields,
                       enum ln_field_id id, struct ln_slice name)
{
    if (op != LN_EDIT_REMOVE || h->side != LN_SIDE_RESPONSE)
        return LN_ELIMIT;
    if (fields != NULL && id == LN_FIELD_CONTENT_LENGTH)
        ln_fields_remove(fields, name);
    return LN_OK;
}

/* Has the head that the handle speaks of gone out already? */
static bool is_sent(const struct ln_handle *h, const struct ln_req *r)
{
    return h->side == LN_SIDE_REQUEST ? !ln_req_is_open(r) : r->pieces != 0;
}

static int edit_or_enqueue(const struct ln_handle *h, enum ln_edit_op op, struct ln_slice name,
                           struct ln_slice value)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (is_sent(h, r))
        return LN_ESTATE;
    if (!ln_req_add_header(r, name.n + value.n))
        return LN_EFULL;
    struct ln_fields *fields = fields_of(h, r);
    enum ln_field_id id = ln_field_identify(name.p, name.n);
    if (is_ours(id, h->side))
        return remove_ours(h, op, fields, id, name);
    if (fields != NULL)
        return edit(fields, op, name, value);
    if (!ln_field_name_ok(name) || (op != LN_EDIT_REMOVE && !ln_field_value_ok(value)))
        return LN_EINVAL;
    ln_field_copy(r->arena, &name, &value);
    enqueue(r, &(struct ln_edit){.op = op, .id = id, .name = name, .value = value});
    return LN_OK;
}

int ln_headers_set(const struct ln_handle *h, const char *name, size_t name_len, const char *value,
                   size_t value_len)
{
    return edit_or_enqueue(h, LN_EDIT_SET, ln_slice(name, name_len), ln_slice(value, value_len));
}

/* As tostring() would write it. Whole numbers are most of what headers hold: digits from the right.
 */
static struct ln_slice print_number(char out[32], double value)
{
    char *p = out + 32;

    if (!(value >= 0 && value < 1e15 && value == (double)(uint64_t)value))
        return ln_slice(out, (size_t)snprintf(out, 32, "%.14g", value));
    uint64_t n = (uint64_t)value;
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return ln_slice(p, (size_t)(out + 32 - p));
}

int ln_headers_set_number(const struct ln_handle *h, const char *name, size_t name_len,
                          double value)
{
    char text[32];

    return edit_or_enqueue(h, LN_EDIT_SET, ln_slice(name, name_len), print_number(text, value));
}

int ln_headers_add(const struct ln_handle *h, const char *name, size_t name_len, const char *value,
                   size_t value_len)
{
    return edit_or_enqueue(h, LN_EDIT_ADD, ln_slice(name, name_len), ln_slice(value, value_len));
}

int ln_headers_remove(const struct ln_handle *h, const char *name, size_t name_len)
{
    return edit_or_enqueue(h, LN_EDIT_REMOVE, ln_slice(name, name_len), ln_slice("", 0));
}

/* Whole and not negative, as it is written: "Name: 17", in one block. */
static struct ln_edit number_field(struct ln_arena *arena, struct ln_slice name, double value)
{
    char text[32];
    struct ln_slice n = name, v = print_number(text, value);

    ln_field_copy(arena, &n, &v);
    return (struct ln_edit){
        .op = LN_EDIT_SET, .id = ln_field_identify(n.p, n.n), .name = n, .value = v};
}

static bool is_told(double value)
{
    return value >= 0 && value < 1e15 && value == (double)(uint64_t)value;
}

int ln_headers_tell_limit(const struct ln_handle *h, double most, double left, double reset)
{
    const struct {
        struct ln_slice name;
        double value;
    } told[] = {{LN_SLICE("RateLimit-Limit"), most},
                {LN_SLICE("RateLimit-Remaining"), left},
                {LN_SLICE("RateLimit-Reset"), reset}};
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (!is_told(most) || !is_told(left) || !is_told(reset))
        return LN_EINVAL;
    if (is_sent(h, r))
        return LN_ESTATE;
    if (!ln_req_add_header(r, LN_ARRAY_LEN(told) * 32))
        return LN_EFULL;
    struct ln_fields *fields = fields_of(h, r);
    for (size_t i = 0; i < LN_ARRAY_LEN(told); i++) {
        const struct ln_edit e = number_field(r->arena, told[i].name, told[i].value);

        if (fields != NULL)
            ln_fields_put(fields, e.id, e.name, e.value);
        else
            enqueue(r, &e);
    }
    return LN_OK;
}

static bool list_has(struct ln_slice list, struct ln_slice token)
{
    struct ln_slice element;

    while (ln_slice_next_token(&list, &element)) {
        const char *semicolon = memchr(element.p, ';', element.n);

        if (semicolon != NULL)
            element = ln_slice_trim(ln_slice(element.p, (size_t)(semicolon - element.p)));
        if (ln_slice_caseeq(element, token))
            return true;
    }
    return false;
}

/* In the fields, or in what is queued for them. */
static bool any_has(const struct ln_handle *h, struct ln_req *r, struct ln_slice name,
                    struct ln_slice token)
{
    const struct ln_fields *fields = fields_of(h, r);
    bool found = false;

    for (unsigned i = 0; fields != NULL && i < fields->count; i++) {
        const struct ln_field *f = &fields->v[i];

        if (!f->dropped && ln_slice_caseeq(ln_field_name(f), name) &&
            list_has(ln_field_value(f), token))
            return true;
    }
    for (const struct ln_edit *e = fields == NULL ? r->edits : NULL; e != NULL; e = e->next)
        if (ln_slice_caseeq(e->name, name))
            found = (e->op == LN_EDIT_ADD && found) ||
                    (e->op != LN_EDIT_REMOVE && list_has(e->value, token));
    return found;
}

int ln_headers_has(const struct ln_handle *h, const char *name, size_t name_len, const char *token,
                   size_t token_len)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    return any_has(h, r, ln_slice(name, name_len), ln_slice(token, token_len)) ? LN_OK : LN_NONE;
}

int ln_headers_merge(const struct ln_handle *h, const char *name, size_t name_len,
                     const char *token, size_t token_len)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice n = ln_slice(name, name_len);

    if (r == NULL)
        return LN_EGONE;
    if (any_has(h, r, n, ln_slice(token, token_len)) || any_has(h, r, n, LN_SLICE("*")))
        return LN_OK;
    return edit_or_enqueue(h, LN_EDIT_ADD, n, ln_slice(token, token_len));
}

/* Judged when it is made, so that applying it cannot fail. */
struct ln_edits {
    unsigned count, cap;
    struct ln_edit *v;
};

struct ln_edits *ln_edits_new(void)
{
    return ln_zalloc(sizeof(struct ln_edits));
}

void ln_edits_free(struct ln_edits *e)
{
    for (unsigned i = 0; i < e->count; i++)
        ln_free((char *)e->v[i].name.p);
    ln_free(e->v);
    ln_free(e);
}

int ln_edits_push(struct ln_edits *e, int op, const char *name, size_t name_len, const char *value,
                  size_t value_len)
{
    struct ln_slice n = ln_slice(name, name_len), v = ln_slice(value, value_len);

    if (op < LN_EDIT_SET || op > LN_EDIT_REMOVE || !ln_field_name_ok(n) || !ln_field_value_ok(v))
        return LN_EINVAL;
    enum ln_field_id id = ln_field_identify(name, name_len);
    if (is_ours(id, LN_SIDE_REQUEST))
        return LN_ELIMIT;
    if (e->count == e->cap) {
        e->cap = e->cap > 0 ? e->cap * 2 : 4;
        e->v = ln_realloc(e->v, e->cap * sizeof *e->v);
    }
    char *copy = ln_alloc(name_len + value_len + 2); /* one block, as it is written */
    memcpy(copy, name, name_len);
    memcpy(copy + name_len, ": ", 2);
    if (value_len > 0)
        memcpy(copy + name_len + 2, value, value_len);
    e->v[e->count++] = (struct ln_edit){
        .op = (enum ln_edit_op)op,
        .id = id,
        .name = ln_slice(copy, name_len),
        .value = ln_slice(copy + name_len + 2, value_len),
    };
    return LN_OK;
}

/* The list outlives the request, because the generation does: queued edits may point into it. */
int ln_edits_apply(const struct ln_edits *e, const struct ln_handle *h)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (e == NULL)
        return LN_EINVAL;
    if (is_sent(h, r))
        return LN_ESTATE;
    if (!ln_req_add_header(r, e->count * sizeof(struct ln_edit)))
        return LN_EFULL;
    struct ln_fields *fields = fields_of(h, r);
    for (unsigned i = 0; i < e->count; i++) {
        const struct ln_edit *x = &e->v[i];

        if (fields != NULL && x->op == LN_EDIT_SET)
            ln_fields_put(fields, x->id, x->name, x->value);
        else if (fields != NULL)
            edit(fields, x->op, x->name, x->value);
        else
            enqueue(r, x);
    }
    return LN_OK;
}
