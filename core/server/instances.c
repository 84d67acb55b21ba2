/* SPDX-License-Identifier: Apache-2.0
 * instances.c - walks the records of instances and writes them as JSON or as a table.
 */
#include "server/instances.h"

#include <string.h>

#include "base/arena.h"
#include "upstream/seen.h"

struct row {
    struct ln_slice service, url;
    bool panic; /* the service's checks are not heeded */
    struct ln_seen seen;
};

struct walk {
    const struct ln_crew *crew;
    const struct ln_demand *demand;
    struct ln_slice only;
    ln_msec now;
    unsigned at;
    struct ln_slice service; /* the last one, and how it is */
    bool panic;
};

static void *record_of(const struct walk *w, const struct ln_demand_item *item)
{
    size_t size = item->size + item->each * ln_shm_workers(w->crew->env.shm);

    return ln_shm_find(w->crew->env.shm, item->kind, item->name, &size);
}

/* Do its checks say so little good that they are not heeded? */
static bool panics(const struct walk *w, struct ln_slice service)
{
    for (unsigned i = 0; i < w->demand->count; i++) {
        const struct ln_demand_item *item = &w->demand->items[i];

        if (item->kind != LN_ZONE_CURSOR || !ln_slice_eq(item->name, service))
            continue;
        const struct ln_cursor_record *r = record_of(w, item);

        return r != NULL && atomic_load(&r->panic) != 0;
    }
    return false;
}

/* The zone of an instance is called "service url", and no name of a service has a space. */
static bool next_row(struct walk *w, struct row *row)
{
    while (w->at < w->demand->count) {
        const struct ln_demand_item *item = &w->demand->items[w->at++];
        const char *space =
            item->kind == LN_ZONE_INSTANCE ? memchr(item->name.p, ' ', item->name.n) : NULL;

        if (space == NULL)
            continue;
        struct ln_slice service = ln_slice(item->name.p, (size_t)(space - item->name.p));

        if (!ln_slice_eq(service, w->service)) /* instances of one stand together */
            w->panic = panics(w, service);
        row->service = w->service = service;
        row->panic = w->panic;
        row->url = ln_slice(space + 1, item->name.n - row->service.n - 1);
        if (w->only.n > 0 && !ln_slice_eq(w->only, row->service))
            continue;
        const struct ln_instance_record *r = record_of(w, item);

        if (r == NULL)
            continue;
        ln_seen_read(r, row->panic, ln_shm_workers(w->crew->env.shm), w->now, &row->seen);
        return true;
    }
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

static void put_json(const struct row *row, struct ln_text *out)
{
    static const char *const breakers[] = {[LN_BREAKER_CLOSED] = "closed",
                                           [LN_BREAKER_OPEN] = "open",
                                           [LN_BREAKER_HALF_OPEN] = "half-open"};
    const struct ln_seen *s = &row->seen;

    ln_text_puts(out, "{\"service\":");
    ln_text_json(out, row->service);
    ln_text_puts(out, ",\"url\":");
    ln_text_json(out, row->url);
    ln_text_printf(out,
                   ",\"state\":\"%s\",\"breaker\":\"%s\",\"checks\":%s,\"weight\":%u,"
                   "\"backup\":%s,\"active\":%u",
                   ln_seen_states[s->state], breakers[s->breaker],
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

/* ---- for people ---- */

static void put_line(const struct row *row, int width, struct ln_text *out)
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
    struct row row;
    size_t width = 8;

    while (next_row(&w, &row))
        width = row.url.n > width ? row.url.n : width;
    return width < 60 ? (int)width : 60;
}

static void put_table(struct walk w, struct ln_text *out)
{
    struct ln_slice service = {0};
    int width = widest(w);
    struct row row;

    while (next_row(&w, &row)) {
        if (!ln_slice_eq(service, row.service))
            ln_text_printf(out, "%s%.*s%s\n  %-*s  %-9s %6s %7s  %11s\n", service.n > 0 ? "\n" : "",
                           (int)row.service.n, row.service.p,
                           row.panic ? ": panic, its checks are not heeded" : "", width, "instance",
                           "state", "weight", "active", "latency");
        service = row.service;
        put_line(&row, width, out);
    }
}

/* ---- who is meant ---- */

struct candidates {
    const struct ln_demand *demand;
    unsigned at;
    struct ln_arena names;
};

static const char *next_service(void *state)
{
    struct candidates *c = state;

    while (c->at < c->demand->count) {
        const struct ln_demand_item *item = &c->demand->items[c->at++];

        if (item->kind == LN_ZONE_CURSOR)
            return ln_arena_dup(&c->names, item->name).p;
    }
    return NULL;
}

static bool is_service(const struct ln_demand *demand, struct ln_slice name)
{
    for (unsigned i = 0; i < demand->count; i++)
        if (demand->items[i].kind == LN_ZONE_CURSOR && ln_slice_eq(demand->items[i].name, name))
            return true;
    return false;
}

static void refuse(const struct ln_demand *demand, struct ln_slice service, struct ln_text *out)
{
    struct candidates c = {.demand = demand};
    struct ln_text text;

    ln_arena_init(&c.names, NULL);
    ln_text_init(&text);

    const char *near = ln_text_nearest(service, next_service, &c);

    ln_text_printf(&text, "no service \"%.*s\"", (int)service.n, service.p);
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
    struct walk w = {
        .crew = crew, .demand = demand, .only = service, .now = ln_clock_mono() / LN_NSEC_PER_MSEC};
    const char *before = "";
    struct ln_text text;
    struct row row;

    if (service.n > 0 && !is_service(demand, service)) {
        refuse(demand, service, out);
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
    ln_text_puts(out, "]}");
}
