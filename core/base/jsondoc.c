/* SPDX-License-Identifier: Apache-2.0
 * jsondoc.c - a JSON text as a tree of its pieces.
 */
#include "base/jsondoc.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/mem.h"

enum kind { SCALAR, OBJECT, ARRAY };

/* A value, and its place among its neighbours: a list keeps the order, and edits are local. */
struct value {
    struct value *next;
    struct value *first, **end; /* OBJECT, ARRAY */
    struct ln_slice raw;        /* SCALAR: as written */
    struct ln_slice key;        /* of a member: as written, with its quotes */
    struct ln_slice name;       /* ... and what that means */
    enum kind kind;
};

struct ln_jsondoc {
    struct ln_arena arena;
    struct value *root;
    unsigned values;
    /* while a text is read */
    const char *p, *stop, *why;
    int depth;
};

static bool parse_value(struct ln_jsondoc *d, struct value **out);

struct ln_jsondoc *ln_jsondoc_new(void)
{
    struct ln_jsondoc *d = ln_zalloc(sizeof *d);

    ln_arena_init(&d->arena, NULL);
    return d;
}

void ln_jsondoc_free(struct ln_jsondoc *d)
{
    if (d == NULL)
        return;
    ln_arena_reset(&d->arena);
    ln_free(d);
}

/* ---- reading ---- */

static bool refuse(struct ln_jsondoc *d, const char *why)
{
    d->why = why;
    return false;
}

static void skip_space(struct ln_jsondoc *d)
{
    while (d->p < d->stop && (*d->p == ' ' || *d->p == '\t' || *d->p == '\n' || *d->p == '\r'))
        d->p++;
}

static bool is_at(const struct ln_jsondoc *d, char c)
{
    return d->p < d->stop && *d->p == c;
}

static int hex_of(const char *p)
{
    int n = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 0x20);

        if (c >= '0' && c <= '9')
            n = n * 16 + c - '0';
        else if (low >= 'a' && low <= 'f')
            n = n * 16 + low - 'a' + 10;
        else
            return -1;
    }
    return n;
}

/* From the quote on; *raw with both quotes. */
static bool parse_string(struct ln_jsondoc *d, struct ln_slice *raw)
{
    const char *start = d->p++;

    for (; d->p < d->stop; d->p++) {
        if (*d->p == '"') {
            *raw = ln_slice(start, (size_t)(++d->p - start));
            return true;
        }
        if ((unsigned char)*d->p < 0x20)
            return refuse(d, "a control character inside a string");
        if (*d->p != '\\')
            continue;
        if (++d->p == d->stop)
            break;
        if (*d->p == 'u') {
            if (d->stop - d->p < 5 || hex_of(d->p + 1) < 0)
                return refuse(d, "an escape that is none");
            d->p += 4;
        } else if (*d->p == '\0' || strchr("\"\\/bfnrt", *d->p) == NULL) {
            return refuse(d, "an escape that is none");
        }
    }
    return refuse(d, "a string that does not end");
}

static char *put_utf8(char *at, uint32_t c)
{
    if (c < 0x80) {
        *at++ = (char)c;
    } else if (c < 0x800) {
        *at++ = (char)(0xc0 | c >> 6);
        *at++ = (char)(0x80 | (c & 0x3f));
    } else {
        if (c < 0x10000) {
            *at++ = (char)(0xe0 | c >> 12);
        } else {
            *at++ = (char)(0xf0 | c >> 18);
            *at++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *at++ = (char)(0x80 | (c >> 6 & 0x3f));
        *at++ = (char)(0x80 | (c & 0x3f));
    }
    return at;
}

/* A \u escape at p, which may be half of a pair; moves p behind it. */
static uint32_t take_code(const char **p, const char *stop)
{
    uint32_t c = (uint32_t)hex_of(*p + 2), low;

    *p += 6;
    if (c < 0xd800 || c > 0xdbff || stop - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return c;
    low = (uint32_t)hex_of(*p + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return c;
    *p += 6;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/* What a string that was judged means. */
static struct ln_slice meaning(struct ln_jsondoc *d, struct ln_slice raw)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    struct ln_slice text = ln_slice(raw.p + 1, raw.n - 2);

    if (text.n == 0 || memchr(text.p, '\\', text.n) == NULL)
        return text;
    const char *p = text.p, *stop = text.p + text.n;
    char *out = ln_arena_alloc(&d->arena, text.n), *at = out;

    while (p < stop) {
        if (*p != '\\') {
            *at++ = *p++;
        } else if (p[1] == 'u') {
            at = put_utf8(at, take_code(&p, stop));
        } else {
            const char *known = strchr(from, p[1]);

            *at++ = known != NULL ? to[known - from] : p[1];
            p += 2;
        }
    }
    return ln_slice(out, (size_t)(at - out));
}

static bool is_digit(const struct ln_jsondoc *d)
{
    return d->p < d->stop && *d->p >= '0' && *d->p <= '9';
}

static bool skip_digits(struct ln_jsondoc *d)
{
    if (!is_digit(d))
        return refuse(d, "a number that is none");
    while (is_digit(d))
        d->p++;
    return true;
}

/* RFC 8259 section 6 */
static bool skip_number(struct ln_jsondoc *d)
{
    if (is_at(d, '-'))
        d->p++;
    if (is_at(d, '0'))
        d->p++;
    else if (!skip_digits(d))
        return false;
    if (is_at(d, '.')) {
        d->p++;
        if (!skip_digits(d))
            return false;
    }
    if (is_at(d, 'e') || is_at(d, 'E')) {
        d->p++;
        if (is_at(d, '+') || is_at(d, '-'))
            d->p++;
        return skip_digits(d);
    }
    return true;
}

static bool skip_word(struct ln_jsondoc *d)
{
    static const char *const words[] = {"true", "false", "null"};

    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);

        if ((size_t)(d->stop - d->p) >= n && memcmp(d->p, words[i], n) == 0) {
            d->p += n;
            return true;
        }
    }
    return refuse(d, "no value where there should be one");
}

static bool parse_scalar(struct ln_jsondoc *d, struct value *v)
{
    const char *start = d->p;

    if (is_at(d, '"'))
        return parse_string(d, &v->raw);
    if (!(is_at(d, '-') || is_digit(d) ? skip_number(d) : skip_word(d)))
        return false;
    v->raw = ln_slice(start, (size_t)(d->p - start));
    return true;
}

static void append(struct value *parent, struct value *v)
{
    *parent->end = v;
    parent->end = &v->next;
}

static bool parse_member(struct ln_jsondoc *d, struct value *parent)
{
    struct ln_slice key = {NULL, 0};
    struct value *v;

    skip_space(d);
    if (parent->kind == OBJECT) {
        if (!is_at(d, '"'))
            return refuse(d, "no name where there should be one");
        if (!parse_string(d, &key))
            return false;
        skip_space(d);
        if (!is_at(d, ':'))
            return refuse(d, "no colon behind a name");
        d->p++;
    }
    if (!parse_value(d, &v))
        return false;
    v->key = key;
    if (key.p != NULL)
        v->name = meaning(d, key);
    append(parent, v);
    return true;
}

static bool parse_members(struct ln_jsondoc *d, struct value *v, char close)
{
    d->p++;
    skip_space(d);
    if (is_at(d, close)) {
        d->p++;
        return true;
    }
    while (parse_member(d, v)) {
        skip_space(d);
        if (is_at(d, close)) {
            d->p++;
            return true;
        }
        if (!is_at(d, ','))
            return refuse(d, "no comma between two values");
        d->p++;
    }
    return false;
}

static struct value *value_new(struct ln_jsondoc *d, enum kind kind)
{
    struct value *v = ln_arena_zalloc(&d->arena, sizeof *v);

    v->kind = kind;
    v->end = &v->first;
    d->values++;
    return v;
}

static bool parse_value(struct ln_jsondoc *d, struct value **out)
{
    bool ok;

    skip_space(d);
    if (d->values >= LN_JSONDOC_VALUES)
        return refuse(d, "too many values");
    *out = value_new(d, is_at(d, '{') ? OBJECT : is_at(d, '[') ? ARRAY : SCALAR);
    if ((*out)->kind == SCALAR)
        return parse_scalar(d, *out);
    if (++d->depth > LN_JSONDOC_DEPTH)
        return refuse(d, "values within values, too deep");
    ok = parse_members(d, *out, (*out)->kind == OBJECT ? '}' : ']');
    d->depth--;
    return ok;
}

static bool parse_text(struct ln_jsondoc *d, struct ln_slice text, struct value **out)
{
    d->p = text.p;
    d->stop = text.p + text.n;
    d->depth = 0;
    d->why = NULL;
    if (!parse_value(d, out))
        return false;
    skip_space(d);
    return d->p == d->stop || refuse(d, "something behind the value");
}

bool ln_jsondoc_parse(struct ln_jsondoc *d, struct ln_slice text, const char **why)
{
    ln_arena_reset(&d->arena);
    d->values = 0;
    d->root = NULL;
    bool ok = text.n > 0 ? parse_text(d, text, &d->root) : refuse(d, "nothing");

    if (!ok)
        d->root = NULL;
    *why = d->why;
    return ok;
}

/* ---- paths ---- */

struct step {
    enum { NAME, INDEX, EACH } kind;
    struct ln_slice name;
    uint64_t index;
};

/* What stands in brackets; *rest begins behind the open one. */
static const char *take_bracket(struct ln_slice *rest, struct step *step)
{
    bool quoted = rest->n > 0 && rest->p[0] == '"';
    const char *close = quoted ? memmem(rest->p, rest->n, "\"]", 2)
                               : (rest->n > 0 ? memchr(rest->p, ']', rest->n) : NULL);

    if (close == NULL || (quoted && close == rest->p))
        return "a bracket that does not close";
    size_t n = (size_t)(close - rest->p);

    step->kind = quoted ? NAME : (n == 0 ? EACH : INDEX);
    step->name = quoted ? ln_slice(rest->p + 1, n - 1) : ln_slice(NULL, 0);
    if (step->kind == INDEX && !ln_slice_to_u64(ln_slice(rest->p, n), &step->index))
        return "expected a number, nothing or a name in quotes between brackets";
    n += quoted ? 2 : 1;
    *rest = ln_slice(rest->p + n, rest->n - n);
    return NULL;
}

/* The next step; NULL, or what is wrong. */
static const char *take_step(struct ln_slice *rest, bool first, struct step *step)
{
    size_t n = 0;

    if (rest->p[0] == '[') {
        *rest = ln_slice(rest->p + 1, rest->n - 1);
        return take_bracket(rest, step);
    }
    if (!first) {
        if (rest->p[0] != '.')
            return "expected a dot or a bracket";
        *rest = ln_slice(rest->p + 1, rest->n - 1);
    }
    while (n < rest->n && rest->p[n] != '.' && rest->p[n] != '[')
        n++;
    if (n == 0)
        return "expected a name";
    if (memchr(rest->p, ']', n) != NULL || memchr(rest->p, '"', n) != NULL)
        return "a name with brackets or quotes is written [\"so\"]";
    *step = (struct step){.kind = NAME, .name = ln_slice(rest->p, n)};
    *rest = ln_slice(rest->p + n, rest->n - n);
    return NULL;
}

const char *ln_jsondoc_path_fault(struct ln_slice path, enum ln_jsondoc_op op)
{
    struct step step = {.kind = EACH};
    const char *why = path.n == 0 ? "expected a path such as user.name" : NULL;
    int steps = 0;

    while (why == NULL && path.n > 0) {
        why = take_step(&path, steps == 0, &step);
        if (++steps > LN_JSONDOC_DEPTH)
            why = "too many steps";
    }
    if (why == NULL && op == LN_JSONDOC_RENAME && step.kind != NAME)
        why = "what is renamed has a name";
    return why;
}

/* ---- editing ---- */

struct edit {
    struct ln_jsondoc *d;
    enum ln_jsondoc_op op;
    struct ln_slice value; /* RENAME: the new key, as it is written */
    struct ln_slice name;  /* RENAME: the new name */
    bool failed;
};

/* Each place gets a tree of its own. */
static struct value *made(struct edit *e)
{
    struct value *v = NULL;

    if (!parse_text(e->d, e->value, &v))
        e->failed = true;
    return e->failed ? NULL : v;
}

static bool is_meant(const struct value *v, const struct step *step, uint64_t index)
{
    switch (step->kind) {
    case NAME:
        return v->key.p != NULL && ln_slice_eq(v->name, step->name);
    case INDEX:
        return v->key.p == NULL && index == step->index;
    default:
        return v->key.p == NULL;
    }
}

static void unlink_at(struct value *parent, struct value **at)
{
    if (parent->end == &(*at)->next)
        parent->end = at;
    *at = (*at)->next;
}

static void remove_named(struct value *parent, struct ln_slice name, const struct value *but)
{
    for (struct value **at = &parent->first; *at != NULL;) {
        if (*at != but && (*at)->key.p != NULL && ln_slice_eq((*at)->name, name))
            unlink_at(parent, at);
        else
            at = &(*at)->next;
    }
}

/* Of several members with the name of this one, the last: the one that readers go by. */
static struct value *last_named(struct value *v)
{
    struct value *last = v;

    for (struct value *m = v->next; m != NULL; m = m->next)
        if (m->key.p != NULL && ln_slice_eq(m->name, v->name))
            last = m;
    return last;
}

static void replace_at(struct edit *e, struct value *parent, struct value **at)
{
    struct value *old = *at, *v = made(e);

    if (v == NULL)
        return;
    v->key = old->key;
    v->name = old->name;
    v->next = old->next;
    if (parent->end == &old->next)
        parent->end = &v->next;
    *at = v;
}

static void write_key(struct edit *e, struct value *v, struct ln_slice name)
{
    struct ln_text key;

    ln_text_init(&key);
    ln_text_json(&key, name);
    v->key = ln_arena_dup(&e->d->arena, ln_slice(key.p, key.n));
    v->name = ln_arena_dup(&e->d->arena, name);
    ln_text_fini(&key);
}

/* The last step, at a value that it means. True: the place has another value now. */
static bool edit_at(struct edit *e, struct value *parent, struct value **at)
{
    struct value *v = *at;

    switch (e->op) {
    case LN_JSONDOC_SET:
        replace_at(e, parent, at);
        if (!e->failed && (*at)->key.p != NULL)
            remove_named(parent, (*at)->name, *at);
        return false;
    case LN_JSONDOC_REMOVE:
        unlink_at(parent, at);
        return true;
    case LN_JSONDOC_RENAME:
        v = last_named(v); /* all others go at once: one at a time would take their square */
        remove_named(parent, v->name, v);
        remove_named(parent, e->name, v);
        v->key = e->value;
        v->name = e->name;
        return false;
    default:
        return false;
    }
}

static void walk(struct edit *e, struct value *parent, struct ln_slice path, bool first);

/* A member that is not there yet, for SET and ADD. */
static void make_member(struct edit *e, struct value *parent, const struct step *step,
                        struct ln_slice rest)
{
    bool deeper = rest.n > 0;
    struct value *v;

    if ((e->op != LN_JSONDOC_SET && e->op != LN_JSONDOC_ADD) || step->kind != NAME ||
        parent->kind != OBJECT)
        return;
    if (deeper && rest.p[0] == '[' && !(rest.n > 1 && rest.p[1] == '"'))
        return; /* of no items, none can be set */
    v = deeper ? value_new(e->d, OBJECT) : made(e);
    if (v == NULL)
        return;
    write_key(e, v, step->name);
    append(parent, v);
    if (deeper)
        walk(e, v, rest, false);
}

static void walk(struct edit *e, struct value *parent, struct ln_slice path, bool first)
{
    struct step step;
    bool found = false;
    uint64_t index = 0;

    if (take_step(&path, first, &step) != NULL)
        return;
    for (struct value **at = &parent->first; *at != NULL && !e->failed; index++) {
        struct value *v = *at;

        if (!is_meant(v, &step, index)) {
            at = &v->next;
            continue;
        }
        found = true;
        if (path.n > 0)
            walk(e, v, path, false);
        else if (edit_at(e, parent, at))
            continue; /* another value stands here now */
        at = &(*at)->next;
    }
    if (!found)
        make_member(e, parent, &step, path);
}

bool ln_jsondoc_edit(struct ln_jsondoc *d, enum ln_jsondoc_op op, struct ln_slice path,
                     struct ln_slice value)
{
    struct edit e = {.d = d, .op = op, .value = value};

    if (d->root == NULL || ln_jsondoc_path_fault(path, op) != NULL)
        return false;
    if (op == LN_JSONDOC_SET || op == LN_JSONDOC_ADD) {
        e.value = ln_arena_dup(&d->arena, value);
        if (value.n == 0 || made(&e) == NULL) /* also where the path finds nothing */
            return false;
    } else if (op == LN_JSONDOC_RENAME) {
        struct value keyed;

        write_key(&e, &keyed, value);
        e.value = keyed.key;
        e.name = keyed.name;
    }
    walk(&e, d->root, path, true);
    return !e.failed;
}

/* ---- writing ---- */

static void print_value(const struct value *v, struct ln_text *out)
{
    if (v->kind == SCALAR) {
        ln_text_add(out, v->raw.p, v->raw.n);
        return;
    }
    ln_text_puts(out, v->kind == OBJECT ? "{" : "[");
    for (const struct value *m = v->first; m != NULL; m = m->next) {
        if (m->key.p != NULL) {
            ln_text_add(out, m->key.p, m->key.n);
            ln_text_puts(out, ":");
        }
        print_value(m, out);
        if (m->next != NULL)
            ln_text_puts(out, ",");
    }
    ln_text_puts(out, v->kind == OBJECT ? "}" : "]");
}

void ln_jsondoc_print(const struct ln_jsondoc *d, struct ln_text *out)
{
    if (d->root != NULL)
        print_value(d->root, out);
}
