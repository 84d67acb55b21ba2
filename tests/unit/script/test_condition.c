/* SPDX-License-Identifier: Apache-2.0
 * test_condition.c - what holds, what is seen, and which of two conditions says more: by table, and
 * the comparison against thousands of values.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"
#include "script/condition.h"
#include "script/split.h"

struct visit {
    struct ln_req r;
    struct ln_arena arena;
    struct ln_fields fields;
};

static struct ln_req *request(struct visit *v, const char *query)
{
    ln_arena_init(&v->arena, NULL);
    ln_fields_init(&v->fields, &v->arena);
    v->r = (struct ln_req){.arena = &v->arena,
                           .fields = &v->fields,
                           .scheme = LN_SLICE("http"),
                           .ip = LN_SLICE("10.1.2.3"),
                           .client_id = LN_SLICE("me"),
                           .query = ln_slice_of(query),
                           .has_query = query != NULL,
                           .service = -1};
    return &v->r;
}

static struct ln_condition on_header(enum ln_condition_test test, const struct ln_slice *texts,
                                     unsigned count)
{
    return (struct ln_condition){.kind = LN_CONDITION_HEADER,
                                 .test = test,
                                 .name = LN_SLICE("X-A"),
                                 .texts = texts,
                                 .text_count = count};
}

static void test_values(void **state)
{
    static const struct ln_slice ab[] = {LN_SLICE("a"), LN_SLICE("bc")};
    static const struct {
        enum ln_condition_test test;
        const char *value; /* NULL: no such header */
        bool holds;
    } rows[] = {
        {LN_TEST_PRESENT, "", true},     {LN_TEST_PRESENT, NULL, false},
        {LN_TEST_ABSENT, "", false},     {LN_TEST_ABSENT, NULL, true},
        {LN_TEST_ONE_OF, "a", true},     {LN_TEST_ONE_OF, "bc", true},
        {LN_TEST_ONE_OF, "A", false},    {LN_TEST_ONE_OF, "b", false},
        {LN_TEST_ONE_OF, NULL, false},   {LN_TEST_PREFIX, "bcd", true},
        {LN_TEST_PREFIX, "b", false},    {LN_TEST_SUFFIX, "xbc", true},
        {LN_TEST_SUFFIX, "bcx", false},  {LN_TEST_CONTAINS, "xbcx", true},
        {LN_TEST_CONTAINS, "cb", false}, {LN_TEST_CONTAINS, "", false},
        {LN_TEST_CONTAINS, NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++) {
        struct visit v;
        struct ln_req *r = request(&v, NULL);
        struct ln_condition c = on_header(rows[i].test, ab, 2);

        if (rows[i].value != NULL)
            ln_fields_add(&v.fields, LN_SLICE("x-a"), ln_slice_of(rows[i].value));
        if (ln_condition_holds(&c, r) != rows[i].holds)
            fail_msg("row %zu", i);
        ln_arena_reset(&v.arena);
    }
}

static void test_what_a_request_has(void **state)
{
    struct visit v;
    struct ln_req *r = request(&v, "q=a%20b&e&page=2");
    struct ln_cidr block;
    struct ln_slice text = LN_SLICE("a b");
    struct ln_condition query = {.kind = LN_CONDITION_QUERY,
                                 .test = LN_TEST_ONE_OF,
                                 .name = LN_SLICE("q"),
                                 .texts = &text,
                                 .text_count = 1};
    struct ln_condition client = {.kind = LN_CONDITION_CLIENT, .blocks = &block, .block_count = 1};

    (void)state;
    assert_true(ln_condition_holds(&query, r));
    query.name = LN_SLICE("e");
    query.test = LN_TEST_PRESENT;
    assert_true(ln_condition_holds(&query, r));
    query.name = LN_SLICE("none");
    assert_false(ln_condition_holds(&query, r));
    assert_true(ln_cidr_parse(LN_SLICE("10.0.0.0/8"), &block));
    assert_true(ln_condition_holds(&client, r));
    r->ip = LN_SLICE("unix:");
    assert_false(ln_condition_holds(&client, r));
    ln_arena_reset(&v.arena);
}

static void test_what_is_seen(void **state)
{
    struct visit v;
    struct ln_req *r = request(&v, NULL);
    struct ln_condition c = on_header(LN_TEST_PRESENT, NULL, 0);
    struct ln_text out;

    (void)state;
    ln_text_init(&out);
    ln_condition_seen(&c, r, &out);
    assert_string_equal(out.p, "there is none");
    out.n = 0;
    ln_fields_add(&v.fields, LN_SLICE("X-A"), LN_SLICE("a\"b"));
    ln_condition_seen(&c, r, &out);
    assert_string_equal(out.p, "it is \"a\\\"b\"");
    ln_text_fini(&out);
    ln_arena_reset(&v.arena);
}

/* ---- fractions ---- */

static void test_fractions_are_even_and_stable(void **state)
{
    enum { CLIENTS = 20000, BINS = 10, ME_FALLS_AT = 9653 };
    unsigned bins[BINS] = {0};
    struct visit v;
    struct ln_req *r = request(&v, NULL);
    struct ln_key key = {.kind = LN_KEY_CLIENT};
    char id[32];

    (void)state;
    for (unsigned i = 0; i < CLIENTS; i++) {
        snprintf(id, sizeof id, "client-%u", i);
        r->client_id = ln_slice_of(id);
        double at = ln_key_fraction(&key, r);

        assert_true(at >= 0 && at < 1);
        assert_true(at == ln_key_fraction(&key, r));
        bins[(unsigned)(at * BINS)]++;
    }
    for (unsigned i = 0; i < BINS; i++)
        assert_in_range(bins[i], CLIENTS / BINS * 9 / 10, CLIENTS / BINS * 11 / 10);
    /* The value itself is a promise: another release must not move clients. */
    r->client_id = LN_SLICE("me");
    assert_int_equal((int)(ln_key_fraction(&key, r) * 10000), ME_FALLS_AT);
    key.seed = LN_SLICE("other");
    assert_int_not_equal((int)(ln_key_fraction(&key, r) * 10000), ME_FALLS_AT);
    ln_arena_reset(&v.arena);
}

static void test_a_missing_key_is_the_client(void **state)
{
    struct visit v;
    struct ln_req *r = request(&v, NULL);
    struct ln_key client = {.kind = LN_KEY_CLIENT},
                  header = {.kind = LN_KEY_HEADER, .name = LN_SLICE("X-User")};

    (void)state;
    assert_true(ln_key_fraction(&client, r) == ln_key_fraction(&header, r));
    ln_fields_add(&v.fields, LN_SLICE("X-User"), LN_SLICE("bo"));
    assert_true(ln_key_fraction(&client, r) != ln_key_fraction(&header, r));
    ln_arena_reset(&v.arena);
}

/* ---- comparing ---- */

static struct ln_slice words[64];
static unsigned word_count;

/* All words of a and b up to three letters, the empty one too. */
static void make_words(void)
{
    static char all[64][4];

    for (unsigned n = 0; n <= 3; n++) {
        for (unsigned bits = 0; bits < 1u << n; bits++) {
            for (unsigned k = 0; k < n; k++)
                all[word_count][k] = bits >> k & 1 ? 'a' : 'b';
            words[word_count] = ln_slice(all[word_count], n);
            word_count++;
        }
    }
}

static struct ln_condition random_condition(struct ln_slice texts[2])
{
    unsigned count = 1 + (unsigned)rand() % 2;

    for (unsigned i = 0; i < count; i++)
        texts[i] = words[1 + (unsigned)rand() % (word_count - 1)];
    return on_header((enum ln_condition_test)(rand() % (LN_TEST_CONTAINS + 1)), texts, count);
}

/* What is said of two conditions must hold for every value, and for none at all. Longer values than
 * the words would tell more apart, so "mixed" is not judged. */
static void check_pair(const struct ln_condition *a, const struct ln_condition *b)
{
    enum ln_relation said = ln_condition_compare(a, b);

    for (unsigned i = 0; i <= word_count; i++) {
        struct visit v;
        struct ln_req *r = request(&v, NULL);

        if (i < word_count)
            ln_fields_add(&v.fields, LN_SLICE("X-A"), words[i]);
        bool in_a = ln_condition_holds(a, r), in_b = ln_condition_holds(b, r);

        if ((said == LN_RELATION_EQUAL && in_a != in_b) ||
            (said == LN_RELATION_NARROWER && in_a && !in_b) ||
            (said == LN_RELATION_WIDER && in_b && !in_a) ||
            (said == LN_RELATION_APART && in_a && in_b))
            fail_msg("tests %d and %d: said %d, not so for \"%.*s\"", a->test, b->test, said,
                     i < word_count ? (int)words[i].n : 0, i < word_count ? words[i].p : "");
        ln_arena_reset(&v.arena);
    }
}

static void test_comparisons_are_true(void **state)
{
    unsigned told = 0;

    (void)state;
    make_words();
    srand(7);
    for (unsigned i = 0; i < 20000; i++) {
        struct ln_slice a_texts[2], b_texts[2];
        struct ln_condition a = random_condition(a_texts), b = random_condition(b_texts);

        check_pair(&a, &b);
        told += ln_condition_compare(&a, &b) != LN_RELATION_MIXED;
        assert_int_equal(ln_condition_compare(&a, &a), LN_RELATION_EQUAL);
    }
    assert_true(told > 10000);
}

static void test_other_comparisons(void **state)
{
    struct ln_cidr wide, narrow, apart;
    struct ln_condition a = {.kind = LN_CONDITION_CLIENT, .blocks = &wide, .block_count = 1},
                        b = {.kind = LN_CONDITION_CLIENT, .blocks = &narrow, .block_count = 1},
                        c = {.kind = LN_CONDITION_SHARE, .below = 0.1},
                        d = {.kind = LN_CONDITION_SHARE, .below = 0.2},
                        f = {.kind = LN_CONDITION_FUNCTION, .identity = &a},
                        g = {.kind = LN_CONDITION_FUNCTION, .identity = &b};

    (void)state;
    ln_cidr_parse(LN_SLICE("10.0.0.0/8"), &wide);
    ln_cidr_parse(LN_SLICE("10.1.0.0/16"), &narrow);
    ln_cidr_parse(LN_SLICE("2001:db8::/32"), &apart);
    assert_int_equal(ln_condition_compare(&a, &b), LN_RELATION_WIDER);
    assert_int_equal(ln_condition_compare(&b, &a), LN_RELATION_NARROWER);
    b.blocks = &apart;
    assert_int_equal(ln_condition_compare(&a, &b), LN_RELATION_APART);
    assert_int_equal(ln_condition_compare(&a, &c), LN_RELATION_MIXED);
    assert_int_equal(ln_condition_compare(&c, &d), LN_RELATION_NARROWER);
    d.key.seed = LN_SLICE("x");
    assert_int_equal(ln_condition_compare(&c, &d), LN_RELATION_MIXED);
    assert_int_equal(ln_condition_compare(&f, &f), LN_RELATION_EQUAL);
    assert_int_equal(ln_condition_compare(&f, &g), LN_RELATION_MIXED);
}

static void test_lists(void **state)
{
    static const struct ln_slice one = LN_SLICE("1"), two = LN_SLICE("2");
    struct ln_condition ab[] = {on_header(LN_TEST_ONE_OF, &one, 1),
                                {.kind = LN_CONDITION_SHARE, .below = 0.5}};
    struct ln_condition a[] = {on_header(LN_TEST_ONE_OF, &one, 1)},
                        other[] = {on_header(LN_TEST_ONE_OF, &two, 1)};

    (void)state;
    assert_int_equal(ln_conditions_compare(ab, 2, a, 1), LN_RELATION_NARROWER);
    assert_int_equal(ln_conditions_compare(a, 1, ab, 2), LN_RELATION_WIDER);
    assert_int_equal(ln_conditions_compare(a, 1, other, 1), LN_RELATION_APART);
    assert_int_equal(ln_conditions_compare(a, 0, other, 0), LN_RELATION_EQUAL);
    assert_int_equal(ln_conditions_compare(ab, 2, ab, 2), LN_RELATION_EQUAL);
}

/* ---- splits ---- */

static void test_a_split_by_key(void **state)
{
    enum { CLIENTS = 10000 };
    static const int services[] = {3, 5, 7};
    static const uint64_t below[] = {70, 90, 100};
    const struct ln_split s = {.services = services, .below = below, .count = 3, .sticky = true};
    unsigned seen[8] = {0};
    struct visit v;
    struct ln_req *r = request(&v, NULL);
    char id[32];

    (void)state;
    for (unsigned i = 0; i < CLIENTS; i++) {
        snprintf(id, sizeof id, "client-%u", i);
        r->client_id = ln_slice_of(id);
        seen[ln_split_choose(&s, r)]++;
    }
    assert_in_range(seen[3], 6800, 7200);
    assert_in_range(seen[5], 1800, 2200);
    assert_in_range(seen[7], 850, 1150);
    ln_arena_reset(&v.arena);
}

static void test_a_split_in_turns_is_exact(void **state)
{
    static const int services[] = {1, 2};
    static const unsigned weights[] = {9, 1};
    struct ln_cursor_record cursor = {0};
    struct ln_split s = {.services = services, .count = 2, .cursor = &cursor};
    struct ln_route route = {.split = &s, .service = -1};
    unsigned seen[3] = {0};
    struct visit v;
    struct ln_req *r = request(&v, NULL);

    (void)state;
    ln_ring_init(&s.ring, weights, 2);
    for (unsigned i = 0; i < 1000; i++)
        seen[ln_split_choose(&s, r)]++;
    assert_int_equal(seen[1], 900);
    assert_int_equal(seen[2], 100);
    r->route = &route;
    r->service = 4; /* a handler has chosen */
    ln_split_settle(r);
    assert_int_equal(r->service, 4);
    r->service = -1;
    ln_split_settle(r);
    assert_in_range(r->service, 1, 2);
    ln_ring_fini(&s.ring);
    ln_arena_reset(&v.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_what_a_request_has),
        cmocka_unit_test(test_what_is_seen),
        cmocka_unit_test(test_fractions_are_even_and_stable),
        cmocka_unit_test(test_a_missing_key_is_the_client),
        cmocka_unit_test(test_comparisons_are_true),
        cmocka_unit_test(test_other_comparisons),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_a_split_by_key),
        cmocka_unit_test(test_a_split_in_turns_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
