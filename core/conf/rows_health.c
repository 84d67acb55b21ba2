/* SPDX-License-Identifier: Apache-2.0
 * rows_health.c - services[].health.
 */
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_health_conf, field)

enum { BODY_MAX = 1024, TEXT_MAX = 4096 };

/* ---- path and host ---- */

/* It is sent as it is written, so nothing may be in it that ends a request line early. */
static bool is_visible(struct ln_slice text, char but)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == but)
            return false;
    return text.n > 0 && text.n <= TEXT_MAX;
}

static void set_path(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    if (n->kind == LN_NODE_SCALAR && is_visible(n->text, '#') && n->text.p[0] == '/')
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_path(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a path such as /health, with a query if need be, without spaces and #");
}

static const struct ln_row_type type_path = {"path and query", set_path, expect_path};

static void set_host(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    if (n->kind == LN_NODE_SCALAR && is_visible(n->text, '/'))
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_host(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a host such as users.internal, with :port if need be");
}

static const struct ln_row_type type_host = {"host", set_host, expect_host};

/* ---- headers ---- */

static bool is_edge(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9110 section 5.5 */
static bool is_value(struct ln_slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (((unsigned char)text.p[i] < ' ' && text.p[i] != '\t') || text.p[i] == 0x7f)
            return false;
    return text.n <= TEXT_MAX &&
           (text.n == 0 || (!is_edge(text.p[0]) && !is_edge(text.p[text.n - 1])));
}

/* What frames the message is ours to say. */
static bool is_ours(struct ln_slice name)
{
    static const char *const ours[] = {
        "Host",   "Connection", "Content-Length", "Transfer-Encoding", "Upgrade",
        "Expect", "TE",         "Trailer"};

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (ln_slice_caseeq(name, ln_slice_of(ours[i])))
            return true;
    return false;
}

static void add_header(struct ln_reader *r, struct ln_health_conf *h, const struct ln_node *e)
{
    struct ln_arena *a = &r->conf->arena;

    if (!ln_value_is_token(e->key))
        ln_row_error(r, &e->key_place, "expected the name of a header");
    else if (is_ours(e->key))
        ln_row_error(r, &e->key_place, "%s cannot be set here%s", e->key.p,
                     e->key.n == 4 ? ", expected host instead" : "");
    else if (e->kind != LN_NODE_SCALAR || !is_value(e->text))
        ln_row_error(r, &e->place, "%s: expected the value of a header", e->key.p);
    else if (h->header_count == LN_HEALTH_HEADERS_MAX)
        ln_row_error(r, &e->place, "too many, expected at most %d", LN_HEALTH_HEADERS_MAX);
    else
        h->headers[h->header_count++] =
            (struct ln_health_header){ln_arena_dup(a, e->key).p, ln_arena_dup(a, e->text).p};
}

static void set_headers(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    if (n->kind != LN_NODE_MAP) {
        ln_row_refuse(r, row, n);
        return;
    }
    ((struct ln_health_conf *)field)->headers =
        ln_arena_zalloc(&r->conf->arena, (n->count + 1) * sizeof(struct ln_health_header));
    for (const struct ln_node *e = n->first; e != NULL; e = e->next)
        if (!e->broken)
            add_header(r, field, e);
}

static void expect_headers(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a mapping of names and values of headers");
}

static const struct ln_row_type type_headers = {"mapping", set_headers, expect_headers};

/* ---- body ---- */

static void set_body(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    bool ok = n->kind == LN_NODE_SCALAR && n->text.n > 0 && n->text.n <= BODY_MAX &&
              memchr(n->text.p, '\0', n->text.n) == NULL;

    if (ok)
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_body(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_printf(out, "text that must occur in the response, at most %d bytes", BODY_MAX);
}

static const struct ln_row_type type_body = {"text", set_body, expect_body};

/* ---- the table ---- */

static const char *const types[] = {[LN_HEALTH_HTTP] = "http", [LN_HEALTH_TCP] = "tcp", NULL};

/* clang-format off */
static const struct ln_row rows[] = {
    {"type", &ln_type_word, AT(type), "=`http` with a `path`, else `tcp`", LN_WORDS(types),
     "`http`: a GET request, whose response is looked at; `tcp`: a connection that can be opened is a success."},
    {"path", &type_path, AT(path), "=none", {0},
     "What is asked for, with its query; the path of the instance's URL is put in front."},
    {"host", &type_host, AT(host), "=the instance's", {0},
     "The Host header."},
    {"headers", &type_headers, 0, "=none", {0},
     "Further headers, such as `{X-Check: lunette}`."},
    {"statuses", &ln_rows_statuses_type, AT(statuses), "200", {0},
     "Statuses that are a success: one, a range such as `200-299`, or a list."},
    {"body", &type_body, AT(body), "=none", {0},
     "Text that must occur in the response's content, of which at most 1 MiB is taken."},
    {"interval", &ln_type_duration, AT(interval), "30s", LN_RANGE(10, LN_DAY_MSEC),
     "From the beginning of one check to the beginning of the next; longer when a check takes longer."},
    {"timeout", &ln_type_duration, AT(timeout), "5s", LN_RANGE(1, 3600000),
     "When a check that is not over has failed: connecting, sending and the whole response."},
    {"jitter", &ln_type_share, AT(jitter), "10%", {0},
     "Up to this share of `interval` is added by chance, so that checks do not come all at once."},
    {"rise", &ln_type_unsigned, AT(rise), "2", LN_RANGE(1, LN_HEALTH_THRESHOLD_MAX),
     "Successes in a row that bring an instance back."},
    {"fall", &ln_type_unsigned, AT(fall), "3", LN_RANGE(1, LN_HEALTH_THRESHOLD_MAX),
     "Failures in a row after which an instance gets no requests."},
    {0},
};
/* clang-format on */

/* Keys that only make sense where there is a response. */
static void check_tcp(struct ln_reader *r, const struct ln_node *map)
{
    static const char *const keys[] = {"path", "host", "headers", "statuses", "body"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct ln_node *n = ln_node_get(map, keys[i]);

        if (n != NULL)
            ln_row_error(r, &n->place, "a check of type tcp has no %s, expected type http%s",
                         keys[i], ln_node_get(map, "path") == NULL ? " and a path" : "");
    }
}

static void check(struct ln_reader *r, const struct ln_node *map, void *base)
{
    struct ln_health_conf *h = base;

    if (map == NULL)
        return;
    h->on = true;
    if (ln_node_get(map, "type") == NULL)
        h->type = ln_node_get(map, "path") != NULL ? LN_HEALTH_HTTP : LN_HEALTH_TCP;
    if (h->type == LN_HEALTH_TCP)
        check_tcp(r, map);
    else if (h->path == NULL)
        h->path = "/";
}

const struct ln_block ln_rows_health = {.rows = rows, .check = check};
