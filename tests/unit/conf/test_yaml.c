/* SPDX-License-Identifier: Apache-2.0
 * test_yaml.c - YAML to nodes: values, places, and everything hostile.
 */
#include "conf/yaml.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "unit.h"

struct parse {
    struct ln_arena arena;
    struct ln_bundle *env;
    struct ln_diag diag;
    struct ln_text printed;
    struct ln_node *root;
};

static void parse_bytes(struct parse *p, const char *text, size_t n)
{
    ln_arena_init(&p->arena, NULL);
    ln_diag_init(&p->diag);
    ln_text_init(&p->printed);
    p->env = ln_bundle_record();
    p->root = ln_yaml_parse(&p->arena, p->env, "f", ln_slice(text, n), &p->diag);
    ln_diag_print(&p->diag, &p->printed);
    if (p->printed.p == NULL)
        ln_text_puts(&p->printed, "");
}

static void parse_end(struct parse *p)
{
    ln_bundle_free(p->env);
    ln_text_fini(&p->printed);
    ln_diag_fini(&p->diag);
    ln_arena_reset(&p->arena);
}

static void parse_good(struct parse *p, const char *text)
{
    parse_bytes(p, text, strlen(text));
    assert_string_equal(p->printed.p, "");
    assert_non_null(p->root);
}

static void refuses_bytes(const char *text, size_t n, const char *report)
{
    struct parse p;

    parse_bytes(&p, text, n);
    assert_string_equal(p.printed.p, report);
    assert_true(p.diag.errors > 0);
    parse_end(&p);
    parse_good(&p, "a: 1\n");
    parse_end(&p);
}

static void refuses(const char *text, const char *report)
{
    refuses_bytes(text, strlen(text), report);
}

static void test_mappings_lists_and_scalars(void **state)
{
    struct parse p;

    (void)state;
    parse_good(&p, "a: 1\nb:\n  - x\n  - {c: 'd'}\ne: ~\nf:\ng: null\nh: \"\"\n");
    assert_int_equal(p.root->kind, LN_NODE_MAP);
    assert_int_equal(p.root->count, 6);
    assert_slice(ln_node_get(p.root, "a")->text, "1");
    const struct ln_node *b = ln_node_get(p.root, "b");
    assert_int_equal(b->kind, LN_NODE_SEQ);
    assert_slice(b->first->text, "x");
    assert_false(b->first->quoted);
    assert_true(ln_node_get(b->first->next, "c")->quoted);
    assert_int_equal(ln_node_get(p.root, "e")->kind, LN_NODE_NULL);
    assert_int_equal(ln_node_get(p.root, "f")->kind, LN_NODE_NULL);
    assert_int_equal(ln_node_get(p.root, "g")->kind, LN_NODE_NULL);
    assert_int_equal(ln_node_get(p.root, "h")->kind, LN_NODE_SCALAR);
    parse_end(&p);
}

static void assert_place(const struct ln_place *place, unsigned line, unsigned column)
{
    assert_string_equal(place->file, "f");
    assert_int_equal(place->line, line);
    assert_int_equal(place->column, column);
}

static void test_places_count_from_one(void **state)
{
    struct parse p;

    (void)state;
    parse_good(&p, "a: 1\nbc:\n  - x\n  - {c: d}\n");
    const struct ln_node *b = ln_node_get(p.root, "bc");
    assert_place(&p.root->first->key_place, 1, 1);
    assert_place(&p.root->first->place, 1, 4);
    assert_place(&b->key_place, 2, 1);
    assert_place(&b->first->place, 3, 5);
    assert_place(&ln_node_get(b->first->next, "c")->place, 4, 9);
    parse_end(&p);
}

static void test_columns_count_characters(void **state)
{
    struct parse p;

    (void)state;
    parse_good(&p, "{\"\xc3\xa4\": 1, b: 2}\n");
    assert_place(&ln_node_get(p.root, "b")->key_place, 1, 10);
    parse_end(&p);
}

static void test_a_bom_is_skipped(void **state)
{
    struct parse p;

    (void)state;
    parse_good(&p, "\xef\xbb\xbf"
                   "a: 1\n");
    assert_place(&p.root->first->key_place, 1, 1);
    parse_end(&p);
}

static void test_variables_in_values_not_in_keys(void **state)
{
    struct parse p;

    (void)state;
    setenv("LN_UNIT", "8080", 1);
    parse_good(&p, "${LN_UNIT}: ${LN_UNIT}\nq: \"${LN_UNIT}$$\"\nl: |\n  ${LN_UNIT}\n");
    assert_slice(ln_node_get(p.root, "${LN_UNIT}")->text, "8080");
    assert_false(ln_node_get(p.root, "${LN_UNIT}")->quoted);
    assert_slice(ln_node_get(p.root, "q")->text, "8080$");
    assert_slice(ln_node_get(p.root, "l")->text, "8080\n");
    parse_end(&p);
}

static void test_a_variable_is_text_not_yaml(void **state)
{
    struct parse p;

    (void)state;
    setenv("LN_UNIT", "{a: [b, &c *d", 1);
    parse_good(&p, "x: ${LN_UNIT}\n");
    assert_slice(ln_node_get(p.root, "x")->text, "{a: [b, &c *d");
    parse_end(&p);
}

static void test_every_missing_variable_is_told(void **state)
{
    (void)state;
    unsetenv("LN_A");
    unsetenv("LN_B");
    refuses("a: ${LN_A}\nb:\n  - x${LN_B}\n",
            "f:1:4: the variable LN_A is not set, expected it in the environment or a default: "
            "${LN_A:-default}\n"
            "f:3:5: the variable LN_B is not set, expected it in the environment or a default: "
            "${LN_B:-default}\n");
}

static void test_equal_keys_name_both_places(void **state)
{
    (void)state;
    refuses("a: 1\nb: 2\na: 3\n", "f:3:1: the key \"a\" is given twice, the first time at f:1:1\n");
    refuses("x: {a: 1, \"a\": 2}\n",
            "f:1:11: the key \"a\" is given twice, the first time at f:1:5\n");
    refuses("a: 1\na: 2\na: 3\n", "f:2:1: the key \"a\" is given twice, the first time at f:1:1\n"
                                  "f:3:1: the key \"a\" is given twice, the first time at f:2:1\n");
}

static void test_nothing_in_the_file(void **state)
{
    (void)state;
    refuses("", "f:1:1: the file is empty, expected gateway: and services:\n");
    refuses("# only a comment\n", "f:1:1: the file is empty, expected gateway: and services:\n");
    refuses("\n\n  \n", "f:1:1: the file is empty, expected gateway: and services:\n");
}

static void test_several_documents(void **state)
{
    (void)state;
    refuses("a: 1\n---\nb: 2\n", "f:2:1: a second document, expected one in a file\n");

    struct parse p;

    parse_good(&p, "---\na: 1\n...\n");
    parse_end(&p);
}

static void test_anchors_aliases_and_tags(void **state)
{
    const char *why =
        "an anchor, alias or tag (&, *, !), which are not supported; a text that begins so "
        "needs quotes\n";
    static const char *const texts[] = {"a: &x 1\n", "a: *x\n", "a: !!int 1\n", "a: &x [1]\n",
                                        "a: &x {b: 1}\n"};
    char report[256];

    (void)state;
    snprintf(report, sizeof report, "f:1:4: %s", why);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refuses(texts[i], report);

    struct parse p;

    parse_good(&p, "a: '*x'\n");
    parse_end(&p);
}

/* Each level ten times the one before: refused at the first anchor, before anything grows. */
static void test_a_billion_laughs(void **state)
{
    (void)state;
    refuses(
        "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n",
        "f:1:4: an anchor, alias or tag (&, *, !), which are not supported; a text that begins so "
        "needs quotes\n");
}

static void test_keys_are_words(void **state)
{
    (void)state;
    refuses("? [a]\n: 1\n", "f:1:3: a key that is not a word, expected key: value\n");
    refuses("{{a: 1}: 2}\n", "f:1:2: a key that is not a word, expected key: value\n");
    refuses("&x a: 1\n", "f:1:1: a key that is not a word, expected key: value\n");
}

static void test_nul_bytes(void **state)
{
    (void)state;
    refuses_bytes("a: \0\n", 5, "f:1:4: byte 0x00 is not text, expected YAML in UTF-8\n");
    refuses("a: \"x\\0y\"\n", "f:1:4: a text with a NUL byte, expected none\n");
    refuses("\"a\\0b\": 1\n", "f:1:1: a key with a NUL byte, expected none\n");
}

static void test_tabs(void **state)
{
    (void)state;
    refuses("a:\n\tb: 1\n", "f:2:1: a tab, expected spaces: YAML cannot be indented with tabs\n");
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    refuses("a: 1\nb: \x01\n", "f:2:4: byte 0x01 is not text, expected YAML in UTF-8\n");
    refuses("a: \xff\n", "f:1:4: byte 0xff is not text, expected YAML in UTF-8\n");
    refuses_bytes("\xff\xfe"
                  "a\0:\0",
                  6, "f:1:1: byte 0xff is not text, expected YAML in UTF-8\n");
    refuses("\x7f"
            "ELF\x02\x01",
            "f:1:1: byte 0x7f is not text, expected YAML in UTF-8\n");
}

static void test_broken_syntax_names_the_place(void **state)
{
    (void)state;
    refuses("a: [1, 2\n", "f:2:1: not YAML: did not find expected ',' or ']' (while parsing a flow "
                          "sequence)\n");
    refuses("a: b: c\n", "f:1:5: not YAML: mapping values are not allowed in this context\n");
    refuses("a: 'x\n", "f:2:1: not YAML: found unexpected end of stream (while scanning a quoted "
                       "scalar)\n");
}

static void test_depth_is_bounded(void **state)
{
    char text[200];

    (void)state;
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    struct parse p;
    parse_bytes(&p, text, 64);
    assert_non_null(p.root);
    parse_end(&p);
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    refuses_bytes(text, 200, "f:1:33: nested too deeply, expected at most 32 levels\n");
}

static void test_a_megabyte_of_brackets(void **state)
{
    size_t n = 1 << 20;
    char *text = malloc(n);

    (void)state;
    memset(text, '[', n);
    refuses_bytes(text, n, "f:1:33: nested too deeply, expected at most 32 levels\n");
    memset(text, '{', n);
    refuses_bytes(text, n, "f:1:2: a key that is not a word, expected key: value\n");
    free(text);
}

static void test_nodes_are_bounded(void **state)
{
    size_t n = 2 * 500001;
    char *text = malloc(n + 2);

    (void)state;
    text[0] = '[';
    for (size_t i = 0; i < n; i += 2)
        memcpy(text + 1 + i, "a,", 2);
    text[n + 1] = ']';
    refuses_bytes(text, n + 2, "f:1:1000000: too many values, expected at most 500000\n");
    free(text);
}

static void test_size_is_bounded(void **state)
{
    size_t n = (size_t)50 << 20;
    char *text = malloc(n);

    (void)state;
    memset(text, ' ', n);
    refuses_bytes(text, n, "f:1:1: the file is larger than 8 MiB, expected a configuration\n");
    free(text);
}

static void test_many_equal_keys_take_no_time(void **state)
{
    size_t count = 100000;
    char *text = malloc(count * 5 + 1);
    struct parse p;

    (void)state;
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * 5, "a: 1\n", 5);
    parse_bytes(&p, text, count * 5);
    assert_int_equal(p.diag.errors, count - 1);
    assert_int_equal(p.diag.count, 101);
    parse_end(&p);
    free(text);
}

/* Damage to a real file: any answer but a crash or a leak. */
static void test_random_damage_is_harmless(void **state)
{
    static const char good[] =
        "gateway:\n  port: \":8080\"\nservices:\n  - {name: a, instances: [\"http://b\"]}\n"
        "  - name: \"c\"\n    plugins: [x: {y: [1, 2]}]\n";
    struct ln_rand rand;

    (void)state;
    ln_rand_init(&rand, 3);
    for (unsigned i = 0; i < 3000; i++) {
        char text[sizeof good];
        struct parse p;

        memcpy(text, good, sizeof good);
        for (uint64_t k = ln_rand_below(&rand, 5) + 1; k > 0; k--)
            text[ln_rand_below(&rand, sizeof good - 1)] =
                "{}[]:-&*!|>'\"%@`#,? \n\t\\\0\xff$"[ln_rand_below(&rand, 26)];
        parse_bytes(&p, text, sizeof good - 1);
        assert_true(p.root != NULL || p.diag.errors > 0);
        parse_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mappings_lists_and_scalars),
        cmocka_unit_test(test_places_count_from_one),
        cmocka_unit_test(test_columns_count_characters),
        cmocka_unit_test(test_a_bom_is_skipped),
        cmocka_unit_test(test_variables_in_values_not_in_keys),
        cmocka_unit_test(test_a_variable_is_text_not_yaml),
        cmocka_unit_test(test_every_missing_variable_is_told),
        cmocka_unit_test(test_equal_keys_name_both_places),
        cmocka_unit_test(test_nothing_in_the_file),
        cmocka_unit_test(test_several_documents),
        cmocka_unit_test(test_anchors_aliases_and_tags),
        cmocka_unit_test(test_a_billion_laughs),
        cmocka_unit_test(test_keys_are_words),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_tabs),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_broken_syntax_names_the_place),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_a_megabyte_of_brackets),
        cmocka_unit_test(test_nodes_are_bounded),
        cmocka_unit_test(test_size_is_bounded),
        cmocka_unit_test(test_many_equal_keys_take_no_time),
        cmocka_unit_test(test_random_damage_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
