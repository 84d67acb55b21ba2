/* SPDX-License-Identifier: Apache-2.0
 * world.h - a folder of Lua files, a configuration made by hand, a state, and requests to run
 * through it.
 */
#ifndef LN_TEST_SCRIPT_WORLD_H
#define LN_TEST_SCRIPT_WORLD_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/diag.h"
#include "conf/node.h"
#include "net/loop.h"
#include "script/vm.h"
#include "script/vm_inner.h"
#include "shm/region.h"
#include "unit.h"

struct world {
    char dir[64];
    struct ln_bundle *bundle;
    struct ln_conf *conf;
    struct ln_diag diag;
    struct ln_vm *vm;
    struct ln_loop *loop;
    struct ln_shm *shm;
    struct ln_redis_pool *redis; /* borrowed; NULL = none */
    struct ln_demand demand;
    char *report;    /* what the diagnostics say */
    char said[8192]; /* what was logged */
};

static inline void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    strcpy(w->dir, "/tmp/lunette-unit-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->bundle = ln_bundle_record();
    w->conf = ln_zalloc(sizeof *w->conf);
    ln_arena_init(&w->conf->arena, NULL);
    w->conf->file = "gateway.yaml";
    w->conf->dir = w->dir;
    w->conf->lua.jit = true;
    w->conf->plugins_dir = ln_arena_printf(&w->conf->arena, "%s/plugins", w->dir).p;
    ln_diag_init(&w->diag);
    ln_demand_init(&w->demand);
}

/* Writes a file into the folder; folders in its name are made. */
static inline void world_file(struct world *w, const char *name, const char *text)
{
    char path[256], *slash;

    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    for (slash = strchr(path + strlen(w->dir) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static inline void world_services(struct world *w, const char *name, const char *path)
{
    unsigned n = w->conf->service_count++;
    struct ln_service_conf *all =
        ln_arena_zalloc(&w->conf->arena, (n + 16) * sizeof *all); /* room, as conf/load.c leaves */

    if (n > 0)
        memcpy(all, w->conf->services, n * sizeof *all);
    all[n] = (struct ln_service_conf){
        .name = name, .path = path, .strip_path = true, .place = {"gateway.yaml", n + 1, 1}};
    w->conf->services = all;
}

static inline void world_say(void *arg, enum ln_log_level level, struct ln_slice text,
                             struct ln_slice fields)
{
    struct world *w = arg;
    size_t n = strlen(w->said);

    snprintf(w->said + n, sizeof w->said - n, "%s: %.*s %.*s\n", ln_log_level_name(level),
             (int)text.n, text.p, (int)fields.n, fields.p);
}

/* 0 or -1; what went wrong is in w->report. */
static inline int world_load(struct world *w)
{
    struct ln_text text;

    if (w->vm == NULL) {
        struct ln_vm_env env = {
            .loop = w->loop, .shm = w->shm, .redis = w->redis, .demand = &w->demand};
        w->vm = ln_vm_new(&env);
        w->vm->on_say = world_say;
        w->vm->on_say_arg = w;
    }
    int rc = ln_vm_load(w->vm, w->conf, w->bundle, &w->diag);
    ln_text_init(&text);
    ln_diag_print(&w->diag, &text);
    w->report = ln_strdup(text.p != NULL ? text.p : "");
    ln_text_fini(&text);
    return rc;
}

static inline void world_loads(struct world *w)
{
    if (world_load(w) != 0)
        fail_msg("%s", w->report);
}

/* Routes from a text, with w->dir cut out of what is reported. */
static inline int world_routes(struct world *w, const char *text)
{
    world_file(w, "routes.lua", text);
    w->conf->routes = ln_arena_printf(&w->conf->arena, "%s/routes.lua", w->dir).p;
    return world_load(w);
}

static inline const char *world_report(struct world *w)
{
    size_t n = strlen(w->dir) + 1;
    char prefix[80], *at;

    snprintf(prefix, sizeof prefix, "%s/", w->dir);
    while ((at = strstr(w->report, prefix)) != NULL)
        memmove(at, at + n, strlen(at + n) + 1);
    return w->report;
}

static inline int world_unlink(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void world_fini(struct world *w)
{
    if (w->vm != NULL)
        ln_vm_free(w->vm);
    ln_free(w->report);
    ln_diag_fini(&w->diag);
    ln_demand_fini(&w->demand);
    ln_arena_reset(&w->conf->arena);
    ln_free(w->conf);
    ln_bundle_free(w->bundle);
    if (w->loop != NULL)
        ln_loop_free(w->loop);
    if (w->shm != NULL)
        ln_shm_free(w->shm);
    nftw(w->dir, world_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- requests ---- */

struct visit {
    struct ln_req r; /* first: on_done finds the visit */
    struct ln_arena arena;
    struct ln_fields fields, upstream;
    unsigned done;
    struct ln_loop *loop;
};

static inline void visit_done(struct ln_req *r)
{
    struct visit *v = (struct visit *)r;

    v->done++;
    ln_loop_stop(v->loop);
}

static inline void visit_init(struct visit *v, struct world *w, unsigned route)
{
    unsigned count;
    const struct ln_route *routes = ln_vm_routes(w->vm, &count);

    memset(v, 0, sizeof *v);
    ln_arena_init(&v->arena, NULL);
    ln_fields_init(&v->fields, &v->arena);
    ln_fields_init(&v->r.reply_fields, &v->arena);
    v->loop = w->loop;
    v->r.magic = LN_REQ_MAGIC;
    v->r.arena = &v->arena;
    v->r.method = LN_SLICE("GET");
    v->r.path = LN_SLICE("/");
    v->r.host = LN_SLICE("example.com");
    v->r.scheme = LN_SLICE("http");
    v->r.id = LN_SLICE("req-1");
    v->r.listener = LN_SLICE("main");
    v->r.ip = v->r.client_id = LN_SLICE("10.0.0.1");
    v->r.peer = LN_SLICE("10.0.0.9");
    v->r.peer_port = 1234;
    v->r.port = 8080;
    v->r.minor = 1;
    v->r.fields = &v->fields;
    v->r.started = ln_clock_mono();
    v->r.started_wall = ln_clock_wall();
    v->r.on_done = visit_done;
    if (route < count) {
        v->r.route = &routes[route];
        v->r.service = routes[route].service;
    }
}

/* What an upstream answered, or the early answer. */
static inline void visit_answer(struct visit *v)
{
    if (v->r.verdict == LN_VERDICT_REPLY) {
        v->r.res_fields = &v->r.reply_fields;
        v->r.status = v->r.reply_status;
        v->r.origin = LN_ORIGIN_PLUGIN;
        return;
    }
    ln_fields_init(&v->upstream, &v->arena);
    v->r.res_fields = &v->upstream;
    v->r.status = 200;
    v->r.origin = LN_ORIGIN_UPSTREAM;
}

static inline void visit_fini(struct visit *v, struct world *w)
{
    ln_vm_cancel(w->vm, &v->r);
    ln_vm_forget(w->vm, &v->r);
    ln_arena_reset(&v->arena);
}

static inline const char *visit_header(struct visit *v, const struct ln_fields *f, const char *name)
{
    const struct ln_field *x = ln_fields_get(f, ln_slice_of(name));

    return x != NULL ? ln_arena_dup(&v->arena, ln_field_value(x)).p : NULL;
}

#endif
