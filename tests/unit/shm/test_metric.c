/* SPDX-License-Identifier: Apache-2.0
 * test_metric.c - descriptions, series, numbers of several workers, the text format.
 */
#include "zone.h"

#include <math.h>
#include <stdio.h>

#include "shm/metric.h"

enum { WORKERS = 4 };

static const struct ln_hash_key key = {1, 2};

struct fixture {
    struct ln_metric_about about;
    void *zone;
    size_t size;
    struct ln_metric m[WORKERS];
    struct ln_text text;
};

static void open_metric(struct fixture *x, const char *description)
{
    *x = (struct fixture){.zone = NULL};
    assert_true(ln_metric_parse(&x->about, ln_slice_of(description)));
    x->size = ln_metric_size(&x->about) + WORKERS * ln_metric_each(&x->about);
    x->zone = zone_new(x->size);
    for (unsigned w = 0; w < WORKERS; w++)
        ln_metric_open(&x->m[w], &x->about, x->zone, w);
    ln_text_init(&x->text);
}

static void close_metric(struct fixture *x)
{
    ln_text_fini(&x->text);
    munmap(x->zone, x->size);
}

static unsigned series(struct fixture *x, unsigned worker, const char *values)
{
    return ln_metric_series(&x->m[worker], &key, ln_slice_of(values));
}

#define assert_text(x, wanted)                                                                     \
    do {                                                                                           \
        ln_text_fini(&(x)->text);                                                                  \
        ln_text_init(&(x)->text);                                                                  \
        ln_metric_print(&(x)->m[0], WORKERS, &(x)->text);                                          \
        assert_string_equal((x)->text.p, wanted);                                                  \
    } while (0)

static void test_descriptions_are_read(void **state)
{
    struct ln_metric_about a;

    (void)state;
    assert_true(ln_metric_parse(
        &a, LN_SLICE("histogram\nsize\nkind,who\n0.5,10,1e3\n20\nhow large\nthings are")));
    assert_int_equal(a.type, LN_METRIC_HISTOGRAM);
    assert_slice(a.name, "size");
    assert_int_equal(a.label_count, 2);
    assert_slice(a.labels[1], "who");
    assert_int_equal(a.bucket_count, 3);
    assert_true(a.buckets[2] == 1000);
    assert_int_equal(a.series, 20);
    assert_slice(a.help, "how large\nthings are");
    assert_true(ln_metric_parse(&a, LN_SLICE("gauge\nx\n\n\n500\nx")));
    assert_int_equal(a.series, 1); /* without labels there is one */
}

static void test_junk_is_no_description(void **state)
{
    static const char *const junk[] = {
        "",
        "counter",
        "counter\nx\n\n\n5",
        "count\nx\n\n\n5\nx",
        "counter\n\n\n\n5\nx",
        "counter\nx\n\n\n0\nx",
        "counter\nx\n\n\n10001\nx",
        "counter\nx\n\n\nfive\nx",
        "counter\nx\na,,b\n\n5\nx",
        "counter\nx\na,b,c,d,e,f,g,h,i\n\n5\nx",
        "histogram\nx\n\n1,x\n5\nx",
        "histogram\nx\n\n1,\n5\nx\n,",
        "histogram\nx\n\ninf\n5\nx",
        "histogram\nx\n\n1111111111111111111111111111111111111111111111\n5\nx",
    };
    struct ln_metric_about a;

    (void)state;
    for (unsigned i = 0; i < sizeof junk / sizeof *junk; i++) {
        bool trailing = i == 11; /* a comma at the end adds nothing */

        assert_int_equal(ln_metric_parse(&a, ln_slice_of(junk[i])), trailing);
    }
}

static void test_workers_are_added_up(void **state)
{
    struct fixture x;

    (void)state;
    open_metric(&x, "counter\nseen_total\nroute\n\n10\nrequests seen");
    for (unsigned w = 0; w < WORKERS; w++)
        ln_metric_add(&x.m[w], series(&x, w, "\1a"), w + 0.5);
    ln_metric_add(&x.m[1], series(&x, 1, "\1a"), 10);
    assert_text(&x, "# HELP seen_total requests seen\n# TYPE seen_total counter\n"
                    "seen_total{route=\"a\"} 18\n");
    close_metric(&x);
}

static void test_a_gauge_is_one_number(void **state)
{
    struct fixture x;

    (void)state;
    open_metric(&x, "gauge\nnow\n\n\n1\nnow");
    unsigned s = series(&x, 0, "");
    ln_metric_set(&x.m[0], s, 5);
    ln_metric_set(&x.m[3], s, 7);
    ln_metric_add(&x.m[1], s, -0.25);
    assert_text(&x, "# HELP now now\n# TYPE now gauge\nnow 6.75\n");
    ln_metric_set(&x.m[2], s, -INFINITY);
    assert_text(&x, "# HELP now now\n# TYPE now gauge\nnow -Inf\n");
    ln_metric_set(&x.m[2], s, NAN);
    assert_text(&x, "# HELP now now\n# TYPE now gauge\nnow NaN\n");
    close_metric(&x);
}

static void test_buckets_are_cumulative(void **state)
{
    struct fixture x;

    (void)state;
    open_metric(&x, "histogram\nsize\nkind\n1,2.5\n10\nsizes");
    ln_metric_observe(&x.m[0], series(&x, 0, "\1a"), 1);
    ln_metric_observe(&x.m[1], series(&x, 1, "\1a"), 2);
    ln_metric_observe(&x.m[2], series(&x, 2, "\1a"), 3);
    assert_text(&x, "# HELP size sizes\n# TYPE size histogram\n"
                    "size_bucket{kind=\"a\",le=\"1\"} 1\nsize_bucket{kind=\"a\",le=\"2.5\"} 2\n"
                    "size_bucket{kind=\"a\",le=\"+Inf\"} 3\nsize_sum{kind=\"a\"} 6\n"
                    "size_count{kind=\"a\"} 3\n");
    close_metric(&x);
}

static void test_texts_are_escaped(void **state)
{
    struct fixture x;

    (void)state;
    open_metric(&x, "counter\nx_total\na\n\n5\nback\\slash\nand \"quote\"");
    ln_metric_add(&x.m[0], series(&x, 0, "\5\\ \" \n"), 1);
    assert_text(&x, "# HELP x_total back\\\\slash\\nand \"quote\"\n# TYPE x_total counter\n"
                    "x_total{a=\"\\\\ \\\" \\n\"} 1\n");
    close_metric(&x);
}

static void test_numbers_are_exact(void **state)
{
    static const double numbers[] = {0, 1, 0.1, 1e21, 9007199254740993.0, 1.0 / 3, 5e-324, -2.5};
    struct ln_text text;

    (void)state;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ln_text_init(&text);
        ln_metric_print_number(&text, numbers[i]);
        assert_true(strtod(text.p, NULL) == numbers[i]);
        ln_text_fini(&text);
    }
}

static void test_series_are_bounded(void **state)
{
    struct fixture x;
    unsigned others = 0;
    char values[16];

    (void)state;
    open_metric(&x, "counter\nx_total\na\n\n50\nx");
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(values + 1, sizeof values - 1, "%u", i);
            values[0] = (char)strlen(values + 1);
            unsigned s = series(&x, i % WORKERS, values);
            others += ln_metric_is_other(&x.m[0], s);
            ln_metric_add(&x.m[i % WORKERS], s, 1);
        }
    assert_int_equal(others, 2 * 950);
    ln_metric_print(&x.m[0], WORKERS, &x.text);
    assert_non_null(strstr(x.text.p, "\nx_total{a=\"other\"} 1900\n"));
    assert_non_null(strstr(x.text.p, "\nx_total{a=\"7\"} 2\n"));
    close_metric(&x);
}

/* ---- processes ---- */

struct crowd {
    struct fixture x;
    _Atomic uint64_t progress;
    _Atomic uint64_t added[WORKERS];
};

static void add_for_ever(void *arg, unsigned worker)
{
    struct crowd *c = arg;
    struct ln_rand r;
    char values[3] = "\1a";

    ln_rand_init(&r, atomic_load(&c->progress) + 1);
    for (;;) {
        values[1] = (char)('a' + ln_rand_below(&r, 20));
        ln_metric_add(&c->x.m[worker], series(&c->x, worker, values), 1);
        atomic_fetch_add(&c->added[worker], 1);
        atomic_fetch_add(&c->progress, 1);
    }
}

static double total(struct crowd *c)
{
    double sum = 0;

    ln_text_fini(&c->x.text);
    ln_text_init(&c->x.text);
    ln_metric_print(&c->x.m[0], WORKERS, &c->x.text);
    for (const char *at = c->x.text.p; (at = strstr(at, "\"} ")) != NULL; at += 3)
        sum += strtod(at + 3, NULL);
    return sum;
}

static void test_killed_workers_lose_nothing_and_make_nothing_twice(void **state)
{
    struct crowd *c = zone_new(sizeof *c);
    unsigned rounds = zone_rounds(100);
    double added = 0;

    (void)state;
    open_metric(&c->x, "counter\nx_total\na\n\n50\nx");
    for (unsigned w = 0; w < WORKERS; w++)
        c->x.m[w].about = &c->x.about;
    for (unsigned round = 0; round < rounds; round++)
        zone_kill(add_for_ever, c, round % WORKERS, &c->progress, 1 + round % 40);
    for (unsigned w = 0; w < WORKERS; w++)
        added += (double)atomic_load(&c->added[w]);
    assert_true(total(c) >= added && total(c) <= added + rounds);
    for (char label = 'a'; label < 'a' + 20; label++) {
        char line[] = "\nx_total{a=\"?\"} ";
        const char *at;

        line[12] = label;
        at = strstr(c->x.text.p, line);
        assert_true(at == NULL || strstr(at + 1, line) == NULL);
    }
    close_metric(&c->x);
    munmap(c, sizeof *c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions_are_read),
        cmocka_unit_test(test_junk_is_no_description),
        cmocka_unit_test(test_workers_are_added_up),
        cmocka_unit_test(test_a_gauge_is_one_number),
        cmocka_unit_test(test_buckets_are_cumulative),
        cmocka_unit_test(test_texts_are_escaped),
        cmocka_unit_test(test_numbers_are_exact),
        cmocka_unit_test(test_series_are_bounded),
        cmocka_unit_test(test_killed_workers_lose_nothing_and_make_nothing_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
