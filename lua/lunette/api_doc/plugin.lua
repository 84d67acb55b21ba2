-- SPDX-License-Identifier: Apache-2.0
-- api_doc/plugin.lua - the form of a plugin file and its handlers, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "A plugin file", name = "plugin", kind = "form", class = "lunette.PluginParts",
    about = 'A file returns what `plugin "name" { ... }` gave, with handlers added as methods. '
      .. "A handler gets `self` (one object per use; `self.conf` are its settings), the request and the response.",
    rows = {
      { "version", "string", "Version of the plugin, for people. Required." },
      { "api", "integer", "Version of this page that the plugin was written for: 1. Required." },
      { "schema", "table of types", "The settings: name = type, see below.", lua = "table<string, lunette.Type>" },
      { "check", "function(conf)", 'Judges settings together: `true`, or `nil, "why not"`.',
        lua = "fun(conf: table<string, any>): boolean?, string?" },
      { "answers", "boolean", "Its request handler answers requests by itself, as `redirect` does: a route with it needs no `to`." },
      { "preflight", "boolean", "It answers what browsers ask with OPTIONS, as `cors` does: it sees that even where its route takes other methods." },
      { "buffer", "size", 'Body handlers see the content of a response as one chunk, at most this large, such as `"64k"`; '
        .. "a larger one is cut off. The option `buffer` of a route counts instead, if there is one.",
        lua = "string|integer" },
    },
  },
  {
    title = "Handlers", name = "handlers", kind = "handlers", class = "lunette.Plugin",
    about = "Every handler is optional. Request and balance handlers run in the order of the routes file, response, body and log "
      .. "handlers the other way round, so that a plugin wraps what stands below it.",
    rows = {
      { "init(self)", 'nothing, or `nil, "reason"`',
        "Once per use and worker, before the first request. A reason refuses the configuration.",
        lua = "fun(self: lunette.Plugin): nil, string?" },
      { "request(self, req, res)", "nothing, or `status, body, headers`",
        "Before an instance is chosen. A status answers the request; a table as body becomes JSON. May wait.",
        lua = "fun(self: lunette.Plugin, req: lunette.Request, res: lunette.Response): integer?, string|table|nil, table<string, any>?" },
      { "balance(self, req, up)", "number of an instance, or nothing",
        "Before each attempt; runs like request handlers. The first number, or the first `up.hash`, is the answer and the handlers below are "
        .. "not asked; without one the service's `strategy` decides. A number is a wish: an instance that is down, full or was tried already is "
        .. "passed over, and the strategy decides. Cannot wait.",
        lua = "fun(self: lunette.Plugin, req: lunette.Request, up: lunette.Up): integer?" },
      { "response(self, req, res)", "nothing, or `status, body, headers`",
        "The head of the response is here, nothing is sent. A status replaces the response. May wait.",
        lua = "fun(self: lunette.Plugin, req: lunette.Request, res: lunette.Response): integer?, string|table|nil, table<string, any>?" },
      { "body(self, req, res, chunk)", "nothing",
        "A piece of the response's content, see below; not for HEAD, 204 and 304. May wait. An error cuts the response off.",
        lua = "fun(self: lunette.Plugin, req: lunette.Request, res: lunette.Response, chunk: lunette.Chunk)" },
      { "log(self, req, res)", "nothing", "After the last byte. May wait.",
        lua = "fun(self: lunette.Plugin, req: lunette.Request, res: lunette.Response)" },
      { "close(self)", "nothing", "This configuration is retired.", lua = "fun(self: lunette.Plugin)" },
    },
  },
}
