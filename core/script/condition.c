/* SPDX-License-Identifier: Apache-2.0
 * condition.c - evaluates conditions, and finds out which requests two of them share.
 */
#include "script/condition.h"

#include "base/hash.h"
#include "http/cookie.h"
#include "http/query.h"

/* ---- what the request has there ---- */

static struct ln_slice header_of(const struct ln_req *r, struct ln_slice name)
{
    const struct ln_field *f = ln_fields_get(r->fields, name);

    return f != NULL ? ln_field_value(f) : ln_slice(NULL, 0);
}

/* An argument without "=" has an empty value, which is not none. */
static struct ln_slice query_of(const struct ln_req *r, struct ln_slice name)
{
    struct ln_query_arg arg;

    if (!r->has_query || !ln_query_get(r->query, name, &arg, r->arena))
        return ln_slice(NULL, 0);
    return arg.value.p != NULL ? arg.value : LN_SLICE("");
}

static struct ln_slice cookie_of(const struct ln_req *r, struct ln_slice name)
{
    struct ln_slice value;

    return ln_cookie_get(r->fields, name, &value) ? value : ln_slice(NULL, 0);
}

/* p NULL: there is none. */
static struct ln_slice value_of(const struct ln_condition *c, const struct ln_req *r)
{
    switch (c->kind) {
    case LN_CONDITION_HEADER:
        return header_of(r, c->name);
    case LN_CONDITION_QUERY:
        return query_of(r, c->name);
    case LN_CONDITION_COOKIE:
        return cookie_of(r, c->name);
    case LN_CONDITION_SCHEME:
        return r->scheme;
    case LN_CONDITION_CLIENT:
    case LN_CONDITION_SHARE:
    case LN_CONDITION_FUNCTION:
        break;
    }
    return ln_slice(NULL, 0);
}

static struct ln_slice key_value(const struct ln_key *key, const struct ln_req *r)
{
    struct ln_slice value = {NULL, 0};

    switch (key->kind) {
    case LN_KEY_HEADER:
        value = header_of(r, key->name);
        break;
    case LN_KEY_QUERY:
        value = query_of(r, key->name);
        break;
    case LN_KEY_COOKIE:
        value = cookie_of(r, key->name);
        break;
    case LN_KEY_CLIENT:
        break;
    }
    return value.n > 0 ? value : r->client_id;
}

double ln_key_fraction(const struct ln_key *key, const struct ln_req *r)
{
    struct ln_slice value = key_value(key, r);
    struct ln_hash_key secret = {0x6c756e6574746531u,
                                 0x7368617265732021u}; /* none: see the header */

    secret.k1 ^= ln_hash(&secret, key->seed.p, key->seed.n);
    return (double)(ln_hash(&secret, value.p, value.n) >> 11) * 0x1p-53;
}

/* ---- one condition ---- */

static bool has_suffix(struct ln_slice s, struct ln_slice end)
{
    return s.n >= end.n && ln_slice_eq(ln_slice(s.p + s.n - end.n, end.n), end);
}

static bool has_inside(struct ln_slice s, struct ln_slice part)
{
    return memmem(s.p, s.n, part.p, part.n) != NULL;
}

/* Does a value with the text `s` in this place pass the test with the text `want`? */
static bool passes(enum ln_condition_test test, struct ln_slice s, struct ln_slice want)
{
    switch (test) {
    case LN_TEST_ONE_OF:
        return ln_slice_eq(s, want);
    case LN_TEST_PREFIX:
        return ln_slice_has_prefix(s, want);
    case LN_TEST_SUFFIX:
        return has_suffix(s, want);
    case LN_TEST_CONTAINS:
        return has_inside(s, want);
    case LN_TEST_PRESENT:
    case LN_TEST_ABSENT:
        break;
    }
    return test == LN_TEST_PRESENT;
}

static bool value_passes(const struct ln_condition *c, struct ln_slice value)
{
    for (unsigned i = 0; i < c->text_count; i++)
        if (passes(c->test, value, c->texts[i]))
            return true;
    return false;
}

static bool client_is_in(const struct ln_condition *c, struct ln_slice ip)
{
    struct ln_cidr one;

    if (!ln_cidr_parse(ip, &one))
        return false; /* a unix socket */
    for (unsigned i = 0; i < c->block_count; i++)
        if (ln_cidr_has(&c->blocks[i], one.bytes))
            return true;
    return false;
}

bool ln_condition_holds(const struct ln_condition *c, const struct ln_req *r)
{
    struct ln_slice value;

    switch (c->kind) {
    case LN_CONDITION_CLIENT:
        return client_is_in(c, r->ip);
    case LN_CONDITION_SHARE:
        return ln_key_fraction(&c->key, r) < c->below;
    case LN_CONDITION_FUNCTION:
        return false;
    case LN_CONDITION_HEADER:
    case LN_CONDITION_QUERY:
    case LN_CONDITION_COOKIE:
    case LN_CONDITION_SCHEME:
        break;
    }
    value = value_of(c, r);
    if (c->test == LN_TEST_ABSENT || value.p == NULL)
        return (value.p == NULL) == (c->test == LN_TEST_ABSENT);
    return c->test == LN_TEST_PRESENT || value_passes(c, value);
}

void ln_condition_seen(const struct ln_condition *c, const struct ln_req *r, struct ln_text *out)
{
    enum { SHOWN = 60 };
    struct ln_slice value;

    if (c->kind == LN_CONDITION_SHARE) {
        ln_text_printf(out, "it falls at %.4g%%", ln_key_fraction(&c->key, r) * 100);
        return;
    }
    if (c->kind == LN_CONDITION_FUNCTION) {
        ln_text_puts(out, "it gave false or nil");
        return;
    }
    value = c->kind == LN_CONDITION_CLIENT ? r->ip : value_of(c, r);
    if (value.p == NULL) {
        ln_text_puts(out, "there is none");
        return;
    }
    ln_text_puts(out, "it is ");
    ln_text_json(out, ln_slice(value.p, value.n < SHOWN ? value.n : SHOWN));
    if (value.n > SHOWN)
        ln_text_puts(out, "...");
}

/* ---- two conditions ---- */

static enum ln_relation by_cover(bool a_in_b, bool b_in_a, bool meet)
{
    if (a_in_b || b_in_a)
        return a_in_b && b_in_a ? LN_RELATION_EQUAL
               : a_in_b         ? LN_RELATION_NARROWER
                                : LN_RELATION_WIDER;
    return meet ? LN_RELATION_MIXED : LN_RELATION_APART;
}

/* Is every value that passes `a` one that passes `b`? Right when it says so; of two tests of
 * different kinds it may not know. */
static bool texts_covered(const struct ln_condition *a, const struct ln_condition *b)
{
    bool knows = a->test == b->test || a->test == LN_TEST_ONE_OF || b->test == LN_TEST_CONTAINS;

    for (unsigned i = 0; knows && i < a->text_count; i++)
        knows = value_passes(b, a->texts[i]);
    return knows;
}

/* May a value pass both? Beginnings that are not each other's, and ends likewise, keep apart. */
static bool texts_meet(const struct ln_condition *a, const struct ln_condition *b)
{
    bool both_ways = a->test == b->test && a->test != LN_TEST_CONTAINS;

    if (a->test != LN_TEST_ONE_OF && b->test != LN_TEST_ONE_OF && !both_ways)
        return true;
    for (unsigned i = 0; i < a->text_count; i++)
        for (unsigned k = 0; k < b->text_count; k++)
            if ((a->test == LN_TEST_ONE_OF || both_ways ? passes(b->test, a->texts[i], b->texts[k])
                                                        : false) ||
                (b->test == LN_TEST_ONE_OF || both_ways ? passes(a->test, b->texts[k], a->texts[i])
                                                        : false))
                return true;
    return false;
}

static enum ln_relation compare_values(const struct ln_condition *a, const struct ln_condition *b)
{
    if (a->test == LN_TEST_ABSENT || b->test == LN_TEST_ABSENT)
        return a->test == b->test ? LN_RELATION_EQUAL : LN_RELATION_APART;
    if (a->test == LN_TEST_PRESENT || b->test == LN_TEST_PRESENT)
        return by_cover(b->test == LN_TEST_PRESENT, a->test == LN_TEST_PRESENT, true);
    return by_cover(texts_covered(a, b), texts_covered(b, a), texts_meet(a, b));
}

static bool is_inside(const struct ln_cidr *a, const struct ln_cidr *b)
{
    return a->bits >= b->bits && ln_cidr_has(b, a->bytes);
}

static bool blocks_covered(const struct ln_condition *a, const struct ln_condition *b)
{
    for (unsigned i = 0; i < a->block_count; i++) {
        bool inside = false;

        for (unsigned k = 0; k < b->block_count && !inside; k++)
            inside = is_inside(&a->blocks[i], &b->blocks[k]);
        if (!inside)
            return false;
    }
    return true;
}

static bool blocks_meet(const struct ln_condition *a, const struct ln_condition *b)
{
    for (unsigned i = 0; i < a->block_count; i++)
        for (unsigned k = 0; k < b->block_count; k++)
            if (is_inside(&a->blocks[i], &b->blocks[k]) || is_inside(&b->blocks[k], &a->blocks[i]))
                return true;
    return false;
}

static bool names_equal(enum ln_condition_kind kind, struct ln_slice a, struct ln_slice b)
{
    return kind == LN_CONDITION_HEADER ? ln_slice_caseeq(a, b) : ln_slice_eq(a, b);
}

static bool keys_equal(const struct ln_key *a, const struct ln_key *b)
{
    return a->kind == b->kind && ln_slice_eq(a->seed, b->seed) &&
           (a->kind == LN_KEY_HEADER ? ln_slice_caseeq(a->name, b->name)
                                     : ln_slice_eq(a->name, b->name));
}

enum ln_relation ln_condition_compare(const struct ln_condition *a, const struct ln_condition *b)
{
    if (a->kind != b->kind)
        return LN_RELATION_MIXED;
    switch (a->kind) {
    case LN_CONDITION_CLIENT:
        return by_cover(blocks_covered(a, b), blocks_covered(b, a), blocks_meet(a, b));
    case LN_CONDITION_SHARE:
        if (!keys_equal(&a->key, &b->key))
            return LN_RELATION_MIXED;
        return by_cover(a->below <= b->below, b->below <= a->below, true);
    case LN_CONDITION_FUNCTION:
        return a->identity == b->identity ? LN_RELATION_EQUAL : LN_RELATION_MIXED;
    case LN_CONDITION_HEADER:
    case LN_CONDITION_QUERY:
    case LN_CONDITION_COOKIE:
    case LN_CONDITION_SCHEME:
        break;
    }
    return names_equal(a->kind, a->name, b->name) ? compare_values(a, b) : LN_RELATION_MIXED;
}

/* ---- two lists ---- */

/* Does all that fulfils `a` fulfil the condition `b` too? */
static bool is_implied(const struct ln_condition *a, unsigned count, const struct ln_condition *b)
{
    for (unsigned i = 0; i < count; i++) {
        enum ln_relation r = ln_condition_compare(&a[i], b);

        if (r == LN_RELATION_EQUAL || r == LN_RELATION_NARROWER)
            return true;
    }
    return false;
}

static bool all_implied(const struct ln_condition *a, unsigned a_count,
                        const struct ln_condition *b, unsigned b_count)
{
    for (unsigned i = 0; i < b_count; i++)
        if (!is_implied(a, a_count, &b[i]))
            return false;
    return true;
}

static bool are_apart(const struct ln_condition *a, unsigned a_count, const struct ln_condition *b,
                      unsigned b_count)
{
    for (unsigned i = 0; i < a_count; i++)
        for (unsigned k = 0; k < b_count; k++)
            if (ln_condition_compare(&a[i], &b[k]) == LN_RELATION_APART)
                return true;
    return false;
}

enum ln_relation ln_conditions_compare(const struct ln_condition *a, unsigned a_count,
                                       const struct ln_condition *b, unsigned b_count)
{
    if (are_apart(a, a_count, b, b_count))
        return LN_RELATION_APART;
    return by_cover(all_implied(a, a_count, b, b_count), all_implied(b, b_count, a, a_count), true);
}
