/* SPDX-License-Identifier: Apache-2.0
 * metric.h - one metric of plugins in shared memory: series by label values, and their numbers.
 *
 *   head | hashes | marks | label values | numbers of gauges | per worker: numbers of the others
 *
 * Series are entered by one swap and never removed; at most as many as the metric allows, and what
 * comes after that is counted in one further series whose labels all say "other". Counters and
 * histograms have numbers of their own for each worker, with one writer each: adding is a load and
 * a store, readers add the workers up, and what a dead worker has counted stays. A gauge has one
 * number for all, since setting it is final.
 *
 * Owner: the zone is memory of the region (zero = empty), and its name says what it is
 * (ln_metric_parse). Threads: one writer per worker slot; readers anywhere.
 */
#ifndef LN_SHM_METRIC_H
#define LN_SHM_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "base/text.h"

enum {
    LN_METRIC_LABELS_MAX = 8,
    LN_METRIC_VALUE_MAX = 127, /* bytes of a label's value */
    LN_METRIC_BUCKETS_MAX = 64,
    LN_METRIC_SERIES_MAX = 10000,
};

enum ln_metric_type { LN_METRIC_COUNTER, LN_METRIC_GAUGE, LN_METRIC_HISTOGRAM };

struct ln_metric_about {
    enum ln_metric_type type;
    struct ln_slice name, help;
    struct ln_slice labels[LN_METRIC_LABELS_MAX];
    double buckets[LN_METRIC_BUCKETS_MAX]; /* upper bounds, rising; infinity is not among them */
    unsigned label_count, bucket_count, series;
};

/* The name of a zone: type, name, labels, buckets, most series, help, in lines; lists are
 * separated by commas; the help may have lines of its own. False: it is none. The slices point into
 * `text`. */
bool ln_metric_parse(struct ln_metric_about *about, struct ln_slice text);

/* Bytes of its zone, and the further ones for each worker. */
size_t ln_metric_size(const struct ln_metric_about *about);
size_t ln_metric_each(const struct ln_metric_about *about);

struct ln_metric {
    const struct ln_metric_about *about; /* borrowed */
    struct ln_metric_head *head;         /* private from here on */
    unsigned worker;
};

void ln_metric_open(struct ln_metric *m, const struct ln_metric_about *about, void *zone,
                    unsigned worker);

/* The series with these label values, each as a byte with its length and then its bytes; made if
 * need be. `key` is the region's. The result is good for life. */
unsigned ln_metric_series(struct ln_metric *m, const struct ln_hash_key *key,
                          struct ln_slice values);

/* Is it the one of all those for which there was no room? */
bool ln_metric_is_other(const struct ln_metric *m, unsigned series);

/* Counters and gauges. */
void ln_metric_add(struct ln_metric *m, unsigned series, double n);
/* Gauges. */
void ln_metric_set(struct ln_metric *m, unsigned series, double n);
/* Histograms. */
void ln_metric_observe(struct ln_metric *m, unsigned series, double n);

/* Has it no series yet? */
bool ln_metric_is_empty(const struct ln_metric *m);

/* In the text format of Prometheus, version 0.0.4, summed over so many workers. */
void ln_metric_print(const struct ln_metric *m, unsigned workers, struct ln_text *out);

/* Parts of that format, for those who have numbers from elsewhere. A label's value; a number; the
 * two lines that begin a metric. */
void ln_metric_print_label(struct ln_text *out, struct ln_slice value);
void ln_metric_print_number(struct ln_text *out, double n);
void ln_metric_print_head(struct ln_text *out, struct ln_slice name, const char *type,
                          struct ln_slice help);

#endif
