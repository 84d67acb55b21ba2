/* SPDX-License-Identifier: Apache-2.0
 * vm.h - one Lua state: the plugins, routes and chains of one generation in one worker.
 *
 * What happens to a request is one call per phase, and at most one resume of a coroutine each.
 * Errors of plugins never come back as errors: they become a verdict (500, or the plugin is
 * skipped) and a log line that names plugin, handler, route and line.
 */
#ifndef LN_SCRIPT_VM_H
#define LN_SCRIPT_VM_H

#include "conf/bundle.h"
#include "conf/conf.h"
#include "conf/diag.h"
#include "script/req.h"
#include "script/route.h"

struct ln_loop;
struct ln_shm;
struct ln_shm_slot;
struct ln_demand;
struct ln_passwords;
struct ln_redis_pool;
struct ln_meters;
struct ln_vm;

struct ln_vm_env {
    struct ln_loop *loop;     /* NULL while checking and in unit specs */
    struct ln_shm *shm;       /* NULL while checking */
    struct ln_shm_slot *slot; /* of this worker; NULL: there is none */
    unsigned worker;          /* the number of that slot */
    uint64_t number;          /* of the generation; 0: of none */
    struct ln_client *client; /* for requests of plugins; NULL while checking and in unit specs */
    struct ln_redis_pool *redis;    /* likewise */
    struct ln_passwords *passwords; /* likewise */
    struct ln_meters *meters;       /* likewise */
    struct ln_demand
        *demand; /* where zones that do not exist yet are asked for; NULL = they must exist */
};

struct ln_vm *ln_vm_new(const struct ln_vm_env *env);
void ln_vm_free(struct ln_vm *vm); /* runs the close handlers; nothing may be parked */

/* Loads routes and plugins, makes the generated routes, runs every init. Services declared in Lua
 * are added to conf (ln_conf_add_service). -1: errors are in diag. */
int ln_vm_load(struct ln_vm *vm, struct ln_conf *conf, struct ln_bundle *bundle,
               struct ln_diag *diag);

/* The generation is put to use: timers count from now on. It is replaced: they end at once. */
void ln_vm_start(struct ln_vm *vm);
void ln_vm_retire(struct ln_vm *vm);

/* Who may call, and in which order identities count; before ln_vm_load(). Both borrowed, and may be
 * NULL. */
struct ln_consumers;
void ln_vm_know(struct ln_vm *vm, struct ln_consumers *consumers,
                const struct ln_identity_conf *identity);

/* What plugins reach besides their request, from now on: the services of the generation, and the
 * header that carries the request id ("" = none). All borrowed. */
struct ln_services;
void ln_vm_serve(struct ln_vm *vm, struct ln_services *services, const char *id_header);

/* Names of header fields that plugins have reserved for themselves; of the state's arena. */
const char *const *ln_vm_reserved(const struct ln_vm *vm, unsigned *count);

/* Something has become of an instance: functions of plugins that have asked for that run soon,
 * while the generation is in use. And what the one before has not come to. */
struct ln_news;
void ln_vm_tell(struct ln_vm *vm, const struct ln_news *news);
void ln_vm_inherit(struct ln_vm *vm, struct ln_vm *from);

const struct ln_route *ln_vm_routes(const struct ln_vm *vm, unsigned *count);

/* Asks a condition of the kind FUNCTION: 1 it holds, 0 it does not, -1 it raised, which the log was
 * told. The request cannot be changed meanwhile, and nothing that the function keeps in it stays.
 */
int ln_vm_when(struct ln_vm *vm, struct ln_req *r, const struct ln_condition *c);

enum ln_run { LN_RUN_DONE, LN_RUN_WAIT };

/* The request handlers of r->route, top-down. DONE: r->verdict holds. WAIT: r->on_done will be
 * called. */
enum ln_run ln_vm_request(struct ln_vm *vm, struct ln_req *r);

/* The balance handlers of r->route, top-down, until one has answered: up->chosen, up->has_key, or
 * up->failed when one raised and on_error says so. They cannot wait. */
struct ln_up;
void ln_vm_balance(struct ln_vm *vm, struct ln_req *r, struct ln_up *up);

/* Applies queued edits and runs the response handlers bottom-up over r->res_fields and r->status. A
 * handler may replace the response: verdict REPLY. Call it for every response, whoever made it; it
 * is cheap when there is nothing to do. */
enum ln_run ln_vm_response(struct ln_vm *vm, struct ln_req *r);

/* The content that the parked request handler has asked for is in r->body (or body_state tells why
 * not): goes on with the handlers. */
enum ln_run ln_vm_body_ready(struct ln_vm *vm, struct ln_req *r);

/* Does any body handler want this response's content? Known when the response handlers have run. */
bool ln_vm_wants_body(const struct ln_req *r);

/* One piece of the response's content, r->chunk, through the body handlers, bottom-up; they edit it
 * in place. DONE with r->failed: a plugin raised, and the response must be cut off. */
enum ln_run ln_vm_body(struct ln_vm *vm, struct ln_req *r);

/* The log handlers, after the last byte. The record must stay until on_done when this returns WAIT.
 */
enum ln_run ln_vm_log(struct ln_vm *vm, struct ln_req *r);

/* The client went away or a deadline passed: what is parked for r is dropped, on_done will not be
 * called. */
void ln_vm_cancel(struct ln_vm *vm, struct ln_req *r);

/* The request has ended: Lua forgets it, handles die (serial changes). */
void ln_vm_forget(struct ln_vm *vm, struct ln_req *r);

/* Bytes of the state's heap, for the admin and tests. */
size_t ln_vm_memory(const struct ln_vm *vm);

#endif
