/* SPDX-License-Identifier: Apache-2.0
 * schema.c - walks the rows and writes JSON; the type's name says which values there are.
 */
#include "conf/schema.h"

#include <inttypes.h>

#include "base/assert.h"
#include "conf/rows.h"

#define VARIABLE "{\"$ref\":\"#/$defs/variable\"}"

static const char shared[] =
    "\"variable\":{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\\\"
    "}\"},"
    "\"switch\":{\"anyOf\":[{\"type\":\"boolean\"},{\"enum\":[\"on\",\"off\"]}," VARIABLE "]},"
    "\"duration\":{\"anyOf\":[{\"type\":\"number\",\"minimum\":0},{\"type\":\"string\",\"pattern\":"
    "\"^[0-9]+(\\\\.[0-9]+)?(ms|s|m|h|d)?$\"}," VARIABLE "]},"
    "\"size\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"type\":\"string\",\"pattern\":"
    "\"^[0-9]+[kKmMgG]?$\"}," VARIABLE "]},"
    "\"name\":{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$\"},"
    "" VARIABLE "]},"
    "\"text\":{\"type\":[\"string\",\"number\",\"null\"]},"
    "\"texts\":{\"anyOf\":[{\"$ref\":\"#/$defs/text\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#/"
    "$defs/text\"}}]},"
    "\"plugin\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"object\",\"minProperties\":1,"
    "\"maxProperties\":1,\"additionalProperties\":false,\"properties\":";

static void put_json(const char *text, struct ln_text *out)
{
    ln_text_json(out, ln_slice_of(text));
}

static void put_words(const struct ln_row *row, struct ln_text *out)
{
    bool has_switch = false;

    ln_text_puts(out, "{\"anyOf\":[{\"enum\":[");
    for (const char *const *word = row->range.words; *word != NULL; word++) {
        ln_text_puts(out, word > row->range.words ? "," : "");
        put_json(*word, out);
        has_switch = has_switch || strcmp(*word, "on") == 0 || strcmp(*word, "off") == 0;
    }
    /* Editors that read YAML 1.1 take on and off for booleans. */
    ln_text_printf(out, "]},%s" VARIABLE "]}", has_switch ? "{\"type\":\"boolean\"}," : "");
}

static void put_number(const struct ln_row *row, bool or_auto, struct ln_text *out)
{
    ln_text_printf(out, "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":%" PRIu64, row->range.min);
    if (row->range.max < UINT64_MAX)
        ln_text_printf(out, ",\"maximum\":%" PRIu64, row->range.max);
    ln_text_printf(out, "},%s" VARIABLE "]}", or_auto ? "{\"const\":\"auto\"}," : "");
}

static void put_block(const struct ln_block *block, struct ln_text *out);

static void put_list(const struct ln_row *row, struct ln_text *out)
{
    bool short_form = row->range.block == &ln_rows_instance;
    bool has_file = row->range.block == &ln_rows_consumer;

    if (short_form)
        ln_text_puts(out, "{\"anyOf\":[{\"type\":\"string\"},");
    if (has_file)
        ln_text_puts(
            out, "{\"anyOf\":[{\"type\":\"object\",\"properties\":{\"file\":{\"type\":\"string\"}},"
                 "\"required\":[\"file\"],\"additionalProperties\":false},");
    ln_text_puts(out, "{\"type\":\"array\",\"items\":");
    if (short_form)
        ln_text_puts(out, "{\"anyOf\":[{\"type\":\"string\"},");
    put_block(row->range.block, out);
    ln_text_puts(out, short_form ? "]}}]}" : has_file ? "}]}" : "}");
}

/* The types that many rows share come as references. */
static const char *reference_of(const char *type)
{
    static const char *const shared_types[] = {"switch", "duration", "size", "name", NULL};

    for (size_t i = 0; shared_types[i] != NULL; i++)
        if (strcmp(type, shared_types[i]) == 0)
            return type;
    return strncmp(type, "list of ", 8) == 0 ? "texts" : "text";
}

static void put_type(const struct ln_row *row, struct ln_text *out)
{
    const char *type = row->type->name;

    if (strcmp(type, "list of plugins") == 0)
        ln_text_puts(out, "{\"anyOf\":[{\"$ref\":\"#/$defs/plugin\"},{\"type\":\"array\",\"items\":"
                          "{\"$ref\":\"#/$defs/plugin\"}}]}");
    else if (strcmp(type, "list") == 0)
        put_list(row, out);
    else if (row->range.block != NULL)
        put_block(row->range.block, out);
    else if (strcmp(type, "list of words") == 0) {
        ln_text_puts(out, "{\"anyOf\":[");
        put_words(row, out);
        ln_text_puts(out, ",{\"type\":\"array\",\"items\":");
        put_words(row, out);
        ln_text_puts(out, "}]}");
    } else if (row->range.words != NULL)
        put_words(row, out);
    else if (strncmp(type, "switch or ", 10) == 0)
        ln_text_puts(out,
                     "{\"anyOf\":[{\"$ref\":\"#/$defs/switch\"},{\"$ref\":\"#/$defs/text\"}]}");
    else if (strcmp(type, "mapping") == 0)
        ln_text_puts(out, "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":"
                          "\"#/$defs/text\"}}");
    else if (strncmp(type, "number", 6) == 0)
        put_number(row, strcmp(type, "number") != 0, out);
    else
        ln_text_printf(out, "{\"$ref\":\"#/$defs/%s\"}",
                       row->def != NULL && row->def[0] == '\0' ? "text" : reference_of(type));
}

static void put_scalar(const char *type, struct ln_slice text, struct ln_text *out)
{
    uint64_t number;

    if (strcmp(type, "switch") == 0)
        ln_text_puts(out, ln_slice_eq(text, LN_SLICE("on")) ? "true" : "false");
    else if (ln_slice_to_u64(text, &number))
        ln_text_add(out, text.p, text.n);
    else
        ln_text_json(out, text);
}

static void put_default(const struct ln_row *row, struct ln_text *out)
{
    struct ln_slice rest = ln_slice_of(row->def), word;
    const char *before = "";

    ln_text_puts(out, ",\"default\":");
    if (row->def[0] != '[') {
        put_scalar(row->type->name, rest, out);
        return;
    }
    rest = ln_slice(rest.p + 1, rest.n - 2);
    ln_text_puts(out, "[");
    while (ln_slice_next_token(&rest, &word)) {
        ln_text_puts(out, before);
        put_scalar("", word, out);
        before = ",";
    }
    ln_text_puts(out, "]");
}

/* The type's schema with sentence and default beside it. */
static void put_row(const struct ln_row *row, struct ln_text *out)
{
    put_json(row->name, out);
    ln_text_puts(out, ":");
    put_type(row, out);
    ln_assert(out->p[out->n - 1] == '}');
    out->n--;
    ln_text_puts(out, ",\"description\":");
    put_json(row->sentence, out);
    if (row->def != NULL && row->def[0] != '=')
        put_default(row, out);
    ln_text_puts(out, "}");
}

static bool is_required(const struct ln_row *row)
{
    bool is_list = strcmp(row->type->name, "list") == 0;

    return row->def == NULL && (row->range.block == NULL || is_list);
}

static void put_required(const struct ln_block *block, struct ln_text *out)
{
    const char *before = ",\"required\":[";

    for (const struct ln_row *row = block->rows; row->name != NULL; row++) {
        if (!is_required(row))
            continue;
        ln_text_puts(out, before);
        put_json(row->name, out);
        before = ",";
    }
    if (before[1] == '\0')
        ln_text_puts(out, "]");
}

/* Without the braces around them. */
static void put_members(const struct ln_block *block, struct ln_text *out)
{
    ln_text_puts(out, "\"type\":[\"object\",\"null\"],\"additionalProperties\":false,"
                      "\"properties\":{");
    for (const struct ln_row *row = block->rows; row->name != NULL; row++) {
        ln_text_puts(out, row > block->rows ? "," : "");
        put_row(row, out);
    }
    ln_text_puts(out, "}");
    put_required(block, out);
}

static void put_block(const struct ln_block *block, struct ln_text *out)
{
    ln_text_puts(out, "{");
    put_members(block, out);
    ln_text_puts(out, "}");
}

void ln_conf_schema(struct ln_slice plugins, struct ln_text *out)
{
    ln_text_puts(out, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
                      "\"title\":\"gateway.yaml of lunette\",\"$defs\":{");
    ln_text_puts(out, shared);
    ln_text_add(out, plugins.p, plugins.n);
    ln_text_puts(out, "}]}},");
    put_members(&ln_rows_root, out);
    ln_text_puts(out, "}\n");
}
