/* SPDX-License-Identifier: Apache-2.0
 * test_addr.c - addresses to listen on, ranges, and what lies in them.
 */
#include "conf/addr.h"

#include <arpa/inet.h>

#include "unit.h"

static void prints_as(const char *text, const char *printed)
{
    char out[LN_ADDR_TEXT];
    struct ln_addr addr;

    if (!ln_addr_parse_listen(ln_slice_of(text), &addr))
        fail_msg("\"%s\" is refused", text);
    assert_string_equal(ln_addr_print(&addr, out), printed);
}

static void is_no_address(const char *text)
{
    struct ln_addr addr;

    if (ln_addr_parse_listen(ln_slice_of(text), &addr))
        fail_msg("\"%s\" is accepted", text);
}

static void test_port_alone_is_every_address(void **state)
{
    struct ln_addr addr;

    (void)state;
    assert_true(ln_addr_parse_listen(LN_SLICE(":8080"), &addr));
    assert_int_equal(addr.any.sa_family, AF_INET6);
    assert_memory_equal(&addr.v6.sin6_addr, &in6addr_any, 16);
    assert_int_equal(addr.v6.sin6_port, htons(8080));
    assert_int_equal(addr.len, sizeof(struct sockaddr_in6));
    prints_as(":8080", "[::]:8080");
}

static void test_v4(void **state)
{
    (void)state;
    prints_as("127.0.0.1:8080", "127.0.0.1:8080");
    prints_as("0.0.0.0:0", "0.0.0.0:0");
    prints_as("255.255.255.255:65535", "255.255.255.255:65535");
}

static void test_v6(void **state)
{
    (void)state;
    prints_as("[::1]:8080", "[::1]:8080");
    prints_as("[2001:DB8:0:0::1]:1", "[2001:db8::1]:1");
}

static void test_unix(void **state)
{
    struct ln_addr addr;

    (void)state;
    prints_as("unix:/run/gw.sock", "unix:/run/gw.sock");
    prints_as("unix:a:80", "unix:a:80");
    assert_true(ln_addr_parse_listen(LN_SLICE("unix:/x"), &addr));
    assert_int_equal(addr.len, offsetof(struct sockaddr_un, sun_path) + 3);
}

static void test_unix_path_has_a_bound(void **state)
{
    char text[5 + 108];

    (void)state;
    memcpy(text, "unix:", 5);
    memset(text + 5, 'x', 108);

    struct ln_addr addr;

    assert_true(ln_addr_parse_listen(ln_slice(text, 5 + 107), &addr));
    assert_false(ln_addr_parse_listen(ln_slice(text, 5 + 108), &addr));
    assert_false(ln_addr_parse_listen(LN_SLICE("unix:"), &addr));
    assert_false(ln_addr_parse_listen(LN_SLICE("unix:a\0b"), &addr));
}

static void test_what_is_no_address(void **state)
{
    static const char *const texts[] = {
        "",
        ":",
        "8080",
        ":65536",
        ":-1",
        ":+1",
        ":80 ",
        " :80",
        ":8 0",
        "localhost:80",
        "1.2.3:80",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:x",
        "01.2.3.4:80",
        "::1:80",
        "[::1]",
        "[::1]:",
        "[::1]80",
        "[]:80",
        "[1.2.3.4]:80",
        "[::1%lo]:80",
        "[fe80::g]:1",
        "1.2.3.4:000080",
        "http://x:1",
        "256.0.0.1:1",
        "[::1:80",
        "::1]:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        is_no_address(texts[i]);
    prints_as(":1", "[::]:1");
}

static void test_refused_text_leaves_the_address_alone(void **state)
{
    struct ln_addr addr = {.len = 7};

    (void)state;
    assert_false(ln_addr_parse_listen(LN_SLICE("nonsense"), &addr));
    assert_int_equal(addr.len, 7);
}

static bool lies_in(const char *range, const char *ip)
{
    struct ln_cidr cidr, one;

    assert_true(ln_cidr_parse(ln_slice_of(range), &cidr));
    assert_true(ln_cidr_parse(ln_slice_of(ip), &one));
    return ln_cidr_has(&cidr, one.bytes);
}

static void test_single_address_is_a_range(void **state)
{
    (void)state;
    assert_true(lies_in("192.0.2.7", "192.0.2.7"));
    assert_false(lies_in("192.0.2.7", "192.0.2.6"));
    assert_true(lies_in("::1", "::1"));
    assert_false(lies_in("::1", "::2"));
}

static void test_v4_ranges(void **state)
{
    (void)state;
    assert_true(lies_in("10.0.0.0/8", "10.255.255.255"));
    assert_false(lies_in("10.0.0.0/8", "11.0.0.0"));
    assert_true(lies_in("10.1.2.3/8", "10.9.9.9"));
    assert_true(lies_in("192.168.4.0/23", "192.168.5.1"));
    assert_false(lies_in("192.168.4.0/23", "192.168.6.1"));
    assert_true(lies_in("0.0.0.0/0", "1.2.3.4"));
    assert_false(lies_in("0.0.0.0/0", "2001:db8::1"));
    assert_true(lies_in("1.2.3.4/32", "1.2.3.4"));
    assert_false(lies_in("1.2.3.4/31", "1.2.3.6"));
}

static void test_v6_ranges(void **state)
{
    (void)state;
    assert_true(lies_in("2001:db8::/32", "2001:db8:ffff::1"));
    assert_false(lies_in("2001:db8::/32", "2001:db9::"));
    assert_true(lies_in("fe80::/10", "febf::1"));
    assert_false(lies_in("fe80::/10", "fec0::1"));
    assert_true(lies_in("::/0", "1.2.3.4"));
}

static void test_mapped_v4_is_v4(void **state)
{
    (void)state;
    assert_true(lies_in("10.0.0.0/8", "::ffff:10.1.1.1"));
    assert_true(lies_in("::ffff:10.0.0.0/104", "10.1.1.1"));
}

static void test_equal_ranges_are_equal_bytes(void **state)
{
    struct ln_cidr a, b;

    (void)state;
    assert_true(ln_cidr_parse(LN_SLICE("10.1.2.3/8"), &a));
    assert_true(ln_cidr_parse(LN_SLICE("10.0.0.0/8"), &b));
    assert_memory_equal(a.bytes, b.bytes, 16);
    assert_int_equal(a.bits, b.bits);
}

static void test_what_is_no_range(void **state)
{
    static const char *const texts[] = {
        "",       "/8",          "10.0.0.0/",    "10.0.0.0/33",
        "::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8",
        "host/8", "10.0.0.0/ 8", "10.0.0.0/x",   "10.0.0.0 /8",
        "[::1]",
    };
    struct ln_cidr range;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (ln_cidr_parse(ln_slice_of(texts[i]), &range))
            fail_msg("\"%s\" is accepted", texts[i]);
    assert_true(ln_cidr_parse(LN_SLICE("10.0.0.0/8"), &range));
    assert_int_equal(range.bits, 104);
}

static void test_address_as_16_bytes(void **state)
{
    static const unsigned char mapped[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
    unsigned char ip[16];
    struct ln_addr addr;

    (void)state;
    assert_true(ln_addr_parse_listen(LN_SLICE("127.0.0.1:1"), &addr));
    assert_true(ln_addr_ip(&addr, ip));
    assert_memory_equal(ip, mapped, 16);
    assert_true(ln_addr_parse_listen(LN_SLICE("[::1]:1"), &addr));
    assert_true(ln_addr_ip(&addr, ip));
    assert_memory_equal(ip, &in6addr_loopback, 16);
    assert_true(ln_addr_parse_listen(LN_SLICE("unix:/x"), &addr));
    assert_false(ln_addr_ip(&addr, ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_alone_is_every_address),
        cmocka_unit_test(test_v4),
        cmocka_unit_test(test_v6),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_unix_path_has_a_bound),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_refused_text_leaves_the_address_alone),
        cmocka_unit_test(test_single_address_is_a_range),
        cmocka_unit_test(test_v4_ranges),
        cmocka_unit_test(test_v6_ranges),
        cmocka_unit_test(test_mapped_v4_is_v4),
        cmocka_unit_test(test_equal_ranges_are_equal_bytes),
        cmocka_unit_test(test_what_is_no_range),
        cmocka_unit_test(test_address_as_16_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
