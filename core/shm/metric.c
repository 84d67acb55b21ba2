/* SPDX-License-Identifier: Apache-2.0
 * metric.c - series and their numbers.
 *
 * The hash of the label values, 64 bits with a key, is the identity of a series: who swaps it into
 * an empty cell has made the series. The label values are written after that, by whoever asks for
 * the series while they are not marked as written: all write the same bytes, so it does not matter
 * who dies on the way.
 */
#include "shm/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "shm/word.h"

struct ln_metric_head {
    _Alignas(64) uint64_t series; /* about: how many there are */
};

static bool next_part(struct ln_slice *rest, char end, struct ln_slice *part)
{
    const char *at = rest->n > 0 ? memchr(rest->p, end, rest->n) : NULL;

    if (at == NULL)
        return false;
    *part = ln_slice(rest->p, (size_t)(at - rest->p));
    *rest = ln_slice(at + 1, rest->n - part->n - 1);
    return true;
}

/* One item of a list; false at its end. */
static bool next_item(struct ln_slice *rest, struct ln_slice *item)
{
    if (rest->n == 0)
        return false;
    if (!next_part(rest, ',', item)) {
        *item = *rest;
        *rest = ln_slice(rest->p + rest->n, 0);
    }
    return true;
}

static bool to_number(struct ln_slice s, double *n)
{
    char text[40], *end;

    if (s.n == 0 || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *n = strtod(text, &end);
    return *end == '\0' && isfinite(*n);
}

static bool parse_type(struct ln_slice s, enum ln_metric_type *type)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    for (unsigned i = 0; i < 3; i++) {
        if (!ln_slice_eq(s, ln_slice_of(types[i])))
            continue;
        *type = (enum ln_metric_type)i;
        return true;
    }
    return false;
}

static bool parse_lists(struct ln_metric_about *a, struct ln_slice labels, struct ln_slice buckets)
{
    struct ln_slice item;

    for (; next_item(&labels, &item); a->labels[a->label_count++] = item)
        if (a->label_count == LN_METRIC_LABELS_MAX || item.n == 0)
            return false;
    for (; next_item(&buckets, &item); a->bucket_count++)
        if (a->bucket_count == LN_METRIC_BUCKETS_MAX ||
            !to_number(item, &a->buckets[a->bucket_count]))
            return false;
    return true;
}

bool ln_metric_parse(struct ln_metric_about *a, struct ln_slice text)
{
    struct ln_slice type, labels, buckets, series;
    uint64_t n;

    *a = (struct ln_metric_about){.series = 1};
    if (!next_part(&text, '\n', &type) || !next_part(&text, '\n', &a->name) ||
        !next_part(&text, '\n', &labels) || !next_part(&text, '\n', &buckets) ||
        !next_part(&text, '\n', &series))
        return false;
    a->help = text;
    if (!parse_type(type, &a->type) || a->name.n == 0 || !parse_lists(a, labels, buckets) ||
        !ln_slice_to_u64(series, &n) || n < 1 || n > LN_METRIC_SERIES_MAX)
        return false;
    a->series = a->label_count > 0 ? (unsigned)n : 1;
    return true;
}

/* ---- the zone ---- */

/* Cells for series: more than there may be, so that walks along them are short. */
static size_t cells(const struct ln_metric_about *a)
{
    return a->series + a->series / 2 + 1;
}

/* The last place is that of the others. */
static size_t places(const struct ln_metric_about *a)
{
    return cells(a) + 1;
}

static size_t label_bytes(const struct ln_metric_about *a)
{
    return (size_t)a->label_count * (LN_METRIC_VALUE_MAX + 1);
}

/* Of one series: of a histogram, one for each bucket, one for infinity, and the sum. */
static size_t numbers(const struct ln_metric_about *a)
{
    return a->type == LN_METRIC_HISTOGRAM ? a->bucket_count + 2u : 1;
}

static size_t round_up(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static uint64_t *hashes_of(const struct ln_metric *m)
{
    return (uint64_t *)(m->head + 1);
}

static char *marks_of(const struct ln_metric *m)
{
    return (char *)m->head + sizeof *m->head + round_up(cells(m->about) * sizeof(uint64_t));
}

static char *labels_of(const struct ln_metric *m, size_t series)
{
    return marks_of(m) + round_up(places(m->about)) + series * label_bytes(m->about);
}

static char *numbers_at(const struct ln_metric *m)
{
    return marks_of(m) + round_up(places(m->about)) +
           round_up(places(m->about) * label_bytes(m->about));
}

static uint64_t *numbers_of(const struct ln_metric *m, unsigned worker, unsigned series)
{
    size_t skip = m->about->type == LN_METRIC_GAUGE ? 0 : worker * ln_metric_each(m->about);

    return (uint64_t *)(numbers_at(m) + skip) + series * numbers(m->about);
}

size_t ln_metric_size(const struct ln_metric_about *a)
{
    size_t gauges = a->type == LN_METRIC_GAUGE ? round_up(places(a) * sizeof(uint64_t)) : 0;

    return sizeof(struct ln_metric_head) + round_up(cells(a) * sizeof(uint64_t)) +
           round_up(places(a)) + round_up(places(a) * label_bytes(a)) + gauges;
}

size_t ln_metric_each(const struct ln_metric_about *a)
{
    return a->type == LN_METRIC_GAUGE ? 0 : round_up(places(a) * numbers(a) * sizeof(uint64_t));
}

void ln_metric_open(struct ln_metric *m, const struct ln_metric_about *about, void *zone,
                    unsigned worker)
{
    *m = (struct ln_metric){about, zone, worker};
}

/* ---- series ---- */

static void write_labels(struct ln_metric *m, unsigned series, struct ln_slice values)
{
    char *mark = &marks_of(m)[series];

    ln_assert(values.n <= label_bytes(m->about));
    if (__atomic_load_n(mark, __ATOMIC_ACQUIRE) != 0)
        return;
    if (values.n > 0)
        memcpy(labels_of(m, series), values.p, values.n);
    __atomic_store_n(mark, 1, __ATOMIC_RELEASE);
}

bool ln_metric_is_other(const struct ln_metric *m, unsigned series)
{
    return series >= cells(m->about);
}

static unsigned other(struct ln_metric *m)
{
    static const char word[] = "\5other\5other\5other\5other\5other\5other\5other\5other";
    unsigned series = (unsigned)cells(m->about);

    write_labels(m, series, ln_slice(word, 6 * (size_t)m->about->label_count));
    return series;
}

unsigned ln_metric_series(struct ln_metric *m, const struct ln_hash_key *key,
                          struct ln_slice values)
{
    uint64_t hash = ln_hash(key, values.p, values.n), *hashes = hashes_of(m);
    size_t n = cells(m->about), at;

    hash += hash == 0;
    at = (size_t)(((unsigned __int128)hash * n) >> 64);
    for (size_t walked = 0; walked < n; walked++, at = at + 1 < n ? at + 1 : 0) {
        uint64_t seen = ln_word_get(&hashes[at]);

        if (seen == 0) {
            if (ln_word_get(&m->head->series) >= m->about->series)
                break;
            if (ln_word_cas(&hashes[at], 0, hash)) {
                ln_word_count(&m->head->series, 1);
                seen = hash;
            } else {
                seen = ln_word_get(&hashes[at]);
            }
        }
        if (seen != hash)
            continue;
        write_labels(m, (unsigned)at, values);
        return (unsigned)at;
    }
    return other(m);
}

bool ln_metric_is_empty(const struct ln_metric *m)
{
    for (size_t series = 0; series < places(m->about); series++)
        if (__atomic_load_n(&marks_of(m)[series], __ATOMIC_ACQUIRE) != 0)
            return false;
    return true;
}

/* ---- numbers ---- */

static double to_double(uint64_t bits)
{
    double n;

    memcpy(&n, &bits, sizeof n);
    return n;
}

static uint64_t to_bits(double n)
{
    uint64_t bits;

    memcpy(&bits, &n, sizeof bits);
    return bits;
}

static double number_get(const uint64_t *cell)
{
    return to_double(__atomic_load_n(cell, __ATOMIC_RELAXED));
}

static void number_set(uint64_t *cell, double n)
{
    __atomic_store_n(cell, to_bits(n), __ATOMIC_RELAXED);
}

void ln_metric_add(struct ln_metric *m, unsigned series, double n)
{
    uint64_t *cell = numbers_of(m, m->worker, series), old;

    if (m->about->type != LN_METRIC_GAUGE) {
        number_set(cell, number_get(cell) + n);
        return;
    }
    do {
        old = ln_word_get(cell);
    } while (!ln_word_cas(cell, old, to_bits(to_double(old) + n)));
}

void ln_metric_set(struct ln_metric *m, unsigned series, double n)
{
    number_set(numbers_of(m, m->worker, series), n);
}

void ln_metric_observe(struct ln_metric *m, unsigned series, double n)
{
    const struct ln_metric_about *a = m->about;
    uint64_t *cell = numbers_of(m, m->worker, series);
    unsigned i = 0;

    while (i < a->bucket_count && n > a->buckets[i])
        i++;
    number_set(&cell[i], number_get(&cell[i]) + 1);
    cell += a->bucket_count + 1;
    number_set(cell, number_get(cell) + n);
}

/* ---- the text format ---- */

void ln_metric_print_number(struct ln_text *out, double n)
{
    char text[40];

    if (isnan(n) || isinf(n)) {
        ln_text_puts(out, isnan(n) ? "NaN" : n > 0 ? "+Inf" : "-Inf");
        return;
    }
    snprintf(text, sizeof text, "%.15g", n);
    if (strtod(text, NULL) != n)
        snprintf(text, sizeof text, "%.17g", n);
    ln_text_puts(out, text);
}

static void print_escaped(struct ln_text *out, struct ln_slice s, bool quotes)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n')
            ln_text_puts(out, "\\n");
        else if (s.p[i] == '\\')
            ln_text_puts(out, "\\\\");
        else if (s.p[i] == '"' && quotes)
            ln_text_puts(out, "\\\"");
        else
            ln_text_add(out, &s.p[i], 1);
    }
}

void ln_metric_print_label(struct ln_text *out, struct ln_slice value)
{
    ln_text_puts(out, "\"");
    print_escaped(out, value, true);
    ln_text_puts(out, "\"");
}

void ln_metric_print_head(struct ln_text *out, struct ln_slice name, const char *type,
                          struct ln_slice help)
{
    ln_text_printf(out, "# HELP %.*s ", (int)name.n, name.p);
    print_escaped(out, help, false);
    ln_text_printf(out, "\n# TYPE %.*s %s\n", (int)name.n, name.p, type);
}

static double sum_of(const struct ln_metric *m, unsigned workers, unsigned series, size_t i)
{
    double sum = 0;

    if (m->about->type == LN_METRIC_GAUGE)
        return number_get(numbers_of(m, 0, series));
    for (unsigned w = 0; w < workers; w++)
        sum += number_get(&numbers_of(m, w, series)[i]);
    return sum;
}

/* name_suffix{a="x",b="y",le="0.5"}; `le` NULL: without. */
static void print_series(const struct ln_metric *m, unsigned series, const char *suffix,
                         const double *le, struct ln_text *out)
{
    const struct ln_metric_about *a = m->about;
    const char *at = labels_of(m, series);

    ln_text_printf(out, "%.*s%s", (int)a->name.n, a->name.p, suffix);
    for (unsigned i = 0; i < a->label_count; i++) {
        uint8_t n = (uint8_t)*at;

        ln_text_printf(out, "%s%.*s=", i > 0 ? "," : "{", (int)a->labels[i].n, a->labels[i].p);
        ln_metric_print_label(out, ln_slice(at + 1, n));
        at += 1 + n;
    }
    if (le != NULL) {
        ln_text_puts(out, a->label_count > 0 ? ",le=\"" : "{le=\"");
        ln_metric_print_number(out, *le);
        ln_text_puts(out, "\"");
    }
    ln_text_puts(out, a->label_count > 0 || le != NULL ? "} " : " ");
}

static void print_histogram(const struct ln_metric *m, unsigned workers, unsigned series,
                            struct ln_text *out)
{
    const struct ln_metric_about *a = m->about;
    double count = 0;

    for (unsigned i = 0; i <= a->bucket_count; i++) {
        double le = i < a->bucket_count ? a->buckets[i] : (double)INFINITY;

        count += sum_of(m, workers, series, i);
        print_series(m, series, "_bucket", &le, out);
        ln_metric_print_number(out, count);
        ln_text_puts(out, "\n");
    }
    print_series(m, series, "_sum", NULL, out);
    ln_metric_print_number(out, sum_of(m, workers, series, a->bucket_count + 1));
    ln_text_puts(out, "\n");
    print_series(m, series, "_count", NULL, out);
    ln_metric_print_number(out, count);
    ln_text_puts(out, "\n");
}

void ln_metric_print(const struct ln_metric *m, unsigned workers, struct ln_text *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    ln_metric_print_head(out, m->about->name, types[m->about->type], m->about->help);
    for (unsigned series = 0; series < places(m->about); series++) {
        if (__atomic_load_n(&marks_of(m)[series], __ATOMIC_ACQUIRE) == 0)
            continue;
        if (m->about->type == LN_METRIC_HISTOGRAM) {
            print_histogram(m, workers, series, out);
            continue;
        }
        print_series(m, series, "", NULL, out);
        ln_metric_print_number(out, sum_of(m, workers, series, 0));
        ln_text_puts(out, "\n");
    }
}
