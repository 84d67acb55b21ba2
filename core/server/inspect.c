/* SPDX-License-Identifier: Apache-2.0
 * inspect.c - `lunette check` and `lunette routes`.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gateway/generation.h"
#include "server/checker.h"
#include "server/commands.h"

static void put(FILE *out, const struct ln_text *text)
{
    if (text->n > 0)
        fwrite(text->p, 1, text->n, out);
}

int ln_command_check(const struct ln_cli *cli)
{
    struct ln_checked checked;
    struct ln_err err;
    int rc;

    if (ln_checker_run(cli->conf, &checked, &err) != 0) {
        fprintf(stderr, "lunette: %s\n", err.text);
        return LN_EXIT_FAILED;
    }
    rc = checked.ok ? LN_EXIT_OK : LN_EXIT_FAILED;
    if (cli->json) {
        printf("{\"ok\":%s,\"routes\":%u,\"services\":%u,\"problems\":%s}\n",
               checked.ok ? "true" : "false", checked.routes, checked.services,
               checked.json.n > 0 ? checked.json.p : "[]");
    } else {
        put(stderr, &checked.text);
        if (checked.ok)
            printf("configuration ok: %u routes, %u services\n", checked.routes, checked.services);
        else
            fprintf(stderr, "%u error%s\n", checked.errors, checked.errors == 1 ? "" : "s");
    }
    ln_checked_fini(&checked);
    return rc;
}

/* ---- routes
 * ----------------------------------------------------------------------------------------------------
 */

/* Where a route was written, as seen from the folder of the configuration. */
static void print_place(const struct ln_conf *conf, const struct ln_route *r, struct ln_text *out)
{
    const char *file = r->place.file != NULL ? r->place.file : "";
    size_t n = strlen(conf->dir);

    if (n > 0 && strncmp(file, conf->dir, n) == 0 && file[n] == '/')
        file += n + 1;
    ln_text_printf(out, "%s:%u", file, r->place.line);
}

static void print_json(const struct ln_generation *g, const struct ln_route *r, struct ln_text *out)
{
    const struct {
        const char *key, *value;
    } pairs[] = {
        {"methods", r->methods},
        {"path", r->path},
        {"host", r->host},
        {"listener", r->listener},
        {"name", r->name},
        {"service", r->service >= 0 ? g->conf->services[r->service].name : NULL},
        {"file", r->place.file},
        {"chain", r->chain_text},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ln_text_printf(out, "%s\"%s\":", i > 0 ? "," : "{", pairs[i].key);
        if (pairs[i].value != NULL)
            ln_text_json(out, ln_slice_of(pairs[i].value));
        else
            ln_text_puts(out, "null");
    }
    ln_text_printf(out, ",\"line\":%u}", r->place.line);
}

static int widest(int old, size_t n, int bound)
{
    int now = n < (size_t)bound ? (int)n : bound;

    return now > old ? now : old;
}

static void print_table(const struct ln_generation *g, const struct ln_route *routes,
                        unsigned count, struct ln_text *out)
{
    struct ln_text *places = ln_alloc((count + 1) * sizeof *places);
    int methods = 3, paths = 4, files = 4;

    for (unsigned i = 0; i < count; i++) {
        ln_text_init(&places[i]);
        print_place(g->conf, &routes[i], &places[i]);
        methods = widest(methods, routes[i].methods != NULL ? strlen(routes[i].methods) : 3, 20);
        paths = widest(paths, strlen(routes[i].path), 48);
        files = widest(files, places[i].n, 40);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct ln_route *r = &routes[i];

        ln_text_printf(out, "%-*s %-*s %-*s [%s]", methods, r->methods != NULL ? r->methods : "ANY",
                       paths, r->path, files, places[i].p,
                       r->chain_text != NULL ? r->chain_text : "");
        if (r->host != NULL)
            ln_text_printf(out, " host %s", r->host);
        if (r->listener != NULL)
            ln_text_printf(out, " listener %s", r->listener);
        if (r->service >= 0)
            ln_text_printf(out, " -> %s", g->conf->services[r->service].name);
        ln_text_puts(out, "\n");
        ln_text_fini(&places[i]);
    }
    ln_free(places);
}

static void print_all(const struct ln_cli *cli, const struct ln_generation *g, struct ln_text *out)
{
    unsigned count;
    const struct ln_route *routes = ln_vm_routes(g->vm, &count);

    if (!cli->json) {
        print_table(g, routes, count, out);
        return;
    }
    ln_text_puts(out, "[");
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            ln_text_puts(out, ",");
        print_json(g, &routes[i], out);
    }
    ln_text_puts(out, "]\n");
}

/* "GET /path" or just "/path". */
static int explain(const struct ln_cli *cli, const struct ln_generation *g, struct ln_text *out)
{
    const char *space = strchr(cli->why, ' ');
    char *method =
        space != NULL ? ln_strndup(cli->why, (size_t)(space - cli->why)) : ln_strdup("GET");
    const char *url = space != NULL ? space + strspn(space, " ") : cli->why;
    struct ln_text story;
    const struct ln_route *r;

    ln_text_init(&story);
    r = ln_generation_explain(g, method, url, NULL, &story);
    if (cli->json) {
        ln_text_puts(out, "{\"route\":");
        if (r != NULL)
            print_json(g, r, out);
        else
            ln_text_puts(out, "null");
        ln_text_puts(out, ",\"story\":");
        ln_text_json(out, ln_slice(story.p, story.n));
        ln_text_puts(out, "}\n");
    } else {
        ln_text_add(out, story.p, story.n);
        if (r != NULL)
            print_table(g, r, 1, out);
        else
            ln_text_printf(out, "no route for %s %s\n", method, url);
    }
    ln_text_fini(&story);
    ln_free(method);
    return r != NULL ? LN_EXIT_OK : LN_EXIT_FAILED;
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

    if (g == NULL) {
        ln_diag_print(&diag, &out);
        put(stderr, &out);
    } else {
        rc = LN_EXIT_OK;
        if (cli->why != NULL)
            rc = explain(cli, g, &out);
        else
            print_all(cli, g, &out);
        put(stdout, &out);
        ln_generation_put(g);
    }
    ln_text_fini(&out);
    ln_diag_fini(&diag);
    ln_demand_fini(&demand);
    ln_bundle_free(bundle);
    return rc;
}
