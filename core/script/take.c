/* SPDX-License-Identifier: Apache-2.0
 * take.c - conditions and splits, from the tables that lunette.routes has made to what C evaluates.
 *
 * The tables are ours and have been judged in Lua: what is not as expected is a mistake of this
 * program's, and the load ends with it.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "script/vm_inner.h"
#include "shm/region.h"

const char *ln_take_text(struct ln_vm *vm, const char *key)
{
    const char *copy = NULL;

    lua_getfield(vm->L, -1, key);
    if (lua_isstring(vm->L, -1))
        copy = ln_arena_strdup(&vm->arena, lua_tostring(vm->L, -1));
    lua_pop(vm->L, 1);
    return copy;
}

static struct ln_slice slice_at(struct ln_vm *vm, int index)
{
    struct ln_slice s = {NULL, 0};

    s.p = lua_tolstring(vm->L, index, &s.n);
    return s.p != NULL ? ln_arena_dup(&vm->arena, s) : LN_SLICE("");
}

static struct ln_slice slice_field(struct ln_vm *vm, const char *key)
{
    lua_getfield(vm->L, -1, key);
    struct ln_slice s = slice_at(vm, -1);
    lua_pop(vm->L, 1);
    return s;
}

static double number_field(struct ln_vm *vm, const char *key)
{
    lua_getfield(vm->L, -1, key);
    double n = lua_tonumber(vm->L, -1);
    lua_pop(vm->L, 1);
    return n;
}

/* Pushes the list in `key`; how long it is. */
static unsigned open_list(struct ln_vm *vm, const char *key)
{
    lua_getfield(vm->L, -1, key);
    return lua_istable(vm->L, -1) ? (unsigned)lua_objlen(vm->L, -1) : 0;
}

/* The number of the word in field `key`. */
static unsigned word_field(struct ln_vm *vm, const char *key, const char *const *words)
{
    unsigned at = 0;

    lua_getfield(vm->L, -1, key);
    const char *word = lua_tostring(vm->L, -1);
    while (word != NULL && words[at] != NULL && strcmp(words[at], word) != 0)
        at++;
    if (word == NULL || words[at] == NULL)
        luaL_error(vm->L, "%s: unknown word %s", key, word != NULL ? word : "nil");
    lua_pop(vm->L, 1);
    return at;
}

/* ---- conditions ---- */

static const char *const kinds[] = {"header", "query", "cookie",   "scheme",
                                    "client", "share", "function", NULL};
static const char *const tests[] = {"present", "absent",   "one_of", "prefix",
                                    "suffix",  "contains", NULL};
static const char *const keys[] = {"client", "header", "query", "cookie", NULL};

static void take_texts(struct ln_vm *vm, struct ln_condition *c)
{
    struct ln_slice *texts;

    c->test = (enum ln_condition_test)word_field(vm, "test", tests);
    c->text_count = open_list(vm, "texts");
    c->texts = texts = ln_arena_zalloc(&vm->arena, (c->text_count + 1) * sizeof *texts);
    for (unsigned i = 0; i < c->text_count; i++, lua_pop(vm->L, 1)) {
        lua_rawgeti(vm->L, -1, (int)i + 1);
        texts[i] = slice_at(vm, -1);
    }
    lua_pop(vm->L, 1);
}

static void take_blocks(struct ln_vm *vm, struct ln_condition *c)
{
    struct ln_cidr *blocks;

    c->block_count = open_list(vm, "blocks");
    c->blocks = blocks = ln_arena_zalloc(&vm->arena, (c->block_count + 1) * sizeof *blocks);
    for (unsigned i = 0; i < c->block_count; i++, lua_pop(vm->L, 1)) {
        lua_rawgeti(vm->L, -1, (int)i + 1);
        if (!ln_cidr_parse(slice_at(vm, -1), &blocks[i]))
            luaL_error(vm->L, "%s is no address block", lua_tostring(vm->L, -1));
    }
    lua_pop(vm->L, 1);
}

/* The table in field "key". */
static void take_key(struct ln_vm *vm, struct ln_key *key)
{
    lua_getfield(vm->L, -1, "key");
    key->kind = (enum ln_key_kind)word_field(vm, "kind", keys);
    key->name = slice_field(vm, "name");
    key->seed = slice_field(vm, "seed");
    lua_pop(vm->L, 1);
}

static void take_condition(struct ln_vm *vm, struct ln_condition *c)
{
    c->kind = (enum ln_condition_kind)word_field(vm, "kind", kinds);
    c->name = slice_field(vm, "name");
    c->text = ln_take_text(vm, "text");
    switch (c->kind) {
    case LN_CONDITION_HEADER:
    case LN_CONDITION_QUERY:
    case LN_CONDITION_COOKIE:
    case LN_CONDITION_SCHEME:
        take_texts(vm, c);
        break;
    case LN_CONDITION_CLIENT:
        take_blocks(vm, c);
        break;
    case LN_CONDITION_SHARE:
        take_key(vm, &c->key);
        c->below = number_field(vm, "below");
        break;
    case LN_CONDITION_FUNCTION:
        lua_getfield(vm->L, -1, "call");
        luaL_checktype(vm->L, -1, LUA_TFUNCTION);
        c->identity = lua_topointer(vm->L, -1);
        c->asked = ln_arena_zalloc(&vm->arena, sizeof *c->asked);
        c->asked->number = ++vm->asked_count;
        c->function = luaL_ref(vm->L, LUA_REGISTRYINDEX);
        break;
    }
}

void ln_take_conditions(struct ln_vm *vm, struct ln_route *route)
{
    struct ln_condition *all;

    route->condition_count = open_list(vm, "conditions");
    route->conditions = all =
        ln_arena_zalloc(&vm->arena, (route->condition_count + 1) * sizeof *all);
    for (unsigned i = 0; i < route->condition_count; i++, lua_pop(vm->L, 1)) {
        lua_rawgeti(vm->L, -1, (int)i + 1);
        take_condition(vm, &all[i]);
    }
    lua_pop(vm->L, 1);
}

void ln_conditions_forget(struct ln_vm *vm)
{
    for (unsigned i = 0; i < vm->route_count; i++)
        for (unsigned k = 0; k < vm->routes[i].condition_count; k++)
            if (vm->routes[i].conditions[k].kind == LN_CONDITION_FUNCTION)
                luaL_unref(vm->L, LUA_REGISTRYINDEX, vm->routes[i].conditions[k].function);
    vm->asked_count = 0;
}

/* ---- splits ---- */

/* The cursor of a split that takes turns. NULL while checking: only the wish is noted. */
static struct ln_cursor_record *find_cursor(struct ln_vm *vm, struct ln_slice zone)
{
    size_t size = sizeof(struct ln_cursor_record);

    if (vm->env.demand != NULL)
        ln_demand_add(vm->env.demand, LN_ZONE_CURSOR, zone, size);
    if (vm->env.shm == NULL)
        return NULL;
    if (vm->env.demand != NULL) /* a spec: the region is its own */
        ln_shm_satisfy(vm->env.shm, vm->env.demand, NULL);
    struct ln_cursor_record *cursor = ln_shm_find(vm->env.shm, LN_ZONE_CURSOR, zone, &size);
    if (cursor == NULL)
        luaL_error(vm->L, "the shared memory for a split could not be found");
    return cursor;
}

/* { services = { index }, weights = { number }, key = ... or nil, zone, text } */
static void take_split(struct ln_vm *vm, struct ln_split *s)
{
    unsigned count = open_list(vm, "services");
    int *services = ln_arena_zalloc(&vm->arena, (count + 1) * sizeof *services);
    uint64_t *below = ln_arena_zalloc(&vm->arena, (count + 1) * sizeof *below), sum = 0;
    unsigned *weights = ln_arena_zalloc(&vm->arena, (count + 1) * sizeof *weights);

    lua_getfield(vm->L, -2, "weights");
    for (unsigned i = 0; i < count; i++, lua_pop(vm->L, 2)) {
        lua_rawgeti(vm->L, -2, (int)i + 1);
        lua_rawgeti(vm->L, -2, (int)i + 1);
        services[i] = (int)lua_tointeger(vm->L, -2);
        weights[i] = (unsigned)lua_tointeger(vm->L, -1);
        below[i] = sum += weights[i];
    }
    lua_pop(vm->L, 2);
    s->services = services;
    s->below = below;
    s->count = count;
    s->text = ln_take_text(vm, "text");
    lua_getfield(vm->L, -1, "key");
    s->sticky = lua_istable(vm->L, -1);
    lua_pop(vm->L, 1);
    if (s->sticky) {
        take_key(vm, &s->key);
        return;
    }
    s->cursor = find_cursor(vm, slice_field(vm, "zone"));
    ln_ring_init(&s->ring, weights, count);
}

void ln_take_splits(struct ln_vm *vm)
{
    unsigned count = open_list(vm, "splits");

    vm->splits = ln_zalloc((count + 1) * sizeof *vm->splits);
    for (; vm->split_count < count; vm->split_count++, lua_pop(vm->L, 1)) {
        lua_rawgeti(vm->L, -1, (int)vm->split_count + 1);
        take_split(vm, &vm->splits[vm->split_count]);
    }
    lua_pop(vm->L, 1);
}

void ln_splits_forget(struct ln_vm *vm)
{
    for (unsigned i = 0; i < vm->split_count; i++)
        ln_ring_fini(&vm->splits[i].ring);
    ln_free(vm->splits);
    vm->splits = NULL;
    vm->split_count = 0;
}
