/* SPDX-License-Identifier: Apache-2.0
 * test_chars.c - the byte classes against their grammars, and the wide tests against the narrow
 * ones.
 */
#include "unit.h"

#include <ctype.h>
#include <stdlib.h>

#include "http/chars.h"

static void for_each_byte(unsigned class, bool (*wanted)(int c))
{
    for (int c = 0; c < 256; c++)
        if (ln_chars_is((char)c, class) != wanted(c))
            fail_msg("class %u is wrong about byte 0x%02x", class, c);
}

static bool is_alnum(int c)
{
    return c < 128 && isalnum(c);
}

static bool is_tchar(int c)
{
    return c > 0 && (is_alnum(c) || (c < 128 && strchr("!#$%&'*+-.^_`|~", c) != NULL));
}

static bool is_name(int c)
{
    return is_alnum(c) || c == '-';
}

static bool is_value(int c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool is_unreserved(int c)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool is_subdelim(int c)
{
    return c > 0 && c < 128 && strchr("!$&'()*+,;=", c) != NULL;
}

static bool is_path(int c)
{
    return is_unreserved(c) || is_subdelim(c) || c == ':' || c == '@' || c == '/';
}

static bool is_query(int c)
{
    return is_path(c) || c == '?' || c == '[' || c == ']';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return c < 128 && isxdigit(c);
}

static void test_classes_rfc9110_5_6_2_and_rfc3986_2(void **state)
{
    (void)state;
    for_each_byte(LN_CHARS_TOKEN, is_tchar);
    for_each_byte(LN_CHARS_NAME, is_name);
    for_each_byte(LN_CHARS_VALUE, is_value);
    for_each_byte(LN_CHARS_UNRESERVED, is_unreserved);
    for_each_byte(LN_CHARS_SUBDELIM, is_subdelim);
    for_each_byte(LN_CHARS_PATH, is_path);
    for_each_byte(LN_CHARS_QUERY, is_query);
    for_each_byte(LN_CHARS_DIGIT, is_digit);
    for_each_byte(LN_CHARS_HEX, is_hex);
}

static void test_hex_digits(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char digit[2] = {(char)c, '\0'};

        assert_int_equal(ln_chars_hex((char)c), is_hex(c) ? (int)strtol(digit, NULL, 16) : -1);
    }
}

static void test_escapes(void **state)
{
    (void)state;
    assert_int_equal(ln_chars_escaped("%00", 3), 0);
    assert_int_equal(ln_chars_escaped("%fF", 3), 255);
    assert_int_equal(ln_chars_escaped("%2fx", 4), 0x2f);
    assert_int_equal(ln_chars_escaped("%2", 2), -1);
    assert_int_equal(ln_chars_escaped("%", 1), -1);
    assert_int_equal(ln_chars_escaped("%g0", 3), -1);
    assert_int_equal(ln_chars_escaped("%0 ", 3), -1);
    assert_int_equal(ln_chars_escaped("200", 3), -1);
    assert_int_equal(ln_chars_escaped("", 0), -1);
}

static void test_span_stops_at_the_first_other_byte(void **state)
{
    (void)state;
    assert_int_equal(ln_chars_span("abc def", 7, LN_CHARS_TOKEN), 3);
    assert_int_equal(ln_chars_span("abc", 3, LN_CHARS_TOKEN), 3);
    assert_int_equal(ln_chars_span("", 0, LN_CHARS_TOKEN), 0);
    assert_true(ln_chars_are("0123", 4, LN_CHARS_DIGIT));
    assert_false(ln_chars_are("01a3", 4, LN_CHARS_DIGIT));
}

/* Every byte at every place of every length around the step sizes. */
static void test_values_rfc9110_5_5_at_every_place(void **state)
{
    (void)state;
    for (size_t n = 0; n < 36; n++) {
        char *v = malloc(n + 1);

        memset(v, 'x', n);
        assert_true(ln_chars_value_ok(v, n));
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                v[at] = (char)c;
                if (ln_chars_value_ok(v, n) != is_value(c))
                    fail_msg("0x%02x at %zu of %zu", c, at, n);
            }
            v[at] = 'x';
        }
        free(v);
    }
}

static void test_a_control_beside_a_tab_is_seen(void **state)
{
    (void)state;
    assert_true(ln_chars_value_ok("\t\t\t\t\t\t\t\t", 8));
    assert_false(ln_chars_value_ok("\t\t\t\x01\t\t\t\t", 8));
    assert_false(ln_chars_value_ok("\t\x7f\t\t\t\t\t\t", 8));
    assert_true(ln_chars_value_ok("\xff\x80\xc3\xa9\x9f\xa0 ~", 8));
}

/* What ln_chars_lines_ok() means, a byte at a time. */
static bool lines_are_ok(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n'))
            return false;
        if (p[i] == '\n' && i > 0 && p[i - 1] != '\r')
            return false;
        if (p[i] != '\r' && p[i] != '\n' && !is_value((unsigned char)p[i]))
            return false;
    }
    return true;
}

static void test_lines_at_every_place(void **state)
{
    static const char text[] = "one two\r\nthree\r\n\r\nfour five six seven\r\n\teight\r\n";

    (void)state;
    for (size_t n = 1; n < sizeof text; n++) {
        char *v = malloc(n);

        memcpy(v, text, n);
        assert_int_equal(ln_chars_lines_ok(v, n), lines_are_ok(v, n));
        for (size_t at = 1; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                v[at] = (char)c;
                if (ln_chars_lines_ok(v, n) != lines_are_ok(v, n))
                    fail_msg("0x%02x at %zu of %zu", c, at, n);
            }
            v[at] = text[at];
        }
        free(v);
    }
}

static void test_the_end_is_found_at_every_place(void **state)
{
    (void)state;
    for (size_t n = 0; n < 60; n++) {
        char *v = malloc(n + 1);

        memset(v, '\n', n);
        assert_int_equal(ln_chars_find_end(v, n), n);
        for (size_t at = 0; at + 3 <= n; at++) {
            v[at + 1] = '\r';
            assert_int_equal(ln_chars_find_end(v, n), at);
            v[at + 2] = '\r';
            assert_int_equal(ln_chars_find_end(v, n), n);
            v[at + 1] = v[at + 2] = '\n';
        }
        free(v);
    }
}

static void test_of_two_ends_the_first_is_found(void **state)
{
    static const char two[] = "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";

    (void)state;
    assert_int_equal(ln_chars_find_end(two, sizeof two - 1), 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_rfc9110_5_6_2_and_rfc3986_2),
        cmocka_unit_test(test_hex_digits),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_span_stops_at_the_first_other_byte),
        cmocka_unit_test(test_values_rfc9110_5_5_at_every_place),
        cmocka_unit_test(test_a_control_beside_a_tab_is_seen),
        cmocka_unit_test(test_lines_at_every_place),
        cmocka_unit_test(test_the_end_is_found_at_every_place),
        cmocka_unit_test(test_of_two_ends_the_first_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
