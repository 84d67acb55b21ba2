/* SPDX-License-Identifier: Apache-2.0
 * rows_root.c - the file itself: gateway, routes, plugins, lua, reload, services, rateLimit.
 */
#include <errno.h>

#include "conf/row_type.h"
#include "conf/rows.h"
#include "conf/value.h"

#define AT(field) offsetof(struct ln_conf, field)

/* A routes file is read by Lua later; here only whether there is something to read. */
static void set_routes(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    struct ln_slice bytes;
    struct ln_err err;

    if (n->kind != LN_NODE_SCALAR || n->text.n == 0) {
        ln_row_refuse(r, row, n);
        return;
    }

    const char *path = ln_row_path(r, n->text);

    if (ln_bundle_is_dir(r->bundle, path) || ln_bundle_read(r->bundle, path, &bytes, &err) == 0)
        *(const char **)field = path;
    else
        ln_row_error(r, &n->place, "%s, expected a Lua file or a folder of them", err.text);
}

static void expect_routes(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a Lua file or a folder of them");
}

static const struct ln_row_type type_routes = {"path", set_routes, expect_routes};

static void set_folder(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                       void *field)
{
    if (n->kind != LN_NODE_SCALAR || n->text.n == 0) {
        ln_row_refuse(r, row, n);
        return;
    }

    const char *path = ln_row_path(r, n->text);

    if (!ln_bundle_is_dir(r->bundle, path))
        ln_row_warn(r, &n->place, "%s is not a folder, expected one with plugins", path);
    *(const char **)field = path;
}

static void expect_folder(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "a folder");
}

static const struct ln_row_type type_folder = {"path", set_folder, expect_folder};

static void add_plugin(struct ln_reader *r, const struct ln_row *row, const struct ln_node *item,
                       unsigned index, void *arg)
{
    const char **names = arg;

    if (item->kind == LN_NODE_SCALAR && ln_value_is_name(item->text))
        names[index] = ln_arena_dup(&r->conf->arena, item->text).p;
    else
        ln_row_refuse(r, row, item);
}

static void set_trusted(struct ln_reader *r, const struct ln_row *row, const struct ln_node *n,
                        void *field)
{
    const char **names =
        ln_arena_zalloc(&r->conf->arena, (ln_row_count(n) + 1) * sizeof(const char *));
    int count = ln_row_items(r, row, n, add_plugin, names);

    *(const char ***)field = names;
    r->conf->trusted_plugin_count = count > 0 ? (unsigned)count : 0;
}

static void expect_trusted(const struct ln_row *row, struct ln_text *out)
{
    (void)row;
    ln_text_puts(out, "the name of a plugin, or a list of them");
}

static const struct ln_row_type type_trusted = {"list of names", set_trusted, expect_trusted};

/* clang-format off */
static const struct ln_row plugin_rows[] = {
    {"dir", &type_folder, AT(plugins_dir), "=`plugins`, if there is such a folder", {0},
     "Folder of plugins, watched for changes; shipped plugins are found without being in it."},
    {"trusted", &type_trusted, AT(trusted_plugins), "[]", {0},
     "Plugins that may use `ffi`, `io` and `os`; all others run in the sandbox."},
    {"specs", &ln_type_switch, AT(plugin_specs), "off", {0},
     "Run the specs of the plugins in use before a reload takes them: spec/plugins/NAME_spec.lua or spec/NAME_spec.lua "
     "beside the folder. They run outside of the sandbox, for 10 s at most."},
    {0},
};
static const struct ln_block plugin_block = {.rows = plugin_rows};

static const struct ln_row lua_rows[] = {
    {"budget", &ln_type_duration, AT(lua.budget), "20ms", LN_RANGE(0, 60000),
     "CPU time that one handler may use before it is stopped; 0 = no bound."},
    {"memory", &ln_type_size, AT(lua.memory), "64m", LN_RANGE(1 << 20, (uint64_t)4 << 30),
     "Memory of one Lua state, of which each worker has one for each generation."},
    {"jit", &ln_type_switch, AT(lua.jit), "on", {0},
     "Compile hot Lua code to machine code."},
    {0},
};
static const struct ln_block lua_block = {.rows = lua_rows};

static const struct ln_row reload_rows[] = {
    {"watch", &ln_type_switch, AT(watch), "on", {0},
     "Reload by itself when this file, a route or a plugin is saved."},
    {0},
};
static const struct ln_block reload_block = {.rows = reload_rows};

static const struct ln_row rows[] = {
    {"gateway", &ln_type_block, AT(gateway), NULL, LN_BLOCK(ln_rows_gateway),
     "Where clients are accepted, and how they are treated."},
    {"routes", &type_routes, AT(routes), "=`routes.lua`, if there is such a file", {0},
     "Lua file with routes, or a folder of such files."},
    {"generatedRoutes", &ln_type_switch, AT(generated_routes), "on", {0},
     "Make a route for every service with a `path`, beside those of the routes file."},
    {"plugins", &ln_type_block, 0, NULL, LN_BLOCK(plugin_block),
     "Where plugins come from."},
    {"lua", &ln_type_block, 0, NULL, LN_BLOCK(lua_block),
     "Bounds for Lua."},
    {"reload", &ln_type_block, 0, NULL, LN_BLOCK(reload_block),
     "How a changed configuration becomes the running one."},
    {"services", &ln_rows_services_type, AT(services), "=none", LN_BLOCK(ln_rows_service),
     "What stands behind the gateway: named groups of instances."},
    {"rateLimit", &ln_rows_limit_type, AT(limit), "=no limit", LN_BLOCK(ln_rows_limit),
     "A limit before routing, for every request of listeners with `rateLimit: on`."},
    {"consumers", &ln_rows_consumers_type, 0, "=none", LN_BLOCK(ln_rows_consumer),
     "Who may call: a list, or `file:` with the path of a file that is such a list."},
    {0},
};
/* clang-format on */

/* Defaults that depend on what lies beside the file. A routes.lua that cannot be read is kept:
 * loading it says why. */
static void look_beside(struct ln_reader *r, const struct ln_node *map, void *base)
{
    struct ln_conf *conf = base;
    const struct ln_node *plugins = ln_node_get(map, "plugins");
    struct ln_slice bytes;
    struct ln_err err;

    if (ln_node_get(map, "routes") == NULL) {
        const char *path = ln_row_path(r, LN_SLICE("routes.lua"));

        if (ln_bundle_read(r->bundle, path, &bytes, &err) == 0 || err.sys != ENOENT)
            conf->routes = path;
    }
    if (ln_node_get(plugins, "dir") == NULL) {
        const char *path = ln_row_path(r, LN_SLICE("plugins"));

        if (ln_bundle_is_dir(r->bundle, path))
            conf->plugins_dir = path;
    }
}

const struct ln_block ln_rows_root = {.rows = rows, .check = look_beside};
