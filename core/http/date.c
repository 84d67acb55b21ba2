/* SPDX-License-Identifier: Apache-2.0
 * date.c - dates without libc's time zones and locales.
 */
#include "http/date.h"

#include "base/assert.h"

static void put2(char *at, unsigned v)
{
    at[0] = (char)('0' + v / 10);
    at[1] = (char)('0' + v % 10);
}

/* The civil date of a day, by eras of 400 years of 146,097 days that begin on 1 March: the leap day
 * comes last, so that the months before it have fixed places. */
static void civil(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    uint64_t z = days + 719468, era = z / 146097; /* days from 0000-03-01 to 1970-01-01 */
    unsigned of_era = (unsigned)(z - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * of_year + 2) / 153; /* months since March */

    *day = of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = (unsigned)(era * 400) + year_of_era + (*month <= 2);
}

void ln_date_format(char out[LN_DATE_LEN], uint64_t seconds)
{
    static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t days = seconds / 86400;
    unsigned rest = (unsigned)(seconds % 86400), year, month, day;

    civil(days, &year, &month, &day);
    ln_assert(year <= 9999);
    memcpy(out, "Www, 00 Mmm 0000 00:00:00 GMT", LN_DATE_LEN);
    memcpy(out, weekdays + days % 7 * 3, 3);
    put2(out + 5, day);
    memcpy(out + 8, months + (month - 1) * 3, 3);
    put2(out + 12, year / 100);
    put2(out + 14, year % 100);
    put2(out + 17, rest / 3600);
    put2(out + 20, rest / 60 % 60);
    put2(out + 23, rest % 60);
}

struct ln_slice ln_date_at(struct ln_date *d, ln_nsec wall)
{
    uint64_t second = wall / 1000000000u;

    if (d->second != second || d->text[0] == '\0') {
        ln_date_format(d->text, second);
        d->second = second;
    }
    return ln_slice(d->text, LN_DATE_LEN);
}
