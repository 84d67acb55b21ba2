/* SPDX-License-Identifier: Apache-2.0
 * load.c - from a file to a typed configuration, and services that Lua adds to one.
 */
#include "base/mem.h"
#include "conf/rows.h"
#include "conf/value.h"
#include "conf/yaml.h"

static const char *folder_of(struct ln_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    return slash == path ? "/" : ln_arena_dup(a, ln_slice(path, (size_t)(slash - path))).p;
}

static struct ln_conf *new_conf(const char *path)
{
    struct ln_conf *conf = ln_zalloc(sizeof *conf);

    ln_arena_init(&conf->arena, NULL);
    conf->file = ln_arena_strdup(&conf->arena, path);
    conf->dir = folder_of(&conf->arena, conf->file);
    return conf;
}

void ln_conf_free(struct ln_conf *conf)
{
    if (conf == NULL)
        return;
    ln_arena_reset(&conf->arena);
    ln_free(conf);
}

static void read_root(struct ln_conf *conf, struct ln_bundle *bundle, const struct ln_node *root,
                      struct ln_diag *diag)
{
    struct ln_reader r = {
        .conf = conf, .bundle = bundle, .diag = diag, .place = {conf->file, 1, 1}};

    if (root->kind == LN_NODE_MAP)
        ln_row_read(&r, &ln_rows_root, root, conf);
    else
        ln_diag_error(diag, &root->place, "not a configuration, expected gateway: and services:");
}

/* Nameless services are errors already; nobody else need look at them. */
static void drop_nameless(struct ln_conf *conf)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < conf->service_count; i++)
        if (conf->services[i].name != NULL)
            conf->services[kept++] = conf->services[i];
    conf->service_count = kept;
}

struct ln_conf *ln_conf_load_anyway(struct ln_bundle *bundle, const char *path,
                                    struct ln_diag *diag)
{
    struct ln_conf *conf = new_conf(path);
    unsigned first = diag->count;
    struct ln_node *root = NULL;
    struct ln_slice text;
    struct ln_err err;

    if (ln_bundle_read(bundle, path, &text, &err) != 0)
        ln_diag_error(diag, NULL, "%s", err.text);
    else
        root = ln_yaml_parse(&conf->arena, bundle, conf->file, text, diag);
    if (root != NULL)
        read_root(conf, bundle, root, diag);
    ln_diag_sort(diag, first);
    drop_nameless(conf);
    return conf;
}

struct ln_conf *ln_conf_load(struct ln_bundle *bundle, const char *path, struct ln_diag *diag)
{
    unsigned errors = diag->errors;
    struct ln_conf *conf = ln_conf_load_anyway(bundle, path, diag);

    if (diag->errors == errors)
        return conf;
    ln_conf_free(conf);
    return NULL;
}

/* The array has as many slots as ln_rows_service_slots() says for its length: it is full at a power
 * of two. */
static struct ln_service_conf *grow_services(struct ln_conf *conf)
{
    unsigned slots = ln_rows_service_slots(conf->service_count);

    if (conf->services == NULL || slots == conf->service_count) {
        struct ln_service_conf *all = ln_arena_zalloc(
            &conf->arena, ln_rows_service_slots(conf->service_count + 1) * sizeof *all);

        if (conf->service_count > 0)
            memcpy(all, conf->services, conf->service_count * sizeof *all);
        conf->services = all;
    }
    return &conf->services[conf->service_count];
}

static const struct ln_service_conf *find_path(const struct ln_conf *conf, const char *path)
{
    for (unsigned i = 0; path != NULL && i < conf->service_count; i++)
        if (conf->services[i].path != NULL && strcmp(conf->services[i].path, path) == 0)
            return &conf->services[i];
    return NULL;
}

static void refuse_twin(struct ln_reader *r, const struct ln_service_conf *s,
                        const struct ln_service_conf *twin, const char *what)
{
    if (twin == NULL)
        return;
    ln_row_error(r, &s->place, "there is a service with this %s already, at %s:%u", what,
                 twin->place.file, twin->place.line);
}

struct ln_service_conf *ln_conf_add_service(struct ln_conf *conf, struct ln_bundle *bundle,
                                            const char *name, const struct ln_node *node,
                                            struct ln_diag *diag)
{
    struct ln_slice title = ln_arena_printf(&conf->arena, "service \"%s\"", name);
    struct ln_trail trail = {.name = title.p};
    struct ln_reader r = {conf, bundle, diag, &trail, node->place};
    struct ln_service_conf *s = grow_services(conf);
    unsigned errors = diag->errors;

    *s =
        (struct ln_service_conf){.name = ln_arena_strdup(&conf->arena, name), .place = node->place};
    if (!ln_value_is_name(ln_slice_of(name)))
        ln_row_error(&r, &node->place,
                     "not a name, expected letters, digits, \"-\", \"_\" and \".\"");
    ln_row_read(&r, &ln_rows_declared, node, s);
    refuse_twin(&r, s, ln_conf_find_service(conf, ln_slice_of(name)), "name");
    refuse_twin(&r, s, find_path(conf, s->path), "path");
    if (diag->errors != errors)
        return NULL;
    conf->service_count++;
    return s;
}

struct ln_conf *ln_conf_of_consumers(struct ln_bundle *bundle, const struct ln_node *list,
                                     struct ln_diag *diag)
{
    struct ln_conf *conf = new_conf("consumers");
    struct ln_trail trail = {.name = "consumers"};
    struct ln_reader r = {conf, bundle, diag, &trail, list->place};
    const struct ln_row row = {"consumers", &ln_rows_consumers_type,      0,
                               NULL,        {.block = &ln_rows_consumer}, NULL};
    unsigned errors = diag->errors;

    row.type->set(&r, &row, list, conf);
    if (diag->errors == errors)
        return conf;
    ln_conf_free(conf);
    return NULL;
}

struct ln_service_conf *ln_conf_find_service(const struct ln_conf *conf, struct ln_slice name)
{
    for (unsigned i = 0; i < conf->service_count; i++)
        if (ln_slice_eq(ln_slice_of(conf->services[i].name), name))
            return &conf->services[i];
    return NULL;
}
