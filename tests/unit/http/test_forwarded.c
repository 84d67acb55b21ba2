/* SPDX-License-Identifier: Apache-2.0
 * test_forwarded.c - hops of X-Forwarded-For and Forwarded, from the right.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/assert.h"
#include "http/forwarded.h"

static struct ln_forwarded_hop node(const char *text)
{
    struct ln_forwarded_hop hop;

    ln_forwarded_node(ln_slice_of(text), &hop);
    return hop;
}

static void test_ipv4_nodes_rfc7239_6(void **state)
{
    struct ln_forwarded_hop hop = node("192.0.2.1");

    (void)state;
    assert_int_equal(hop.kind, LN_FORWARDED_ADDRESS);
    assert_true(hop.is_v4);
    assert_slice(hop.host, "192.0.2.1");
    assert_memory_equal(hop.address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01", 16);
    hop = node("192.0.2.1:8080");
    assert_slice(hop.host, "192.0.2.1");
    assert_int_equal(hop.port, 8080);
}

static void test_ipv6_nodes_rfc7239_6(void **state)
{
    unsigned char wanted[16];
    static const char *const spellings[] = {"2001:db8::1", "[2001:db8::1]", "[2001:DB8:0::1]:443"};

    (void)state;
    inet_pton(AF_INET6, "2001:db8::1", wanted);
    for (size_t i = 0; i < LN_ARRAY_LEN(spellings); i++) {
        struct ln_forwarded_hop hop = node(spellings[i]);

        assert_int_equal(hop.kind, LN_FORWARDED_ADDRESS);
        assert_false(hop.is_v4);
        assert_memory_equal(hop.address, wanted, 16);
        assert_int_equal(hop.port, i == 2 ? 443 : 0);
    }
}

static void test_unknown_and_hidden_nodes_rfc7239_6_2(void **state)
{
    (void)state;
    assert_int_equal(node("unknown").kind, LN_FORWARDED_UNKNOWN);
    assert_int_equal(node("Unknown:80").kind, LN_FORWARDED_UNKNOWN);
    assert_int_equal(node("_hidden").kind, LN_FORWARDED_HIDDEN);
    assert_int_equal(node("_a.b-c:_port").kind, LN_FORWARDED_HIDDEN);
}

static void test_nodes_that_are_none(void **state)
{
    static const char *const rows[] = {
        "",
        "a",
        "example.com",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:x",
        "1.2.3.4:65536",
        "1.2.3.4:-1",
        "[::1",
        "[::1]x",
        "[::1]:",
        "[1.2.3.4]",
        "::g",
        "_",
        "[]",
        ":80",
        "1.2.3.4 ",
        "fe80::1%eth0",
        "1.2.3.4:999999",
        "[::1]]:80",
    };

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++)
        if (node(rows[i]).kind != LN_FORWARDED_BAD)
            fail_msg("accepted: %s", rows[i]);
    assert_int_equal(node("1.2.3.4").kind, LN_FORWARDED_ADDRESS);
}

/* The hops of up to two fields of one name, from the right, as "kind:text|". */
static void hops_are(const char *name, const char *first, const char *second, const char *expected)
{
    struct ln_forwarded_hop hop;
    struct ln_forwarded_walk w;
    struct ln_arena arena;
    struct ln_fields f;
    char seen[512];
    size_t n = 0;

    ln_arena_init(&arena, NULL);
    ln_fields_init(&f, &arena);
    ln_fields_add(&f, ln_slice_of(name), ln_slice_of(first));
    ln_fields_add(&f, LN_SLICE("X-Other"), LN_SLICE("9.9.9.9"));
    if (second != NULL)
        ln_fields_add(&f, ln_slice_of(name), ln_slice_of(second));
    ln_forwarded_start(&w, &f, ln_field_identify(name, strlen(name)));
    while (ln_forwarded_next(&w, &hop))
        n += (size_t)snprintf(seen + n, sizeof seen - n, "%c:%.*s|", "auhb"[hop.kind],
                              (int)hop.text.n, hop.text.p);
    assert_slice(ln_slice(seen, n), expected);
    ln_arena_reset(&arena);
}

static void test_x_forwarded_for_from_the_right(void **state)
{
    (void)state;
    hops_are("X-Forwarded-For", "1.1.1.1, 2.2.2.2 ,3.3.3.3", NULL,
             "a:3.3.3.3|a:2.2.2.2|a:1.1.1.1|");
    hops_are("X-Forwarded-For", "1.1.1.1", "2.2.2.2, ::1", "a:::1|a:2.2.2.2|a:1.1.1.1|");
    hops_are("X-Forwarded-For", "unknown, x, _y, 1.1.1.1", NULL, "a:1.1.1.1|h:_y|b:x|u:unknown|");
}

static void test_empty_elements_are_skipped_rfc9110_5_6_1(void **state)
{
    (void)state;
    hops_are("X-Forwarded-For", ",, 1.1.1.1 ,,", ",", "a:1.1.1.1|");
    hops_are("X-Forwarded-For", "", NULL, "");
    hops_are("Forwarded", ", for=1.1.1.1,", NULL, "a:1.1.1.1|");
}

static void test_forwarded_rfc7239_4(void **state)
{
    (void)state;
    hops_are("Forwarded", "for=192.0.2.60;proto=http;by=203.0.113.43, for=198.51.100.17", NULL,
             "a:198.51.100.17|a:192.0.2.60|");
    hops_are("Forwarded", "For=\"[2001:db8:cafe::17]:4711\"", NULL, "a:[2001:db8:cafe::17]:4711|");
    hops_are("Forwarded", "for=_gazonk, proto=https, for=unknown", NULL,
             "u:unknown|u:proto=https|h:_gazonk|");
    hops_are("Forwarded", "for=\"1.1.1.1:80\"; host=\"a,b;c\"", "by=x; FOR=2.2.2.2",
             "a:2.2.2.2|a:1.1.1.1:80|");
}

static void test_for_may_be_there_once_rfc7239_4(void **state)
{
    (void)state;
    hops_are("Forwarded", "for=1.1.1.1;for=2.2.2.2, for=3.3.3.3", NULL, "a:3.3.3.3|b:1.1.1.1|");
}

/* A client writes on the left, proxies append on the right. */
static void test_the_left_cannot_change_how_the_right_is_cut(void **state)
{
    (void)state;
    hops_are("X-Forwarded-For", "\"evil, 3.3.3.3", NULL, "a:3.3.3.3|b:\"evil|");
    hops_are("X-Forwarded-For", "\"1.1.1.1\", 3.3.3.3", NULL, "a:3.3.3.3|b:\"1.1.1.1\"|");
    hops_are("Forwarded", "for=\"evil, for=3.3.3.3", NULL, "a:3.3.3.3|b:\"evil|");
    hops_are("Forwarded", "for=\"a\\\", for=\"3.3.3.3:1\"", NULL, "a:3.3.3.3:1|b:a\\|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4_nodes_rfc7239_6),
        cmocka_unit_test(test_ipv6_nodes_rfc7239_6),
        cmocka_unit_test(test_unknown_and_hidden_nodes_rfc7239_6_2),
        cmocka_unit_test(test_nodes_that_are_none),
        cmocka_unit_test(test_x_forwarded_for_from_the_right),
        cmocka_unit_test(test_empty_elements_are_skipped_rfc9110_5_6_1),
        cmocka_unit_test(test_forwarded_rfc7239_4),
        cmocka_unit_test(test_for_may_be_there_once_rfc7239_4),
        cmocka_unit_test(test_the_left_cannot_change_how_the_right_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
