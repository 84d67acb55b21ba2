/* SPDX-License-Identifier: Apache-2.0
 * rows_concurrency.c - services[].concurrency: a limit that is given, or one that is learned.
 */
#include "base/assert.h"
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_concurrency_conf, field)

const char *const ln_rows_priorities[] = {
    [LN_PRIORITY_LOW] = "low", [LN_PRIORITY_NORMAL] = "normal", [LN_PRIORITY_HIGH] = "high", NULL};

/* A number, or auto. */
static void set_limit(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    struct ln_concurrency_conf *c = field;

    c->adaptive = n->kind == LN_NODE_SCALAR && ln_slice_eq(n->text, LN_SLICE("auto"));
    if (!c->adaptive)
        ln_type_unsigned.set(r, row, n, &c->limit);
}

static void expect_limit(const struct ln_row *row, struct ln_text *out)
{
    ln_text_puts(out, "auto, or ");
    ln_type_unsigned.expect(row, out);
}

static const struct ln_row_type type_limit = {"number or auto", set_limit, expect_limit};

/* Less than a tenth is noise. */
static void set_tolerance(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                          void *field)
{
    double share;

    if (n->kind == LN_NODE_SCALAR && ln_value_share(n->text, &share) && share >= 0.1)
        *(double *)field = share;
    else
        ln_row_refuse(r, row, n);
}

static void expect_tolerance(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a share such as 0.5 or 50%, from 0.1 to 1");
}

static const struct ln_row_type type_tolerance = {"share", set_tolerance, expect_tolerance};

/* clang-format off */
static const struct ln_row rows[] = {
    {"limit", &type_limit, 0, "auto", LN_RANGE(1, 1000000),
     "Requests at once, over all workers, from before an instance is chosen until the response has been read; `auto`: learned from the latency of responses, and requests count until the head of theirs."},
    {"min", &ln_type_unsigned, AT(min), "4", LN_RANGE(1, 1000000),
     "What a learned limit does not fall below."},
    {"max", &ln_type_unsigned, AT(max), "1000", LN_RANGE(1, 1000000),
     "What a learned limit does not grow over."},
    {"initial", &ln_type_unsigned, AT(initial), "20", LN_RANGE(1, 1000000),
     "Where a learned limit begins, within `min` and `max`."},
    {"tolerance", &type_tolerance, AT(tolerance), "50%", {0},
     "By how much the latency may be above what it is without any waiting inside the service, before a learned limit is lowered."},
    {0},
};
/* clang-format on */

static void check(struct ln_reader *r, const struct ln_node *map, void *base)
{
    static const char *const learned[] = {"min", "max", "initial", "tolerance"};
    struct ln_concurrency_conf *c = base;

    if (map == NULL)
        return;
    c->on = true;
    for (size_t i = 0; c->limit > 0 && i < LN_ARRAY_LEN(learned); i++) {
        const struct ln_node *n = ln_node_get(map, learned[i]);

        if (n != NULL)
            ln_row_error(r, &n->place,
                         "%s belongs to a limit that is learned, expected limit: auto", learned[i]);
    }
    if (c->min > c->max && c->max > 0)
        ln_row_error(r, &map->place, "min is above max");
}

const struct ln_block ln_rows_concurrency = {.rows = rows, .check = check};
