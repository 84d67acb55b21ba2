-- SPDX-License-Identifier: Apache-2.0
-- api_doc/store.lua - memory shared by all workers, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "store, memory shared by all workers", name = "store", kind = "library",
    about = "It survives reloads and workers. A zone is opened in `init` and has one set of settings.",
    rows = {
      { "limiter(zone, rate, burst, options)", "limiter",
        'A token bucket per key, exact across workers. `rate` is `"100/s"` or a setting of type `t.rate`; options: '
        .. "`entries` (65536) is how many keys are told apart, `share = true` shares the zone with other plugins.",
        lua = "fun(zone: string, rate: string|table, burst: integer, options?: { entries?: integer, share?: boolean }): lunette.Limiter" },
    },
  },
  {
    title = "A limiter", name = "limiter", kind = "object", class = "lunette.Limiter",
    about = "What `store.limiter` gives.",
    rows = {
      { "take(key, cost)", "boolean, number, number",
        "Takes `cost` (1) from the key's bucket: whether it was there, what is left, and in how many seconds it would be there.",
        lua = "fun(key: string, cost?: number): boolean, number, number" },
    },
  },
}
