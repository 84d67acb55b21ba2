-- SPDX-License-Identifier: Apache-2.0
-- api_doc/specs.lua - what specs work with, for the description of the Lua API (see api_doc.lua).

return {
  {
    title = "gate, in specs", name = "gate", kind = "module", class = "lunette.Gate", scope = "specs",
    module = "lunette.spec",
    about = "`local gate = require \"lunette.spec\"`: the gateway's own code in a small world without sockets, where the clock "
      .. "stands still until somebody moves it.",
    rows = {
      { "reset()", "nothing", "Forgets everything: stores, requests, plugins, answers of `gate.http`, `gate.redis`, log lines. The clock is at its start." },
      { "plugin(name, settings)", "plugin", "A plugin as a route would use it. Raises what is wrong with its settings.",
        lua = "fun(name: string, settings?: table<string, any>): lunette.Subject" },
      { "plugins(folder)", "nothing", "Where plugins are looked for until the next reset; the folder `plugins` otherwise.",
        lua = "fun(folder: string)" },
      { "consumers(list)", "nothing", "The consumers there are until the next reset, as `consumers:` in `gateway.yaml` lists them.",
        lua = "fun(list: table[])" },
      { "chain(list)", "plugin", "Several plugins and functions in the order of a route; it goes where a plugin goes.",
        lua = "fun(list: (lunette.Subject|function)[]): lunette.Subject" },
      { "request(plugin, request)", "outcome", "Runs the request handlers. The request is a table (`method path query host scheme ip network peer "
        .. "port listener id client_id params headers service body`) or short `\"GET /path?x=1\"`.",
        lua = "fun(plugin: lunette.Subject|function, request?: string|table): lunette.Outcome" },
      { "response(plugin, request, response)", "outcome", "Runs the response handlers over `{ status, headers, service, address, bytes, "
        .. "duration }`; with `chunks = { \"text\", ... }` the body handlers, too. `request` as above, or what `request` gave.",
        lua = "fun(plugin: lunette.Subject|function, request?: string|table|lunette.Outcome, response?: table): lunette.Outcome" },
      { "balance(plugin, request, choice)", "`{ index, hash, failed }`", "Runs the balance handlers of one attempt over `{ service, attempt, "
        .. "last_error, instances }`; an instance is an address or `{ address, weight, active, latency, healthy }`. `request` as above.",
        lua = "fun(plugin: lunette.Subject|function, request?: string|table|lunette.Outcome, choice?: table): table" },
      { "event(kind, event)", "nothing", 'Tells the plugins of an event: what `events.on` has asked for it runs until it waits. `event` is what it shall '
        .. 'say; by itself a breaker opens, or an instance is down.',
        lua = 'fun(kind: "breaker"|"health", event?: table)' },
      { "log(outcome)", "outcome", "Runs the log handlers.", lua = "fun(outcome: lunette.Outcome): lunette.Outcome" },
      { "metrics(sample)", "string, or number or nil", "The metrics of plugins as `lunette metrics` prints them; with a name such as "
        .. "`'seen_total{route=\"GET /x\"}'` the number of that sample.",
        lua = "fun(sample?: string): string|number|nil" },
      { "logged()", "list", "The log lines since the reset: `{ level, text, fields }`.",
        lua = "fun(): { level: string, text: string, fields: table<string, any> }[]" },
      { "routes(source)", "routes", "The routes of a file, or of a whole configuration: `{ yaml = text, routes = path }`. Raises all that is "
        .. "wrong with it.", lua = "fun(source: string|table): lunette.Routes" },
      { "docs(plugin)", "string", "The page of a plugin as `lunette docs NAME` prints it.", lua = "fun(plugin: string): string" },
      { "clock", "clock", "`gate.clock:advance(seconds)` and `gate.clock:now()`; a handler that sleeps moves it, too.",
        lua = "lunette.Clock" },
      { "http", "answers", "What answers the requests that plugins make, see below.", lua = "lunette.FakeHttp" },
      { "redis", "a small Redis", "The Redis of all plugins, in memory, see below.", lua = "lunette.FakeRedis" },
      { "start(options)", "gateway", "Runs the real binary on a free port. Options: `services = { name = upstream }`, `routes` and `plugins` "
        .. "(paths, or texts), or `config` (a path), `env`, `workers`, `gateway`, `expect` (patterns of error lines that are no surprise).",
        lua = "fun(options?: table): lunette.Gateway" },
      { "upstream(handler)", "upstream", "A service that listens on a free port; `handler(request)` returns status, body (a table becomes "
        .. "JSON), headers.", lua = "fun(handler?: (fun(request: table): integer?, string|table|nil, table?)): lunette.Upstream" },
      { "wait_until(fact, what, timeout)", "value", "Waits, at most `timeout` (5) seconds, until `fact()` is true.",
        lua = "fun(fact: (fun(): any), what?: string, timeout?: number): any" },
      { "cleanup()", "nothing", "Ends every gateway and upstream that is still there: for `after_each`. Raises what went wrong with them." },
    },
  },
  {
    title = "gate.redis, in specs", name = "a small Redis", kind = "object", class = "lunette.FakeRedis", scope = "specs",
    about = "A Redis in memory, on the clock of the spec, emptied by `gate.reset()`: texts, counters, expiry, hashes, lists, sets, sorted "
      .. "sets. A spec sees it with the commands themselves, `gate.redis:get(key)`. A command that it does not know raises.",
    rows = {
      { "on(command, f)", "itself", 'What a command gives: `gate.redis:on("EVAL", function(script, n, ...) return 1 end)`; `nil, sentence` is '
        .. "an error of Redis.", lua = "fun(self: lunette.FakeRedis, command: string, f: (fun(...: string): any, string?)): lunette.FakeRedis" },
      { "down(code)", "nothing", "From now on every call fails, with the code `down` or another one.",
        lua = "fun(self: lunette.FakeRedis, code?: string)" },
      { "up()", "nothing", "Ends that.", lua = "fun(self: lunette.FakeRedis)" },
      { "calls", "list", 'Every command that came, `{ "INCR", "key" }`.', lua = "string[][]" },
    },
  },
  {
    title = "An outcome, in specs", name = "outcome", kind = "object", class = "lunette.Outcome", scope = "specs",
    about = "What `gate.request`, `gate.response` and the `request` of routes give.",
    rows = {
      { "status", "integer or nil", "The status of the answer; nil when a request would go on to its service." },
      { "body", "string or nil", "The content of the answer." },
      { "headers", "table", "The first value of each header of the answer, whatever the case of the name.", lua = "table<string, string>" },
      { "all", "list", "Every header of the answer: `{ name, value }`.", lua = "{ [1]: string, [2]: string }[]" },
      { "origin", "string or nil", "Who made the response: `upstream`, `plugin` or `gateway`." },
      { "chunks", "list of strings", "What came out of the body handlers." },
      { "cut", "boolean or nil", "Whether the gateway would have cut the response off." },
      { "failed", "string or nil", "What a plugin has raised." },
      { "req", "req", "The request as handlers see it." },
      { "res", "res", "The response as handlers see it." },
      { "json()", "value", "The body as a table." },
      { "sent()", "table", "The request as the service would get it: `{ method, path, query, host, headers, all, body }`." },
    },
  },
  {
    title = "Routes, in specs", name = "routes_of_specs", kind = "object", class = "lunette.Routes", scope = "specs",
    about = "What `gate.routes` gives.",
    rows = {
      { "match(request, options)", "route or nil, params", "The route that a request such as `\"GET /users/7\"` takes (`name method path host "
        .. "service file line chain`), and its parameters; options as in `gate.request`, for conditions. `service` is what a split has chosen.",
        lua = "fun(request: string, options?: table): table?, table<string, string>?" },
      { "request(request, options)", "outcome or nil", "Runs the request handlers of that route; options as in `gate.request`.",
        lua = "fun(request: string, options?: table): lunette.Outcome?" },
      { "warnings", "string", "What `lunette check` would warn of, a line each; empty when there is nothing." },
    },
  },
  {
    title = "gate.http, in specs", name = "fake_http", kind = "object", class = "lunette.FakeHttp", scope = "specs",
    about = "A request is named `\"METHOD URL\"`, or `\"METHOD SERVICE/path\"` when it is for a service; `*` at the end is any rest. One that "
      .. "nobody has named is an error of the handler.",
    rows = {
      { "on(request, status, body, headers)", "itself", "Answers that request, the newest first: with a status, a body (a table becomes JSON) and "
        .. "headers; with `nil, \"why\"` as a failure; or with what a `function(request)` returns.",
        lua = "fun(request: string, status: integer|function|nil, body?: string|table, headers?: table): lunette.FakeHttp" },
      { "requests", "list", "The requests so far: `{ name, method, url, service, path, headers, body }`.", lua = "table[]" },
      { "reset()", "nothing", "Forgets answers and requests; `gate.reset` does so." },
    },
  },
  {
    title = "A running gateway, in specs", name = "gateway", kind = "object", class = "lunette.Gateway", scope = "specs",
    about = "What `gate.start` gives.",
    rows = {
      { "address", "string", "Where it listens, such as `127.0.0.1:41234`." },
      { "port", "integer", "The port of that." },
      { "get(target, options)", "reply", "A request on a connection of its own; options: `headers`, `host`, `body`. The reply: `status`, `headers`, "
        .. "`body`, `json()`.", lua = "fun(target: string, options?: table): lunette.Reply" },
      { "post(target, body, options)", "reply", "The same with content.", lua = "fun(target: string, body: string, options?: table): lunette.Reply" },
      { "request(method, target, options)", "reply", "The same with any method.",
        lua = "fun(method: string, target: string, options?: table): lunette.Reply" },
      { "log()", "string", "What it has logged." },
      { "wait_log(pattern, timeout)", "string", "Waits for a line of the log with this pattern.", lua = "fun(pattern: string, timeout?: number): string" },
      { "expect(pattern)", "nothing", "An error line of the log with this pattern is no surprise.", lua = "fun(pattern: string)" },
      { "reload()", "table", "Takes its files anew and waits for the outcome: `{ code, out, err }`, code 0 when all went well.",
        lua = "fun(): { code: integer, out: string, err: string }" },
      { "stop()", "nothing", "Ends it. Raises when it did not end well, or its log has an error line that nobody expected." },
    },
  },
  {
    title = "An upstream, in specs", name = "upstream", kind = "object", class = "lunette.Upstream", scope = "specs",
    about = "What `gate.upstream` gives.",
    rows = {
      { "url", "string", "Where it listens." },
      { "requests", "list", "Every request so far, in order: `method path query headers body`.", lua = "table[]" },
      { "wait_requests(n, timeout)", "table", "Waits for the request number `n`.", lua = "fun(n: integer, timeout?: number): table" },
      { "go_down()", "nothing", "Refuses connections from here on; those there are get reset." },
      { "come_back()", "nothing", "Takes them again." },
      { "stop()", "nothing", "Ends it." },
    },
  },
}
