-- SPDX-License-Identifier: Apache-2.0
-- api_doc/functions.lua - functions that stand alone, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "Functions", name = "functions", kind = "globals",
    about = "Names that plugins and inline handlers can call.",
    rows = {
      { "sleep(seconds)", "nothing", "Waits; other requests go on meanwhile.", lua = "fun(seconds: number)" },
      { "parallel(f, g, ...)", "their first results", "Runs up to 64 functions at once and waits for all. When one raises, the others "
        .. "end where they are and `parallel` raises the same.", lua = "fun(...: fun(): any): ..." },
      { "redis(url, options)", "handle", "A handle on a Redis, opened in `init` or at the top of a routes file: "
        .. "`redis://[[user]:password@]host[:port][/db]`, `unix:/path[?db=n]`, `redis-sentinel://[[user]:password@]host[:port],.../name[/db]` "
        .. "for the master that these sentinels watch under that name (`?sentinelPassword=text` for their own password), or "
        .. "`redis-cluster://[[user]:password@]host[:port],...` for a cluster by some of its nodes. Option: `timeout` of each call, "
        .. "1 second if it is left out. Nothing connects before the first call.",
        lua = "fun(url: string, options?: { timeout?: number|string }): lunette.Redis" },
      { "reserve_header(name)", "nothing", "No client can send that header any more, on any route, with this plugin or without: it is dropped "
        .. "before anybody reads it. For what a plugin tells services about the client. In `init` or at the top of a file.",
        lua = "fun(name: string)" },
      { "time()", "number", "Seconds since 1970, with fractions." },
      { "hostname()", "string", "Name of this machine." },
      { "print(...)", "nothing", "A line in the log, for a quick look while writing a plugin.", lua = "fun(...: any)" },
      { 'require "name"', "value", "What the module `lib/name.lua` in the plugin folder returns; in plugins only.",
        lua = "fun(name: string): any" },
    },
  },
}
