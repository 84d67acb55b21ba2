/* SPDX-License-Identifier: Apache-2.0
 * precedence.c - compares two routes of one path, step by step.
 */
#include "gateway/precedence.h"

#include "script/condition.h"

unsigned ln_precedence_rank(const struct ln_route *r)
{
    unsigned host = r->host == NULL ? 0 : r->host[0] == '*' ? 1 : 2;

    return host * 4 + (r->listener != NULL ? 2 : 0) + (r->methods != NULL ? 1 : 0);
}

/* Do two comma-separated lists share a word? NULL is everything. */
static bool lists_meet(const char *a, const char *b)
{
    struct ln_slice rest = ln_slice_of(a), word, others, other;

    if (a == NULL || b == NULL)
        return true;
    while (ln_slice_next_token(&rest, &word))
        for (others = ln_slice_of(b); ln_slice_next_token(&others, &other);)
            if (ln_slice_eq(word, other))
                return true;
    return false;
}

static unsigned functions_of(const struct ln_route *r)
{
    unsigned n = 0;

    for (unsigned i = 0; i < r->condition_count; i++)
        n += r->conditions[i].kind == LN_CONDITION_FUNCTION;
    return n;
}

static enum ln_precedence by_number(unsigned a, unsigned b)
{
    return a > b ? LN_PRECEDENCE_FIRST : LN_PRECEDENCE_SECOND;
}

static enum ln_precedence by_conditions(const struct ln_route *a, const struct ln_route *b)
{
    unsigned a_functions = functions_of(a), b_functions = functions_of(b);

    if (a->condition_count != b->condition_count)
        return by_number(a->condition_count, b->condition_count);
    if (a_functions != b_functions)
        return by_number(b_functions, a_functions);
    switch (ln_conditions_compare(a->conditions, a->condition_count, b->conditions,
                                  b->condition_count)) {
    case LN_RELATION_APART:
        return LN_PRECEDENCE_EITHER;
    case LN_RELATION_EQUAL:
        return LN_PRECEDENCE_EQUAL;
    case LN_RELATION_NARROWER:
        return LN_PRECEDENCE_FIRST;
    case LN_RELATION_WIDER:
        return LN_PRECEDENCE_SECOND;
    case LN_RELATION_MIXED:
        break;
    }
    return a_functions > 0 ? LN_PRECEDENCE_EITHER : LN_PRECEDENCE_UNCLEAR;
}

enum ln_precedence ln_precedence_of(const struct ln_route *a, const struct ln_route *b)
{
    unsigned a_rank = ln_precedence_rank(a), b_rank = ln_precedence_rank(b);

    if (a_rank != b_rank)
        return by_number(a_rank, b_rank);
    if (!ln_slice_caseeq(ln_slice_of(a->host), ln_slice_of(b->host)) ||
        !lists_meet(a->methods, b->methods) || !lists_meet(a->listener, b->listener))
        return LN_PRECEDENCE_EITHER;
    return by_conditions(a, b);
}
