/* SPDX-License-Identifier: Apache-2.0
 * spec.h - the world in which specs run: the production code of this layer in a Lua state of
 * busted's, without sockets.
 *
 * Inside the binary, `lunette test` runs busted itself. Under plain busted the same code is the
 * module lunette.host of a shared library. The clock is frozen and moved by hand; shared memory is
 * a region of this process alone.
 */
#ifndef LN_SCRIPT_SPEC_H
#define LN_SCRIPT_SPEC_H

#include "conf/diag.h"
#include "script/req.h"
#include "script/vm.h"

struct lua_State;

/* Which of the state's routes takes the request: its index, with route, service and parameters in
 * `r`; -1: none, or the routes contradict each other (diag). `r` NULL: only that is found out. The
 * router stands above this layer and is handed down. */
typedef int ln_spec_match(struct ln_vm *vm, struct ln_req *r, struct ln_diag *diag);

/* Runs the tool of that name, main(arguments) in lua/lunette/tools/, in a state in which specs
 * could run: "test" runs busted. argv[0] is the command's name. Returns the exit code. */
int ln_spec_main(const char *tool, int argc, char **argv, ln_spec_match *match);

/* For luaopen_lunette_host() of the shared library: pushes the module. `library` is its own path;
 * NULL in the executable. */
int ln_spec_open(struct lua_State *L, ln_spec_match *match, const char *library);

#endif
