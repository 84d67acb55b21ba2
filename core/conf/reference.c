/* SPDX-License-Identifier: Apache-2.0
 * reference.c - the reference page and the example file, from the rows.
 */
#include "conf/reference.h"

#include "conf/rows.h"

static bool is_list(const struct ln_row *row)
{
    return strcmp(row->type->name, "list") == 0;
}

static void put_cell(struct ln_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            ln_text_puts(out, "\\");
        ln_text_add(out, text, 1);
    }
    ln_text_puts(out, " | ");
}

static void put_default(const struct ln_row *row, struct ln_text *out)
{
    if (row->range.block != NULL && row->def == NULL && !is_list(row))
        put_cell(out, "as below");
    else if (row->def == NULL)
        put_cell(out, "must be given");
    else if (row->def[0] == '=')
        put_cell(out, row->def + 1);
    else if (row->def[0] == '\0')
        put_cell(out, "`\"\"`");
    else
        ln_text_printf(out, "`%s` | ", row->def);
}

static void put_row(const struct ln_row *row, struct ln_text *out)
{
    struct ln_text expected;

    ln_text_init(&expected);
    row->type->expect(row, &expected);
    ln_text_printf(out, "| `%s` | ", row->name);
    put_cell(out, row->type->name);
    put_cell(out, expected.p);
    put_default(row, out);
    ln_text_printf(out, "%s |\n", row->sentence);
    ln_text_fini(&expected);
}

static void put_block(const struct ln_block *block, const char *title, struct ln_text *out)
{
    ln_text_printf(
        out, "\n## %s\n\n| key | type | values | default | what it does |\n|---|---|---|---|---|\n",
        title[0] != '\0' ? title : "The file");
    for (const struct ln_row *row = block->rows; row->name != NULL; row++)
        put_row(row, out);
    for (const struct ln_row *row = block->rows; row->name != NULL; row++) {
        struct ln_text inner;

        if (row->range.block == NULL)
            continue;
        ln_text_init(&inner);
        ln_text_printf(&inner, "%s%s%s%s", title, title[0] != '\0' ? "." : "", row->name,
                       is_list(row) ? "[]" : "");
        put_block(row->range.block, inner.p, out);
        ln_text_fini(&inner);
    }
}

void ln_conf_reference(struct ln_text *out)
{
    ln_text_puts(
        out,
        "<!-- Generated from the rows in core/conf by `make docs`; do not edit. -->\n"
        "# Directives\n\n"
        "Every key of `gateway.yaml`. An unknown key is an error that names the nearest known one, "
        "and all errors are\n"
        "reported at once, as `file:line:column: key: what is wrong, what was expected`.\n\n"
        "- **Durations** are seconds (`30`, `0.5`) or have a unit: `250ms`, `30s`, `5m`, `24h`, "
        "`7d`.\n"
        "- **Sizes** are bytes or have a unit of 1024: `64k`, `1m`, `2g`.\n"
        "- **Switches** are `on` or `off` (`true` and `false` work too).\n"
        "- **Lists** of plain values may be a single value.\n"
        "- **Paths** start at the folder of the file.\n"
        "- **Variables** of the environment: `${NAME}`, or `${NAME:-default}` for one that is not "
        "set or empty; `$$` is\n"
        "  a dollar sign. Between `{ }` and `[ ]` they need quotes, as YAML wants it.\n");
    put_block(&ln_rows_root, "", out);
}

static void put_indent(struct ln_text *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        ln_text_puts(out, "  ");
}

/* Keys without a default of their own need a value that makes the example load. */
static const char *sample(const struct ln_row *row)
{
    static const char *const samples[][2] = {
        {"port", "\":8080\""},
        {"name", "user-service"},
        {"path", "/api/users"},
        {"listen", "\"127.0.0.1:8081\""},
        {"url", "\"http://127.0.0.1:9000\""},
        {"requestsPerSecond", "100"},
    };

    if (strcmp(row->type->name, "path and query") == 0)
        return "/health";
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        if (strcmp(row->name, samples[i][0]) == 0)
            return samples[i][1];
    return NULL;
}

static void put_example(const struct ln_block *block, unsigned depth, bool item,
                        struct ln_text *out);

static void put_key(const struct ln_row *row, unsigned depth, const char *lead, struct ln_text *out)
{
    const char *value = sample(row);

    if (value == NULL && row->def != NULL && row->def[0] != '=')
        value = row->def[0] != '\0' ? row->def : "\"\"";
    put_indent(out, depth);
    if (row->range.block != NULL) {
        ln_text_printf(out, "%s%s:  # %s\n", lead, row->name, row->sentence);
        put_example(row->range.block, is_list(row) ? depth + 2 : depth + 1, is_list(row), out);
    } else if (value != NULL) {
        ln_text_printf(out, "%s%s: %s  # %s\n", lead, row->name, value, row->sentence);
    } else {
        ln_text_printf(out, "# %s: (%s)  # %s\n", row->name, row->def + 1, row->sentence);
    }
}

static void put_example(const struct ln_block *block, unsigned depth, bool item,
                        struct ln_text *out)
{
    for (const struct ln_row *row = block->rows; row->name != NULL; row++) {
        bool first = item && row == block->rows;

        put_key(row, first ? depth - 1 : depth, first ? "- " : "", out);
    }
}

void ln_conf_example(struct ln_text *out)
{
    ln_text_puts(out, "# Every key of gateway.yaml. Generated from the rows in core/conf.\n");
    put_example(&ln_rows_root, 0, false, out);
}
