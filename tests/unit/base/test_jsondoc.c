/* SPDX-License-Identifier: Apache-2.0
 * test_jsondoc.c - edits of JSON texts, and what is no JSON.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/jsondoc.h"

static struct ln_jsondoc *doc;

static int make_doc(void **state)
{
    (void)state;
    doc = ln_jsondoc_new();
    return 0;
}

static int free_doc(void **state)
{
    (void)state;
    ln_jsondoc_free(doc);
    ln_jsondoc_free(NULL);
    return 0;
}

static void expect_text(const char *expected)
{
    struct ln_text out;

    ln_text_init(&out);
    ln_jsondoc_print(doc, &out);
    assert_string_equal(out.p != NULL ? out.p : "", expected);
    ln_text_fini(&out);
}

static void parse(const char *text)
{
    const char *why;

    if (!ln_jsondoc_parse(doc, ln_slice_of(text), &why))
        fail_msg("%s: %s", text, why);
}

static void edited(const char *text, enum ln_jsondoc_op op, const char *path, const char *value,
                   const char *expected)
{
    parse(text);
    assert_true(ln_jsondoc_edit(doc, op, ln_slice_of(path), ln_slice_of(value)));
    expect_text(expected);
}

static void test_what_is_not_edited_stays(void **state)
{
    static const char *const texts[] = {
        "{\"z\":1,\"a\":2}",
        "12345678901234567890",
        "[1.10,1e400,-0]",
        "\"\\u00e9\\/\"",
        "{}",
        "[]",
        "null",
        "{\"a\":{\"b\":[[],{}]}}",
    };

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(texts); i++) {
        parse(texts[i]);
        expect_text(texts[i]);
    }
    parse(" { \"a\" : [ 1 , true ] } \n");
    expect_text("{\"a\":[1,true]}");
}

static void test_what_is_no_json(void **state)
{
    static const char *const texts[] = {
        "",      " ",          "{",
        "[1,]",  "{\"a\"}",    "{\"a\":}",
        "{a:1}", "01",         "1.",
        "+1",    "1e",         ".5",
        "nul",   "True",       "'a'",
        "\"a",   "\"\\x\"",    "\"\\u12g4\"",
        "\"\\",  "\"\n\"",     "[1 2]",
        "1 2",   "{\"a\":1,}", "]",
        "[1}",   "{\"a\":1]",  "\xef\xbb\xbf{}",
        "-",     "\"\\u123",   ",",
        "{,}",
    };
    const char *why;

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(texts); i++) {
        if (ln_jsondoc_parse(doc, ln_slice_of(texts[i]), &why))
            fail_msg("%s", texts[i]);
        assert_non_null(why);
        expect_text("");
    }
    assert_false(ln_jsondoc_parse(doc, ln_slice("\"\\\0\"", 4), &why));
    assert_false(ln_jsondoc_edit(doc, LN_JSONDOC_REMOVE, LN_SLICE("a"), LN_SLICE("")));
    parse("{}");
}

static void test_bounds(void **state)
{
    static char text[LN_JSONDOC_VALUES * 2 + 16];
    const char *why;

    (void)state;
    memset(text, '[', 101);
    memset(text + 101, ']', 101);
    assert_false(ln_jsondoc_parse(doc, ln_slice(text, 202), &why));
    assert_true(ln_jsondoc_parse(doc, ln_slice(text + 1, 200), &why));
    text[0] = '[';
    for (size_t i = 0; i < LN_JSONDOC_VALUES; i++)
        memcpy(text + 1 + 2 * i, "1,", 2);
    text[2 * (size_t)LN_JSONDOC_VALUES] = ']';
    assert_false(ln_jsondoc_parse(doc, ln_slice(text, 2 * (size_t)LN_JSONDOC_VALUES + 1), &why));
    assert_string_equal(why, "too many values");
}

static void test_set(void **state)
{
    (void)state;
    edited("{\"a\":1,\"b\":2}", LN_JSONDOC_SET, "a", "\"x\"", "{\"a\":\"x\",\"b\":2}");
    edited("{\"a\":1}", LN_JSONDOC_SET, "b", "[1]", "{\"a\":1,\"b\":[1]}");
    edited("{}", LN_JSONDOC_SET, "a.b.c", "1", "{\"a\":{\"b\":{\"c\":1}}}");
    edited("{\"a\":{\"x\":0}}", LN_JSONDOC_SET, "a.b", "1", "{\"a\":{\"x\":0,\"b\":1}}");
    edited("{\"a\":[{\"p\":1},{}]}", LN_JSONDOC_SET, "a[].p", "2", "{\"a\":[{\"p\":2},{\"p\":2}]}");
    edited("[1,2,3]", LN_JSONDOC_SET, "[1]", "9", "[1,9,3]");
    edited("[1,2,3]", LN_JSONDOC_SET, "[]", "9", "[9,9,9]");
    edited("{\"a\":1,\"a\":2}", LN_JSONDOC_SET, "a", "3", "{\"a\":3}");
    edited("{\"a\":5}", LN_JSONDOC_SET, "a.b", "1", "{\"a\":5}");
    edited("{}", LN_JSONDOC_SET, "a[].b", "1", "{}");
    edited("[]", LN_JSONDOC_SET, "[7]", "1", "[]");
    edited("5", LN_JSONDOC_SET, "a", "1", "5");
    edited("{}", LN_JSONDOC_SET, "[\"a.b\"].c", "1", "{\"a.b\":{\"c\":1}}");
}

static void test_add(void **state)
{
    (void)state;
    edited("{\"a\":1}", LN_JSONDOC_ADD, "a", "2", "{\"a\":1}");
    edited("{\"a\":null}", LN_JSONDOC_ADD, "a", "2", "{\"a\":null}");
    edited("{\"a\":[{},{\"s\":0}]}", LN_JSONDOC_ADD, "a[].s", "true",
           "{\"a\":[{\"s\":true},{\"s\":0}]}");
}

static void test_remove(void **state)
{
    (void)state;
    edited("{\"a\":1,\"b\":2,\"c\":3}", LN_JSONDOC_REMOVE, "b", "", "{\"a\":1,\"c\":3}");
    edited("{\"a\":1}", LN_JSONDOC_REMOVE, "a", "", "{}");
    edited("{\"a\":1,\"b\":2,\"a\":3}", LN_JSONDOC_REMOVE, "a", "", "{\"b\":2}");
    edited("[{\"p\":1,\"q\":2},{\"p\":3}]", LN_JSONDOC_REMOVE, "[].p", "", "[{\"q\":2},{}]");
    edited("[1,2,3]", LN_JSONDOC_REMOVE, "[0]", "", "[2,3]");
    edited("[1,2,3]", LN_JSONDOC_REMOVE, "[]", "", "[]");
    edited("{\"a\":{}}", LN_JSONDOC_REMOVE, "a.b.c", "", "{\"a\":{}}");
    parse("{\"a\":1,\"b\":2}"); /* the end of the list is found again */
    ln_jsondoc_edit(doc, LN_JSONDOC_REMOVE, LN_SLICE("b"), LN_SLICE(""));
    ln_jsondoc_edit(doc, LN_JSONDOC_SET, LN_SLICE("c"), LN_SLICE("3"));
    expect_text("{\"a\":1,\"c\":3}");
}

static void test_names_are_what_they_mean(void **state)
{
    (void)state;
    edited("{\"pass\\u0077ord\":1}", LN_JSONDOC_REMOVE, "password", "", "{}");
    edited("{\"\\ud83d\\ude00\":1}", LN_JSONDOC_REMOVE, "\xf0\x9f\x98\x80", "", "{}");
    edited("{\"a\\n\\/b\":1}", LN_JSONDOC_REMOVE, "a\n/b", "", "{}");
    edited("{\"\\ud83d\":1}", LN_JSONDOC_REMOVE, "x", "", "{\"\\ud83d\":1}");
}

/* A client may send a quarter of a million members of one name: a square of that is minutes. */
static void test_rename_of_many_of_one_name(void **state)
{
    enum { MANY = 200000 };
    char *text = malloc(MANY * 6 + 3), *at = text;
    const char *why;

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        at = stpcpy(at, i == 0 ? "{\"a\":1" : ",\"a\":1");
    stpcpy(at, "}");

    clock_t before = clock();

    assert_true(ln_jsondoc_parse(doc, ln_slice_of(text), &why));
    assert_true(ln_jsondoc_edit(doc, LN_JSONDOC_RENAME, LN_SLICE("a"), LN_SLICE("b")));
    expect_text("{\"b\":1}");
    assert_true(clock() - before < 10 * CLOCKS_PER_SEC);
    free(text);
}

static void test_rename(void **state)
{
    (void)state;
    edited("{\"a\":1,\"b\":2}", LN_JSONDOC_RENAME, "a", "c", "{\"c\":1,\"b\":2}");
    edited("{\"a\":1,\"b\":2}", LN_JSONDOC_RENAME, "a", "b", "{\"b\":1}");
    edited("{\"b\":2,\"a\":1}", LN_JSONDOC_RENAME, "a", "b", "{\"b\":1}");
    edited("{\"a\":1}", LN_JSONDOC_RENAME, "a", "say \"a\"", "{\"say \\\"a\\\"\":1}");
    edited("{\"a\":[{\"x\":1},{\"x\":2}]}", LN_JSONDOC_RENAME, "a[].x", "y",
           "{\"a\":[{\"y\":1},{\"y\":2}]}");
    edited("{\"a\":1}", LN_JSONDOC_RENAME, "a", "a", "{\"a\":1}");
    edited("{\"a\":1}", LN_JSONDOC_RENAME, "z", "a", "{\"a\":1}");
    edited("{\"a\":1,\"b\":2,\"a\":3,\"c\":4}", LN_JSONDOC_RENAME, "a", "b", "{\"b\":3,\"c\":4}");
    edited("{\"b\":0,\"a\":1,\"c\":4,\"a\":3}", LN_JSONDOC_RENAME, "a", "b", "{\"c\":4,\"b\":3}");
    edited("{\"a\":1,\"c\":2,\"a\":3}", LN_JSONDOC_RENAME, "a", "a", "{\"c\":2,\"a\":3}");
}

static void test_values_that_are_none(void **state)
{
    (void)state;
    parse("{\"a\":1}");
    assert_false(ln_jsondoc_edit(doc, LN_JSONDOC_SET, LN_SLICE("a"), LN_SLICE("")));
    assert_false(ln_jsondoc_edit(doc, LN_JSONDOC_SET, LN_SLICE("z.y"), LN_SLICE("{")));
    assert_false(ln_jsondoc_edit(doc, LN_JSONDOC_SET, LN_SLICE(""), LN_SLICE("1")));
    expect_text("{\"a\":1}");
}

static void test_paths(void **state)
{
    static const char *const good[] = {"a",      "a.b",      "[0]",         "[]",
                                       "[][].a", "a[\"b\"]", "[\"a.b[]\"]", "a-b.\xc3\xa9"};
    static const char *const bad[] = {
        "",    ".",    "a.",  "a..b", ".a",    "a[",   "a[x]",
        "a]b", "[0]b", "a\"", "[-1]", "[\"a]", "a[\"", "[99999999999999999999]"};

    (void)state;
    for (unsigned i = 0; i < LN_ARRAY_LEN(good); i++)
        if (ln_jsondoc_path_fault(ln_slice_of(good[i]), LN_JSONDOC_SET) != NULL)
            fail_msg("%s", good[i]);
    for (unsigned i = 0; i < LN_ARRAY_LEN(bad); i++)
        if (ln_jsondoc_path_fault(ln_slice_of(bad[i]), LN_JSONDOC_SET) == NULL)
            fail_msg("%s", bad[i]);
    assert_non_null(ln_jsondoc_path_fault(LN_SLICE("a[0]"), LN_JSONDOC_RENAME));
    assert_null(ln_jsondoc_path_fault(LN_SLICE("a[0].b"), LN_JSONDOC_RENAME));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_not_edited_stays, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_what_is_no_json, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_bounds, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_set, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_add, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_remove, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_names_are_what_they_mean, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_rename, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_rename_of_many_of_one_name, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_values_that_are_none, make_doc, free_doc),
        cmocka_unit_test_setup_teardown(test_paths, make_doc, free_doc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
