/* SPDX-License-Identifier: Apache-2.0
 * client_url.c - where a request of our own goes: URLs and targets, judged.
 */
#include "upstream/client.h"

#include "http/target.h"

static struct ln_slice whole_target(const struct ln_target *t, struct ln_arena *arena)
{
    if (t->query.p == NULL)
        return t->path;
    return ln_arena_printf(arena, "%.*s?%.*s", (int)t->path.n, t->path.p, (int)t->query.n,
                           t->query.p);
}

const char *ln_client_target(struct ln_client_call *c, struct ln_slice target,
                             struct ln_arena *arena)
{
    struct ln_target t;

    if (target.n == 0 || target.p[0] != '/')
        return "expected a path that begins with /";
    enum ln_reject why = ln_target_parse(&t, target, LN_METHOD_GET, arena);

    if (why != LN_REJECT_NONE)
        return ln_reject_row(why)->sentence;
    c->target = whole_target(&t, arena);
    return NULL;
}

static bool cut_port(struct ln_slice authority, struct ln_slice host, uint16_t *port)
{
    uint64_t number = 80;
    struct ln_slice text = ln_slice(authority.p + host.n, authority.n - host.n);

    if (text.n > 1 && (!ln_slice_to_u64(ln_slice(text.p + 1, text.n - 1), &number) || number < 1 ||
                       number > 65535))
        return false;
    *port = (uint16_t)number;
    return true;
}

const char *ln_client_url(struct ln_client_call *c, struct ln_slice url, struct ln_arena *arena)
{
    struct ln_target t;

    if (url.n >= 6 && ln_slice_caseeq(ln_slice(url.p, 6), LN_SLICE("https:")))
        return "https is not supported by this version: only http:// is";
    if (url.n < 8 || !ln_slice_caseeq(ln_slice(url.p, 7), LN_SLICE("http://")))
        return "expected a URL such as http://host:8080/path";
    enum ln_reject why = ln_target_parse(&t, ln_arena_dup(arena, url), LN_METHOD_GET, arena);

    if (why != LN_REJECT_NONE)
        return ln_reject_row(why)->sentence;
    c->authority = t.authority;
    c->host = ln_authority_host(t.authority);
    if (c->host.n == 0 || !cut_port(t.authority, c->host, &c->port))
        return "expected a host, and a port from 1 to 65535, in the URL";
    c->target = whole_target(&t, arena);
    return NULL;
}
