/* SPDX-License-Identifier: Apache-2.0
 * url.c - cuts an instance's URL into its parts (RFC 3986 section 3, only what reaches an instance
 * over HTTP).
 */
#include "conf/url.h"

#include <arpa/inet.h>

#include "conf/node.h"
#include "conf/value.h"

#define EXPECTED "expected a URL such as http://host:8080"

struct parts {
    struct ln_slice host, port, base;
    bool v6;
};

static bool is_name_char(char c)
{
    char low = ln_lower(c);

    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* Names are not judged more closely than this: the resolver does that. */
static bool is_host_name(struct ln_slice host)
{
    for (size_t i = 0; i < host.n; i++)
        if (!is_name_char(host.p[i]))
            return false;
    return host.n > 0 && host.n <= 253 && host.p[0] != '.' && host.p[0] != '-';
}

static bool is_v6(struct ln_slice host)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr ip;

    if (host.n >= sizeof copy)
        return false;
    memcpy(copy, host.p, host.n);
    copy[host.n] = '\0';
    return inet_pton(AF_INET6, copy, &ip) == 1;
}

static bool cut_authority(struct ln_slice authority, struct parts *parts)
{
    const char *end = authority.p + authority.n, *colon;

    if (authority.n > 0 && authority.p[0] == '[') {
        const char *bracket = memchr(authority.p, ']', authority.n);

        if (bracket == NULL)
            return false;
        parts->v6 = true;
        parts->host = ln_slice(authority.p + 1, (size_t)(bracket - authority.p) - 1);
        colon = bracket + 1;
        if (colon < end && *colon != ':')
            return false;
    } else {
        colon = authority.n > 0 ? memchr(authority.p, ':', authority.n) : NULL;
        if (colon == NULL)
            colon = end;
        parts->host = ln_slice(authority.p, (size_t)(colon - authority.p));
    }
    if (colon < end) {
        parts->port = ln_slice(colon + 1, (size_t)(end - colon) - 1);
        return parts->port.n > 0;
    }
    return true;
}

/* Parts of the path may be percent-encoded: it is sent, not matched. */
static bool is_base(struct ln_slice base)
{
    static const char extra[] = "/-._~!$&'()*+,;=:@%";

    for (size_t i = 0; i < base.n; i++) {
        char c = ln_lower(base.p[i]);

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            memchr(extra, c, sizeof extra - 1) == NULL)
            return false;
        if (c == '%' && (i + 2 >= base.n || !strchr("0123456789abcdef", ln_lower(base.p[i + 1])) ||
                         !strchr("0123456789abcdef", ln_lower(base.p[i + 2]))))
            return false;
    }
    return true;
}

static int wrong(struct ln_slice text, struct ln_err *err)
{
    struct ln_node node = {.kind = LN_NODE_SCALAR, .text = text};
    struct parts parts = {.v6 = false};
    char shown[LN_NODE_SHOWN];

    ln_node_show(&node, shown);
    /* "localhost:8081" is what people write first. */
    if (memchr(text.p, '/', text.n) == NULL && cut_authority(text, &parts) &&
        is_host_name(parts.host) && parts.port.n > 0 && text.n < 60)
        return ln_fail(err, LN_E_CONF, "got %s, " EXPECTED "; did you mean \"http://%s\"?", shown,
                       text.p);
    return ln_fail(err, LN_E_CONF, "got %s, " EXPECTED, shown);
}

static int refuse_scheme(struct ln_slice text, struct ln_err *err)
{
    if (text.n >= 6 && ln_slice_caseeq(ln_slice(text.p, 6), LN_SLICE("https:")))
        return ln_fail(err, LN_E_CONF,
                       "TLS to upstreams is not supported by this version, " EXPECTED);
    if (memchr(text.p, '@', text.n) != NULL) /* perhaps a password: not shown */
        return ln_fail(err, LN_E_CONF, "credentials in a URL are not supported, " EXPECTED);
    return wrong(text, err);
}

static void fill(struct ln_arena *a, const struct parts *parts, unsigned port,
                 struct ln_instance_conf *out)
{
    const char *left = parts->v6 ? "[" : "", *right = parts->v6 ? "]" : "";
    struct ln_slice host = ln_arena_dup(a, parts->host);

    for (size_t i = 0; i < host.n; i++)
        ((char *)host.p)[i] = ln_lower(host.p[i]); /* our own copy */
    out->host = host.p;
    out->port = port;
    out->base = ln_arena_dup(a, parts->base).p;
    out->url = ln_arena_printf(a, "http://%s%s%s:%u%s", left, host.p, right, port, out->base).p;
    if (port == 80)
        out->authority = ln_arena_printf(a, "%s%s%s", left, host.p, right).p;
    else
        out->authority = ln_arena_printf(a, "%s%s%s:%u", left, host.p, right, port).p;
    out->origin = out->authority;
}

void ln_url_for_services(struct ln_arena *a, struct ln_instance_conf *i)
{
    const char *domain = i->host, *dot;

    while (domain[0] == '_' && (dot = strchr(domain, '.')) != NULL && dot[1] != '\0')
        domain = dot + 1;
    i->port = 0;
    i->url = ln_arena_printf(a, "http://%s%s", i->host, i->base).p;
    i->origin = i->authority = ln_arena_dup(a, ln_slice_of(domain)).p;
}

/* No host that a Host header could name: "localhost" is what others send too. */
static int parse_unix(struct ln_arena *a, struct ln_slice path, struct ln_instance_conf *out,
                      struct ln_err *err)
{
    struct ln_addr addr;

    if (path.n == 0)
        return ln_fail(err, LN_E_CONF,
                       "no path behind unix:, expected one such as unix:/run/x.sock");
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f)
            return ln_fail(err, LN_E_CONF,
                           "control characters in the path of the socket, expected "
                           "one such as unix:/run/x.sock");
    if (!ln_addr_unix(path, &addr))
        return ln_fail(err, LN_E_CONF,
                       "the path of the socket is too long, expected at most 107 bytes");
    out->unix_path = ln_arena_dup(a, path).p;
    out->url = ln_arena_printf(a, "unix:%s", out->unix_path).p;
    out->host = out->base = "";
    out->origin = out->authority = "localhost";
    out->port = 0;
    return 0;
}

int ln_url_parse(struct ln_arena *a, struct ln_slice text, struct ln_instance_conf *out,
                 struct ln_err *err)
{
    struct parts parts = {.v6 = false};
    uint64_t port = 80;

    if (text.n == 0)
        return ln_fail(err, LN_E_CONF, "got \"\", " EXPECTED);
    if (ln_slice_has_prefix(text, LN_SLICE("unix:")))
        return parse_unix(a, ln_slice(text.p + 5, text.n - 5), out, err);
    if (text.n < 7 || !ln_slice_caseeq(ln_slice(text.p, 7), LN_SLICE("http://")))
        return refuse_scheme(text, err);

    struct ln_slice rest = ln_slice(text.p + 7, text.n - 7);
    const char *slash = rest.n > 0 ? memchr(rest.p, '/', rest.n) : NULL;
    struct ln_slice authority = slash != NULL ? ln_slice(rest.p, (size_t)(slash - rest.p)) : rest;

    if (rest.n > 0 && memchr(rest.p, '@', authority.n) != NULL)
        return ln_fail(err, LN_E_CONF, "credentials in a URL are not supported, " EXPECTED);
    if (rest.n > 0 && (memchr(rest.p, '?', rest.n) != NULL || memchr(rest.p, '#', rest.n) != NULL))
        return ln_fail(err, LN_E_CONF, "a query or fragment in the URL of an instance, " EXPECTED);
    if (slash != NULL)
        parts.base = ln_slice(slash, rest.n - authority.n);
    while (parts.base.n > 0 && parts.base.p[parts.base.n - 1] == '/')
        parts.base.n--;
    if (!cut_authority(authority, &parts) || !is_base(parts.base) ||
        !(parts.v6 ? is_v6(parts.host) : is_host_name(parts.host)))
        return wrong(text, err);
    if (parts.port.n > 0 && (!ln_slice_to_u64(parts.port, &port) || port < 1 || port > 65535))
        return ln_fail(err, LN_E_CONF, "port \"%.*s\" is out of range, expected 1 to 65535",
                       (int)(parts.port.n < 20 ? parts.port.n : 20), parts.port.p);
    fill(a, &parts, (unsigned)port, out);
    return 0;
}
