/* SPDX-License-Identifier: Apache-2.0
 * status.c - reads the slots of all workers.
 */
#include "server/status.h"

#include <unistd.h>

#include "shm/quarantine.h"

static const char *const states[LN_SLOT_STATES] = {"absent", "starting", "serving", "draining"};

static unsigned long long get(const _Atomic uint64_t *cell)
{
    return (unsigned long long)ln_slot_get(cell);
}

static void print_string(struct ln_text *out, const char *key, const char *value)
{
    ln_text_printf(out, "\"%s\":", key);
    ln_text_json(out, ln_slice_of(value));
}

void ln_status_listeners(const struct ln_listeners *l, struct ln_text *out)
{
    char address[LN_ADDR_TEXT];

    ln_text_puts(out, "[");
    for (unsigned i = 0; i < l->count; i++) {
        ln_text_puts(out, i > 0 ? ",{" : "{");
        print_string(out, "name", l->items[i].name);
        ln_text_puts(out, ",");
        print_string(out, "address", ln_addr_print(&l->items[i].bound, address));
        ln_text_puts(out, "}");
    }
    ln_text_puts(out, "]");
}

static void print_workers(const struct ln_crew *crew, struct ln_text *out)
{
    ln_text_puts(out, "[");
    for (unsigned i = 0; i < crew->size; i++) {
        const struct ln_shm_slot *slot = ln_shm_slot(crew->env.shm, i);
        uint32_t state = atomic_load(&slot->state);

        ln_text_printf(out,
                       "%s{\"slot\":%u,\"pid\":%d,\"state\":\"%s\",\"generation\":%llu,"
                       "\"connections\":%llu,\"exchanges\":%llu,\"served\":%llu,\"starts\":%llu}",
                       i > 0 ? "," : "", i, (int)crew->members[i].pid,
                       state < LN_SLOT_STATES ? states[state] : "?", get(&slot->generation),
                       get(&slot->connections), get(&slot->exchanges), get(&slot->served),
                       get(&slot->starts));
    }
    ln_text_puts(out, "]");
}

static void print_sums(const struct ln_crew *crew, struct ln_text *out)
{
    unsigned long long connections = 0, exchanges = 0, served = 0;

    for (unsigned i = 0; i < crew->size; i++) {
        const struct ln_shm_slot *slot = ln_shm_slot(crew->env.shm, i);

        connections += get(&slot->connections);
        exchanges += get(&slot->exchanges);
        served += get(&slot->served);
    }
    ln_text_printf(out, "\"connections\":%llu,\"exchanges\":%llu,\"served\":%llu", connections,
                   exchanges, served);
}

static void print_counters(const struct ln_crew *crew, struct ln_text *out)
{
    ln_text_puts(out, "{");
    for (unsigned k = 0; k < LN_STAT_COUNT; k++) {
        unsigned long long sum = 0;
        char name[48];
        unsigned n = 0;

        for (unsigned i = 0; i < crew->size; i++)
            sum += get(&ln_shm_slot(crew->env.shm, i)->counters[k]);
        for (; ln_stat_rows[k].name[n] != '\0' && n < sizeof name - 1; n++)
            name[n] = ln_lower(ln_stat_rows[k].name[n]);
        name[n] = '\0';
        ln_text_printf(out, "%s\"%s\":%llu", k > 0 ? "," : "", name, sum);
    }
    ln_text_puts(out, "}");
}

static const struct ln_quarantine *quarantine_of(const struct ln_crew *crew)
{
    return ln_shm_find(crew->env.shm, LN_ZONE_USE, ln_quarantine_zone(), NULL);
}

/* Seconds until the next trial; -1: there is none. */
static double seconds_to_trial(const struct ln_quarantine_record *r)
{
    uint64_t until = atomic_load(&r->until), now = ln_clock_mono() / LN_NSEC_PER_MSEC;

    if (until == LN_QUARANTINE_FOR_GOOD)
        return -1;
    return until > now ? (double)(until - now) / 1e3 : 0;
}

static void print_quarantine(const struct ln_crew *crew, struct ln_text *out)
{
    const struct ln_quarantine *q = quarantine_of(crew);
    const struct ln_quarantine_record *r;
    unsigned at = 0, n = 0;

    ln_text_puts(out, "[");
    while (q != NULL && (r = ln_quarantine_next(q, crew->env.number, &at)) != NULL) {
        double seconds = seconds_to_trial(r);

        ln_text_puts(out, n++ > 0 ? ",{" : "{");
        print_string(out, "who", r->text);
        ln_text_printf(out, ",\"times\":%u,\"strikes\":%u,\"next_trial\":", atomic_load(&r->trips),
                       atomic_load(&r->strikes));
        if (seconds < 0)
            ln_text_puts(out, "null}");
        else
            ln_text_printf(out, "%.3f}", seconds);
    }
    ln_text_puts(out, "]");
}

static void describe_quarantine(const struct ln_crew *crew, struct ln_text *out)
{
    const struct ln_quarantine *q = quarantine_of(crew);
    const struct ln_quarantine_record *r;
    unsigned at = 0, n = 0;

    while (q != NULL && (r = ln_quarantine_next(q, crew->env.number, &at)) != NULL) {
        double seconds = seconds_to_trial(r);

        ln_text_printf(out, "%s  %s: ", n++ == 0 ? "\nin quarantine\n" : "", r->text);
        if (seconds < 0)
            ln_text_printf(out, "until the next reload, after %u strikes\n",
                           atomic_load(&r->strikes));
        else
            ln_text_printf(out, "tried again in %.0f s, out %u times\n", seconds,
                           atomic_load(&r->trips));
    }
}

void ln_status_print(const struct ln_status *s, struct ln_text *out)
{
    ln_text_printf(out, "{\"ok\":true,\"pid\":%d,\"version\":\"%s\",\"state\":\"%s\",",
                   (int)getpid(), LN_VERSION, s->state);
    print_string(out, "configuration", s->conf_path);
    ln_text_puts(out, ",");
    print_string(out, "control", s->control);
    ln_text_printf(
        out, ",\"generation\":%llu,\"uptime\":%.3f,\"reloads\":%llu,\"failed_reloads\":%llu,",
        (unsigned long long)s->crew->env.number, (double)(ln_clock_mono() - s->started) / 1e9,
        (unsigned long long)s->reloads, (unsigned long long)s->failed_reloads);
    print_sums(s->crew, out);
    ln_text_puts(out, ",\"listeners\":");
    ln_status_listeners(s->crew->env.listeners, out);
    ln_text_puts(out, ",\"workers\":");
    print_workers(s->crew, out);
    ln_text_puts(out, ",\"quarantine\":");
    print_quarantine(s->crew, out);
    ln_text_puts(out, ",\"counters\":");
    print_counters(s->crew, out);
    ln_text_puts(out, "}");
}

void ln_status_describe(const struct ln_status *s, struct ln_text *out)
{
    const struct ln_crew *crew = s->crew;
    char address[LN_ADDR_TEXT];

    ln_text_printf(out, "%s, pid %d, generation %llu, up %llu s\n%s\n", s->state, (int)getpid(),
                   (unsigned long long)crew->env.number,
                   (unsigned long long)((ln_clock_mono() - s->started) / 1000000000u),
                   s->conf_path);
    for (unsigned i = 0; i < crew->env.listeners->count; i++)
        ln_text_printf(out, "  %-*s  %s\n", ln_listeners_width(crew->env.listeners),
                       crew->env.listeners->items[i].name,
                       ln_addr_print(&crew->env.listeners->items[i].bound, address));
    ln_text_puts(out, "\nworker     pid  state     generation  connections  running      served\n");
    for (unsigned i = 0; i < crew->size; i++) {
        const struct ln_shm_slot *slot = ln_shm_slot(crew->env.shm, i);
        uint32_t state = atomic_load(&slot->state);

        ln_text_printf(out, "%6u %7d  %-9s %10llu %12llu %8llu %11llu\n", i,
                       (int)crew->members[i].pid, state < LN_SLOT_STATES ? states[state] : "?",
                       get(&slot->generation), get(&slot->connections), get(&slot->exchanges),
                       get(&slot->served));
    }
    describe_quarantine(crew, out);
}

void ln_status_report(const struct ln_crew *crew, struct ln_text *out)
{
    ln_text_printf(out, "{\"ready\":true,\"pid\":%d,\"listeners\":", (int)getpid());
    ln_status_listeners(crew->env.listeners, out);
    ln_text_puts(out, ",\"workers\":[");
    for (unsigned i = 0; i < crew->size; i++)
        ln_text_printf(out, "%s%d", i > 0 ? "," : "", (int)crew->members[i].pid);
    ln_text_puts(out, "]}\n");
}
