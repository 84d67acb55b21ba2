/* SPDX-License-Identifier: Apache-2.0
 * node.c - builds and reads the tree.
 */
#include "conf/node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"

static struct ln_node *make(struct ln_arena *a, enum ln_node_kind kind,
                            const struct ln_place *place)
{
    struct ln_node *n = ln_arena_zalloc(a, sizeof *n);

    n->kind = kind;
    n->place = *place;
    return n;
}

struct ln_node *ln_node_new_null(struct ln_arena *a, const struct ln_place *place)
{
    return make(a, LN_NODE_NULL, place);
}

struct ln_node *ln_node_new_scalar(struct ln_arena *a, struct ln_slice text, bool quoted,
                                   const struct ln_place *place)
{
    struct ln_node *n = make(a, LN_NODE_SCALAR, place);

    n->text = ln_arena_dup(a, text);
    n->quoted = quoted;
    return n;
}

struct ln_node *ln_node_new_number(struct ln_arena *a, double value, const struct ln_place *place)
{
    struct ln_node *n = make(a, LN_NODE_SCALAR, place);

    /* Whole numbers without an exponent, as a person would have written them. */
    if (value == floor(value) && fabs(value) < 1e15)
        n->text = ln_arena_printf(a, "%.0f", value == 0 ? 0 : value);
    else
        n->text = ln_arena_printf(a, "%.14g", value);
    return n;
}

struct ln_node *ln_node_new_bool(struct ln_arena *a, bool value, const struct ln_place *place)
{
    return ln_node_new_scalar(a, value ? LN_SLICE("true") : LN_SLICE("false"), false, place);
}

struct ln_node *ln_node_new_seq(struct ln_arena *a, const struct ln_place *place)
{
    return make(a, LN_NODE_SEQ, place);
}

struct ln_node *ln_node_new_map(struct ln_arena *a, const struct ln_place *place)
{
    return make(a, LN_NODE_MAP, place);
}

static void append(struct ln_node *parent, struct ln_node *child)
{
    ln_assert(child->next == NULL && parent->last != child);
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

void ln_node_add(struct ln_node *seq, struct ln_node *item)
{
    ln_assert(seq->kind == LN_NODE_SEQ);
    append(seq, item);
}

void ln_node_put(struct ln_arena *a, struct ln_node *map, struct ln_slice key,
                 struct ln_node *value)
{
    ln_assert(map->kind == LN_NODE_MAP);
    value->key = ln_arena_dup(a, key);
    value->key_place = value->place;
    append(map, value);
}

const struct ln_node *ln_node_get(const struct ln_node *map, const char *key)
{
    struct ln_slice wanted = ln_slice_of(key);

    if (map == NULL || map->kind != LN_NODE_MAP)
        return NULL;
    for (const struct ln_node *n = map->first; n != NULL; n = n->next)
        if (ln_slice_eq(n->key, wanted))
            return n;
    return NULL;
}

static bool is_plain(const struct ln_node *n)
{
    return n->kind == LN_NODE_SCALAR && !n->quoted;
}

bool ln_node_to_bool(const struct ln_node *n, bool *value)
{
    if (!is_plain(n))
        return false;
    bool yes = ln_slice_eq(n->text, LN_SLICE("true")) || ln_slice_eq(n->text, LN_SLICE("on"));
    bool no = ln_slice_eq(n->text, LN_SLICE("false")) || ln_slice_eq(n->text, LN_SLICE("off"));

    if (yes || no)
        *value = yes;
    return yes || no;
}

static size_t digits(struct ln_slice s, size_t at)
{
    size_t n = 0;

    while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
        n++;
    return n;
}

/* RFC 8259 section 6; strtod() alone would also take hexadecimal, "inf" and leading spaces. */
static bool is_number(struct ln_slice s)
{
    size_t at = s.n > 0 && s.p[0] == '-' ? 1 : 0, whole = digits(s, at);

    if (whole == 0 || (whole > 1 && s.p[at] == '0'))
        return false;
    at += whole;
    if (at < s.n && s.p[at] == '.') {
        size_t part = digits(s, at + 1);

        if (part == 0)
            return false;
        at += 1 + part;
    }
    if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
        at++;
        if (at < s.n && (s.p[at] == '+' || s.p[at] == '-'))
            at++;
        size_t power = digits(s, at);

        if (power == 0)
            return false;
        at += power;
    }
    return at == s.n;
}

bool ln_node_to_number(const struct ln_node *n, double *value)
{
    if (!is_plain(n) || n->text.n > 64 || !is_number(n->text))
        return false;

    double v = strtod(n->text.p, NULL);

    if (!isfinite(v))
        return false;
    *value = v;
    return true;
}

const char *ln_node_show(const struct ln_node *n, char out[LN_NODE_SHOWN])
{
    static const char *const kinds[] = {
        [LN_NODE_NULL] = "nothing", [LN_NODE_SEQ] = "a list", [LN_NODE_MAP] = "a mapping"};
    struct ln_text text;
    size_t shown = n->text.n;

    if (n->kind != LN_NODE_SCALAR) {
        snprintf(out, LN_NODE_SHOWN, "%s", kinds[n->kind]);
        return out;
    }
    if (shown > 40)
        for (shown = 40; shown > 36 && (n->text.p[shown] & 0xc0) == 0x80;)
            shown--; /* not in the middle of a character */
    ln_text_init(&text);
    ln_text_json(&text, ln_slice(n->text.p, shown));
    if (text.n > LN_NODE_SHOWN - 4) /* all escapes: a text that no person wrote */
        snprintf(out, LN_NODE_SHOWN, "unprintable text");
    else
        snprintf(out, LN_NODE_SHOWN, "%s%s", text.p, shown < n->text.n ? "..." : "");
    ln_text_fini(&text);
    return out;
}
