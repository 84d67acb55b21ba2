/* SPDX-License-Identifier: Apache-2.0
 * test_date.c - IMF-fixdate, against libc's calendar.
 */
#include "unit.h"

#include <time.h>

#include "http/date.h"

static const char *format(uint64_t seconds)
{
    static char text[LN_DATE_LEN + 1];

    ln_date_format(text, seconds);
    return text;
}

static void test_known_dates_rfc9110_5_6_7(void **state)
{
    (void)state;
    assert_string_equal(format(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(format(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(format(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_string_equal(format(4107542399u), "Sun, 28 Feb 2100 23:59:59 GMT");
    assert_string_equal(format(4107542400u), "Mon, 01 Mar 2100 00:00:00 GMT");
    assert_string_equal(format(253402300799u), "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void test_every_day_for_four_centuries(void **state)
{
    char expected[64];

    (void)state;
    for (uint64_t day = 0; day < 146097; day++) {
        time_t t = (time_t)(day * 86400 + day % 86400);
        struct tm tm;

        strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &tm));
        assert_string_equal(format((uint64_t)t), expected);
    }
}

static void test_the_text_changes_with_the_second(void **state)
{
    struct ln_date d = {0};

    (void)state;
    assert_slice(ln_date_at(&d, 0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_slice(ln_date_at(&d, 999999999), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_slice(ln_date_at(&d, 1000000000), "Thu, 01 Jan 1970 00:00:01 GMT");
    assert_slice(ln_date_at(&d, 784111777500000000u), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_slice(ln_date_at(&d, 0), "Thu, 01 Jan 1970 00:00:00 GMT"); /* a clock may be set back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_dates_rfc9110_5_6_7),
        cmocka_unit_test(test_every_day_for_four_centuries),
        cmocka_unit_test(test_the_text_changes_with_the_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
