/* SPDX-License-Identifier: Apache-2.0
 * test_reference.c - the reference mentions every row with its default and sentence; the example
 * file loads.
 */
#include "conf/reference.h"

#include "conf/rows.h"
#include "file.h"

static void find_row(const struct ln_row *row, const char *page)
{
    char start[128];
    size_t n = (size_t)snprintf(start, sizeof start, "\n| `%s` | ", row->name);

    for (const char *at = page; (at = strstr(at, start)) != NULL; at += n) {
        const char *end = strchr(at + 1, '\n'), *sentence = strstr(at, row->sentence);

        if (sentence != NULL && sentence < end)
            return;
    }
    fail_msg("%s is not in the reference with its sentence", row->name);
}

static void walk(const struct ln_block *block, const char *page,
                 void (*visit)(const struct ln_row *row, const char *page))
{
    for (const struct ln_row *row = block->rows; row->name != NULL; row++) {
        visit(row, page);
        if (row->range.block != NULL)
            walk(row->range.block, page, visit);
    }
}

static void test_every_row_is_in_the_reference(void **state)
{
    struct ln_text page;

    (void)state;
    ln_text_init(&page);
    ln_conf_reference(&page);
    walk(&ln_rows_root, page.p, find_row);
    ln_text_fini(&page);
}

static void test_defaults_and_ranges_are_in_the_reference(void **state)
{
    static const char *const parts[] = {
        "| `drainTimeout` | duration | a duration such as 30s or 250ms, at most 1d | `30s` | ",
        "| `headerCount` | number | a whole number from 1 to 1000 | `100` | ",
        "| `body` | duration | a duration such as 30s or 250ms, at most 365d | `gateway.timeout` "
        "| ",
        "| `user` | name | the name of a user, or \"\" | `\"\"` | ",
        "| `name` | name | a name of letters, digits, \"-\", \"_\" and \".\", at most 64 | must be "
        "given | ",
        "\n## services[].instances[]\n",
        "\n## gateway.identity\n",
    };
    struct ln_text page;

    (void)state;
    ln_text_init(&page);
    ln_conf_reference(&page);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(page.p, parts[i]) == NULL)
            fail_msg("not in the reference: %s", parts[i]);
    ln_text_fini(&page);
}

static void test_lists_of_blocks_have_their_own_heading(void **state)
{
    struct ln_text page;
    unsigned headings = 0, blocks = 1;

    (void)state;
    ln_text_init(&page);
    ln_conf_reference(&page);
    for (const char *at = page.p; (at = strstr(at, "\n## ")) != NULL; at++)
        headings++;
    for (const char *at = page.p; (at = strstr(at, "| block |")) != NULL; at++)
        blocks++;
    for (const char *at = page.p; (at = strstr(at, "| list |")) != NULL; at++)
        blocks++;
    assert_int_equal(headings, blocks);
    ln_text_fini(&page);
}

static void mentions(const struct ln_row *row, const char *page)
{
    char key[96];

    snprintf(key, sizeof key, "%s:", row->name);
    if (strstr(page, key) == NULL)
        fail_msg("%s is not in the example", row->name);
}

static void test_the_example_loads_and_has_every_key(void **state)
{
    struct ln_text page;
    struct load l;

    (void)state;
    ln_text_init(&page);
    ln_conf_example(&page);
    walk(&ln_rows_root, page.p, mentions);
    load_good(&l, page.p);
    assert_int_equal(l.conf->service_count, 1);
    assert_int_equal(l.conf->limit.count, 1);
    load_end(&l);
    ln_text_fini(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_in_the_reference),
        cmocka_unit_test(test_defaults_and_ranges_are_in_the_reference),
        cmocka_unit_test(test_lists_of_blocks_have_their_own_heading),
        cmocka_unit_test(test_the_example_loads_and_has_every_key),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
