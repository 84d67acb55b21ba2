/* SPDX-License-Identifier: Apache-2.0
 * api_http.c - requests that plugins make: filled from Lua, sent by upstream/client.c while the
 * coroutine waits.
 *
 * Owner: Lua, through a finalizer; what is large is let go as soon as nobody waits any more.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "http/target.h"
#include "script/api_inner.h"
#include "script/vm_inner.h"
#include "upstream/client.h"

struct ln_http {
    struct ln_op op;
    struct ln_vm *vm;
    struct ln_arena arena; /* what is sent */
    struct ln_fields fields;
    struct ln_client_call call;
    const char *why; /* it cannot be sent */
};

struct ln_http *ln_http_new(struct ln_cur *cur, const char *method, size_t len)
{
    struct ln_http *h;

    /* A token, as names of fields are. What CONNECT begins is no response (RFC 9110 section 9.3.6).
     */
    if (!ln_field_name_ok(ln_slice(method, len)) || len > 32 ||
        ln_slice_eq(ln_slice(method, len), LN_SLICE("CONNECT")))
        return NULL;
    h = ln_zalloc(sizeof *h);
    h->vm = ln_container_of(cur, struct ln_vm, cur);
    ln_arena_init(&h->arena, NULL);
    ln_fields_init(&h->fields, &h->arena);
    h->call.method = ln_arena_dup(&h->arena, ln_slice(method, len));
    h->call.fields = &h->fields;
    return h;
}

static void on_cancel(struct ln_op *op)
{
    struct ln_http *h = ln_container_of(op, struct ln_http, op);

    ln_client_stop(&h->call);
    ln_arena_reset(&h->arena);
}

void ln_http_free(struct ln_http *h)
{
    if (h == NULL)
        return;
    ln_client_stop(&h->call);
    ln_arena_reset(&h->arena);
    ln_free(h);
}

static int judged(struct ln_http *h, const char *why)
{
    h->why = why;
    return why == NULL ? LN_OK : LN_EINVAL;
}

int ln_http_url(struct ln_http *h, const char *url, size_t len)
{
    return judged(h, ln_client_url(&h->call, ln_slice(url, len), &h->arena));
}

/* In unit specs there are no services, only their names. */
int ln_http_service(struct ln_http *h, int index, const char *path, size_t len)
{
    const struct ln_services *all = h->vm->services;

    if (h->vm->env.loop != NULL && (all == NULL || index < 0 || (unsigned)index >= all->count))
        return judged(h, "there is no such service");
    if (all != NULL)
        h->call.service = &all->v[index];
    return judged(
        h, ln_client_target(&h->call, ln_arena_dup(&h->arena, ln_slice(path, len)), &h->arena));
}

int ln_http_unix(struct ln_http *h, const char *path, size_t len)
{
    struct ln_addr addr;

    if (!ln_addr_unix(ln_slice(path, len), &addr) || len == 0)
        return judged(h, "unix: expected the path of a socket, at most 107 bytes");
    h->call.unix_path = ln_arena_dup(&h->arena, ln_slice(path, len));
    return LN_OK;
}

int ln_http_add(struct ln_http *h, const char *name, size_t name_len, const char *value,
                size_t value_len)
{
    bool ok = ln_fields_add(&h->fields, ln_slice(name, name_len), ln_slice(value, value_len));
    const struct ln_field *f = ok ? &h->fields.v[h->fields.count - 1] : NULL;

    /* RFC 9110 section 7.2: one Host, and a well-formed one. */
    if (ok && f->id == LN_FIELD_HOST &&
        (ln_fields_find(&h->fields, LN_FIELD_HOST) != f || !ln_authority_ok(ln_field_value(f))))
        return LN_EINVAL;
    return ok ? LN_OK : LN_EINVAL;
}

int ln_http_has(struct ln_http *h, const char *name, size_t len)
{
    return ln_fields_get(&h->fields, ln_slice(name, len)) != NULL ? LN_OK : LN_NONE;
}

int ln_http_body(struct ln_http *h, const char *ptr, size_t len)
{
    h->call.body = ln_arena_dup(&h->arena, ln_slice(ptr, len));
    h->call.has_body = true;
    return LN_OK;
}

static void on_end(struct ln_client_call *c)
{
    ln_op_done(&ln_container_of(c, struct ln_http, call)->op);
}

/* What the service writes into its log can be found in ours by the same id. */
static void add_request_id(struct ln_http *h)
{
    const struct ln_vm *vm = h->vm;

    if (vm->cur.req != NULL && vm->id_header.n > 0 &&
        ln_fields_get(&h->fields, vm->id_header) == NULL)
        ln_fields_add(&h->fields, vm->id_header, vm->cur.req->id);
}

int ln_http_start(struct ln_http *h, double seconds, double most)
{
    if (h->vm->env.client == NULL || h->call.client != NULL)
        return LN_ESTATE;
    if (!(seconds > 0 && seconds <= 86400) || !(most >= 0 && most <= 9007199254740992.0))
        return LN_EINVAL;
    int rc = ln_op_begin(h->vm, &h->op, on_cancel);

    if (rc != LN_WAIT)
        return rc;
    add_request_id(h);
    h->call.timeout = seconds < 0.001 ? 1 : (ln_msec)(seconds * 1000);
    h->call.most = (uint64_t)most;
    h->call.on_end = on_end;
    ln_client_start(h->vm->env.client, &h->call);
    return LN_WAIT;
}

/* Also of a response whose content could not be had: then there is an error, too. */
int ln_http_status(struct ln_http *h)
{
    return h->why == NULL && h->call.got_head ? h->call.head.status : 0;
}

int ln_http_content(struct ln_http *h, struct ln_str *out)
{
    return ln_str_put(out, h->call.content.n > 0 ? h->call.content : LN_SLICE(""));
}

int ln_http_next(struct ln_http *h, uint32_t *at, struct ln_str *name, struct ln_str *value)
{
    const struct ln_fields *f = &h->call.head.fields;

    while (*at < f->count) {
        const struct ln_field *field = &f->v[(*at)++];

        if (field->dropped)
            continue;
        ln_str_put(name, ln_field_name(field));
        return ln_str_put(value, ln_field_value(field));
    }
    return LN_NONE;
}

int ln_http_error(struct ln_http *h, struct ln_str *out)
{
    const char *why = h->why != NULL ? h->why : h->call.error;

    return ln_str_put(out, ln_slice_of(why)); /* NULL: none */
}
