/* SPDX-License-Identifier: Apache-2.0
 * vm_inner.h - the state as the files of this layer see it. Nobody else includes this.
 *
 * vm.c     makes and frees the state        load.c  turns configuration into routes and chains
 * task.c   runs and parks coroutines        host.c  what Lua calls while it loads
 * when.c   asks conditions of routes        take.c  conditions and splits out of Lua's tables
 */
#ifndef LN_SCRIPT_VM_INNER_H
#define LN_SCRIPT_VM_INNER_H

#include <lauxlib.h>
#include <lua.h>

#include "auth/consumers.h"
#include "base/list.h"
#include "base/log.h"
#include "base/text.h"
#include "script/task.h"
#include "script/uses.h"
#include "script/vm.h"
#include "shm/windows.h"

/* The handlers of one route, as registry references; 0 = the chain has none. */
struct ln_chain {
    int run[LN_PHASE_LOG + 1]; /* by phase */
    int selfs;
    uint64_t bodies; /* see ln_route */
    unsigned short
        cold[LN_PHASE_LOG + 1]; /* by phase: entries to come before it is compiled; 0 = done */
    unsigned *uses;             /* indices into vm->uses, in the order of the chain */
    unsigned use_count;
    bool has_budgets;               /* a use of it has one of its own */
    uint64_t out[LN_PHASE_LOG + 1]; /* by phase, bit n: plugin n, from 1, is in quarantine */
    uint64_t runs[LN_PHASE_LOG + 1];
    int64_t held; /* bytes that its runs have left on the heap, about */
};

struct ln_digest;
struct ln_events;
struct ln_coder;
struct ln_jsondoc;

enum { LN_VM_CODERS = 16 }; /* idle ones that are kept for the next response */
struct ln_quarantine;

struct ln_limiter {
    struct ln_vm *vm;
    bool is_open; /* not while checking */
    struct ln_limit_window window;
    struct ln_limiter *next;
};

struct ln_vm {
    struct ln_cur cur;
    struct ln_vm_env env;
    lua_State *L;
    const char *library; /* the shared object that holds this code; NULL: the executable does */
    bool adopted;        /* the state belongs to somebody else (specs inside busted) */
    lua_Alloc alloc;     /* LuaJIT's own */
    void *alloc_arg;
    size_t used, cap; /* bytes; cap 0 = none */
    bool crowded; /* most of it was alive when room was made last: what a request held may go with
                     it */
    bool capped; /* plugins run: only then the cap holds, because our own calls are not protected */
    struct ln_arena arena; /* routes and chains */
    struct ln_route *routes;
    struct ln_chain *chains; /* by ln_route.chain - 1 */
    unsigned route_count, chain_count;
    unsigned chain_cap;
    struct ln_split *splits; /* owned; their texts and numbers are in the arena */
    unsigned split_count;
    unsigned asked_count; /* functions among the conditions of routes */
    uint64_t epoch;       /* of a spec: limits of another one count apart */
    int live;             /* reference of the table of slots */
    int begun;            /* slots ever used */
    int *free_slots;      /* a stack */
    unsigned free_count, free_cap;
    uint32_t serial;
    unsigned forgotten;     /* requests, for looking at the heap now and then */
    size_t low;             /* the smallest heap seen since the last look: about what is alive */
    ln_msec budget;         /* CPU time of one entry; 0 = unlimited */
    bool guarded;           /* script/guard.h has been told */
    bool compiles;          /* the JIT is on */
    int failed, rest, heat; /* references of functions of lunette.chain */
    int ask, ask_failed;    /* of lunette.when */
    struct ln_task *idle, *running;
    struct ln_list parked, ready; /* ln_task.node */
    struct ln_timer ready_timer;
    struct ln_list jobs; /* ln_job.node */
    unsigned job_count;
    bool jobs_on;             /* the generation is in use: its timers count, and events are told */
    int job_run, job_failed;  /* references of functions of lunette.timer */
    struct ln_events *events; /* script/event.h; NULL: nobody has asked */
    int event_run, event_failed;             /* references of functions of lunette.events */
    int strands;                             /* functions of parallel() that are under way */
    struct ln_consumers *consumers;          /* borrowed; NULL: nobody knows any */
    const struct ln_identity_conf *identity; /* borrowed; NULL in specs */
    const char **reserved;                   /* header fields that only plugins set: see client.h */
    unsigned reserved_count;
    struct ln_limiter *limiters;
    struct ln_store_dict *dicts; /* script/stores.h */
    struct ln_store_permits *permits;
    struct ln_redis_use *redis;  /* by next */
    struct ln_meter_use *meters; /* likewise */
    struct ln_use *uses;         /* every use of a plugin once: see uses.h */
    unsigned use_count, use_cap;
    struct ln_quarantine *quarantine; /* shared; NULL: nobody is put out */
    uint64_t changes;                 /* of it, seen */
    bool stopped;                     /* the last entry was: it was over its budget */
    bool loading;
    size_t high;                  /* bytes above which there is a full collection after an entry */
    size_t grown;                 /* bytes that the last entry has put on the heap */
    struct ln_services *services; /* borrowed; NULL until there are some */
    struct ln_slice id_header;    /* which carries the request id; n 0 = none */
    struct ln_digest *digest;     /* made when first needed */
    unsigned keys;                /* public keys that are alive */
    struct ln_text escaped;       /* where texts are escaped */
    struct ln_jsondoc *doc;       /* made when first needed */
    struct ln_coder *coders[LN_VM_CODERS]; /* idle ones */
    unsigned coder_count;
    /* Set during a load only. */
    struct ln_conf *conf;
    struct ln_bundle *bundle;
    struct ln_diag *diag;
    /* Specs listen to what is said. NULL: the log. */
    void (*on_say)(void *arg, enum ln_log_level level, struct ln_slice text,
                   struct ln_slice fields);
    void *on_say_arg;
};

/* vm.c */
void ln_vm_say(struct ln_vm *vm, enum ln_log_level level, struct ln_slice text,
               struct ln_slice fields);
/* A run has left the heap nearly full: what is garbage goes, or the next one, however small, would
 * find no memory. */
void ln_vm_make_room(struct ln_vm *vm);
/* How much garbage may gather, from how many bytes are alive. */
void ln_vm_tune(struct ln_vm *vm, size_t alive);
/* Makes the lunette modules of the state loadable; then, runs lunette.boot and keeps what C needs
 * of it. Both raise. */
void ln_vm_preload(struct ln_vm *vm);
void ln_vm_boot(struct ln_vm *vm);
/* Takes a state that exists, for specs; it is not closed by ln_vm_free(). */
struct ln_vm *ln_vm_adopt(lua_State *L, const struct ln_vm_env *env);
void ln_vm_open(struct ln_vm *vm, const struct ln_lua_conf *conf);

/* take.c: what a table of lunette.routes says, from the top of the stack, which stays. */
void ln_take_conditions(struct ln_vm *vm, struct ln_route *route);
void ln_conditions_forget(struct ln_vm *vm); /* of all routes */
void ln_take_splits(struct ln_vm *vm);
void ln_splits_forget(struct ln_vm *vm);
const char *ln_take_text(struct ln_vm *vm, const char *key); /* of the arena; NULL: there is none */

enum { LN_STRANDS_MAX = 32768 };
/* parallel.c: starts the functions in the list at 1 and pushes LN_WAIT, or why not. The list is
 * where their results will be. */
int ln_parallel_start(lua_State *L, struct ln_vm *vm);

/* host.c: pushes the table that `require "lunette.host"` gives. */
void ln_host_push(struct ln_vm *vm);
/* api_redis.c: NULL with a sentence when the URL is wrong; lives as long as the state. */
struct ln_redis_use *ln_redis_use_new(struct ln_vm *vm, struct ln_slice url, struct ln_err *err);
void ln_redis_uses_free(struct ln_vm *vm);
void ln_meter_uses_free(struct ln_vm *vm); /* api_meter.c */

/* json.c: pushes the table that is `lunette.json`. */
int ln_json_open(lua_State *L);

/* load.c: what lunette.boot and lunette.chain have made is on top of the stack and stays. */
void ln_chain_take(struct ln_vm *vm); /* { request, response, log, selfs } becomes the next chain */
void ln_routes_take(struct ln_vm *vm); /* { routes, chains }, in place of those before */
void ln_chains_forget(struct ln_vm *vm);

#endif
