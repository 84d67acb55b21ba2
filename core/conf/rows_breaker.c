/* SPDX-License-Identifier: Apache-2.0
 * rows_breaker.c - services[].breaker.
 */
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_breaker_conf, field)

/* ---- failureRatio ---- */

static void set_ratio(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                      void *field)
{
    double ratio;

    if (n->kind == LN_NODE_SCALAR && ln_value_share(n->text, &ratio) && ratio > 0)
        *(double *)field = ratio;
    else
        ln_row_refuse(r, row, n);
}

static void expect_ratio(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a share such as 0.6 or 60%, above 0 and at most 1");
}

static const struct ln_row_type type_ratio = {"share", set_ratio, expect_ratio};

/* ---- the table ---- */

/* clang-format off */
static const struct ln_row rows[] = {
    {"minRequests", &ln_type_unsigned, AT(min_requests), "5", LN_RANGE(1, 1000000),
     "Requests in the window below which nothing is concluded."},
    {"failureRatio", &type_ratio, AT(failure_ratio), "0.6", {0},
     "The share of failures in the window that opens the breaker. `minRequests` failures in a row, "
     "three at least, open it whatever came before."},
    {"window", &ln_type_duration, AT(window), "10s", LN_RANGE(100, LN_DAY_MSEC),
     "How far back requests count; it slides in tenths."},
    {"openFor", &ln_type_duration, AT(open_for), "10s", LN_RANGE(10, LN_DAY_MSEC),
     "How long an instance gets no requests once its breaker has opened; twice as long each time that it opens again before it was closed for as long as it had been open."},
    {"maxOpenFor", &ln_type_duration, AT(max_open_for), "2m", LN_RANGE(10, LN_DAY_MSEC),
     "What that grows to."},
    {"probes", &ln_type_unsigned, AT(probes), "3", LN_RANGE(1, LN_BREAKER_PROBES_MAX),
     "Requests that are let through then, over all workers; all of them must succeed to close the breaker."},
    {"statuses", &ln_rows_statuses_type, AT(statuses), "500-599", {0},
     "Statuses of responses that count as failures, beside connections that end or stay silent in the middle of a request."},
    {0},
};
/* clang-format on */

static void check_times(struct ln_reader *r, const struct ln_node *map, void *base)
{
    struct ln_breaker_conf *b = base;

    if (map != NULL && b->max_open_for > 0 && b->max_open_for < b->open_for)
        ln_row_error(r, &map->place, "maxOpenFor is shorter than openFor");
}

const struct ln_block ln_rows_breaker = {.rows = rows, .check = check_times};

/* off, on, or the block. */
static void set_breaker(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    struct ln_breaker_conf *b = field;
    bool is_word = n != NULL && n->kind == LN_NODE_SCALAR;

    if (is_word && !ln_value_switch(n->text, &b->on)) {
        ln_row_refuse(r, row, n);
        return;
    }
    bool on = is_word ? b->on : true;

    ln_row_read(r, row->range.block, is_word ? NULL : n, b);
    b->on = on;
}

static void expect_breaker(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a mapping of keys, or on or off");
}

const struct ln_row_type ln_rows_breaker_type = {"block", set_breaker, expect_breaker};
