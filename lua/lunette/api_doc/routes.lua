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
      { "env(name, default)", "string", "A variable of the environment; without a default it must be set.",
        lua = "fun(name: string, default?: string): string" },
      { 'include "file.lua"', "nothing", "Reads another routes file in this place.", lua = "fun(file: string): lunette.Item[]" },
    },
  },
  {
    title = "Options of a route", name = "options", kind = "form", class = "lunette.RouteOptions",
    about = "A route is a table of these, of `use` calls, and of functions that are request handlers in their place.",
    rows = {
      { "to", "service or its name", "Where requests go that no handler answers.", lua = "lunette.Service|string" },
      { "strip", "path, or true", "A prefix that is taken off before the request is sent on; `true`: all before the first `:name` or `*`.",
        lua = "string|boolean" },
      { "timeout", "duration", "How long the service may be silent.", lua = "string|number" },
      { "retries", "integer", "Further attempts after the first, where a repetition is safe.", lua = "integer" },
      { "tries", "integer", "The same with the first attempt counted; one of the two.", lua = "integer" },
      { "host", "host name, or list of them", 'Only requests to this host; `"*.example.com"` is any one label in front.',
        lua = "string|string[]" },
      { "listener", "name, or list of names", "Only requests that came in there.", lua = "string|string[]" },
      { "name", "string", "Name of the route in logs and tables." },
      { "buffer", "size", 'Body handlers see the content as one chunk, at most this large, such as `"64k"`; a larger response is '
        .. "cut off.",
        lua = "string|integer" },
      { "reply", "{ status, body, headers }", "The answer, always the same.", lua = "any[]" },
    },
  },
}
