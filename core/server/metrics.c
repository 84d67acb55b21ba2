/* SPDX-License-Identifier: Apache-2.0
 * metrics.c - the core's own numbers by rows, then those of plugins.
 */
#include "server/metrics.h"

#include <string.h>

#include "base/assert.h"
#include "server/service_metrics.h"
#include "shm/counters.h"
#include "shm/dict.h"
#include "shm/metric.h"

static void begin(struct ln_text *out, const char *name, const char *type, const char *help)
{
    ln_metric_print_head(out, ln_slice_of(name), type, ln_slice_of(help));
}

/* One sample without labels. */
static void print_one(struct ln_text *out, const char *name, const char *type, const char *help,
                      double n)
{
    begin(out, name, type, help);
    ln_text_printf(out, "%s ", name);
    ln_metric_print_number(out, n);
    ln_text_puts(out, "\n");
}

/* ---- slots ---- */

static double sum(const struct ln_crew *crew, enum ln_stat stat)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < crew->size; i++)
        n += ln_slot_get(&ln_shm_slot(crew->env.shm, i)->counters[stat]);
    return (double)n;
}

static const char answers[] = "ANSWERS_";

static bool is_answers(const struct ln_stat_row *row)
{
    return strncmp(row->name, answers, sizeof answers - 1) == 0;
}

/* ANSWERS_2XX and its like are one metric. */
static void print_answers(const struct ln_crew *crew, struct ln_text *out)
{
    begin(out, "lunette_answers_total", "counter", "final answers by the class of their status");
    for (unsigned i = 0; i < LN_STAT_COUNT; i++)
        if (is_answers(&ln_stat_rows[i])) {
            ln_text_printf(out, "lunette_answers_total{class=\"%cxx\"} ",
                           ln_stat_rows[i].name[sizeof answers - 1]);
            ln_metric_print_number(out, sum(crew, (enum ln_stat)i));
            ln_text_puts(out, "\n");
        }
}

static void print_rows(const struct ln_crew *crew, struct ln_text *out)
{
    for (unsigned i = 0; i < LN_STAT_COUNT; i++) {
        const struct ln_stat_row *row = &ln_stat_rows[i];
        char name[80] = "lunette_";
        size_t n = strlen(name);

        if (is_answers(row))
            continue;
        for (const char *p = row->name; *p != '\0' && n < sizeof name - 7; p++)
            name[n++] = ln_lower(*p);
        if (row->kind == LN_STAT_TOTAL)
            memcpy(name + n, "_total", 7);
        print_one(out, name, row->kind == LN_STAT_TOTAL ? "counter" : "gauge", row->text,
                  sum(crew, (enum ln_stat)i));
    }
}

/* ---- the gateway ---- */

static void print_workers(const struct ln_crew *crew, struct ln_text *out)
{
    static const char *const names[LN_SLOT_STATES] = {"absent", "starting", "serving", "draining"};
    unsigned in[LN_SLOT_STATES] = {0};
    uint64_t starts = 0;

    for (unsigned i = 0; i < crew->size; i++) {
        const struct ln_shm_slot *slot = ln_shm_slot(crew->env.shm, i);
        uint32_t state = atomic_load(&slot->state);

        in[state < LN_SLOT_STATES ? state : LN_SLOT_EMPTY]++;
        starts += ln_slot_get(&slot->starts);
    }
    begin(out, "lunette_workers", "gauge", "workers by what they do now");
    for (unsigned i = 0; i < LN_SLOT_STATES; i++)
        ln_text_printf(out, "lunette_workers{state=\"%s\"} %u\n", names[i], in[i]);
    print_one(out, "lunette_worker_starts_total", "counter", "workers started", (double)starts);
}

static void print_gateway(const struct ln_status *s, struct ln_text *out)
{
    const struct ln_crew *crew = s->crew;

    begin(out, "lunette_build_info", "gauge", "1, with the version as a label");
    ln_text_puts(out, "lunette_build_info{version=\"" LN_VERSION "\"} 1\n");
    print_one(out, "lunette_uptime_seconds", "gauge", "seconds since the gateway was started",
              (double)((ln_clock_mono() - s->started) / LN_NSEC_PER_MSEC) / 1000);
    print_one(out, "lunette_generation", "gauge", "number of the configuration in use",
              (double)crew->env.number);
    print_one(out, "lunette_reloads_total", "counter", "configurations taken over since the start",
              (double)s->reloads);
    print_one(out, "lunette_reloads_failed_total", "counter",
              "configurations that were refused since the start", (double)s->failed_reloads);
    print_workers(crew, out);
    print_one(out, "lunette_shared_memory_used_bytes", "gauge",
              "bytes of shared memory handed out to zones", (double)ln_shm_used(crew->env.shm));
    print_one(out, "lunette_shared_memory_size_bytes", "gauge",
              "bytes of shared memory that can be handed out", (double)ln_shm_size(crew->env.shm));
}

/* ---- zones ---- */

static bool count_zone(const struct ln_shm *shm, const struct ln_demand_item *item,
                       struct ln_table_counts *counts)
{
    size_t size = item->size;
    void *zone = ln_shm_find(shm, item->kind, item->name, &size);
    struct ln_counters counters;
    struct ln_dict dict;

    if (zone == NULL)
        return false;
    if (item->kind == LN_ZONE_COUNTER) {
        ln_counters_init(&counters, zone, size);
        ln_table_count(&counters.t, counts);
    } else {
        ln_dict_init(&dict, zone, size, true);
        ln_table_count(&dict.t, counts);
        ln_dict_fini(&dict);
    }
    return true;
}

/* One row per number that a zone has. */
static const struct {
    const char *name, *type, *help;
    size_t at;
} zone_rows[] = {
    {"lunette_store_evicted_total", "counter",
     "entries of the store that had to make room for newer ones before their time",
     offsetof(struct ln_table_counts, evicted)},
    {"lunette_store_refused_total", "counter",
     "entries that were refused because their zone of the store was full",
     offsetof(struct ln_table_counts, full)},
    {"lunette_store_blocks", "gauge", "blocks of memory that a zone of the store has",
     offsetof(struct ln_table_counts, blocks)},
    {"lunette_store_blocks_used", "gauge", "blocks of memory in use in a zone of the store, about",
     offsetof(struct ln_table_counts, used)},
};

static void print_zones(const struct ln_shm *shm, const struct ln_demand *demand,
                        struct ln_text *out)
{
    for (unsigned row = 0; row < LN_ARRAY_LEN(zone_rows); row++) {
        begin(out, zone_rows[row].name, zone_rows[row].type, zone_rows[row].help);
        for (unsigned i = 0; i < demand->count; i++) {
            const struct ln_demand_item *item = &demand->items[i];
            bool counts_keys = item->kind == LN_ZONE_COUNTER;
            struct ln_table_counts counts;
            uint64_t n;

            if ((!counts_keys && item->kind != LN_ZONE_DICT) || !count_zone(shm, item, &counts))
                continue;
            memcpy(&n, (const char *)&counts + zone_rows[row].at, sizeof n);
            ln_text_printf(out, "%s{kind=\"%s\",zone=", zone_rows[row].name,
                           counts_keys ? "counters" : "dict");
            ln_metric_print_label(out, item->name);
            ln_text_puts(out, "} ");
            ln_metric_print_number(out, (double)n);
            ln_text_puts(out, "\n");
        }
    }
}

static void print_plugins(const struct ln_shm *shm, const struct ln_demand *demand,
                          struct ln_text *out)
{
    for (unsigned i = 0; i < demand->count; i++) {
        const struct ln_demand_item *item = &demand->items[i];
        size_t size = item->size + item->each * ln_shm_workers(shm);
        struct ln_metric_about about;
        struct ln_metric m;
        void *zone;

        if (item->kind != LN_ZONE_METRIC || !ln_metric_parse(&about, item->name))
            continue;
        zone = ln_shm_find(shm, item->kind, item->name, &size);
        if (zone == NULL)
            continue;
        ln_metric_open(&m, &about, zone, 0);
        ln_metric_print(&m, ln_shm_workers(shm), out);
    }
}

void ln_metrics_print(const struct ln_status *s, const struct ln_demand *demand,
                      struct ln_text *out)
{
    print_gateway(s, out);
    print_answers(s->crew, out);
    print_rows(s->crew, out);
    ln_service_metrics_print(s->crew->env.shm, demand, ln_clock_mono() / LN_NSEC_PER_MSEC, out);
    print_zones(s->crew->env.shm, demand, out);
    print_plugins(s->crew->env.shm, demand, out);
}
