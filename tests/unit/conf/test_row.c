/* SPDX-License-Identifier: Apache-2.0
 * test_row.c - what all blocks have in common: unknown keys, missing keys, all errors at once.
 */
#include "file.h"

static void test_a_typo_names_the_nearest_key(void **state)
{
    (void)state;
    assert_refused("gateway:\n  prot: \":8080\"\n  port: \":0\"\n",
                   "gateway.yaml:2:3: gateway.prot: unknown key, did you mean \"port\"?\n");
    assert_refused("gateway: {port: \":0\"}\nservice: []\n",
                   "gateway.yaml:2:1: service: unknown key, did you mean \"services\"?\n");
    assert_refused("gateway: {port: \":0\", timeOut: 3}\n",
                   "gateway.yaml:1:23: gateway.timeOut: unknown key, did you mean \"timeout\"?\n");
}

static void test_an_unlike_key_names_all(void **state)
{
    (void)state;
    assert_refused(
        "gateway: {port: \":0\"}\nlua: {speed: 9}\n",
        "gateway.yaml:2:7: lua.speed: unknown key, expected one of budget, memory, jit\n");
}

static void test_an_odd_key_is_quoted(void **state)
{
    (void)state;
    assert_refused(
        "gateway: {port: \":0\"}\nlua: {\"a b\\n\": 9}\n",
        "gateway.yaml:2:7: lua.\"a b\\n\": unknown key, expected one of budget, memory, jit\n");
}

/* Keys of the design that no work has brought yet are like any unknown key. */
static void test_keys_of_later_versions_are_unknown(void **state)
{
    (void)state;
    assert_refused("gateway: {port: \":0\"}\nreload: {canary: {share: 1%}}\n",
                   "gateway.yaml:2:10: reload.canary: unknown key, expected one of watch\n");
}

static void test_all_errors_at_once_in_the_order_of_the_file(void **state)
{
    (void)state;
    assert_refused(
        "rateLimit:\n"
        "  burstSize: 0\n"
        "services:\n"
        "  - name: users\n"
        "    strategy: random\n"
        "gateway:\n"
        "  timeout: soon\n"
        "  prot: 1\n",
        "gateway.yaml:2:3: rateLimit.requestsPerSecond: missing, expected a whole number from 1 to "
        "1000000000, or limit with window\n"
        "gateway.yaml:2:14: rateLimit.burstSize: got \"0\", expected a whole number from 1 to "
        "1000000000\n"
        "gateway.yaml:4:5: services[0].instances: missing, expected a list of URLs, or of mappings "
        "with url and weight\n"
        "gateway.yaml:5:15: services[0].strategy: got \"random\", expected one of round_robin, "
        "weighted_round_robin, least_connections, random_two, peak_ewma, consistent_hash, lua\n"
        "gateway.yaml:7:3: gateway.port: missing, expected an address such as \":8080\", "
        "\"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:run/gw.sock\", with a port from 0 to 65535\n"
        "gateway.yaml:7:12: gateway.timeout: got \"soon\", expected a duration such as 30s or "
        "250ms, "
        "at most 365d\n"
        "gateway.yaml:8:3: gateway.prot: unknown key, did you mean \"port\"?\n");
}

static void test_a_missing_block_is_missing_keys(void **state)
{
    (void)state;
    assert_refused(
        "services: []\n",
        "gateway.yaml:1:1: gateway.port: missing, expected an address such as \":8080\", "
        "\"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:run/gw.sock\", with a port from 0 to "
        "65535\n");
}

static void test_the_root_is_a_mapping(void **state)
{
    (void)state;
    assert_refused("- a\n",
                   "gateway.yaml:1:1: not a configuration, expected gateway: and services:\n");
    assert_refused("hello\n",
                   "gateway.yaml:1:1: not a configuration, expected gateway: and services:\n");
}

static void test_an_empty_block_is_its_defaults(void **state)
{
    struct load l;

    (void)state;
    load_good(&l, "gateway:\n  port: \":0\"\n  limits:\nlua:\nservices:\n");
    assert_int_equal(l.conf->gateway.limits.header_count, 100);
    assert_int_equal(l.conf->lua.budget, 20);
    assert_int_equal(l.conf->service_count, 0);
    load_end(&l);
}

static void test_items_of_lists_have_their_index(void **state)
{
    (void)state;
    assert_refused(
        "gateway:\n  port: \":0\"\n  trustedProxies: [10.0.0.0/8, lan, \"::1\", 10.0.0.0/33]\n",
        "gateway.yaml:3:32: gateway.trustedProxies[1]: got \"lan\", expected an address or range "
        "such "
        "as 10.0.0.0/8 or ::1, unix:, or a list of them\n"
        "gateway.yaml:3:44: gateway.trustedProxies[3]: got \"10.0.0.0/33\", expected an address or "
        "range such as 10.0.0.0/8 or ::1, unix:, or a list of them\n");
}

static void test_hundreds_of_errors_are_bounded(void **state)
{
    struct ln_text yaml;
    struct load l;

    (void)state;
    ln_text_init(&yaml);
    ln_text_puts(&yaml, "gateway:\n  port: \":0\"\n");
    for (unsigned i = 0; i < 500; i++)
        ln_text_printf(&yaml, "key%u: 1\n", i);
    load_text(&l, yaml.p);
    assert_null(l.conf);
    assert_int_equal(l.diag.errors, 500);
    assert_int_equal(l.diag.count, 101);
    load_end(&l);
    ln_text_fini(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_typo_names_the_nearest_key),
        cmocka_unit_test(test_an_unlike_key_names_all),
        cmocka_unit_test(test_an_odd_key_is_quoted),
        cmocka_unit_test(test_keys_of_later_versions_are_unknown),
        cmocka_unit_test(test_all_errors_at_once_in_the_order_of_the_file),
        cmocka_unit_test(test_a_missing_block_is_missing_keys),
        cmocka_unit_test(test_the_root_is_a_mapping),
        cmocka_unit_test(test_an_empty_block_is_its_defaults),
        cmocka_unit_test(test_items_of_lists_have_their_index),
        cmocka_unit_test(test_hundreds_of_errors_are_bounded),
    };

    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
