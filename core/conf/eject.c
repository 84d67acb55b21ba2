/* SPDX-License-Identifier: Apache-2.0
 * eject.c - nodes of YAML as the Lua that means the same.
 */
#include "conf/eject.h"

#include "conf/expand.h"
#include "conf/node.h"

enum { WIDTH = 100, STEP = 2 };

/* ---- scalars ---- */

static void put_string(struct ln_slice s, struct ln_text *out)
{
    ln_text_puts(out, "\"");
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '"' || c == '\\')
            ln_text_printf(out, "\\%c", c);
        else if (c == '\n')
            ln_text_puts(out, "\\n");
        else if (c < ' ' || c == 0x7f)
            ln_text_printf(out, "\\%03u", c);
        else
            ln_text_add(out, s.p + i, 1);
    }
    ln_text_puts(out, "\"");
}

static void put_variable(const struct ln_expand_piece *piece, struct ln_text *out)
{
    ln_text_puts(out, "env(");
    put_string(piece->name, out);
    if (piece->has_default) {
        ln_text_puts(out, ", ");
        put_string(piece->text, out);
    }
    ln_text_puts(out, ")");
}

static void put_part(const char **before, struct ln_text *literal, struct ln_text *out)
{
    if (literal->n == 0)
        return;
    ln_text_puts(out, *before);
    put_string(ln_slice(literal->p, literal->n), out);
    literal->n = 0;
    *before = " .. ";
}

/* "a${B}c" -> "a" .. env("B") .. "c" */
static void put_expression(struct ln_slice raw, struct ln_text *out)
{
    struct ln_expand_piece piece;
    struct ln_text literal;
    const char *before = "";

    ln_text_init(&literal);
    while (ln_expand_next(&raw, &piece)) {
        if (piece.name.p == NULL) {
            ln_text_add(&literal, piece.text.p, piece.text.n);
            continue;
        }
        put_part(&before, &literal, out);
        ln_text_puts(out, before);
        before = " .. ";
        put_variable(&piece, out);
    }
    put_part(&before, &literal, out);
    ln_text_fini(&literal);
}

/* A value with variables keeps its type: what looks like a number now is one. */
static void put_variables(const struct ln_node *n, struct ln_text *out)
{
    bool flag;
    double number;

    if (!n->quoted && ln_node_to_bool(n, &flag)) {
        ln_text_puts(out, "({ [\"true\"] = true, on = true })[");
        put_expression(n->raw, out);
        ln_text_puts(out, "] or false");
    } else if (!n->quoted && ln_node_to_number(n, &number)) {
        ln_text_puts(out, "tonumber(");
        put_expression(n->raw, out);
        ln_text_puts(out, ")");
    } else {
        put_expression(n->raw, out);
    }
}

static void put_scalar(const struct ln_node *n, struct ln_text *out)
{
    bool flag;
    double number;

    if (n->raw.p != NULL)
        put_variables(n, out);
    else if (!n->quoted && ln_node_to_bool(n, &flag))
        ln_text_puts(out, flag ? "true" : "false");
    else if (!n->quoted && ln_node_to_number(n, &number))
        ln_text_add(out, n->text.p, n->text.n);
    else
        put_string(n->text, out);
}

/* ---- tables ---- */

static bool is_word(struct ln_slice key)
{
    static const char *const keywords[] = {
        "and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
        "function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
        "repeat",   "return", "then", "true", "until",  "while", NULL};

    for (size_t i = 0; keywords[i] != NULL; i++)
        if (ln_slice_eq(key, ln_slice_of(keywords[i])))
            return false;
    for (size_t i = 0; i < key.n; i++) {
        char c = ln_lower(key.p[i]);
        bool digit = c >= '0' && c <= '9';

        if (!(c == '_' || (c >= 'a' && c <= 'z') || (digit && i > 0)))
            return false;
    }
    return key.n > 0;
}

static void put_key(struct ln_slice key, struct ln_text *out)
{
    if (is_word(key)) {
        ln_text_add(out, key.p, key.n);
    } else {
        ln_text_puts(out, "[");
        put_string(key, out);
        ln_text_puts(out, "]");
    }
    ln_text_puts(out, " = ");
}

static void put_indent(unsigned indent, struct ln_text *out)
{
    ln_text_printf(out, "\n%*s", (int)indent, "");
}

static void put_value(const struct ln_node *n, unsigned indent, struct ln_text *out);

/* On one line, or with `indent` on one line for each entry. */
static void put_entries(const struct ln_node *n, bool one_line, unsigned indent,
                        struct ln_text *out)
{
    bool any = false;

    for (const struct ln_node *e = n->first; e != NULL; e = e->next) {
        if (e->kind == LN_NODE_NULL && n->kind == LN_NODE_MAP)
            continue; /* as if it were not there */
        if (!one_line)
            put_indent(indent + STEP, out);
        else
            ln_text_puts(out, any ? ", " : " ");
        any = true;
        if (n->kind == LN_NODE_MAP)
            put_key(e->key, out);
        put_value(e, indent + STEP, out);
        if (!one_line)
            ln_text_puts(out, ",");
    }
    if (one_line && any)
        ln_text_puts(out, " ");
    else if (any)
        put_indent(indent, out);
}

static void put_table(const struct ln_node *n, unsigned indent, struct ln_text *out)
{
    struct ln_text line;

    ln_text_init(&line);
    put_entries(n, true, 0, &line);
    ln_text_puts(out, "{");
    if (line.n + indent + 20 <= WIDTH && (line.n == 0 || memchr(line.p, '\n', line.n) == NULL))
        ln_text_add(out, line.n > 0 ? line.p : "", line.n);
    else
        put_entries(n, false, indent, out);
    ln_text_puts(out, "}");
    ln_text_fini(&line);
}

static void put_value(const struct ln_node *n, unsigned indent, struct ln_text *out)
{
    if (n->kind == LN_NODE_SCALAR)
        put_scalar(n, out);
    else if (n->kind == LN_NODE_NULL)
        ln_text_puts(out, "nil");
    else
        put_table(n, indent, out);
}

/* ---- routes ---- */

static void put_route(const struct ln_service_conf *s, struct ln_text *out)
{
    const char *prefix = strcmp(s->path, "/") == 0 ? "" : s->path;

    ln_text_puts(out, "\nany ");
    put_string(ln_slice_of(prefix), out);
    out->n--; /* the closing quote */
    ln_text_puts(out, "/*\" {\n  to = service ");
    put_string(ln_slice_of(s->name), out);
    ln_text_puts(out, ",\n");
    if (s->strip_path && prefix[0] != '\0') {
        ln_text_puts(out, "  strip = ");
        put_string(ln_slice_of(prefix), out);
        ln_text_puts(out, ",\n");
    }
    for (unsigned i = 0; i < s->use_count; i++) {
        ln_text_puts(out, "  use ");
        put_string(ln_slice_of(s->uses[i].plugin), out);
        ln_text_puts(out, " ");
        if (s->uses[i].settings != NULL)
            put_table(s->uses[i].settings, STEP, out);
        else
            ln_text_puts(out, "{}");
        ln_text_puts(out, ",\n");
    }
    ln_text_puts(out, "}\n");
}

unsigned ln_eject_routes(const struct ln_conf *conf, struct ln_text *out)
{
    const char *slash = strrchr(conf->file, '/');
    unsigned count = 0;

    ln_text_printf(out,
                   "-- The routes that %s generates, written out by `lunette eject`. With this as "
                   "the routes file (or in it,\n-- above any `use`), and `generatedRoutes: off` in "
                   "%s, everything goes where it went before; `path`\n-- and `plugins` of the "
                   "services there then have no effect any more.\n",
                   slash != NULL ? slash + 1 : conf->file, slash != NULL ? slash + 1 : conf->file);
    for (unsigned i = 0; i < conf->service_count; i++) {
        if (conf->services[i].path == NULL || conf->services[i].name == NULL)
            continue;
        put_route(&conf->services[i], out);
        count++;
    }
    return count;
}
