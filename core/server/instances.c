/* SPDX-License-Identifier: Apache-2.0
 * instances.c - walks the records of instances and writes them as JSON or as a table.
 */
#include "server/instances.h"

#include <string.h>

#include "base/arena.h"
#include "server/roster.h"

struct walk {
    struct ln_roster roster;
    struct ln_slice only; /* n 0: all services */
};

static bool next_row(struct walk *w, struct ln_roster_row *row)
{
    while (ln_roster_next(&w->roster, row))
        if (w->only.n == 0 || ln_slice_eq(w->only, row->service))
            return true;
    return false;
}

/* ---- JSON ---- */

static void put_known(struct ln_text *out, const char *key, bool known, double value)
{
    ln_text_printf(out, ",\"%s\":", key);
    if (known)
        ln_text_printf(out, "%.6f", value);
    else
        ln_text_puts(out, "null");
}

static void put_json(const struct ln_roster_row *row, struct ln_text *out)
{
    const struct ln_seen *s = &row->seen;

    ln_text_puts(out, "{\"service\":");
    ln_text_json(out, row->service);
    ln_text_puts(out, ",\"url\":");
    ln_text_json(out, row->url);
    ln_text_printf(out,
                   ",\"state\":\"%s\",\"breaker\":\"%s\",\"checks\":%s,\"weight\":%u,"
                   "\"backup\":%s,\"active\":%u",
                   ln_seen_states[s->state], ln_breaker_states[s->breaker],
                   !s->checked    ? "null"
                   : s->checks_up ? "\"up\""
                                  : "\"down\"",
                   s->weight, s->backup ? "true" : "false", (unsigned)s->active);
    put_known(out, "latency", s->latency > 0, s->latency);
    ln_text_puts(out, ",\"last_error\":");
    if (s->error[0] != '\0')
        ln_text_json(out, ln_slice_of(s->error));
    else
        ln_text_puts(out, "null");
    put_known(out, "last_error_age", s->error[0] != '\0', (double)s->error_age / 1e3);
    ln_text_puts(out, "}");
}

static void put_loads(const struct walk *w, struct ln_text *out)
{
    struct ln_concurrency_seen load;
    struct ln_slice service;
    const char *before = "";
    unsigned at = 0;

    while (ln_roster_next_load(w->roster.shm, w->roster.demand, &at, &service, &load)) {
        if (w->only.n > 0 && !ln_slice_eq(w->only, service))
            continue;
        ln_text_printf(out, "%s{\"service\":", before);
        ln_text_json(out, service);
        ln_text_printf(out, ",\"limit\":%u,\"adaptive\":%s,\"in_flight\":%u}", load.limit,
                       load.adaptive ? "true" : "false", (unsigned)load.in_flight);
        before = ",";
    }
}

/* ---- for people ---- */

static void put_line(const struct ln_roster_row *row, int width, struct ln_text *out)
{
    const struct ln_seen *s = &row->seen;

    ln_text_printf(out, "  %-*.*s  %-9s %6u %7u  ", width, (int)row->url.n, row->url.p,
                   ln_seen_states[s->state], s->weight, (unsigned)s->active);
    if (s->latency > 0)
        ln_text_printf(out, "%8.1f ms", s->latency * 1e3);
    else
        ln_text_puts(out, "          -");
    if (s->backup)
        ln_text_puts(out, "  backup");
    if (s->checked && !s->checks_up && s->state != LN_SEEN_UNHEALTHY)
        ln_text_puts(out, "  (its checks fail)");
    if (s->error[0] != '\0')
        ln_text_printf(out, "  %s, %llu s ago", s->error,
                       (unsigned long long)(s->error_age / 1000));
    ln_text_puts(out, "\n");
}

static int widest(struct walk w)
{
    struct ln_roster_row row;
    size_t width = 8;

    while (next_row(&w, &row))
        width = row.url.n > width ? row.url.n : width;
    return width < 60 ? (int)width : 60;
}

static void put_service(const struct walk *w, const struct ln_roster_row *row, struct ln_text *out)
{
    struct ln_concurrency_seen load;
    struct ln_slice service;
    unsigned at = 0;

    ln_text_printf(out, "%.*s", (int)row->service.n, row->service.p);
    while (ln_roster_next_load(w->roster.shm, w->roster.demand, &at, &service, &load))
        if (ln_slice_eq(service, row->service))
            ln_text_printf(out, ": %u of %u requests%s", (unsigned)load.in_flight, load.limit,
                           load.adaptive ? " (learned)" : "");
    ln_text_puts(out, row->panic ? ": panic, its checks are not heeded\n" : "\n");
}

static void put_table(struct walk w, struct ln_text *out)
{
    struct ln_slice service = {0};
    int width = widest(w);
    struct ln_roster_row row;

    while (next_row(&w, &row)) {
        if (!ln_slice_eq(service, row.service)) {
            ln_text_puts(out, service.n > 0 ? "\n" : "");
            put_service(&w, &row, out);
            ln_text_printf(out, "  %-*s  %-9s %6s %7s  %11s\n", width, "instance", "state",
                           "weight", "active", "latency");
        }
        service = row.service;
        put_line(&row, width, out);
    }
}

/* ---- who is meant ---- */

struct candidates {
    const struct ln_shm *shm;
    const struct ln_demand *demand;
    unsigned at;
    struct ln_arena names;
};

static const char *next_service(void *state)
{
    struct candidates *c = state;
    struct ln_slice name;

    if (ln_roster_next_service(c->shm, c->demand, &c->at, &name) == NULL)
        return NULL;
    return ln_arena_dup(&c->names, name).p;
}

static bool is_service(const struct walk *w)
{
    unsigned at = 0;
    struct ln_slice name;

    while (ln_roster_next_service(w->roster.shm, w->roster.demand, &at, &name) != NULL)
        if (ln_slice_eq(name, w->only))
            return true;
    return false;
}

static void refuse(const struct walk *w, struct ln_text *out)
{
    struct candidates c = {.shm = w->roster.shm, .demand = w->roster.demand};
    struct ln_text text;

    ln_arena_init(&c.names, NULL);
    ln_text_init(&text);

    const char *near = ln_text_nearest(w->only, next_service, &c);

    ln_text_printf(&text, "no service \"%.*s\"", (int)w->only.n, w->only.p);
    if (near != NULL)
        ln_text_printf(&text, ", did you mean \"%s\"?", near);
    ln_text_puts(out, "{\"ok\":false,\"text\":");
    ln_text_json(out, ln_slice(text.p, text.n));
    ln_text_puts(out, "}");
    ln_text_fini(&text);
    ln_arena_reset(&c.names);
}

void ln_instances_answer(const struct ln_crew *crew, const struct ln_demand *demand,
                         struct ln_slice service, bool as_text, struct ln_text *out)
{
    struct walk w = {.roster = {.shm = crew->env.shm,
                                .demand = demand,
                                .now = ln_clock_mono() / LN_NSEC_PER_MSEC},
                     .only = service};
    const char *before = "";
    struct ln_text text;
    struct ln_roster_row row;

    if (service.n > 0 && !is_service(&w)) {
        refuse(&w, out);
        return;
    }
    if (as_text) {
        ln_text_init(&text);
        put_table(w, &text);
        ln_text_puts(out, "{\"ok\":true,\"text\":");
        ln_text_json(out, ln_slice(text.p, text.n));
        ln_text_puts(out, "}");
        ln_text_fini(&text);
        return;
    }
    ln_text_puts(out, "{\"ok\":true,\"instances\":[");
    while (next_row(&w, &row)) {
        ln_text_puts(out, before);
        put_json(&row, out);
        before = ",";
    }
    ln_text_puts(out, "],\"limits\":[");
    put_loads(&w, out);
    ln_text_puts(out, "]}");
}
