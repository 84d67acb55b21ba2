/* SPDX-License-Identifier: Apache-2.0
 * diag.c - collects and prints what is wrong with a configuration.
 */
#include "conf/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

enum { KEPT = 100 };

void ln_diag_init(struct ln_diag *d)
{
    *d = (struct ln_diag){.count = 0};
}

void ln_diag_fini(struct ln_diag *d)
{
    for (unsigned i = 0; i < d->count; i++) {
        ln_free(d->items[i].file);
        ln_free(d->items[i].text);
    }
    ln_free(d->items);
    ln_diag_init(d);
}

static char *format_text(const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);

    char *text = ln_alloc((size_t)(n > 0 ? n : 0) + 1);

    text[0] = '\0';
    vsnprintf(text, (size_t)(n > 0 ? n : 0) + 1, format, args);
    return text;
}

static void keep(struct ln_diag *d, enum ln_diag_kind kind, const struct ln_place *place,
                 char *text)
{
    if (d->count == d->cap) {
        d->cap = d->cap > 0 ? d->cap * 2 : 8;
        d->items = ln_realloc(d->items, d->cap * sizeof *d->items);
    }
    d->items[d->count++] = (struct ln_diag_item){
        .kind = kind,
        .file = ln_strdup(place != NULL && place->file != NULL ? place->file : ""),
        .line = place != NULL ? place->line : 0,
        .column = place != NULL ? place->column : 0,
        .text = text,
    };
}

void ln_diag_add(struct ln_diag *d, enum ln_diag_kind kind, const struct ln_place *place,
                 const char *format, ...)
{
    va_list args;

    if (kind == LN_DIAG_ERROR)
        d->errors++;
    if (d->count > KEPT)
        return;
    if (d->count == KEPT) {
        keep(d, kind, NULL, ln_strdup("there is more; only the first 100 are shown"));
        return;
    }
    va_start(args, format);
    keep(d, kind, place, format_text(format, args));
    va_end(args);
}

/* The closing remark has no place and stays last. */
static bool stands_after(const struct ln_diag_item *a, const struct ln_diag_item *b)
{
    if (strcmp(a->file, b->file) != 0 || a->line == 0)
        return false;
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

void ln_diag_sort(struct ln_diag *d, unsigned from)
{
    unsigned end = d->count > KEPT ? KEPT : d->count;

    for (unsigned i = from + 1; i < end; i++) {
        struct ln_diag_item item = d->items[i];
        unsigned at = i;

        for (; at > from && stands_after(&d->items[at - 1], &item); at--)
            d->items[at] = d->items[at - 1];
        d->items[at] = item;
    }
}

static void print_place(const struct ln_diag_item *item, struct ln_text *out)
{
    if (item->file[0] == '\0')
        return;
    ln_text_printf(out, "%s:", item->file);
    if (item->line > 0)
        ln_text_printf(out, "%u:", item->line);
    if (item->line > 0 && item->column > 0)
        ln_text_printf(out, "%u:", item->column);
    ln_text_puts(out, " ");
}

void ln_diag_print(const struct ln_diag *d, struct ln_text *out)
{
    for (unsigned i = 0; i < d->count; i++) {
        const struct ln_diag_item *item = &d->items[i];

        print_place(item, out);
        ln_text_printf(out, "%s%s\n", item->kind == LN_DIAG_WARNING ? "warning: " : "", item->text);
    }
}

void ln_diag_json(const struct ln_diag *d, struct ln_text *out)
{
    ln_text_puts(out, "[");
    for (unsigned i = 0; i < d->count; i++) {
        const struct ln_diag_item *item = &d->items[i];

        ln_text_puts(out, i > 0 ? ",{\"file\":" : "{\"file\":");
        ln_text_json(out, ln_slice_of(item->file));
        ln_text_printf(out, ",\"line\":%u,\"column\":%u,\"kind\":\"%s\",\"message\":", item->line,
                       item->column, item->kind == LN_DIAG_WARNING ? "warning" : "error");
        ln_text_json(out, ln_slice_of(item->text));
        ln_text_puts(out, "}");
    }
    ln_text_puts(out, "]");
}
