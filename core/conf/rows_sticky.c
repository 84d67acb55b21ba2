/* SPDX-License-Identifier: Apache-2.0
 * rows_sticky.c - services[].sticky: the cookie by which clients stay with their instance.
 */
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_sticky_conf, field)

enum { TEXT_MAX = 1024, SECRET_MIN = 16 };

static void set_text(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field, bool ok)
{
    if (n->kind == LN_NODE_SCALAR && ok)
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void set_cookie(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    set_text(r, row, n, field, ln_value_is_token(n->text));
}

static void expect_cookie(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "the name of a cookie, such as route");
}

static const struct ln_row_type type_cookie = {"name", set_cookie, expect_cookie};

/* RFC 6265 section 4.1.1, path-value: neither a control nor a semicolon. */
static void set_path(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    bool ok = n->text.n > 0 && n->text.n <= TEXT_MAX && n->text.p[0] == '/';

    for (size_t i = 0; ok && i < n->text.n; i++)
        ok = n->text.p[i] > ' ' && n->text.p[i] <= '~' && n->text.p[i] != ';';
    set_text(r, row, n, field, ok);
}

static void expect_path(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a path such as /");
}

static const struct ln_row_type type_path = {"path", set_path, expect_path};

static bool is_in_domain(char c)
{
    return (ln_lower(c) >= 'a' && ln_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

static void set_domain(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    bool ok = n->text.n > 0 && n->text.n <= 253;

    for (size_t i = 0; ok && i < n->text.n; i++)
        ok = is_in_domain(n->text.p[i]);
    set_text(r, row, n, field, ok);
}

static void expect_domain(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a domain such as example.com");
}

static const struct ln_row_type type_domain = {"domain", set_domain, expect_domain};

/* It is not repeated in messages. */
static void set_secret(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    (void)row;
    if (n->kind == LN_NODE_SCALAR && n->text.n >= SECRET_MIN && n->text.n <= TEXT_MAX)
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_error(r, &n->place, "expected text of %d to %d bytes", SECRET_MIN, TEXT_MAX);
}

static void expect_secret(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_printf(out, "text of %d to %d bytes", SECRET_MIN, TEXT_MAX);
}

static const struct ln_row_type type_secret = {"text", set_secret, expect_secret};

static const char *const same_sites[] = {[LN_SAME_SITE_LAX] = "lax",
                                         [LN_SAME_SITE_STRICT] = "strict",
                                         [LN_SAME_SITE_NONE] = "none",
                                         NULL};

/* clang-format off */
static const struct ln_row rows[] = {
    {"cookie", &type_cookie, AT(cookie), "route", {0},
     "The name of the cookie. Services that clients reach under the same host and path need names of their own, unless they have the same instances."},
    {"maxAge", &ln_type_duration, AT(max_age), "0", LN_RANGE(0, LN_YEAR_MSEC),
     "How long clients keep it, from when it was set; 0 = for their session."},
    {"path", &type_path, AT(path), "/", {0},
     "Paths for which clients send it."},
    {"domain", &type_domain, AT(domain), "=the host that was asked", {0},
     "Domain for whose hosts clients send it."},
    {"secure", &ln_type_switch, AT(secure), "off", {0},
     "Clients send it over TLS only; for gateways that stand behind something that speaks TLS."},
    {"httpOnly", &ln_type_switch, AT(http_only), "on", {0},
     "Scripts in the page cannot read it."},
    {"sameSite", &ln_type_word, AT(same_site), "lax", LN_WORDS(same_sites),
     "Whether clients send it with requests that other sites caused; `none`, for always, needs `secure`."},
    {"secret", &type_secret, AT(secret), "=none", {0},
     "Key of the digests that stand for instances, the same for all gateways, best from the environment: `${STICKY_SECRET}`. Without it, who guesses an instance's URL can tell that it is right."},
    {0},
};
/* clang-format on */

static bool begins(const char *name, const char *prefix)
{
    return ln_slice_has_prefix(ln_slice_of(name), ln_slice_of(prefix));
}

/* What clients would throw away (RFC 6265bis section 5.7). */
static const char *refusal(const struct ln_sticky_conf *s)
{
    if (s->same_site == LN_SAME_SITE_NONE && !s->secure)
        return "clients ignore a cookie with sameSite none, expected secure: on beside it";
    if (begins(s->cookie, "__Secure-") && !s->secure)
        return "clients ignore a cookie of this name, expected secure: on beside it";
    if (begins(s->cookie, "__Host-") &&
        (!s->secure || s->domain != NULL || strcmp(s->path, "/") != 0))
        return "clients ignore a cookie of this name, expected secure: on, path: / and no domain "
               "beside it";
    return NULL;
}

static void check(struct ln_reader *r, const struct ln_node *map, void *base)
{
    struct ln_sticky_conf *s = base;

    if (map == NULL)
        return;
    s->on = true;
    if (s->cookie != NULL && s->path != NULL && refusal(s) != NULL)
        ln_row_error(r, &map->place, "%s", refusal(s));
}

const struct ln_block ln_rows_sticky = {.rows = rows, .check = check};
