/* SPDX-License-Identifier: Apache-2.0
 * stores.h - what Lua holds of shared memory: limiters, bandwidths, counters, dictionaries,
 * metrics. Private to this layer.
 *
 * A handle is made when a plugin opens a zone and lives as long as its state. While a configuration
 * is checked there are no zones: then every handle is empty, everybody passes, and what is stored
 * is forgotten.
 */
#ifndef LN_SCRIPT_STORES_H
#define LN_SCRIPT_STORES_H

#include <lua.h>

#include "limit/pace.h"
#include "script/vm_inner.h"
#include "shm/counters.h"
#include "shm/dict.h"
#include "shm/metric.h"
#include "shm/permits.h"

struct ln_store_counters {
    struct ln_vm *vm;
    bool is_open;
    struct ln_counters counters;
};

struct ln_store_dict {
    struct ln_vm *vm;
    bool is_open;
    struct ln_dict dict;
    struct ln_store_dict *next;
};

struct ln_store_permits {
    struct ln_vm *vm;
    bool is_open;
    struct ln_permits permits;
    struct ln_store_permits *next;
};

struct ln_bandwidth {
    struct ln_vm *vm;
    bool is_open;
    struct ln_limiter_zone zone;
};

struct ln_metric_handle {
    struct ln_vm *vm;
    bool is_open;
    struct ln_metric metric;
    struct ln_metric_about about;
};

/* Limits that differ count apart in one zone, and in one that was made before a reload. */
uint64_t ln_limiter_salt(const struct ln_vm *vm, const struct ln_limit *limit);

/* Adds limiter, counters, dict, metric and metrics to the table on top of the stack,
 * `lunette.host`. */
void ln_stores_push(struct ln_vm *vm);

/* Empties the zones that were asked for. Limiters are not among them: their entries are told apart
 * by the epoch. For specs. */
void ln_stores_clear(struct ln_vm *vm);

/* Gives back what handles own. */
void ln_stores_free(struct ln_vm *vm);

#endif
