/* SPDX-License-Identifier: Apache-2.0
 * rows_consumer.c - consumers: who may call, in gateway.yaml or in a file of their own.
 *
 * What is written here is secret: no message shows a key, a password or metadata, which may hold a
 * token for somebody else.
 */
#include "base/map.h"
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"
#include "conf/yaml.h"

#define AT(field) offsetof(struct ln_consumer_conf, field)

enum { NAME_MAX_BYTES = 128, KEY_MIN = 8, KEY_MAX = 512, DIGEST = 32, VALUE_MAX = 4096 };

/* ---- names of consumers and groups ---- */

/* They become header fields, lists in them, parts of keys and of log lines. */
static bool is_word(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"\\,:;", s.p[i]) != NULL)
            return false;
    return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

static void set_name(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    if (n->kind == LN_NODE_SCALAR && is_word(n->text))
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_name(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "1 to 128 visible characters without \" \\ , : and ;");
}

static const struct ln_row_type type_name = {"text", set_name, expect_name};

static void add_group(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                      unsigned index, void *arg)
{
    const char **groups = arg;

    groups[index] = "";
    set_name(r, row, item, &groups[index]);
}

static void set_groups(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    struct ln_consumer_conf *c = field;

    if (ln_row_count(n) == 0)
        return;
    c->groups = ln_arena_zalloc(&r->conf->arena, ln_row_count(n) * sizeof(const char *));
    int count = ln_row_items(r, row, n, add_group, c->groups);

    c->group_count = count > 0 ? (unsigned)count : 0;
}

static void expect_groups(const struct ln_row *row, struct ln_text *out)
{
    ln_text_puts(out, "a list of names, each ");
    expect_name(row, out);
}

static const struct ln_row_type type_groups = {"list of names", set_groups, expect_groups};

/* ---- keys ---- */

static const char a_key[] =
    "expected a key of 8 to 512 visible characters, sha256: with 64 hexadecimal digits, or file: "
    "with the path of a file that holds one of these";

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_digest(struct ln_reader *r, struct ln_slice hex, struct ln_key_conf *key)
{
    char *bytes = ln_arena_alloc(&r->conf->arena, DIGEST);

    if (hex.n != (size_t)2 * DIGEST)
        return false;
    for (size_t i = 0; i < DIGEST; i++) {
        int high = hex_value(hex.p[2 * i]), low = hex_value(hex.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (char)(high << 4 | low);
    }
    key->text = ln_slice(bytes, DIGEST);
    key->is_digest = true;
    return true;
}

static bool is_key(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n >= KEY_MIN && s.n <= KEY_MAX;
}

static bool read_key(struct ln_reader *r, struct ln_slice text, struct ln_key_conf *key)
{
    static const struct ln_slice mark = {"sha256:", 7};

    if (ln_slice_has_prefix(text, mark))
        return read_digest(r, ln_slice(text.p + mark.n, text.n - mark.n), key);
    if (!is_key(text))
        return false;
    key->text = ln_arena_dup(&r->conf->arena, text);
    return true;
}

static void add_key(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                    unsigned index, void *arg)
{
    static const struct ln_slice mark = {"file:", 5};
    struct ln_key_conf *key = (struct ln_key_conf *)arg + index;
    struct ln_slice text = item->text, bytes;
    struct ln_err err;

    (void)row;
    key->place = item->place;
    if (item->kind == LN_NODE_SCALAR && ln_slice_has_prefix(text, mark) && text.n > mark.n) {
        const char *path = ln_row_path(r, ln_slice(text.p + mark.n, text.n - mark.n));

        if (ln_bundle_read(r->bundle, path, &bytes, &err) != 0) {
            ln_row_error(r, &item->place, "%s", err.text);
            return;
        }
        while (bytes.n > 0 && (bytes.p[bytes.n - 1] == '\n' || bytes.p[bytes.n - 1] == '\r'))
            bytes.n--;
        text = bytes;
        key->file = path;
    }
    if (item->kind != LN_NODE_SCALAR || !read_key(r, text, key))
        ln_row_error(r, &item->place, "not a key, %s", a_key);
}

static void set_keys(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    struct ln_consumer_conf *c = field;

    if (ln_row_count(n) == 0)
        return;
    if (n->kind == LN_NODE_MAP) {
        ln_row_error(r, &n->place, "got a mapping, %s, or a list of them", a_key);
        return;
    }
    c->keys = ln_arena_zalloc(&r->conf->arena, ln_row_count(n) * sizeof *c->keys);
    int count = ln_row_items(r, row, n, add_key, c->keys);

    c->key_count = count > 0 ? (unsigned)count : 0;
}

static void expect_keys(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, a_key + strlen("expected "));
    ln_text_puts(out, ", or a list of them");
}

static const struct ln_row_type type_keys = {"list of keys", set_keys, expect_keys};

/* ---- the password ---- */

enum { BCRYPT = 60, COST_MAX = 17, ROUNDS_MAX = 10000000 };

/* The letters of crypt(3)'s base64. */
static bool are_letters(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '.' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
              (s.p[i] >= 'a' && s.p[i] <= 'z')))
            return false;
    return true;
}

/* "$2b$12$" and 53 letters; each step of the cost doubles the time. */
static bool is_bcrypt(struct ln_slice s)
{
    uint64_t cost;

    return s.n == BCRYPT && s.p[0] == '$' && s.p[1] == '2' && strchr("aby", s.p[2]) != NULL &&
           s.p[3] == '$' && s.p[6] == '$' && ln_slice_to_u64(ln_slice(s.p + 4, 2), &cost) &&
           cost >= 4 && cost <= COST_MAX && are_letters(ln_slice(s.p + 7, BCRYPT - 7));
}

/* "rounds=N$" may stand in front of the salt. */
static bool are_rounds(struct ln_slice settings)
{
    static const struct ln_slice mark = {"rounds=", 7};
    const char *end = memchr(settings.p, '$', settings.n);
    uint64_t n;

    if (!ln_slice_has_prefix(settings, mark))
        return true;
    return end != NULL &&
           ln_slice_to_u64(ln_slice(settings.p + mark.n, (size_t)(end - settings.p) - mark.n),
                           &n) &&
           n <= ROUNDS_MAX;
}

/* What `mkpasswd` makes at most: up to 1 GiB, and seconds. The letters of crypt(3)'s base64 rise as
 * those of ASCII do. */
static bool is_bounded_yescrypt(struct ln_slice settings)
{
    return settings.n > 4 && settings.p[1] <= 'F' && settings.p[2] <= 'T' && settings.p[3] == '$';
}

static bool is_bounded_scrypt(struct ln_slice settings)
{
    return settings.n > 11 && settings.p[0] <= 'G' && settings.p[1] <= 'U' &&
           memcmp(settings.p + 2, "..../....", 9) == 0;
}

/* Methods of crypt(3) that withstand guessing; others, such as DES and $1$, do not. Whole, so that
 * one that was cut off when it was copied is found now. */
static bool is_hash(struct ln_slice s)
{
    static const struct {
        struct ln_slice prefix;
        size_t digest;
        bool (*is_bounded)(struct ln_slice settings);
    } methods[] = {{{"$y$", 3}, 43, is_bounded_yescrypt},
                   {{"$gy$", 4}, 43, is_bounded_yescrypt},
                   {{"$7$", 3}, 43, is_bounded_scrypt},
                   {{"$6$", 3}, 86, are_rounds},
                   {{"$5$", 3}, 43, are_rounds}};
    const char *last = memrchr(s.p, '$', s.n);

    if (is_bcrypt(s))
        return true;
    if (last == NULL || s.n > 384)
        return false;
    struct ln_slice digest = ln_slice(last + 1, s.n - (size_t)(last - s.p) - 1);

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        size_t n = methods[i].prefix.n;

        if (ln_slice_has_prefix(s, methods[i].prefix))
            return digest.n == methods[i].digest && are_letters(digest) &&
                   (size_t)(last - s.p) > n && methods[i].is_bounded(ln_slice(s.p + n, s.n - n));
    }
    return false;
}

static void expect_password(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out,
                 "a hash as `mkpasswd` or `openssl passwd -6` prints it: $y$, $gy$, $7$, $2b$, "
                 "$6$ or $5$");
}

static void set_password(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                         void *field)
{
    struct ln_text expected;

    if (n->kind == LN_NODE_SCALAR && (n->text.n == 0 || is_hash(n->text))) {
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
        return;
    }
    ln_text_init(&expected);
    expect_password(row, &expected);
    ln_row_error(r, &n->place, "not the hash of a password, expected %s", expected.p);
    ln_text_fini(&expected);
}

static const struct ln_row_type type_password = {"hash", set_password, expect_password};

/* ---- limits ---- */

static void set_rate(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    struct ln_consumer_conf *c = field;

    if (n->kind != LN_NODE_SCALAR || !ln_value_rate(n->text, &c->limits.count, &c->limits.per))
        ln_row_refuse(r, row, n);
}

static void expect_rate(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a rate such as 100/s, 5000/h or 10/30s");
}

static const struct ln_row_type type_rate = {"rate", set_rate, expect_rate};

/* clang-format off */
static const struct ln_row limit_rows[] = {
    {"rate", &type_rate, 0, "=that of the use", {0},
     "Requests that this consumer may send in the long run: `100/s`, `5000/h`, `10/30s`."},
    {"burst", &ln_type_unsigned, AT(limits.burst), "=that of the use", LN_RANGE(1, 1000000),
     "Requests that it may send at once."},
    {0},
};
/* clang-format on */
static const struct ln_block limit_block = {.rows = limit_rows};

/* ---- metadata ---- */

static void expect_metadata(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a mapping of names to texts of at most 4096 bytes");
}

static void refuse_metadata(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n)
{
    struct ln_text expected;

    ln_text_init(&expected);
    expect_metadata(row, &expected);
    ln_row_error(r, &n->place, "not metadata, expected %s", expected.p);
    ln_text_fini(&expected);
}

static void set_metadata(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                         void *field)
{
    struct ln_consumer_conf *c = field;

    if (n->kind != LN_NODE_MAP) {
        refuse_metadata(r, row, n);
        return;
    }
    c->metadata = ln_arena_zalloc(&r->conf->arena, (n->count + 1) * sizeof *c->metadata);
    for (const struct ln_node *e = n->first; e != NULL; e = e->next) {
        if (e->kind != LN_NODE_SCALAR || e->text.n > VALUE_MAX) {
            refuse_metadata(r, row, e);
            continue;
        }
        c->metadata[c->metadata_count++] = (struct ln_datum_conf){
            ln_arena_dup(&r->conf->arena, e->key).p, ln_arena_dup(&r->conf->arena, e->text).p};
    }
}

static const struct ln_row_type type_metadata = {"mapping", set_metadata, expect_metadata};

/* ---- consumers ---- */

/* clang-format off */
static const struct ln_row rows[] = {
    {"name", &type_name, AT(name), NULL, {0},
     "Who it is: in logs, in limits, for services, and as user of `basic-auth`."},
    {"keys", &type_keys, 0, "=none", {0},
     "Its API keys, for `key-auth` and the source `consumer`: a key, `sha256:` and its digest in hexadecimal, or `file:` and a path. Only "
     "digests are kept."},
    {"password", &type_password, AT(password), "", {0},
     "For `basic-auth`: a hash of crypt(3), as `mkpasswd` prints it. Empty = none."},
    {"groups", &type_groups, 0, "=none", {0},
     "Groups that it belongs to, for `acl` and for services."},
    {"limits", &ln_type_block, 0, NULL, LN_BLOCK(limit_block),
     "How much it may, where a plugin that limits goes by its consumers."},
    {"metadata", &type_metadata, 0, "=none", {0},
     "Texts of your own, which plugins read as `req.client.metadata`."},
    {0},
};
/* clang-format on */

const struct ln_block ln_rows_consumer = {.rows = rows};

static void add_consumer(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                         unsigned index, void *arg)
{
    struct ln_consumer_conf *c = (struct ln_consumer_conf *)arg + index;

    c->place = item->place;
    c->password = "";
    if (item->kind == LN_NODE_MAP)
        ln_row_read(r, row->range.block, item, c);
    else /* a key in the wrong place is not shown either */
        ln_row_error(r, &item->place, "not a consumer, expected a mapping with a name");
}

static void refuse_equal_names(struct ln_reader *r)
{
    struct ln_map seen;

    ln_map_init(&seen);
    for (unsigned i = 0; i < r->conf->consumer_count; i++) {
        struct ln_consumer_conf *new = &r->conf->consumers[i], *old;

        if (new->name == NULL)
            continue;
        old = ln_map_get(&seen, ln_slice_of(new->name));
        if (old != NULL)
            ln_row_error(r, &new->place, "two consumers named \"%s\", the first at %s:%u:%u",
                         new->name, old->place.file, old->place.line, old->place.column);
        else
            ln_map_put(&seen, ln_slice_of(new->name), new);
    }
    ln_map_fini(&seen);
}

static void read_list(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n)
{
    unsigned count = ln_row_count(n);

    r->conf->consumers = ln_arena_zalloc(&r->conf->arena, (count + 1) * sizeof *r->conf->consumers);
    if (ln_row_items(r, row, n, add_consumer, r->conf->consumers) > 0)
        r->conf->consumer_count = count;
    refuse_equal_names(r);
}

/* Thousands of consumers are many nodes: they go when the list has been read. */
static void read_file(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n)
{
    static const struct ln_yaml_bounds bounds = {
        .bytes = 16 << 20, .nodes = 2000000, .root = "a list of consumers"};
    const char *path = ln_row_path(r, n->text);
    struct ln_slice text;
    struct ln_arena arena;
    struct ln_node *root;
    struct ln_err err;

    if (ln_bundle_read(r->bundle, path, &text, &err) != 0) {
        ln_row_error(r, &n->place, "%s", err.text);
        return;
    }
    ln_arena_init(&arena, NULL);
    root = ln_yaml_parse_within(&arena, r->bundle, path, text, &bounds, r->diag);
    if (root != NULL && root->kind == LN_NODE_SEQ)
        read_list(r, row, root);
    else if (root != NULL)
        ln_row_refuse(r, row, root);
    ln_arena_reset(&arena);
    r->conf->consumers_file = path;
}

/* { file: consumers.yaml } */
static const struct ln_node *file_of(const struct ln_node *n)
{
    const struct ln_node *file = ln_node_get(n, "file");

    return file != NULL && n->count == 1 && file->kind == LN_NODE_SCALAR && file->text.n > 0 ? file
                                                                                             : NULL;
}

static void set_consumers(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                          void *field)
{
    const struct ln_node *file;
    struct ln_slice made;

    (void)field;
    if (n == NULL || n->kind == LN_NODE_NULL || ln_bundle_made(r->bundle, LN_CONSUMERS_MADE, &made))
        return;
    file = file_of(n);
    if (n->kind == LN_NODE_SEQ)
        read_list(r, row, n);
    else if (file != NULL)
        read_file(r, row, file);
    else
        ln_row_refuse(r, row, n);
}

static void expect_consumers(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out,
                 "a list of consumers, each with a name; or file: with the path of such a list");
}

const struct ln_row_type ln_rows_consumers_type = {"list", set_consumers, expect_consumers};
