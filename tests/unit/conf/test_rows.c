/* SPDX-License-Identifier: Apache-2.0
 * test_rows.c - every directive takes what it says and refuses the rest with its own sentence.
 */
#include "conf/rows.h"

#include "file.h"

struct row_case {
    const char *key, *around, *good, *bad, *message;
};

static const struct row_case cases[] = {
#define CASE(key, around, good, bad, message) {key, around, good, bad, message},
#include "rows_cases.h"
#undef CASE
};

enum { CASES = sizeof cases / sizeof cases[0] };

static char *put_value(const struct row_case *c, const char *value)
{
    const char *dot = strrchr(c->key, '.'), *at = strchr(c->around, '@');
    const char *leaf = dot != NULL ? dot + 1 : c->key;
    struct ln_text yaml;

    ln_text_init(&yaml);
    ln_text_printf(&yaml, "%.*s%s: %s%s", (int)(at - c->around), c->around, leaf, value, at + 1);
    return yaml.p;
}

static void test_good(void **state)
{
    const struct row_case *c = *state;
    char *yaml = put_value(c, c->good);
    struct load l;

    load_good(&l, yaml);
    load_end(&l);
    free(yaml);
}

static bool has_message(const struct ln_diag *d, const char *message)
{
    for (unsigned i = 0; i < d->count; i++)
        if (strcmp(d->items[i].text, message) == 0)
            return true;
    return false;
}

static void test_bad(void **state)
{
    const struct row_case *c = *state;
    char *yaml = put_value(c, c->bad), message[512];
    struct load l;

    snprintf(message, sizeof message, "%s: %s", c->key, c->message);
    load_text(&l, yaml);
    if (!has_message(&l.diag, message))
        fail_msg("no \"%s\" in\n%s", message, l.printed.p);
    assert_null(l.conf);
    assert_int_equal(l.diag.errors, 1); /* and nothing that follows from it */
    load_end(&l);
    free(yaml);
    test_good(state);
}

/* Walks all rows as a file would name them: the first item of each list. */
static void walk(const struct ln_block *block, const char *prefix,
                 void (*visit)(const char *key, const struct ln_row *row))
{
    for (const struct ln_row *row = block->rows; row->name != NULL; row++) {
        char key[256];

        snprintf(key, sizeof key, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", row->name);
        visit(key, row);
        if (row->range.block == NULL)
            continue;
        if (strcmp(row->type->name, "list") == 0)
            strcat(key, "[0]");
        walk(row->range.block, key, visit);
    }
}

static void find_case(const char *key, const struct ln_row *row)
{
    (void)row;
    for (unsigned i = 0; i < CASES; i++)
        if (strcmp(cases[i].key, key) == 0)
            return;
    fail_msg("%s has no case in rows_cases.h", key);
}

static void test_every_row_has_a_case(void **state)
{
    (void)state;
    walk(&ln_rows_root, "", find_case);
}

static void judge_sentence(const char *key, const struct ln_row *row)
{
    size_t n = row->sentence != NULL ? strlen(row->sentence) : 0;

    if (n < 10 || row->sentence[n - 1] != '.')
        fail_msg("%s has no sentence", key);
}

static void test_every_row_has_a_sentence(void **state)
{
    (void)state;
    walk(&ln_rows_root, "", judge_sentence);
}

static void test_a_declared_service_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(ln_rows_service.rows[0].name, "name");
    assert_ptr_equal(ln_rows_declared.rows, ln_rows_service.rows + 1);
}

int main(void)
{
    struct CMUnitTest tests[2 * CASES + 3];
    char names[2 * CASES][96];
    size_t n = 0;

    for (; n < (size_t)2 * CASES; n++) {
        const struct row_case *c = &cases[n / 2];

        snprintf(names[n], sizeof names[n], "%s: %s", c->key, n % 2 == 0 ? "takes" : "refuses");
        tests[n] = (struct CMUnitTest)cmocka_unit_test_prestate(n % 2 == 0 ? test_good : test_bad,
                                                                (void *)(uintptr_t)c);
        tests[n].name = names[n];
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_every_row_has_a_case);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_every_row_has_a_sentence);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_a_declared_service_has_no_name);

    void *folder = NULL;

    if (folder_open(&folder) != 0)
        return 1;
    write_file("there.lua", "");
    mkdir("folder", 0700);

    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return folder_close(&folder) != 0 ? 1 : failed;
}
