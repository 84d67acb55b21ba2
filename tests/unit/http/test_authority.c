/* SPDX-License-Identifier: Apache-2.0
 * test_authority.c - hosts and ports, as in Host.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/assert.h"
#include "http/target.h"

/* An exact copy on the heap: looks beyond it are noticed. */
static bool ok(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n > 0 ? n : 1);

    memcpy(copy, text, n);
    bool answer = ln_authority_ok(ln_slice(copy, n));

    free(copy);
    return answer;
}

static void all(const char *const *rows, size_t n, bool wanted)
{
    for (size_t i = 0; i < n; i++)
        if (ok(rows[i]) != wanted)
            fail_msg("%s: %s", wanted ? "refused" : "accepted", rows[i]);
    assert_true(ok("example.com"));
}

static void test_names_and_ipv4_rfc3986_3_2_2(void **state)
{
    static const char *const rows[] = {
        "a",       "example.com",     "EXAMPLE.com.",
        "a-b_c~d", "127.0.0.1",       "localhost",
        "a%20b",   "a!$&'()*+,;=b",   "xn--bcher-kva.example",
        "1",       "999.999.999.999",
    };

    (void)state;
    all(rows, LN_ARRAY_LEN(rows), true);
}

static void test_ports_rfc3986_3_2_3(void **state)
{
    static const char *const good[] = {"a:80", "a:0", "a:65535", "a:", "a:00080", "127.0.0.1:8080"};
    static const char *const bad[] = {
        "a:65536", "a:-1",    "a:+80", "a:8o", "a: 80",
        "a:80 ",   "a:80:80", ":80",   ":",    "a:99999999999999999999",
        "a:80/"};

    (void)state;
    all(good, LN_ARRAY_LEN(good), true);
    all(bad, LN_ARRAY_LEN(bad), false);
}

static void test_ipv6_rfc3986_3_2_2(void **state)
{
    static const char *const good[] = {
        "[::1]", "[::]", "[::1]:80", "[2001:db8::1]", "[::ffff:1.2.3.4]:443", "[FE80::1]:"};
    static const char *const bad[] = {
        "::1",
        "[::1",
        "::1]",
        "[]",
        "[:]",
        "[1.2.3.4]",
        "[::1]x",
        "[::1]80",
        "[::g]",
        "[::1%25eth0]",
        "[v1.a]",
        "[::1]]",
        "[[::1]]",
        "[1:2:3:4:5:6:7:8:9]",
        "[ ::1]",
        "2001:db8::1",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
    };

    (void)state;
    all(good, LN_ARRAY_LEN(good), true);
    all(bad, LN_ARRAY_LEN(bad), false);
}

static void test_names_that_are_none_rfc9110_4_2_1(void **state)
{
    static const char *const rows[] = {
        "",    "a b",  "a/b", "a?b", "a#b",      "u@a",  "a\\b", "a\"b", "<a>", "a%",
        "a%2", "a%zz", "a|b", "a^b", "\xc3\xa9", "a\tb", "a\r",  "{a}",  " a",  "a ",
    };

    (void)state;
    all(rows, LN_ARRAY_LEN(rows), false);
    assert_false(ln_authority_ok(LN_SLICE("a\0b")));
    assert_false(ln_authority_ok(ln_slice(NULL, 0)));
}

static void test_a_host_is_at_most_255_bytes_rfc1035_2_3_4(void **state)
{
    char host[260];

    (void)state;
    memset(host, 'a', sizeof host);
    assert_true(ln_authority_ok(ln_slice(host, 255)));
    assert_false(ln_authority_ok(ln_slice(host, 256)));
    host[255] = ':';
    assert_true(ln_authority_ok(ln_slice(host, 256)));
}

static void test_the_host_without_its_port(void **state)
{
    (void)state;
    assert_slice(ln_authority_host(LN_SLICE("a.b:80")), "a.b");
    assert_slice(ln_authority_host(LN_SLICE("a.b")), "a.b");
    assert_slice(ln_authority_host(LN_SLICE("a:")), "a");
    assert_slice(ln_authority_host(LN_SLICE("[::1]:80")), "[::1]");
    assert_slice(ln_authority_host(LN_SLICE("[::1]")), "[::1]");
    assert_int_equal(ln_authority_host(ln_slice(NULL, 0)).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_ipv4_rfc3986_3_2_2),
        cmocka_unit_test(test_ports_rfc3986_3_2_3),
        cmocka_unit_test(test_ipv6_rfc3986_3_2_2),
        cmocka_unit_test(test_names_that_are_none_rfc9110_4_2_1),
        cmocka_unit_test(test_a_host_is_at_most_255_bytes_rfc1035_2_3_4),
        cmocka_unit_test(test_the_host_without_its_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
