/* SPDX-License-Identifier: Apache-2.0
 * convert.c - a tree of nodes is a tree of tables, with places on one side and types on the other.
 */
#include "script/convert.h"

#include <lauxlib.h>

enum { DEPTH_MAX = 32 };

static void push_scalar(lua_State *L, const struct ln_node *node)
{
    bool flag;
    double number;

    if (!node->quoted && ln_node_to_bool(node, &flag))
        lua_pushboolean(L, flag);
    else if (!node->quoted && ln_node_to_number(node, &number))
        lua_pushnumber(L, number);
    else
        lua_pushlstring(L, node->text.p, node->text.n);
}

void ln_node_push(lua_State *L, const struct ln_node *node)
{
    int i = 0;

    luaL_checkstack(L, 4, "settings are nested too deeply");
    if (node == NULL || node->kind == LN_NODE_NULL) {
        lua_pushnil(L);
        return;
    }
    if (node->kind == LN_NODE_SCALAR) {
        push_scalar(L, node);
        return;
    }
    lua_newtable(L);
    for (const struct ln_node *n = node->first; n != NULL; n = n->next) {
        if (node->kind == LN_NODE_MAP)
            lua_pushlstring(L, n->key.p, n->key.n);
        ln_node_push(L, n);
        if (node->kind == LN_NODE_MAP)
            lua_rawset(L, -3);
        else
            lua_rawseti(L, -2, ++i);
    }
}

struct source {
    lua_State *L;
    struct ln_arena *arena;
    const struct ln_place *place;
    const char **why;
    int depth;
};

static struct ln_node *value_of(struct source *s, int index);

static struct ln_node *list_of(struct source *s, int index, size_t count)
{
    struct ln_node *seq = ln_node_new_seq(s->arena, s->place);

    for (int i = 1; i <= (int)count; i++) {
        lua_rawgeti(s->L, index, i);
        struct ln_node *item = value_of(s, lua_gettop(s->L));
        lua_pop(s->L, 1);
        if (item == NULL)
            return NULL;
        ln_node_add(seq, item);
    }
    return seq;
}

static struct ln_node *map_of(struct source *s, int index)
{
    struct ln_node *map = ln_node_new_map(s->arena, s->place);
    lua_State *L = s->L;

    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            *s->why = "a table is either a list or has names as keys, not both";
            lua_pop(L, 2);
            return NULL;
        }
        struct ln_node *value = value_of(s, lua_gettop(L));
        if (value == NULL) {
            lua_pop(L, 2);
            return NULL;
        }
        size_t n;
        const char *key = lua_tolstring(L, -2, &n);
        ln_node_put(s->arena, map, ln_slice(key, n), value);
    }
    return map;
}

static struct ln_node *table_of(struct source *s, int index)
{
    size_t count = lua_objlen(s->L, index);

    if (s->depth >= DEPTH_MAX || !lua_checkstack(s->L, 8)) {
        *s->why = "the table is nested too deeply";
        return NULL;
    }
    s->depth++;
    struct ln_node *node = count > 0 ? list_of(s, index, count) : map_of(s, index);
    s->depth--;
    return node;
}

static struct ln_node *value_of(struct source *s, int index)
{
    size_t n;
    const char *text;

    switch (lua_type(s->L, index)) {
    case LUA_TTABLE:
        return table_of(s, index);
    case LUA_TNUMBER:
        return ln_node_new_number(s->arena, lua_tonumber(s->L, index), s->place);
    case LUA_TBOOLEAN:
        return ln_node_new_bool(s->arena, lua_toboolean(s->L, index), s->place);
    case LUA_TSTRING:
        text = lua_tolstring(s->L, index, &n);
        return ln_node_new_scalar(s->arena, ln_slice(text, n), true, s->place);
    default:
        *s->why = "only tables, texts, numbers and booleans can stand here";
        return NULL;
    }
}

struct ln_node *ln_node_of_lua(lua_State *L, int index, struct ln_arena *arena,
                               const struct ln_place *place, const char **why)
{
    struct source s = {L, arena, place, why, 0};

    if (index < 0)
        index = lua_gettop(L) + index + 1;
    return value_of(&s, index);
}
