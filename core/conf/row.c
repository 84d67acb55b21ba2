/* SPDX-License-Identifier: Apache-2.0
 * row.c - reads a mapping by its rows: unknown keys, missing keys, defaults, and the key in every
 * message.
 */
#include "conf/row.h"

#include <stdarg.h>
#include <stdio.h>

#include "conf/value.h"

static void print_trail(const struct ln_trail *t, struct ln_text *out)
{
    if (t == NULL)
        return;
    print_trail(t->up, out);
    if (t->name == NULL)
        ln_text_printf(out, "[%u]", t->index);
    else
        ln_text_printf(out, "%s%s", t->up != NULL ? "." : "", t->name);
}

/* One message is one line, whatever a path or name in it has. */
static void replace_controls(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

static void report(struct ln_reader *r, enum ln_diag_kind kind, const struct ln_place *place,
                   const char *format, va_list args)
{
    struct ln_text key;
    char text[1024];

    ln_text_init(&key);
    print_trail(r->trail, &key);
    vsnprintf(text, sizeof text, format, args);
    replace_controls(text);
    ln_diag_add(r->diag, kind, place, "%s%s%s", key.n > 0 ? key.p : "", key.n > 0 ? ": " : "",
                text);
    ln_text_fini(&key);
}

void ln_row_error(struct ln_reader *r, const struct ln_place *place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(r, LN_DIAG_ERROR, place, format, args);
    va_end(args);
}

void ln_row_warn(struct ln_reader *r, const struct ln_place *place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(r, LN_DIAG_WARNING, place, format, args);
    va_end(args);
}

struct candidates {
    const struct ln_row *row;
    const char *const *word;
};

static const char *next_name(void *state)
{
    struct candidates *c = state;

    return c->row->name != NULL ? (c->row++)->name : NULL;
}

static const char *next_word(void *state)
{
    struct candidates *c = state;

    return *c->word != NULL ? *c->word++ : NULL;
}

void ln_row_refuse(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n)
{
    struct candidates c = {.word = row->range.words};
    const char *near = NULL;
    char shown[LN_NODE_SHOWN];
    struct ln_text expected;

    ln_text_init(&expected);
    row->type->expect(row, &expected);
    if (row->range.words != NULL && n->kind == LN_NODE_SCALAR)
        near = ln_text_nearest(n->text, next_word, &c);
    ln_row_error(r, &n->place, "got %s, expected %s%s%s%s", ln_node_show(n, shown), expected.p,
                 near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                 near != NULL ? "\"?" : "");
    ln_text_fini(&expected);
}

void ln_row_missing(struct ln_reader *r, const struct ln_row *row)
{
    struct ln_text expected;

    ln_text_init(&expected);
    row->type->expect(row, &expected);
    ln_row_error(r, &r->place, "missing, expected %s", expected.p);
    ln_text_fini(&expected);
}

static const struct ln_row *find_row(const struct ln_block *block, struct ln_slice name)
{
    for (const struct ln_row *row = block->rows; row->name != NULL; row++)
        if (ln_slice_eq(name, ln_slice_of(row->name)))
            return row;
    return NULL;
}

static void refuse_key(struct ln_reader *r, const struct ln_block *block,
                       const struct ln_node *entry)
{
    struct candidates c = {.row = block->rows};
    const char *near = ln_text_nearest(entry->key, next_name, &c);
    struct ln_text known;

    if (near != NULL) {
        ln_row_error(r, &entry->key_place, "unknown key, did you mean \"%s\"?", near);
        return;
    }
    ln_text_init(&known);
    for (const struct ln_row *row = block->rows; row->name != NULL; row++)
        ln_text_printf(&known, "%s%s", row > block->rows ? ", " : "", row->name);
    ln_row_error(r, &entry->key_place, "unknown key, expected one of %s", known.p);
    ln_text_fini(&known);
}

static void refuse_unknown_keys(struct ln_reader *r, const struct ln_block *block,
                                const struct ln_node *map)
{
    for (const struct ln_node *e = map->first; e != NULL; e = e->next) {
        struct ln_node key = {.kind = LN_NODE_SCALAR, .text = e->key};
        char shown[LN_NODE_SHOWN];
        struct ln_trail here = {r->trail, shown, 0};

        if (find_row(block, e->key) != NULL)
            continue;
        if (ln_value_is_name(e->key))
            snprintf(shown, sizeof shown, "%s", e->key.p);
        else
            ln_node_show(&key, shown);
        r->trail = &here;
        refuse_key(r, block, e);
        r->trail = here.up;
    }
}

/* "[a, b]" is a list of plain words, anything else a scalar. */
static struct ln_node *make_default(struct ln_reader *r, const char *text)
{
    struct ln_arena *a = &r->conf->arena;
    struct ln_slice rest = ln_slice_of(text), word;

    if (text[0] != '[')
        return ln_node_new_scalar(a, rest, false, &r->place);

    struct ln_node *seq = ln_node_new_seq(a, &r->place);

    rest = ln_slice(rest.p + 1, rest.n - 2);
    while (ln_slice_next_token(&rest, &word))
        ln_node_add(seq, ln_node_new_scalar(a, word, false, &r->place));
    return seq;
}

static void read_row(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *base)
{
    void *field = (char *)base + row->offset;

    if (n != NULL && n->broken)
        return; /* one mistake, one message */
    if (n != NULL && !(n->kind == LN_NODE_NULL && row->range.block == NULL)) {
        row->type->set(r, row, n, field);
    } else if (n != NULL) {
        ln_row_refuse(r, row, n);
    } else if (row->range.block != NULL && row->def == NULL) {
        row->type->set(r, row, NULL, field);
    } else if (row->def == NULL) {
        ln_row_missing(r, row);
    } else if (row->def[0] != '=') {
        row->type->set(r, row, make_default(r, row->def), field);
    }
}

void ln_row_read(struct ln_reader *r, const struct ln_block *block, const struct ln_node *n,
                 void *base)
{
    struct ln_place outer = r->place;

    if (n != NULL && n->kind != LN_NODE_MAP && n->kind != LN_NODE_NULL) {
        char shown[LN_NODE_SHOWN];

        ln_row_error(r, &n->place, "got %s, expected a mapping of keys", ln_node_show(n, shown));
        return;
    }
    if (n != NULL) {
        r->place = n->place;
        refuse_unknown_keys(r, block, n);
    }
    if (block->prepare != NULL)
        block->prepare(r, base);
    for (const struct ln_row *row = block->rows; row->name != NULL; row++) {
        struct ln_trail here = {r->trail, row->name, 0};

        r->trail = &here;
        read_row(r, row, ln_node_get(n, row->name), base);
        r->trail = here.up;
    }
    if (block->check != NULL)
        block->check(r, n, base);
    r->place = outer;
}

unsigned ln_row_count(const struct ln_node *n)
{
    if (n == NULL || n->kind == LN_NODE_NULL)
        return 0;
    return n->kind == LN_NODE_SEQ ? n->count : 1;
}

int ln_row_items(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                 ln_row_each each, void *arg)
{
    struct ln_trail here = {r->trail, NULL, 0};

    if (ln_row_count(n) == 0)
        return 0;
    if (n->kind == LN_NODE_MAP) {
        ln_row_refuse(r, row, n);
        return -1;
    }
    if (n->kind == LN_NODE_SCALAR) {
        each(r, row, n, 0, arg); /* not broken: read_row() looked */
        return 1;
    }
    r->trail = &here;
    for (const struct ln_node *item = n->first; item != NULL; item = item->next, here.index++)
        if (!item->broken)
            each(r, row, item, here.index, arg);
    r->trail = here.up;
    return (int)here.index;
}

const char *ln_row_path(struct ln_reader *r, struct ln_slice text)
{
    const char *dir = r->conf->dir;

    if (text.p[0] == '/' || strcmp(dir, ".") == 0)
        return ln_arena_dup(&r->conf->arena, text).p;
    return ln_arena_printf(&r->conf->arena, "%s%s%s", dir, strcmp(dir, "/") == 0 ? "" : "/", text.p)
        .p;
}
