/* SPDX-License-Identifier: Apache-2.0
 * service_metrics.c - reads every record once, then prints metric by metric, as the format wants
 * it.
 */
#include "server/service_metrics.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "server/roster.h"
#include "shm/metric.h"

/* What has been counted of an instance, over all workers; of the line "other", of many. */
struct sums {
    uint64_t ended[LN_OUTCOME_COUNT], bad_statuses;
    uint64_t changes[LN_CHANGES], good, bad;
    uint32_t active;
};

struct line {
    struct ln_slice service, url;
    bool is_other; /* nothing is known of it but the sums */
    struct ln_seen seen;
    struct sums sums;
};

struct service {
    struct ln_slice name;
    uint64_t retries, retries_refused, turned_away, waited_out, waiting, active, panic;
    unsigned in[LN_SEEN_STATES]; /* instances */
};

/* Of a service that has a limit of requests at once. */
struct load {
    struct ln_slice name;
    struct ln_concurrency_seen seen;
};

struct lists {
    struct line *lines; /* with room for the other */
    struct service *services;
    struct load *loads;
    unsigned count, service_count, load_count;
    unsigned omitted; /* instances */
    struct ln_arena texts;
};

/* ---- reading ---- */

static void read_service(struct ln_cursor_record *r, unsigned workers, struct service *s)
{
    for (unsigned w = 0; w < workers; w++) {
        const struct ln_service_counts *c = ln_service_counts(r, workers, w);

        s->retries += atomic_load(&c->retries);
        s->retries_refused += atomic_load(&c->retries_refused);
        s->turned_away += atomic_load(&c->turned_away);
        s->waited_out += atomic_load(&c->waited_out);
        s->waiting += atomic_load(&c->waiting);
    }
    s->active = ln_record_sum(r->active, workers);
    s->panic = atomic_load(&r->panic);
}

static void read_services(struct lists *l, const struct ln_shm *shm, const struct ln_demand *demand)
{
    struct ln_cursor_record *r;
    struct ln_slice name;
    unsigned at = 0;

    while (l->service_count < LN_METRICS_INSTANCES &&
           (r = ln_roster_next_service(shm, demand, &at, &name)) != NULL) {
        struct service *s = &l->services[l->service_count++];

        *s = (struct service){.name = name};
        read_service(r, ln_shm_workers(shm), s);
    }
}

static void read_loads(struct lists *l, const struct ln_shm *shm, const struct ln_demand *demand)
{
    unsigned at = 0;

    while (l->load_count < LN_METRICS_INSTANCES &&
           ln_roster_next_load(shm, demand, &at, &l->loads[l->load_count].name,
                               &l->loads[l->load_count].seen))
        l->load_count++;
}

static void add_up(struct ln_instance_record *r, unsigned workers, struct sums *s)
{
    for (unsigned w = 0; w < workers; w++) {
        const struct ln_instance_counts *c = ln_instance_counts(r, workers, w);

        for (unsigned i = 0; i < LN_OUTCOME_COUNT; i++)
            s->ended[i] += atomic_load(&c->ended[i]);
        s->bad_statuses += atomic_load(&c->bad_statuses);
    }
    for (unsigned i = 0; i < LN_CHANGES; i++)
        s->changes[i] += atomic_load(&r->changes[i]);
    s->good += atomic_load(&r->check.good);
    s->bad += atomic_load(&r->check.bad);
    s->active += ln_record_sum(r->active, workers);
}

/* Those of one service stand together, in the order of services. */
static void count_in(struct lists *l, unsigned *at, const struct ln_roster_row *row)
{
    for (unsigned i = 0; i < l->service_count; i++, *at = (*at + 1) % l->service_count)
        if (ln_slice_eq(l->services[*at].name, row->service)) {
            l->services[*at].in[row->seen.state]++;
            return;
        }
}

/* Two names of one service may stand for the same address, and a series is given once. */
static struct line *same_line(struct lists *l, const struct ln_roster_row *row)
{
    for (unsigned i = l->count; i-- > 0 && ln_slice_eq(l->lines[i].service, row->service);)
        if (ln_slice_eq(l->lines[i].url, row->url))
            return &l->lines[i];
    return NULL;
}

static void read_instances(struct lists *l, const struct ln_shm *shm,
                           const struct ln_demand *demand, ln_msec now)
{
    struct ln_roster roster = {.shm = shm, .demand = demand, .now = now, .texts = &l->texts};
    struct line *other = &l->lines[LN_METRICS_INSTANCES];
    struct ln_roster_row row;
    bool discovers = false;
    unsigned at = 0;

    *other =
        (struct line){.service = LN_SLICE("other"), .url = LN_SLICE("other"), .is_other = true};
    while (ln_roster_next(&roster, &row)) {
        discovers = discovers || row.discovered;

        struct line *line = discovers ? same_line(l, &row) : NULL;
        bool is_known = line != NULL, fits = !is_known && l->count < LN_METRICS_INSTANCES;

        if (!is_known)
            line = fits ? &l->lines[l->count++] : other;
        if (fits)
            *line = (struct line){.service = row.service, .url = row.url, .seen = row.seen};
        else if (!is_known)
            l->omitted++;
        add_up(row.record, ln_shm_workers(shm), &line->sums);
        count_in(l, &at, &row);
    }
    if (l->omitted > 0)
        l->lines[l->count++] = *other;
}

/* ---- samples ---- */

struct metric {
    const char *name, *type, *help;
    /* The samples of one line, or of one service. */
    void (*print)(const struct metric *m, const void *of, struct ln_text *out);
    size_t at; /* of print_number: where it stands in struct service */
};

static void end_sample(double n, struct ln_text *out)
{
    ln_text_puts(out, "} ");
    ln_metric_print_number(out, n);
    ln_text_puts(out, "\n");
}

/* Of an instance, with a further label unless that is NULL. */
static void sample(const struct metric *m, const struct line *line, const char *label,
                   const char *value, double n, struct ln_text *out)
{
    ln_text_printf(out, "%s{service=", m->name);
    ln_metric_print_label(out, line->service);
    ln_text_puts(out, ",instance=");
    ln_metric_print_label(out, line->url);
    if (label != NULL)
        ln_text_printf(out, ",%s=\"%s\"", label, value);
    end_sample(n, out);
}

static void print_state(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    for (unsigned i = 0; i < LN_SEEN_STATES && !line->is_other; i++)
        sample(m, line, "state", ln_seen_states[i], line->seen.state == (enum ln_seen_state)i, out);
}

static void print_breaker(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    for (unsigned i = 0; i < LN_BREAKER_STATES && line->seen.has_breaker; i++)
        sample(m, line, "state", ln_breaker_states[i],
               line->seen.breaker == (enum ln_breaker_state)i, out);
}

static void print_weight(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    if (!line->is_other)
        sample(m, line, NULL, NULL, line->seen.weight, out);
}

static void print_active(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    sample(m, line, NULL, NULL, line->sums.active, out);
}

static void print_latency(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    if (line->seen.latency > 0)
        sample(m, line, NULL, NULL, line->seen.latency, out);
}

/* Of how it can end only what has happened: there are many ways. */
static void print_attempts(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    for (unsigned i = 0; i < LN_OUTCOME_COUNT; i++)
        if (i == LN_OUTCOME_OK || line->sums.ended[i] > 0)
            sample(m, line, "outcome", ln_outcome_row((enum ln_outcome)i)->code,
                   (double)line->sums.ended[i], out);
}

static void print_bad_statuses(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    sample(m, line, NULL, NULL, (double)line->sums.bad_statuses, out);
}

static void print_breaker_changes(const struct metric *m, const void *of, struct ln_text *out)
{
    static const enum ln_change changes[LN_BREAKER_STATES] = {
        [LN_BREAKER_CLOSED] = LN_CHANGE_CLOSED,
        [LN_BREAKER_OPEN] = LN_CHANGE_OPEN,
        [LN_BREAKER_HALF_OPEN] = LN_CHANGE_HALF_OPEN,
    };
    const struct line *line = of;

    for (unsigned i = 0; i < LN_BREAKER_STATES && (line->seen.has_breaker || line->is_other); i++)
        sample(m, line, "to", ln_breaker_states[i], (double)line->sums.changes[changes[i]], out);
}

static void print_health_change(const struct metric *m, const struct line *line,
                                enum ln_change change, const char *by, const char *to,
                                struct ln_text *out)
{
    char value[40];

    snprintf(value, sizeof value, "%s\",to=\"%s", by, to);
    sample(m, line, "by", value, (double)line->sums.changes[change], out);
}

static void print_health_changes(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    print_health_change(m, line, LN_CHANGE_DOWN, "requests", "down", out);
    print_health_change(m, line, LN_CHANGE_BACK, "requests", "up", out);
    if (!line->seen.checked && !line->is_other)
        return;
    print_health_change(m, line, LN_CHANGE_FELL, "checks", "down", out);
    print_health_change(m, line, LN_CHANGE_ROSE, "checks", "up", out);
}

static void print_checks(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct line *line = of;

    if (!line->seen.checked && !line->is_other)
        return;
    sample(m, line, "result", "ok", (double)line->sums.good, out);
    sample(m, line, "result", "failed", (double)line->sums.bad, out);
}

static const struct metric of_instances[] = {
    {"lunette_instance_state", "gauge",
     "1 for the state that an instance is in, by the words of `lunette instances`, 0 for the "
     "others",
     print_state, 0},
    {"lunette_instance_breaker_state", "gauge",
     "1 for the state that the breaker of an instance is in, 0 for the others", print_breaker, 0},
    {"lunette_instance_weight", "gauge",
     "weight of an instance, as the operator has said or as configured", print_weight, 0},
    {"lunette_instance_requests_in_flight", "gauge", "requests that an instance has now",
     print_active, 0},
    {"lunette_instance_latency_seconds", "gauge",
     "moving average from the end of a request to the head of the response; absent while unknown",
     print_latency, 0},
    {"lunette_instance_attempts_total", "counter",
     "attempts at an instance that have ended, by their outcome", print_attempts, 0},
    {"lunette_instance_bad_statuses_total", "counter",
     "responses of an instance with a status that counts as a failure", print_bad_statuses, 0},
    {"lunette_instance_breaker_changes_total", "counter",
     "times that the breaker of an instance came to a state", print_breaker_changes, 0},
    {"lunette_instance_health_changes_total", "counter",
     "times that an instance was found to be down, and up again, by requests or by checks",
     print_health_changes, 0},
    {"lunette_instance_checks_total", "counter", "checks of an instance, by their result",
     print_checks, 0},
};

/* ---- services ---- */

static void service_sample(const struct metric *m, struct ln_slice service, const char *label,
                           const char *value, double n, struct ln_text *out)
{
    ln_text_printf(out, "%s{service=", m->name);
    ln_metric_print_label(out, service);
    if (label != NULL)
        ln_text_printf(out, ",%s=\"%s\"", label, value);
    end_sample(n, out);
}

static void print_number(const struct metric *m, const void *of, struct ln_text *out)
{
    const uint64_t *n = (const uint64_t *)((const char *)of + m->at);

    service_sample(m, ((const struct service *)of)->name, NULL, NULL, (double)*n, out);
}

static void print_instances(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct service *s = of;

    for (unsigned i = 0; i < LN_SEEN_STATES; i++)
        service_sample(m, s->name, "state", ln_seen_states[i], s->in[i], out);
}

static void print_refused(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct service *s = of;

    service_sample(m, s->name, "reason", "full", (double)s->turned_away, out);
    service_sample(m, s->name, "reason", "timeout", (double)s->waited_out, out);
}

static const struct metric of_services[] = {
    {"lunette_service_instances", "gauge",
     "instances of a service by their state, by the words of `lunette instances`", print_instances,
     0},
    {"lunette_service_requests_in_flight", "gauge", "requests that all instances of a service have",
     print_number, offsetof(struct service, active)},
    {"lunette_service_panic", "gauge",
     "1 while so many instances of a service are down by their checks that these are not heeded",
     print_number, offsetof(struct service, panic)},
    {"lunette_service_retries_total", "counter", "attempts after the first one of a request",
     print_number, offsetof(struct service, retries)},
    {"lunette_service_retries_refused_total", "counter",
     "attempts after the first one that the budget of retries did not allow", print_number,
     offsetof(struct service, retries_refused)},
    {"lunette_service_queue_length", "gauge",
     "requests that wait because every instance of a service is full", print_number,
     offsetof(struct service, waiting)},
    {"lunette_service_queue_refused_total", "counter",
     "requests that found the queue of a service full, or waited there for as long as they may",
     print_refused, 0},
};

/* ---- services that have a limit ---- */

static void print_limit(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct load *l = of;

    service_sample(m, l->name, NULL, NULL, l->seen.limit, out);
}

static void print_places(const struct metric *m, const void *of, struct ln_text *out)
{
    const struct load *l = of;

    service_sample(m, l->name, NULL, NULL, l->seen.in_flight, out);
}

static void print_shed(const struct metric *m, const void *of, struct ln_text *out)
{
    static const char *const names[LN_PRIORITIES] = {
        [LN_PRIORITY_LOW] = "low", [LN_PRIORITY_NORMAL] = "normal", [LN_PRIORITY_HIGH] = "high"};
    const struct load *l = of;

    for (unsigned i = 0; i < LN_PRIORITIES; i++)
        service_sample(m, l->name, "priority", names[i], (double)l->seen.refused[i], out);
}

static const struct metric of_loads[] = {
    {"lunette_service_concurrency_limit", "gauge",
     "requests that a service is given at once, as configured or as learned", print_limit, 0},
    {"lunette_service_concurrency", "gauge", "requests that count for that limit now", print_places,
     0},
    {"lunette_service_shed_total", "counter",
     "requests refused because of that limit, by their priority", print_shed, 0},
};

/* ---- all of them ---- */

static void begin(const struct metric *m, struct ln_text *out)
{
    ln_metric_print_head(out, ln_slice_of(m->name), m->type, ln_slice_of(m->help));
}

static void print_all(const struct lists *l, struct ln_text *out)
{
    static const struct metric omitted = {
        "lunette_instances_omitted", "gauge",
        "instances without series of their own: beyond the first thousand they are \"other\"", NULL,
        0};

    for (unsigned i = 0; i < LN_ARRAY_LEN(of_services); i++) {
        begin(&of_services[i], out);
        for (unsigned k = 0; k < l->service_count; k++)
            of_services[i].print(&of_services[i], &l->services[k], out);
    }
    for (unsigned i = 0; i < LN_ARRAY_LEN(of_loads); i++) {
        begin(&of_loads[i], out);
        for (unsigned k = 0; k < l->load_count; k++)
            of_loads[i].print(&of_loads[i], &l->loads[k], out);
    }
    for (unsigned i = 0; i < LN_ARRAY_LEN(of_instances); i++) {
        begin(&of_instances[i], out);
        for (unsigned k = 0; k < l->count; k++)
            of_instances[i].print(&of_instances[i], &l->lines[k], out);
    }
    begin(&omitted, out);
    ln_text_printf(out, "%s %u\n", omitted.name, l->omitted);
}

void ln_service_metrics_print(const struct ln_shm *shm, const struct ln_demand *demand, ln_msec now,
                              struct ln_text *out)
{
    struct lists l = {0};

    ln_arena_init(&l.texts, NULL);
    l.services = ln_alloc(LN_METRICS_INSTANCES * sizeof *l.services);
    l.lines = ln_alloc((LN_METRICS_INSTANCES + 1) * sizeof *l.lines);
    l.loads = ln_alloc((LN_METRICS_INSTANCES + 1) * sizeof *l.loads);
    read_services(&l, shm, demand);
    read_loads(&l, shm, demand);
    read_instances(&l, shm, demand, now);
    print_all(&l, out);
    ln_free(l.services);
    ln_free(l.loads);
    ln_free(l.lines);
    ln_arena_reset(&l.texts);
}
