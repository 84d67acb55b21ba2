/* SPDX-License-Identifier: Apache-2.0
 * routes.c - `lunette routes`: the table, and the story of one request.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gateway/explain.h"
#include "server/commands.h"
#include "shm/demand.h"

/* ---- one route ---- */

/* Where a route was written, as seen from the folder of the configuration. */
static void put_place(const struct ln_conf *conf, const struct ln_route *r, struct ln_text *out)
{
    const char *file = r->place.file != NULL ? r->place.file : "";
    size_t n = strlen(conf->dir);

    if (n > 0 && strncmp(file, conf->dir, n) == 0 && file[n] == '/')
        file += n + 1;
    ln_text_printf(out, "%s:%u", file, r->place.line);
}

static const char *service_of(const struct ln_generation *g, const struct ln_route *r)
{
    return r->service >= 0 ? g->conf->services[r->service].name : NULL;
}

static const char *target_of(const struct ln_generation *g, const struct ln_route *r)
{
    return r->split != NULL ? r->split->text : service_of(g, r);
}

static void put_json_text(struct ln_text *out, const char *text)
{
    if (text != NULL)
        ln_text_json(out, ln_slice_of(text));
    else
        ln_text_puts(out, "null");
}

static void put_json_conditions(struct ln_text *out, const struct ln_route *r)
{
    ln_text_puts(out, ",\"when\":[");
    for (unsigned i = 0; i < r->condition_count; i++) {
        ln_text_puts(out, i > 0 ? "," : "");
        put_json_text(out, r->conditions[i].text);
    }
    ln_text_puts(out, "]");
}

static void put_json(const struct ln_generation *g, const struct ln_route *r, struct ln_text *out)
{
    const struct {
        const char *key, *value;
    } pairs[] = {
        {"methods", r->methods},
        {"path", r->path},
        {"host", r->host},
        {"listener", r->listener},
        {"name", r->name},
        {"service", service_of(g, r)},
        {"split", r->split != NULL ? r->split->text : NULL},
        {"strip", r->strip},
        {"file", r->place.file},
        {"chain", r->chain_text},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ln_text_printf(out, "%s\"%s\":", i > 0 ? "," : "{", pairs[i].key);
        put_json_text(out, pairs[i].value);
    }
    put_json_conditions(out, r);
    ln_text_printf(out, ",\"timeout_ms\":%llu,\"tries\":%d,\"buffer\":%llu,\"line\":%u}",
                   (unsigned long long)r->timeout, r->tries, (unsigned long long)r->buffer,
                   r->place.line);
}

/* ---- the table ---- */

enum column { METHODS, PATH, PLACE, CHAIN, TARGET, COLUMNS };

struct line {
    struct ln_text cell[COLUMNS];
};

static void fill(const struct ln_generation *g, const struct ln_route *r, struct line *l)
{
    const char *target = target_of(g, r);

    for (int i = 0; i < COLUMNS; i++)
        ln_text_init(&l->cell[i]);
    ln_text_puts(&l->cell[METHODS], r->methods != NULL ? r->methods : "ANY");
    ln_text_puts(&l->cell[PATH], r->path);
    put_place(g->conf, r, &l->cell[PLACE]);
    ln_text_printf(&l->cell[CHAIN], "[%s]", r->chain_text != NULL ? r->chain_text : "");
    if (target != NULL)
        ln_text_printf(&l->cell[TARGET], "-> %s", target);
}

/* What narrows the route, at the end of its line: hosts and conditions differ too much to align. */
static void put_limits(const struct ln_route *r, struct ln_text *out)
{
    if (r->host != NULL)
        ln_text_printf(out, "  host %s", r->host);
    if (r->listener != NULL)
        ln_text_printf(out, "  listener %s", r->listener);
    for (unsigned i = 0; i < r->condition_count; i++)
        ln_text_printf(out, "%s%s", i == 0 ? "  when " : " and ", r->conditions[i].text);
}

static void put_table(const struct ln_generation *g, const struct ln_route *routes, unsigned count,
                      struct ln_text *out)
{
    static const size_t bound[COLUMNS] = {20, 48, 40, 64, 40};
    struct line *lines = ln_alloc((count + 1) * sizeof *lines);
    size_t width[COLUMNS] = {3, 4, 4, 2, 0};

    for (unsigned i = 0; i < count; i++) {
        fill(g, &routes[i], &lines[i]);
        for (int k = 0; k < COLUMNS; k++) {
            size_t n = lines[i].cell[k].n < bound[k] ? lines[i].cell[k].n : bound[k];

            width[k] = n > width[k] ? n : width[k];
        }
    }
    for (unsigned i = 0; i < count; i++) {
        for (int k = 0; k < COLUMNS; k++) {
            const struct ln_text *cell = &lines[i].cell[k];

            ln_text_printf(out, "%s%-*s", k > 0 ? " " : "", (int)width[k],
                           cell->n > 0 ? cell->p : "");
            ln_text_fini(&lines[i].cell[k]);
        }
        put_limits(&routes[i], out);
        while (out->n > 0 && out->p[out->n - 1] == ' ')
            out->n--;
        ln_text_puts(out, "\n");
    }
    ln_free(lines);
}

static void put_all(const struct ln_cli *cli, const struct ln_generation *g, struct ln_text *out)
{
    unsigned count;
    const struct ln_route *routes = ln_vm_routes(g->vm, &count);

    if (!cli->json) {
        put_table(g, routes, count, out);
        return;
    }
    ln_text_puts(out, "[");
    for (unsigned i = 0; i < count; i++) {
        ln_text_puts(out, i > 0 ? "," : "");
        put_json(g, &routes[i], out);
    }
    ln_text_puts(out, "]\n");
}

/* ---- the story of one request ---- */

static const char *const marks[] = {"+", "-", ".", "~"};
static const char *const verdicts[] = {"taken", "passed", "later", "near"};

/* One line per route, with its name, its place and the reason. */
static void put_entries(const struct ln_generation *g, const struct ln_explanation *e,
                        struct ln_text *out)
{
    int name = 8, where = 8;

    for (unsigned i = 0; i < e->count; i++) {
        struct ln_text place;

        ln_text_init(&place);
        put_place(g->conf, e->v[i].route, &place);
        name = (int)strlen(e->v[i].route->name) > name ? (int)strlen(e->v[i].route->name) : name;
        where = (int)place.n > where ? (int)place.n : where;
        ln_text_fini(&place);
    }
    for (unsigned i = 0; i < e->count; i++) {
        const struct ln_explain_entry *entry = &e->v[i];
        struct ln_text place;

        ln_text_init(&place);
        put_place(g->conf, entry->route, &place);
        ln_text_printf(out, "%s %-*s  %-*s  %s%.*s\n", marks[entry->verdict], name < 48 ? name : 48,
                       entry->route->name, where < 40 ? where : 40, place.p,
                       entry->verdict == LN_EXPLAIN_TAKEN ? "takes it" : "", (int)entry->why.n,
                       entry->why.n > 0 ? entry->why.p : "");
        ln_text_fini(&place);
    }
}

static void put_methods(uint32_t bits, struct ln_text *out)
{
    static const struct {
        enum ln_method id;
        const char *name;
    } known[] = {{LN_METHOD_GET, "GET"},        {LN_METHOD_HEAD, "HEAD"},
                 {LN_METHOD_POST, "POST"},      {LN_METHOD_PUT, "PUT"},
                 {LN_METHOD_PATCH, "PATCH"},    {LN_METHOD_DELETE, "DELETE"},
                 {LN_METHOD_OPTIONS, "OPTIONS"}};
    const char *before = "";

    for (size_t i = 0; i < LN_ARRAY_LEN(known); i++) {
        if (bits >> known[i].id & 1) {
            ln_text_printf(out, "%s%s", before, known[i].name);
            before = ", ";
        }
    }
}

static void put_instances(const struct ln_service_conf *s, struct ln_text *out)
{
    static const char *const made[] = {[LN_DISCOVER_OFF] = "",
                                       [LN_DISCOVER_ADDRESSES] = ", one of each address",
                                       [LN_DISCOVER_SRV] = ", one of each SRV record"};

    for (unsigned i = 0; i < s->instance_count; i++)
        ln_text_printf(out, "%s%s%s", i == 0 ? " (" : ", ", s->instances[i].url,
                       made[s->instances[i].discover]);
    ln_text_puts(out, ")");
}

static void put_target(const struct ln_generation *g, const struct ln_explanation *e,
                       struct ln_text *out)
{
    const struct ln_route *r = e->match.route;

    if (r->split != NULL)
        ln_text_printf(out, "\nservice: %s%s%s", r->split->text,
                       e->req.service >= 0 ? ": this one goes to " : ", in turns",
                       e->req.service >= 0 ? g->conf->services[e->req.service].name : "");
    else if (r->service >= 0)
        ln_text_printf(out, "\nservice: %s", g->conf->services[r->service].name);
    else
        ln_text_puts(out, "\nservice: none; a handler answers");
    if (e->req.service >= 0)
        put_instances(&g->conf->services[e->req.service], out);
    ln_text_puts(out, "\n");
    if (r->strip != NULL)
        ln_text_printf(out, "path:    without %s\n", r->strip);
}

static void put_outcome(const struct ln_generation *g, const struct ln_explanation *e,
                        struct ln_text *out)
{
    const struct ln_route *r = e->match.route;

    if (e->match.failed != NULL) {
        ln_text_printf(out, "\nanswer:  500, because a condition of %s raised an error\n",
                       e->match.failed->name);
        return;
    }
    if (r == NULL && e->match.methods != 0) {
        ln_text_puts(out, "\nanswer:  405, because only another method fits: ");
        put_methods(e->match.methods, out);
        ln_text_puts(out, "\n");
        return;
    }
    if (r == NULL) {
        ln_text_puts(out, "\nanswer:  404, no route takes it\n");
        return;
    }
    for (unsigned i = 0; i < e->req.param_count; i++) {
        ln_text_printf(out, "%s%.*s = ", i == 0 ? "\nparams:  " : ", ",
                       (int)e->req.params[i].name.n, e->req.params[i].name.p);
        ln_text_json(out, e->req.params[i].value);
    }
    ln_text_printf(out, "\nplugins: %s",
                   r->chain_text != NULL && r->chain_text[0] != '\0' ? r->chain_text : "none");
    put_target(g, e, out);
}

static void put_story(const struct ln_generation *g, const struct ln_explanation *e,
                      struct ln_text *out)
{
    const struct ln_req *r = &e->req;

    if (e->refused != NULL) {
        ln_text_printf(out, "refused with %u before any route is asked: %s\n", e->refused_with,
                       e->refused);
        return;
    }
    ln_text_printf(out, "%.*s %.*s, host %.*s, listener %.*s, client %.*s\n\n", (int)r->method.n,
                   r->method.p, (int)r->path.n, r->path.p, (int)r->host.n, r->host.p,
                   (int)r->listener.n, r->listener.n > 0 ? r->listener.p : "", (int)r->client_id.n,
                   r->client_id.p);
    put_entries(g, e, out);
    put_outcome(g, e, out);
}

static void put_json_entries(const struct ln_generation *g, const struct ln_explanation *e,
                             struct ln_text *out)
{
    ln_text_puts(out, ",\"candidates\":[");
    for (unsigned i = 0; i < e->count; i++) {
        ln_text_printf(out, "%s{\"verdict\":\"%s\",\"why\":", i > 0 ? "," : "",
                       verdicts[e->v[i].verdict]);
        ln_text_json(out, e->v[i].why.n > 0 ? e->v[i].why : LN_SLICE(""));
        ln_text_puts(out, ",\"route\":");
        put_json(g, e->v[i].route, out);
        ln_text_puts(out, "}");
    }
    ln_text_puts(out, "]");
}

static void put_json_story(const struct ln_generation *g, const struct ln_explanation *e,
                           struct ln_text *out)
{
    struct ln_text story;

    ln_text_puts(out, "{\"route\":");
    if (e->match.route != NULL)
        put_json(g, e->match.route, out);
    else
        ln_text_puts(out, "null");
    ln_text_puts(out, ",\"params\":{");
    for (unsigned i = 0; i < e->req.param_count; i++) {
        ln_text_puts(out, i > 0 ? "," : "");
        ln_text_json(out, e->req.params[i].name);
        ln_text_puts(out, ":");
        ln_text_json(out, e->req.params[i].value);
    }
    ln_text_puts(out, "},\"service\":");
    put_json_text(out, e->req.service >= 0 ? g->conf->services[e->req.service].name : NULL);
    put_json_entries(g, e, out);
    ln_text_init(&story);
    put_story(g, e, &story);
    ln_text_puts(out, ",\"story\":");
    ln_text_json(out, ln_slice(story.p, story.n));
    ln_text_puts(out, "}\n");
    ln_text_fini(&story);
}

/* "GET /path" or just "/path". */
static int explain(const struct ln_cli *cli, const struct ln_generation *g, struct ln_text *out)
{
    const char *space = strchr(cli->why, ' ');
    char *method =
        space != NULL ? ln_strndup(cli->why, (size_t)(space - cli->why)) : ln_strdup("GET");
    const struct ln_explain_request q = {
        .method = method,
        .url = space != NULL ? space + strspn(space, " ") : cli->why,
        .headers = cli->headers,
        .from = cli->from,
        .listener = cli->listener,
    };
    struct ln_explanation e;
    struct ln_err err;
    int rc = LN_EXIT_USAGE;

    if (ln_explain(&e, g, &q, &err) != 0) {
        fprintf(stderr, "lunette routes: %s\n", err.text);
    } else {
        rc = e.match.route != NULL ? LN_EXIT_OK : LN_EXIT_FAILED;
        if (cli->json)
            put_json_story(g, &e, out);
        else
            put_story(g, &e, out);
    }
    ln_explain_fini(&e);
    ln_free(method);
    return rc;
}

/* ---- the command ---- */

static void put_diag(const struct ln_diag *diag)
{
    struct ln_text text;

    ln_text_init(&text);
    ln_diag_print(diag, &text);
    if (text.n > 0)
        fwrite(text.p, 1, text.n, stderr);
    ln_text_fini(&text);
}

int ln_command_routes(const struct ln_cli *cli)
{
    struct ln_bundle *bundle = ln_bundle_record();
    struct ln_demand demand;
    struct ln_diag diag;
    struct ln_text out;
    struct ln_vm_env env = {.demand = &demand};
    int rc = LN_EXIT_FAILED;

    ln_demand_init(&demand);
    ln_diag_init(&diag);
    ln_text_init(&out);

    struct ln_generation *g = ln_generation_load(cli->conf, bundle, &env, NULL, 0, &diag);

    put_diag(&diag);
    if (g != NULL) {
        rc = LN_EXIT_OK;
        if (cli->why != NULL)
            rc = explain(cli, g, &out);
        else
            put_all(cli, g, &out);
        if (out.n > 0)
            fwrite(out.p, 1, out.n, stdout);
        ln_generation_put(g);
    }
    ln_text_fini(&out);
    ln_diag_fini(&diag);
    ln_demand_fini(&demand);
    ln_bundle_free(bundle);
    return rc;
}
