-- SPDX-License-Identifier: Apache-2.0
-- api_doc.lua - every name that a plugin, a routes file or a spec can use: its type and a sentence.
--
-- The one description of the Lua API. From it are made the reference page (lunette.docs), the LuaLS library and luacheck
-- stds (lunette.editor). Specs hold it against what the sandbox really offers.
--
-- The objects are in api_doc/*.lua; a new file goes into FILES below. An object is
--   { title =, about =, rows =,
--     name =    how the other rows call its type, such as "headers", or the global that it is, such as "json"
--     kind =    "object":   fields, and methods called with a colon
--               "library":  a global table of functions called with a dot
--               "globals":  names that stand alone
--               "form":     a table that the author writes
--               "handlers": methods that the author writes
--               "types":    what makes the settings of a schema
--               "module":   a table of functions that `require` gives
--     class =   its LuaLS class; needed by "object", "form" and "handlers"
--     scope =   who sees it: "plugins", "routes", "specs"; without it plugins and routes
--     since = } version of the API that brought it; without it 1
-- and a row is
--   { name, type, sentence, lua =, since = }
-- `name` is a field, name(parameters), or a way of writing that begins with the name. `type` is for people. `lua` is the type
-- for LuaLS, such as "fun(key: string, cost?: number): boolean"; it can be left out where `type` is simple ("string or nil",
-- "integer", the name of an object) and there are no parameters.

local FILES = {
  "plugin", "request", "auth", "balance", "response", "store", "limits", "metrics", "libraries", "io", "redis", "functions", "routes", "settings", "specs",
}

local M = {
  version = 1,

  intro = [[
What plugins (`plugins/*.lua`) and routes files (`routes.lua`, or a directory of them) work with. Everything else of
Lua 5.1 that cannot harm others is there too: `string`, `table`, `math`, `bit`, `pairs`, `ipairs`, `pcall`, `error`,
`tostring`, `tonumber`, `select`, `type`, `unpack`, `setmetatable`, coroutines. `io`, `os`, `debug`, `ffi` and `package`
are not. Globals can be read but not made: a plugin keeps its state on `self`, a request's state is in `req.ctx`.]],

  -- What the sandbox keeps of Lua itself.
  base = {
    names = {
      "_VERSION", "assert", "error", "getmetatable", "ipairs", "load", "loadstring", "next", "pairs", "pcall", "rawequal",
      "rawget", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
    },
    libraries = {
      bit = "arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex",
      coroutine = "create resume running status wrap yield",
      math = "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min modf pi pow rad "
        .. "random randomseed sin sinh sqrt tan tanh",
      string = "byte char find format gmatch gsub len lower match rep reverse sub upper",
      table = "concat foreach foreachi getn insert maxn move remove sort",
    },
  },

  -- Classes that the rows speak of and that need no section of their own: LuaLS only.
  classes = {
    ["lunette.Type"] = {},
    ["lunette.Edits"] = {},
    ["lunette.Item"] = {},
    ["lunette.Use"] = { call = "fun(settings: table<string, any>): lunette.Use" },
    ["lunette.Service"] = { call = "fun(settings: table<string, any>): lunette.Service", { "name", "string" } },
    ["lunette.Attempt"] = {
      { "service", "string" }, { "address", "string" }, { "attempt", "integer" }, { "connect_ms", "number" },
      { "first_byte_ms", "number" },
    },
    ["lunette.Subject"] = { { "self", "lunette.Plugin", "The plugin's own object." } },
    ["lunette.Clock"] = {
      { "advance", "fun(self: lunette.Clock, seconds: number)" }, { "now", "fun(self: lunette.Clock): number" },
    },
    ["lunette.Reply"] = {
      { "status", "integer" }, { "headers", "table<string, string>" }, { "body", "string" },
      { "json", "fun(self: lunette.Reply): any" },
    },
    ["lunette.Values"] = {
      { "[string]", "string?" }, { "all", "fun(self: lunette.Values, name: string): string[]" },
      { "each", "fun(self: lunette.Values): (fun(): string?, string?)" },
    },
  },

  objects = {},
}

for _, file in ipairs(FILES) do
  for _, object in ipairs(require("lunette.api_doc." .. file)) do M.objects[#M.objects + 1] = object end
end

return M
