/* SPDX-License-Identifier: Apache-2.0
 * value.c - reads durations, sizes, shares and names.
 */
#include "conf/value.h"

#include <inttypes.h>

#include "base/assert.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    c = ln_lower(c);
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

static const struct unit *find_unit(struct ln_slice word, const struct unit *units)
{
    for (; units->name != NULL; units++)
        if (ln_slice_caseeq(word, ln_slice_of(units->name)))
            return units;
    return NULL;
}

static size_t leading_digits(struct ln_slice text)
{
    size_t n = 0;

    while (n < text.n && is_digit(text.p[n]))
        n++;
    return n;
}

/* 12 digits of a whole and 6 of a part keep all products below 2^64. */
static bool take_decimal(struct ln_slice *text, uint64_t *whole, uint64_t *millionths)
{
    size_t n = leading_digits(*text);

    if (n > 12 || !ln_slice_to_u64(ln_slice(text->p, n), whole))
        return false;
    *text = ln_slice(text->p + n, text->n - n);
    *millionths = 0;
    if (text->n == 0 || text->p[0] != '.')
        return true;
    *text = ln_slice(text->p + 1, text->n - 1);
    n = leading_digits(*text);
    if (n == 0 || n > 6)
        return false;
    for (size_t i = 0; i < 6; i++)
        *millionths = *millionths * 10 + (i < n ? (uint64_t)(text->p[i] - '0') : 0);
    *text = ln_slice(text->p + n, text->n - n);
    return true;
}

bool ln_value_duration(struct ln_slice text, ln_msec *value)
{
    static const struct unit units[] = {{"", 1000},     {"ms", 1},       {"s", 1000}, {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    uint64_t whole, part;

    if (!take_decimal(&text, &whole, &part))
        return false;

    const struct unit *unit = find_unit(text, units);

    if (unit == NULL || whole > UINT64_MAX / unit->factor / 2)
        return false;
    *value = whole * unit->factor + (part * unit->factor + 999999) / 1000000;
    return true;
}

bool ln_value_size(struct ln_slice text, uint64_t *value)
{
    static const struct unit units[] = {
        {"", 1}, {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {NULL, 0}};
    size_t n = leading_digits(text);
    uint64_t count;

    if (n > 18 || !ln_slice_to_u64(ln_slice(text.p, n), &count))
        return false;

    const struct unit *unit = find_unit(ln_slice(text.p + n, text.n - n), units);

    if (unit == NULL || count > UINT64_MAX / unit->factor)
        return false;
    *value = count * unit->factor;
    return true;
}

bool ln_value_share(struct ln_slice text, double *value)
{
    uint64_t whole, part;

    if (!take_decimal(&text, &whole, &part))
        return false;

    double number = (double)whole + (double)part / 1e6;

    if (ln_slice_eq(text, LN_SLICE("%")))
        number /= 100;
    else if (text.n > 0)
        return false;
    if (number > 1)
        return false;
    *value = number;
    return true;
}

bool ln_value_switch(struct ln_slice text, bool *value)
{
    bool yes = ln_slice_eq(text, LN_SLICE("on")) || ln_slice_eq(text, LN_SLICE("true"));
    bool no = ln_slice_eq(text, LN_SLICE("off")) || ln_slice_eq(text, LN_SLICE("false"));

    if (yes || no)
        *value = yes;
    return yes || no;
}

bool ln_value_rate(struct ln_slice text, uint64_t *count, ln_msec *per)
{
    const char *slash = memchr(text.p, '/', text.n);
    char unit[16] = "1";
    uint64_t n;
    ln_msec time;

    if (slash == NULL || !ln_slice_to_u64(ln_slice(text.p, (size_t)(slash - text.p)), &n))
        return false;
    struct ln_slice rest = ln_slice(slash + 1, text.n - (size_t)(slash - text.p) - 1);

    if (rest.n == 0 || rest.n > 14)
        return false;
    memcpy(unit + 1, rest.p, rest.n);
    if (rest.p[0] < '0' || rest.p[0] > '9') /* "/s" is "/1s" */
        rest = ln_slice(unit, rest.n + 1);
    else if (rest.p[rest.n - 1] >= '0' && rest.p[rest.n - 1] <= '9')
        return false; /* a unit has to be there */
    if (!ln_value_duration(rest, &time) || time == 0 || time > 366 * (ln_msec)86400000 || n == 0 ||
        n > 1000000000)
        return false;
    *count = n;
    *per = time;
    return true;
}

bool ln_value_is_name(struct ln_slice text)
{
    if (text.n == 0 || text.n > 64 || !is_alnum(text.p[0]))
        return false;
    for (size_t i = 1; i < text.n; i++)
        if (!is_alnum(text.p[i]) && memchr("-_.", text.p[i], 3) == NULL)
            return false;
    return true;
}

bool ln_value_is_token(struct ln_slice text)
{
    static const char extra[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.n; i++)
        if (!is_alnum(text.p[i]) && memchr(extra, text.p[i], sizeof extra - 1) == NULL)
            return false;
    return text.n > 0 && text.n <= 128;
}

static bool is_segment(struct ln_slice s)
{
    static const char extra[] = "-._~!$&'()+,;=:@"; /* pchar without "*" and "%" */

    if (s.n == 0 || s.p[0] == ':' || ln_slice_eq(s, LN_SLICE(".")) ||
        ln_slice_eq(s, LN_SLICE("..")))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && memchr(extra, s.p[i], sizeof extra - 1) == NULL)
            return false;
    return true;
}

bool ln_value_is_path(struct ln_slice text)
{
    if (text.n == 0 || text.p[0] != '/')
        return false;
    for (size_t at = 1; at < text.n;) {
        const char *slash = memchr(text.p + at, '/', text.n - at);
        size_t end = slash != NULL ? (size_t)(slash - text.p) : text.n;

        if (!is_segment(ln_slice(text.p + at, end - at)))
            return false;
        at = end + 1;
    }
    return true;
}

void ln_value_print_duration(ln_msec value, struct ln_text *out)
{
    static const struct unit units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

    for (size_t i = 0; i < LN_ARRAY_LEN(units); i++) {
        if (value == 0 || value % units[i].factor != 0)
            continue;
        ln_text_printf(out, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
        return;
    }
    ln_text_printf(out, value == 0 ? "0" : "%" PRIu64 "ms", value);
}

void ln_value_print_size(uint64_t value, struct ln_text *out)
{
    static const struct unit units[] = {{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}};

    for (size_t i = 0; i < LN_ARRAY_LEN(units); i++) {
        if (value == 0 || value % units[i].factor != 0)
            continue;
        ln_text_printf(out, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
        return;
    }
    ln_text_printf(out, "%" PRIu64, value);
}
