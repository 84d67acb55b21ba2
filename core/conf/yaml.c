/* SPDX-License-Identifier: Apache-2.0
 * yaml.c - drives libyaml's events into nodes.
 */
#include "conf/yaml.h"

#include <stdlib.h>
#include <yaml.h>

#include "base/mem.h"
#include "conf/expand.h"

struct source {
    yaml_parser_t parser;
    struct ln_arena *arena;
    struct ln_bundle *env;
    const char *file;
    struct ln_slice text;
    struct ln_diag *diag;
    const struct ln_yaml_bounds *bounds;
    unsigned nodes;
};

static struct ln_place place_at(const struct source *s, yaml_mark_t mark)
{
    return (struct ln_place){s->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static struct ln_place place_of_byte(const struct source *s, size_t offset)
{
    struct ln_place place = {s->file, 1, 1};

    for (size_t i = 0; i < offset && i < s->text.n; i++) {
        if (s->text.p[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if ((s->text.p[i] & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

static void report_reader(struct source *s)
{
    struct ln_place place = place_of_byte(s, s->parser.problem_offset);

    if (s->parser.problem_value >= 0)
        ln_diag_error(s->diag, &place, "byte 0x%02x is not text, expected YAML in UTF-8",
                      (unsigned)s->parser.problem_value & 0xff);
    else
        ln_diag_error(s->diag, &place, "not text, expected YAML in UTF-8");
}

/* libyaml calls a tab "a character that cannot start any token"; people cannot see it. */
static bool is_tab(const struct source *s, struct ln_place place)
{
    const char *p = s->text.p, *end = p + s->text.n;

    for (unsigned line = 1; line < place.line && p < end; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (p == NULL)
            return false;
        p++;
    }
    return (size_t)(end - p) >= place.column && p[place.column - 1] == '\t';
}

static void report_parser(struct source *s)
{
    const yaml_parser_t *p = &s->parser;
    struct ln_place place = place_at(s, p->problem_mark);

    if (p->error == YAML_READER_ERROR) {
        report_reader(s);
    } else if (is_tab(s, place)) {
        ln_diag_error(s->diag, &place, "a tab, expected spaces: YAML cannot be indented with tabs");
    } else if (p->context != NULL && p->problem != NULL) {
        ln_diag_error(s->diag, &place, "not YAML: %s (%s)", p->problem, p->context);
    } else {
        ln_diag_error(s->diag, &place, "not YAML: %s",
                      p->problem != NULL ? p->problem : "the parser gave up");
    }
}

static bool next_event(struct source *s, yaml_event_t *e)
{
    if (yaml_parser_parse(&s->parser, e))
        return true;
    report_parser(s);
    return false;
}

static struct ln_node *refuse(struct source *s, const struct ln_place *place, const char *what)
{
    ln_diag_error(s->diag, place, "%s", what);
    return NULL;
}

static bool has_anchor_or_tag(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor != NULL || e->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor != NULL || e->data.mapping_start.tag != NULL;
    default:
        return false;
    }
}

static bool is_null(struct ln_slice text)
{
    return text.n == 0 || ln_slice_eq(text, LN_SLICE("~")) || ln_slice_eq(text, LN_SLICE("null"));
}

static struct ln_node *read_scalar(struct source *s, const yaml_event_t *e,
                                   const struct ln_place *place)
{
    struct ln_slice text = ln_slice((const char *)e->data.scalar.value, e->data.scalar.length);
    bool quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    struct ln_text out;
    struct ln_err err;

    if (!quoted && is_null(text))
        return ln_node_new_null(s->arena, place);
    if (memchr(text.p, '\0', text.n) != NULL)
        return refuse(s, place, "a text with a NUL byte, expected none");
    if (memchr(text.p, '$', text.n) == NULL)
        return ln_node_new_scalar(s->arena, text, quoted, place);

    ln_text_init(&out);
    bool broken = ln_expand(s->env, text, &out, &err) != 0;
    struct ln_node *n = ln_node_new_scalar(s->arena, ln_slice(out.p, out.n), quoted, place);

    n->broken = broken;
    n->raw = ln_arena_dup(s->arena, text);
    if (broken)
        ln_diag_error(s->diag, place, "%s", err.text);

    ln_text_fini(&out);
    return n;
}

static struct ln_node *read_node(struct source *s, const yaml_event_t *e, unsigned depth);

static struct ln_node *read_seq(struct source *s, const struct ln_place *place, unsigned depth)
{
    struct ln_node *seq = ln_node_new_seq(s->arena, place);
    yaml_event_t e;

    while (next_event(s, &e)) {
        if (e.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&e);
            return seq;
        }
        struct ln_node *item = read_node(s, &e, depth + 1);

        yaml_event_delete(&e);
        if (item == NULL)
            return NULL;
        ln_node_add(seq, item);
    }
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    const struct ln_node *x = *(const struct ln_node *const *)a;
    const struct ln_node *y = *(const struct ln_node *const *)b;
    size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
    int order = memcmp(x->key.p, y->key.p, n);

    if (order == 0)
        order = (x->key.n > y->key.n) - (x->key.n < y->key.n);
    if (order == 0)
        order = (x->key_place.line > y->key_place.line) - (x->key_place.line < y->key_place.line);
    if (order == 0)
        order = (x->key_place.column > y->key_place.column) -
                (x->key_place.column < y->key_place.column);
    return order;
}

/* Sorted, equal keys are neighbours: a hostile mapping costs n log n. */
static void find_equal_keys(struct source *s, const struct ln_node *map)
{
    const struct ln_node **entries = ln_alloc((map->count + 1) * sizeof(const struct ln_node *));
    unsigned n = 0;

    for (const struct ln_node *e = map->first; e != NULL; e = e->next)
        entries[n++] = e;
    qsort(entries, n, sizeof *entries, by_key);
    for (unsigned i = 1; i < n; i++) {
        const struct ln_place *first = &entries[i - 1]->key_place;
        char shown[LN_NODE_SHOWN];

        if (!ln_slice_eq(entries[i - 1]->key, entries[i]->key))
            continue;
        struct ln_node key = {.kind = LN_NODE_SCALAR, .text = entries[i]->key};

        ln_diag_error(s->diag, &entries[i]->key_place,
                      "the key %s is given twice, the first time at %s:%u:%u",
                      ln_node_show(&key, shown), first->file, first->line, first->column);
    }
    ln_free(entries);
}

static bool is_key(struct source *s, const yaml_event_t *e)
{
    struct ln_place place = place_at(s, e->start_mark);

    if (e->type != YAML_SCALAR_EVENT || has_anchor_or_tag(e))
        return refuse(s, &place, "a key that is not a word, expected key: value") != NULL;
    if (memchr(e->data.scalar.value, '\0', e->data.scalar.length) != NULL)
        return refuse(s, &place, "a key with a NUL byte, expected none") != NULL;
    return true;
}

static bool read_entry(struct source *s, struct ln_node *map, const yaml_event_t *key,
                       unsigned depth)
{
    yaml_event_t e;

    if (!is_key(s, key) || !next_event(s, &e))
        return false;

    struct ln_node *value = read_node(s, &e, depth + 1);

    yaml_event_delete(&e);
    if (value == NULL)
        return false;
    ln_node_put(s->arena, map,
                ln_slice((const char *)key->data.scalar.value, key->data.scalar.length), value);
    value->key_place = place_at(s, key->start_mark);
    return true;
}

static struct ln_node *read_map(struct source *s, const struct ln_place *place, unsigned depth)
{
    struct ln_node *map = ln_node_new_map(s->arena, place);
    yaml_event_t e;

    while (next_event(s, &e)) {
        bool end = e.type == YAML_MAPPING_END_EVENT;
        bool good = end || read_entry(s, map, &e, depth);

        yaml_event_delete(&e);
        if (!good)
            return NULL;
        if (end) {
            find_equal_keys(s, map);
            return map;
        }
    }
    return NULL;
}

/* The event stays the caller's. */
static struct ln_node *read_node(struct source *s, const yaml_event_t *e, unsigned depth)
{
    struct ln_place place = place_at(s, e->start_mark);

    if (e->type == YAML_ALIAS_EVENT || has_anchor_or_tag(e))
        return refuse(
            s, &place,
            "an anchor, alias or tag (&, *, !), which are not supported; a text that begins "
            "so needs quotes");
    if (++s->nodes > s->bounds->nodes) {
        ln_diag_error(s->diag, &place, "too many values, expected at most %u", s->bounds->nodes);
        return NULL;
    }
    if (depth > LN_YAML_DEPTH)
        return refuse(s, &place, "nested too deeply, expected at most 32 levels");
    if (e->type == YAML_SEQUENCE_START_EVENT)
        return read_seq(s, &place, depth);
    if (e->type == YAML_MAPPING_START_EVENT)
        return read_map(s, &place, depth);
    return read_scalar(s, e, &place);
}

static struct ln_node *read_document(struct source *s)
{
    yaml_event_t e;

    if (!next_event(s, &e))
        return NULL;

    struct ln_node *root = read_node(s, &e, 1);

    yaml_event_delete(&e);
    return root;
}

/* Stream start, one document with its start and end, stream end. */
static struct ln_node *read_stream(struct source *s)
{
    struct ln_place start = {s->file, 1, 1};
    struct ln_node *root = NULL;
    yaml_event_t e;

    while (next_event(s, &e)) {
        struct ln_place place = place_at(s, e.start_mark);
        yaml_event_type_t type = e.type;

        yaml_event_delete(&e);
        if (type == YAML_STREAM_END_EVENT) {
            if (root == NULL)
                ln_diag_error(s->diag, &start, "the file is empty, expected %s", s->bounds->root);
            return root;
        }
        if (type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (root != NULL)
            return refuse(s, &place, "a second document, expected one in a file");
        root = read_document(s);
        if (root == NULL)
            return NULL;
    }
    return NULL;
}

struct ln_node *ln_yaml_parse(struct ln_arena *a, struct ln_bundle *env, const char *file,
                              struct ln_slice text, struct ln_diag *diag)
{
    static const struct ln_yaml_bounds bounds = {LN_YAML_BYTES, LN_YAML_NODES,
                                                 "gateway: and services:"};

    return ln_yaml_parse_within(a, env, file, text, &bounds, diag);
}

struct ln_node *ln_yaml_parse_within(struct ln_arena *a, struct ln_bundle *env, const char *file,
                                     struct ln_slice text, const struct ln_yaml_bounds *bounds,
                                     struct ln_diag *diag)
{
    struct source s = {
        .arena = a, .env = env, .file = file, .text = text, .diag = diag, .bounds = bounds};
    struct ln_place start = {file, 1, 1};

    if (ln_slice_has_prefix(text, LN_SLICE("\xef\xbb\xbf"))) /* so that columns are right */
        s.text = ln_slice(text.p + 3, text.n - 3);
    if (s.text.n > bounds->bytes) {
        ln_diag_error(diag, &start, "the file is larger than %zu MiB, expected a configuration",
                      bounds->bytes >> 20);
        return NULL;
    }
    if (!yaml_parser_initialize(&s.parser))
        return refuse(&s, &start, "not enough memory for the YAML parser");
    yaml_parser_set_encoding(&s.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&s.parser, (const unsigned char *)(s.text.n > 0 ? s.text.p : ""),
                                 s.text.n);

    struct ln_node *root = read_stream(&s);

    yaml_parser_delete(&s.parser);
    return root;
}
