/* SPDX-License-Identifier: Apache-2.0
 * test_url.c - the URL of an instance, in parts.
 */
#include "conf/url.h"

#include <stdio.h>

#include "unit.h"

static int setup(void **state)
{
    static struct ln_arena arena;

    ln_arena_init(&arena, NULL);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    ln_arena_reset(*state);
    return 0;
}

struct row {
    const char *text, *url, *host, *authority, *base;
    unsigned port;
};

static void check(struct ln_arena *a, const struct row *row)
{
    struct ln_instance_conf i = {.weight = 7};
    struct ln_err err;

    if (ln_url_parse(a, ln_slice_of(row->text), &i, &err) != 0)
        fail_msg("%s: %s", row->text, err.text);
    assert_string_equal(i.url, row->url);
    assert_string_equal(i.host, row->host);
    assert_string_equal(i.authority, row->authority);
    assert_string_equal(i.base, row->base);
    assert_int_equal(i.port, row->port);
    assert_int_equal(i.weight, 7);
}

static void test_names(void **state)
{
    const struct row rows[] = {
        {"http://localhost:8081", "http://localhost:8081", "localhost", "localhost:8081", "", 8081},
        {"http://Example.COM", "http://example.com:80", "example.com", "example.com", "", 80},
        {"http://example.com:80/", "http://example.com:80", "example.com", "example.com", "", 80},
        {"HTTP://a_b-c:1", "http://a_b-c:1", "a_b-c", "a_b-c:1", "", 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(*state, &rows[i]);
}

static void test_addresses(void **state)
{
    const struct row rows[] = {
        {"http://127.0.0.1:65535", "http://127.0.0.1:65535", "127.0.0.1", "127.0.0.1:65535", "",
         65535},
        {"http://[::1]:80", "http://[::1]:80", "::1", "[::1]", "", 80},
        {"http://[2001:DB8::1]:81", "http://[2001:db8::1]:81", "2001:db8::1", "[2001:db8::1]:81",
         "", 81},
        {"http://[::1]", "http://[::1]:80", "::1", "[::1]", "", 80},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(*state, &rows[i]);
}

static void test_bases(void **state)
{
    const struct row rows[] = {
        {"http://h/v1", "http://h:80/v1", "h", "h", "/v1", 80},
        {"http://h/v1/", "http://h:80/v1", "h", "h", "/v1", 80},
        {"http://h:8/A/b%20c//", "http://h:8/A/b%20c", "h", "h:8", "/A/b%20c", 8},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(*state, &rows[i]);
}

static void refuses(struct ln_arena *a, const char *text, const char *why)
{
    const struct row good = {"http://h:1", "http://h:1", "h", "h:1", "", 1};
    struct ln_instance_conf i = {.weight = 1};
    struct ln_err err;

    if (ln_url_parse(a, ln_slice_of(text), &i, &err) == 0)
        fail_msg("\"%s\" is accepted", text);
    assert_string_equal(err.text, why);
    check(a, &good);
}

#define EXPECTED "expected a URL such as http://host:8080"

static void test_tls_is_refused(void **state)
{
    refuses(*state, "https://h", "TLS to upstreams is not supported by this version, " EXPECTED);
    refuses(*state, "HTTPS://h:443/x",
            "TLS to upstreams is not supported by this version, " EXPECTED);
}

static void test_unix_sockets(void **state)
{
    struct ln_instance_conf i = {.weight = 1};
    char text[128] = "unix:";
    struct ln_err err;

    assert_int_equal(ln_url_parse(*state, LN_SLICE("unix:/run/a b?@.sock"), &i, &err), 0);
    assert_string_equal(i.unix_path, "/run/a b?@.sock");
    assert_string_equal(i.url, "unix:/run/a b?@.sock");
    assert_string_equal(i.host, "");
    assert_string_equal(i.authority, "localhost");
    assert_string_equal(i.base, "");
    assert_int_equal(i.port, 0);
    memset(text + 5, 'x', 107);
    assert_int_equal(ln_url_parse(*state, ln_slice_of(text), &i, &err), 0);
    text[5 + 107] = 'x';
    refuses(*state, text, "the path of the socket is too long, expected at most 107 bytes");
}

static void test_wrong_unix_sockets(void **state)
{
    const char *control = "control characters in the path of the socket, expected one such as "
                          "unix:/run/x.sock";

    refuses(*state, "unix:", "no path behind unix:, expected one such as unix:/run/x.sock");
    refuses(*state, "unix:/a\r\nb", control);
    refuses(*state, "unix:\x7f", control);
    refuses(*state, "http+unix:/run/x.sock", "got \"http+unix:/run/x.sock\", " EXPECTED);
    refuses(*state, "UNIX:/run/x.sock", "got \"UNIX:/run/x.sock\", " EXPECTED);
}

static void test_credentials_are_refused_and_not_shown(void **state)
{
    const char *why = "credentials in a URL are not supported, " EXPECTED;

    refuses(*state, "http://user:secret@h", why);
    refuses(*state, "http://user@h/x", why);
    refuses(*state, "user:secret@h:80", why);
    refuses(*state, "ftp://user:secret@h", why);
}

static void test_a_missing_scheme_is_guessed(void **state)
{
    refuses(*state, "localhost:8081",
            "got \"localhost:8081\", " EXPECTED "; did you mean \"http://localhost:8081\"?");
    refuses(*state, "localhost", "got \"localhost\", " EXPECTED);
}

static void test_ports_out_of_range(void **state)
{
    refuses(*state, "http://h:0", "port \"0\" is out of range, expected 1 to 65535");
    refuses(*state, "http://h:65536", "port \"65536\" is out of range, expected 1 to 65535");
    refuses(*state, "http://h:x", "port \"x\" is out of range, expected 1 to 65535");
    refuses(*state, "http://h:-1", "port \"-1\" is out of range, expected 1 to 65535");
    refuses(*state, "http://h:99999999999999999999",
            "port \"99999999999999999999\" is out of range, expected 1 to 65535");
}

static void test_queries_and_fragments_are_refused(void **state)
{
    refuses(*state, "http://h/?a", "a query or fragment in the URL of an instance, " EXPECTED);
    refuses(*state, "http://h#a", "a query or fragment in the URL of an instance, " EXPECTED);
}

static void test_what_is_no_url(void **state)
{
    static const char *const texts[] = {
        "",
        "http",
        "http:",
        "http:/",
        "http://",
        "http:///x",
        "http://:80",
        "http://h:",
        "http://a b",
        "http://[::1",
        "http://[::1]x",
        "http://[x]:80",
        "http://.h",
        "http://-h",
        "http://h/%",
        "http://h/%2",
        "http://h/%zz",
        "http://h/a b",
        "http://\xc3\xa4",
        "ftp://h",
        "//h",
        "/x",
        "http://[]",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char why[256];
        size_t n = 0;

        /* control characters and the like are tested in test_node.c */
        n += (size_t)snprintf(why, sizeof why, "got \"%s\", " EXPECTED, texts[i]);
        assert_in_range(n, 1, sizeof why);
        refuses(*state, texts[i], why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_tls_is_refused),
        cmocka_unit_test(test_unix_sockets),
        cmocka_unit_test(test_wrong_unix_sockets),
        cmocka_unit_test(test_credentials_are_refused_and_not_shown),
        cmocka_unit_test(test_a_missing_scheme_is_guessed),
        cmocka_unit_test(test_ports_out_of_range),
        cmocka_unit_test(test_queries_and_fragments_are_refused),
        cmocka_unit_test(test_what_is_no_url),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
