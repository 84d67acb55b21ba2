/* SPDX-License-Identifier: Apache-2.0
 * row_type.c - setters and descriptions of the shared types.
 */
#include "conf/row_type.h"

#include <inttypes.h>

#include "conf/value.h"

static bool is_scalar(const struct ln_node *n)
{
    return n->kind == LN_NODE_SCALAR;
}

static bool in_range(const struct ln_row *row, uint64_t value)
{
    return value >= row->range.min && value <= row->range.max;
}

static void set_switch(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    if (!is_scalar(n) || !ln_value_switch(n->text, field))
        ln_row_refuse(r, row, n);
}

static void expect_switch(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "on or off");
}

const struct ln_row_type ln_type_switch = {"switch", set_switch, expect_switch};

static void set_duration(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                         void *field)
{
    ln_msec value;

    if (is_scalar(n) && ln_value_duration(n->text, &value) && in_range(row, value))
        *(ln_msec *)field = value;
    else
        ln_row_refuse(r, row, n);
}

static void expect_duration(const struct ln_row *row, struct ln_text *out)
{
    ln_text_puts(out, "a duration such as 30s or 250ms, ");
    if (row->range.min > 0) {
        ln_text_puts(out, "from ");
        ln_value_print_duration(row->range.min, out);
        ln_text_puts(out, " to ");
    } else {
        ln_text_puts(out, "at most ");
    }
    ln_value_print_duration(row->range.max, out);
}

const struct ln_row_type ln_type_duration = {"duration", set_duration, expect_duration};

static void set_size(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    uint64_t value;

    if (is_scalar(n) && ln_value_size(n->text, &value) && in_range(row, value))
        *(uint64_t *)field = value;
    else
        ln_row_refuse(r, row, n);
}

static void expect_size(const struct ln_row *row, struct ln_text *out)
{
    ln_text_puts(out, "a size such as 64k or 1m");
    if (row->range.max == UINT64_MAX)
        return;
    ln_text_puts(out, ", from ");
    ln_value_print_size(row->range.min, out);
    ln_text_puts(out, " to ");
    ln_value_print_size(row->range.max, out);
}

const struct ln_row_type ln_type_size = {"size", set_size, expect_size};

static bool read_number(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        uint64_t *value)
{
    if (is_scalar(n) && ln_slice_to_u64(n->text, value) && in_range(row, *value))
        return true;
    ln_row_refuse(r, row, n);
    return false;
}

static void set_number(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    uint64_t value;

    if (read_number(r, row, n, &value))
        *(uint64_t *)field = value;
}

static void set_unsigned(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                         void *field)
{
    uint64_t value;

    if (read_number(r, row, n, &value))
        *(unsigned *)field = (unsigned)value;
}

static void expect_number(const struct ln_row *row, struct ln_text *out)
{
    ln_text_printf(out, "a whole number from %" PRIu64 " to %" PRIu64, row->range.min,
                   row->range.max);
}

const struct ln_row_type ln_type_number = {"number", set_number, expect_number};
const struct ln_row_type ln_type_unsigned = {"number", set_unsigned, expect_number};

/* -1: none of the words. */
static int find_word(const struct ln_row *row, const struct ln_node *n)
{
    const char *const *words = row->range.words;

    for (int i = 0; is_scalar(n) && words[i] != NULL; i++)
        if (ln_slice_eq(n->text, ln_slice_of(words[i])))
            return i;
    return -1;
}

static void set_word(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    int i = find_word(row, n);

    if (i >= 0)
        *(unsigned *)field = (unsigned)i; /* all our enums are unsigned ints */
    else
        ln_row_refuse(r, row, n);
}

static void set_word_text(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                          void *field)
{
    int i = find_word(row, n);

    if (i >= 0)
        *(const char **)field = row->range.words[i];
    else
        ln_row_refuse(r, row, n);
}

static void list_words(const struct ln_row *row, struct ln_text *out)
{
    for (const char *const *word = row->range.words; *word != NULL; word++)
        ln_text_printf(out, "%s%s", word > row->range.words ? ", " : "", *word);
}

static void expect_word(const struct ln_row *row, struct ln_text *out)
{
    if (row->range.words[1] != NULL)
        ln_text_puts(out, "one of ");
    list_words(row, out);
}

const struct ln_row_type ln_type_word = {"word", set_word, expect_word};
const struct ln_row_type ln_type_word_text = {"word", set_word_text, expect_word};

static void add_word(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                     unsigned index, void *arg)
{
    int i = find_word(row, item);

    (void)index;
    if (i >= 0)
        *(unsigned *)arg |= 1u << i;
    else
        ln_row_refuse(r, row, item);
}

static void set_words(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    unsigned bits = 0;

    if (ln_row_items(r, row, n, add_word, &bits) >= 0)
        *(unsigned *)field = bits;
}

static void expect_words(const struct ln_row *row, struct ln_text *out)
{
    list_words(row, out);
    ln_text_puts(out, ", or a list of them");
}

const struct ln_row_type ln_type_words = {"list of words", set_words, expect_words};

static void set_share(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    if (!is_scalar(n) || !ln_value_share(n->text, field))
        ln_row_refuse(r, row, n);
}

static void expect_share(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a share such as 0.2 or 20%, from 0 to 1");
}

const struct ln_row_type ln_type_share = {"share", set_share, expect_share};

static void set_name(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                     void *field)
{
    if (is_scalar(n) && ln_value_is_name(n->text))
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_name(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a name of letters, digits, \"-\", \"_\" and \".\", at most 64");
}

const struct ln_row_type ln_type_name = {"name", set_name, expect_name};

static void set_header(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    if (n->kind == LN_NODE_SCALAR && (n->text.n == 0 || ln_value_is_token(n->text)))
        *(const char **)field = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_header(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "the name of a header, or \"\"");
}

const struct ln_row_type ln_type_header = {"header", set_header, expect_header};

static void set_block(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    ln_row_read(r, row->range.block, n, field);
}

static void expect_block(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a mapping of keys");
}

const struct ln_row_type ln_type_block = {"block", set_block, expect_block};
