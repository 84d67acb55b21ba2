/* SPDX-License-Identifier: Apache-2.0
 * convert.h - configuration nodes to Lua values and back. While loading only.
 */
#ifndef LN_SCRIPT_CONVERT_H
#define LN_SCRIPT_CONVERT_H

#include <lua.h>

#include "conf/node.h"

/* Pushes one value. Unquoted scalars that look like numbers or booleans become such; NULL and null
 * push nil. */
void ln_node_push(lua_State *L, const struct ln_node *node);

/* The table at `index` as a node in the arena, every part of it at `place`. NULL: it holds what no
 * configuration can hold, and *why is a sentence. */
struct ln_node *ln_node_of_lua(lua_State *L, int index, struct ln_arena *arena,
                               const struct ln_place *place, const char **why);

#endif
