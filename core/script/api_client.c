/* SPDX-License-Identifier: Apache-2.0
 * api_client.c - who the client is, for Lua: consumers, and what plugins have proved.
 */
#include "script/api_inner.h"
#include "script/client.h"
#include "script/vm_inner.h"

static struct ln_vm *vm_of(struct ln_cur *cur)
{
    return ln_container_of(cur, struct ln_vm, cur);
}

/* Lua has looked at the handle already. */
static struct ln_req *req_of(struct ln_cur *cur)
{
    return ln_handle_req(&cur->request);
}

int ln_consumer_by_key(struct ln_cur *cur, const char *key, size_t len, struct ln_str *name)
{
    struct ln_consumers *t = vm_of(cur)->consumers;
    const struct ln_consumer *c = t != NULL ? ln_consumers_by_key(t, ln_slice(key, len)) : NULL;

    return c != NULL ? ln_str_put(name, ln_consumer_name(t, c)) : LN_NONE;
}

int ln_consumer_by_name(struct ln_cur *cur, const char *name, size_t len)
{
    struct ln_consumers *t = vm_of(cur)->consumers;

    if (t == NULL)
        return LN_ESTATE;
    return ln_consumers_by_name(t, ln_slice(name, len)) != NULL ? LN_OK : LN_NONE;
}

/* ---- what was proved ---- */

static int may_change(const struct ln_req *r, size_t bytes)
{
    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    return ln_req_has_room(r, bytes) ? LN_OK : LN_EFULL;
}

int ln_client_is(struct ln_cur *cur, const char *consumer, size_t len, const char *method,
                 size_t method_len)
{
    struct ln_vm *vm = vm_of(cur);
    struct ln_req *r = req_of(cur);
    int rc = may_change(r, method_len);

    if (rc != LN_OK)
        return rc;
    const struct ln_consumer *c =
        vm->consumers != NULL ? ln_consumers_by_name(vm->consumers, ln_slice(consumer, len)) : NULL;

    if (c == NULL)
        return LN_NONE;
    r->consumer = c;
    r->groups = NULL;
    if (method == NULL)
        return LN_OK;
    r->authenticated = ln_arena_dup(r->arena, ln_slice(method, method_len));
    ln_client_claim(r, ln_client_rank(vm), LN_SLICE("consumer"),
                    ln_consumer_name(vm->consumers, c));
    return LN_OK;
}

int ln_client_is_other(struct ln_cur *cur, const char *id, size_t len, const char *method,
                       size_t method_len)
{
    struct ln_req *r = req_of(cur);
    int rc = may_change(r, len + method_len);

    if (rc != LN_OK)
        return rc;
    r->consumer = NULL;
    r->groups = NULL;
    r->authenticated = ln_arena_dup(r->arena, ln_slice(method, method_len));
    ln_client_claim(r, ln_client_rank(vm_of(cur)), r->authenticated,
                    ln_arena_dup(r->arena, ln_slice(id, len)));
    return LN_OK;
}

int ln_client_add_group(struct ln_cur *cur, const char *group, size_t len)
{
    struct ln_req *r = req_of(cur);
    int rc = may_change(r, len + sizeof(struct ln_group));

    if (rc != LN_OK)
        return rc;
    struct ln_group *g = ln_arena_alloc(r->arena, sizeof *g), **at = &r->groups;

    *g = (struct ln_group){.name = ln_arena_dup(r->arena, ln_slice(group, len))};
    while (*at != NULL)
        at = &(*at)->next;
    *at = g;
    return LN_OK;
}

int ln_client_claims(struct ln_cur *cur, int source, const char *id, size_t len)
{
    const struct ln_identity_conf *conf = vm_of(cur)->identity;
    struct ln_req *r = req_of(cur);
    int rc = may_change(r, len);

    if (rc != LN_OK)
        return rc;
    if (conf == NULL || source < 0 || source >= (int)conf->from_count)
        return LN_EINVAL;
    ln_client_claim(r, source, ln_slice_of(conf->from[source].text),
                    ln_arena_dup(r->arena, ln_slice(id, len)));
    return LN_OK;
}

/* ---- what is known ---- */

static struct ln_slice group_at(const struct ln_vm *vm, const struct ln_req *r, unsigned index)
{
    const struct ln_group *g = r->groups;

    if (r->consumer != NULL)
        return ln_consumer_group(vm->consumers, r->consumer, index);
    while (g != NULL && index-- > 0)
        g = g->next;
    return g != NULL ? g->name : ln_slice(NULL, 0);
}

int ln_client_group(struct ln_cur *cur, int index, struct ln_str *out)
{
    const struct ln_req *r = req_of(cur);

    if (r == NULL)
        return LN_EGONE;
    return index < 0 ? LN_NONE : ln_str_put(out, group_at(vm_of(cur), r, (unsigned)index));
}

int ln_client_in_group(struct ln_cur *cur, const char *group, size_t len)
{
    const struct ln_req *r = req_of(cur);
    struct ln_slice g;

    if (r == NULL)
        return LN_EGONE;
    for (unsigned i = 0; (g = group_at(vm_of(cur), r, i)).p != NULL; i++)
        if (ln_slice_eq(g, ln_slice(group, len)))
            return LN_OK;
    return LN_NONE;
}

/* A comma would make two groups of one, and what is no value of a header cannot be told at all. */
static bool can_be_listed(struct ln_slice group)
{
    return group.n > 0 && memchr(group.p, ',', group.n) == NULL && ln_field_value_ok(group);
}

int ln_client_groups(struct ln_cur *cur, struct ln_str *out)
{
    const struct ln_req *r = req_of(cur);
    struct ln_text *text = &vm_of(cur)->escaped;
    struct ln_slice g;

    if (r == NULL)
        return LN_EGONE;
    text->n = 0;
    for (unsigned i = 0; (g = group_at(vm_of(cur), r, i)).p != NULL; i++) {
        if (!can_be_listed(g))
            continue;
        if (text->n > 0)
            ln_text_add(text, ",", 1);
        ln_text_add(text, g.p, g.n);
    }
    return text->n > 0 ? ln_str_put(out, ln_slice(text->p, text->n)) : LN_NONE;
}

int ln_client_consumer(struct ln_cur *cur, struct ln_str *out)
{
    const struct ln_req *r = req_of(cur);

    if (r == NULL)
        return LN_EGONE;
    if (r->consumer == NULL)
        return LN_NONE;
    return ln_str_put(out, ln_consumer_name(vm_of(cur)->consumers, r->consumer));
}

int ln_client_datum(struct ln_cur *cur, int index, struct ln_str *name, struct ln_str *value)
{
    const struct ln_req *r = req_of(cur);
    struct ln_slice n, v;

    if (r == NULL)
        return LN_EGONE;
    if (r->consumer == NULL || index < 0 ||
        !ln_consumer_datum(vm_of(cur)->consumers, r->consumer, (unsigned)index, &n, &v))
        return LN_NONE;
    ln_str_put(name, n);
    return ln_str_put(value, v);
}

static void put_limits(const struct ln_consumer *c, struct ln_allowed *out)
{
    struct ln_consumer_limits limits;

    ln_consumer_limits(c, &limits);
    out->count = (double)limits.count;
    out->per = (double)limits.per / 1000;
    out->burst = limits.burst;
}

int ln_consumer_limits_at(struct ln_cur *cur, int index, struct ln_str *name,
                          struct ln_allowed *out)
{
    const struct ln_consumers *t = vm_of(cur)->consumers;
    const struct ln_consumer *c = t != NULL ? ln_consumers_at(t, (unsigned)index) : NULL;

    if (c == NULL)
        return LN_NONE;
    put_limits(c, out);
    return ln_str_put(name, ln_consumer_name(t, c));
}

int ln_client_limits(struct ln_cur *cur, struct ln_allowed *out)
{
    const struct ln_req *r = req_of(cur);

    if (r == NULL)
        return LN_EGONE;
    if (r->consumer == NULL)
        return LN_NONE;
    put_limits(r->consumer, out);
    return out->count > 0 || out->burst > 0 ? LN_OK : LN_NONE;
}

/* ---- who is counted ---- */

static struct ln_slice counted_header(struct ln_vm *vm, struct ln_req *r, struct ln_slice name,
                                      struct ln_slice mark)
{
    const struct ln_field *f = ln_fields_get(r->fields, name);
    struct ln_text *text = &vm->escaped;

    if (f == NULL || f->value_len == 0)
        return ln_client_key(r);
    text->n = 0;
    ln_text_add(text, mark.p, mark.n);
    ln_text_add(text, f->value, f->value_len);
    return ln_slice(text->p, text->n);
}

int ln_client_counted(struct ln_cur *cur, int by, const char *name, size_t name_len,
                      const char *mark, size_t mark_len, struct ln_str *key)
{
    struct ln_req *r = req_of(cur);

    if (r == NULL)
        return LN_EGONE;
    switch ((enum ln_counted)by) {
    case LN_COUNTED_CLIENT:
        return ln_str_put(key, ln_client_key(r));
    case LN_COUNTED_NETWORK:
        return ln_str_put(key, r->network);
    case LN_COUNTED_HEADER:
        return ln_str_put(
            key, counted_header(vm_of(cur), r, ln_slice(name, name_len), ln_slice(mark, mark_len)));
    }
    return LN_EINVAL;
}
