/* SPDX-License-Identifier: Apache-2.0
 * rows_gateway.c - gateway: listeners, timeouts, limits, identity, headers, log.
 */
#include <stdio.h>

#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_gateway_conf, field)

/* ---- addresses that we listen on ---- */

static void expect_listen(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "an address such as \":8080\", \"127.0.0.1:8080\", \"[::1]:8080\" or "
                      "\"unix:run/gw.sock\", with a port from 0 to 65535");
}

/* The path of a unix socket is relative to the file's folder, like every path. */
static bool parse_listen(struct ln_reader *r, struct ln_slice text, struct ln_addr *addr)
{
    struct ln_slice full = text;

    if (ln_slice_has_prefix(text, LN_SLICE("unix:")) && text.n > 5)
        full = ln_arena_printf(&r->conf->arena, "unix:%s",
                               ln_row_path(r, ln_slice(text.p + 5, text.n - 5)));
    return ln_addr_parse_listen(full, addr);
}

static bool read_listen(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        struct ln_addr *addr)
{
    uint64_t port;

    if (n->kind == LN_NODE_SCALAR && parse_listen(r, n->text, addr))
        return true;
    if (n->kind == LN_NODE_SCALAR && ln_slice_to_u64(n->text, &port) && port <= 65535)
        ln_row_error(r, &n->place, "got \"%s\", expected an address; did you mean \":%s\"?",
                     n->text.p, n->text.p);
    else if (n->kind == LN_NODE_SCALAR && n->text.n > 5 &&
             ln_slice_has_prefix(n->text, LN_SLICE("unix:")))
        ln_row_error(r, &n->place,
                     "the path of the socket is too long, expected at most 107 bytes");
    else
        ln_row_refuse(r, row, n);
    return false;
}

static void set_listen(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    read_listen(r, row, n, field);
}

static const struct ln_row_type type_listen = {"address", set_listen, expect_listen};

/* Room for `more` listeners behind those that are there. */
static struct ln_listener_conf *grow_listeners(struct ln_reader *r, unsigned more)
{
    struct ln_gateway_conf *g = &r->conf->gateway;
    struct ln_listener_conf *all =
        ln_arena_zalloc(&r->conf->arena, (g->listener_count + more + 1) * sizeof *all);

    if (g->listener_count > 0)
        memcpy(all, g->listeners, g->listener_count * sizeof *all);
    g->listeners = all;
    return all + g->listener_count;
}

#define LISTENER(field) offsetof(struct ln_listener_conf, field)

static const char *const proxies[] = {
    [LN_PROXY_OFF] = "off", [LN_PROXY_ON] = "on", [LN_PROXY_REQUIRE] = "require", NULL};

/* clang-format off */
static const struct ln_row listener_rows[] = {
    {"name", &ln_type_name, LISTENER(name), NULL, {0},
     "What the listener is called in logs and routes."},
    {"listen", &type_listen, LISTENER(addr), NULL, {0},
     "Where it accepts; `:8080` means all addresses, IPv4 and IPv6."},
    {"proxyProtocol", &ln_type_word, LISTENER(proxy), "off", LN_WORDS(proxies),
     "A PROXY header (version 1 or 2) names the client: `on` takes one from `trustedProxies`, `require` closes connections that are not from them or begin without one."},
    {"backlog", &ln_type_unsigned, LISTENER(backlog), "4096", LN_RANGE(1, 65535),
     "Connections that may wait to be accepted, for each worker; the kernel's own bound holds too."},
    {"rateLimit", &ln_type_switch, LISTENER(rate_limit), "on", {0},
     "Whether the top-level `rateLimit` counts here."},
    {0},
};
/* clang-format on */
static const struct ln_block listener_block = {.rows = listener_rows};
static const struct ln_block short_block = {.rows = listener_rows + 2}; /* all but name, listen */

static void set_port(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    struct ln_listener_conf *l = grow_listeners(r, 1);

    (void)field;
    *l = (struct ln_listener_conf){.name = "main", .place = n->place};
    ln_row_read(r, &short_block, NULL, l);
    if (read_listen(r, row, n, &l->addr))
        r->conf->gateway.listener_count++;
}

static const struct ln_row_type type_port = {"address", set_port, expect_listen};

static void add_listener(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                         unsigned index, void *arg)
{
    struct ln_listener_conf *all = arg;

    all[index].place = item->place;
    ln_row_read(r, row->range.block, item, &all[index]);
}

static void set_listeners(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                          void *field)
{
    struct ln_listener_conf *new = grow_listeners(r, ln_row_count(n));
    int count = ln_row_items(r, row, n, add_listener, new);

    (void)field;
    if (count > 0)
        r->conf->gateway.listener_count += (unsigned)count;
}

static void expect_listeners(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a list of listeners, each with name and listen");
}

static const struct ln_row_type type_listeners = {"list", set_listeners, expect_listeners};

/* ---- single values ---- */

static void set_workers(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    if (n->kind == LN_NODE_SCALAR && ln_slice_eq(n->text, LN_SLICE("auto")))
        *(unsigned *)field = 0;
    else
        ln_type_unsigned.set(r, row, n, field);
}

static void expect_workers(const struct ln_row *row, struct ln_text *out)
{
    ln_text_puts(out, "auto, or ");
    ln_type_unsigned.expect(row, out);
}

static const struct ln_row_type type_workers = {"number or auto", set_workers, expect_workers};

static bool is_user(struct ln_slice s)
{
    return s.n == 0 || (ln_value_is_name(s) && s.n <= 32) ||
           (s.p[0] == '_' && ln_value_is_name(ln_slice(s.p + 1, s.n - 1)));
}

static void set_user(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    if (n->kind == LN_NODE_SCALAR && is_user(n->text))
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_user(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "the name of a user, or \"\"");
}

static const struct ln_row_type type_user = {"name", set_user, expect_user};

static void set_log_file(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                         void *field)
{
    if (n->kind != LN_NODE_SCALAR || n->text.n == 0)
        ln_row_refuse(r, row, n);
    else if (ln_slice_eq(n->text, LN_SLICE("stderr")))
        *(const char **)field = "stderr";
    else
        *(const char **)field = ln_row_path(r, n->text);
}

static void expect_log_file(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "stderr, or a file");
}

static const struct ln_row_type type_log_file = {"path", set_log_file, expect_log_file};

/* ---- trusted proxies ---- */

static void add_proxy(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                      unsigned index, void *arg)
{
    struct ln_gateway_conf *g = arg;

    (void)index;
    if (item->kind == LN_NODE_SCALAR && ln_slice_eq(item->text, LN_SLICE("unix:")))
        g->trusts_unix = true;
    else if (item->kind == LN_NODE_SCALAR &&
             ln_cidr_parse(item->text, &g->trusted_proxies[g->trusted_count]))
        g->trusted_count++;
    else
        ln_row_refuse(r, row, item);
}

static void set_proxies(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    struct ln_gateway_conf *g = &r->conf->gateway;

    *(struct ln_cidr **)field =
        ln_arena_zalloc(&r->conf->arena, (ln_row_count(n) + 1) * sizeof(struct ln_cidr));
    ln_row_items(r, row, n, add_proxy, g);
}

static void expect_proxies(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "an address or range such as 10.0.0.0/8 or ::1, unix:, or a list of them");
}

static const struct ln_row_type type_proxies = {"list of ranges", set_proxies, expect_proxies};

/* ---- identity ---- */

static bool parse_source(struct ln_reader *r, struct ln_slice text, struct ln_source_conf *source)
{
    static const struct {
        const char *prefix;
        enum ln_identity_source kind;
    } forms[] = {
        {"header:", LN_IDENTITY_HEADER},
        {"query:", LN_IDENTITY_QUERY},
        {"cookie:", LN_IDENTITY_COOKIE},
        {"jwt:", LN_IDENTITY_JWT},
    };

    *source = (struct ln_source_conf){.text = ln_arena_dup(&r->conf->arena, text).p, .name = ""};
    if (ln_slice_eq(text, LN_SLICE("address")))
        return true;
    source->kind = LN_IDENTITY_CONSUMER;
    if (ln_slice_eq(text, LN_SLICE("consumer")))
        return true;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct ln_slice prefix = ln_slice_of(forms[i].prefix);

        if (!ln_slice_has_prefix(text, prefix))
            continue;
        source->kind = forms[i].kind;
        source->name = source->text + prefix.n;
        return ln_value_is_token(ln_slice_of(source->name));
    }
    return false;
}

static void add_source(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                       unsigned index, void *arg)
{
    struct ln_identity_conf *identity = &r->conf->gateway.identity;

    (void)arg;
    if (index >= LN_IDENTITY_SOURCES) {
        ln_row_error(r, &item->place, "too many sources, expected at most 8");
        return;
    }
    if (item->kind == LN_NODE_SCALAR && parse_source(r, item->text, &identity->from[index]))
        identity->from_count = index + 1;
    else
        ln_row_refuse(r, row, item);
}

static void set_sources(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    (void)field;
    if (ln_row_items(r, row, n, add_source, NULL) == 0)
        ln_row_error(r, &n->place,
                     "got an empty list, expected at least one source such as address");
}

/* Where a key may be: the same, but only what a request carries. */
static void add_key_source(struct ln_reader *r, const struct ln_row *row,
                           const struct ln_node *item, unsigned index, void *arg)
{
    struct ln_identity_conf *identity = &r->conf->gateway.identity;
    struct ln_source_conf source;

    (void)arg;
    if (index >= LN_IDENTITY_SOURCES) {
        ln_row_error(r, &item->place, "too many sources, expected at most 8");
    } else if (item->kind == LN_NODE_SCALAR && parse_source(r, item->text, &source) &&
               source.kind >= LN_IDENTITY_HEADER && source.kind <= LN_IDENTITY_COOKIE) {
        identity->key_from[index] = source;
        identity->key_from_count = index + 1;
    } else {
        ln_row_refuse(r, row, item);
    }
}

static void set_key_sources(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                            void *field)
{
    (void)field;
    ln_row_items(r, row, n, add_key_source, NULL);
}

static void expect_key_sources(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "header:NAME, query:NAME or cookie:NAME, or a list of them");
}

static const struct ln_row_type type_key_sources = {"list of sources", set_key_sources,
                                                    expect_key_sources};

static void expect_sources(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "address, consumer, header:NAME, query:NAME, cookie:NAME or jwt:CLAIM, or a "
                      "list of them");
}

static const struct ln_row_type type_sources = {"list of sources", set_sources, expect_sources};

static void add_name(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                     unsigned index, void *arg)
{
    const char **names = arg;

    names[index] = "";
    if (item->kind == LN_NODE_SCALAR && ln_value_is_token(item->text))
        names[index] = ln_arena_dup(&r->conf->arena, item->text).p;
    else
        ln_row_refuse(r, row, item);
}

static void set_names(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    const char **names =
        ln_arena_zalloc(&r->conf->arena, (ln_row_count(n) + 1) * sizeof(const char *));
    int count = ln_row_items(r, row, n, add_name, names);

    *(const char ***)field = names;
    r->conf->gateway.headers.strip_count = count > 0 ? (unsigned)count : 0;
}

static void expect_names(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "the name of a header, or a list of them");
}

static const struct ln_row_type type_names = {"list of headers", set_names, expect_names};

/* ---- the tables ---- */

static const char *const forwarded[] = {
    [LN_FORWARDED_NONE] = "none",
    [LN_FORWARDED_X] = "x",
    [LN_FORWARDED_RFC7239] = "rfc7239",
    [LN_FORWARDED_BOTH] = "both",
    NULL,
};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const formats[] = {"text", "json", NULL};
static const char *const errors_json[] = {
    [LN_ERRORS_AUTO] = "auto", [LN_ERRORS_JSON] = "on", [LN_ERRORS_TEXT] = "off", NULL};

#define TIME(field) offsetof(struct ln_timeouts_conf, field)

/* clang-format off */
static const struct ln_row timeout_rows[] = {
    {"header", &ln_type_duration, TIME(header), "10s", LN_RANGE(0, LN_YEAR_MSEC),
     "From the first byte of a request to the end of its head; 0 = no bound."},
    {"body", &ln_type_duration, TIME(body), "=`gateway.timeout`", LN_RANGE(0, LN_YEAR_MSEC),
     "Silence while a request's body is received; 0 = no bound."},
    {"send", &ln_type_duration, TIME(send), "=`gateway.timeout`", LN_RANGE(0, LN_YEAR_MSEC),
     "How long a client may take nothing of its response; 0 = no bound."},
    {"idle", &ln_type_duration, TIME(idle), "75s", LN_RANGE(0, LN_YEAR_MSEC),
     "How long a connection is kept between two requests; 0 = no bound."},
    {"tunnel", &ln_type_duration, TIME(tunnel), "1h", LN_RANGE(0, LN_YEAR_MSEC),
     "Silence in both directions of an upgraded connection; 0 = no bound."},
    {0},
};

static void inherit_timeout(struct ln_reader *r, void *base)
{
    struct ln_timeouts_conf *t = base;

    (void)r;
    t->body = t->send = t->first_byte;
}

static const struct ln_block timeout_block = {.rows = timeout_rows, .prepare = inherit_timeout};

static const struct ln_row limit_rows[] = {
    {"requestLine", &ln_type_size, AT(limits.request_line), "8k", LN_RANGE(64, 65536),
     "Bytes of the first line of a request; more is answered with 414."},
    {"headers", &ln_type_size, AT(limits.headers), "32k", LN_RANGE(256, 65536),
     "Bytes of all header fields of a request; more is answered with 431."},
    {"headerCount", &ln_type_number, AT(limits.header_count), "100", LN_RANGE(1, 1000),
     "Header fields of a request; more is answered with 431."},
    {"body", &ln_type_size, AT(limits.body), "0", LN_RANGE(0, UINT64_MAX),
     "Bytes of a request's body; more is answered with 413; 0 = no bound."},
    {"requestsPerConnection", &ln_type_number, AT(limits.requests_per_connection), "0", LN_RANGE(0, 1000000000),
     "Requests on one connection before it is closed; 0 = no bound."},
    {"connections", &ln_type_number, AT(limits.connections), "0", LN_RANGE(0, 10000000),
     "Connections of clients in one worker; 0 = as many as the limit of open files allows."},
    {"buffer", &ln_type_size, AT(limits.buffer), "64k", LN_RANGE(4096, 16 << 20),
     "Bytes of a body that wait in memory, for each direction of an exchange."},
    {"bodyRate", &ln_type_size, AT(limits.body_rate), "0", LN_RANGE(0, UINT64_MAX),
     "Bytes per second that a request's body has to come with at least, on average; 0 = no bound."},
    {"bodyGrace", &ln_type_duration, AT(limits.body_grace), "10s", LN_RANGE(0, LN_DAY_MSEC),
     "How long a body may take before `bodyRate` is asked of it."},
    {0},
};
static const struct ln_block limit_block = {.rows = limit_rows};

static const struct ln_row tcp_rows[] = {
    {"nodelay", &ln_type_switch, AT(tcp.nodelay), "on", {0},
     "Send small pieces at once instead of gathering them (TCP_NODELAY)."},
    {"keepAlive", &ln_type_duration, AT(tcp.keep_alive), "60s", LN_RANGE(0, 32400000),
     "Silence of a connection, of a client or in a service's `pool`, after which the kernel asks whether the other side is still there, six times, for as long again; 0 = it never asks."},
    {0},
};
static const struct ln_block tcp_block = {.rows = tcp_rows};

static const char *const proxy_headers[] = {
    [LN_PROXY_X_FORWARDED_FOR] = "X-Forwarded-For",
    [LN_PROXY_FORWARDED] = "Forwarded",
    [LN_PROXY_X_REAL_IP] = "X-Real-IP",
    NULL,
};

static const struct ln_row identity_rows[] = {
    {"from", &type_sources, 0, "[address]", {0},
     "Where a client's identity comes from; the first source that the request has wins. `consumer`: whose API key it is. What plugins prove, a "
     "consumer or the claim of a token (`jwt:sub`), takes its place in this order once they have; a consumer that is not in it stands first."},
    {"keyFrom", &type_key_sources, 0, "[header:X-Api-Key]", {0},
     "Where the source `consumer` looks for an API key; the first that the request has."},
    {"ipv6Prefix", &ln_type_unsigned, AT(identity.ipv6_prefix), "64", LN_RANGE(1, 128),
     "Bits of an IPv6 address that make one client, because a client owns a whole network."},
    {"proxyHeaders", &ln_type_words, AT(identity.proxy_headers), "[X-Forwarded-For, Forwarded, X-Real-IP]", LN_WORDS(proxy_headers),
     "What `trustedProxies` tell the client's address with; the first of these that a request has, in this order. What your proxies do not "
     "write they may pass on from clients: leave it out, and it is dropped like that of strangers. With `Forwarded` and not "
     "`X-Forwarded-For` so are `X-Forwarded-Proto` and its like."},
    {0},
};
static const struct ln_block identity_block = {.rows = identity_rows};

static const struct ln_row header_rows[] = {
    {"forwarded", &ln_type_word, AT(headers.forwarded), "x", LN_WORDS(forwarded),
     "How the upstream learns of the client: `x` sends X-Forwarded-For, -Proto, -Host, -Port and -Prefix, `rfc7239` sends Forwarded."},
    {"via", &ln_type_switch, AT(headers.via), "off", {0},
     "Add a Via field to requests and responses."},
    {"requestId", &ln_type_header, AT(headers.request_id), "X-Request-Id", {0},
     "Field that carries the request's id, kept from trusted proxies and else made anew; empty = none."},
    {"originHost", &ln_type_switch, AT(headers.origin_host), "on", {0},
     "Send X-Origin-Host with the instance that was chosen."},
    {"strip", &type_names, AT(headers.strip), "[]", {0},
     "Fields that nobody may send, trusted proxies neither: dropped before a limit, route or plugin sees them. Those that auth plugins set are "
     "dropped anyway, and so is `Proxy`, which CGI programs take for a setting."},
    {0},
};
static const struct ln_block header_block = {.rows = header_rows};

static const struct ln_row log_rows[] = {
    {"level", &ln_type_word_text, AT(log_level), "info", LN_WORDS(levels),
     "The least that is worth a line."},
    {"format", &ln_type_word_text, AT(log_format), "text", LN_WORDS(formats),
     "How a line looks."},
    {"file", &type_log_file, AT(log_file), "stderr", {0},
     "Where lines go; a file is opened anew on USR1."},
    {0},
};
static const struct ln_block log_block = {.rows = log_rows};

static const struct ln_row error_rows[] = {
    {"json", &ln_type_word, AT(errors_json), "auto", LN_WORDS(errors_json),
     "The gateway's own answers as JSON: `auto` when the client's Accept prefers it, else text."},
    {0},
};
static const struct ln_block error_block = {.rows = error_rows};

static const struct ln_row rows[] = {
    {"port", &type_port, 0, "=none", {0},
     "The one listener, named `main`; `:8080` means all addresses, IPv4 and IPv6. Port 0 lets the system choose."},
    {"listeners", &type_listeners, 0, "=none", LN_BLOCK(listener_block),
     "The long form, instead of or beside `port`."},
    {"timeout", &ln_type_duration, AT(timeouts.first_byte), "30s", LN_RANGE(0, LN_YEAR_MSEC),
     "Inactivity: the first byte of an answer, and silence in either body; never a total. 0 = no bound."},
    {"timeouts", &ln_type_block, AT(timeouts), NULL, LN_BLOCK(timeout_block),
     "Single times of the client's side."},
    {"limits", &ln_type_block, 0, NULL, LN_BLOCK(limit_block),
     "Bounds of what a client may send."},
    {"tcp", &ln_type_block, 0, NULL, LN_BLOCK(tcp_block),
     "How TCP treats connections of clients and connections to instances."},
    {"mergeSlashes", &ln_type_switch, AT(merge_slashes), "off", {0},
     "Make one slash of several in the path of a request, before it is matched and sent on."},
    {"workers", &type_workers, AT(workers), "auto", LN_RANGE(1, 256),
     "Processes that serve; `auto` = one for each core."},
    {"user", &type_user, AT(user), "", {0},
     "User that workers run as; the supervisor keeps its own. Empty = unchanged."},
    {"trustedProxies", &type_proxies, AT(trusted_proxies), "[]", {0},
     "Peers whose forwarding headers, PROXY headers and request ids are believed. `unix:`: whoever can connect to a listener on a Unix socket."},
    {"identity", &ln_type_block, 0, NULL, LN_BLOCK(identity_block),
     "Who a request is counted as."},
    {"headers", &ln_type_block, 0, NULL, LN_BLOCK(header_block),
     "What is added for the upstream."},
    {"resolver", &ln_type_block, AT(resolver), NULL, LN_BLOCK(ln_rows_resolver),
     "How names are looked up: those of instances, and those in URLs of plugins and of Redis."},
    {"drainDelay", &ln_type_duration, AT(drain_delay), "0", LN_RANGE(0, LN_DAY_MSEC),
     "After TERM: how long the gateway goes on accepting, so that balancers in front of it notice."},
    {"drainTimeout", &ln_type_duration, AT(drain_timeout), "30s", LN_RANGE(0, LN_DAY_MSEC),
     "After that: how long running exchanges may take to end."},
    {"log", &ln_type_block, 0, NULL, LN_BLOCK(log_block),
     "What is told to the operator."},
    {"errors", &ln_type_block, 0, NULL, LN_BLOCK(error_block),
     "How the gateway's own answers look."},
    {0},
};
/* clang-format on */

static bool same_addr(const struct ln_addr *a, const struct ln_addr *b)
{
    char x[LN_ADDR_TEXT], y[LN_ADDR_TEXT];

    if (a->len == 0 || strcmp(ln_addr_print(a, x), ln_addr_print(b, y)) != 0)
        return false;
    return a->any.sa_family == AF_UNIX || a->v4.sin_port != 0; /* the kernel makes port 0 differ */
}

static void compare_listeners(struct ln_reader *r, const struct ln_listener_conf *a,
                              const struct ln_listener_conf *b)
{
    const struct ln_place *first = &a->place;
    char shown[LN_ADDR_TEXT];

    if (a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0)
        ln_row_error(r, &b->place, "two listeners named \"%s\", the first at %s:%u:%u", a->name,
                     first->file, first->line, first->column);
    if (same_addr(&a->addr, &b->addr))
        ln_row_error(r, &b->place, "two listeners on \"%s\", the first at %s:%u:%u",
                     ln_addr_print(&a->addr, shown), first->file, first->line, first->column);
}

/* A header from anybody would let anybody choose the address that they are known by. */
static void check_trust(struct ln_reader *r, const struct ln_node *map)
{
    const struct ln_node *list = ln_node_get(map, "listeners");
    struct ln_trail item = {r->trail, NULL, 0}, key = {&item, "proxyProtocol", 0};

    if (ln_row_count(ln_node_get(map, "trustedProxies")) > 0 || list == NULL ||
        list->kind != LN_NODE_SEQ)
        return;
    r->trail = &key;
    for (const struct ln_node *n = list->first; n != NULL; n = n->next, item.index++) {
        const struct ln_node *mode = ln_node_get(n, "proxyProtocol");

        if (mode != NULL && mode->kind == LN_NODE_SCALAR &&
            (ln_slice_eq(mode->text, ln_slice_of(proxies[LN_PROXY_ON])) ||
             ln_slice_eq(mode->text, ln_slice_of(proxies[LN_PROXY_REQUIRE]))))
            ln_row_error(r, &mode->place,
                         "gateway.trustedProxies is empty, expected the addresses of those who may "
                         "send a PROXY header");
    }
    r->trail = item.up;
}

static void check_listeners(struct ln_reader *r, const struct ln_node *map, void *base)
{
    const struct ln_gateway_conf *g = base;
    struct ln_trail here = {r->trail, "port", 0};

    if (ln_node_get(map, "port") == NULL && ln_row_count(ln_node_get(map, "listeners")) == 0) {
        r->trail = &here;
        ln_row_missing(r, &rows[0]);
        r->trail = here.up;
        return;
    }
    here.name = "listeners";
    r->trail = &here;
    for (unsigned i = 1; i < g->listener_count; i++)
        for (unsigned j = 0; j < i; j++)
            compare_listeners(r, &g->listeners[j], &g->listeners[i]);
    check_trust(r, map);
    r->trail = here.up;
}

const struct ln_block ln_rows_gateway = {.rows = rows, .check = check_listeners};
