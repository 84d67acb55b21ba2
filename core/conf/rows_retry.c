/* SPDX-License-Identifier: Apache-2.0
 * rows_retry.c - services[].retries.
 */
#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_service_conf, retry.field)

/* ---- budget ---- */

static void set_budget(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    double *budget = field;
    bool on;

    if (n->kind == LN_NODE_SCALAR && ln_value_switch(n->text, &on) && !on)
        *budget = -1;
    else if (n->kind != LN_NODE_SCALAR || !ln_value_share(n->text, budget))
        ln_row_refuse(r, row, n);
}

static void expect_budget(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a share such as 0.2 or 20%, from 0 to 1, or off");
}

static const struct ln_row_type type_budget = {"switch or share", set_budget, expect_budget};

/* ---- idempotent ---- */

static void set_idempotent(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                           void *field)
{
    struct ln_idempotent *i = field;

    if (n->kind == LN_NODE_SCALAR && ln_value_switch(n->text, &i->always))
        return;
    if (n->kind == LN_NODE_SCALAR && ln_value_is_token(n->text))
        i->header = ln_arena_dup(&r->conf->arena, n->text).p;
    else
        ln_row_refuse(r, row, n);
}

static void expect_idempotent(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "on, off, or the name of a header such as Idempotency-Key");
}

static const struct ln_row_type type_idempotent = {"switch or header", set_idempotent,
                                                   expect_idempotent};

/* ---- the tables ---- */

static const char *const reasons[] = {"connect", "reset", "timeout", NULL}; /* LN_RETRY_ON_ bits */

/* clang-format off */
static const struct ln_row backoff_rows[] = {
    {"base", &ln_type_duration, AT(backoff_base), "25ms", LN_RANGE(0, LN_DAY_MSEC),
     "The first wait is drawn evenly from 0 to this, each further one from 0 to twice as much as the one before; 0 = never wait."},
    {"max", &ln_type_duration, AT(backoff_max), "250ms", LN_RANGE(0, LN_DAY_MSEC),
     "What that grows to."},
    {0},
};

static const struct ln_block backoff_block = {.rows = backoff_rows};

static const struct ln_row rows[] = {
    {"tries", &ln_type_unsigned, AT(tries), "2", LN_RANGE(1, 16),
     "Attempts in all, the first included; 1 = no retries."},
    {"perTry", &ln_type_duration, AT(per_try), "0", LN_RANGE(0, LN_YEAR_MSEC),
     "Bound of one attempt, up to the head of the response; 0 = only the other times hold."},
    {"on", &ln_type_words, AT(on), "[connect, reset, timeout]", LN_WORDS(reasons),
     "After which failures another attempt is made, if that is safe."},
    {"statuses", &ln_rows_statuses_type, AT(statuses), "=none", {0},
     "Statuses of responses, from 400 to 599, after which another attempt is made too, if that is safe; the answer of the last instance is passed on."},
    {"budget", &type_budget, AT(budget), "20%", {0},
     "Share of the requests of the last seconds, in each worker, that further attempts may come to; ten in a second are always allowed. `off`: no bound."},
    {"backoff", &ln_type_block, 0, NULL, LN_BLOCK(backoff_block),
     "How long another attempt waits, by chance; after a connection that could not be opened it never waits."},
    {"idempotent", &type_idempotent, AT(idempotent), "off", {0},
     "Whether requests whose method is not idempotent, such as POST, may be repeated like those whose method is: `on` for all, or the name of a header for those that carry it."},
    {"keep", &ln_type_size, AT(keep), "64k", LN_RANGE(0, 1 << 30),
     "How much of a request's content is kept for another attempt, where one would be safe; what came together with its head is kept anyway. More than this cannot be sent again."},
    {0},
};
/* clang-format on */

static void check_statuses(struct ln_reader *r, const struct ln_node *map, void *base)
{
    const struct ln_retry_conf *c = &((struct ln_service_conf *)base)->retry;

    for (unsigned i = 0; map != NULL && i < c->statuses.count; i++) {
        if (c->statuses.range[i].from >= 400)
            continue;
        ln_row_error(r, &map->place, "statuses: %u tells of no failure, expected 400 to 599",
                     c->statuses.range[i].from);
        return;
    }
}

const struct ln_block ln_rows_retry = {.rows = rows, .check = check_statuses};
