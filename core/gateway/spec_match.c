/* SPDX-License-Identifier: Apache-2.0
 * spec_match.c - the router for specs, and the door through which plain busted loads the gateway as
 * the module lunette.host.
 */
#include "gateway/spec_match.h"

#include <dlfcn.h>

#include "gateway/advice.h"
#include "gateway/router.h"
#include "http/target.h"

int ln_router_spec_match(struct ln_vm *vm, struct ln_req *r, struct ln_diag *diag)
{
    unsigned count;
    const struct ln_route *routes = ln_vm_routes(vm, &count);
    struct ln_router *router = ln_router_new(routes, count, diag);
    struct ln_router_match m = {.route = NULL};

    if (router != NULL && r == NULL)
        ln_advice_give(routes, count, false, diag);
    if (router != NULL && r != NULL) {
        const struct ln_router_query q = {
            r->method, ln_authority_host(r->host), r->path, r->listener, r, vm};

        r->param_count = 0;
        ln_router_find(router, &q, &m, NULL);
    }
    if (m.route != NULL)
        ln_router_apply(&m, r);
    ln_router_free(router);
    return m.route != NULL ? (int)(m.route - routes) : -1;
}

/* Called by require "lunette.host". The FFI has to open the library once more by its path to see
 * our functions. */
__attribute__((visibility("default"))) int luaopen_lunette_host(struct lua_State *L);

int luaopen_lunette_host(struct lua_State *L)
{
    Dl_info self;

    if (dladdr((void *)(uintptr_t)luaopen_lunette_host, &self) == 0)
        return 0;
    return ln_spec_open(L, ln_router_spec_match, self.dli_fname);
}
