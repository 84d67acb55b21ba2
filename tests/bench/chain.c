/* SPDX-License-Identifier: Apache-2.0
 * chain.c - what the chain of client-id, rate-limit and headers costs by itself: compiled,
 * interpreted, and written in C on the same functions; and the longest single pass, which is where
 * a pause of the collector would show.
 *
 *   bench_chain [REQUESTS]     CPU nanoseconds a request, by number of clients
 */
#include <time.h>

#include "script/world.h"

#include "base/map.h"
#include "net/digest.h"

enum { REQUESTS = 1000000, WARM = 300000, CLIENTS_MAX = 100000 };

static const char routes[] =
    "local s = service \"s\" { instances = { \"http://127.0.0.1:9\" } }\n"
    "any \"/*\" { to = s,\n"
    "  use \"client-id\" { from = { \"header:X-Api-Key\" } },\n"
    "  use \"rate-limit\" { rate = \"1000000/s\", burst = 1000000, headers = false },\n"
    "  use \"headers\" { request = { remove = { \"X-Debug\", \"X-Internal\" } }, client_id = "
    "\"X-Client-Id\",\n"
    "    response = { set = { [\"X-Gateway\"] = \"bench\" } } } }\n";

/* The limit by itself, with a key from a header and its own headers. */
static const char alone[] = "local s = service \"s\" { instances = { \"http://127.0.0.1:9\" } }\n"
                            "any \"/*\" { to = s, use \"rate-limit\" { by = \"header:X-Api-Key\",\n"
                            "  rate = \"1000000/s\", burst = 1000000 } }\n";

static const char *const sent[][2] = {
    {"Host", "example.com"},    {"User-Agent", "bench/1.0"},
    {"Accept", "*/*"},          {"Accept-Encoding", "gzip"},
    {"Accept-Language", "en"},  {"Cache-Control", "no-cache"},
    {"Referer", "http://a/"},   {"Cookie", "session=abc; theme=dark"},
    {"X-Forwarded-For", "::1"}, {"X-Debug", "1"},
    {"X-Internal", "secret"},
};
static const char *const answered[][2] = {
    {"Server", "bench"},
    {"Date", "today"},
    {"Content-Type", "text/plain"},
    {"Content-Length", "2"},
};

static char keys[CLIENTS_MAX][16];
static struct visit visit;

static void push(struct ln_fields *f, const char *name, const char *value)
{
    ln_fields_push(f, ln_field_identify(name, strlen(name)), ln_slice_of(name), ln_slice_of(value));
}

/* A request as the exchange hands it over; the arena is emptied, not freed, as for a recycled one.
 */
static void begin(struct ln_vm *vm, unsigned client)
{
    struct visit *v = &visit;

    ln_vm_forget(vm, &v->r);
    v->fields.count = v->upstream.count = 0;
    v->r.client_id = v->r.ip;
    v->r.res_fields = NULL;
    v->r.edits = NULL;
    v->r.edits_tail = NULL;
    v->r.verdict = LN_VERDICT_CONTINUE;
    for (size_t i = 0; i < LN_ARRAY_LEN(sent); i++)
        push(&v->fields, sent[i][0], sent[i][1]);
    push(&v->fields, "X-Api-Key", keys[client]);
    for (size_t i = 0; i < LN_ARRAY_LEN(answered); i++)
        push(&v->upstream, answered[i][0], answered[i][1]);
}

static void give_response(void)
{
    visit.r.res_fields = &visit.upstream;
    visit.r.status = 200;
}

static void run_lua(struct world *w)
{
    ln_vm_request(w->vm, &visit.r);
    give_response();
    ln_vm_response(w->vm, &visit.r);
}

/* The same work without Lua. */
static struct {
    struct ln_map hashes;
    struct ln_digest *digest;
    struct ln_edits *request, *response;
    struct ln_limiter limiter;
    char (*texts)[33];
    unsigned count;
} native;

static struct ln_slice identity_of(struct ln_slice key)
{
    static const char digits[] = "0123456789abcdef";
    char *known = ln_map_get(&native.hashes, key);
    unsigned char raw[32];

    if (known == NULL) {
        known = native.texts[native.count++];
        ln_digest_sha256(native.digest, key.p, key.n, raw);
        for (unsigned i = 0; i < 32; i++)
            known[i] = digits[raw[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
        ln_map_put(&native.hashes, key, known);
    }
    return ln_slice(known, 32);
}

static void run_c(struct world *w)
{
    const struct ln_handle req = {&visit.r, 1, LN_SIDE_REQUEST},
                           res = {&visit.r, 1, LN_SIDE_RESPONSE};
    struct ln_taken taken;
    struct ln_str key;

    (void)w;
    visit.r.serial = 1;
    ln_headers_get(&req, "X-Api-Key", 9, &key);
    struct ln_slice id = identity_of(ln_slice(key.ptr, key.len));
    ln_req_set_text(&req, LN_REQ_CLIENT_ID, id.p, id.n);
    ln_limiter_take_key(&native.limiter, id.p, id.n, 1, LN_TAKE, &taken);
    ln_edits_apply(native.request, &req);
    ln_headers_set(&req, "X-Client-Id", 11, id.p, id.n);
    give_response();
    ln_edits_apply(native.response, &res);
}

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void nothing(struct world *w)
{
    (void)w;
}

static void pass_one(struct world *w, void (*pass)(struct world *), unsigned client)
{
    begin(w->vm, client);
    pass(w);
    ln_arena_reset(&visit.arena);
    visit.fields.v = visit.upstream.v = NULL;
    visit.fields.cap = visit.upstream.cap = 0;
}

/* CPU nanoseconds a request. */
static double measure(struct world *w, void (*pass)(struct world *), unsigned clients,
                      unsigned requests)
{
    double start = 0;

    for (unsigned i = 0; i < WARM + requests; i++) {
        if (i == WARM)
            start = cpu_now();
        pass_one(w, pass, i * 7919u % clients);
    }
    return (cpu_now() - start) / requests;
}

/* Of all passes, in CPU nanoseconds: asking for those takes a system call, so it is not done while
 * the others are counted. */
static double longest(struct world *w, void (*pass)(struct world *), unsigned clients,
                      unsigned requests)
{
    double most = 0;

    for (unsigned i = 0; i < requests; i++) {
        double before = cpu_now();

        pass_one(w, pass, i * 7919u % clients);
        double took = cpu_now() - before;
        most = took > most ? took : most;
    }
    return most;
}

static void open_world(struct world *w, const char *file, bool jit)
{
    struct ln_vm_env env = {.demand = &w->demand};
    struct ln_err err;

    world_init(w);
    world_file(w, "routes.lua", file);
    w->conf->routes = ln_arena_printf(&w->conf->arena, "%s/routes.lua", w->dir).p;
    w->conf->lua.jit = jit;
    w->vm = ln_vm_new(&env);
    world_loads(w);
    ln_vm_free(w->vm);
    w->shm = ln_shm_new(1, &err);
    assert_non_null(w->shm);
    assert_int_equal(ln_shm_satisfy(w->shm, &w->demand, &err), 0);
    w->conf->service_count = 0;
    env = (struct ln_vm_env){.shm = w->shm};
    w->vm = ln_vm_new(&env);
    world_loads(w);
    visit_init(&visit, w, 0);
    ln_fields_init(&visit.upstream, &visit.arena);
}

static void close_world(struct world *w)
{
    visit_fini(&visit, w);
    world_fini(w);
}

static void open_native(struct world *w)
{
    assert_non_null(w->vm->limiters);
    native.limiter = *w->vm->limiters;
    native.digest = ln_digest_new();
    native.texts = ln_zalloc(CLIENTS_MAX * sizeof *native.texts);
    ln_map_init(&native.hashes);
    native.request = ln_edits_new();
    native.response = ln_edits_new();
    ln_edits_push(native.request, LN_EDIT_REMOVE, "X-Debug", 7, "", 0);
    ln_edits_push(native.request, LN_EDIT_REMOVE, "X-Internal", 10, "", 0);
    ln_edits_push(native.response, LN_EDIT_SET, "X-Gateway", 9, "bench", 5);
}

static void compare(const char *file, bool jit, const char *name, void (*pass)(struct world *),
                    unsigned requests)
{
    static const unsigned clients[] = {16, 1000, CLIENTS_MAX};
    struct world w;

    open_world(&w, file, jit);
    if (pass == run_c)
        open_native(&w);
    for (size_t i = 0; i < LN_ARRAY_LEN(clients); i++) {
        double idle = measure(&w, nothing, clients[i], requests);
        double all = measure(&w, pass, clients[i], requests);

        printf("%-12s %7u clients  %6.0f ns a request, longest pass %5.0f us\n", name, clients[i],
               all - idle, longest(&w, pass, clients[i], requests) / 1e3);
    }
    close_world(&w);
}

int main(int argc, char **argv)
{
    unsigned requests = argc > 1 ? (unsigned)atoi(argv[1]) : REQUESTS;

    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        snprintf(keys[i], sizeof keys[i], "client-%u", i);
    compare(routes, true, "C", run_c, requests);
    compare(routes, true, "compiled", run_lua, requests);
    compare(routes, false, "interpreted", run_lua, requests / 10 > 0 ? requests / 10 : 1);
    compare(alone, true, "rate-limit", run_lua, requests);
    return 0;
}
