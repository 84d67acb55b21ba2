/* SPDX-License-Identifier: Apache-2.0
 * steer.c - finding the instance that is meant, and saying so in its record.
 */
#include "server/steer.h"

#include <string.h>

#include "base/log.h"
#include "server/roster.h"
#include "shm/record.h"
#include "shm/steer.h"

enum { NAMES_SHOWN = 10 };

enum verb { DRAIN, DISABLE, ENABLE, WEIGHT, VERBS };

static const char *const verbs[VERBS] = {"drain", "disable", "enable", "weight"};

struct command {
    enum verb verb;
    struct ln_slice service, instance, number; /* as written; number empty = none */
    struct ln_slice url;                       /* of the instance, and ... */
    struct ln_instance_record *record;         /* ... its record */
};

/* The next word, which is taken off; empty at the end. */
static struct ln_slice next_word(struct ln_slice *rest)
{
    const char *space;
    struct ln_slice word;

    *rest = ln_slice_trim(*rest);
    if (rest->n == 0)
        return *rest;
    space = memchr(rest->p, ' ', rest->n);
    word = ln_slice(rest->p, space != NULL ? (size_t)(space - rest->p) : rest->n);
    *rest = ln_slice(rest->p + word.n, rest->n - word.n);
    return word;
}

static enum verb verb_of(struct ln_slice word)
{
    enum verb v = 0;

    while (v < VERBS && !ln_slice_eq(word, ln_slice_of(verbs[v])))
        v++;
    return v;
}

bool ln_steer_is_command(struct ln_slice line)
{
    return verb_of(next_word(&line)) != VERBS;
}

/* ---- names: those of services, or of the instances of one ---- */

struct names {
    struct ln_slice service; /* empty: the services */
    struct ln_roster roster;
    struct ln_roster_row row;
    unsigned at;
};

static struct names names_of(struct ln_shm *shm, const struct ln_demand *demand,
                             struct ln_slice service)
{
    return (struct names){.service = service, .roster = {.shm = shm, .demand = demand}};
}

static struct ln_slice next_service(struct names *names)
{
    struct ln_slice name = ln_slice(NULL, 0);

    ln_roster_next_service(names->roster.shm, names->roster.demand, &names->at, &name);
    return name;
}

/* The next name, good until the one after; empty behind the last. */
static struct ln_slice next_name(struct names *names)
{
    if (names->service.n == 0)
        return next_service(names);
    while (ln_roster_next(&names->roster, &names->row))
        if (ln_slice_eq(names->row.service, names->service))
            return names->row.url;
    return ln_slice(NULL, 0);
}

/* Behind "://", and without a slash at its end. */
static struct ln_slice bare(struct ln_slice url)
{
    for (size_t i = 0; i + 3 <= url.n; i++)
        if (memcmp(url.p + i, "://", 3) == 0) {
            url = ln_slice(url.p + i + 3, url.n - i - 3);
            break;
        }
    return url.n > 0 && url.p[url.n - 1] == '/' ? ln_slice(url.p, url.n - 1) : url;
}

struct candidates {
    struct ln_text all; /* each with its NUL */
    size_t at;
};

static const char *next_candidate(void *arg)
{
    struct candidates *c = arg;
    const char *name = c->all.p + c->at;

    if (c->at >= c->all.n)
        return NULL;
    c->at += strlen(name) + 1;
    return name;
}

/* "; did you mean ...?" as far as there is such a one, and those that there are. */
static void add_hint(struct ln_text *out, struct ln_slice word, struct names *names)
{
    bool is_bare = bare(word).p == word.p; /* so it is compared with what is behind "://", too */
    struct candidates known = {.at = 0};
    struct ln_text list;
    struct ln_slice name;

    ln_text_init(&known.all);
    ln_text_init(&list);
    for (unsigned shown = 0; (name = next_name(names)).n > 0; shown++) {
        if (shown <= NAMES_SHOWN)
            ln_text_puts(&list, shown == 0 ? "\nthere are: " : ", ");
        if (shown < NAMES_SHOWN)
            ln_text_add(&list, name.p, name.n);
        else if (shown == NAMES_SHOWN)
            ln_text_puts(&list, "...");
        name = is_bare ? bare(name) : name;
        ln_text_add(&known.all, name.p, name.n);
        ln_text_add(&known.all, "", 1);
    }

    const char *nearest = ln_text_nearest(word, next_candidate, &known);

    if (nearest != NULL)
        ln_text_printf(out, "; did you mean \"%s\"?", nearest);
    ln_text_add(out, list.p, list.n);
    ln_text_fini(&list);
    ln_text_fini(&known.all);
}

/* ---- which instance ---- */

static bool find_service(struct ln_shm *shm, const struct ln_demand *demand,
                         const struct command *c, struct ln_text *out)
{
    struct names names = names_of(shm, demand, ln_slice(NULL, 0));
    struct ln_slice name;

    while ((name = next_name(&names)).n > 0)
        if (ln_slice_eq(name, c->service))
            return true;
    ln_text_printf(out, "no service \"%.*s\"", (int)c->service.n, c->service.p);
    names.at = 0;
    add_hint(out, c->service, &names);
    return false;
}

/* *found is where the walk stands then. */
static bool find_instance(struct command *c, struct names *found, struct ln_text *out)
{
    struct names again = *found;
    struct ln_slice url;

    while ((url = next_name(found)).n > 0)
        if (ln_slice_eq(url, c->instance) || ln_slice_eq(bare(url), bare(c->instance))) {
            c->url = url;
            c->record = found->row.record;
            return true;
        }
    ln_text_printf(out, "no instance \"%.*s\" of %.*s", (int)c->instance.n, c->instance.p,
                   (int)c->service.n, c->service.p);
    add_hint(out, c->instance, &again);
    return false;
}

/* ---- what is said ---- */

/* From 1 to LN_STEER_WEIGHT_MAX, or 0 for "default"; -1: neither. */
static int weight_of(struct ln_slice word)
{
    int n = 0;

    if (ln_slice_eq(word, LN_SLICE("default")))
        return 0;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] < '0' || word.p[i] > '9')
            return -1;
        n = n * 10 + (word.p[i] - '0');
        if (n > LN_STEER_WEIGHT_MAX)
            return -1;
    }
    return n > 0 ? n : -1;
}

static struct ln_cursor_record *service_of(struct ln_shm *shm, const struct command *c)
{
    size_t size = sizeof(struct ln_cursor_record) + ln_shm_workers(shm) * sizeof(_Atomic uint32_t);

    return ln_shm_find(shm, LN_ZONE_CURSOR, c->service, &size);
}

static void say(struct ln_cursor_record *service, struct ln_instance_record *r, enum verb verb,
                unsigned weight, ln_msec now)
{
    static const enum ln_steer_state states[] = {
        [DRAIN] = LN_STEER_DRAINING,
        [DISABLE] = LN_STEER_DISABLED,
        [ENABLE] = LN_STEER_ENABLED,
    };
    uint32_t word = atomic_load(&r->steer);

    if (verb == WEIGHT) {
        atomic_store(&r->steer, ln_steer_word(ln_steer_state(word), weight));
        atomic_fetch_add(&service->steered, 1); /* after it: whoever sees this sees the weight */
        return;
    }
    if (verb == ENABLE && ln_steer_state(word) != LN_STEER_ENABLED)
        atomic_store(&r->since, now); /* it warms up */
    atomic_store(&r->steer, ln_steer_word(states[verb], ln_steer_weight(word)));
}

static bool carry_out(struct ln_shm *shm, const struct command *c, unsigned weight, ln_msec now,
                      struct ln_text *out)
{
    struct ln_cursor_record *service = service_of(shm, c);
    struct ln_instance_record *r = c->record;

    if (service == NULL) {
        ln_text_puts(out, "shared memory has no record of this service");
        return false;
    }
    say(service, r, c->verb, weight, now);

    uint32_t word = atomic_load(&r->steer);
    const char *state = ln_steer_name(ln_steer_state(word));

    ln_text_printf(out, "%.*s %.*s: %s, weight ", (int)c->service.n, c->service.p, (int)c->url.n,
                   c->url.p, state);
    if (ln_steer_weight(word) > 0)
        ln_text_printf(out, "%u", ln_steer_weight(word));
    else
        ln_text_puts(out, "as configured");
    ln_text_printf(out, ", %u requests in flight",
                   (unsigned)ln_record_sum(r->active, ln_shm_workers(shm)));
    ln_info("instance %.*s of %.*s by command: %s, weight %u (0 = as configured)", (int)c->url.n,
            c->url.p, (int)c->service.n, c->service.p, state, ln_steer_weight(word));
    return true;
}

bool ln_steer(struct ln_shm *shm, const struct ln_demand *demand, struct ln_slice line, ln_msec now,
              struct ln_text *out)
{
    struct command c = {.verb = verb_of(next_word(&line))};
    struct names found;
    int weight = 0;

    c.service = next_word(&line);
    c.instance = next_word(&line);
    c.number = next_word(&line);
    if (c.instance.n == 0 || (c.number.n > 0) != (c.verb == WEIGHT) || next_word(&line).n > 0) {
        ln_text_printf(out, "expected a service and an instance%s",
                       c.verb == WEIGHT ? " and a weight" : "");
        return false;
    }
    found = names_of(shm, demand, c.service);
    if (!find_service(shm, demand, &c, out) || !find_instance(&c, &found, out))
        return false;
    if (c.verb == WEIGHT)
        weight = weight_of(c.number);
    if (weight < 0) {
        ln_text_printf(out, "expected a weight from 1 to %d, or \"default\", got \"%.*s\"",
                       LN_STEER_WEIGHT_MAX, (int)c.number.n, c.number.p);
        return false;
    }
    return carry_out(shm, &c, (unsigned)weight, now, out);
}
