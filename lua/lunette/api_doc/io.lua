-- SPDX-License-Identifier: Apache-2.0
-- api_doc/io.lua - asking others, for the description of the Lua API (see api_doc.lua).

local CALL = "fun(url: string|table, options?: lunette.HttpOptions): lunette.Reply?, string?, integer?"

return {
  {
    title = "http", name = "http", kind = "library",
    about = "Requests to others. The handler waits, the gateway goes on. Each call gives a reply, or `nil` and a sentence, and behind "
      .. 'it the status of a response whose content is too large or did not come; it raises only when the call itself is wrong. `http.get("http://host:8080/path", { timeout = "300ms" })`, or all in one table: '
      .. '`http.get { service = "users", path = "/me" }`.',
    rows = {
      { "get(url, options)", "reply, or `nil, why`", "Asks with GET.", lua = CALL },
      { "post(url, options)", "reply, or `nil, why`", "Asks with POST.", lua = CALL },
      { "put(url, options)", "reply, or `nil, why`", "Asks with PUT.", lua = CALL },
      { "patch(url, options)", "reply, or `nil, why`", "Asks with PATCH.", lua = CALL },
      { "delete(url, options)", "reply, or `nil, why`", "Asks with DELETE.", lua = CALL },
      { "head(url, options)", "reply, or `nil, why`", "Asks with HEAD: a reply without a body.", lua = CALL },
      { "options(url, options)", "reply, or `nil, why`", "Asks with OPTIONS.", lua = CALL },
      { "request(options)", "reply, or `nil, why`", "Asks with `options.method`.",
        lua = "fun(options: lunette.HttpOptions): lunette.Reply?, string?, integer?" },
    },
  },
  {
    title = "Options of http", name = "http options", kind = "form", class = "lunette.HttpOptions",
    about = "The second argument of `http.get` and its sisters, or the only one.",
    rows = {
      { "url", "string", "`http://host[:port][/path][?query]`. `https://` is not supported by this version." },
      { "service", "service or string", "Instead of a URL: a service, with its balancing, pool, health, queue, timeouts and retries, as for proxied requests.",
        lua = "lunette.Service|string" },
      { "path", "string", "For a service: path and query; `/` if it is left out." },
      { "unix", "string", "The path of a socket to use instead of the URL's host." },
      { "method", "string", "For `http.request`; `GET` if it is left out." },
      { "headers", "table", "Names with strings, numbers or lists of them. What frames the message is left out.",
        lua = "table<string, any>" },
      { "body", "string", "The content." },
      { "json", "value", "The content as JSON, with its `Content-Type`.", lua = "any" },
      { "timeout", "duration", "For everything together; 5 seconds if it is left out.", lua = "number|string" },
      { "max", "size", "Of the reply's body; 1 MiB if it is left out. A larger one is a failure.", lua = "integer|string" },
    },
  },
  {
    title = "timer", name = "timer", kind = "library",
    about = "Functions that run later, of no request; made in `init`, or by other timers. They count from the moment when the "
      .. "generation is put to use and end when the next one is. Every worker has its own, unless `on = \"one\"`.",
    rows = {
      { "every(seconds, f, options)", "timer", "Runs `f` again and again. A run that is still going when the next is due makes that one "
        .. "be left out. An error ends its run and is logged.",
        lua = "fun(seconds: number|string, f: fun(), options?: lunette.TimerOptions): lunette.Timer" },
      { "after(seconds, f, options)", "timer", "Runs `f` once.",
        lua = "fun(seconds: number|string, f: fun(), options?: lunette.TimerOptions): lunette.Timer" },
    },
  },
  {
    title = "Options of timer", name = "timer options", kind = "form", class = "lunette.TimerOptions",
    about = "The third argument of `timer.every` and `timer.after`.",
    rows = {
      { "on", "string", '`"one"`: in one worker of all, the same as long as it lives; `"all"` if it is left out.' },
      { "name", "string", 'With `on = "one"`: what workers and generations know it by; else its place among those of the plugin counts.' },
      { "jitter", "duration", "Each run comes later by up to so much, by chance.", lua = "number|string" },
    },
  },
  {
    title = "A timer", name = "timer handle", kind = "object", class = "lunette.Timer",
    about = "What `timer.every` and `timer.after` give.",
    rows = {
      { "cancel()", "nothing", "No more runs; one that is waiting is broken off.", lua = "fun(self: lunette.Timer)" },
    },
  },
  {
    title = "events", name = "events", kind = "library",
    about = "What becomes of the instances of services, told in `init`. The worker that notices a change tells it, and no other one does, "
      .. "so over all workers each change is heard of once (for each use of the plugin that has asked: put it where one use is enough). "
      .. "The function may wait. It hears of events one after the other, in their order; if it is more than 256 behind, the oldest are lost, "
      .. "which `lunette_events_lost_total` counts. An error ends its run and is logged. A reload breaks off what runs; "
      .. "what nobody has begun with goes to the new generation.",
    rows = {
      { "on(kind, f)", "nothing", '`f` is called with each event of a kind: `"breaker"`, an instance is let in or out by its breaker; '
        .. '`"health"`, it was found to be down, or up again.',
        lua = 'fun(kind: "breaker"|"health", f: fun(event: lunette.Event))' },
    },
  },
  {
    title = "An event", name = "event", kind = "object", class = "lunette.Event",
    about = "What the functions of `events.on` get: a table of their own.",
    rows = {
      { "kind", "string", '`"breaker"` or `"health"`.' },
      { "service", "string", "The name of the service." },
      { "instance", "string", "The URL of the instance, as configured." },
      { "from", "string", 'Of a breaker `"closed"`, `"open"` or `"half-open"`; of health `"up"` or `"down"`.' },
      { "to", "string", "What it is now." },
      { "failed", "integer or nil", "Of a breaker that was closed and opens: how many requests of the window failed." },
      { "total", "integer or nil", "Likewise: how many there were." },
      { "by", "string or nil", 'Of health: `"requests"`, which could not reach it, or `"checks"`.' },
      { "why", "string or nil", "What was wrong, if something was." },
      { "time", "number", "When it happened: seconds since 1970." },
    },
  },
  {
    title = "reply", name = "reply", kind = "object", class = "lunette.Reply",
    about = "What was answered.",
    rows = {
      { "status", "integer", "From 200 to 599: any status is a reply." },
      { "headers", "headers", '`reply.headers["Name"]` in any case, `:all(name)`, `:each()`.' },
      { "body", "string", "All of the content." },
      { "json()", "value, or `nil, why`", "The content as a value.", lua = "fun(self: lunette.Reply): any, string?" },
    },
  },
}
