/* SPDX-License-Identifier: Apache-2.0
 * api_req.c - the request as Lua sees it: its line, its client, its parameters.
 */
#include "script/api_inner.h"

#include "http/accept.h"
#include "http/chars.h"
#include "script/client.h"
#include "script/split.h"
#include "script/vm.h"

enum { ID_MAX = 128 };

static struct ln_slice route_name(const struct ln_req *r)
{
    return r->route != NULL ? ln_slice_of(r->route->name) : ln_slice(NULL, 0);
}

static bool text_of(struct ln_req *r, int which, struct ln_slice *s)
{
    switch (which) {
    case LN_REQ_METHOD:
        *s = r->method;
        return true;
    case LN_REQ_PATH:
        *s = r->path;
        return true;
    case LN_REQ_QUERY:
        *s = r->has_query ? r->query : ln_slice(NULL, 0);
        return true;
    case LN_REQ_HOST:
        *s = r->host;
        return true;
    case LN_REQ_CLIENT_ID:
        *s = r->client_id;
        return true;
    case LN_REQ_SCHEME:
        *s = r->scheme;
        return true;
    case LN_REQ_ID:
        *s = r->id;
        return true;
    case LN_REQ_LISTENER:
        *s = r->listener;
        return true;
    case LN_REQ_IP:
        *s = r->ip;
        return true;
    case LN_REQ_NETWORK:
        *s = r->network;
        return true;
    case LN_REQ_PEER:
        *s = r->peer;
        return true;
    case LN_REQ_ROUTE:
        *s = route_name(r);
        return true;
    case LN_REQ_CLIENT_SOURCE:
        *s = r->client_source;
        return true;
    case LN_REQ_CLIENT_KEY:
        *s = ln_client_key(r);
        return true;
    case LN_REQ_AUTHENTICATED:
        *s = r->authenticated;
        return true;
    default:
        return false;
    }
}

int ln_req_text(const struct ln_handle *h, int which, struct ln_str *out)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice s;

    if (r == NULL)
        return LN_EGONE;
    return text_of(r, which, &s) ? ln_str_put(out, s) : LN_EINVAL;
}

/* RFC 9110 section 9.1: a token. The gateway proxies every method but the two that change what a
 * connection is. */
static int set_method(struct ln_req *r, struct ln_slice s)
{
    if (!ln_field_name_ok(s) || ln_slice_eq(s, LN_SLICE("CONNECT")) ||
        ln_slice_eq(s, LN_SLICE("TRACE")))
        return LN_EINVAL;
    r->method = ln_arena_dup(r->arena, s);
    return LN_OK;
}

static int set_path(struct ln_req *r, struct ln_slice s)
{
    struct ln_slice path;

    if (!ln_target_normalise(s, r->arena, &path))
        return LN_EINVAL;
    r->path = ln_arena_dup(r->arena, path);
    r->target_changed = true;
    return LN_OK;
}

static bool query_ok(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ln_chars_is(s.p[i], LN_CHARS_QUERY) && s.p[i] != '%')
            return false;
    }
    return true;
}

static int set_query(struct ln_req *r, struct ln_slice s)
{
    if (!query_ok(s))
        return LN_EINVAL;
    r->has_query = s.p != NULL;
    r->query = r->has_query ? ln_arena_dup(r->arena, s) : s;
    r->target_changed = true;
    return LN_OK;
}

/* It becomes a header field, a part of log lines and of JSON. */
static int set_id(struct ln_req *r, struct ln_slice s)
{
    if (s.n == 0 || s.n > ID_MAX)
        return LN_EINVAL;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
            return LN_EINVAL;
    r->id = ln_arena_dup(r->arena, s);
    return LN_OK;
}

static int set_host(struct ln_req *r, struct ln_slice s)
{
    if (!ln_authority_ok(s))
        return LN_EINVAL;
    r->host = ln_arena_dup(r->arena, s);
    r->host_changed = true;
    return LN_OK;
}

int ln_req_set_text(const struct ln_handle *h, int which, const char *ptr, size_t len)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice s = ln_slice(ptr, len);

    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_has_room(r, 2 * len))
        return LN_EFULL;
    if (which == LN_REQ_CLIENT_ID && !r->asked) {
        ln_client_assign(r, LN_SLICE("plugin"), ln_arena_dup(r->arena, s));
        return LN_OK;
    }
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    switch (which) {
    case LN_REQ_METHOD:
        return set_method(r, s);
    case LN_REQ_PATH:
        return set_path(r, s);
    case LN_REQ_QUERY:
        return set_query(r, s);
    case LN_REQ_HOST:
        return set_host(r, s);
    case LN_REQ_ID:
        return set_id(r, s);
    default:
        return LN_EINVAL;
    }
}

int ln_req_number(const struct ln_handle *h, int which, double *out)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    switch (which) {
    case LN_REQ_PORT:
        *out = r->port;
        return LN_OK;
    case LN_REQ_PEER_PORT:
        *out = r->peer_port;
        return LN_OK;
    case LN_REQ_STARTED:
        *out = (double)r->started_wall / 1e9;
        return LN_OK;
    case LN_REQ_VERSION_MINOR:
        *out = r->minor;
        return LN_OK;
    case LN_REQ_SERVICE:
        if (!r->asked)
            ln_split_settle(r);
        *out = r->service;
        return LN_OK;
    case LN_REQ_LENGTH:
        if (r->length == LN_LENGTH_UNKNOWN)
            return LN_NONE;
        *out = (double)r->length;
        return LN_OK;
    case LN_REQ_PRIORITY:
        *out = r->priority;
        return r->priority > 0 ? LN_OK : LN_NONE;
    case LN_REQ_CHAIN:
        *out = r->route != NULL ? r->route->chain : 0;
        return *out > 0 ? LN_OK : LN_NONE;
    default:
        return LN_EINVAL;
    }
}

int ln_req_takes_coding(const struct ln_handle *h, const char *coding, size_t len)
{
    struct ln_req *r = ln_handle_req(h);
    struct ln_slice list = LN_SLICE("");

    if (r == NULL)
        return LN_EGONE;
    for (unsigned i = 0; i < r->fields->count; i++) {
        const struct ln_field *f = &r->fields->v[i];

        if (f->dropped || !ln_slice_caseeq(ln_field_name(f), LN_SLICE("accept-encoding")))
            continue;
        list = list.n == 0 ? ln_field_value(f)
                           : ln_arena_printf(r->arena, "%.*s,%.*s", (int)list.n, list.p,
                                             (int)f->value_len, f->value);
    }
    return ln_accept_takes_coding(list, ln_slice(coding, len)) ? LN_OK : LN_NONE;
}

int ln_req_limit_body(const struct ln_handle *h, double most)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    if (!(most >= 1 && most <= 9007199254740992.0))
        return LN_EINVAL;
    if (!r->body_limited || (uint64_t)most < r->body_most)
        r->body_most = (uint64_t)most;
    r->body_limited = true;
    return r->length != LN_LENGTH_UNKNOWN && r->length > r->body_most ? LN_ELIMIT : LN_OK;
}

int ln_req_set_service(const struct ln_handle *h, int index)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    if (index < 0)
        return LN_EINVAL;
    r->service = index;
    return LN_OK;
}

int ln_req_set_priority(const struct ln_handle *h, unsigned priority)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (!ln_req_is_open(r))
        return LN_ESTATE;
    if (priority > LN_PRIORITIES)
        return LN_EINVAL;
    r->priority = priority;
    return LN_OK;
}

int ln_req_param(const struct ln_handle *h, const char *name, size_t len, struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    for (unsigned i = 0; i < r->param_count; i++) {
        if (ln_slice_eq(r->params[i].name, ln_slice(name, len)))
            return ln_str_put(value, r->params[i].value);
    }
    return LN_NONE;
}

int ln_req_param_at(const struct ln_handle *h, unsigned index, struct ln_str *name,
                    struct ln_str *value)
{
    struct ln_req *r = ln_handle_req(h);

    if (r == NULL)
        return LN_EGONE;
    if (index >= r->param_count)
        return LN_NONE;
    ln_str_put(name, r->params[index].name);
    return ln_str_put(value, r->params[index].value);
}
