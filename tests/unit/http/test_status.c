/* SPDX-License-Identifier: Apache-2.0
 * test_status.c - reason phrases and status lines.
 */
#include "unit.h"

#include "http/status.h"

static void test_registered_phrases(void **state)
{
    (void)state;
    assert_string_equal(ln_status_reason(200), "OK");
    assert_string_equal(ln_status_reason(100), "Continue");
    assert_string_equal(ln_status_reason(413), "Content Too Large");
    assert_string_equal(ln_status_reason(511), "Network Authentication Required");
}

static void test_other_codes_have_none(void **state)
{
    static const int codes[] = {-1, 0, 99, 306, 299, 499, 599, 600, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_string_equal(ln_status_reason(codes[i]), "");
        assert_null(ln_status_line(codes[i]).p);
    }
}

static void test_lines_rfc9112_4(void **state)
{
    (void)state;
    assert_slice(ln_status_line(404), "HTTP/1.1 404 Not Found\r\n");
    assert_slice(ln_status_line(101), "HTTP/1.1 101 Switching Protocols\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registered_phrases),
        cmocka_unit_test(test_other_codes_have_none),
        cmocka_unit_test(test_lines_rfc9112_4),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
