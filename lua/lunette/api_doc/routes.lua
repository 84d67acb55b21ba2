-- SPDX-License-Identifier: Apache-2.0
-- api_doc/routes.lua - the words of a routes file, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "A routes file", name = "routes", kind = "globals", scope = "routes",
    about = "Calls that take a table read like configuration. They are known while the file is read, not in handlers.",
    rows = {
      { 'service "name"', "service", "A service of `gateway.yaml`; with a table after it, a new service with the keys "
        .. "of `services` in `gateway.yaml`, in snake_case.",
        lua = "fun(name: string): lunette.Service" },
      { 'get "/path" { ... }', "nothing", "A route for GET; `:name` stands for one segment, `*` for the rest.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'post "/path" { ... }', "nothing", "A route for POST.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'put "/path" { ... }', "nothing", "A route for PUT.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'patch "/path" { ... }', "nothing", "A route for PATCH.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'delete "/path" { ... }', "nothing", "A route for DELETE.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'head "/path" { ... }', "nothing", "A route for HEAD.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'options "/path" { ... }', "nothing", "A route for OPTIONS.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'any "/path" { ... }', "nothing", "A route for every method.",
        lua = "fun(path: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'group "/prefix" { ... }', "nothing", "Routes below a prefix, and plugins for all of them.",
        lua = "fun(prefix: string): fun(options: lunette.RouteOptions): lunette.Item" },
      { 'use "plugin" { ... }', "use", "A plugin with its settings: in a route or a group, or on its own for every route below it.",
        lua = "fun(plugin: string): lunette.Use" },
      { "env(name, default)", "string", "A variable of the environment; the default stands in for one that is not set or empty, and without it there must be one.",
        lua = "fun(name: string, default?: string): string" },
      { 'include "file.lua"', "list of routes", "Reads another routes file in this place; inside a group, its routes belong to it.",
        lua = "fun(file: string): lunette.Item[]" },
      { 'file "path"', "string", "The content of a file beside this one, read while loading; a change of it reloads.",
        lua = "fun(path: string): string" },
      { "split { { a, 90 }, { b, 10 } }", "target", 'Shares requests out by weight, for the option `to`. In turns, exactly; with '
        .. '`by = "client"`, `"header:NAME"`, `"cookie:NAME"` or `"query:NAME"` a client stays where it is.',
        lua = "fun(parts: table): lunette.Item" },
    },
  },
  {
    title = "Options of a route", name = "options", kind = "form", class = "lunette.RouteOptions",
    about = "A route is a table of these, of `use` calls, and of functions that are request handlers in their place.",
    rows = {
      { "to", "service, its name, or split", "Where requests go that no handler answers.",
        lua = "lunette.Service|lunette.Item|string" },
      { "strip", "path, or true", "A prefix that is taken off before the request is sent on; `true`: all before the first `:name` or `*`.",
        lua = "string|boolean" },
      { "timeout", "duration", "How long the service may be silent.", lua = "string|number" },
      { "retries", "integer", "Further attempts after the first, where a repetition is safe.", lua = "integer" },
      { "tries", "integer", "The same with the first attempt counted; one of the two.", lua = "integer" },
      { "priority", "string", "`low`, `normal` or `high`: who is refused first when a service has more than its `concurrency` allows. "
        .. "Without it `services[].priority` says so." },
      { "idempotent", "boolean or header name", "Whether requests of methods such as POST may be repeated too: `true` for all, `false` for none, or the name of a "
        .. "header, such as `Idempotency-Key`, for those that carry it. Without it `services[].retries.idempotent` says so.",
        lua = "boolean|string" },
      { "host", "host name, or list of them", 'Only requests to this host; `"*.example.com"` is any one label in front.',
        lua = "string|string[]" },
      { "listener", "name, or list of names", "Only requests that came in there.", lua = "string|string[]" },
      { "name", "string", "Name of the route in logs and tables." },
      { "buffer", "size", 'Body handlers see the content as one chunk, at most this large, such as `"64k"`; a larger response is '
        .. "cut off.",
        lua = "string|integer" },
      { "reply", "{ status, body, headers }", "The answer, always the same.", lua = "any[]" },
      { "when", "table, or function(req)", "Conditions that a request must fulfil, or the next route is asked; see below.",
        lua = "lunette.When|fun(req: lunette.Request): any" },
    },
  },
  {
    title = "when, the conditions of a route", name = "when", kind = "form", class = "lunette.When", scope = "routes",
    about = "All must hold, those of the groups around the route too. A function may stand among them, in first place or as "
      .. "all of `when`; it can look at the request, with its parameters, and neither change it nor wait. One that raises costs "
      .. "the request a 500. Values are the first ones of their name, and compared with their case.",
    rows = {
      { "header", "{ NAME = value }", 'A value is a text, a list of them, `true` (there), `false` (not there), or one of '
        .. '`{ prefix = "v2" }`, `{ suffix = ... }` and `{ contains = ... }`, each with a text or a list.',
        lua = "table<string, any>" },
      { "query", "{ NAME = value }", "The same of arguments of the query, decoded.", lua = "table<string, any>" },
      { "cookie", "{ NAME = value }", "The same of cookies.", lua = "table<string, any>" },
      { "client", "address block, or list", 'The address of the client, behind trusted proxies: `"10.0.0.0/8"`.',
        lua = "string|string[]" },
      { "share", "percentage", 'That share of the clients, always the same ones: `10`, `"2.5%"`, `{ 10, seed = "checkout" }` for '
        .. 'others than those of other shares, `{ 10, by = "cookie:session" }`.', lua = "number|string|table" },
      { "scheme", "text, or list", "`http` or `https`.", lua = "string|string[]" },
      { "method", "text, or list", "Of a route made with `any`.", lua = "string|string[]" },
      { "host", "text, or list", "Another way to write the option `host`.", lua = "string|string[]" },
      { "listener", "text, or list", "Another way to write the option `listener`.", lua = "string|string[]" },
    },
  },
}
