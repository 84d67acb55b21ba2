/* SPDX-License-Identifier: Apache-2.0
 * spec_match.c - the router for specs, and the door through which plain busted loads the gateway as
 * the module lunette.host.
 */
#include "gateway/spec_match.h"

#include <dlfcn.h>

#include "gateway/router.h"
#include "http/query.h"
#include "http/target.h"

int ln_router_spec_match(const struct ln_route *routes, unsigned count, struct ln_req *r,
                         struct ln_diag *diag)
{
    struct ln_router_query q = {r->method, ln_authority_host(r->host), r->path, r->listener};
    struct ln_router *router = ln_router_new(routes, count, diag);
    struct ln_router_match m;

    if (router == NULL)
        return -1;
    ln_router_find(router, &q, &m, NULL);
    r->param_count = m.route != NULL ? m.count : 0;
    for (unsigned i = 0; i < r->param_count; i++) {
        r->params[i].name = m.names[i];
        r->params[i].value = ln_query_decode(m.params[i], false, r->arena);
    }
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
