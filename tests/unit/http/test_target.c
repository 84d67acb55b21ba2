/* SPDX-License-Identifier: Apache-2.0
 * test_target.c - the forms of a request target, and the one normal form of its path.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/target.h"

static struct ln_arena arena;

static int tear_down(void **state)
{
    (void)state;
    ln_arena_reset(&arena);
    return 0;
}

/* From an exact copy on the heap; freed with nothing pointing into it, since all is compared here.
 */
static enum ln_reject parse(const char *raw, size_t n, enum ln_method method, const char *path,
                            const char *query)
{
    char *copy = malloc(n > 0 ? n : 1);
    struct ln_target t;

    memcpy(copy, raw, n);
    enum ln_reject why = ln_target_parse(&t, ln_slice(copy, n), method, &arena);

    if (why == LN_REJECT_NONE && path != NULL) {
        assert_slice(t.path, path);
        assert_int_equal(t.query.p == NULL, query == NULL);
        if (query != NULL)
            assert_slice(t.query, query);
    }
    free(copy);
    return why;
}

/* The path comes out so, with and without a query, and is then in its normal form. */
static void path_is(const char *raw, const char *normal)
{
    char both[512];

    if (parse(raw, strlen(raw), LN_METHOD_GET, normal, NULL) != LN_REJECT_NONE)
        fail_msg("refused: %s", raw);
    snprintf(both, sizeof both, "%s?q=%%2e/../", raw);
    assert_int_equal(parse(both, strlen(both), LN_METHOD_GET, normal, "q=%2e/../"), LN_REJECT_NONE);
    assert_int_equal(parse(normal, strlen(normal), LN_METHOD_GET, normal, NULL), LN_REJECT_NONE);
    snprintf(both, sizeof both, "http://a:80%s", raw);
    assert_int_equal(parse(both, strlen(both), LN_METHOD_GET, normal, NULL), LN_REJECT_NONE);
}

static void refused(const char *raw, size_t n, enum ln_reject expected)
{
    enum ln_reject why = parse(raw, n, LN_METHOD_GET, NULL, NULL);

    if (why != expected)
        fail_msg("%s instead of %s: %s", ln_reject_row(why)->code, ln_reject_row(expected)->code,
                 raw);
    assert_int_equal(parse("/a", 2, LN_METHOD_GET, "/a", NULL), LN_REJECT_NONE);
}

#define target_bad(why, literal) refused("" literal, sizeof(literal) - 1, LN_REJECT_##why)

static void test_the_parts_of_a_target(void **state)
{
    (void)state;
    parse("/", 1, LN_METHOD_GET, "/", NULL);
    assert_int_equal(parse("/a/b?c=d", 8, LN_METHOD_GET, "/a/b", "c=d"), LN_REJECT_NONE);
    assert_int_equal(parse("/a?", 3, LN_METHOD_GET, "/a", ""), LN_REJECT_NONE);
    assert_int_equal(parse("/a??b?", 6, LN_METHOD_GET, "/a", "?b?"), LN_REJECT_NONE);
}

static void test_a_normal_target_is_not_copied(void **state)
{
    struct ln_slice raw = LN_SLICE("/api/users/12345;v=1/a.b..c?x=%20");
    struct ln_target t;

    (void)state;
    assert_int_equal(ln_target_parse(&t, raw, LN_METHOD_GET, &arena), LN_REJECT_NONE);
    assert_ptr_equal(t.path.p, raw.p);
    assert_int_equal(arena.used, 0);
}

static void test_every_character_of_a_path_rfc3986_3_3(void **state)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/";

    (void)state;
    for (int c = 0; c < 256; c++) {
        char raw[4] = {'/', 'a', (char)c, 'b'};
        bool good = c != 0 && strchr(allowed, c) != NULL;

        if (c == '?')
            continue;
        assert_int_equal(parse(raw, 4, LN_METHOD_GET, NULL, NULL) == LN_REJECT_NONE, good);
    }
}

static void test_every_character_of_a_query_rfc3986_3_4(void **state)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?[]";

    (void)state;
    for (int c = 0; c < 256; c++) {
        char raw[4] = {'/', '?', (char)c, 'b'};
        bool good = c != 0 && strchr(allowed, c) != NULL;

        assert_int_equal(parse(raw, 4, LN_METHOD_GET, NULL, NULL) == LN_REJECT_NONE, good);
    }
}

static void test_unreserved_characters_are_decoded_rfc3986_6_2_2_2(void **state)
{
    (void)state;
    path_is("/%41%7a%30%2d%2E%5F%7e", "/Az0-._~");
    path_is("/%61dmin", "/admin");
    path_is("/a%2Eb", "/a.b");
}

static void test_other_escapes_get_upper_case_digits_rfc3986_6_2_2_1(void **state)
{
    (void)state;
    path_is("/%2f%3a%c3%a9", "/%2F%3A%C3%A9");
    path_is("/%20%25%00%ff", "/%20%25%00%FF");
    path_is("/%2F", "/%2F");
}

static void test_an_escape_is_decoded_once_only_rfc3986_2_4(void **state)
{
    (void)state;
    path_is("/%252e%252e/a", "/%252e%252e/a");
    path_is("/%2541", "/%2541");
}

static void test_an_encoded_slash_stays_apart_rfc3986_2_2(void **state)
{
    (void)state;
    path_is("/a%2Fb", "/a%2Fb");
    path_is("/a%2fb/c", "/a%2Fb/c");
    path_is("/a%5cb", "/a%5Cb");
    path_is("/a%3Fb%23c", "/a%3Fb%23c");
}

static void test_malformed_escapes_rfc3986_2_1(void **state)
{
    (void)state;
    target_bad(TARGET_ESCAPE, "/%");
    target_bad(TARGET_ESCAPE, "/%4");
    target_bad(TARGET_ESCAPE, "/%zz");
    target_bad(TARGET_ESCAPE, "/%4g/a");
    target_bad(TARGET_ESCAPE, "/%%41");
    target_bad(TARGET_ESCAPE, "/%u0041");
    target_bad(TARGET_ESCAPE, "/?%");
    target_bad(TARGET_ESCAPE, "/?a=%4");
    target_bad(TARGET_ESCAPE, "/?%-1");
}

static void test_dot_segments_are_removed_rfc3986_5_2_4(void **state)
{
    (void)state;
    path_is("/a/./b", "/a/b");
    path_is("/a/../b", "/b");
    path_is("/a/b/c/./../../g", "/a/g");
    path_is("/./a", "/a");
    path_is("/a/.", "/a/");
    path_is("/a/..", "/");
    path_is("/a/b/..", "/a/");
    path_is("/a/b/../", "/a/");
    path_is("/.", "/");
    path_is("/./", "/");
    path_is("/./././", "/");
}

static void test_encoded_dot_segments_are_removed_too_rfc3986_6_2_2_3(void **state)
{
    (void)state;
    path_is("/a/%2e/b", "/a/b");
    path_is("/a/%2E%2e/b", "/b");
    path_is("/a/.%2e/b", "/b");
    path_is("/a/%2e./b", "/b");
    path_is("/public/%2e%2e/admin", "/admin");
}

static void test_segments_that_only_begin_with_dots_stay(void **state)
{
    (void)state;
    path_is("/.a", "/.a");
    path_is("/..a", "/..a");
    path_is("/...", "/...");
    path_is("/a./b", "/a./b");
    path_is("/a../b", "/a../b");
    path_is("/.well-known/x", "/.well-known/x");
    path_is("/..../a", "/..../a");
}

static void test_empty_segments_stay(void **state)
{
    (void)state;
    path_is("//", "//");
    path_is("//a//b//", "//a//b//");
    path_is("/a//../b", "/a/b");
    path_is("//..", "/");
}

static void test_paths_above_the_root_are_refused_rfc3986_5_2_4(void **state)
{
    (void)state;
    target_bad(TARGET_ROOT, "/..");
    target_bad(TARGET_ROOT, "/../a");
    target_bad(TARGET_ROOT, "/a/../../b");
    target_bad(TARGET_ROOT, "/%2e%2e/a");
    target_bad(TARGET_ROOT, "/./../a");
    target_bad(TARGET_ROOT, "/a/../..");
}

static void test_dot_segments_behind_encoded_slashes_are_refused_rfc3986_7_3(void **state)
{
    (void)state;
    target_bad(TARGET_HIDDEN, "/a/..%2fb");
    target_bad(TARGET_HIDDEN, "/a%2f../b"); /* "a%2F.." is one segment to us, two to others */
    target_bad(TARGET_HIDDEN, "/a%2f..");
    target_bad(TARGET_HIDDEN, "/..%5cwindows");
    target_bad(TARGET_HIDDEN, "/a/%2e%2e%2Fb");
    target_bad(TARGET_HIDDEN, "/a/.%2Fb");
    target_bad(TARGET_HIDDEN, "/a%2F.%2Fb");
}

static void test_dot_segments_with_parameters_are_refused_rfc3986_7_3(void **state)
{
    (void)state;
    target_bad(TARGET_HIDDEN, "/a/..;/b");
    target_bad(TARGET_HIDDEN, "/a/..;x=y/b");
    target_bad(TARGET_HIDDEN, "/a/.;/b");
    target_bad(TARGET_HIDDEN, "/a/%2e%2e;/b");
    target_bad(TARGET_HIDDEN, "/a/..;");
    path_is("/a;b=../c", "/a;b=../c");
    path_is("/a;.;..", "/a;.;..");
}

static void test_fragments_are_refused_rfc9112_3_2(void **state)
{
    (void)state;
    target_bad(TARGET_FRAGMENT, "/a#b");
    target_bad(TARGET_FRAGMENT, "/#");
    target_bad(TARGET_FRAGMENT, "/a?b#c");
}

static void test_characters_outside_of_uris_are_refused_rfc3986_2(void **state)
{
    (void)state;
    target_bad(TARGET, "/a b");
    target_bad(TARGET, "/a\\b");
    target_bad(TARGET, "/<a>");
    target_bad(TARGET, "/\"a\"");
    target_bad(TARGET, "/a|b");
    target_bad(TARGET, "/a^b");
    target_bad(TARGET, "/{a}");
    target_bad(TARGET, "/[a]");
    target_bad(TARGET, "/`a`");
    target_bad(TARGET, "/\xc3\xa9");
    target_bad(TARGET, "/a\0b");
    target_bad(TARGET, "/?a b");
    target_bad(TARGET, "/?{a}");
    target_bad(TARGET, "/?a\\b");
    target_bad(TARGET, "/?\xc3\xa9");
}

static void test_asterisk_form_is_for_options_only_rfc9112_3_2_4(void **state)
{
    struct ln_target t;

    (void)state;
    assert_int_equal(ln_target_parse(&t, LN_SLICE("*"), LN_METHOD_OPTIONS, &arena), LN_REJECT_NONE);
    assert_int_equal(t.form, LN_TARGET_ASTERISK);
    assert_slice(t.path, "*");
    target_bad(TARGET_FORM, "*");
    target_bad(TARGET_FORM, "**");
    target_bad(TARGET_FORM, "*/a");
    assert_int_equal(parse("*?a", 3, LN_METHOD_OPTIONS, NULL, NULL), LN_REJECT_TARGET_FORM);
}

static void test_absolute_form_rfc9112_3_2_2(void **state)
{
    struct ln_target t;

    (void)state;
    assert_int_equal(
        ln_target_parse(&t, LN_SLICE("hTTp://Example.com:8080/a/../b?c"), LN_METHOD_GET, &arena),
        LN_REJECT_NONE);
    assert_int_equal(t.form, LN_TARGET_ABSOLUTE);
    assert_slice(t.authority, "Example.com:8080");
    assert_slice(t.path, "/b");
    assert_slice(t.query, "c");
}

static void test_an_empty_path_in_absolute_form_is_the_root_rfc9110_4_2_3(void **state)
{
    (void)state;
    assert_int_equal(parse("http://a", 8, LN_METHOD_GET, "/", NULL), LN_REJECT_NONE);
    assert_int_equal(parse("http://a?b", 10, LN_METHOD_GET, "/", "b"), LN_REJECT_NONE);
    assert_int_equal(parse("http://[::1]:80", 15, LN_METHOD_GET, "/", NULL), LN_REJECT_NONE);
    target_bad(TARGET_FRAGMENT, "http://a/#");
    target_bad(TARGET_FORM, "http://a#b");
}

static void test_options_without_a_path_is_for_the_server_rfc9112_3_2_4(void **state)
{
    (void)state;
    assert_int_equal(parse("http://a:80", 11, LN_METHOD_OPTIONS, "*", NULL), LN_REJECT_NONE);
    assert_int_equal(parse("http://a/", 9, LN_METHOD_OPTIONS, "/", NULL), LN_REJECT_NONE);
    assert_int_equal(parse("http://a?b", 10, LN_METHOD_OPTIONS, "/", "b"), LN_REJECT_NONE);
}

static void test_other_schemes_are_refused_rfc9110_7_4(void **state)
{
    (void)state;
    target_bad(TARGET_SCHEME, "https://a/");
    target_bad(TARGET_SCHEME, "ftp://a/");
    target_bad(TARGET_SCHEME, "ws://a/");
    target_bad(TARGET_FORM, "http:/a");
    target_bad(TARGET_FORM, "http:a");
    target_bad(TARGET_FORM, "mailto:a");
}

static void test_user_information_is_refused_rfc9110_4_2_4(void **state)
{
    (void)state;
    target_bad(TARGET_USERINFO, "http://u@a/");
    target_bad(TARGET_USERINFO, "http://u:p@a/");
    target_bad(TARGET_USERINFO, "http://@a/");
    assert_int_equal(parse("http://a/@b", 11, LN_METHOD_GET, "/@b", NULL), LN_REJECT_NONE);
}

static void test_bad_authorities_are_refused_rfc9110_4_2_1(void **state)
{
    (void)state;
    target_bad(TARGET_AUTHORITY, "http://");
    target_bad(TARGET_AUTHORITY, "http:///a");
    target_bad(TARGET_AUTHORITY, "http://:80/");
    target_bad(TARGET_AUTHORITY, "http://a:b/");
    target_bad(TARGET_AUTHORITY, "http://[::1/");
    target_bad(TARGET_AUTHORITY, "http://a b/");
}

static void test_other_forms_are_refused_rfc9112_3_2(void **state)
{
    (void)state;
    target_bad(TARGET_FORM, "");
    target_bad(TARGET_FORM, "a");
    target_bad(TARGET_FORM, "a/b");
    target_bad(TARGET_FORM, "a:80");
    target_bad(TARGET_FORM, "?a");
    target_bad(TARGET_FORM, ".");
    target_bad(TARGET_FORM, "%2F");
}

static void test_authority_form_is_for_connect_rfc9112_3_2_3(void **state)
{
    struct ln_target t;

    (void)state;
    assert_int_equal(ln_target_parse(&t, LN_SLICE("a:443"), LN_METHOD_CONNECT, &arena),
                     LN_REJECT_NONE);
    assert_int_equal(t.form, LN_TARGET_AUTHORITY);
    assert_slice(t.authority, "a:443");
    assert_int_equal(parse("a", 1, LN_METHOD_CONNECT, NULL, NULL), LN_REJECT_TARGET_FORM);
    assert_int_equal(parse("a:", 2, LN_METHOD_CONNECT, NULL, NULL), LN_REJECT_TARGET_FORM);
    assert_int_equal(parse("/a", 2, LN_METHOD_CONNECT, NULL, NULL), LN_REJECT_TARGET_FORM);
}

static void test_a_path_alone_is_normalised(void **state)
{
    struct ln_slice path;

    (void)state;
    assert_true(ln_target_normalise(LN_SLICE("/a/../%62"), &arena, &path));
    assert_slice(path, "/b");
    assert_true(ln_target_normalise(LN_SLICE("/"), &arena, &path));
    assert_false(ln_target_normalise(LN_SLICE(""), &arena, &path));
    assert_false(ln_target_normalise(LN_SLICE("a"), &arena, &path));
    assert_false(ln_target_normalise(LN_SLICE("/a?b"), &arena, &path));
    assert_false(ln_target_normalise(LN_SLICE("/.."), &arena, &path));
    assert_false(ln_target_normalise(LN_SLICE("/a\r\nb"), &arena, &path));
    assert_slice(path, "/"); /* untouched by the failures */
}

#define test(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_the_parts_of_a_target),
        test(test_a_normal_target_is_not_copied),
        test(test_every_character_of_a_path_rfc3986_3_3),
        test(test_every_character_of_a_query_rfc3986_3_4),
        test(test_unreserved_characters_are_decoded_rfc3986_6_2_2_2),
        test(test_other_escapes_get_upper_case_digits_rfc3986_6_2_2_1),
        test(test_an_escape_is_decoded_once_only_rfc3986_2_4),
        test(test_an_encoded_slash_stays_apart_rfc3986_2_2),
        test(test_malformed_escapes_rfc3986_2_1),
        test(test_dot_segments_are_removed_rfc3986_5_2_4),
        test(test_encoded_dot_segments_are_removed_too_rfc3986_6_2_2_3),
        test(test_segments_that_only_begin_with_dots_stay),
        test(test_empty_segments_stay),
        test(test_paths_above_the_root_are_refused_rfc3986_5_2_4),
        test(test_dot_segments_behind_encoded_slashes_are_refused_rfc3986_7_3),
        test(test_dot_segments_with_parameters_are_refused_rfc3986_7_3),
        test(test_fragments_are_refused_rfc9112_3_2),
        test(test_characters_outside_of_uris_are_refused_rfc3986_2),
        test(test_asterisk_form_is_for_options_only_rfc9112_3_2_4),
        test(test_absolute_form_rfc9112_3_2_2),
        test(test_an_empty_path_in_absolute_form_is_the_root_rfc9110_4_2_3),
        test(test_options_without_a_path_is_for_the_server_rfc9112_3_2_4),
        test(test_other_schemes_are_refused_rfc9110_7_4),
        test(test_user_information_is_refused_rfc9110_4_2_4),
        test(test_bad_authorities_are_refused_rfc9110_4_2_1),
        test(test_other_forms_are_refused_rfc9112_3_2),
        test(test_authority_form_is_for_connect_rfc9112_3_2_3),
        test(test_a_path_alone_is_normalised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
