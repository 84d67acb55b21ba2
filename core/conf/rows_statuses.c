/* SPDX-License-Identifier: Apache-2.0
 * rows_statuses.c - lists of statuses of responses, as several blocks have them.
 */
#include "conf/row_type.h"
#include "conf/rows.h"

static bool read_status(struct ln_slice text, unsigned short *status)
{
    uint64_t n;

    if (text.n != 3 || !ln_slice_to_u64(text, &n) || n < 100 || n > 599)
        return false;
    *status = (unsigned short)n;
    return true;
}

/* "503" or "500-599" */
static bool read_range(struct ln_slice text, unsigned short *from, unsigned short *to)
{
    if (text.n == 3)
        return read_status(text, from) && read_status(text, to);
    return text.n == 7 && text.p[3] == '-' && read_status(ln_slice(text.p, 3), from) &&
           read_status(ln_slice(text.p + 4, 3), to) && *from <= *to;
}

static void add_status(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                       unsigned index, void *arg)
{
    struct ln_statuses *s = arg;

    if (index >= LN_STATUSES_MAX)
        ln_row_error(r, &item->place, "too many, expected at most %d", LN_STATUSES_MAX);
    else if (item->kind != LN_NODE_SCALAR ||
             !read_range(item->text, &s->range[index].from, &s->range[index].to))
        ln_row_refuse(r, row, item);
    else
        s->count = index + 1;
}

static void set_statuses(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                         void *field)
{
    ln_row_items(r, row, n, add_status, field);
}

static void expect_statuses(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a status such as 503, a range such as 500-599, or a list of them");
}

const struct ln_row_type ln_rows_statuses_type = {"list of statuses", set_statuses,
                                                  expect_statuses};
